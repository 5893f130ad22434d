//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// The child process gets the mistake to make and where the compiled models lie.
const (
	mistakeEnv = "COREML_MACOS_MISTAKE"
	modelEnv   = "COREML_MACOS_MODEL"
	otherEnv   = "COREML_MACOS_OTHER"
)

// returned is what the child prints when the process is still alive.
const returned = "the call returned: "

// mistakes maps a mistake to what makes it. Each is made in a process of its own,
// because an exception ends the process. They get accumulator, its state, and
// two-states, inside a pool.
var mistakes = map[string]func(m, st, other *objc.Object) error{
	"array index out of range": func(_, _, _ *objc.Object) error {
		objc.Send(objc.Ints([]int{1}), objc.NSArray.At, 9)
		return nil
	},
	"unknown state name": func(_, st, _ *objc.Object) error {
		return objc.WithBlock(objc.MLState.GetMultiArray, func(_, _, _ uintptr) {}, func(block uintptr) {
			objc.Send(st.ID(), objc.MLState.GetMultiArray, uintptr(objc.String("none")), block)
		})
	},
	"unknown input name": func(m, st, _ *objc.Object) error { return feed(m, st, "none", float16Type, 1, 4) },
	"wrong shape":        func(m, st, _ *objc.Object) error { return feed(m, st, "x", float16Type, 1, 7) },
	"wrong rank":         func(m, st, _ *objc.Object) error { return feed(m, st, "x", float16Type, 4) },
	"wrong element type": func(m, st, _ *objc.Object) error { return feed(m, st, "x", int32Type, 1, 4) },
	"missing input": func(m, st, _ *objc.Object) error {
		_, err := rawPredict(m, st, nil, nil)
		return err
	},
	"no state": func(m, _, _ *objc.Object) error { return feed(m, nil, "x", float16Type, 1, 4) },
	"state of another model": func(_, st, other *objc.Object) error {
		row, err := rawArray(float16Type, 1, 1, 3)
		if err != nil {
			return err
		}
		defer row.Close()
		at, err := rawArray(int32Type, 1)
		if err != nil {
			return err
		}
		defer at.Close()
		// The memory of a new array is not said to be zero, and this is an index.
		if err := zero(at.ID()); err != nil {
			return err
		}
		_, err = rawPredict(other, st, nil, map[string]objc.ID{"row": row.ID(), "at": at.ID()})
		return err
	},
	"array of negative size": func(_, _, _ *objc.Object) error {
		a, err := rawArray(float16Type, 2, -1)
		a.Close()
		return err
	},
	"array of no elements": func(_, _, _ *objc.Object) error {
		a, err := rawArray(float16Type, 0)
		a.Close()
		return err
	},
	"array of an unknown type": func(_, _, _ *objc.Object) error {
		a, err := rawArray(12345, 2)
		a.Close()
		return err
	},
	"output buffer of the wrong shape": func(m, st, _ *objc.Object) error { return back(m, st, "y", 1, 9) },
	"output buffer of no output":       func(m, st, _ *objc.Object) error { return back(m, st, "none", 1, 4) },
	"unknown function": func(_, _, _ *objc.Object) error {
		m, err := rawModel(os.Getenv(modelEnv), "none", coreml.UnitsCPUOnly)
		m.Close()
		return err
	},
	"state of a model without states": func(_, _, _ *objc.Object) error {
		m, err := rawModel(os.Getenv(otherEnv), "", coreml.UnitsCPUOnly)
		if err != nil {
			return err
		}
		defer m.Close()
		st, err := objc.Take(m.ID(), objc.MLModel.NewState)
		st.Close()
		return err
	},
}

func feed(m, st *objc.Object, name string, dataType uintptr, shape ...int) error {
	a, err := rawArray(dataType, shape...)
	if err != nil {
		return err
	}
	defer a.Close()
	_, err = rawPredict(m, st, nil, map[string]objc.ID{name: a.ID()})
	return err
}

// back predicts with an output buffer of that name and shape.
func back(m, st *objc.Object, name string, shape ...int) error {
	a, err := rawArray(float16Type, shape...)
	if err != nil {
		return err
	}
	defer a.Close()
	options, err := objc.New(objc.MLPredictionOptions.Init)
	if err != nil {
		return err
	}
	defer options.Close()
	d, err := objc.Dictionary([]objc.ID{objc.String(name)}, []objc.ID{a.ID()})
	if err != nil {
		return err
	}
	objc.Send(options.ID(), objc.MLPredictionOptions.SetOutputBackings, uintptr(d))
	x, err := rawArray(float16Type, 1, 4)
	if err != nil {
		return err
	}
	defer x.Close()
	_, err = rawPredict(m, st, options, map[string]objc.ID{"x": x.ID()})
	return err
}

// TestQuestionC_Child makes one mistake and says so when it has survived it.
func TestQuestionC_Child(t *testing.T) {
	name := os.Getenv(mistakeEnv)
	if name == "" {
		t.Skip("is run by TestQuestionC_WhichMistakesRaise")
	}
	start(t)
	m, err := rawModel(os.Getenv(modelEnv), "", coreml.UnitsCPUOnly)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rawModel(os.Getenv(otherEnv), "", coreml.UnitsCPUOnly)
	if err != nil {
		t.Fatal(err)
	}
	st, err := objc.Take(m.ID(), objc.MLModel.NewState)
	if err != nil {
		t.Fatal(err)
	}
	objc.WithPool(func() { err = mistakes[name](m, st, other) })
	fmt.Fprintf(os.Stderr, "%s%v\n", returned, err)
}

