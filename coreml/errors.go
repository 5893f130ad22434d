package coreml

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// The reasons for which a call fails. Errors of this package wrap one of them
// where it applies; their text says what was expected.
var (
	// ErrClosed: the model or the state has been closed.
	ErrClosed = errors.New("already closed")
	// ErrNoEngine: the engine that was asked for does not exist on this system.
	ErrNoEngine = errors.New("no such engine on this system")
	// ErrUnsupportedOS: the running system's Core ML is too old for the package or
	// for what was asked of it. States need macOS 15.
	ErrUnsupportedOS = engine.ErrUnsupportedOS
	// ErrCompiledModel: the path is a compiled model (.mlmodelc) that the portable
	// engine does not read. It reads those of ML Programs and of pipelines of them; a
	// [CompiledModelError] says which other kind it is, and other errors what is wrong.
	ErrCompiledModel = modelpkg.ErrCompiled
	// ErrNotPackage: the path holds nothing like a model package.
	ErrNotPackage = modelpkg.ErrNotPackage
	// ErrWrongFile: a file is of another kind than it should be, such as an archive,
	// a text or a web page; the error's text says which and what to do.
	ErrWrongFile = storage.ErrWrongFile
	// ErrLFSPointer: a file is the stand-in that Git LFS leaves where the file
	// itself was not downloaded. Such errors are ErrWrongFile too.
	ErrLFSPointer = storage.ErrLFSPointer
	// ErrNotRegular: a folder, a named pipe, a device or a socket lies where a file
	// is expected. It is not opened.
	ErrNotRegular = storage.ErrNotRegular
	// ErrFileChanged: a file of the model was shortened, or replaced in place, while
	// the model was open. The model is of no use any more: close it and load it
	// again.
	ErrFileChanged = storage.ErrFault
	// ErrUnknownFunction: the package has no function of the name that
	// [Config.Function] asks for.
	ErrUnknownFunction = modelpkg.ErrFunction
	// ErrUnsupportedModel: the engine cannot execute models or features of this
	// kind at all.
	ErrUnsupportedModel = errors.New("unsupported by the engine")
	// ErrUnsupportedOp: the program has operations that the engine does not
	// execute. The error is an [*UnsupportedOpsError].
	ErrUnsupportedOp = errors.New("unsupported operation")

	// ErrUnknownFeature: the model has no feature of that name.
	ErrUnknownFeature = errors.New("no such feature")
	// ErrMissingFeature: a required input was not given, or Features hold no value
	// of the name asked for.
	ErrMissingFeature = errors.New("feature is missing")
	// ErrKind: a value is of another kind than the feature's.
	ErrKind = errors.New("kind of value does not fit")
	// ErrShape: a shape is not one that the feature allows. It is the error of
	// the same name in package tensor.
	ErrShape = tensor.ErrShape
	// ErrDType: an element type does not fit. It is the error of the same name in
	// package tensor.
	ErrDType = tensor.ErrDType

	// ErrStateRequired: the function keeps state and Predict was given none.
	ErrStateRequired = errors.New("the function needs a state")
	// ErrStateMismatch: a state, or a saved one, is not of the model's kind.
	ErrStateMismatch = errors.New("state does not fit")
	// ErrStateBusy: another call is using the state at the moment.
	ErrStateBusy = errors.New("state is in use by another call")
	// ErrStateFailed: a prediction failed or was cancelled half-way, so that the
	// state's buffers may be from before, after or in between. See [State.Err].
	ErrStateFailed = errors.New("state was left half-way by a failed prediction")
)

// InputError says which of the values that were given to [Model.Predict] was
// refused.
type InputError struct {
	// Name is the feature's name.
	Name string
	// Output is true for an output buffer of [PredictOptions], false for an
	// input.
	Output bool
	// Err says what was expected and wraps one of the errors of this package.
	Err error
}

// Error names the feature and says what was expected.
func (e *InputError) Error() string {
	if e.Output {
		return fmt.Sprintf("output buffer %s: %v", mil.Quote(e.Name), e.Err)
	}
	return fmt.Sprintf("input %s: %v", mil.Quote(e.Name), e.Err)
}

