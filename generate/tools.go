package generate

import (
	"fmt"

	"github.com/gocoreml/coreml/tokenizer"
)

// toolReader finds the calls of functions in an answer. A nil one leaves the
// text as it is.
type toolReader struct {
	tok    *tokenizer.Tokenizer
	format tokenizer.ToolFormat
	parser *tokenizer.ToolParser
	calls  int // the calls so far, of which the ids are made
}

// newToolReader returns nil where there are no tools, or no known way to write
// their calls.
func newToolReader(tok *tokenizer.Tokenizer, opts *Options) *toolReader {
	if len(opts.Tools) == 0 {
		return nil
	}
	format := tok.ToolFormat()
	if format == "" {
		return nil
	}
	return &toolReader{tok: tok, format: format, parser: tokenizer.NewToolParser(format)}
}

// isText reports whether a token is part of the text. Special tokens are not,
// but for those that mark a call in the model's way to write calls: the parser
// must see them.
func (t *toolReader) isText(id int) bool {
	if t == nil || !t.tok.IsSpecial(id) {
		return true
	}
	token, ok := t.tok.IDToToken(id)
	return ok && t.format.IsMark(token)
}

// read takes the next part of the answer and returns what of it is text, and
// the calls that are whole; last ends the answer.
func (t *toolReader) read(text string, last bool) (string, []tokenizer.ToolCall) {
	if t == nil {
		return text, nil
	}
	text, calls := t.parser.Write(text)
	if last {
		rest, more := t.parser.Close()
		text += rest
		calls = append(calls, more...)
	}
	for i := range calls {
		t.calls++
		if calls[i].ID == "" {
			// Mistral's templates ask for nine letters or digits.
			calls[i].ID = fmt.Sprintf("call%05d", t.calls)
		}
	}
	return text, calls
}

// answerMessage is an answer as a message of the assistant, in the form that
// chat templates read.
func answerMessage(text string, calls []tokenizer.ToolCall) tokenizer.Message {
	m := tokenizer.Message{Role: "assistant", Content: text}
	if len(calls) == 0 {
		return m
	}
	list := make([]any, 0, len(calls))
	for _, c := range calls {
		list = append(list, map[string]any{
			"id": c.ID, "type": "function",
			"function": map[string]any{"name": c.Name, "arguments": c.Arguments},
		})
	}
	m.Extra = map[string]any{"tool_calls": list}
	return m
}
