package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// The codes of a failed request.
const (
	// A client may try another engine.
	codeUnsupported = "unsupported" // an operator, type or feature that the engine lacks
	codeBadInput    = "bad_input"   // a name, shape, type or number in the request
	codeBadModel    = "bad_model"   // a file that is missing or malformed
	codeCancelled   = "cancelled"   // a cancel request, or the end of the server
	codeTimeout     = "timeout"     // the request took longer than it may
	codeInternal    = "internal"
)

// codedError is an error whose code is known.
type codedError struct {
	code string
	err  error
}

// Error returns the text of the error.
func (e *codedError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *codedError) Unwrap() error { return e.err }

// badInput gives the code of a mistake in the request to an error that has no code
// yet.
func badInput(err error) error {
	var coded *codedError
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return &codedError{codeBadInput, err}
}

// badInputf makes an error about the request.
func badInputf(format string, args ...any) error {
	return &codedError{codeBadInput, fmt.Errorf(format, args...)}
}

// markedError is an error that passes for another one without its text.
type markedError struct {
	text string
	mark error
}

// Error returns the text.
func (e *markedError) Error() string { return e.text }

// Unwrap returns the error that it passes for.
func (e *markedError) Unwrap() error { return e.mark }

// markedf makes an error that passes for mark: code that asks errors.Is goes on as
// before, and people read a better text.
func markedf(mark error, format string, args ...any) error {
	return &markedError{fmt.Sprintf(format, args...), mark}
}

// loadError gives an error of loading its code: what is not of the caller's
// making is the file's.
func loadError(err error) error {
	switch {
	case errors.Is(err, coreml.ErrUnsupportedOp), errors.Is(err, coreml.ErrUnsupportedModel), errors.Is(err, coreml.ErrNoAdapters):
		return &codedError{codeUnsupported, err}
	case errors.Is(err, coreml.ErrUnknownFunction), errors.Is(err, coreml.ErrNoEngine), errors.Is(err, coreml.ErrAdapter):
		return &codedError{codeBadInput, err}
	}
	return &codedError{codeBadModel, err}
}

// errorCode returns the code of an error.
func errorCode(err error) string {
	var coded *codedError
	var input *coreml.InputError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, coreml.ErrUnsupportedOp), errors.Is(err, coreml.ErrUnsupportedModel):
		return codeUnsupported
	case errors.As(err, &input):
		return codeBadInput
	}
	// What the library refuses in a request, by its own sentinels.
	for _, bad := range []error{
		coreml.ErrStateRequired, coreml.ErrStateMismatch, coreml.ErrStateFailed, coreml.ErrUnknownFeature, coreml.ErrMissingFeature,
		coreml.ErrKind, tensor.ErrShape, tensor.ErrDType, tensor.ErrValue, fs.ErrNotExist,
	} {
		if errors.Is(err, bad) {
			return codeBadInput
		}
	}
	return codeInternal
}
