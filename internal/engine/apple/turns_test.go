//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gocoreml/coreml/internal/engine"
)

func TestTurnsAreTakenAloneOrTogether(t *testing.T) {
	ctx := t.Context()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	take := func(turns *turns, wish, together, want bool) {
		t.Helper()
		if alone, err := turns.take(ctx, wish, together); err != nil || alone != want {
			t.Fatalf("alone %v, %v, want %v", alone, err, want)
		}
	}
	var m turns
	take(&m, true, true, true)
	if _, err := m.take(ended, true, true); !errors.Is(err, context.Canceled) {
		t.Errorf("while somebody has it alone: %v", err)
	}
	m.give(true)
	take(&m, false, true, false)
	take(&m, true, true, false) // shared, as somebody is there
	if _, err := m.take(ended, true, false); !errors.Is(err, context.Canceled) {
		t.Errorf("alone while others share: %v", err)
	}
	m.give(false)
	m.give(false)
	take(&m, false, false, true) // cannot be shared
	m.give(true)
	if m.alone || m.together != 0 || m.waiting != 0 {
		t.Errorf("left: %+v", &m)
	}
}

func TestTurnsDoNotStarveThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m turns
		if alone, err := m.take(t.Context(), true, true); err != nil || !alone {
			t.Fatal(alone, err)
		}
		results := make(chan bool, 2)
		for range 2 {
			go func() {
				alone, err := m.take(t.Context(), true, true)
				if err != nil {
					t.Error(err)
				}
				results <- alone
			}()
		}
		synctest.Wait()
		m.give(true)
		synctest.Wait()
		if n := len(results); n != 2 {
			t.Fatalf("%d of two that waited have the model, they can share it", n)
		}
		if a, b := <-results, <-results; a || b {
			t.Error("one of them has it alone")
		}
	})
}

func TestTurnsUnderLoad(t *testing.T) {
	for _, together := range []bool{true, false} {
		var m turns
		var mu sync.Mutex
		alone, shared := 0, 0
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for k := range 300 {
					a, err := m.take(t.Context(), (g+k)%3 > 0, together)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if a {
						alone++
					} else {
						shared++
					}
					if alone > 1 || alone == 1 && shared > 0 {
						t.Errorf("%d alone and %d together", alone, shared)
					}
					mu.Unlock()
					mu.Lock()
					if a {
						alone--
					} else {
						shared--
					}
					mu.Unlock()
					m.give(a)
				}
			})
		}
		wg.Wait()
	}
}

func TestStateServesOneCallAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := &state{model: newModel(nil)}
		if err := s.acquire(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.acquire(ctx); !errors.Is(err, ErrBusy) {
			t.Errorf("a second call: %v", err)
		}
		s.abandon()
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := s.acquire(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("a call that cannot wait: %v", err)
		}
		got := make(chan error, 1)
		go func() { got <- s.acquire(ctx) }()
		synctest.Wait()
		if len(got) > 0 {
			t.Fatal("the state was given out while the framework has it")
		}
		s.release()
		if err := <-got; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil || s.model.refs != 1 {
			t.Errorf("closed in use: %v, %d shares in the model", err, s.model.refs)
		}
		s.release()
		if s.model.refs != 0 {
			t.Error("the model was not given back at the end of the call")
		}
		if err := s.acquire(ctx); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed state: %v", err)
		}
		if err := s.Close(); err != nil || s.model.refs != 0 {
			t.Errorf("closed again: %v, %d shares", err, s.model.refs)
		}
	})
}

func TestUsableDevices(t *testing.T) {
	all := []device{{name: deviceCPU}, {name: deviceGPU}, {name: deviceNeuralEngine, cores: 16}}
	for _, test := range []struct {
		name    string
		machine []device
		units   engine.ComputeUnits
		devices int
		notes   int
	}{
		{"everything", all, engine.UnitsAll, 3, 0},
		{"the CPU alone", all, engine.UnitsCPUOnly, 1, 0},
		{"no Neural Engine, as in virtual machines", all[:2], engine.UnitsAll, 2, 1},
		{"a Neural Engine that is not there", all[:2], engine.UnitsCPUAndNeuralEngine, 1, 1},
		{"a system that does not tell", nil, engine.UnitsCPUAndGPU, 1, 1},
		{"a system that does not tell and need not", nil, engine.UnitsCPUOnly, 1, 0},
	} {
		names, notes := usable(test.machine, test.units)
		if len(names) != test.devices || names[0] != deviceCPU || len(notes) != test.notes {
			t.Errorf("%s: %q, %q", test.name, names, notes)
		}
	}
	if got := all[2].String(); got != "Neural Engine (16 cores)" {
		t.Errorf("got %q", got)
	}
}

func TestLearnsWhatIsQuick(t *testing.T) {
	p := &program{promptly: promptly}
	ctx := t.Context() // it can end
	if p.prompt(ctx, 1) {
		t.Error("the first prediction is made as if it were known to be short")
	}
	if !p.prompt(context.Background(), 1<<40) {
		t.Error("nobody can leave, and the prediction is made asynchronously")
	}
	p.learn(100, promptly)
	if !p.prompt(ctx, 200) || p.prompt(ctx, 201) {
		t.Errorf("after 100 elements in time: quick is %d", p.quick.Load())
	}
	p.learn(1000, promptly+1)
	if !p.prompt(ctx, 200) {
		t.Error("a long prediction made short ones count as long")
	}
	p.learn(150, promptly+1)
	if p.prompt(ctx, 150) {
		t.Errorf("after 150 elements that took long: quick is %d", p.quick.Load())
	}
}
