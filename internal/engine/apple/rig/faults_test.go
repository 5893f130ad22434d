//go:build linux && (amd64 || arm64)

package rig_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// codes are all numbers of MLModelError.
var codes = []apple.Code{
	apple.Generic, apple.FeatureType, apple.IO, apple.CustomLayer, apple.CustomModel, apple.Update, apple.Parameters,
	apple.DecryptionKeyFetch, apple.Decryption, apple.ModelCollection, apple.PredictionCancelled,
}

func TestEveryErrorOfTheFrameworkKeepsItsCode(t *testing.T) {
	for _, step := range []string{"compile", "load", "predict"} {
		for _, code := range codes {
			t.Run(fmt.Sprintf("%s %d", step, code), func(t *testing.T) {
				e := newFramework(t)
				src := rig.Package(t, adder, fmt.Sprintf("%s-error=%d", step, int(code)))
				p, err := e.Load(t.Context(), src, engine.Config{})
				if step == "predict" {
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
					_, err = predict(t.Context(), p, nil, 1)
				} else if err == nil {
					p.Close()
				}
				wantFrameworkError(t, err, code)
			})
		}
	}
}

// wantFrameworkError fails unless err carries everything that the stand-in says.
func wantFrameworkError(t *testing.T, err error, code apple.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want an error that is %v", err, code)
	}
	for _, other := range codes {
		if other != code && errors.Is(err, other) {
			t.Errorf("%v is also %v", err, other)
		}
	}
	var fe engine.FrameworkError
	if !errors.As(err, &fe) {
		t.Fatalf("%v is not an error of the framework", err)
	}
	domain, number, description, reason := fe.NSError()
	if domain != "com.apple.CoreML" || number != int(code) || description == "" || reason != "the stand-in says so" {
		t.Errorf("domain %q, code %d, description %q, reason %q", domain, number, description, reason)
	}
	var ae *apple.Error
	if !errors.As(err, &ae) || ae.NS.Underlying == nil || ae.NS.Underlying.Code != int64(code)+1000 {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestNilWithoutAnErrorIsAnError(t *testing.T) {
	for _, step := range []string{"compile-nil", "load-nil", "description-nil", "predict-nil", "state-nil", "output-missing"} {
		t.Run(step, func(t *testing.T) {
			e := newFramework(t)
			build, value := adder, "1"
			switch step {
			case "state-nil":
				build = accumulator
			case "output-missing":
				value = "y"
			}
			p, err := e.Load(t.Context(), rig.Package(t, build, step+"="+value), engine.Config{})
			if err == nil {
				defer p.Close()
				switch step {
				case "predict-nil", "output-missing":
					_, err = predict(t.Context(), p, nil, 1)
				case "state-nil":
					_, err = p.NewState()
				}
			}
			if err == nil {
				t.Fatal("there was no error")
			}
			for _, code := range codes {
				if errors.Is(err, code) {
					t.Errorf("%v is %v, which nobody said", err, code)
				}
			}
		})
	}
}

func TestOneFailedPredictionLeavesTheProgramUsable(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "predict-error=7", "predict-error-at=2"))
	st := newState(t, p)
	if _, err := predict(t.Context(), p, st, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := predict(t.Context(), p, st, 1); !errors.Is(err, apple.Parameters) {
		t.Errorf("the second prediction: %v", err)
	}
	out, err := predict(t.Context(), p, st, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "total after two good predictions", out[0], 2)
}

