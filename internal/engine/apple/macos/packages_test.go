//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/tensor"
)

// early are the packages that need no macOS 15.
var early = []string{"stateless", "ranges", "enumerated", "padded-rows", "slow"}

func TestEveryPackageOnEveryDevice(t *testing.T) {
	states := start(t).States
	dirs, err := filepath.Glob(filepath.Join(packages, "*", "cases.json"))
	if err != nil || len(dirs) < 9 {
		t.Fatalf("%d packages, %v", len(dirs), err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	dirs = append(dirs, story)
	if !states {
		dirs = slices.DeleteFunc(dirs, func(dir string) bool { return !slices.Contains(early, filepath.Base(dir)) })
		t.Logf("this system has no states: only %v are run", early)
	}
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		enginetest.RunFixtures(t, enginetest.With(onUnits(cfg), traits), dirs...)
	})
}

func TestFrameworkKeepsTheContract(t *testing.T) {
	needStates(t)
	if rehearsal {
		t.Skip("the rig runs the suite over the stand-in")
	}
	balanced(t)
	enginetest.RunAs(t, onUnits(config(coreml.UnitsCPUOnly)), traits)
}

// TestStorytellerTellsTheSameStory lets both engines continue a prompt. Where
// they part, the portable engine itself must have been undecided.
func TestStorytellerTellsTheSameStory(t *testing.T) {
	needStates(t)
	want, portable := tellStory(t, coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticFaithful})
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		got, _ := tellStory(t, cfg)
		if slices.Equal(got, want) {
			tell(t, "story", "%d tokens are equal", len(want))
			return
		}
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		if at == len(got) || at == len(want) {
			t.Fatalf("%d tokens, %d of the portable engine, equal as far as they go", len(got), len(want))
		}
		if lead := lead(t, portable, want[:at], want[at], got[at]); lead > 0.1 {
			t.Errorf("token %d is %d, not %d, which leads by %.3f", at, got[at], want[at], lead)
		}
		tell(t, "story", "%d of %d tokens are equal, then a near tie", at, len(want))
	})
}

const prompt = "Once upon a time"

func tellStory(t *testing.T, cfg coreml.Config) ([]int, *generate.Generator) {
	t.Helper()
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, &generate.Config{Model: &cfg, MaxStates: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := g.Generate(t.Context(), prompt, &generate.Options{MaxTokens: 96, Sampling: &generate.Sampling{}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Tokens) < 32 {
		t.Fatalf("the story has %d tokens", len(r.Tokens))
	}
	return r.Tokens, g
}

// lead returns how far token a leads token b behind the prompt and a story's
// beginning.
func lead(t *testing.T, g *generate.Generator, story []int, a, b int) float64 {
	t.Helper()
	ids, err := g.Tokenizer().Encode(prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	seq, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer seq.Close()
	logits, err := seq.Append(t.Context(), slices.Concat(ids, story))
	if err != nil {
		t.Fatal(err)
	}
	return float64(logits[a] - logits[b])
}

func TestCompiledModelsLoad(t *testing.T) {
	start(t)
	balanced(t)
	dir := compiled(t, "stateless")
	cfg := config(coreml.UnitsCPUOnly)
	m, err := coreml.Load(t.Context(), dir, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	in := coreml.Features{
		"x": coreml.MultiArray(tensor.New(tensor.Float32, 2, 4)), "i": coreml.MultiArray(tensor.FromSlice([]int32{1, 2, 3}, 3)),
	}
	out, err := m.Predict(t.Context(), in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if j, err := tensor.Values[int32](out.Tensor("j")); err != nil || !slices.Equal(j, []int32{8, 9, 10}) {
		t.Errorf("j is %v, %v", j, err)
	}
}

func TestPackagesThatLieInNoFolderLoad(t *testing.T) {
	start(t)
	balanced(t)
	cfg := config(coreml.UnitsCPUOnly)
	m, err := coreml.LoadFS(t.Context(), os.DirFS(packages), "stateless/model.mlpackage", &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Info().Engine; got != "framework" {
		t.Errorf("engine %s", got)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestComputePlanNamesDevices(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		m := open(t, "stateless", cfg)
		ops, err := m.ComputePlan(t.Context())
		if errors.Is(err, coreml.ErrUnsupportedOS) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		placed := 0
		for _, op := range ops {
			if op.Device == "" {
				continue
			}
			placed++
			if cfg.ComputeUnits == coreml.UnitsCPUOnly && op.Device != "CPU" {
				t.Errorf("%s is planned for %s", op.Operator, op.Device)
			}
			if op.Cost > 1 {
				t.Errorf("%s costs %v of the whole", op.Operator, op.Cost)
			}
		}
		if placed == 0 {
			t.Errorf("none of %d operations has a device", len(ops))
		}
		tell(t, "compute-plan", "%d of %d operations have a device", placed, len(ops))
	})
}

func TestCloseWaitsForPredictions(t *testing.T) {
	start(t)
	balanced(t)
	cfg := config(coreml.UnitsCPUOnly)
	for range 10 {
		m, err := coreml.Load(t.Context(), path("slow"), &cfg)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			x := tensor.New(tensor.Float16, 128, 128)
			_, err := m.Predict(t.Context(), coreml.Features{"x": coreml.MultiArray(x)}, nil, nil)
			done <- err
		}()
		time.Sleep(500 * time.Microsecond)
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil && !errors.Is(err, coreml.ErrClosed) {
			t.Error(err)
		}
	}
}

func TestStateInUseIsRefused(t *testing.T) {
	needStates(t)
	balanced(t)
	m := open(t, "big-state", config(coreml.UnitsCPUOnly))
	st := newState(t, m)
	in := coreml.Features{"x": coreml.MultiArray(tensor.New(tensor.Float16, 1, 1))}
	results := make(chan error)
	const goroutines, calls = 8, 6
	for range goroutines {
		go func() {
			for range calls {
				_, err := m.Predict(t.Context(), in, st, nil)
				results <- err
			}
		}()
	}
	busy := 0
	for range goroutines * calls {
		switch err := <-results; {
		case errors.Is(err, coreml.ErrStateBusy):
			busy++
		case err != nil:
			t.Error(err)
		}
	}
	t.Logf("%d of %d calls found the state in use", busy, goroutines*calls)
}

func TestOldSystemsRefuseStates(t *testing.T) {
	if start(t).States {
		t.Skip("this system has states")
	}
	cfg := config(coreml.UnitsAll)
	if _, err := coreml.Load(t.Context(), path("accumulator"), &cfg); !errors.Is(err, coreml.ErrUnsupportedOS) {
		t.Errorf("got %v, want %v", err, coreml.ErrUnsupportedOS)
	}
	cfg.Engine = coreml.EngineAuto
	m, err := coreml.Load(t.Context(), path("accumulator"), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got := m.Info().Engine; got != "portable" {
		t.Errorf("engine %s takes over", got)
	}
}
