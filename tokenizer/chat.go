package tokenizer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
)

// Message is one message of a conversation. As JSON it is the object that chat
// interfaces use: role, content and whatever else a template understands, such
// as tool_calls.
type Message struct {
	// Role is "system", "user", "assistant", "tool" or what else the template
	// knows.
	Role string
	// Content is the text.
	Content string
	// Extra are further fields of the message. A field named content or role
	// takes the place of the one above: content may also be null or a list of
	// parts. The values are what JSON can hold. The keys of a map come in
	// sorted order; a json.RawMessage or a struct keeps its own.
	Extra map[string]any
}

// UnmarshalJSON reads a message. Fields other than role and a content that is
// a string go to Extra as json.RawMessage, so that they keep their order.
func (m *Message) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	*m = Message{}
	for key, raw := range fields {
		switch key {
		case "role":
			if json.Unmarshal(raw, &m.Role) == nil && string(raw) != "null" {
				continue
			}
		case "content":
			if json.Unmarshal(raw, &m.Content) == nil && string(raw) != "null" {
				continue
			}
		}
		if m.Extra == nil {
			m.Extra = map[string]any{}
		}
		m.Extra[key] = raw
	}
	return nil
}

// MarshalJSON writes the message as one object.
func (m Message) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range m.keys() {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.field(key))
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// keys returns the fields of a message in order.
func (m *Message) keys() []string {
	keys := []string{"role", "content"}
	for k := range m.Extra {
		if k != "role" && k != "content" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys[2:])
	return keys
}

func (m *Message) field(key string) any {
	if v, ok := m.Extra[key]; ok {
		return v
	}
	if key == "role" {
		return m.Role
	}
	return m.Content
}

// ChatOptions are the options of [Tokenizer.ApplyChatTemplate].
type ChatOptions struct {
	// AddGenerationPrompt ends the text where the answer of the model begins.
	AddGenerationPrompt bool
	// Tools describe the functions that the model may call, each as the JSON
	// schema object that the template expects. As in [Message].Extra, a
	// json.RawMessage or a struct keeps its order.
	Tools []any
	// Extra are further variables of the template, such as enable_thinking or
	// documents. They go before those of the tokenizer.
	Extra map[string]any
	// Template takes the place of the tokenizer's template: the name of one of
	// Config.ChatTemplates, or the text of a template.
	Template string
	// Now is the clock that templates see, time.Now if nil.
	Now func() time.Time
}

// templateCache keeps the template that was parsed last.
type templateCache struct {
	mu     sync.Mutex
	text   string
	parsed *jinja.Template
}

// parse parses a template, unless it is the one that is kept. The lock is not
// held meanwhile: others would wait for it without looking at their contexts.
func (c *templateCache) parse(ctx context.Context, text string) (*jinja.Template, error) {
	c.mu.Lock()
	known, parsed := c.text == text, c.parsed
	c.mu.Unlock()
	if known && parsed != nil {
		return parsed, nil
	}
	parsed, err := jinja.Parse(ctx, text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.text, c.parsed = text, parsed
	c.mu.Unlock()
	return parsed, nil
}

// HasChatTemplate reports whether the tokenizer brings a chat template.
func (t *Tokenizer) HasChatTemplate() bool { return t.config.ChatTemplate != "" }

// template returns the text of the template that the options ask for.
func (t *Tokenizer) template(opts *ChatOptions) string {
	if opts.Template != "" {
		if text, ok := t.config.ChatTemplates[opts.Template]; ok {
			return text
		}
		return opts.Template
	}
	if len(opts.Tools) > 0 {
		if text, ok := t.config.ChatTemplates["tool_use"]; ok {
			return text
		}
	}
	return t.config.ChatTemplate
}

// ApplyChatTemplate writes a conversation as the text that the model was
// trained on. The text has the special tokens in it: encode it without adding
// them again. Options of nil are the zero ones.
//
// It fails with [ErrNoChatTemplate] where there is none and with a
// [*TemplateError] where the template does. A template cannot hang or fill the
// memory: its steps, the text that it touches and the memory that it takes are
// bounded, so that the worst one ends after a few seconds with a TemplateError
// of the kind LimitError. A context that ends is obeyed before that, in the
// middle of a long text too, and its error returned; nil is
// [context.Background].
func (t *Tokenizer) ApplyChatTemplate(ctx context.Context, messages []Message, opts *ChatOptions) (string, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if opts == nil {
		opts = &ChatOptions{}
	}
	text := t.template(opts)
	if text == "" {
		return "", ErrNoChatTemplate
	}
	parsed, err := t.templates.parse(ctx, text)
	if err != nil {
		return "", templateError(err)
	}
	vars, err := t.chatVars(ctx, messages, opts)
	if err != nil {
		return "", fmt.Errorf("tokenizer: chat template: %w", err)
	}
	out, err := parsed.Render(ctx, vars, &jinja.Options{Now: opts.Now})
	if err != nil {
		return "", templateError(err)
	}
	return out, nil
}

// chatVars returns the variables of a template.
func (t *Tokenizer) chatVars(ctx context.Context, messages []Message, opts *ChatOptions) (*jinja.Dict, error) {
	list := jinja.NewList()
	for i := range messages {
		m := jinja.NewDict()
		for _, key := range messages[i].keys() {
			v, err := jinja.FromGo(ctx, messages[i].field(key))
			if err != nil {
				return nil, fmt.Errorf("message %d: %s: %w", i, key, err)
			}
			m.Set(key, v)
		}
		list.Items = append(list.Items, m)
	}
	vars := jinja.NewDict()
	vars.Set("messages", list)
	vars.Set("tools", nil)
	vars.Set("documents", nil)
	vars.Set("add_generation_prompt", opts.AddGenerationPrompt)
	if len(opts.Tools) > 0 {
		tools, err := jinja.FromGo(ctx, opts.Tools)
		if err != nil {
			return nil, fmt.Errorf("tools: %w", err)
		}
		vars.Set("tools", tools)
	}
	c := t.config
	for _, token := range []struct{ name, text string }{
		{"bos_token", c.BOSToken},
		{"eos_token", c.EOSToken},
		{"unk_token", c.UnkToken},
		{"pad_token", c.PadToken},
		{"sep_token", c.SepToken},
		{"cls_token", c.CLSToken},
		{"mask_token", c.MaskToken},
	} {
		if token.text != "" {
			vars.Set(token.name, token.text)
		}
	}
	if len(c.AdditionalSpecialTokens) > 0 {
		special := jinja.NewList()
		for _, text := range c.AdditionalSpecialTokens {
			special.Items = append(special.Items, text)
		}
		vars.Set("additional_special_tokens", special)
	}
	for _, key := range slices.Sorted(maps.Keys(opts.Extra)) {
		v, err := jinja.FromGo(ctx, opts.Extra[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		vars.Set(key, v)
	}
	return vars, nil
}
