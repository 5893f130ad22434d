// Package lineedit reads messages from a terminal: lines that can be edited, of which one
// message may have several, with a history that outlives the program.
//
// The editing is github.com/reeflective/readline's, with the key bindings that people know
// from GNU readline and what they have set in their inputrc. This package adds what a
// conversation needs: the end of a context ends the reading and leaves the terminal as it
// was, pasted text cannot command the terminal, and the history is a private file of
// bounded size.
package lineedit

import (
	"errors"
	"strings"
	"unicode"
)

// ErrInterrupt says that Ctrl-C was pressed in place of the end of a message.
var ErrInterrupt = errors.New("interrupted")

// Config says how messages are read. The zero value is one line without a history.
type Config struct {
	// History is what earlier messages are found in and new ones go to; nil means that of
	// this Editor alone.
	History *History
	// More reports whether a text goes on in another line when Enter is pressed, and what of
	// it stays then. Nil means that it never does.
	More func(text string) (stays string, more bool)
	// Complete returns what the word before the cursor may become: whole words, in the
	// order in which they are offered. Nil means nothing.
	Complete func(before string) []string
}

// Clean returns a text without the control characters that a terminal would obey, and
// with \n for every end of a line.
func Clean(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, text)
}
