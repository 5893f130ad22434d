package enginetest

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// runContract holds the engine to what package engine says of every method. The
// names are those that [Traits].Skip takes; each test makes packages of its own
// and leaves nothing behind.
func runContract(t *testing.T, e engine.Engine) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e engine.Engine)
	}{
		{"describes a function", describes},
		{"says what it is", saysWhatItIs},
		{"refuses what it cannot load", refusesToLoad},
		{"gives outputs memory of their own", ownsOutputs},
		{"fills the caller's buffers", fillsBuffers},
		{"fills in absent inputs", fillsInputs},
		{"passes values of every type through", passesValues},
		{"carries scalars as vectors of one", carriesScalars},
		{"gives constants and inputs as outputs", givesConstants},
		{"keeps state", keepsState},
		{"keeps several states apart", keepsStatesApart},
		{"shares a state between functions", sharesState},
		{"lets a state outlive its program", outlives},
		{"ends when the context ends", endsWithContext},
		{"serves many goroutines", servesMany},
		{"copies rows of every width", rowsOfEveryWidth},
		{"takes shapes in any order", alternatingShapes},
		{"gives the last rows alone", lastRows},
		{"makes several predictions at once", severalAtOnce},
		{"survives loads that are given up", cancelledLoads},
		{"goes on after a cancelled prediction", afterCancelled},
		{"holds on to what it uses", underGC},
		{"closes more than once", closesTwice},
	} {
		check(t, e, "contract", test.name, func(t *testing.T) { test.run(t, e) })
	}
}

// describes checks the description that Load makes: names, order, types, ranges
// and the default of an optional input. Version 9 is iOS18, the first with
// states.
func describes(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, counter(2))
	d := p.desc
	if d.Function != "main" || d.DefaultFunction != "main" || !slices.Equal(d.Functions, []string{"main"}) {
		t.Errorf("function %q of %q, default %q", d.Function, d.Functions, d.DefaultFunction)
	}
	if d.SpecificationVersion != 9 {
		t.Errorf("specification version %d, want 9", d.SpecificationVersion)
	}
	if len(d.Inputs) != 2 || len(d.Outputs) != 2 || len(d.States) != 1 {
		t.Fatalf("%d inputs, %d outputs, %d states, want 2, 2, 1", len(d.Inputs), len(d.Outputs), len(d.States))
	}
	// In the order of the program's parameters, whatever their names.
	x, bias, acc := d.Inputs[0], d.Inputs[1], d.States[0]
	if x.Name != "x" || x.Kind != engine.MultiArray || x.DType != tensor.Float16 || x.Optional {
		t.Errorf("input x: %+v", x)
	}
	// An open dimension becomes the range from 1 to no bound.
	if len(x.Ranges) != 2 || x.Ranges[0] != (engine.Range{Lower: 1, Upper: 1}) || x.Ranges[1].Lower != 1 || x.Ranges[1].Upper != -1 {
		t.Errorf("ranges of x: %v", x.Ranges)
	}
	if !bias.Optional || bias.Default != optionalDefault || !slices.Equal(bias.Shape, []int{1, 1}) {
		t.Errorf("input bias: %+v", bias)
	}
	if acc.Name != "acc" || acc.Kind != engine.StateArray || acc.DType != tensor.Float16 || !slices.Equal(acc.Shape, []int{1, 4}) {
		t.Errorf("state: %+v", acc)
	}
	if d.Outputs[0].Name != "y" || d.Outputs[1].Name != "total" || d.Outputs[0].DType != tensor.Float16 {
		t.Errorf("outputs: %+v", d.Outputs)
	}
}

