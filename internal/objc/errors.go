package objc

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of this layer. Core ML's own are [*Error].
var (
	// ErrNotLoaded is returned where the runtime is needed before Load succeeded.
	ErrNotLoaded = errors.New("objc: the Objective-C runtime is not loaded")

	// ErrUnavailable is wrapped by the errors of sends that were not made because
	// the running system lacks the class or the method.
	ErrUnavailable = errors.New("objc: not available on this system")

	// ErrNoResult is wrapped where a method returned nil and no error either.
	ErrNoResult = errors.New("objc: no result and no error")

	// ErrNotCalled is returned when a method came back without calling its block.
	ErrNotCalled = errors.New("objc: the block was not called")

	// ErrNil is returned where a collection would hold nil.
	ErrNil = errors.New("objc: nil in a collection")

	// ErrType is wrapped where an object is not of the class that it was read as.
	ErrType = errors.New("objc: object of another class")
)

// Error is an NSError, copied.
type Error struct {
	// Domain names the framework or library that the code belongs to.
	Domain string
	// Code is the error's number in its domain.
	Code int64
	// Description is the localised description.
	Description string
	// FailureReason is the localised reason, "" if there is none.
	FailureReason string
	// Underlying is the error that caused this one, nil if there is none.
	Underlying *Error
}

// Error returns domain, code, description and reason in one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", e.Domain, e.Code)
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	}
	if e.FailureReason != "" && e.FailureReason != e.Description {
		b.WriteString(" (" + e.FailureReason + ")")
	}
	if e.Underlying != nil {
		b.WriteString(": " + e.Underlying.Error())
	}
	return b.String()
}

// Unwrap returns the underlying error, so that errors.As and errors.Is reach it.
func (e *Error) Unwrap() error {
	if e.Underlying == nil {
		return nil
	}
	return e.Underlying
}

// Is reports whether the target is an *Error of the same domain and code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error) //nolint:errorlint // Is compares one link of the chain, by its contract.
	return ok && t.Domain == e.Domain && t.Code == e.Code
}

// PanicError is a panic of a block's handler, which may not cross the frames of
// the framework that called it.
type PanicError struct {
	// Value is what the handler panicked with.
	Value any
	// Stack is where it did.
	Stack string
}

// Error returns the panic's value; the stack is apart.
func (e *PanicError) Error() string { return fmt.Sprintf("objc: panic in a block: %v", e.Value) }

// LoadError is a library that could not be loaded.
type LoadError struct {
	// Library is the name or path that was tried.
	Library string
	// Err is the loader's reason.
	Err error
}

// Error names the library and the reason.
func (e *LoadError) Error() string { return fmt.Sprintf("objc: load %s: %v", e.Library, e.Err) }

// Unwrap returns the loader's reason.
func (e *LoadError) Unwrap() error { return e.Err }

// Gap is a row of the table that the running system lacks or declares otherwise.
type Gap struct {
	// Name is the class, method, function or constant.
	Name string
	// MinMacOS is the first macOS that should have it, zero if all should.
	MinMacOS Version
	// Problem says what is wrong.
	Problem Problem
	// Want and Got are the encodings, where those differ.
	Want, Got string
	// Expected is true where the running system is known to be older than MinMacOS.
	Expected bool
}

// Problem says in what way a row of the table and the running system disagree.
type Problem uint8

// The ways of disagreeing.
const (
	ClassAbsent Problem = iota + 1
	MethodAbsent
	EncodingDiffers
	FunctionAbsent
	SymbolAbsent
)

// String describes the problem.
func (p Problem) String() string {
	switch p {
	case ClassAbsent:
		return "the class is absent"
	case MethodAbsent:
		return "the method is absent"
	case EncodingDiffers:
		return "the types differ"
	case FunctionAbsent:
		return "the function is absent"
	case SymbolAbsent:
		return "the constant is absent"
	}
	return "unknown problem"
}

// String is one line for people.
func (g Gap) String() string {
	s := g.Name + ": " + g.Problem.String()
	if g.Problem == EncodingDiffers {
		s += fmt.Sprintf(" (want %s, got %s)", g.Want, g.Got)
	}
	if !g.MinMacOS.IsZero() {
		s += ", macOS " + g.MinMacOS.String()
	}
	if g.Expected {
		s += ", expected on this system"
	}
	return s
}
