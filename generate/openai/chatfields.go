package openai

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

const (
	// maxMessages bounds the messages of a request, and maxParts the parts of a message.
	maxMessages = 16384
	maxParts    = 1024
	// maxVariables bounds the variables of the chat template.
	maxVariables = 64
)

// messageFields reads a conversation in the form of chat completions.
func (j *job) messageFields(o *object) {
	j.promptField = "messages"
	list := o.list("messages", maxMessages)
	if o.err == nil && len(list) == 0 {
		o.bad("messages", "is missing or empty")
		return
	}
	c := &conversation{job: j}
	for k, raw := range list {
		m, err := parseObject(raw, element("messages", k))
		if err != nil {
			o.fail(errorOf(err))
			return
		}
		c.add(m)
		if o.join(m); o.err != nil {
			return
		}
	}
	j.prompt.Messages = c.messages
	j.calls = c.calls
	j.images(o, c.pictures)
}

// conversation is what the messages of a request come to.
type conversation struct {
	job      *job
	messages []tokenizer.Message
	pictures []placedPicture
	calls    int
	// names are those of the functions that were called, by the ids of the calls: some
	// templates want the name with the result.
	names map[string]string
}

// add adds a message.
func (c *conversation) add(m *object) {
	role := m.text("role")
	switch {
	case m.err != nil:
		return
	case role == "":
		m.bad("role", "is missing")
		return
	case role == "developer": // OpenAI's newer name
		role = "system"
	case role == "function":
		m.fail(unsupported(m.at("role"), "is function, of an interface that OpenAI has given up; results have the role tool"))
		return
	}
	out := tokenizer.Message{Role: role, Extra: map[string]any{}}
	c.content(m, &out)
	m.refuse("sounds are not served", "audio")
	for name, raw := range m.fields {
		switch name {
		case "role", "content", "tool_calls", "refusal", "audio", "annotations", "function_call":
		default:
			out.Extra[name] = raw
		}
	}
	if m.has("tool_calls") {
		out.Extra["tool_calls"] = c.toolCalls(m)
	}
	if role == "tool" {
		c.result(m, &out)
	}
	if len(out.Extra) == 0 {
		out.Extra = nil
	}
	c.messages = append(c.messages, out)
}

// result completes the result of a function.
func (c *conversation) result(m *object, out *tokenizer.Message) {
	id := m.text("tool_call_id")
	if m.err == nil && !m.has("content") {
		m.bad("content", "is missing")
	}
	if name := c.names[id]; name != "" && !m.has("name") {
		out.Extra["name"] = name
	}
}

// content reads a text, or parts of which some may be pictures.
func (c *conversation) content(m *object, out *tokenizer.Message) {
	if raw := m.raw("content"); raw == nil || kindOfJSON(raw) == "a string" {
		out.Content = m.text("content")
		return
	}
	var texts []string
	var parts []any
	pictures := 0
	for k, raw := range m.list("content", maxParts) {
		p, err := parseObject(raw, element(m.at("content"), k))
		if err != nil {
			m.fail(errorOf(err))
			return
		}
		switch kind := p.text("type"); kind {
		case "text", "input_text", "output_text":
			text := p.text("text")
			texts = append(texts, text)
			parts = append(parts, textPart{"text", text})
		case "refusal":
			texts = append(texts, p.text("refusal"))
			parts = append(parts, textPart{"text", p.text("refusal")})
		case "image_url", "input_image":
			pictures++
			c.picture(p)
			parts = append(parts, imagePart{"image"})
		default:
			p.fail(unsupported(p.at("type"), "is %s, want text or image_url", shown(kind)))
		}
		if m.join(p); m.err != nil {
			return
		}
	}
	if pictures == 0 {
		// Most templates write a text only.
		out.Content = strings.Join(texts, "\n")
		return
	}
	out.Extra["content"] = parts
}

// The parts of a message as chat templates read them.
type (
	textPart struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	imagePart struct {
		Type string `json:"type"`
	}
)

// callPart is a call of a function as chat templates read it.
type callPart struct {
	ID       string           `json:"id,omitempty"`
	Type     string           `json:"type"`
	Function callFunctionPart `json:"function"`
}

