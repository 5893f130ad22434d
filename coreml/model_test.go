package coreml_test

import (
	"context"
	"encoding"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

func TestLoadErrors(t *testing.T) {
	framework := coreml.Config{Engine: coreml.EngineFramework}
	for _, test := range []struct {
		name  string
		ended bool // the context
		dir   string
		cfg   coreml.Config
		is    error
	}{
		{"no such folder", false, "missing.mlpackage", framework, fs.ErrNotExist},
		{"no such function", false, "adder.mlpackage", coreml.Config{Engine: coreml.EngineFramework, Function: "f"}, coreml.ErrUnknownFunction},
		{"no such engine", false, "adder.mlpackage", coreml.Config{Engine: 9}, coreml.ErrNoEngine},
		{"a compiled model on the portable engine", false, "old.mlmodelc", coreml.Config{Engine: coreml.EnginePortable}, coreml.ErrCompiledModel},
		{"an ended context", true, "adder.mlpackage", framework, context.Canceled},
		{"unsupported operations", false, "ops.mlpackage", framework, coreml.ErrUnsupportedOp},
		{"unknown compute units", false, "adder.mlpackage", coreml.Config{ComputeUnits: 9}, nil},
		{"unknown arithmetic", false, "adder.mlpackage", coreml.Config{Arithmetic: 9}, nil},
		{"negative threads", false, "adder.mlpackage", coreml.Config{Threads: -1}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.ended {
				cancel()
			}
			m, err := coreml.LoadFS(ctx, fakeFS, test.dir, &test.cfg)
			if err == nil || m != nil || test.is != nil && !errors.Is(err, test.is) {
				t.Fatalf("model %v, error %v, want %v", m, err, test.is)
			}
			if !strings.HasPrefix(err.Error(), "coreml: load model: ") || strings.Count(err.Error(), "coreml: ") != 1 {
				t.Errorf("error %q is not prefixed once", err)
			}
		})
	}
	_, err := coreml.LoadFS(t.Context(), fakeFS, "ops.mlpackage", &framework)
	var ops *coreml.UnsupportedOpsError
	if !errors.As(err, &ops) || len(ops.Ops) != 2 || ops.Function != "main" || !strings.Contains(err.Error(), "gru, lstm") {
		t.Errorf("unsupported operations: %v", err)
	}
}

func TestLoadFromPath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "adder.mlpackage")
	if err := os.CopyFS(dir, fakeFS); err != nil {
		t.Fatal(err)
	}
	// The fake engine looks at the folder's name, which a path leaves to Path.
	_, err := coreml.Load(t.Context(), path, &coreml.Config{Engine: coreml.EngineFramework})
	if !errors.Is(err, coreml.ErrNotPackage) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the path", err)
	}
	if _, err := coreml.Load(t.Context(), filepath.Join(dir, "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a path that does not exist: %v", err)
	}
	if _, err := coreml.Load(t.Context(), filepath.Join(dir, "old.mlmodelc"), &coreml.Config{Engine: coreml.EnginePortable}); !errors.Is(err, coreml.ErrCompiledModel) {
		t.Errorf("a compiled model: %v", err)
	}
}

