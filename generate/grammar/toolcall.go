package grammar

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/tokenizer"
)

// Tool is a function that a model may call.
type Tool struct {
	// Name is its name.
	Name string
	// Parameters is the JSON schema of its arguments, which are an object. Nothing
	// means any.
	Parameters json.RawMessage
}

// ToolCall returns the grammar of one call of one of some functions, written as pattern
// says, with arguments in the canonical form of their schemas ([JSONSchema]).
func ToolCall(pattern tokenizer.CallPattern, tools []Tool, opts *SchemaOptions) (*Grammar, error) {
	if len(tools) == 0 {
		return nil, errors.New("tool call: there is no function to call")
	}
	if opts == nil {
		opts = &SchemaOptions{}
	}
	b := rules.NewBuilder(rules.Limits{})
	fixed := func(text string) rules.Expr {
		if !pattern.ID {
			return b.Bytes(text)
		}
		letter := b.Class(rules.Range{Lo: '0', Hi: '9'}, rules.Range{Lo: 'A', Hi: 'Z'}, rules.Range{Lo: 'a', Hi: 'z'})
		var all []rules.Expr
		for k, part := range strings.Split(text, tokenizer.CallID) {
			if k > 0 {
				all = append(all, b.Repeat(letter, len(tokenizer.CallID), len(tokenizer.CallID)))
			}
			all = append(all, b.Bytes(part))
		}
		return b.Concat(all...)
	}
	var calls []rules.Expr
	for k, t := range tools {
		if t.Name == "" || !utf8.ValidString(t.Name) {
			return nil, fmt.Errorf("tool call: %s is no name of a function", quote.Name(t.Name, 60))
		}
		parameters := t.Parameters
		if len(parameters) == 0 {
			parameters = json.RawMessage(`true`)
		}
		// Arguments are an object, whatever the schema leaves open.
		parameters = fmt.Appendf(nil, `{"allOf": [{"type": "object"}, %s]}`, parameters)
		arguments, err := schema.Add(b, fmt.Sprintf("tool %d ", k), parameters, schema.Options{Narrow: opts.Narrow})
		if err != nil {
			return nil, fmt.Errorf("tool call: function %s: %w", quote.Name(t.Name, 60), public(err))
		}
		first, second := b.Bytes(t.Name), arguments
		if pattern.ArgumentsFirst {
			first, second = second, first
		}
		calls = append(calls, b.Concat(first, fixed(pattern.Between), second))
	}
	return build(b, b.Concat(fixed(pattern.Before), b.Or(calls...), fixed(pattern.After)), "tool call")
}
