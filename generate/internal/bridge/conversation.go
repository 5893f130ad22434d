// Package bridge is what the adapters to other frameworks share: it puts their
// conversations, pictures, tools and formats into the terms of package generate.
//
// The adapters are modules of their own (generate/langchaingo and so on), each a
// translation of one framework's types into those here and back.
package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/picture"
	"github.com/gocoreml/coreml/tokenizer"
)

// The roles of messages.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
	Tool      = "tool"
)

// Message is one message of a conversation, in parts.
type Message struct {
	Role  string
	Parts []Part
	// Reasoning is the thinking of an assistant's earlier answer.
	Reasoning string
	// Calls are the functions that the assistant called.
	Calls []tokenizer.ToolCall
	// CallID and Name say which call the result of a tool answers, and of which function:
	// if empty, that of the call.
	CallID, Name string
}

// Part is a text, or a picture.
type Part struct {
	Text  string
	Image *Picture
}

// Text returns the message of a role with one text.
func Text(role, text string) Message { return Message{Role: role, Parts: []Part{{Text: text}}} }

// Request is what a framework asks of a generator.
type Request struct {
	Messages []Message
	Options  generate.Options
	// Grammars are those of which Options.Grammar may be one, nil for none.
	Grammars *Grammars
}

// hold keeps the grammar of a request until release.
func (r *Request) hold() (release func()) {
	if r.Grammars == nil {
		return func() {}
	}
	return r.Grammars.cache.Hold(r.Options.Grammar)
}

// Stream answers the request. A model without a chat template goes on with the text of
// a conversation that is one message of the user. The error comes once and last, as in
// [generate.Generator.Chat].
func (r *Request) Stream(ctx context.Context, g *generate.Generator) iter.Seq2[generate.Token, error] {
	return func(yield func(generate.Token, error) bool) {
		defer r.hold()()
		p, err := r.prompt(ctx, g)
		if err != nil {
			yield(generate.Token{}, err)
			return
		}
		begun := false
		for tok, err := range g.Chat(ctx, p.messages, &p.options) {
			if err != nil && !begun && p.goesOn(err) {
				break
			}
			if begun = true; !yield(tok, err) {
				return
			}
		}
		if begun {
			return
		}
		for tok, err := range g.Stream(ctx, p.text, &p.options) {
			if !yield(tok, err) {
				return
			}
		}
	}
}

// Answers gives n answers to the request, which share the work on its prompt.
func (r *Request) Answers(ctx context.Context, g *generate.Generator, n int) ([]*generate.Result, error) {
	defer r.hold()()
	p, err := r.prompt(ctx, g)
	if err != nil {
		return nil, err
	}
	results, err := collect(g.Answers(ctx, generate.Prompt{Messages: p.messages}, n, &p.options), n)
	if err != nil && len(results) == 0 && p.goesOn(err) {
		return collect(g.Answers(ctx, generate.Prompt{Text: p.text}, n, &p.options), n)
	}
	return results, err
}

func collect(answers iter.Seq2[*generate.Result, error], n int) ([]*generate.Result, error) {
	list := make([]*generate.Result, 0, min(n, 64))
	for r, err := range answers {
		if err != nil {
			return list, err
		}
		list = append(list, r)
	}
	return list, nil
}

// prompt is a request as package generate takes it.
type prompt struct {
	messages []tokenizer.Message
	options  generate.Options
	text     string // what a model without a template goes on with, where alone is true
	alone    bool
}

// goesOn reports whether a text can be continued where messages cannot be written.
func (p *prompt) goesOn(err error) bool {
	return p.alone && errors.Is(err, generate.ErrNoChatTemplate)
}

func (r *Request) prompt(ctx context.Context, g *generate.Generator) (*prompt, error) {
	if len(r.Messages) == 0 {
		return nil, tokenizer.ErrNoMessages
	}
	p := &prompt{options: r.Options}
	p.options.Images = slices.Clone(r.Options.Images)
	if reflect.DeepEqual(p.options.Sampling, g.DefaultSampling()) {
		p.options.Sampling = nil // which means the same, and is all that some packages take
	}
	place := newPlacer(g, r.Options.Chat)
	pictures := picture.Reader{G: g}
	called := map[string]string{} // the functions of calls, by their ids
	for k := range r.Messages {
		m := &r.Messages[k]
		for _, call := range m.Calls {
			called[call.ID] = call.Name
		}
		if m.Name == "" && m.Role == Tool {
			m.Name = called[m.CallID]
		}
		for i := range m.Parts {
			if file := m.Parts[i].Image; file != nil {
				img, err := read(ctx, &pictures, file)
				if ended := ctx.Err(); ended != nil {
					return nil, ended
				}
				if err != nil {
					return nil, &generate.ConfigError{Field: fmt.Sprintf("messages[%d]", k), Reason: err.Error(), Err: err}
				}
				p.options.Images = append(p.options.Images, img)
			}
		}
		written, err := m.write(ctx, g, r.Options.Chat, place)
		if err != nil {
			return nil, &generate.ConfigError{Field: fmt.Sprintf("messages[%d]", k), Reason: err.Error(), Err: err}
		}
		p.messages = append(p.messages, written)
	}
	if first := &r.Messages[0]; len(r.Messages) == 1 && first.Role == User && len(r.Options.Tools) == 0 {
		p.text, p.alone = place.text(first.Parts), true
	}
	return p, nil
}

