package portable

import (
	"errors"

	"github.com/gocoreml/coreml/tensor"
)

var (
	errUnsupported = errors.New("operator is not supported")
	errShape       = errors.New("the shapes of the operands do not fit")
	// errFault is a mistake in the engine that was caught: an operand for which a
	// definition lacks a check.
	errFault = errors.New("internal fault")
)

// An operation that fails while a prediction runs does so because of what the
// prediction was given: shapes that do not fit, or values, such as an index outside
// of what is indexed. Its error is tensor.ErrShape or tensor.ErrValue too, so that
// a caller can tell.

func asShape(err error) error { return asAlso(err, tensor.ErrShape) }
func asValue(err error) error { return asAlso(err, tensor.ErrValue) }

func asAlso(err, also error) error {
	if errors.Is(err, errUnsupported) || errors.Is(err, errTypes) {
		return err
	}
	return &alsoError{err, also}
}

// alsoError is an error that is another one too, without naming it in its text.
type alsoError struct{ err, also error }

func (e *alsoError) Error() string   { return e.err.Error() }
func (e *alsoError) Unwrap() []error { return []error{e.err, e.also} }
