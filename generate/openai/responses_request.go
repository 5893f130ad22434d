package openai

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// responsesJob parses a request of responses.
func (x *exchange) responsesJob(o *object) (*job, error) {
	j, err := x.newJob(o)
	if err != nil {
		return nil, err
	}
	refuseCommon(o)
	o.refuse("responses are not kept: send the whole conversation as input, and store as false", "previous_response_id", "conversation", "store")
	o.refuse("a response is written while its request lasts", "background")
	o.refuse("prompts are not kept: send the whole conversation as input", "prompt")
	j.promptField = "input"
	j.sampleFields(o)
	j.endFields(o)
	j.limitFields(o, j.chatLimit(), "max_output_tokens")
	switch truncation := o.text("truncation"); truncation {
	case "", "disabled":
	case "auto":
		j.opts.Overflow = generate.OverflowDropTurns
	default:
		o.bad("truncation", "is %s, want auto or disabled", shown(truncation))
	}
	j.responseLogProbs(o)
	j.responseText(o)
	j.responseTools(o)
	j.templateFields(o)
	j.responseReasoning(o)
	j.inputField(o)
	return j, o.failed()
}

// responseLogProbs reads the log-probabilities that are wanted.
func (j *job) responseLogProbs(o *object) {
	n, _ := o.integer("top_logprobs", 0, generate.MaxLogProbs)
	for _, part := range o.texts("include", maxListed) {
		switch part {
		case "message.output_text.logprobs":
			j.opts.LogProbs = -1
			if n > 0 {
				j.opts.LogProbs = n
			}
		case "reasoning.encrypted_content": // thinking is given as it is
		default:
			o.fail(unsupported("include", "has %s, want message.output_text.logprobs alone", shown(part)))
		}
	}
}

// responseText reads the format of the text.
func (j *job) responseText(o *object) {
	r := &grammarReader{job: j, o: o}
	if text := o.object("text"); text != nil {
		if f := text.object("format"); f != nil {
			r.format(f, f)
			text.join(f)
		}
		o.join(text)
	}
	r.ownFields()
}

// responseReasoning reads how much the model thinks.
func (j *job) responseReasoning(o *object) {
	r := o.object("reasoning")
	if r == nil {
		return
	}
	if effort := r.text("effort"); effort != "" {
		if j.opts.Chat == nil {
			j.opts.Chat = j.to.Generator.ChatOptions()
		}
		if j.opts.Chat.Extra == nil {
			j.opts.Chat.Extra = map[string]any{}
		}
		j.effort(r, "effort", effort, func(name string, value any) { j.opts.Chat.Extra[name] = value })
	}
	o.join(r)
}

// responseTools reads the functions that the model may call.
func (j *job) responseTools(o *object) {
	for k, raw := range o.list("tools", maxTools) {
		tool, err := parseObject(raw, element("tools", k))
		if err != nil {
			o.fail(errorOf(err))
			return
		}
		if kind := tool.text("type"); tool.err == nil && kind != "function" {
			tool.fail(unsupported(tool.at("type"), "is %s, want function: the server has no tools of its own", shown(kind)))
		}
		checkFunction(tool)
		text, err := rawTool(tool.text("name"), tool.text("description"), tool.raw("parameters"))
		if err != nil {
			o.fail(errorOf(err))
		}
		j.opts.Tools = append(j.opts.Tools, text)
		if o.join(tool); o.err != nil {
			return
		}
	}
	j.callFields(o)
	if o.err != nil && o.err.param == "response_format" {
		o.err.param = "text.format"
	}
}

