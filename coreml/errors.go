package coreml

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// The reasons for which a call fails. Errors of this package wrap one of them
// where it applies; their text says what was expected.
var (
	// ErrClosed: the model or the state has been closed.
	ErrClosed = errors.New("already closed")
	// ErrNoEngine: the engine that was asked for does not exist on this system.
	ErrNoEngine = errors.New("no such engine on this system")
	// ErrCompiledModel: the path is a compiled model (.mlmodelc), which only the
	// framework can load. The portable engine needs the package it was made from.
	ErrCompiledModel = modelpkg.ErrCompiled
	// ErrNotPackage: the path holds nothing like a model package.
	ErrNotPackage = modelpkg.ErrNotPackage
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
		return fmt.Sprintf("output buffer %q: %v", e.Name, e.Err)
	}
	return fmt.Sprintf("input %q: %v", e.Name, e.Err)
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
		where = fmt.Sprintf("function %q: ", e.Function)
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

// fail prefixes err once with the package and the operation.
func fail(op string, err error) error { return fmt.Errorf("coreml: %s: %w", op, err) }

// engineError gives an engine's error the types of this package.
func engineError(err error) error {
	var ops interface {
		error
		UnsupportedOps() (function string, ops []string)
	}
	switch {
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