type callFunctionPart struct {
	Name      string `json:"name"`
	Arguments any    `json:"arguments"` // an object, or a text that is none
}

// toolCalls reads the calls of an answer.
func (c *conversation) toolCalls(m *object) []any {
	var out []any
	for k, raw := range m.list("tool_calls", maxTools) {
		call, err := parseObject(raw, element(m.at("tool_calls"), k))
		if err != nil {
			m.fail(errorOf(err))
			return nil
		}
		f := call.object("function")
		if f == nil {
			call.bad("function", "is missing")
			m.join(call)
			return nil
		}
		name := f.text("name")
		arguments := argumentsOf(f)
		if f.err == nil && name == "" {
			f.bad("name", "is missing")
		}
		call.join(f)
		out = append(out, c.call(call.text("id"), name, arguments))
		if m.join(call); m.err != nil {
			return nil
		}
	}
	return out
}

// call notes a call and returns it as templates read it.
func (c *conversation) call(id, name string, arguments any) callPart {
	c.calls++
	if c.names == nil {
		c.names = map[string]string{}
	}
	c.names[id] = name
	return callPart{id, "function", callFunctionPart{name, arguments}}
}

// argumentsOf reads the arguments of a call: OpenAI's interface has the text of an object,
// from which most templates read the object.
func argumentsOf(f *object) any {
	raw := f.raw("arguments")
	if kindOfJSON(raw) == "an object" {
		return raw
	}
	text := f.text("arguments")
	inner := bytes.TrimSpace([]byte(text))
	if kindOfJSON(inner) == "an object" && checkJSON(inner) == nil {
		return json.RawMessage(inner)
	}
	if text == "" {
		return json.RawMessage("{}")
	}
	return text
}

// templateFields reads what the chat template is given besides.
func (j *job) templateFields(o *object) {
	opts, given := j.to.Generator.ChatOptions(), false
	if opts.Extra == nil {
		opts.Extra = map[string]any{}
	}
	set := func(name string, value any) { opts.Extra[name], given = value, true }
	for _, name := range []string{"enable_thinking", "documents"} {
		if raw := o.raw(name); raw != nil {
			set(name, raw)
		}
	}
	if effort := o.text("reasoning_effort"); effort != "" {
		j.effort(o, "reasoning_effort", effort, set)
	}
	if vars := o.object("chat_template_kwargs"); vars != nil {
		if len(vars.fields) > maxVariables {
			o.bad("chat_template_kwargs", "has %d variables, want %d at most", len(vars.fields), maxVariables)
		}
		for name, raw := range vars.fields {
			set(name, raw)
		}
	}
	if text := o.text("chat_template"); text != "" {
		opts.Template, given = text, true
	}
	if o.flag("continue_final_message") {
		opts.ContinueFinalMessage, given = true, true
	}
	if o.has("add_generation_prompt") && !o.flag("add_generation_prompt") && !opts.ContinueFinalMessage {
		o.fail(unsupported("add_generation_prompt", "an answer begins behind the prompt for one, unless continue_final_message is true"))
	}
	if given {
		j.opts.Chat = opts
	}
	if n, ok := o.integer("reasoning_budget", -1, maxLimit); ok {
		j.opts.ReasoningBudget = n
	}
	for _, name := range []string{"thinking_budget_tokens", "thinking_token_budget"} {
		if n, ok := o.integer(name, -1, maxLimit); ok {
			j.thinkAtMost(n)
		}
	}
}

// thinkAtMost bounds the thinking as other servers say it: 0 is none, and below 0 is no bound.
func (j *job) thinkAtMost(n int) {
	switch {
	case n == 0:
		n = -1
	case n < 0:
		n = 0
	}
	j.opts.ReasoningBudget = n
}

// effort reads how much the model thinks: templates that know it are told, and none is
// none for all models.
func (j *job) effort(o *object, name, effort string, set func(name string, value any)) {
	switch effort {
	case "none":
		set("enable_thinking", false)
		j.opts.ReasoningBudget = -1
	case "minimal", "low", "medium", "high", "xhigh", "max":
		set("enable_thinking", true)
		set("reasoning_effort", effort)
	default:
		o.bad(name, "is %s, want none, minimal, low, medium or high", shown(effort))
	}
}