// read returns a picture that the model can be shown.
func read(ctx context.Context, pictures *picture.Reader, file *Picture) (image.Image, error) {
	if pictures.G.ImageInput() == nil {
		return nil, errors.New("has a picture, and the model takes none")
	}
	return pictures.Read(ctx, file.Data)
}

// write returns the message as chat templates read it.
func (m *Message) write(ctx context.Context, g *generate.Generator, chat *tokenizer.ChatOptions, place placer) (tokenizer.Message, error) {
	switch m.Role {
	case System, User, Assistant, Tool:
	default:
		return tokenizer.Message{}, fmt.Errorf("the role %q is none of %s, %s, %s, %s", m.Role, System, User, Assistant, Tool)
	}
	for _, call := range m.Calls {
		if err := checkCall(call); err != nil {
			return tokenizer.Message{}, err
		}
	}
	out := tokenizer.Message{Role: m.Role, Content: place.text(m.Parts)}
	if m.Role == Assistant && g.Tokenizer() != nil {
		out = g.Tokenizer().AnswerMessageWith(ctx, out.Content, m.Calls, chat)
	}
	extra := func(name string, value any) {
		if out.Extra == nil {
			out.Extra = map[string]any{}
		}
		out.Extra[name] = value
	}
	if m.Reasoning != "" {
		extra("reasoning_content", m.Reasoning)
	}
	if m.CallID != "" {
		extra("tool_call_id", m.CallID)
	}
	if m.Name != "" {
		extra("name", m.Name)
	}
	if list := place.list(m.Parts); list != nil {
		extra("content", list)
	}
	return out, nil
}

// checkCall refuses a call that no template could write.
func checkCall(call tokenizer.ToolCall) error {
	var arguments map[string]json.RawMessage
	if err := json.Unmarshal(call.Arguments, &arguments); err != nil || arguments == nil {
		return fmt.Errorf("the arguments of the call of %q are no JSON object", call.Name)
	}
	return nil
}

// placer writes pictures into messages, as the chat template reads them.
type placer struct {
	// parts says that the template reads contents that are lists of parts.
	parts  bool
	marker string
}

func newPlacer(g *generate.Generator, chat *tokenizer.ChatOptions) placer {
	p := placer{marker: "<image>"}
	tok := g.Tokenizer()
	if tok == nil {
		return p
	}
	template := tok.Config().ChatTemplate
	if chat != nil && chat.Template != "" {
		if template = tok.Config().ChatTemplates[chat.Template]; template == "" {
			template = chat.Template
		}
	}
	p.parts = strings.Contains(template, "'image'") || strings.Contains(template, `"image"`)
	if stage := g.Driver().Image; stage != nil {
		if stage.Marker != "" {
			p.marker = stage.Marker
		} else if stage.Token != nil && tok.IsAdded(*stage.Token) {
			p.marker, _ = tok.IDToToken(*stage.Token)
		}
	}
	return p
}

// text returns the parts as one text, with the placeholder where a picture is.
func (p placer) text(parts []Part) string {
	var b strings.Builder
	for i := range parts {
		if parts[i].Image != nil {
			b.WriteString(p.marker)
		}
		b.WriteString(parts[i].Text)
	}
	return b.String()
}

// list returns the parts as a list, nil where a text does.
func (p placer) list(parts []Part) []any {
	if !p.parts || !slices.ContainsFunc(parts, func(p Part) bool { return p.Image != nil }) {
		return nil
	}
	list := make([]any, 0, len(parts))
	for i := range parts {
		if parts[i].Image != nil {
			list = append(list, map[string]any{"type": "image"})
		} else {
			list = append(list, map[string]any{"type": "text", "text": parts[i].Text})
		}
	}
	return list
}
