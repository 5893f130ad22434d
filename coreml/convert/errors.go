package convert

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/storage"
)

// Errors that can be told apart with errors.Is.
var (
	// ErrFormat means that a checkpoint is broken or in a form that is not read.
	ErrFormat = checkpoint.ErrFormat
	// ErrUnsupported means that a model computes something that is not known here.
	ErrUnsupported = errors.New("not supported")
	// ErrOption means that an option is wrong, or does not fit the model.
	ErrOption = errors.New("option")
)

// Error says what of a model kept it from being converted.
type Error struct {
	// ModelType is the model_type of config.json.
	ModelType string
	// Field is the field of config.json, Tensor the tensor that is at fault; one of them
	// is empty.
	Field, Tensor string
	// Err says what is wrong with it.
	Err error
}

// Error names the model type and what is at fault.
func (e *Error) Error() string {
	where := "model_type " + storage.Quote(e.ModelType)
	switch {
	case e.Field != "":
		where += ", field " + storage.Quote(e.Field)
	case e.Tensor != "":
		where += ", tensor " + storage.Quote(e.Tensor)
	}
	return fmt.Sprintf("%s: %v", where, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// unsupported returns an error that is ErrUnsupported and reads as the text alone.
func unsupported(format string, args ...any) error {
	return storage.Also(fmt.Errorf(format, args...), ErrUnsupported)
}

// malformed returns an error that is ErrFormat and reads as the text alone.
func malformed(format string, args ...any) error {
	return storage.Also(fmt.Errorf(format, args...), ErrFormat)
}
