package portable

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/workpool"
)

// TestLongVectorsGiveTheSameBitsOnAnyNumberOfThreads compares a prediction of one
// thread with one of three, for vectors whose length is no multiple of a unit.
func TestLongVectorsGiveTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	const rows, cols = 37, 1 << 10
	data := make([]float32, rows*cols)
	for k := range data {
		data[k] = float32(k%1999)/250 - 4
	}
	for _, op := range []string{"silu", "gelu", "sigmoid", "exp", "tanh", "sqrt", "softmax", "add", "mul", "sub", "maximum"} {
		t.Run(op, func(t *testing.T) {
			b := mil.NewBuilder("main", "CoreML8")
			x := b.Input("x", dtype.Float32, rows, cols)
			args := mil.Args{"x": x}
			if slices.Contains([]string{"add", "mul", "sub", "maximum"}, op) {
				args["y"] = b.Op("relu", "", fp32(rows, cols), mil.Args{"x": x})
			}
			b.Output("y", b.Op(op, "", fp32(rows, cols), args))
			fn, err := b.Function()
			if err != nil {
				t.Fatal(err)
			}
			p, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, false)
			if err != nil {
				t.Fatal(err)
			}
			var want []float32
			for _, threads := range []*workpool.Pool{nil, pool} {
				fr := newFrame(p, threads, 0)
				bindAll(fr, []feeding{{"x", feed(dtype.Float32, []int{rows, cols}, data)}})
				if err := fr.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := fr.call.F32(&fr.Values[p.Outputs[0]])
				if want == nil {
					want = slices.Clone(got)
				}
				for k := range got {
					if got[k] != want[k] && (got[k] == got[k] || want[k] == want[k]) {
						t.Fatalf("element %d is %v on three threads and %v on one", k, got[k], want[k])
					}
				}
			}
		})
	}
}

func TestReshapeLikeJoinsPartsOfTheReferencesShapes(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float32, 24)
	first := b.Float32s("", []int{2, 5}, make([]float32, 10)...)
	second := b.Float32s("", []int{7, 3, 4}, make([]float32, 84)...)
	b.Output("y", b.Op("reshape_like", "", fp32(2, 3, 4), mil.Args{
		"x": x, "ref_tensors": mil.Values{first, second},
		"begins":    mil.Values{b.Int("", 0), b.Int("", -2)},
		"ends":      mil.Values{b.Int("", 1), b.Int("", 0)},
		"end_masks": mil.Values{b.Bool("", false), b.Bool("", true)},
	}))
	fr, y := runFunction(t, b, "x", counting(24))
	if want := []int{2, 3, 4}; !slices.Equal(y.Shape(), want) {
		t.Fatalf("got shape %v, want %v", y.Shape(), want)
	}
	if got, want := fr.call.F32(y), counting(24).F32; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
