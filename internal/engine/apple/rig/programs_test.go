//go:build linux && (amd64 || arm64)

package rig_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

func fp16(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }

// adder is a program without state: y = x + x, in float32, and half, which is x.
func adder(b *mil.Builder) {
	x := b.Input("x", dtype.Float32, 2, 3)
	y := b.Op("add", "y", x.Type, mil.Args{"x": x, "y": x})
	b.Output("y", y)
	b.Output("half", b.Op("cast", "half", fp16(2, 3), mil.Args{"x": x, "dtype": b.Text("to", "fp16")}))
}

// accumulator is a program with the state acc: total = acc + x, and acc = total.
func accumulator(b *mil.Builder) {
	x := b.Input("x", dtype.Float16, 2, 3)
	acc := b.State("acc", dtype.Float16, 2, 3)
	old := b.Op("read_state", "old", fp16(2, 3), mil.Args{"input": acc})
	total := b.Op("add", "total", fp16(2, 3), mil.Args{"x": old, "y": x})
	b.Do("write_state", "", mil.Args{"input": acc, "data": total})
	b.Output("total", total)
}

// load loads a package and closes it when the test ends.
func load(t testing.TB, e engine.Engine, src engine.Source) engine.Program {
	t.Helper()
	p, err := e.Load(t.Context(), src, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func newState(t testing.TB, p engine.Program) engine.State {
	t.Helper()
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// input is a value of the programs' input x, with six times v.
func input(p engine.Program, v float64) []*tensor.Tensor {
	return []*tensor.Tensor{tensor.Fill(p.Description().Inputs[0].DType, v, 2, 3)}
}

// predict makes a prediction with all elements of x being v.
func predict(ctx context.Context, p engine.Program, st engine.State, v float64) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(p.Description().Outputs))
	return out, p.Predict(ctx, input(p, v), out, st)
}

// wantAll fails unless every element of x is v.
func wantAll(t testing.TB, what string, x *tensor.Tensor, v float64) {
	t.Helper()
	got, err := tensor.Values[float64](x)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if len(got) != 6 || slices.ContainsFunc(got, func(g float64) bool { return g != v }) {
		t.Errorf("%s is %v, want six times %v", what, got, v)
	}
}