// saysWhatItIs checks Info and PlanText for each choice of compute units. An
// engine that cannot serve one may refuse it or say so in a note, but not be
// silent.
func saysWhatItIs(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "main", counter(2)))
	for _, units := range []engine.ComputeUnits{engine.UnitsAll, engine.UnitsCPUOnly, engine.UnitsCPUAndGPU, engine.UnitsCPUAndNeuralEngine} {
		p, err := e.Load(t.Context(), src, engine.Config{ComputeUnits: units, Threads: 1})
		// Every engine has the CPU.
		if errors.Is(err, engine.ErrUnsupportedUnits) && units != engine.UnitsCPUOnly {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		i := p.Info()
		if i.Engine != e.Name() || !slices.Contains(i.Devices, "CPU") {
			t.Errorf("units %d: engine %q, devices %q", units, i.Engine, i.Devices)
		}
		// Whoever asked for more than the CPU must be told that there was
		// nothing else.
		if len(i.Devices) == 1 && units != engine.UnitsCPUOnly && len(i.Notes) == 0 {
			t.Errorf("units %d: only the CPU is used and no note says so", units)
		}
		if i.Threads > 1 {
			t.Errorf("%d threads in use, one allowed", i.Threads)
		}
		if p.PlanText() == "" {
			t.Error("there is no plan to show")
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// refusesToLoad feeds what cannot be loaded: each must give an error, and none
// may bring down the process.
func refusesToLoad(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "main", counter(2)))
	// Load must look at the context before it does anything.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Load(ended, src, engine.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if _, err := e.Load(t.Context(), src, engine.Config{Function: "none"}); err == nil {
		t.Error("a function that does not exist was loaded")
	}
	// A folder without a manifest.
	empty := t.TempDir()
	if _, err := e.Load(t.Context(), engine.Source{FS: os.DirFS(empty), Dir: ".", Path: empty}, engine.Config{}); err == nil {
		t.Error("an empty folder was loaded")
	}
	// The builder knows no list of operators, so a program may name any.
	strange := write(t, function(t, "main", func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 1)
		y := b.Op("no_such_operator", "", fp16(1), mil.Args{"x": x})
		b.Output("y", b.Op("nor_this_one", "", fp16(1), mil.Args{"x": y}))
	}))
	if _, err := e.Load(t.Context(), strange, engine.Config{}); err == nil {
		t.Error("a program with an unknown operator was loaded")
	}
	// Cut in half, each file is there and malformed.
	for _, name := range []string{"Manifest.json", filepath.Join("Data", "com.apple.CoreML", "model.mlmodel")} {
		broken := write(t, function(t, "main", counter(2)))
		file := filepath.Join(broken.Path, name)
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, raw[:len(raw)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Load(t.Context(), broken, engine.Config{}); err == nil {
			t.Errorf("a package with half a %s was loaded", filepath.Base(name))
		}
	}
}

// ownsOutputs checks that outputs are copies: neither the next prediction nor
// Close may change them, and a caller who writes to an input afterwards changes
// nothing.
func ownsOutputs(t *testing.T, e engine.Engine) {
	src := write(t, function(t, "main", identity))
	p, err := e.Load(t.Context(), src, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	// Not by loadMain, since the program is closed in the middle of the test.
	named := &program{Program: p, desc: p.Description()}
	in := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	feed := values{"in_fp16": in, "in_fp32": in, "in_int32": in}
	first := named.must(t, feed, nil)
	data, err := tensor.Data[float32](in)
	if err != nil {
		t.Fatal(err)
	}
	// The input is changed behind the engine's back.
	data[0] = 99
	// It sees the new value, the first result does not.
	second := named.must(t, feed, nil)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for name, got := range first {
		near(t, name+" after another prediction and Close", got, []int{2, 3}, []float64{1, 2, 3, 4, 5, 6}, 0)
	}
	for name, got := range second {
		near(t, name+" of the second prediction", got, []int{2, 3}, []float64{99, 2, 3, 4, 5, 6}, 0)
	}
}

// fillsBuffers checks predictions into the caller's memory: used where the
// shape fits, refused elsewhere, even where the number of elements is right.
func fillsBuffers(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, counter(2))
	st := p.newState(t)
	y := tensor.New(tensor.Float16, 1, 3)
	out, err := p.predictInto(t.Context(), values{"x": f32([]int{1, 3}, 1, 2, 3)}, values{"y": y}, st)
	if err != nil {
		t.Fatal(err)
	}
	// The tensor itself must come back, not a copy.
	if out["y"] != y {
		t.Error("the buffer was replaced")
	}
	near(t, "y", y, []int{1, 3}, []float64{2.5, 4.5, 6.5}, 0)
	near(t, "total, which had no buffer", out["total"], []int{1, 4}, []float64{6, 6, 6, 6}, 0)

	// Too small, too large, and the right number of elements in another shape.
	for _, shape := range [][]int{{1, 2}, {1, 4}, {3}, {3, 1}, {1, 1, 3}} {
		buffers := values{"y": tensor.New(tensor.Float16, shape...)}
		if _, err := p.predictInto(t.Context(), values{"x": f32([]int{1, 3}, 1, 2, 3)}, buffers, st); err == nil {
			t.Errorf("a buffer of shape %v was accepted for a result of shape [1 3]", shape)
		}
	}
	// A refused prediction may or may not have touched the state.
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	out = p.must(t, values{"x": f32([]int{1, 1}, 1)}, st)
	near(t, "y after the refusals and a reset", out["y"], []int{1, 1}, []float64{2.5}, 0)
}

