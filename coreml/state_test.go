package coreml_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

func TestStateIsReadAndWritten(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	if got, want := st.Names(), []string{"acc", "steps"}; !slices.Equal(got, want) {
		t.Errorf("names = %v, want %v", got, want)
	}
	step(t, m, st, 1, 2)
	if got, want := read(t, st, "acc"), []float32{3, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("acc = %v, want %v", got, want)
	}
	if err := st.Write("acc", tensor.FromSlice([]int64{10, 1, 1, 1}, 4)); err != nil {
		t.Fatal(err)
	}
	if got := step(t, m, st, 1); got[0] != 12.5 {
		t.Errorf("after Write: y = %v, want 12.5", got)
	}
	if err := st.Write("steps", tensor.FromSlice([]int8{5})); err != nil {
		t.Errorf("a scalar for shape [1]: %v", err)
	}
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := step(t, m, st, 1); got[0] != 2.5 {
		t.Errorf("after Reset: y = %v, want 2.5", got)
	}
	_, err := st.Read("nope")
	if !errors.Is(err, coreml.ErrUnknownFeature) {
		t.Errorf("Read of an unknown buffer: %v", err)
	}
	for _, bad := range []*tensor.Tensor{nil, tensor.New(tensor.Float16, 3), tensor.New(tensor.Float16, 2, 2)} {
		if err := st.Write("acc", bad); err == nil {
			t.Errorf("Write of %v succeeded", bad.Shape())
		}
	}
}

func TestCloneLivesOnItsOwn(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	step(t, m, st, 1)
	c, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	step(t, m, st, 5)
	if got := step(t, m, c, 1); got[0] != 3.5 {
		t.Errorf("the clone: y = %v, want 3.5", got)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := step(t, m, st, 1); got[0] != 8.5 {
		t.Errorf("the original after the clone's end: y = %v, want 8.5", got)
	}
}

func TestStateMustFitTheFunction(t *testing.T) {
	m, _ := load(t, "adder")
	other, _ := load(t, "other")
	bigger, _ := load(t, "bigger")
	stateless, _ := load(t, "stateless")
	st := newState(t, m)
	step(t, m, st, 1)
	if got := step(t, other, st, 1); got[0] != 3.5 {
		t.Errorf("the state in another model: y = %v, want 3.5", got)
	}
	_, err := bigger.Predict(t.Context(), x(1), st, nil)
	if !errors.Is(err, coreml.ErrStateMismatch) || !strings.Contains(err.Error(), `"acc" is float16 (4), want float16 (8)`) {
		t.Errorf("a state of another shape: %v", err)
	}
	if _, err := stateless.Predict(t.Context(), x(1), st, nil); !errors.Is(err, coreml.ErrStateMismatch) {
		t.Errorf("a state for a function without: %v", err)
	}
	if _, err := m.Predict(t.Context(), x(1), nil, nil); !errors.Is(err, coreml.ErrStateRequired) {
		t.Errorf("no state for a function with: %v", err)
	}
	none := newState(t, stateless)
	if _, err := m.Predict(t.Context(), x(1), none, nil); !errors.Is(err, coreml.ErrStateMismatch) {
		t.Errorf("an empty state for a function with: %v", err)
	}
	if _, err := stateless.Predict(t.Context(), x(1), none, nil); err != nil {
		t.Errorf("an empty state for a function without: %v", err)
	}
	if len(none.Names()) != 0 || none.Reset() != nil {
		t.Error("an empty state is not empty")
	}
}

func TestSecondUseOfAStateIsRefused(t *testing.T) {
	m, p := load(t, "adder")
	st := newState(t, m)
	inside, proceed := make(chan struct{}), make(chan struct{})
	p.hook = func(context.Context) error {
		close(inside)
		<-proceed
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := m.Predict(t.Context(), x(1), st, nil); err != nil {
			t.Error(err)
		}
	})
	<-inside
	_, cloneErr := st.Clone()
	_, readErr := st.Read("acc")
	_, predictErr := m.Predict(t.Context(), x(1), st, nil)
	for call, err := range map[string]error{
		"Clone": cloneErr, "Read": readErr, "Predict": predictErr,
		"Write": st.Write("acc", tensor.New(tensor.Float16, 4)), "Reset": st.Reset(),
		"Save": st.Save(io.Discard), "Restore": st.Restore(strings.NewReader("")),
	} {
		if !errors.Is(err, coreml.ErrStateBusy) {
			t.Errorf("%s during a prediction: %v, want ErrStateBusy", call, err)
		}
	}
	p.hook = nil
	close(proceed)
	wg.Wait()
	if got := step(t, m, st, 1); got[0] != 3.5 {
		t.Errorf("after the refusals: y = %v, want 3.5", got)
	}
}

