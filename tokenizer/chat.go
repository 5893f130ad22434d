package tokenizer

import (
	"context"
	"time"

	"github.com/gocoreml/coreml/tokenizer/internal/chat"
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
func (m *Message) UnmarshalJSON(data []byte) error { return (*chat.Message)(m).UnmarshalJSON(data) }

// MarshalJSON writes the message as one object.
func (m Message) MarshalJSON() ([]byte, error) { return chat.Message(m).MarshalJSON() }

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

// HasChatTemplate reports whether the tokenizer brings a chat template.
func (t *Tokenizer) HasChatTemplate() bool { return t.made().config.ChatTemplate != "" }

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
	if opts == nil {
		opts = &ChatOptions{}
	}
	t = t.made()
	text := t.template(opts)
	if text == "" {
		return "", ErrNoChatTemplate
	}
	out, err := t.templates.Render(background(ctx), text, t.chatVars(messages, opts), opts.Now)
	if err != nil {
		return "", templateError(err)
	}
	return out, nil
}

// chatVars returns the variables of a template.
func (t *Tokenizer) chatVars(messages []Message, opts *ChatOptions) *chat.Variables {
	c := t.config
	vars := &chat.Variables{
		AddGenerationPrompt: opts.AddGenerationPrompt, Tools: opts.Tools, Extra: opts.Extra, Special: c.AdditionalSpecialTokens,
		Tokens: []chat.Token{
			{Name: "bos_token", Text: c.BOSToken},
			{Name: "eos_token", Text: c.EOSToken},
			{Name: "unk_token", Text: c.UnkToken},
			{Name: "pad_token", Text: c.PadToken},
			{Name: "sep_token", Text: c.SepToken},
			{Name: "cls_token", Text: c.CLSToken},
			{Name: "mask_token", Text: c.MaskToken},
		},
	}
	for i := range messages {
		vars.Messages = append(vars.Messages, (*chat.Message)(&messages[i]))
	}
	for name, text := range c.ExtraSpecialTokens {
		vars.Tokens = append(vars.Tokens, chat.Token{Name: name, Text: text})
	}
	return vars
}