// inputField reads the conversation: a text, or items.
func (j *job) inputField(o *object) {
	b := &inputReader{c: conversation{job: j}}
	if text := o.text("instructions"); text != "" {
		b.c.messages = append(b.c.messages, tokenizer.Message{Role: "system", Content: text})
	}
	raw := o.raw("input")
	switch {
	case raw == nil:
		o.bad("input", "is missing")
		return
	case kindOfJSON(raw) == "a string":
		b.c.messages = append(b.c.messages, tokenizer.Message{Role: "user", Content: o.text("input")})
	default:
		list := o.list("input", maxMessages)
		if o.err == nil && len(list) == 0 {
			o.bad("input", "is empty")
		}
		for k, raw := range list {
			item, err := parseObject(raw, element("input", k))
			if err != nil {
				o.fail(errorOf(err))
				return
			}
			b.add(item)
			if o.join(item); o.err != nil {
				return
			}
		}
		b.end()
	}
	j.prompt.Messages, j.calls = b.c.messages, b.c.calls
	j.images(o, b.c.pictures)
}

// inputReader makes messages of items: thinking, text and calls of one turn of the model are
// items of their own, and parts of one message for its template.
type inputReader struct {
	c     conversation
	turn  *tokenizer.Message // of the model, nil between such turns
	calls []any
}

// own returns the message of the model's turn.
func (b *inputReader) own() *tokenizer.Message {
	if b.turn == nil {
		b.turn = &tokenizer.Message{Role: "assistant", Extra: map[string]any{}}
	}
	return b.turn
}

// end ends the model's turn.
func (b *inputReader) end() {
	if b.turn == nil {
		return
	}
	if len(b.calls) > 0 {
		b.turn.Extra["tool_calls"] = b.calls
	}
	if len(b.turn.Extra) == 0 {
		b.turn.Extra = nil
	}
	b.c.messages = append(b.c.messages, *b.turn)
	b.turn, b.calls = nil, nil
}

// add adds an item.
func (b *inputReader) add(item *object) {
	kind := item.text("type")
	if kind == "" && item.has("role") {
		kind = "message"
	}
	switch {
	case item.err != nil:
	case kind == "message" && item.text("role") == "assistant":
		var m tokenizer.Message
		if b.turn != nil && (b.turn.Content != "" || len(b.calls) > 0) {
			b.end()
		}
		m.Extra = b.own().Extra
		b.c.content(item, &m)
		b.own().Content = m.Content
	case kind == "message":
		b.end()
		b.c.add(item)
	case kind == "function_call":
		b.own()
		name := item.text("name")
		if item.err == nil && name == "" {
			item.bad("name", "is missing")
		}
		b.calls = append(b.calls, b.c.call(item.text("call_id"), name, argumentsOf(item)))
	case kind == "function_call_output":
		b.end()
		b.output(item)
	case kind == "reasoning":
		b.reasoning(item)
	default:
		item.fail(unsupported(item.at("type"), "is %s, want message, function_call, function_call_output or reasoning", shown(kind)))
	}
}

// output adds the result of a function.
func (b *inputReader) output(item *object) {
	id := item.text("call_id")
	m := tokenizer.Message{Role: "tool", Extra: map[string]any{"tool_call_id": id}}
	if name := b.c.names[id]; name != "" {
		m.Extra["name"] = name
	}
	if !item.has("output") {
		item.bad("output", "is missing")
		return
	}
	inner := &object{path: item.path, fields: map[string]json.RawMessage{"content": item.raw("output")}}
	b.c.content(inner, &m)
	if inner.err != nil {
		inner.err.param = strings.Replace(inner.err.param, ".content", ".output", 1)
	}
	item.join(inner)
	b.c.messages = append(b.c.messages, m)
}

// reasoning adds thinking.
func (b *inputReader) reasoning(item *object) {
	if b.turn != nil && (b.turn.Content != "" || len(b.calls) > 0) {
		b.end()
	}
	var texts []string
	for _, name := range []string{"content", "summary"} {
		for k, raw := range item.list(name, maxParts) {
			p, err := parseObject(raw, element(item.at(name), k))
			if err != nil {
				item.fail(errorOf(err))
				return
			}
			if text := p.text("text"); !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
			item.join(p)
		}
		if len(texts) > 0 {
			break
		}
	}
	if len(texts) > 0 {
		b.own().Extra["reasoning_content"] = strings.Join(texts, "\n")
	}
}
