package enginetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// running builds state = state + x, y = the sum of the state's elements, once for each of
// two rows of weights: a product by a constant matrix, which is what predictions share.
func running(b *mil.Builder) {
	x, acc := b.Input("x", dtype.Float16, 1, 4), b.State("acc", dtype.Float16, 1, 4)
	total := b.Op("add", "total", fp16(1, 4), mil.Args{"x": x, "y": b.Op("read_state", "old", fp16(1, 4), mil.Args{"input": acc})})
	b.Do("write_state", "", mil.Args{"input": acc, "data": total})
	b.Output("y", b.Op("linear", "y", fp16(1, 2), mil.Args{
		"x": total, "weight": b.Float16s("weight", []int{2, 4}, 1, 1, 1, 1, 1, 1, 1, 1),
	}))
}

// severalAtOnce is for programs that make several predictions at once: each has the
// result and the state that it has alone, whatever becomes of the others.
func severalAtOnce(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, running)
	// It is an optional interface.
	program, ok := p.Program.(engine.ManyProgram)
	if !ok {
		t.Skip("the engine has no such programs")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	const n, cancelled, refused = 20, 3, 11
	requests := make([]engine.Request, n)
	for i := range requests {
		v := float32(i)
		requests[i] = engine.Request{
			Context: t.Context(), Inputs: []*tensor.Tensor{f32([]int{1, 4}, v, v, v, v).To(tensor.Float16)},
			Outputs: make([]*tensor.Tensor, 1), State: p.newState(t), Err: errors.New("of a call before"),
		}
	}
	requests[cancelled].Context, requests[refused].State = ended, nil
	for step := range 2 {
		program.PredictMany(requests)
		for i := range requests {
			r := &requests[i]
			switch i {
			case cancelled:
				if _, unchanged := errors.AsType[*engine.UnchangedError](r.Err); !errors.Is(r.Err, context.Canceled) || !unchanged {
					t.Errorf("one whose context had ended gave %v", r.Err)
				}
			case refused:
				if r.Err == nil {
					t.Error("one without the state that it needs succeeded")
				}
			default:
				if r.Err != nil {
					t.Fatalf("request %d: %v", i, r.Err)
				}
				a := float64((step + 1) * i)
				near(t, fmt.Sprintf("y of request %d", i), r.Outputs[0], []int{1, 2}, []float64{4 * a, 4 * a}, 0)
				near(t, fmt.Sprintf("the state of request %d", i), content(t, r.State, "acc"), []int{1, 4}, []float64{a, a, a, a}, 0)
			}
		}
	}
}
