package op

import (
	"errors"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/tensor"
)

// An operation that fails while a prediction runs does so because of what the
// prediction was given: shapes that do not fit, or values, such as an index outside
// of what is indexed. Its error is tensor.ErrShape or tensor.ErrValue too, so that
// a caller can tell.

// AsShape makes err an error of shapes.
func AsShape(err error) error { return asAlso(err, tensor.ErrShape) }

// AsValue makes err an error of values.
func AsValue(err error) error { return asAlso(err, tensor.ErrValue) }

// asAlso leaves alone what is no fault of the prediction: an operator's variant that the
// engine does not have, or a program whose types contradict each other.
func asAlso(err, also error) error {
	if errors.Is(err, array.ErrUnsupported) || errors.Is(err, errTypes) {
		return err
	}
	return &alsoError{err, also}
}

// alsoError is an error that is another one too, without naming it in its text.
type alsoError struct{ err, also error }

func (e *alsoError) Error() string { return e.err.Error() }

func (e *alsoError) Unwrap() []error { return []error{e.err, e.also} }
