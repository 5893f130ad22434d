package jinja

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gocoreml/coreml/internal/quote"
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
	// Msg says what is wrong. For a [RaisedError] it is what the template says,
	// as it says it, up to a bound; it can hold anything there, such as the
	// escape sequences of a terminal. In other errors what comes from a
	// template is escaped.
	Msg string
	// Line and Column are the place in the template, counted from 1; 0 where
	// it is not known.
	Line, Column int
}

// Error returns the kind, the place and the message. What a template says is
// quoted, so that the text can be shown on a terminal.
func (e *Error) Error() string {
	msg := quote.Text(e.Msg, maxMessage)
	if e.Kind == RaisedError {
		msg = strconv.Quote(e.Msg)
	}
	if e.Line == 0 {
		return fmt.Sprintf("chat template: %s: %s", e.Kind, msg)
	}
	return fmt.Sprintf("chat template: line %d, column %d: %s: %s", e.Line, e.Column, e.Kind, msg)
}

// maxMessage is the length in bytes of the longest message of an error, and
// maxCited that of a text from a template in one.
const (
	maxMessage = 2000
	maxCited   = 200
)

// fail returns an error without a place. A text among args is cut to maxCited,
// and nothing that a terminal would obey is left in the message.
func fail(kind, format string, args ...any) error {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = brief(text)
		}
	}
	return &Error{Kind: kind, Msg: quote.Text(fmt.Sprintf(format, args...), maxMessage)}
}

// raised returns the error of raise_exception. Its message stays as it is,
// because callers may want to know it; Error quotes it.
func raised(text string) error { return &Error{Kind: RaisedError, Msg: quote.Cut(text, maxMessage)} }

// brief returns a text as it is cited in a message: its beginning, if it is
// long.
func brief(s string) string { return quote.Cut(s, maxCited) }

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

// maxNesting bounds how deeply statements and expressions may be nested.
const maxNesting = 200
