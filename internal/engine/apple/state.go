//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// state is an MLState with the model that made it, which copies need. It
// implements engine.State.
//
// What the framework does with a state that is used twice at once is undefined,
// so one call at a time has it. A prediction whose caller has gone keeps it
// until the framework has finished; others wait for that. model and obj change
// in fit only, which has acquired the state. acquire sets busy, and release
// frees a state that was closed while it was busy.
type state struct {
	specs []engine.Feature // never changed

	mu        sync.Mutex
	busy      bool
	closed    bool
	abandoned chan struct{} // closed when an abandoned prediction has ended

	model *model
	obj   *objc.Object
}

// newState makes a state whose buffers are zero. It takes a share in m. A
// function without states gets one without an object, so that callers need not
// ask.
func newState(m *model, specs []engine.Feature) (*state, error) {
	s := &state{specs: specs, model: m.retain()}
	if len(specs) == 0 {
		return s, nil
	}
	obj, err := makeState(m)
	if err != nil {
		m.release()
		return nil, err
	}
	s.obj = obj
	return s, nil
}

// makeState asks the framework for a state of the model, whose buffers are
// zero. By the naming rules of Objective-C the caller owns what newState
// returns, and Take adopts it.
func makeState(m *model) (obj *objc.Object, err error) {
	if err := needStates(); err != nil {
		return nil, err
	}
	objc.WithPool(func() { obj, err = objc.Take(m.obj.ID(), objc.MLModel.NewState) })
	return obj, failed("new state", err)
}

// needStates says whether the system has states.
func needStates() error {
	return need("states", objc.MLModel.NewState, objc.MLModel.PredictState, objc.MLState.GetMultiArray, objc.MLModelDescription.States)
}

// acquire takes the state for one call. It returns ErrBusy at once when another
// call has the state: two uses at a time are a mistake of the program, and
// waiting would hide it. Only after abandon does it wait.
func (s *state) acquire(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return fmt.Errorf("state is %w", ErrClosed)
		}
		if !s.busy {
			s.busy = true
			s.mu.Unlock()
			return nil
		}
		wait := s.abandoned
		s.mu.Unlock()
		if wait == nil {
			return ErrBusy
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// abandon says that the call that has the state will not return for it: whoever
// comes waits until release. The caller still has the state and gives it back
// by release, from another goroutine.
func (s *state) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = make(chan struct{})
}

// release ends a call. Those who wait are woken after busy is false, and
// compete for it.
func (s *state) release() {
	s.mu.Lock()
	s.busy = false
	if s.abandoned != nil {
		close(s.abandoned)
		s.abandoned = nil
	}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		s.free()
	}
}

// Close gives the state back, or lets the call that is using it do so at its
// end. Further calls do nothing. It does not wait for a prediction.
func (s *state) Close() error {
	s.mu.Lock()
	free := !s.closed && !s.busy
	s.closed = true
	s.mu.Unlock()
	if free {
		s.free()
	}
	return nil
}

// free gives state and model back, in this order. Nobody uses them any more.
func (s *state) free() {
	s.obj.Close()
	s.model.release()
}

// find returns the description of a buffer. The framework raises for a name that
// it does not know.
func (s *state) find(name string) (*engine.Feature, error) {
	for k := range s.specs {
		if s.specs[k].Name == name {
			return &s.specs[k], nil
		}
	}
	return nil, fmt.Errorf("there is no state %s", name)
}

// fit makes the state one of the model m: as it is when m made it, and else by
// copying the buffers into a new one, because nothing says that a state serves
// several models. The caller has acquired it. This lets a conversation continue
// in another function of a package. The old model loses a share, as the copy
// needs it no more. On an error the state is what it was.
func (s *state) fit(m *model, specs []engine.Feature) error {
	if s.model == m {
		return nil
	}
	if len(specs) != len(s.specs) {
		return fmt.Errorf("the state has %d buffers, the function needs %d", len(s.specs), len(specs))
	}
	for k := range specs {
		f, err := s.find(specs[k].Name)
		if err != nil {
			return err
		}
		if f.DType != specs[k].DType || !slices.Equal(f.Shape, specs[k].Shape) {
			return fmt.Errorf("state %s is %v %v, the function needs %v %v", f.Name, f.DType, f.Shape, specs[k].DType, specs[k].Shape)
		}
	}
	obj, err := makeState(m)
	if err != nil {
		return err
	}
	if err := copyBuffers(obj, s.obj, s.specs); err != nil {
		obj.Close()
		return err
	}
	s.free()
	s.obj, s.model = obj, m.retain()
	return nil
}

