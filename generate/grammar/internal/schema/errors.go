package schema

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/quote"
)

// Error says which part of a schema cannot be used, and why.
type Error struct {
	// Keyword is the name of the keyword, such as "uniqueItems"; empty where the schema
	// as a whole is meant.
	Keyword string
	// Pointer is the JSON pointer of the schema object that has the keyword; empty for
	// the root.
	Pointer string
	// Reason says what is wrong and what may be done.
	Reason string
	// Unsupported tells a schema outside of the subset that is compiled, or too large
	// to be, from one that is no schema.
	Unsupported bool
}

// Error implements error.
func (e *Error) Error() string {
	place := "at the root of the schema"
	if e.Pointer != "" {
		place = "at " + quote.Name(e.Pointer, 200)
	}
	switch {
	case e.Keyword == "" && e.Pointer == "":
		return "the schema " + e.Reason
	case e.Keyword == "":
		return fmt.Sprintf("the schema %s %s", place, e.Reason)
	}
	return fmt.Sprintf("keyword %s %s %s", quote.Name(e.Keyword, 60), place, e.Reason)
}

// invalid is the error of a keyword with a value that JSON schema does not allow.
func (n *node) invalid(keyword, format string, args ...any) error {
	return &Error{Keyword: keyword, Pointer: n.pointer(), Reason: fmt.Sprintf(format, args...)}
}

// unsupported is the error of a keyword outside of the subset.
func (n *node) unsupported(keyword, format string, args ...any) error {
	return &Error{Keyword: keyword, Pointer: n.pointer(), Reason: fmt.Sprintf(format, args...), Unsupported: true}
}

// quoted is a text of the schema for a message.
func quoted(s string) string { return quote.Name(s, 120) }