// Question C: which mistakes make Core ML raise an exception, and which give an
// error? Nothing here is right or wrong; the answers say which of the engine's
// own checks could be left to Core ML.
func TestQuestionC_WhichMistakesRaise(t *testing.T) {
	needStates(t)
	model, other := compiled(t, "accumulator"), compiled(t, "slow")
	for _, name := range slices.Sorted(maps.Keys(mistakes)) {
		t.Run(name, func(t *testing.T) {
			second := other
			if name == "state of another model" {
				second = compiled(t, "two-states")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestQuestionC_Child$", "-test.v")
			cmd.Env = append(os.Environ(), mistakeEnv+"="+name, modelEnv+"="+model, otherEnv+"="+second)
			out, err := cmd.CombinedOutput()
			if ctx.Err() != nil {
				t.Fatalf("the process hangs:\n%s", out)
			}
			what := strings.ReplaceAll(name, " ", "-")
			if _, answer, ok := strings.Cut(string(out), returned); ok {
				answer, _, _ = strings.Cut(answer, "\n")
				tell(t, what, "%s", "returns "+answer)
				if name == "array index out of range" {
					t.Error("what raises everywhere did not: the way to find out is broken")
				}
				return
			}
			if err == nil {
				t.Fatalf("the process neither returned nor ended with an error:\n%s", out)
			}
			tell(t, what, "ends the process: %v: %s", err, reason(string(out)))
		})
	}
}

// reason finds the line that tells of an exception.
func reason(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "xception") || strings.HasPrefix(line, "SIG") || strings.Contains(line, "signal") {
			return strings.TrimSpace(line)
		}
	}
	return "it told nothing"
}

// Question C, the other half: whatever Core ML does, the engine refuses these
// mistakes before Core ML sees them, and goes on.
func TestQuestionC_MistakesAreRefusedFirst(t *testing.T) {
	needStates(t)
	balanced(t)
	cfg := config(coreml.UnitsCPUOnly)
	m := open(t, "accumulator", cfg)
	other := open(t, "two-states", cfg)
	st, strange := newState(t, m), newState(t, other)
	half := func(shape ...int) coreml.Value { return coreml.MultiArray(tensor.New(tensor.Float16, shape...)) }
	predict := func(m *coreml.Model, st *coreml.State, in coreml.Features) func() error {
		return func() error {
			_, err := m.Predict(t.Context(), in, st, nil)
			return err
		}
	}
	for name, run := range map[string]func() error{
		"unknown state name":     func() error { _, err := st.Read("none"); return err },
		"unknown state to write": func() error { return st.Write("none", tensor.New(tensor.Float16, 1, 4)) },
		"state of another shape": func() error { return st.Write("acc", tensor.New(tensor.Float16, 1, 5)) },
		"unknown input name":     predict(m, st, coreml.Features{"x": half(1, 4), "none": half(1)}),
		"wrong shape":            predict(m, st, coreml.Features{"x": half(1, 7)}),
		"wrong rank":             predict(m, st, coreml.Features{"x": half(4)}),
		"missing input":          predict(m, st, coreml.Features{}),
		"no state":               predict(m, nil, coreml.Features{"x": half(1, 4)}),
		"state of another model": predict(m, strange, coreml.Features{"x": half(1, 4)}),
		"no elements":            predict(m, st, coreml.Features{"x": half(1, 0)}),
		"wrong kind":             predict(m, st, coreml.Features{"x": coreml.String("x")}),
		"unknown function": func() error {
			cfg := cfg
			cfg.Function = "none"
			_, err := coreml.Load(t.Context(), path("accumulator"), &cfg)
			return err
		},
	} {
		if err := run(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	atTheSeam(t)
	if _, err := m.Predict(t.Context(), coreml.Features{"x": half(1, 4)}, st, nil); err != nil {
		t.Errorf("what is right, after all that: %v", err)
	}
}

// atTheSeam makes mistakes that the public API would have refused.
func atTheSeam(t *testing.T) {
	t.Helper()
	dir := path("accumulator")
	p, err := apple.Engine{}.Load(t.Context(), engine.Source{FS: os.DirFS(dir), Dir: ".", Path: dir},
		engine.Config{Framework: engine.Framework{CacheDir: cacheDir}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	right := tensor.New(tensor.Float16, 1, 4)
	for name, in := range map[string][]*tensor.Tensor{
		"no inputs":          nil,
		"two inputs":         {right, right},
		"a missing input":    {nil},
		"a wrong shape":      {tensor.New(tensor.Float16, 1, 5)},
		"a wrong type":       {tensor.New(tensor.Float32, 1, 4)},
		"a tensor in error":  {tensor.New(tensor.Float16, -1)},
		"one with no memory": {tensor.New(tensor.Float16, 1, 0)},
	} {
		if err := p.Predict(t.Context(), in, make([]*tensor.Tensor, 1), st); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := p.Predict(t.Context(), []*tensor.Tensor{right}, make([]*tensor.Tensor, 1), nil); err == nil {
		t.Error("no state: accepted")
	}
	if err := p.Predict(t.Context(), []*tensor.Tensor{right}, []*tensor.Tensor{tensor.New(tensor.Float16, 1, 9)}, st); err == nil {
		t.Error("a buffer of a wrong shape: accepted")
	}
}