// copyBuffers copies the buffers of one state into another. The elements go
// through Go memory, since the padding of the two may differ.
func copyBuffers(dst, src *objc.Object, specs []engine.Feature) error {
	for k := range specs {
		t, err := readBuffer(src, &specs[k])
		if err != nil {
			return err
		}
		if err := writeBuffer(dst, &specs[k], t); err != nil {
			return err
		}
	}
	return nil
}

// withBuffer lets use access a buffer, which is valid meanwhile only. The
// handler runs before the send returns, on the same thread. A buffer of another
// type or shape than described is an error: the strides would lead elsewhere.
// The array must not be kept.
func withBuffer(obj *objc.Object, f *engine.Feature, use func(a objc.ID) error) error {
	return objc.WithPoolError(func() error {
		var err error
		get := objc.MLState.GetMultiArray
		e := objc.WithBlock(get, func(a, _, _ uintptr) {
			var d tensor.DType
			var l layout
			if d, l, err = arrayLayout(objc.ID(a)); err != nil {
				return
			}
			if d != f.DType || !slices.Equal(l.shape, f.Shape) {
				err = fmt.Errorf("the buffer is %v %v, described as %v %v", d, l.shape, f.DType, f.Shape)
				return
			}
			err = use(objc.ID(a))
		}, func(block uintptr) { objc.Send(obj.ID(), get, uintptr(objc.String(f.Name)), block) })
		if e != nil {
			err = failed("access the buffer", e)
		}
		if err != nil {
			return fmt.Errorf("state %s: %w", f.Name, err)
		}
		return nil
	})
}

// readBuffer copies a buffer of a state into a tensor.
func readBuffer(obj *objc.Object, f *engine.Feature) (t *tensor.Tensor, err error) {
	err = withBuffer(obj, f, func(a objc.ID) error { return takeArray(a, f.DType, 0, &t) })
	return t, err
}

// writeBuffer writes a dense tensor of the buffer's type and shape.
func writeBuffer(obj *objc.Object, f *engine.Feature, t *tensor.Tensor) error {
	raw, err := t.Bytes()
	if err != nil {
		return err
	}
	return withBuffer(obj, f, func(a objc.ID) error { return fillArray(a, f.DType.Size(), f.Shape, raw) })
}

// Read copies a buffer into a new tensor. The copy is dense, whatever the
// padding of the buffer.
func (s *state) Read(name string) (*tensor.Tensor, error) {
	f, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if err := s.acquire(context.Background()); err != nil {
		return nil, err
	}
	defer s.release()
	return readBuffer(s.obj, f)
}

// Write replaces a buffer's content, converting the elements. The shape must be
// the buffer's own; only the elements' type is converted.
func (s *state) Write(name string, t *tensor.Tensor) error {
	f, err := s.find(name)
	if err != nil {
		return err
	}
	if err := t.Err(); err != nil {
		return err
	}
	if !slices.Equal(t.Shape(), f.Shape) {
		return fmt.Errorf("state %s has shape %v, not %v: %w", name, f.Shape, t.Shape(), tensor.ErrShape)
	}
	if err := s.acquire(context.Background()); err != nil {
		return err
	}
	defer s.release()
	return writeBuffer(s.obj, f, t.To(f.DType).Contiguous())
}

// Clone returns a copy that lives on its own. Besides the copy it needs Go
// memory for one buffer at a time.
func (s *state) Clone() (engine.State, error) {
	if err := s.acquire(context.Background()); err != nil {
		return nil, err
	}
	defer s.release()
	c, err := newState(s.model, s.specs)
	if err != nil {
		return nil, err
	}
	if err := copyBuffers(c.obj, s.obj, s.specs); err != nil {
		return nil, joinClose(err, c)
	}
	return c, nil
}

// joinClose closes what an error leaves of no use.
func joinClose(err error, c interface{ Close() error }) error {
	if e := c.Close(); e != nil {
		return fmt.Errorf("%w; %w", err, e)
	}
	return err
}

// Reset fills every buffer with zero, padding included: all bytes zero are the
// number zero in each of the types.
func (s *state) Reset() error {
	if err := s.acquire(context.Background()); err != nil {
		return err
	}
	defer s.release()
	for k := range s.specs {
		err := withBuffer(s.obj, &s.specs[k], func(a objc.ID) error {
			return writeArray(a, func(mem []byte, _ []int) error {
				clear(mem)
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
