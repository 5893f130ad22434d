package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
)

// Error is what a template fails with.
type Error = jinja.Error

// Token is a special token that templates know by a name, such as bos_token.
type Token struct{ Name, Text string }

// Variables are what a template can see.
type Variables struct {
	// Messages are the conversation.
	Messages []*Message
	// AddGenerationPrompt ends the text where the answer begins.
	AddGenerationPrompt bool
	// Tools describe the functions that the model may call; nil is none, which
	// templates tell from an empty list.
	Tools []any
	// Version4 renders as version 4 of transformers does: messages stay as they
	// are.
	Version4 bool
	// Continue is the field of the last message that the text ends with, empty
	// for a text that is complete.
	Continue string
	// Tokens are the special tokens; those without a text are not defined.
	Tokens []Token
	// Special are the further special tokens.
	Special []string
	// Extra are further variables, which go before those above.
	Extra map[string]any
	// MaxSteps bounds the work of the template, as [jinja.Options] has it.
	MaxSteps int
}

// Cache keeps the template that was parsed last: a conversation renders the same
// one at each turn. It is safe for concurrent use.
type Cache struct {
	mu     sync.Mutex
	text   string
	parsed *jinja.Template
}

// parse parses a template, unless it is the one that is kept. The lock is not
// held meanwhile: others would wait for it without looking at their contexts.
func (c *Cache) parse(ctx context.Context, text string) (*jinja.Template, error) {
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

// Render writes a conversation as a template says. The clock is that of the
// template, time.Now for nil.
func (c *Cache) Render(ctx context.Context, template string, vars *Variables, now func() time.Time) (string, error) {
	page, err := c.page(ctx, template, vars)
	if err != nil {
		return "", err
	}
	return page.write(ctx, nil, now)
}

// page is what is to be written: a template and what it sees.
type page struct {
	parsed   *jinja.Template
	vars     *Variables
	messages []shown
	// final is the text that the page ends with, where it ends within one.
	final string
}

// page prepares a page.
func (c *Cache) page(ctx context.Context, template string, vars *Variables) (*page, error) {
	parsed, err := c.parse(ctx, template)
	if err != nil {
		return nil, err
	}
	p := &page{parsed: parsed, vars: vars}
	if p.messages, err = vars.conversation(ctx); err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	if vars.Continue != "" {
		p.final, err = vars.tagFinal(p.messages, template)
	}
	return p, err
}

// write writes the page with each text of the caller changed by change, which may
// be nil.
func (p *page) write(ctx context.Context, change func(string) string, now func() time.Time) (string, error) {
	values, err := p.vars.values(ctx, p.messages, change)
	if err != nil {
		return "", fmt.Errorf("chat template: %w", err)
	}
	out, err := p.parsed.Render(ctx, values, &jinja.Options{Now: now, MaxSteps: p.vars.MaxSteps})
	if err != nil || p.vars.Continue == "" {
		return out, err
	}
	final := p.final
	if change != nil {
		final = change(final)
	}
	return cutFinal(out, final)
}

// values returns the variables as values of the template engine. Those that
// templates ask for without a test, tools and documents, are always there.
func (v *Variables) values(ctx context.Context, messages []shown, change func(string) string) (*jinja.Dict, error) {
	changed := func(v jinja.Value) jinja.Value {
		if change == nil {
			return v
		}
		return jinja.MapText(v, change)
	}
	list := jinja.NewList()
	for _, message := range messages {
		list.Items = append(list.Items, changed(message.dict()))
	}
	vars := jinja.NewDict()
	vars.Set("messages", list)
	vars.Set("tools", nil)
	vars.Set("documents", nil)
	vars.Set("add_generation_prompt", v.AddGenerationPrompt)
	if v.Tools != nil {
		tools, err := jinja.FromGo(ctx, v.Tools)
		if err != nil {
			return nil, fmt.Errorf("tools: %w", err)
		}
		vars.Set("tools", changed(tools))
	}
	v.addTokens(vars)
	for _, key := range slices.Sorted(maps.Keys(v.Extra)) {
		value, err := jinja.FromGo(ctx, v.Extra[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		vars.Set(key, changed(value))
	}
	return vars, nil
}

// addTokens sets the special tokens. One without a text stays undefined, which
// templates test for.
func (v *Variables) addTokens(vars *jinja.Dict) {
	for _, token := range v.Tokens {
		if token.Text != "" {
			vars.Set(token.Name, token.Text)
		}
	}
	if len(v.Special) == 0 {
		return
	}
	special := jinja.NewList()
	for _, text := range v.Special {
		special.Items = append(special.Items, text)
	}
	vars.Set("additional_special_tokens", special)
}

// Mentions reports whether a template has a name somewhere in its text: one that
// has not cannot use a variable of that name.
func Mentions(template, name string) bool {
	isName := func(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' }
	for at := 0; ; {
		i := strings.Index(template[at:], name)
		if i < 0 || name == "" {
			return false
		}
		start, end := at+i, at+i+len(name)
		if (start == 0 || !isName(template[start-1])) && (end == len(template) || !isName(template[end])) {
			return true
		}
		at = start + 1
	}
}