func TestDescriptionAndInfo(t *testing.T) {
	m, err := coreml.LoadFS(t.Context(), fakeFS, "adder.mlpackage",
		&coreml.Config{Engine: coreml.EngineFramework, Arithmetic: coreml.Wide, Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	d := m.Description()
	if d.Function != "main" || d.UserDefined["k"] != "v" || d.SpecificationVersion != 9 || d.ShortDescription != "adds" {
		t.Errorf("description %+v", d)
	}
	for _, test := range []struct {
		f    *coreml.FeatureDescription
		want string
	}{
		{d.Input("x"), "x: multi-array float32 (1 x 1..5)"},
		{d.Input("bias"), "bias: multi-array float16 (1), optional, default 0.5"},
		{d.Output("y"), "y: multi-array float32"},
		{d.State("acc"), "acc: state float16 (4)"},
	} {
		if got := test.f.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	if d.Input("y") != nil || d.Output("x") != nil || d.State("x") != nil {
		t.Error("a feature was found that does not exist")
	}
	// What a caller does to the description does not reach the checks.
	d.Inputs[0].Ranges[1].Upper = 1
	d.Inputs[0].Name = "z"
	st := newState(t, m)
	step(t, m, st, 1, 2, 3)

	i := m.Info()
	if i.Engine != "framework" || i.Arithmetic != coreml.Wide || i.Threads != 3 || i.Devices[0] != "CPU" || len(i.Notes) != 1 {
		t.Errorf("info %+v", i)
	}
	if m.Plan() != "plan" {
		t.Errorf("plan %q", m.Plan())
	}
}

func TestShapesAreChecked(t *testing.T) {
	ranges := coreml.FeatureDescription{Ranges: []coreml.Range{{Lower: 3, Upper: 5}, {Lower: 2, Upper: -1}}}
	enumerated := coreml.FeatureDescription{Enumerated: [][]int{{1, 3, 28, 28}, {1, 3, 30, 30}}}
	fixed := coreml.FeatureDescription{Shape: []int{1, 2}}
	open := coreml.FeatureDescription{}
	for _, test := range []struct {
		name  string
		f     coreml.FeatureDescription
		shape []int
		text  string
	}{
		{"inside of a range", ranges, []int{4, 1000}, ""},
		{"above a range", ranges, []int{99, 2}, "Size (99) of dimension (0) is not in allowed range (3..5)"},
		{"below an open range", ranges, []int{3, 1}, "Size (1) of dimension (1) is not in allowed range (2..unbounded)"},
		{"another rank", ranges, []int{3}, "rank 1, want rank 2 as in (3..5 x 2..)"},
		{"one of a set", enumerated, []int{1, 3, 30, 30}, ""},
		{"none of a set", enumerated, []int{1, 3, 29, 29}, "MultiArray Shape (1 x 3 x 29 x 29) was not in enumerated set of allowed shapes"},
		{"the fixed shape", fixed, []int{1, 2}, ""},
		{"not the fixed shape", fixed, []int{2, 1}, "MultiArray Shape (2 x 1) is not the fixed shape (1 x 2)"},
		{"anything", open, []int{7, 7, 7}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.f.Check(test.shape...)
			switch {
			case test.text == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.text != "" && (!errors.Is(err, coreml.ErrShape) || !strings.Contains(err.Error(), test.text)):
				t.Errorf("error %v, want %q", err, test.text)
			}
		})
	}
	if !ranges.Flexible() || !enumerated.Flexible() || fixed.Flexible() || !open.Flexible() {
		t.Error("Flexible is wrong")
	}
}

func TestCloseOfAModel(t *testing.T) {
	m, p := load(t, "adder")
	st := newState(t, m)
	out, err := m.Predict(t.Context(), x(1), st, nil)
	if err != nil {
		t.Fatal(err)
	}
	inside, proceed := make(chan struct{}), make(chan struct{})
	p.hook = func(context.Context) error {
		close(inside)
		<-proceed
		if p.closed.Load() != 0 {
			t.Error("closed during a prediction")
		}
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := m.Predict(t.Context(), x(1), st, nil); err != nil {
			t.Error(err)
		}
	})
	<-inside
	for range 2 {
		wg.Go(func() {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			if p.closed.Load() > 1 {
				t.Error("closed twice")
			}
		})
	}
	close(proceed)
	wg.Wait()
	if p.closed.Load() != 1 {
		t.Errorf("closed %d times, want once", p.closed.Load())
	}
	if _, err := m.Predict(t.Context(), x(1), st, nil); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("Predict after Close: %v", err)
	}
	if _, err := m.NewState(); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("NewState after Close: %v", err)
	}
	if m.Plan() != "" {
		t.Error("a closed model has a plan")
	}
	if got := read(t, st, "acc"); got[0] != 2 {
		t.Errorf("the state after Close: %v", got)
	}
	if got := floats(t, out.Tensor("y")); got[0] != 2.5 {
		t.Errorf("an output after Close: %v", got)
	}
	if m.Description().Input("x") == nil {
		t.Error("the description is gone")
	}
}

func TestEnginesAreAvailable(t *testing.T) {
	// The fake engine takes the framework's place in these tests.
	for e, want := range map[coreml.EngineChoice]bool{
		coreml.EngineAuto: true, coreml.EnginePortable: true, coreml.EngineFramework: true, coreml.EngineChoice(9): false,
	} {
		if got := e.Available(); got != want {
			t.Errorf("engine %v: %v, want %v", e, got, want)
		}
	}
}

