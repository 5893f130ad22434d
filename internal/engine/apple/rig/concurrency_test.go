//go:build linux && (amd64 || arm64)

package rig_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
)

// soon is a context that ends long before the stand-in's delays, which are a
// second, do.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// untilDone runs f and fails when it ended only after the stand-in's second.
func untilDone(t *testing.T, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if d := time.Since(start); d > 900*time.Millisecond {
		t.Errorf("%s waited for the framework: %v", what, d)
	}
}

func TestALoadWhoseContextEndsDoesNotWait(t *testing.T) {
	for _, step := range []string{"compile", "load"} {
		t.Run(step, func(t *testing.T) {
			e := newFramework(t)
			src := rig.Package(t, accumulator, step+"-delay=1000")
			untilDone(t, step, func() {
				p, err := e.Load(soon(t), src, engine.Config{})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, %v", p, err)
				}
			})
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

func TestAPredictionWhoseContextEndsDoesNotWait(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "predict-delay=1000"))
	st := newState(t, p)
	untilDone(t, "the prediction", func() {
		if _, err := predict(soon(t), p, st, 5); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	// The state belongs to the framework until it has finished; then it holds what
	// the abandoned prediction left.
	got, err := st.Read("acc")
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "acc", got, 5)
}

func TestCloseDuringAPredictionWaitsForTheFramework(t *testing.T) {
	for name, prompt := range map[string]bool{"on the caller's thread": true, "asynchronously": false} {
		t.Run(name, func(t *testing.T) {
			e := newFramework(t)
			p, err := e.Load(t.Context(), rig.Package(t, accumulator, "predict-delay=300"), engine.Config{})
			if err != nil {
				t.Fatal(err)
			}
			st, err := p.NewState()
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			if !prompt {
				ctx = t.Context()
			}
			var wg sync.WaitGroup
			started := make(chan struct{})
			wg.Go(func() {
				close(started)
				out, err := predict(ctx, p, st, 1)
				switch {
				case err == nil:
					wantAll(t, "total", out[0], 1)
				case !errors.Is(err, apple.ErrClosed):
					t.Error(err)
				}
			})
			<-started
			time.Sleep(50 * time.Millisecond)
			if err := st.Close(); err != nil {
				t.Error(err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			wg.Wait()
			if _, err := predict(t.Context(), p, st, 1); !errors.Is(err, apple.ErrClosed) {
				t.Errorf("a prediction after Close: %v", err)
			}
		})
	}
}

func TestCloseAfterAnAbandonedPredictionWaitsForTheFramework(t *testing.T) {
	e := newFramework(t)
	p, err := e.Load(t.Context(), rig.Package(t, accumulator, "predict-delay=300"), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := predict(soon(t), p, st, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestAStateServesOneCallAtATime(t *testing.T) {
	e := newFramework(t)
	p := load(t, e, rig.Package(t, accumulator, "predict-delay=100"))
	st := newState(t, p)
	const callers = 4
	var wg sync.WaitGroup
	results := make(chan error, callers+1)
	for range callers {
		wg.Go(func() {
			_, err := predict(context.Background(), p, st, 1)
			results <- err
		})
	}
	wg.Go(func() {
		time.Sleep(30 * time.Millisecond)
		_, err := st.Read("acc")
		results <- err
	})
	wg.Wait()
	close(results)
	served, busy := 0, 0
	for err := range results {
		switch {
		case err == nil:
			served++
		case errors.Is(err, apple.ErrBusy):
			busy++
		default:
			t.Error(err)
		}
	}
	if served == 0 || busy == 0 {
		t.Errorf("%d calls were served and %d refused", served, busy)
	}
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
