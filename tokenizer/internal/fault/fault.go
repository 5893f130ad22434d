// Package fault has the error that every part of a tokenizer can be refused with,
// and how messages quote what a file says.
package fault

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/quote"
)

// Unsupported says that a tokenizer asks for a component, or an option of
// one, that this package does not have. It is never skipped silently, because
// the ids would be wrong.
type Unsupported struct {
	// Component is the kind of component: "model", "normalizer",
	// "pre-tokenizer", "post-processor", "decoder", "pattern" or "option".
	Component string
	// Name is the name that the file gives.
	Name string
}

// Error returns a message that names the component.
func (e *Unsupported) Error() string {
	return fmt.Sprintf("tokenizer: unsupported %s %s", e.Component, quote.Name(e.Name, maxQuoted))
}

// maxQuoted bounds what messages quote of a file.
const maxQuoted = 80

// Clip shortens a text of a file for a message, which quotes it.
func Clip(s string) string { return quote.Cut(s, maxQuoted) }
