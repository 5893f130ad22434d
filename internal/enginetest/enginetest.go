// Package enginetest is the conformance suite of engines. [Run] builds small
// programs, loads them together with the packages of the test data, and holds an
// engine to the contract of package engine and to the expected numbers.
//
// The subtests come in three groups. "contract" takes the methods of package
// engine one by one, with programs of a few operations (contract*.go).
// "programs" is a table of programs with inputs and expected numbers
// (programs*.go); each is run in several arithmetics, with and without fusion.
// "fixtures" are packages that converters made, with answers recorded elsewhere
// (fixtures.go).
//
// To add a program, add a programCase to the file of its family. Where possible
// choose inputs of which every intermediate result is a number that float16
// holds: the tolerance is then 0, and any difference is a mistake. Expected
// values are worked out by hand or by plain loops in float64, never taken from
// an engine.
//
// An engine that rightly differs in something says so by [Traits], subtest by
// subtest. Both engines of this module run the suite: the portable one in its
// own tests, CoreML.framework's on a Mac and over the stand-in in package rig.
package enginetest

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// Run runs every check against e as subtests of t. It needs the module's test
// data; nothing is written outside of temporary folders.
func Run(t *testing.T, e engine.Engine) {
	t.Helper()
	t.Run("contract", func(t *testing.T) { runContract(t, e) })
	t.Run("programs", func(t *testing.T) { runPrograms(t, e) })
	t.Run("fixtures", func(t *testing.T) { RunFixtures(t, e, Fixtures(t)...) })
}

// opset is the operator set of the built programs: the first with states.
const opset = "CoreML8"

// optional is the beginning of the names of inputs that write makes optional,
// with optionalDefault as their default.
const (
	// A builder knows no optional inputs: only the description tells them from
	// others, so that they are told by their names here.
	optional        = "optional_"
	optionalDefault = 0.5
)

// function builds a function of that name. A mistake in the build function
// fails the test that uses it.
func function(t testing.TB, name string, build func(b *mil.Builder)) *mil.Function {
	t.Helper()
	b := mil.NewBuilder(name, opset)
	build(b)
	f, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// write makes a package of functions and returns where it lies. Path and FS
// name the same folder: engines may use either.
func write(t testing.TB, functions ...*mil.Function) engine.Source {
	t.Helper()
	p := mil.NewProgram(functions...)
	d, err := mil.Describe(p, "")
	if err != nil {
		t.Fatal(err)
	}
	// Describe has made all inputs required.
	for i := range d.Input {
		if f := d.Input[i]; strings.HasPrefix(f.Name, optional) {
			f.Type.Optional = true
			f.Type.Array.Default = optionalDefault
			// The number of the field of ArrayFeatureType that holds the
			// default.
			f.Type.Array.DefaultField = 51 // a float
		}
	}
	dir := filepath.Join(t.TempDir(), "model.mlpackage")
	if err := mil.Write(dir, p, d); err != nil {
		t.Fatal(err)
	}
	return engine.Source{FS: os.DirFS(dir), Dir: ".", Path: dir}
}

// load loads a function and closes it when the test ends. An engine that cannot
// load what the suite builds fails the test at once.
func load(t testing.TB, e engine.Engine, src engine.Source, cfg engine.Config) *program {
	t.Helper()
	p, err := e.Load(t.Context(), src, cfg)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &program{Program: p, desc: p.Description()}
}

// loadMain loads a package of one function, main.
func loadMain(t testing.TB, e engine.Engine, build func(b *mil.Builder)) *program {
	t.Helper()
	return load(t, e, write(t, function(t, "main", build)), engine.Config{})
}

// program calls an engine's program by names.
type program struct {
	engine.Program
	desc *engine.Description
}

// values are tensors by the names of features.
type values map[string]*tensor.Tensor

// predict makes one prediction. Inputs are converted to the declared types, as
// the public API does it. Outputs are new tensors, by their names.
func (p *program) predict(ctx context.Context, in values, st engine.State) (values, error) {
	return p.predictInto(ctx, in, values{}, st)
}

// predictInto is predict with buffers for some of the outputs. What an engine
// made itself comes back beside them.
func (p *program) predictInto(ctx context.Context, in, buffers values, st engine.State) (values, error) {
	inputs := make([]*tensor.Tensor, len(p.desc.Inputs))
	for i, f := range p.desc.Inputs {
		// An absent one stays nil, which asks for the default.
		if t := in[f.Name]; t != nil {
			inputs[i] = t.To(f.DType).Contiguous()
			if err := inputs[i].Err(); err != nil {
				return nil, err
			}
		}
	}
	outputs := make([]*tensor.Tensor, len(p.desc.Outputs))
	for i, f := range p.desc.Outputs {
		outputs[i] = buffers[f.Name]
	}
	if err := p.Predict(ctx, inputs, outputs, st); err != nil {
		return nil, err
	}
	out := values{}
	for i, f := range p.desc.Outputs {
		out[f.Name] = outputs[i]
	}
	return out, nil
}

// must makes a prediction that may not fail.
func (p *program) must(t testing.TB, in values, st engine.State) values {
	t.Helper()
	out, err := p.predict(t.Context(), in, st)
	if err != nil {
		t.Fatalf("predict: %v", err)
	}
	return out
}

// newState makes a state and closes it before its program, as cleanups run last
// in, first out.
func (p *program) newState(t testing.TB) engine.State {
	t.Helper()
	st, err := p.NewState()
	if err != nil {
		t.Fatalf("new state: %v", err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close of a state: %v", err)
		}
	})
	return st
}

// floats returns the elements of a tensor, which may not carry an error.
func floats(t testing.TB, a *tensor.Tensor) []float64 {
	t.Helper()
	v, err := tensor.Values[float64](a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// f32 returns a tensor of numbers.
func f32(shape []int, v ...float32) *tensor.Tensor { return tensor.FromSlice(v, shape...) }

// near fails the test unless got has the shape and, within an absolute and
// relative tolerance, the elements wanted. NaN equals NaN. The tolerance is
// absolute for numbers below 1 and relative above. 0 asks for equality,
// infinities included.
func near(t testing.TB, what string, got *tensor.Tensor, shape []int, want []float64, tolerance float64) {
	t.Helper()
	if err := got.Err(); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if !equal(got.Shape(), shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), shape)
		return
	}
	for i, g := range floats(t, got) {
		w := want[i]
		switch {
		// Equality comes first, for infinities: their difference is NaN.
		case g == w, math.IsNaN(g) && math.IsNaN(w):
		case !(math.Abs(g-w) <= tolerance*max(1, math.Abs(w))):
			t.Errorf("%s: element %d is %v, want %v", what, i, g, w)
			return
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