func TestCloseMeetsPredictions(t *testing.T) {
	for range 20 {
		m, p := load(t, "adder")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					st, err := m.NewState()
					if err == nil {
						_, err = m.Predict(t.Context(), x(1), st, nil)
						if cerr := st.Close(); cerr != nil {
							t.Error(cerr)
						}
					}
					if errors.Is(err, coreml.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Go(func() {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if p.closed.Load() != 1 {
			t.Fatalf("closed %d times", p.closed.Load())
		}
	}
}

func TestNamesOfChoices(t *testing.T) {
	type text interface {
		encoding.TextMarshaler
		encoding.TextUnmarshaler
		String() string
	}
	units, engine, arithmetic := coreml.CPUAndGPU, coreml.EnginePortable, coreml.Wide
	for want, v := range map[string]text{"cpu-and-gpu": &units, "portable": &engine, "wide": &arithmetic} {
		raw, err := v.MarshalText()
		if err != nil || string(raw) != want || v.String() != want {
			t.Errorf("%q, %q, %v, want %q", raw, v, err, want)
		}
		if err := v.UnmarshalText([]byte("warp")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the refusal of an unknown name does not list %q: %v", want, err)
		}
	}
	if err := units.UnmarshalText([]byte("cpu-only")); err != nil || units != coreml.CPUOnly {
		t.Errorf("cpu-only: %v, %v", units, err)
	}
	if s := coreml.ComputeUnits(77).String(); !strings.Contains(s, "77") {
		t.Errorf("an unknown number: %q", s)
	}
	if _, err := coreml.Arithmetic(77).MarshalText(); err == nil {
		t.Error("an unknown number was marshalled")
	}
}

func TestValues(t *testing.T) {
	array := tensor.New(tensor.Int32, 2, 3)
	for _, test := range []struct {
		v    coreml.Value
		kind coreml.Kind
		text string
	}{
		{coreml.MultiArray(array), coreml.KindMultiArray, "multi-array int32 (2 x 3)"},
		{coreml.Int64(-3), coreml.KindInt64, "int64 -3"},
		{coreml.Double(0.5), coreml.KindDouble, "double 0.5"},
		{coreml.String("a"), coreml.KindString, `string "a"`},
		{coreml.Dictionary(map[string]float64{"a": 1}), coreml.KindDictionary, "dictionary"},
		{coreml.Sequence([]coreml.Value{coreml.Int64(1)}), coreml.KindSequence, "sequence"},
		{coreml.Value{}, coreml.KindInvalid, "invalid"},
	} {
		if test.v.Kind() != test.kind || test.v.String() != test.text {
			t.Errorf("%v of kind %v, want %q", test.v, test.v.Kind(), test.text)
		}
		i, isInt := test.v.Int64()
		d, isDouble := test.v.Double()
		s, isText := test.v.Text()
		if isInt != (test.kind == coreml.KindInt64) || isInt && i != -3 ||
			isDouble != (test.kind == coreml.KindDouble) || isDouble && d != 0.5 ||
			isText != (test.kind == coreml.KindString) || isText && s != "a" ||
			(test.v.MultiArray() != nil) != (test.kind == coreml.KindMultiArray) ||
			(test.v.Dictionary() != nil) != (test.kind == coreml.KindDictionary) ||
			(test.v.Sequence() != nil) != (test.kind == coreml.KindSequence) || test.v.Image() != nil {
			t.Errorf("%v is read as something else", test.v)
		}
	}
	if err := (coreml.Features{}).Tensor("x").Err(); !errors.Is(err, coreml.ErrMissingFeature) {
		t.Errorf("a feature that is not there: %v", err)
	}
}

func TestWithoutAProgramTheDescriptionTellsTheShapesOfOutputs(t *testing.T) {
	m, _ := load(t, "adder")
	for name, want := range map[string][]int{"y": nil, "n": {1}, "x": nil} {
		if got := m.OutputShape(name); !slices.Equal(got, want) {
			t.Errorf("output %s has shape %v, want %v", name, got, want)
		}
	}
}
