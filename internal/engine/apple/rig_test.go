//go:build linux && (amd64 || arm64)

package apple

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/tensor"
)

// The tests below run over the stand-in for the framework, and see more of the
// engine than those of package rig.

// loadConfig loads a package with a cache in dir and closes it when the test ends.
func loadConfig(t testing.TB, src engine.Source, dir string, cfg engine.Config) *program {
	t.Helper()
	cfg.Framework.CacheDir = dir
	p, err := Engine{}.Load(t.Context(), src, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p.(*program)
}

func loadTest(t testing.TB, src engine.Source) *program {
	t.Helper()
	return loadConfig(t, src, t.TempDir(), engine.Config{})
}

// start prepares the stand-in; what the test leaves alive fails it.
func start(t testing.TB) {
	t.Helper()
	rig.Start(t)
	before := regions.Load()
	t.Cleanup(func() {
		if n := regions.Load(); n > before {
			t.Errorf("%d regions of memory are left, %d before", n, before)
		}
	})
	rig.Balance(t) // its own cleanup comes first
}

// doubler is a program over one float16 vector of any length: y = x + x.
func doubler(b *mil.Builder) {
	x := b.Input("x", dtype.Float16, 1, mil.Unknown)
	b.Output("y", b.Op("add", "y", x.Type, mil.Args{"x": x, "y": x}))
}

// keeper is a program with a state: y = acc = acc + x.
func keeper(b *mil.Builder) {
	half := mil.TensorType(dtype.Float16, 1, 4)
	x := b.Input("x", dtype.Float16, 1, 4)
	acc := b.State("acc", dtype.Float16, 1, 4)
	old := b.Op("read_state", "old", half, mil.Args{"input": acc})
	y := b.Op("add", "y", half, mil.Args{"x": old, "y": x})
	b.Do("write_state", "", mil.Args{"input": acc, "data": y})
	b.Output("y", y)
}

// described writes a package whose description is given.
func described(t testing.TB, b *mil.Builder, d *milpb.ModelDescription) engine.Source {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model.mlpackage")
	if err := mil.Write(dir, p, d); err != nil {
		t.Fatal(err)
	}
	return engine.Source{Path: dir}
}

func half(v ...float32) *tensor.Tensor { return tensor.FromSlice(v, 1, len(v)).To(tensor.Float16) }

// one makes a prediction with one input and returns the outputs.
func one(ctx context.Context, t testing.TB, p *program, st engine.State, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out := make([]*tensor.Tensor, len(p.desc.Outputs))
	if err := p.Predict(ctx, []*tensor.Tensor{x}, out, st); err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t testing.TB, what string, got *tensor.Tensor, values ...float64) {
	t.Helper()
	v, err := tensor.Values[float64](got)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if len(v) != len(values) {
		t.Errorf("%s: %v, want %v", what, v, values)
		return
	}
	for k := range v {
		if v[k] != values[k] {
			t.Errorf("%s: %v, want %v", what, v, values)
			return
		}
	}
}

// classifier writes a program that classifies by three probabilities.
func classifier(t testing.TB, kind milpb.FeatureKind, labels []string) engine.Source {
	t.Helper()
	c := &mil.Const{DType: dtype.String, Shape: []int{len(labels)}, Strings: labels}
	if kind == milpb.Int64Feature {
		c = &mil.Const{DType: dtype.Int64, Shape: c.Shape}
		for _, l := range labels {
			n, err := strconv.ParseInt(l, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			c.Data = binary.LittleEndian.AppendUint64(c.Data, uint64(n))
		}
	}
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dtype.Float32, 3)
	classes := &mil.Value{Type: mil.Type{Kind: mil.List, DType: c.DType}, Const: c}
	results := []mil.Type{mil.TensorType(c.DType), {Kind: mil.Dictionary, DType: c.DType}}
	out := b.MultiOp("classify", "best", results, mil.Args{"probabilities": x, "classes": classes})
	b.Output("label", out[0])
	b.Output("probabilities", out[1])
	array := &milpb.ArrayFeatureType{Shape: []int64{3}, DataType: milpb.ArrayFloat32}
	keys := &milpb.DictionaryFeatureType{Key: kind}
	return described(t, b, &milpb.ModelDescription{
		PredictedFeatureName: "label", PredictedProbabilitiesName: "probabilities",
		Input: []milpb.FeatureDescription{{Name: "x", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: array}}},
		Output: []milpb.FeatureDescription{
			{Name: "label", Type: &milpb.FeatureType{Kind: kind}},
			{Name: "probabilities", Type: &milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: keys}},
		},
	})
}