// fillsInputs checks the default of an optional input, twice, since a value
// that was given once must not stay.
func fillsInputs(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, counter(1))
	for range 2 {
		out := p.must(t, values{"x": f32([]int{1, 1}, 1)}, p.newState(t))
		near(t, "y without bias", out["y"], []int{1, 1}, []float64{1 + optionalDefault}, 0)
		out = p.must(t, values{"x": f32([]int{1, 1}, 1), optional + "bias": f32([]int{1, 1}, 7)}, p.newState(t))
		near(t, "y with bias", out["y"], []int{1, 1}, []float64{8}, 0)
	}
}

// passesValues checks that the boundary changes no value. 65504 is the largest
// float16, 6e-8 rounds to the smallest, 16777217 is the first integer that
// float32 does not have.
func passesValues(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, identity)
	// fp16: infinities, the largest and the smallest number, one with all its
	// digits. fp32 has NaN besides.
	inf := float32(math.Inf(1))
	in := values{
		"in_fp16":  f32([]int{2, 3}, inf, -inf, 65504, 6e-8, -0.5, 0.333251953125).To(tensor.Float16),
		"in_fp32":  f32([]int{2, 3}, inf, float32(math.NaN()), math.MaxFloat32, math.SmallestNonzeroFloat32, -0.1, 1e-20),
		"in_int32": tensor.FromSlice([]int32{math.MaxInt32, math.MinInt32, 0, -1, 16777217, 1}, 2, 3),
	}
	out := p.must(t, in, nil)
	for _, name := range []string{"fp16", "fp32", "int32"} {
		near(t, name, out["out_"+name], []int{2, 3}, floats(t, in["in_"+name]), 0)
		if got, want := out["out_"+name].DType(), in["in_"+name].DType(); got != want {
			t.Errorf("%s: came back as %v", name, got)
		}
	}
}

// carriesScalars checks rank 0, which multi-arrays do not have.
func carriesScalars(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32)
		v := b.Input("v", dtype.Float32, 3)
		sum := b.Op("reduce_sum", "", fp32(), mil.Args{"x": v, "keep_dims": b.Bool("keep", false)})
		b.Output("y", b.Op("mul", "", fp32(), mil.Args{"x": x, "y": sum}))
	})
	// Core ML has no description for rank 0.
	if f := p.desc.Inputs[0]; !slices.Equal(f.Shape, []int{1}) {
		t.Errorf("a scalar is described as %v, want [1]", f.Shape)
	}
	out := p.must(t, values{"x": f32([]int{1}, 3), "v": f32([]int{3}, 1, 2, 4)}, nil)
	near(t, "y", out["y"], []int{1}, []float64{21}, 0)
}

// givesConstants checks outputs that no operation computes at run time:
// constants, an input, a value that is given out twice. Engines fold and alias
// these, and must not hand out the same memory.
func givesConstants(t *testing.T, e engine.Engine) {
	p := loadMain(t, e, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float32, 2)
		c := b.Float32s("c", []int{2}, 3, 4)
		b.Output("constant", c)
		b.Output("echo", x)
		// Only constants go in, so an engine may compute it at load.
		folded := b.Op("add", "folded", fp32(2), mil.Args{"x": c, "y": c})
		b.Output("folded_twice", b.Op("add", "", fp32(2), mil.Args{"x": folded, "y": c}))
		// It is given out under two names.
		y := b.Op("add", "y", fp32(2), mil.Args{"x": x, "y": c})
		b.Output("y", y)
		b.Output("y_again", y)
	})
	for range 2 {
		out := p.must(t, values{"x": f32([]int{2}, 1, 2)}, nil)
		near(t, "constant", out["constant"], []int{2}, []float64{3, 4}, 0)
		near(t, "echo", out["echo"], []int{2}, []float64{1, 2}, 0)
		near(t, "folded_twice", out["folded_twice"], []int{2}, []float64{9, 12}, 0)
		near(t, "y", out["y"], []int{2}, []float64{4, 6}, 0)
		near(t, "y_again", out["y_again"], []int{2}, []float64{4, 6}, 0)
		// What a caller does to an output must not reach the program.
		for _, v := range out {
			data, err := tensor.Data[float32](v)
			if err != nil {
				t.Fatal(err)
			}
			data[0] = -1
		}
	}
}
