package tokenizer

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// AnswerMessage returns an answer as the message of the assistant that the chat
// template reads on the next turn. Most templates write the arguments of calls from an
// object; those that put them into the text as they are get the text of that object. A
// few look for calls only where the content is null, which messages can have only where
// [ChatOptions] ask for version 4 of transformers. The context bounds the rendering that
// finds this out.
func (t *Tokenizer) AnswerMessage(ctx context.Context, text string, calls []ToolCall) Message {
	if len(calls) == 0 {
		return Message{Role: "assistant", Content: text}
	}
	return t.made().callForm(background(ctx)).message(text, calls)
}

// callForm is how a chat template wants calls in messages.
type callForm struct {
	text bool // the arguments are the text of the object
	null bool // an empty content is null
}

// callForms are the forms in the order in which they are tried.
var callForms = []callForm{{}, {text: true}, {null: true}, {text: true, null: true}}

// message returns an answer with calls.
func (f callForm) message(text string, calls []ToolCall) Message {
	list := make([]any, 0, len(calls))
	for _, c := range calls {
		var arguments any = c.Arguments
		if f.text {
			arguments = string(c.Arguments)
		}
		list = append(list, map[string]any{
			"id": c.ID, "type": "function",
			"function": map[string]any{"name": c.Name, "arguments": arguments},
		})
	}
	m := Message{Role: "assistant", Content: text, Extra: map[string]any{"tool_calls": list}}
	if f.null && text == "" {
		m.Extra["content"] = nil
	}
	return m
}

// probe is a key that no template has in it.
const probe = "\u2042"

// callForm returns the form in which the chat template wants calls. Finding it out takes
// some renderings, so that it is kept, unless the context ended them.
func (t *Tokenizer) callForm(ctx context.Context) callForm {
	if known := t.form.Load(); known != nil {
		return *known
	}
	f := t.findCallForm(ctx)
	if ctx.Err() == nil {
		t.form.Store(&f)
	}
	return f
}

// findCallForm returns the first form in which the chat template writes a call so that
// its argument can be seen, but for the way in which Python prints it. Where none is seen,
// it is the usual one.
func (t *Tokenizer) findCallForm(ctx context.Context) callForm {
	for _, f := range callForms {
		text, err := t.renderCall(ctx, f)
		seen := strings.Contains(text, probe) && !strings.Contains(text, "'"+probe+"'")
		if f.text { // not as a string of JSON
			seen = strings.Contains(text, `{"`+probe+`": 1}`)
		}
		if err == nil && seen {
			return f
		}
	}
	return callForm{}
}

// renderCall renders a conversation with one call and its result.
func (t *Tokenizer) renderCall(ctx context.Context, f callForm) (string, error) {
	call := ToolCall{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"` + probe + `": 1}`)}
	tool := json.RawMessage(`{"type": "function", "function": {"name": "f", "description": "b",
		"parameters": {"type": "object", "properties": {"c": {"type": "integer", "description": "d"}}, "required": ["c"]}}}`)
	messages := []Message{
		{Role: "user", Content: "a"},
		f.message("", []ToolCall{call}),
		{Role: "tool", Content: "b", Extra: map[string]any{"tool_call_id": call.ID, "name": call.Name}},
	}
	opts := &ChatOptions{Tools: []any{tool}}
	if f.null {
		opts.Transformers = 4 // version 5 leaves out what is null
	}
	text, err := t.ApplyChatTemplate(ctx, messages, opts)
	if err != nil { // it may write calls without knowing of tools
		opts.Tools = nil
		text, err = t.ApplyChatTemplate(ctx, messages, opts)
	}
	return text, err
}

// usualPromptTime is how long a chat template may take to write a short prompt. Those of
// models take a millisecond.
const usualPromptTime = 250 * time.Millisecond

// usualPrompt returns a prompt of the chat template, empty where it cannot write one.
func (t *Tokenizer) usualPrompt() string {
	ctx, cancel := context.WithTimeout(context.Background(), usualPromptTime)
	defer cancel()
	text, err := t.ApplyChatTemplate(ctx, []Message{{Role: "user", Content: "a"}}, &ChatOptions{AddGenerationPrompt: true})
	if err != nil {
		return "" // a template that cannot write this can still write other messages
	}
	return text
}
