package jinja

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gocoreml/coreml/internal/quote"
)

// The kinds of errors, named after the Python exceptions that the reference
// implementation raises in the same place. Callers can tell by them what to do: a
// RaisedError is the template's own refusal, which belongs to whoever wrote the
// messages, a LimitError speaks of a hostile or broken template, and all others of a
// template that does not fit its data.
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

// Error returns the kind, the place and the message. What a template says is quoted,
// so that the text can be shown on a terminal. Only the message of a refusal can
// hold anything; all others were made printable by fail.
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

// fail returns an error without a place. A text among args is cut to maxCited, and
// nothing that a terminal would obey is left in the message. Errors are made without
// a place because most functions do not know one. The node around them adds its own
// by pos.at, the innermost first.
func fail(kind, format string, args ...any) error {
	for i, arg := range args {
		if text, ok := textOf(arg); ok {
			// A cut of the whole message would lose what stands behind a long name.
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

// pos is a place in a template. 32 bits are enough: the source is bounded by
// maxSource. Every node has one, so its size matters.
type pos struct{ line, col int32 }

// at gives an error the place p, unless it has one. An error of the context is no
// *Error and stays as it is.
func (p pos) at(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Line == 0 {
		e.Line, e.Column = int(p.line), int(p.col)
	}
	return err
}

// maxNesting bounds how deeply statements and expressions may be nested. It also
// bounds how deep values are gone into when they are compared or written. Python's
// own limit is 1000 frames, of which jinja2 takes several for each level of a
// template; published templates stay below 20.
const maxNesting = 200
