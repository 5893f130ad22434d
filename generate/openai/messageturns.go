package openai

import (
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// turnFields reads a conversation in the form of Anthropic's interface: the system prompt
// beside the messages, and messages of blocks.
func (j *job) turnFields(o *object) {
	j.promptField = "messages"
	list := o.list("messages", maxMessages)
	if o.err == nil && len(list) == 0 {
		o.bad("messages", "is missing or empty")
	}
	c := &turnReader{conversation: conversation{job: j}, o: o}
	if o.has("system") {
		c.system()
	}
	for k, raw := range list {
		m, err := parseObject(raw, element("messages", k))
		if err != nil {
			o.fail(errorOf(err))
			return
		}
		c.message(m)
		if o.join(m); o.err != nil {
			return
		}
	}
	c.flush()
	c.last()
	j.prompt.Messages = c.messages
	j.calls = c.calls
	j.images(o, c.pictures)
}

// turnReader makes messages of chat templates of those of Anthropic's interface: messages of
// one side that follow each other are one, and the result of a call is one of its own.
type turnReader struct {
	conversation
	o *object
	// turn is what came last, not yet among the messages.
	turn turn
}

// turn is one side's part of a conversation.
type turn struct {
	role     string
	texts    []string
	thinking []string
	calls    []any
	parts    []any // the texts and pictures, for templates that place pictures
	pictures int
}

// system reads the prompt beside the messages.
func (c *turnReader) system() {
	texts, _ := c.plain(c.o, "system")
	c.messages = append(c.messages, tokenizer.Message{Role: "system", Content: strings.Join(texts, "\n")})
}

// plain reads a text, or blocks of text alone.
func (c *turnReader) plain(o *object, name string) (texts []string, ok bool) {
	if kindOfJSON(o.raw(name)) == "a string" {
		return []string{o.text(name)}, true
	}
	for k, raw := range o.list(name, maxParts) {
		b, err := parseObject(raw, element(o.at(name), k))
		if err != nil {
			o.fail(errorOf(err))
			return nil, false
		}
		switch kind := b.text("type"); {
		case b.err != nil:
		case kind == "text":
			texts = append(texts, b.text("text"))
		case kind == "document":
			texts = append(texts, document(b))
		default:
			b.fail(unsupported(b.at("type"), "is %s, want text", shown(kind)))
		}
		if o.join(b); o.err != nil {
			return nil, false
		}
	}
	return texts, true
}

// document reads a document, which has to be a text.
func document(b *object) string {
	s := b.object("source")
	if s == nil {
		b.bad("source", "is missing")
		return ""
	}
	defer b.join(s)
	if kind := s.text("type"); kind != "text" {
		s.fail(unsupported(s.at("type"), "is %s, want text", shown(kind)))
		return ""
	}
	return s.text("data")
}

// message reads a message.
func (c *turnReader) message(m *object) {
	role := m.text("role")
	switch {
	case m.err != nil:
		return
	case role != "user" && role != "assistant" && role != "system":
		m.bad("role", "is %s, want user or assistant", shown(role))
		return
	case !m.has("content"):
		m.bad("content", "is missing")
		return
	}
	if role != c.turn.role {
		c.flush()
		c.turn.role = role
	}
	if kindOfJSON(m.raw("content")) == "a string" {
		c.text(m.text("content"))
		return
	}
	for k, raw := range m.list("content", maxParts) {
		b, err := parseObject(raw, element(m.at("content"), k))
		if err != nil {
			m.fail(errorOf(err))
			return
		}
		c.block(b)
		if m.join(b); m.err != nil {
			return
		}
	}
}

// text adds a text to the turn.
func (c *turnReader) text(s string) {
	c.turn.texts = append(c.turn.texts, s)
	c.turn.parts = append(c.turn.parts, textPart{"text", s})
}

// block reads a block of a message.
func (c *turnReader) block(b *object) {
	kind, role := b.text("type"), c.turn.role
	switch {
	case b.err != nil:
	case kind == "text":
		c.text(b.text("text"))
	case kind == "document" && role == "user":
		c.text(document(b))
	case kind == "image" && role == "user":
		c.turn.pictures++
		c.turn.parts = append(c.turn.parts, imagePart{"image"})
		c.image(b)
	case kind == "tool_result" && role == "user":
		c.toolResult(b)
	case kind == blockThinking && role == "assistant":
		c.turn.thinking = append(c.turn.thinking, b.text("thinking"))
	case kind == "redacted_thinking" && role == "assistant":
		// What only its author can read.
	case kind == blockCall && role == "assistant":
		c.toolUse(b)
	case kind == "":
		b.bad("type", "is missing")
	default:
		b.fail(unsupported(b.at("type"), "is %s, which a message of %s cannot have here", shown(kind), role))
	}
}

// image reads a picture.
func (c *turnReader) image(b *object) {
	s := b.object("source")
	if s == nil {
		if b.err == nil {
			b.bad("source", "is missing")
		}
		return
	}
	defer b.join(s)
	if kind := s.text("type"); kind != "base64" {
		s.fail(unsupported(s.at("type"), "is %s, want base64: nothing is fetched for a client", shown(kind)))
		return
	}
	if media := s.text("media_type"); media != "image/png" && media != "image/jpeg" {
		s.fail(unsupported(s.at("media_type"), "is %s, want image/png or image/jpeg", shown(media)))
		return
	}
	data := s.text("data")
	if s.err == nil {
		c.base64(s, s.at("data"), data)
	}
}

// toolUse reads a call of the model's.
func (c *turnReader) toolUse(b *object) {
	id, name := b.text("id"), b.text("name")
	switch input := b.object("input"); {
	case b.err != nil:
	case id == "" || name == "":
		b.bad("id", "or the name is missing")
	case input == nil:
		b.bad("input", "is missing")
	default:
		c.turn.calls = append(c.turn.calls, c.call(id, name, b.raw("input")))
	}
}

// toolResult reads what a call returned: a message of its own, before what the user says.
func (c *turnReader) toolResult(b *object) {
	id := b.text("tool_use_id")
	if b.err == nil && id == "" {
		b.bad("tool_use_id", "is missing")
	}
	var texts []string
	if b.has("content") {
		texts, _ = c.plain(b, "content")
	}
	out := tokenizer.Message{Role: "tool", Content: strings.Join(texts, "\n"), Extra: map[string]any{"tool_call_id": id}}
	if name := c.names[id]; name != "" {
		out.Extra["name"] = name
	}
	if b.flag("is_error") {
		out.Extra["is_error"] = true
	}
	// Texts that came before it in the same turn come behind it.
	c.messages = append(c.messages, out)
}

// flush adds the turn to the messages.
func (c *turnReader) flush() {
	t := c.turn
	c.turn = turn{}
	out := tokenizer.Message{Role: t.role, Content: strings.Join(t.texts, "\n")}
	extra := map[string]any{}
	if t.pictures > 0 {
		out.Content, extra["content"] = "", t.parts
	}
	if len(t.calls) > 0 {
		extra["tool_calls"] = t.calls
	}
	if len(t.thinking) > 0 {
		extra["reasoning_content"] = strings.Join(t.thinking, "\n")
	}
	if len(extra) > 0 {
		out.Extra = extra
	}
	if len(t.texts) > 0 || out.Extra != nil {
		c.messages = append(c.messages, out)
	}
}

// last makes an answer that the conversation ends with the beginning of the next one.
func (c *turnReader) last() {
	if c.o.err != nil || len(c.messages) == 0 {
		return
	}
	m := c.messages[len(c.messages)-1]
	switch {
	case m.Role != "assistant":
	case m.Extra["tool_calls"] != nil:
		c.o.bad("messages", "end with a call of a tool, without what it returned")
	default:
		c.o.fields["continue_final_message"] = []byte("true")
	}
}
