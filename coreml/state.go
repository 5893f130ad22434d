package coreml

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// State is the memory that a stateful function keeps between predictions, such
// as a key-value cache: named buffers of fixed type and shape. MLState of Core
// ML. It is made by [Model.NewState] and [State.Clone].
//
// One call at a time may use a State, whether a method of its own or
// [Model.Predict]. A call that finds it in use fails at once with
// [ErrStateBusy]; nothing is ever mixed up. Names, Err and Close may be called
// at any time.
//
// A State outlives its Model: after [Model.Close] all of its methods still
// work, and it may serve another Model that has the same states. A State that
// nobody refers to any more is closed by the garbage collector, at some time or
// never: call Close. One that NewState did not make, nil or the zero State, is as a
// closed one without buffers; only as the argument of Predict nil stands for none.
type State struct {
	h       *stateHandle
	cleanup runtime.Cleanup
}

// stateHandle is what a State consists of. It does not refer to the State.
type stateHandle struct {
	owner    *program // the program that made it, for comparison
	engine   string
	features []FeatureDescription
	place    map[string]int // of each name in features; shared, never written
	state    engine.State   // nil when there are no features

	status  atomic.Uint32
	failure atomic.Pointer[failedStateError]
	// What follows belongs to the call that has acquired the state.
	running bool   // a prediction began and has not ended
	written []bool // buffers that were replaced since the failure
	missing int    // how many of them were not
}

// The status of a state: idle, or these bits.
const (
	stateBusy   = 1
	stateClosed = 2
)

// failedStateError is the error of a state that a prediction left half-way.
type failedStateError struct{ cause error }

func (f *failedStateError) Error() string   { return ErrStateFailed.Error() + ": " + f.cause.Error() }
func (f *failedStateError) Unwrap() []error { return []error{ErrStateFailed, f.cause} }

var errPanic = errors.New("the prediction panicked")

func (p *program) newState() (*State, error) {
	if !p.gate.enter() {
		return nil, fmt.Errorf("model is %w", ErrClosed)
	}
	defer p.gate.leave()
	h := &stateHandle{owner: p, engine: p.engine, features: p.states, place: p.place}
	if len(p.states) > 0 {
		s, err := p.prog.NewState()
		if err != nil {
			return nil, engineError(err)
		}
		h.state = s
	}
	return newState(h), nil
}

func newState(h *stateHandle) *State {
	h.written = make([]bool, len(h.features))
	s := &State{h: h}
	if h.state != nil {
		s.cleanup = runtime.AddCleanup(s, func(h *stateHandle) { _ = h.close() }, h)
	}
	return s
}

// acquire takes the state for one call; release ends the call.
func (h *stateHandle) acquire() error {
	if h.status.CompareAndSwap(0, stateBusy) {
		return nil
	}
	if h.status.Load()&stateClosed != 0 {
		return fmt.Errorf("state is %w", ErrClosed)
	}
	return ErrStateBusy
}

// release ends a call, and closes the state when Close was called meanwhile.
func (h *stateHandle) release() {
	if h.running {
		h.end(errPanic)
	}
	if !h.status.CompareAndSwap(stateBusy, 0) {
		h.status.Store(stateClosed)
		_ = h.free()
	}
}

// free gives the engine's memory back.
func (h *stateHandle) free() error {
	if h.state == nil {
		return nil
	}
	return h.state.Close()
}

// begin and end surround the engine's work of a prediction.
func (h *stateHandle) begin() { h.running = true }

func (h *stateHandle) end(err error) {
	h.running = false
	if err != nil && !unchanged(err) {
		clear(h.written)
		h.missing = len(h.written)
		h.failure.Store(&failedStateError{err})
	}
}

// unchanged reports whether a failed prediction left its state as it was.
func unchanged(err error) bool {
	_, ok := errors.AsType[*engine.UnchangedError](err)
	return ok
}

func (h *stateHandle) err() error {
	if f := h.failure.Load(); f != nil {
		return f
	}
	return nil
}

// wrote notes that buffer i is whole again.
func (h *stateHandle) wrote(i int) {
	if !h.written[i] {
		h.written[i] = true
		h.missing--
	}
	if h.missing <= 0 {
		h.failure.Store(nil)
	}
}

func (h *stateHandle) close() error {
	for {
		switch old := h.status.Load(); {
		case old&stateClosed != 0:
			return nil
		case old == stateBusy:
			// The call in progress closes the state when it ends.
			if h.status.CompareAndSwap(stateBusy, stateBusy|stateClosed) {
				return nil
			}
		case h.status.CompareAndSwap(0, stateClosed):
			return h.free()
		}
	}
}

// feature returns the place of the buffer of that name.
func (h *stateHandle) feature(name string) (int, error) {
	if err := h.made(); err != nil {
		return 0, err
	}
	if i, ok := h.place[name]; ok {
		return i, nil
	}
	return 0, fmt.Errorf("%s: %w: the states are %s", mil.Quote(name), ErrUnknownFeature, names(h.features))
}

// sameStates returns nil when a state with the features got can serve a
// function with the states want.
func sameStates(want, got []FeatureDescription) error {
	if len(want) != len(got) {
		return fmt.Errorf("%w: it has %s, the function has %s", ErrStateMismatch, names(got), names(want))
	}
	places := placesOf(got)
	for i := range want {
		w := &want[i]
		k, ok := places[w.Name]
		if !ok {
			return fmt.Errorf("%w: it lacks %s", ErrStateMismatch, mil.Quote(w.Name))
		}
		g := &got[k]
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			return fmt.Errorf("%w: %s is %v (%s), want %v (%s)", ErrStateMismatch,
				mil.Quote(w.Name), g.DType, dims(g.Shape), w.DType, dims(w.Shape))
		}
	}
	return nil
}

