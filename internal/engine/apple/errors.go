//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

// Errors of the engine itself.
var (
	// ErrClosed means that the program or the state has been closed.
	ErrClosed = errors.New("already closed")
	// ErrBusy means that another call is using the state.
	ErrBusy = errors.New("state is in use by another call")
	// ErrMissing means that the framework gave no result where one was due.
	ErrMissing = errors.New("the framework gave no result")
)

// Code is a number of Core ML's own error domain, MLModelError. The errors of
// this package match it: errors.Is(err, apple.PredictionCancelled).
//
//nolint:errname // it is Core ML's number, and an error only so that errors.Is finds it
type Code int

// The codes of Core ML's error domain.
//
//nolint:errname // named like Core ML's
const (
	Generic             Code = objc.MLModelErrorGeneric
	FeatureType         Code = objc.MLModelErrorFeatureType
	IO                  Code = objc.MLModelErrorIO
	CustomLayer         Code = objc.MLModelErrorCustomLayer
	CustomModel         Code = objc.MLModelErrorCustomModel
	Update              Code = objc.MLModelErrorUpdate
	Parameters          Code = objc.MLModelErrorParameters
	DecryptionKeyFetch  Code = objc.MLModelErrorModelDecryptionKeyFetch
	Decryption          Code = objc.MLModelErrorModelDecryption
	ModelCollection     Code = objc.MLModelErrorModelCollection
	PredictionCancelled Code = objc.MLModelErrorPredictionCancelled
)

// codeNames says in words what a number of MLModelError.h means. A code that
// came later is shown by its number.
var codeNames = map[Code]string{
	Generic: "generic error", FeatureType: "a feature's type does not fit", IO: "a file cannot be read or written",
	CustomLayer: "custom layer", CustomModel: "custom model", Update: "update of a model", Parameters: "parameters of a model",
	DecryptionKeyFetch: "the key of an encrypted model cannot be fetched", Decryption: "an encrypted model cannot be decrypted",
	ModelCollection: "collection of models", PredictionCancelled: "the prediction was cancelled",
}

// Error describes the code.
func (c Code) Error() string {
	if s, ok := codeNames[c]; ok {
		return "core ML: " + s
	}
	return fmt.Sprintf("core ML: error %d", int(c))
}

// Error is what the framework answered when something failed. It implements
// engine.FrameworkError. It is what a caller of the API finds with errors.As to
// see the framework's own words. NS has been copied out of the NSError and is
// safe to keep.
type Error struct {
	// Op is what was asked for, such as compile, load, predict.
	Op string
	// NS is the framework's error; nil when it gave none.
	NS *objc.Error
	// Core is true when the error is of Core ML's own domain, so that its number
	// is a [Code].
	Core bool
	// Err is the cause in Go's terms: NS, or that the result was missing.
	Err error
}

// Error names the operation and gives the framework's own text.
func (e *Error) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error's [Code].
func (e *Error) Is(target error) bool {
	c, ok := target.(Code) // one link of the chain: errors.Is walks it
	return ok && e.Core && e.NS.Code == int64(c)
}

// NSError returns the parts of the framework's error.
func (e *Error) NSError() (domain string, code int, description, reason string) {
	if e.NS == nil {
		return "", 0, e.Err.Error(), ""
	}
	return e.NS.Domain, int(e.NS.Code), e.NS.Description, e.NS.FailureReason
}

var _ engine.FrameworkError = (*Error)(nil)

// failed says what op was refused with. An error of the framework becomes an
// *Error, a method that the system lacks engine.ErrUnsupportedOS. A nil error
// stays nil, so that a result can be passed through as it comes.
func failed(op string, err error) error {
	var ns *objc.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, objc.ErrUnavailable):
		return fmt.Errorf("%s: %w: %w", op, engine.ErrUnsupportedOS, err)
	case errors.As(err, &ns):
		return &Error{Op: op, NS: ns, Core: ns.Domain == errorDomain(), Err: err}
	case errors.Is(err, objc.ErrNoResult), errors.Is(err, ErrMissing):
		return &Error{Op: op, Err: err}
	}
	return fmt.Errorf("%s: %w", op, err)
}

// cancelled joins the end of a context to an error that it may have caused. A
// cancellation without an ended context was the framework's own and stays as it
// is.
func cancelled(ctx context.Context, err error) error {
	if err == nil {
		return ctx.Err()
	}
	if e := ctx.Err(); e != nil && errors.Is(err, PredictionCancelled) {
		return fmt.Errorf("%w: %w", e, err)
	}
	return err
}

// need says that a system is too old when it lacks a method. The rest of the
// package may call a method without asking only after need, or Available, has
// said that it is there: a message to an object that does not have the method
// raises.
func need(what string, methods ...*objc.Method) error {
	for _, m := range methods {
		if m.Available() {
			continue
		}
		if v := m.MinMacOS(); !v.IsZero() {
			return fmt.Errorf("%s: %w: it needs macOS %s for %s", what, engine.ErrUnsupportedOS, v, m)
		}
		return fmt.Errorf("%s: %w: it has no %s", what, engine.ErrUnsupportedOS, m)
	}
	return nil
}

// errorDomain returns the name of Core ML's own error domain. It is a constant
// of the framework's library, read when an error is at hand.
func errorDomain() (name string) {
	objc.WithPool(func() { name = objc.GoString(objc.CoreML.ErrorDomain.ID()) })
	return name
}