// Unwrap returns Err.
func (e *InputError) Unwrap() error { return e.Err }

// UnsupportedOpsError lists every operation of a program that the engine does
// not execute.
type UnsupportedOpsError struct {
	// Function is the function that has them; empty when the engine did not say.
	Function string
	// Ops are the operators, each once: the name, such as lstm, with what the
	// engine says of the place, such as the opset and the first operation.
	Ops []string
	// Err is what the engine said.
	Err error
}

// Error lists the operators.
func (e *UnsupportedOpsError) Error() string {
	where := ""
	if e.Function != "" {
		where = fmt.Sprintf("function %s: ", mil.Quote(e.Function))
	}
	return where + "operations that the engine does not execute: " + strings.Join(e.Ops, ", ")
}

// Unwrap returns [ErrUnsupportedOp] and what the engine said.
func (e *UnsupportedOpsError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrUnsupportedOp}
	}
	return []error{ErrUnsupportedOp, e.Err}
}

// CompiledModelError says why a compiled model (.mlmodelc) is for Core ML alone. It is
// [ErrCompiledModel] and [ErrUnsupportedModel].
type CompiledModelError struct {
	// What is what the folder holds, such as a neural network with its type, or an
	// encrypted model.
	What string
	// Err is the whole error.
	Err error
}

// Error returns the text of Err.
func (e *CompiledModelError) Error() string {
	if e.Err == nil { // one that this package did not make
		return "the compiled model is " + e.What
	}
	return e.Err.Error()
}

// Unwrap returns Err, [ErrCompiledModel] and [ErrUnsupportedModel].
func (e *CompiledModelError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrCompiledModel, ErrUnsupportedModel}
	}
	return []error{e.Err, ErrCompiledModel, ErrUnsupportedModel}
}

// FrameworkError is an error that Core ML itself gave: an NSError, or a result
// that it left out without saying why.
type FrameworkError struct {
	// Domain and Code are the NSError's. In the domain com.apple.CoreML the codes
	// are those of MLModelError: 0 generic, 1 feature type, 3 input or output, 4
	// custom layer, 5 custom model, 6 update, 7 parameters, 8 and 9 decryption, 10
	// model collection, 11 prediction cancelled. Domain is empty when Core ML gave
	// no NSError.
	Domain string
	Code   int
	// Description says what went wrong and Reason why; Reason may be empty.
	Description, Reason string
	// Err is the whole error with what was being done.
	Err error
}

// Error returns the text of Err.
func (e *FrameworkError) Error() string {
	if e.Err == nil { // one that this package did not make
		return fmt.Sprintf("%s error %d: %s", e.Domain, e.Code, e.Description)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *FrameworkError) Unwrap() error { return e.Err }

// fail prefixes err once with the package and the operation.
func fail(op string, err error) error { return fmt.Errorf("coreml: %s: %w", op, err) }

// engineError gives an engine's error the types of this package.
func engineError(err error) error {
	var ops interface {
		error
		UnsupportedOps() (function string, ops []string)
	}
	var framework engine.FrameworkError
	var unchanged *engine.UnchangedError
	if errors.As(err, &unchanged) {
		err = unchanged.Err
	}
	var refused *engine.FeatureError
	var compiled *modelpkg.CompiledError
	switch {
	case errors.As(err, &compiled):
		return &CompiledModelError{What: compiled.What, Err: err}
	case errors.As(err, &refused):
		return &InputError{Name: refused.Name, Output: refused.Output, Err: refused.Err}
	case errors.As(err, &framework):
		e := &FrameworkError{Err: err}
		e.Domain, e.Code, e.Description, e.Reason = framework.NSError()
		return e
	case errors.As(err, &ops):
		function, names := ops.UnsupportedOps()
		return &UnsupportedOpsError{Function: function, Ops: slices.Clone(names), Err: err}
	case errors.Is(err, modelpkg.ErrNotProgram):
		return &alsoError{err, ErrUnsupportedModel}
	}
	return err
}

// alsoError is an error that is another one too, without naming it in its text.
type alsoError struct{ err, also error }

func (e *alsoError) Error() string   { return e.err.Error() }
func (e *alsoError) Unwrap() []error { return []error{e.err, e.also} }