// What the framework would raise an exception for must not reach it: an exception
// ends the process, and with it this test.
func TestMistakesAreRefusedBeforeTheFrameworkSeesThem(t *testing.T) {
	e := newFramework(t)
	plain := load(t, e, rig.Package(t, adder))
	stateful := load(t, e, rig.Package(t, accumulator))
	st := newState(t, stateful)
	good := input(stateful, 1)[0]
	for name, in := range map[string][]*tensor.Tensor{
		"no inputs":               {},
		"too many inputs":         {good, good},
		"a required input absent": {nil},
		"another shape":           {tensor.New(tensor.Float16, 3, 2)},
		"another rank":            {tensor.New(tensor.Float16, 6)},
		"another type":            {tensor.New(tensor.Float32, 2, 3)},
		"no elements":             {tensor.New(tensor.Float16, 0, 3)},
		"rows apart":              {tensor.New(tensor.Float16, 3, 2).Transpose(1, 0)},
		"a failed tensor":         {tensor.Failed(errors.New("earlier"))},
	} {
		if err := stateful.Predict(t.Context(), in, make([]*tensor.Tensor, 1), st); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, out := range map[string][]*tensor.Tensor{
		"no outputs": {}, "too many outputs": {nil, nil},
		"a buffer of another shape": {tensor.New(tensor.Float16, 3, 2)}, "a buffer of another type": {tensor.New(tensor.Int32, 2, 3)},
	} {
		if err := stateful.Predict(t.Context(), []*tensor.Tensor{good}, out, st); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := predict(t.Context(), stateful, nil, 1); err == nil {
		t.Error("a prediction without the state that it needs was made")
	}
	for _, name := range []string{"", "none", "ACC", "acc\x00", "\xff"} {
		if _, err := st.Read(name); err == nil {
			t.Errorf("state %q was read", name)
		}
		if err := st.Write(name, good); err == nil {
			t.Errorf("state %q was written", name)
		}
	}
	if err := st.Write("acc", tensor.New(tensor.Float16, 3, 2)); err == nil {
		t.Error("a buffer of another shape was written")
	}
	for _, name := range []string{"none", "main\x00", "\xff"} {
		p, err := e.Load(t.Context(), rig.Package(t, adder), engine.Config{Function: name})
		if err == nil {
			p.Close()
			t.Errorf("function %q was loaded", name)
		}
	}
	out, err := predict(t.Context(), plain, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "y after the refusals", out[0], 4)
}

func TestAStateThatTheFrameworkKeepsSilentAboutIsAnError(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "state-silent=1"))
	st := newState(t, p)
	if _, err := st.Read("acc"); err == nil {
		t.Error("a buffer was read that nobody showed")
	}
	if err := st.Write("acc", tensor.New(tensor.Float16, 2, 3)); err == nil {
		t.Error("a buffer was written that nobody showed")
	}
	if err := st.Reset(); err == nil {
		t.Error("a buffer was reset that nobody showed")
	}
}

func TestOutputsOfAnotherTypeAreConvertedOrRefused(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, adder, fmt.Sprintf("output-type=%d", 0x10000|64)))
	out, err := predict(t.Context(), p, nil, 1.5)
	if err != nil {
		return // refused
	}
	wantAll(t, "y", out[0], 3)
	if out[0].DType() != tensor.Float32 {
		t.Errorf("y is of %v, described as float32", out[0].DType())
	}
}

func TestRowsMayBePaddedAndLieAnywhere(t *testing.T) {
	for _, options := range [][]string{
		{"pad=64"}, {"pixels=1"}, {"state-pad=64"}, {"keep-inputs=1"}, {"pad=64", "pixels=1", "state-pad=32", "keep-inputs=1"},
	} {
		t.Run(fmt.Sprint(options), func(t *testing.T) {
			e := newFramework(t)
			for _, backing := range []bool{false, true} {
				e.backing = backing
				p := load(t, e, rig.Package(t, accumulator, options...))
				st := newState(t, p)
				for i := range 4 {
					out, err := predict(t.Context(), p, st, 2)
					if err != nil {
						t.Fatal(err)
					}
					wantAll(t, "total", out[0], 2*float64(i+1))
				}
				ramp := tensor.Arange[float32](0, 6, 1).Reshape(2, 3)
				if err := st.Write("acc", ramp); err != nil {
					t.Fatal(err)
				}
				out, err := predict(t.Context(), p, st, 1)
				if err != nil {
					t.Fatal(err)
				}
				back, err := st.Read("acc")
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range []*tensor.Tensor{out[0], back} {
					wantAll(t, "the difference", v.To(tensor.Float32).Sub(ramp), 1)
				}
			}
		})
	}
}

func TestBackingsThatAreNotUsedDoNotMatter(t *testing.T) {
	e := newFramework(t)
	e.backing = true
	for _, build := range []func(*mil.Builder){adder} {
		p := load(t, e, rig.Package(t, build, "backing-ignore=1"))
		for i := range 10 {
			out, err := predict(t.Context(), p, nil, float64(i))
			if err != nil {
				t.Fatal(err)
			}
			wantAll(t, "y", out[0], 2*float64(i))
			wantAll(t, "half", out[1], float64(i))
		}
		if notes := p.Info().Notes; len(notes) == 0 {
			t.Error("no note says that output buffers are not used")
		}
	}
}
