package gguf

import (
	"errors"
	"fmt"
)

// ErrFormat is wrapped by every error about a file that breaks the format, or that is in
// a form of it which is not read.
var ErrFormat = errors.New("malformed GGUF")

// FormatError says what is wrong with a file, and where.
type FormatError struct {
	// Offset is the place in the file in bytes, negative where none is meant.
	Offset int64
	// Reason says what is wrong.
	Reason string
}

// Error says what is wrong and where.
func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%v: %s", ErrFormat, e.Reason)
	}
	return fmt.Sprintf("%v: %s, at byte %d", ErrFormat, e.Reason, e.Offset)
}

// Unwrap returns [ErrFormat].
func (*FormatError) Unwrap() error { return ErrFormat }

// broken makes an error that has no place in the file.
func broken(format string, args ...any) error {
	return &FormatError{Offset: -1, Reason: fmt.Sprintf(format, args...)}
}
