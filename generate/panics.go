package generate

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// PanicError is what a panic has thrown in a goroutine that worked for a call, such as those
// of [Generator.Batch] and of the beams of [Generator.BeamSearch]. It is the value of the
// panic that the call ends with, in the goroutine of its caller, when the others have
// ended and all states are back; those that were being written to are not used again.
type PanicError struct {
	// Value is what was thrown, and Stack the stack of the goroutine that threw it.
	Value any
	Stack []byte
}

// Error has the value and the stack.
func (p *PanicError) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap returns the value where it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// thrown is what a goroutine ended with in place of a return: a panic, or runtime.Goexit
// where that is nil.
type thrown struct{ panicked *PanicError }

// guard calls f and hands over what it throws. A goroutine that f has ended by
// runtime.Goexit ends nevertheless.
func guard(f func(), caught func(*thrown)) {
	whole := false
	defer func() {
		switch v := recover(); {
		case whole:
		case v == nil:
			caught(new(thrown))
		default:
			caught(&thrown{&PanicError{Value: v, Stack: debug.Stack()}})
		}
	}()
	f()
	whole = true
}

// raise throws it again. A nil one is nothing.
func (t *thrown) raise() {
	switch {
	case t == nil:
	case t.panicked == nil:
		runtime.Goexit()
	default:
		panic(t.panicked)
	}
}
