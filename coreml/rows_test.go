package coreml

import (
	"context"
	"errors"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// counter is a program whose output y counts 0, 1, 2, ... in [1, 4, 2]. It cannot
// leave out rows.
type counter struct{ engine.Program }

func (counter) Description() *engine.Description {
	return &engine.Description{Outputs: []engine.Feature{{Name: "y", DType: tensor.Float32, Shape: []int{1, 4, 2}}}}
}

func (counter) Predict(_ context.Context, _, out []*tensor.Tensor, _ engine.State) error {
	if out[0] == nil {
		out[0] = tensor.New(tensor.Float32, 1, 4, 2)
	}
	return tensor.Arange[float32](0, 8, 1).Reshape(1, 4, 2).CopyTo(out[0])
}

// rowCounter can.
type rowCounter struct{ counter }

func (rowCounter) PredictRows(_ context.Context, _, out []*tensor.Tensor, rows []int, _ engine.State) error {
	n := rows[0]
	if n <= 0 || n > 4 {
		n = 4
	}
	if out[0] == nil {
		out[0] = tensor.New(tensor.Float32, 1, n, 2)
	}
	return tensor.Arange[float32](float32(8-2*n), 8, 1).Reshape(1, n, 2).CopyTo(out[0])
}

func TestLastRows(t *testing.T) {
	for name, prog := range map[string]engine.Program{"engine without": counter{}, "engine with": rowCounter{}} {
		d := describe(prog.Description())
		p := &program{prog: prog, outputs: d.Outputs, frames: frames{outputs: 1}}
		for _, rows := range []int{0, 1, 3, 4, 9, -1} {
			want := 4
			if rows > 0 {
				want = min(rows, 4)
			}
			for _, buffered := range []bool{false, true} {
				opts := &PredictOptions{LastRows: map[string]int{"y": rows}}
				if buffered {
					opts.Outputs = Features{"y": MultiArray(tensor.New(tensor.Float32, 1, want, 2))}
				}
				out, err := p.predict(t.Context(), nil, nil, opts)
				if err != nil {
					t.Fatalf("%s, %d rows: %v", name, rows, err)
				}
				got, err := tensor.Values[float32](out.Tensor("y"))
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != 2*want || got[0] != float32(8-2*want) {
					t.Errorf("%s, %d rows, buffered %v: %v", name, rows, buffered, got)
				}
				if buffered && out.Tensor("y") != opts.Outputs.Tensor("y") {
					t.Errorf("%s: the result is not the caller's buffer", name)
				}
			}
		}
		_, err := p.predict(t.Context(), nil, nil, &PredictOptions{LastRows: map[string]int{"z": 1}})
		if !errors.Is(err, ErrUnknownFeature) {
			t.Errorf("rows of an output that does not exist: %v", err)
		}
		small := Features{"y": MultiArray(tensor.New(tensor.Float32, 1, 2, 2))}
		if _, err := p.predict(t.Context(), nil, nil, &PredictOptions{LastRows: map[string]int{"y": 1}, Outputs: small}); err == nil {
			t.Errorf("%s: one row is written to a buffer of two", name)
		}
	}
}