// placesOf returns the place of each name.
func placesOf(list []FeatureDescription) map[string]int {
	places := make(map[string]int, len(list))
	for i := range list {
		places[list[i].Name] = i
	}
	return places
}

// Names returns the names of the buffers in the order of [Description.States].
func (s *State) Names() []string {
	features := s.handle().features
	out := make([]string, len(features))
	for i := range out {
		out[i] = features[i].Name
	}
	return out
}

// Err returns nil when the state's buffers are whole, and otherwise an error
// that wraps [ErrStateFailed] and the reason: a prediction on this state failed
// or was cancelled after it had begun to change it, so that some buffers may have
// been updated and others not. A prediction that is refused, for a value that does
// not fit for example, leaves the state as it was.
//
// Such a state can still be read, written, cloned (the clone is marked too) and
// closed. Predict and Save refuse it. Reset, a successful Restore, and Write
// once it has replaced every buffer make it whole again. Whoever wants to
// go on after a cancelled prediction clones the state before it, rebuilds it
// after a Reset, or knows that it does no harm ([State.MarkWhole]).
func (s *State) Err() error {
	h := s.handle()
	return cmp.Or(h.made(), h.err())
}

// Read returns a copy of a buffer.
func (s *State) Read(name string) (*tensor.Tensor, error) {
	t, err := s.read(name)
	runtime.KeepAlive(s)
	if err != nil {
		return nil, fail("read state", err)
	}
	return t, nil
}

func (s *State) read(name string) (*tensor.Tensor, error) {
	h := s.handle()
	if _, err := h.feature(name); err != nil {
		return nil, err
	}
	if err := h.acquire(); err != nil {
		return nil, err
	}
	defer h.release()
	t, err := h.state.Read(name)
	if err != nil {
		return nil, err
	}
	return t, t.Err()
}

// Write replaces the content of a buffer by that of t, which has the buffer's
// shape and is converted by the rules of [tensor.Tensor.To] when it is of
// another type.
func (s *State) Write(name string, t *tensor.Tensor) error {
	err := s.write(name, t)
	runtime.KeepAlive(s)
	if err != nil {
		return fail("write state", err)
	}
	return nil
}

func (s *State) write(name string, t *tensor.Tensor) error {
	h := s.handle()
	i, err := h.feature(name)
	if err != nil {
		return err
	}
	t, err = inputArray(context.Background(), &h.features[i], t)
	if err != nil {
		return fmt.Errorf("%s: %w", mil.Quote(name), err)
	}
	if err := h.acquire(); err != nil {
		return err
	}
	defer h.release()
	if err := h.state.Write(name, t); err != nil {
		h.end(err)
		return err
	}
	h.wrote(i)
	return nil
}

// Clone returns a copy that lives on its own. The copy of a state that a
// prediction left half-way is marked as well.
func (s *State) Clone() (*State, error) {
	c, err := s.clone()
	runtime.KeepAlive(s)
	if err != nil {
		return nil, fail("clone state", err)
	}
	return c, nil
}

func (s *State) clone() (*State, error) {
	h := s.handle()
	if err := h.acquire(); err != nil {
		return nil, err
	}
	defer h.release()
	c := &stateHandle{owner: h.owner, engine: h.engine, features: h.features, place: h.place}
	if h.state != nil {
		state, err := h.state.Clone()
		if err != nil {
			return nil, err
		}
		c.state = state
	}
	out := newState(c)
	c.failure.Store(h.failure.Load())
	copy(c.written, h.written)
	c.missing = h.missing
	return out, nil
}

// Reset fills every buffer with zero, as in a fresh state.
func (s *State) Reset() error {
	err := s.reset()
	runtime.KeepAlive(s)
	if err != nil {
		return fail("reset state", err)
	}
	return nil
}

func (s *State) reset() error {
	h := s.handle()
	if err := h.acquire(); err != nil {
		return err
	}
	defer h.release()
	if h.state == nil {
		return nil
	}
	if err := h.state.Reset(); err != nil {
		h.end(err)
		return err
	}
	h.failure.Store(nil)
	return nil
}

// MarkWhole declares a state whole that a failed or cancelled prediction has marked: Err
// returns nil from then on, and Predict takes it. It is for callers who know that the
// predictions to come do not look at what may be half-written, such as the rows of a cache
// behind those that their masks show.
func (s *State) MarkWhole() error {
	err := s.markWhole()
	runtime.KeepAlive(s)
	if err != nil {
		return fail("mark state", err)
	}
	return nil
}

func (s *State) markWhole() error {
	h := s.handle()
	if err := h.made(); err != nil {
		return err
	}
	if err := h.acquire(); err != nil {
		return err
	}
	defer h.release()
	h.failure.Store(nil)
	return nil
}

// Close gives the state's memory back. A call that is using the state ends
// undisturbed, and the memory is given back then. Calls made from then on fail
// with [ErrClosed]. Closing a closed state does nothing.
func (s *State) Close() error {
	if s == nil {
		return nil
	}
	s.cleanup.Stop()
	if err := s.handle().close(); err != nil {
		return fail("close state", err)
	}
	return nil
}
