package coreml

import (
	"errors"
	"fmt"
)

// A Model or State that no Load or NewState made, the zero value or a nil pointer,
// is what is left when the error of making one was not looked at. Its methods answer
// as those of a closed one do.
var (
	noProgram = closedProgram()
	noState   = closedState()

	errNoWriter     = errors.New("the writer is nil")
	errNoReader     = errors.New("the reader is nil")
	errNoFileSystem = errors.New("the file system is nil")
)

func closedProgram() *program {
	p := &program{desc: new(Description)}
	p.gate.close()
	return p
}

func closedState() *stateHandle {
	h := new(stateHandle)
	h.status.Store(stateClosed)
	return h
}

// program returns what the model consists of.
func (m *Model) program() *program {
	if m == nil || m.p == nil {
		return noProgram
	}
	return m.p
}

// handle returns what the state consists of.
func (s *State) handle() *stateHandle {
	if s == nil || s.h == nil {
		return noState
	}
	return s.h
}

// made refuses the state that nothing made.
func (h *stateHandle) made() error {
	if h == noState {
		return fmt.Errorf("state is %w", ErrClosed)
	}
	return nil
}
