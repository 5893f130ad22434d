package tokenizer

import (
	"context"
	"encoding/json"
	"strings"
)

// AnswerMessage returns an answer as the message of the assistant that the chat
// template reads on the next turn. Most templates write the arguments of calls from an
// object; those that put them into the text as they are, such as DeepSeek's, get the
// text of that object. The context bounds the rendering that finds out which.
func (t *Tokenizer) AnswerMessage(ctx context.Context, text string, calls []ToolCall) Message {
	m := Message{Role: "assistant", Content: text}
	if len(calls) == 0 {
		return m
	}
	asText := t.made().wantsText(background(ctx))
	m.Extra = map[string]any{"tool_calls": callList(calls, asText)}
	return m
}

// callList returns calls as messages have them.
func callList(calls []ToolCall, asText bool) []any {
	list := make([]any, 0, len(calls))
	for _, c := range calls {
		var arguments any = c.Arguments
		if asText {
			arguments = string(c.Arguments)
		}
		list = append(list, map[string]any{
			"id": c.ID, "type": "function",
			"function": map[string]any{"name": c.Name, "arguments": arguments},
		})
	}
	return list
}

// probeKey is the name of an argument that no template has in it.
const probeKey = "\u2042"

// wantsText reports whether the chat template wants the arguments of calls as a text.
// It does if it cannot write an object, or writes it as Python prints it, and
// writes the text as it is.
func (t *Tokenizer) wantsText(ctx context.Context) bool {
	object, err := t.probe(ctx, false)
	if err == nil && !strings.Contains(object, "'"+probeKey+"'") {
		return false
	}
	text, err := t.probe(ctx, true)
	return err == nil && strings.Contains(text, `{"`+probeKey+`": 1}`)
}

// probe renders a conversation with one call.
func (t *Tokenizer) probe(ctx context.Context, asText bool) (string, error) {
	call := ToolCall{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"` + probeKey + `": 1}`)}
	list := callList([]ToolCall{call}, asText)
	return t.ApplyChatTemplate(ctx, []Message{
		{Role: "user", Content: "a"},
		{Role: "assistant", Extra: map[string]any{"tool_calls": list}},
		{Role: "tool", Content: "b", Extra: map[string]any{"tool_call_id": call.ID, "name": call.Name}},
	}, &ChatOptions{Tools: []any{map[string]any{
		"type": "function", "function": map[string]any{
			"name": call.Name, "description": "c",
			"parameters": map[string]any{"type": "object", "properties": map[string]any{probeKey: map[string]any{"type": "integer", "description": "d"}}, "required": []any{probeKey}},
		},
	}}})
}
