//go:build linux && (amd64 || arm64)

package rig_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
)

// untilReached is a context that ends when n threads wait at the gate.
func untilReached(t *testing.T, g *rig.Gate, n int) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		defer cancel()
		for ctx.Err() == nil && g.Waiting() < n {
			time.Sleep(time.Millisecond)
		}
	}()
	return ctx
}

func TestALoadWhoseContextEndsDoesNotWait(t *testing.T) {
	for _, step := range []string{"compile", "load"} {
		t.Run(step, func(t *testing.T) {
			e := newFramework(t)
			src := rig.Package(t, accumulator, step+"-gate=1")
			g := rig.ShutGate(t)
			g.Leaves("the "+step, func() {
				p, err := e.Load(untilReached(t, g, 1), src, engine.Config{})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, %v", p, err)
				}
			})
			if g.Waiting() != 1 {
				t.Errorf("%d steps wait at the gate", g.Waiting())
			}
			g.Open()
			// The late result is given back (the balance is checked), and the next
			// load is a load like any other.
			p := load(t, e, src)
			out, err := predict(t.Context(), p, newState(t, p), 3)
			if err != nil {
				t.Fatal(err)
			}
			wantAll(t, "total", out[0], 3)
		})
	}
}

// abandon makes a prediction whose context ends while the framework is busy.
func abandon(t *testing.T, g *rig.Gate, p engine.Program, st engine.State, v float64) {
	t.Helper()
	g.Leaves("the prediction", func() {
		if _, err := predict(untilReached(t, g, 1), p, st, v); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAPredictionWhoseContextEndsDoesNotWait(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "predict-gate=1"))
	st := newState(t, p)
	g := rig.ShutGate(t)
	abandon(t, g, p, st, 5)
	// The state belongs to the framework until it has finished; then it holds what
	// the abandoned prediction left.
	time.AfterFunc(20*time.Millisecond, g.Open)
	got, err := st.Read("acc")
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "acc", got, 5)
}

func TestCloseDuringAPredictionWaitsForTheFramework(t *testing.T) {
	for name, ctx := range map[string]context.Context{"on the caller's thread": context.Background(), "asynchronously": t.Context()} {
		t.Run(name, func(t *testing.T) {
			e := newFramework(t)
			p, st := loadAndState(t, e)
			g := rig.ShutGate(t)
			var wg sync.WaitGroup
			wg.Go(func() {
				out, err := predict(ctx, p, st, 1)
				if err != nil {
					t.Error(err)
					return
				}
				wantAll(t, "total", out[0], 1)
			})
			g.Await(1)
			closeBoth(t, g, p, st)
			wg.Wait()
			if _, err := predict(t.Context(), p, st, 1); !errors.Is(err, apple.ErrClosed) {
				t.Errorf("a prediction after Close: %v", err)
			}
		})
	}
}

func TestCloseAfterAnAbandonedPredictionWaitsForTheFramework(t *testing.T) {
	e := newFramework(t)
	p, st := loadAndState(t, e)
	g := rig.ShutGate(t)
	abandon(t, g, p, st, 1)
	closeBoth(t, g, p, st)
}

// loadAndState loads a program whose predictions wait at the gate, for a test
// that closes it itself.
func loadAndState(t *testing.T, e engine.Engine) (engine.Program, engine.State) {
	t.Helper()
	p, err := e.Load(t.Context(), rig.Package(t, accumulator, "predict-gate=1"), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	return p, st
}

// closeBoth closes a state and its program while a prediction waits at the gate.
// Close of the program may return only after the prediction.
func closeBoth(t *testing.T, g *rig.Gate, p engine.Program, st engine.State) {
	t.Helper()
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	var opened atomic.Bool
	time.AfterFunc(20*time.Millisecond, func() {
		opened.Store(true)
		g.Open()
	})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if !opened.Load() {
		t.Error("Close did not wait for the prediction")
	}
}

func TestAStateServesOneCallAtATime(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "predict-gate=1"))
	st := newState(t, p)
	g := rig.ShutGate(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		out, err := predict(context.Background(), p, st, 1)
		if err != nil {
			t.Error(err)
			return
		}
		wantAll(t, "total", out[0], 1)
	})
	g.Await(1)
	for name, use := range map[string]func() error{
		"a prediction":                   func() error { _, err := predict(context.Background(), p, st, 1); return err },
		"a prediction that can be ended": func() error { _, err := predict(t.Context(), p, st, 1); return err },
		"Read":                           func() error { _, err := st.Read("acc"); return err },
		"Write":                          func() error { return st.Write("acc", input(p, 1)[0]) },
		"Reset":                          st.Reset,
		"Clone":                          func() error { _, err := st.Clone(); return err },
	} {
		g.Leaves(name, func() {
			if err := use(); !errors.Is(err, apple.ErrBusy) {
				t.Errorf("%s on a state in use: %v", name, err)
			}
		})
	}
	g.Open()
	wg.Wait()
}

func TestManyStatesOfOneModelPredictAtOnce(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "pad=64"))
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			st, err := p.NewState()
			if err != nil {
				t.Error(err)
				return
			}
			defer st.Close()
			for i := range 25 {
				ctx := context.Background()
				if i%2 == 1 {
					ctx = t.Context()
				}
				out, err := predict(ctx, p, st, float64(g))
				if err != nil {
					t.Error(err)
					return
				}
				wantAll(t, "total", out[0], float64(g*(i+1)))
			}
		})
	}
	wg.Wait()
}

func TestWhatNobodyClosesIsCollected(t *testing.T) {
	e := newFramework(t)
	func() {
		p, err := e.Load(t.Context(), rig.Package(t, accumulator), engine.Config{})
		if err != nil {
			t.Fatal(err)
		}
		st, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := predict(t.Context(), p, st, 1); err != nil {
			t.Fatal(err)
		}
	}()
	// The balance of newFramework says whether the collector found all of it.
}