func TestManyGoroutinesFightForAState(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	var wg sync.WaitGroup
	var done atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 200 {
				_, err := m.Predict(t.Context(), x(0), st, nil)
				switch {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, coreml.ErrStateBusy):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := read(t, st, "steps"); done.Load() == 0 || got[0] != float32(done.Load()) {
		t.Errorf("%v steps were counted, %d predictions succeeded", got, done.Load())
	}
}

func TestCloseOfAStateInUse(t *testing.T) {
	m, p := load(t, "adder")
	st := newState(t, m)
	fake := lastFakeState.Load()
	p.hook = func(context.Context) error {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		if fake.closed.Load() != 0 {
			t.Error("the engine's state was closed under a prediction")
		}
		return nil
	}
	if _, err := m.Predict(t.Context(), x(1), st, nil); err != nil {
		t.Fatal(err)
	}
	if fake.closed.Load() != 1 {
		t.Error("the engine's state was not closed after the prediction")
	}
	if _, err := st.Read("acc"); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("Read of a closed state: %v", err)
	}
	if _, err := m.Predict(t.Context(), x(1), st, nil); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("Predict with a closed state: %v", err)
	}
}

func TestFailedPredictionMarksTheState(t *testing.T) {
	boom := errors.New("boom")
	half := func(t *testing.T, m *coreml.Model, st *coreml.State) { // leaves st half-way
		t.Helper()
		step(t, m, st, 1)
		p := lastFake.Load()
		p.hook = func(context.Context) error { return boom }
		_, err := m.Predict(t.Context(), x(1), st, nil)
		p.hook = nil
		if !errors.Is(err, boom) || errors.Is(err, coreml.ErrStateFailed) {
			t.Fatalf("the failure itself: %v", err)
		}
		if err := st.Err(); !errors.Is(err, boom) || !errors.Is(err, coreml.ErrStateFailed) {
			t.Fatalf("Err after it: %v", err)
		}
	}
	write := func(t *testing.T, st *coreml.State, name string, n int) {
		t.Helper()
		if err := st.Write(name, tensor.New(tensor.Float32, n)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name  string
		mend  func(t *testing.T, st *coreml.State, saved []byte)
		whole bool
	}{
		{"Read does not mend it", func(t *testing.T, st *coreml.State, _ []byte) { read(t, st, "acc") }, false},
		{"one Write does not", func(t *testing.T, st *coreml.State, _ []byte) { write(t, st, "acc", 4) }, false},
		{"Write of every buffer does", func(t *testing.T, st *coreml.State, _ []byte) {
			write(t, st, "acc", 4)
			write(t, st, "steps", 1)
		}, true},
		{"Reset does", func(t *testing.T, st *coreml.State, _ []byte) {
			if err := st.Reset(); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"Restore does", func(t *testing.T, st *coreml.State, saved []byte) {
			if err := st.Restore(bytes.NewReader(saved)); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, _ := load(t, "adder")
			st := newState(t, m)
			var saved bytes.Buffer
			if err := st.Save(&saved); err != nil {
				t.Fatal(err)
			}
			half(t, m, st)
			c, err := st.Clone()
			if err != nil {
				t.Fatal(err)
			}
			if !errors.Is(c.Err(), boom) {
				t.Error("the clone is not marked")
			}
			test.mend(t, st, saved.Bytes())
			_, err = m.Predict(t.Context(), x(1), st, nil)
			saveErr := st.Save(io.Discard)
			if test.whole && (st.Err() != nil || err != nil || saveErr != nil) {
				t.Errorf("still refused: %v, %v, %v", st.Err(), err, saveErr)
			}
			if !test.whole && !(errors.Is(err, coreml.ErrStateFailed) && errors.Is(saveErr, coreml.ErrStateFailed)) {
				t.Errorf("accepted: %v, %v", err, saveErr)
			}
		})
	}
}

func TestCancelledPredictionMarksTheState(t *testing.T) {
	m, p := load(t, "adder")
	st := newState(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	p.hook = func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	if _, err := m.Predict(ctx, x(1), st, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled prediction: %v", err)
	}
	if !errors.Is(st.Err(), context.Canceled) {
		t.Errorf("Err = %v, want the cancellation", st.Err())
	}
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Predict(ctx, x(1), st, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a prediction with an ended context: %v", err)
	}
	if st.Err() != nil {
		t.Errorf("a prediction that never began marked the state: %v", st.Err())
	}
	p.hook = func(context.Context) error { return errors.New("broken") }
	if _, err := m.Predict(t.Context(), x(1), st, nil); err == nil || st.Err() == nil {
		t.Errorf("a prediction that failed: %v, state %v", err, st.Err())
	}
	p.hook = nil
	if _, err := m.Predict(t.Context(), x(1), st, nil); !errors.Is(err, coreml.ErrStateFailed) {
		t.Errorf("a marked state: %v", err)
	}
	if err := st.MarkWhole(); err != nil || st.Err() != nil {
		t.Errorf("MarkWhole: %v, state %v", err, st.Err())
	}
	if _, err := m.Predict(t.Context(), x(1), st, nil); err != nil {
		t.Errorf("a state that was marked as whole: %v", err)
	}
	if _, err := m.Predict(t.Context(), coreml.Features{}, st, nil); err == nil || st.Err() != nil {
		t.Errorf("a refused input: %v, state %v", err, st.Err())
	}
}

func TestPanickingEngineMarksTheState(t *testing.T) {
	m, p := load(t, "adder")
	st := newState(t, m)
	p.hook = func(context.Context) error { panic("engine") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = m.Predict(t.Context(), x(1), st, nil)
	}()
	if !errors.Is(st.Err(), coreml.ErrStateFailed) {
		t.Errorf("Err = %v, want ErrStateFailed", st.Err())
	}
	if err := m.Close(); err != nil {
		t.Errorf("Close after the panic: %v", err)
	}
}

func TestSaveAndRestore(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	step(t, m, st, 1, 2)
	var saved bytes.Buffer
	if err := st.Save(&saved); err != nil {
		t.Fatal(err)
	}
	step(t, m, st, 3)
	saved.WriteString("what follows")
	r := bytes.NewReader(saved.Bytes())
	if err := st.Restore(r); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "what follows" {
		t.Errorf("Restore left %q, %v", rest, err)
	}
	if got := step(t, m, st, 1); got[0] != 5.5 {
		t.Errorf("after Restore: y = %v, want 5.5", got)
	}
	fresh := newState(t, m)
	if err := fresh.Restore(bytes.NewReader(saved.Bytes())); err != nil {
		t.Fatal(err)
	}
	if got := read(t, fresh, "steps"); got[0] != 1 {
		t.Errorf("steps = %v, want 1", got)
	}
}

func TestRestoreChangesNothingWhenItFails(t *testing.T) {
	m, _ := load(t, "adder")
	bigger, _ := load(t, "bigger")
	st := newState(t, m)
	save := func(st *coreml.State) []byte {
		var b bytes.Buffer
		if err := st.Save(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := save(st)
	replaced := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	long := slices.Clone(good)
	binary.LittleEndian.PutUint64(long, 1<<40)
	step(t, m, st, 1)
	for _, test := range []struct {
		name string
		file []byte
		is   error
	}{
		{"nothing", nil, io.ErrUnexpectedEOF},
		{"a cut header", good[:20], io.ErrUnexpectedEOF},
		{"a cut first buffer", good[:len(good)-9], io.ErrUnexpectedEOF},
		{"a cut last buffer", good[:len(good)-1], io.ErrUnexpectedEOF},
		{"an endless header", long, nil},
		{"other shapes", save(newState(t, bigger)), coreml.ErrStateMismatch},
		{"another version", replaced(`"coreml.state":"1"`, `"coreml.state":"2"`), coreml.ErrStateMismatch},
		{"another format", replaced(`"coreml.state":`, `"coreml.stave":`), coreml.ErrStateMismatch},
		{"another name", replaced(`"acc":`, `"abc":`), coreml.ErrStateMismatch},
		{"another type", replaced(`"F16"`, `"I16"`), coreml.ErrStateMismatch},
		{"another description", replaced("[acc float16", "[acc float17"), coreml.ErrStateMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := st.Restore(bytes.NewReader(test.file))
			if err == nil || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			if st.Err() != nil {
				t.Errorf("the state is marked: %v", st.Err())
			}
			if acc, steps := read(t, st, "acc"), read(t, st, "steps"); acc[0] != 1 || steps[0] != 1 {
				t.Errorf("the state has changed: %v %v", acc, steps)
			}
		})
	}
}

func TestEngineFailureDuringRestoreMarksTheState(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	var saved bytes.Buffer
	if err := st.Save(&saved); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	fakeWriteError.Store(&boom)
	defer fakeWriteError.Store(nil)
	if err := st.Restore(&saved); !errors.Is(err, boom) || !errors.Is(st.Err(), boom) {
		t.Errorf("error %v, state %v", err, st.Err())
	}
}

// collected collects garbage until something was closed, a minute at most.
func collected(closed *atomic.Int32) bool {
	for end := time.Now().Add(time.Minute); closed.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
		runtime.GC()
	}
	return true
}

func TestForgottenStateAndModelAreClosed(t *testing.T) {
	m, err := coreml.LoadFS(t.Context(), fakeFS, "adder.mlpackage", &coreml.Config{Engine: coreml.EngineFramework})
	if err != nil {
		t.Fatal(err)
	}
	p := lastFake.Load()
	st, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	s := lastFakeState.Load()
	step(t, m, st, 1)
	m = nil
	if !collected(&p.closed) {
		t.Error("the model was not closed")
	}
	if got := read(t, st, "acc"); got[0] != 1 {
		t.Errorf("the state of a collected model: %v", got)
	}
	st = nil
	if !collected(&s.closed) {
		t.Error("the state was not closed")
	}
	_, _ = m, st
}
