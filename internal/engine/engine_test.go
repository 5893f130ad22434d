package engine_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
)

// named is an engine that has a name and nothing else.
type named struct {
	engine.Engine
	name string
}

func (n named) Name() string { return n.name }

func TestAnEngineIsFoundByTheNameThatItRegistersUnder(t *testing.T) {
	first, second := named{name: "test-first"}, named{name: "test-second"}
	for _, e := range []named{first, second} {
		engine.Register(e)
		t.Cleanup(func() { engine.Remove(e.name) })
	}
	for _, want := range []named{first, second} {
		if got := engine.Lookup(want.name); got != want {
			t.Errorf("%s leads to %v", want.name, got)
		}
	}
	if got := engine.Lookup("test-third"); got != nil {
		t.Errorf("a name that nobody registered leads to %v", got)
	}
	engine.Remove(first.name)
	if got := engine.Lookup(first.name); got != nil {
		t.Errorf("a removed engine is still there: %v", got)
	}
	if got := engine.Lookup(second.name); got != second {
		t.Errorf("removing one engine took another with it: %v", got)
	}
	engine.Remove("test-third") // does nothing
}

func TestALaterEngineTakesTheNameOver(t *testing.T) {
	old, young := &named{name: "test-name"}, &named{name: "test-name"}
	t.Cleanup(func() { engine.Remove(old.name) })
	engine.Register(old)
	engine.Register(young)
	if got := engine.Lookup("test-name"); got != engine.Engine(young) {
		t.Error("the name still leads to the engine before")
	}
}

// TestTheRegistryMayBeUsedFromAnywhere is for the race detector, and for the map,
// which Go ends the process over when it is written to twice at a time.
func TestTheRegistryMayBeUsedFromAnywhere(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		name := "test-many-" + string(rune('a'+i))
		all.Go(func() {
			for range 200 {
				engine.Register(named{name: name})
				if engine.Lookup(name) == nil {
					t.Errorf("%s is not found", name)
				}
				engine.Remove(name)
			}
		})
	}
	all.Wait()
}

func TestErrorsLeadToWhatIsBehindThem(t *testing.T) {
	cause := &fs.PathError{Op: "open", Path: "weight.bin", Err: fs.ErrNotExist}
	for what, err := range map[string]error{
		"an error that left everything as it was": &engine.UnchangedError{Err: cause},
		"an error of a feature":                   &engine.FeatureError{Name: "x", Err: cause},
		"one within the other":                    &engine.UnchangedError{Err: &engine.FeatureError{Name: "x", Err: cause}},
	} {
		t.Run(what, func(t *testing.T) {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v does not lead to its cause", err)
			}
			if e, ok := errors.AsType[*fs.PathError](err); !ok || e != cause {
				t.Errorf("%v does not lead to its cause", err)
			}
		})
	}
	if got := (&engine.UnchangedError{Err: cause}).Error(); got != cause.Error() {
		t.Errorf("the wrapping shows in the message: %s", got)
	}
	const want = `feature "a\x1b": open weight.bin: file does not exist`
	if got := (&engine.FeatureError{Name: "a\x1b", Err: cause}).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// steps counts the steps that a profiler is told of.
type steps struct{ n int }

func (s *steps) Step(string, string, int, time.Duration) { s.n++ }

func TestAProfilerComesWithTheContext(t *testing.T) {
	if p := engine.ProfilerOf(t.Context()); p != nil {
		t.Errorf("a context that was given none has %v", p)
	}
	outer, inner := &steps{}, &steps{}
	ctx := engine.WithProfiler(t.Context(), outer)
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	engine.ProfilerOf(within).Step("matmul", "fp16", 2, time.Second)
	engine.ProfilerOf(engine.WithProfiler(within, inner)).Step("add", "", 0, 0)
	if outer.n != 1 || inner.n != 1 {
		t.Errorf("the outer one was told of %d steps and the inner one of %d, want one each", outer.n, inner.n)
	}
	if p := engine.ProfilerOf(engine.WithProfiler(within, nil)); p != nil {
		t.Errorf("a context whose profiler was taken away has %v", p)
	}
}

// TestTheZeroConfigAsksForTheDefaults holds what callers rely on who leave a field
// out: a config that says nothing allows every device and leaves the rest to the
// engine.
func TestTheZeroConfigAsksForTheDefaults(t *testing.T) {
	var c engine.Config
	if c.ComputeUnits != engine.UnitsAll {
		t.Errorf("the units are %d, want all of them", c.ComputeUnits)
	}
	if c.Arithmetic != engine.ArithmeticDefault {
		t.Errorf("the arithmetic is %d, want the engine's own choice", c.Arithmetic)
	}
	if c.NoFusion {
		t.Error("fusing is off")
	}
	units := []engine.ComputeUnits{engine.UnitsAll, engine.UnitsCPUOnly, engine.UnitsCPUAndGPU, engine.UnitsCPUAndNeuralEngine}
	kinds := []engine.Arithmetic{engine.ArithmeticDefault, engine.ArithmeticFaithful, engine.ArithmeticWide, engine.ArithmeticFast}
	for i := range units {
		// Each has a number of its own, in the order of the documentation.
		if int(units[i]) != i || int(kinds[i]) != i {
			t.Errorf("the constants in place %d are %d and %d", i, units[i], kinds[i])
		}
	}
}

func TestAMissingDeviceAndATooOldSystemAreTwoErrors(t *testing.T) {
	if errors.Is(engine.ErrUnsupportedUnits, engine.ErrUnsupportedOS) || errors.Is(engine.ErrUnsupportedOS, engine.ErrUnsupportedUnits) {
		t.Error("one is taken for the other, and callers choose another engine only for the system")
	}
}
