package tokenizer

import (
	"context"
	"encoding/json"
	"strings"
)

// AnswerMessage is [Tokenizer.AnswerMessageWith] with the options of nil.
func (t *Tokenizer) AnswerMessage(ctx context.Context, text string, calls []ToolCall) Message {
	return t.AnswerMessageWith(ctx, text, calls, nil)
}

// AnswerMessageWith returns an answer as the message of the assistant that the chat
// template of the options reads on the next turn. Most templates write the arguments of
// calls from an object; those that put them into the text as they are get the text of
// that object.
//
// A few, such as those of DeepSeek V3, write calls only where the content is null, which
// messages have only where the options ask for version 4 of transformers: version 5
// leaves out what is null, and these templates fail then. The content is null in
// version 4, if the answer has no text. Otherwise it is the text and, behind it, the
// calls as the template would have written them, which both versions render alike; with
// SanitizeControlTokens they are as much of a text as all that messages hold. The field
// tool_calls is there in any case.
//
// What this takes is found out by rendering, once for a template, and ends with the
// context, or where the template takes more work than one of a model does; the message is
// the usual one then. Options of nil are the zero ones.
func (t *Tokenizer) AnswerMessageWith(ctx context.Context, text string, calls []ToolCall, opts *ChatOptions) Message {
	if len(calls) == 0 {
		return Message{Role: "assistant", Content: text}
	}
	if opts == nil {
		opts = &ChatOptions{}
	}
	t = t.made()
	ctx = background(ctx)
	aside := opts.aside(t.toolTemplate(opts))
	f := t.callForm(ctx, aside)
	if !f.null {
		return f.message(text, calls)
	}
	if text == "" && opts.Transformers == 4 {
		return f.nullMessage(calls)
	}
	if written, ok := t.writtenCalls(ctx, f, calls, aside); ok {
		text += written
	}
	return f.message(text, calls)
}

// callForm is how a chat template wants calls in messages.
type callForm struct {
	text bool // the arguments are the text of the object
	null bool // the content is null, or has the calls in it as they are written
}

// callForms are the forms in the order in which they are tried.
var callForms = []callForm{{}, {text: true}, {null: true}, {text: true, null: true}}

// shownCall is a call as OpenAI's interface has it, and shownFunction the function in it.
// Templates show the fields in this order, in which models have learned to write them.
type (
	shownCall struct {
		ID       string        `json:"id"`
		Type     string        `json:"type"`
		Function shownFunction `json:"function"`
	}
	shownFunction struct {
		Name      string `json:"name"`
		Arguments any    `json:"arguments"` // an object, or the text of one
	}
)

// message returns an answer with calls.
func (f callForm) message(text string, calls []ToolCall) Message {
	list := make([]any, 0, len(calls))
	for _, c := range calls {
		var arguments any = c.Arguments
		if f.text {
			arguments = string(c.Arguments)
		}
		list = append(list, shownCall{ID: c.ID, Type: "function", Function: shownFunction{Name: c.Name, Arguments: arguments}})
	}
	return Message{Role: "assistant", Content: text, Extra: map[string]any{"tool_calls": list}}
}

// nullMessage returns an answer with calls and a content that is null.
func (f callForm) nullMessage(calls []ToolCall) Message {
	m := f.message("", calls)
	m.Extra["content"] = nil
	return m
}

// probe is a text that no template has in it.
const probe = "\u2042"

// callForm returns the form in which the chat template of the options wants calls.
// Finding it out takes some renderings, so that it is kept, unless the context ended
// them.
func (t *Tokenizer) callForm(ctx context.Context, opts *ChatOptions) callForm {
	kept := &t.facts.of(opts.Template).forms[0]
	if opts.Transformers == 4 {
		kept = &t.facts.of(opts.Template).forms[1]
	}
	if known := kept.Load(); known != nil {
		return *known
	}
	f := t.findCallForm(ctx, opts)
	if ctx.Err() == nil {
		kept.Store(&f)
	}
	return f
}

// findCallForm returns the first form in which the chat template writes a call so that
// its argument can be seen, but for the way in which Python prints it. Where none is seen,
// it is the usual one.
func (t *Tokenizer) findCallForm(ctx context.Context, opts *ChatOptions) callForm {
	for _, f := range callForms {
		text, err := t.renderCall(ctx, f, opts)
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
func (t *Tokenizer) renderCall(ctx context.Context, f callForm, opts *ChatOptions) (string, error) {
	calls := []ToolCall{{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"` + probe + `": 1}`)}}
	m := f.message("", calls)
	if f.null {
		m = f.nullMessage(calls)
	}
	messages := []Message{
		{Role: "user", Content: "a"},
		m,
		{Role: "tool", Content: "b", Extra: map[string]any{"tool_call_id": calls[0].ID, "name": calls[0].Name}},
	}
	return t.renderAside(ctx, messages, f, opts)
}

// renderAside renders messages that a program has made, with a tool and, should that
// fail, without: a template may write calls without knowing of tools.
func (t *Tokenizer) renderAside(ctx context.Context, messages []Message, f callForm, opts *ChatOptions) (string, error) {
	tool := json.RawMessage(`{"type": "function", "function": {"name": "f", "description": "b",
		"parameters": {"type": "object", "properties": {"c": {"type": "integer", "description": "d"}}, "required": ["c"]}}}`)
	with := *opts
	with.Tools = []any{tool}
	if f.null {
		with.Transformers = 4 // version 5 leaves out what is null
	}
	text, err := t.applyTemplate(ctx, messages, &with, templateSteps)
	if err != nil {
		with.Tools = nil
		text, err = t.applyTemplate(ctx, messages, &with, templateSteps)
	}
	return text, err
}

// writtenCalls returns calls as the chat template writes them where the content is null:
// what it has in the place of a content. It reports false where that cannot be told.
func (t *Tokenizer) writtenCalls(ctx context.Context, f callForm, calls []ToolCall, opts *ChatOptions) (string, bool) {
	conversation := func(m Message) []Message { return []Message{{Role: "user", Content: "a"}, m} }
	called, err := t.renderAside(ctx, conversation(f.nullMessage(calls)), f, opts)
	if err != nil {
		return "", false
	}
	plain, err := t.renderAside(ctx, conversation(f.message(probe, calls)), f, opts)
	at := strings.LastIndex(plain, probe)
	if err != nil || at < 0 {
		return "", false
	}
	written, ok := strings.CutPrefix(called, plain[:at])
	// DeepSeek's templates leave out the mark of the end behind a single call.
	return strings.TrimSuffix(written, plain[at+len(probe):]), ok
}
