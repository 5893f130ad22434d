//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// feedAccumulator adds v to every element of the state and compares twice the
// sum, which comes out.
func feedAccumulator(ctx context.Context, m *coreml.Model, st *coreml.State, v, sum float32) error {
	x := tensor.FromSlice([]float32{v, v, v, v}, 1, 4)
	out, err := m.Predict(ctx, coreml.Features{"x": coreml.MultiArray(x)}, st, nil)
	if err != nil {
		return err
	}
	y, err := tensor.Values[float32](out.Tensor("y"))
	if err != nil {
		return err
	}
	for i := range y {
		if y[i] != 2*sum {
			return fmt.Errorf("y is %v, want %v everywhere", y, 2*sum)
		}
	}
	return nil
}

// accumulate makes n predictions on a state of its own.
func accumulate(ctx context.Context, m *coreml.Model, n int) (err error) {
	st, err := m.NewState()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	sum := float32(0)
	for i := range n {
		v := float32(i%5 - 2)
		sum += v
		if err := feedAccumulator(ctx, m, st, v, sum); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

// Question D: do callbacks arrive on the framework's own threads while many are
// under way? Loads and contended predictions are asynchronous.
func TestQuestionD_CallbacksUnderLoad(t *testing.T) {
	needStates(t)
	balanced(t)
	n := max(4, steps(t)/100)
	m := open(t, "accumulator", config(coreml.UnitsAll))
	// With a context that can end, predictions do not wait for each other.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			if err := accumulate(ctx, m, n); err != nil {
				t.Errorf("goroutine %d: %v", g, err)
			}
		})
		if g%4 == 0 {
			wg.Go(func() {
				cfg := config(coreml.UnitsAll)
				for range 8 {
					m, err := coreml.Load(ctx, path("stateless"), &cfg)
					if err != nil {
						t.Error(err)
						return
					}
					if err := m.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	tell(t, "callbacks-under-load", "16 goroutines with %d predictions each and 32 loads beside them", n)
}

// Question D: do callbacks whose caller has gone do any harm?
func TestQuestionD_CallersThatGo(t *testing.T) {
	start(t)
	balanced(t)
	m := open(t, "slow", config(coreml.UnitsCPUOnly))
	x := tensor.New(tensor.Float16, 128, 128)
	gone := 0
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*200*time.Microsecond)
		_, err := m.Predict(ctx, coreml.Features{"x": coreml.MultiArray(x)}, nil, nil)
		cancel()
		switch {
		case err == nil:
		case errors.Is(err, context.DeadlineExceeded):
			gone++
		default:
			t.Error(err)
		}
	}
	cfg := config(coreml.UnitsAll)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		m, err := coreml.Load(ctx, path("ranges"), &cfg)
		cancel()
		switch {
		case err == nil:
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		case errors.Is(err, context.DeadlineExceeded):
			gone++
		default:
			t.Error(err)
		}
	}
	// What nobody waits for any more still ends, and gives its memory back.
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	settle()
	tell(t, "callers-that-go", "%d of 40 calls were left before their end", gone)
}

// settle gives late callbacks time to come.
func settle() {
	for range 20 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
}

// Question D: does a thread that ends after it has called the framework take
// anything with it? A goroutine that ends while it is locked ends its thread.
func TestQuestionD_ThreadsThatEnd(t *testing.T) {
	needStates(t)
	balanced(t)
	m := open(t, "accumulator", config(coreml.UnitsAll))
	var wg sync.WaitGroup
	for g := range 40 {
		wg.Go(func() {
			runtime.LockOSThread()
			if err := accumulate(t.Context(), m, 5); err != nil {
				t.Errorf("goroutine %d: %v", g, err)
			}
		})
	}
	wg.Wait()
	if err := accumulate(t.Context(), m, 5); err != nil {
		t.Errorf("after the threads have ended: %v", err)
	}
	tell(t, "threads-that-end", "40 threads predicted and ended")
}
