package tokenizer

import (
	"encoding/json"

	"github.com/gocoreml/coreml/tokenizer/internal/chat"
)

// ToolCall is a call of a function that a model asks for.
type ToolCall struct {
	// ID is the name that the model gave the call, often none.
	ID string
	// Name is the name of the function.
	Name string
	// Arguments is a JSON object.
	Arguments json.RawMessage
}

// ToolFormat is how a family of models writes calls.
type ToolFormat string

// The formats.
const (
	// ToolsHermes is <tool_call>{"name": …, "arguments": …}</tool_call>, as
	// Hermes, Qwen and SmolLM3 write it, and the form of Qwen with one tag for
	// each parameter.
	ToolsHermes ToolFormat = "hermes"
	// ToolsLlama is an answer that is {"name": …, "parameters": …}, with or
	// without <|python_tag|> before it, as Llama 3.1 and later write it.
	ToolsLlama ToolFormat = "llama"
	// ToolsMistral is [TOOL_CALLS] with a list of calls, or with a name and its
	// arguments, as Mistral's models write it.
	ToolsMistral ToolFormat = "mistral"
)

// ToolFormat returns the format that the chat template suggests, empty where
// it suggests none.
func (t *Tokenizer) ToolFormat() ToolFormat {
	t = t.made()
	text := t.config.ChatTemplate
	if other, ok := t.config.ChatTemplates["tool_use"]; ok {
		text = other
	}
	return ToolFormat(chat.Suggested(text))
}

// IsMark reports whether a special token is one that calls are written with in
// the format, which a [Decoder] that feeds a [ToolParser] has to keep.
func (f ToolFormat) IsMark(token string) bool { return chat.IsMark(string(f), token) }

// ToolParser finds calls in an answer that arrives in parts. Feed it the texts
// of a [Decoder] that keeps special tokens: the marks of some formats are such
// tokens. It belongs to one answer and is not safe for concurrent use.
type ToolParser struct{ parser chat.Parser }

// NewToolParser returns a parser for a new answer. A format that is empty or
// unknown finds no calls.
func NewToolParser(format ToolFormat) *ToolParser {
	return &ToolParser{chat.NewParser(string(format), chat.Options{})}
}

// ParseToolCalls returns the calls in a whole answer and the text around them.
func ParseToolCalls(format ToolFormat, answer string) (text string, calls []ToolCall) {
	p := NewToolParser(format)
	text, calls = p.Write(answer)
	rest, more := p.Close()
	return text + rest, append(calls, more...)
}

// Write takes the next part of the answer. It returns the text that is no part
// of a call and the calls that have become whole. Text that may begin a call
// is held back.
func (p *ToolParser) Write(part string) (text string, calls []ToolCall) {
	if p == nil { // there is no format in which calls are written
		return part, nil
	}
	found := p.parser.Write(part)
	return found.All, toolCalls(found.Calls)
}

// Close ends the answer. A call that has no end, or that is malformed, is
// returned as the text that it is.
func (p *ToolParser) Close() (text string, calls []ToolCall) {
	if p == nil {
		return "", nil
	}
	found := p.parser.Close()
	return found.All, toolCalls(found.Calls)
}

// toolCalls gives calls the type of this package.
func toolCalls(found []chat.Call) (calls []ToolCall) {
	for _, call := range found {
		calls = append(calls, ToolCall(call))
	}
	return calls
}
