package chat

import (
	"slices"
	"strings"
)

// format is how a family of models writes calls.
type format struct {
	name string
	// marks are the special tokens that calls are written with.
	marks []string
	// suits reports whether a chat template is of this format.
	suits func(template string) bool
	// open finds where the next call starts and the mark that it starts with.
	// Without one it returns -1 and how much at the end of the text to hold
	// back, because it may begin a call.
	open func(p *Parser) (at int, mark string, held int)
	// read reads what follows the mark, and where the calls end.
	read func(p *Parser) (calls []Call, end int, result progress)
}

// formats are the known ones, in the order in which a template is asked: those
// with a mark of their own go before those that share one with others.
var formats = []*format{mistral, hermes, llama}

// noFormat finds no calls.
var noFormat = &format{open: func(*Parser) (int, string, int) { return -1, "", 0 }}

// formatOf returns the format of a name.
func formatOf(name string) *format {
	for _, f := range formats {
		if f.name == name {
			return f
		}
	}
	return noFormat
}

// Suggested returns the name of the format that a chat template suggests, empty
// where it suggests none.
func Suggested(template string) string {
	for _, f := range formats {
		if f.suits(template) {
			return f.name
		}
	}
	return ""
}

// IsMark reports whether a special token is one that calls are written with in a
// format.
func IsMark(name, token string) bool { return slices.Contains(formatOf(name).marks, token) }

// behind returns the opening of a format whose calls always follow a mark.
func behind(mark string) func(p *Parser) (int, string, int) {
	return func(p *Parser) (int, string, int) { return p.find(mark) }
}

// naming returns the test for templates that have a text in them.
func naming(text string) func(template string) bool {
	return func(template string) bool { return strings.Contains(template, text) }
}
