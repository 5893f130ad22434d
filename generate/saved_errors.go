package generate

import (
	"errors"
)

var (
	// ErrSaved means that a file is no saved session, or was damaged. The error is a
	// [*SavedError].
	ErrSaved = errors.New("not a saved session, or damaged")
	// ErrSavedMismatch means that a saved session belongs to another model, tokenizer or
	// driver, or is of another version. The error is a [*SavedError].
	ErrSavedMismatch = errors.New("the saved session does not fit")
	// ErrNotSaved means that a session holds what cannot be written to a file. The error
	// is a [*SavedError].
	ErrNotSaved = errors.New("the session cannot be saved")
)

// SavedError is an [ErrSaved], an [ErrSavedMismatch] or an [ErrNotSaved].
type SavedError struct {
	// Part says what is wrong or differs: "model", "tokenizer", "driver", "version",
	// "checksum", "header", or a buffer.
	Part string
	// Reason says what is wrong with it, by its name.
	Reason string
	// Err is the cause, nil where there is none.
	Err error

	kind error
}

// Error returns the reason.
func (e *SavedError) Error() string { return e.kind.Error() + ": " + e.Reason }

// Unwrap returns the kind and the cause.
func (e *SavedError) Unwrap() []error { return causes(e.kind, e.Err) }
