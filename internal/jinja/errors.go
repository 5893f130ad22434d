package jinja

import (
	"errors"
	"fmt"
)

// The kinds of errors, named after the Python exceptions that the reference
// implementation raises in the same place.
const (
	SyntaxError    = "TemplateSyntaxError"
	RuntimeError   = "TemplateRuntimeError"
	RaisedError    = "TemplateError"
	UndefinedError = "UndefinedError"
	TypeError      = "TypeError"
	ValueError     = "ValueError"
	ZeroDivision   = "ZeroDivisionError"
	OverflowError  = "OverflowError"
	SecurityError  = "SecurityError"
	LimitError     = "LimitError"
)

// Error is what parsing or rendering fails with.
type Error struct {
	// Kind is one of the kinds of this package.
	Kind string
	// Msg says what is wrong.
	Msg string
	// Line and Column are the place in the template, counted from 1; 0 where
	// it is not known.
	Line, Column int
}

// Error returns the kind, the place and the message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("chat template: %s: %s", e.Kind, e.Msg)
	}
	return fmt.Sprintf("chat template: line %d, column %d: %s: %s", e.Line, e.Column, e.Kind, e.Msg)
}

// fail returns an error without a place.
func fail(kind, format string, args ...any) error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// pos is a place in a template.
type pos struct{ line, col int32 }

// at gives an error the place p, unless it has one.
func (p pos) at(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Line == 0 {
		e.Line, e.Column = int(p.line), int(p.col)
	}
	return err
}
