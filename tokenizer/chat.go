package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
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

	order []string // the fields of the JSON that it was read from, nil for the usual order
}

// inner returns the message as the package of chat templates has it.
func (m *Message) inner() *chat.Message {
	return &chat.Message{Role: m.Role, Content: m.Content, Extra: m.Extra, Order: m.order}
}

// UnmarshalJSON reads a message. Fields other than role and a content that is
// a string go to Extra as json.RawMessage, so that they keep their order. The
// message remembers the order of its own fields too, and which there were:
// templates see them so, as those of transformers do. Messages that are made
// without JSON have a role, a content, and then those of Extra in sorted order.
func (m *Message) UnmarshalJSON(data []byte) error {
	var read chat.Message
	if err := read.UnmarshalJSON(data); err != nil {
		return err
	}
	*m = Message{Role: read.Role, Content: read.Content, Extra: read.Extra, order: read.Order}
	return nil
}

// Equal reports whether two messages have the same role, content and further
// fields, whatever their order.
func (m Message) Equal(other Message) bool {
	return m.Role == other.Role && m.Content == other.Content &&
		len(m.Extra) == len(other.Extra) && (len(m.Extra) == 0 || reflect.DeepEqual(m.Extra, other.Extra))
}

// Normalized returns the message as version 5 of Hugging Face transformers shows
// it to templates, which [Tokenizer.ApplyChatTemplate] does by itself: fields that
// are null are left out, and thinking that is given as reasoning_content, thinking
// or reasoning is there as thinking and as reasoning_content.
func (m Message) Normalized() Message {
	n := m.inner().Normalized()
	return Message{Role: n.Role, Content: n.Content, Extra: n.Extra, order: n.Order}
}

// MarshalJSON writes the message as one object.
func (m Message) MarshalJSON() ([]byte, error) { return m.inner().MarshalJSON() }

// ChatOptions are the options of [Tokenizer.ApplyChatTemplate] and
// [Tokenizer.EncodeChat].
type ChatOptions struct {
	// AddGenerationPrompt ends the text where the answer of the model begins.
	AddGenerationPrompt bool
	// ContinueFinalMessage ends the text within the last message, so that the
	// model goes on with it. It excludes AddGenerationPrompt.
	ContinueFinalMessage bool
	// ContinueField is the field of the last message that ContinueFinalMessage
	// goes on with, "content" if empty. Thinking is reasoning_content.
	ContinueField string
	// Tools describe the functions that the model may call, each as the JSON
	// schema object that the template expects. As in [Message].Extra, a
	// json.RawMessage or a struct keeps its order. A list that is empty and not
	// nil is one to the template, which may ask whether tools are none.
	Tools []any
	// IgnoreTools lets Tools be given to a template that knows none and would
	// leave them out without a word, which is [ErrNoTools] otherwise.
	IgnoreTools bool
	// Extra are further variables of the template, such as enable_thinking or
	// documents. They go before those of the tokenizer.
	Extra map[string]any
	// RefuseUnused makes a variable in Extra that the template never names an error,
	// [ErrNoVariable]. It would have no effect otherwise, as one that is misspelled.
	RefuseUnused bool
	// Template takes the place of the tokenizer's template: the name of one of
	// Config.ChatTemplates, or the text of a template.
	Template string
	// Now is the clock that templates see, time.Now if nil.
	Now func() time.Time
	// Transformers is the version of Hugging Face transformers that is followed
	// in what it does around a template: 5, or 0 for that, is 5.24, and 4 is
	// 4.57, which hands messages over as they are. Version 5 refuses an empty
	// conversation, which here is written as the template says with 4, leaves out
	// fields that are null, gives reasoning, thinking and reasoning_content one meaning,
	// and does not define additional_special_tokens.
	Transformers int
	// SanitizeControlTokens encodes control tokens that messages, tools and Extra
	// hold in their texts as ordinary text, so that only those which the template
	// itself writes have their meaning. It is for [Tokenizer.EncodeChat].
	SanitizeControlTokens bool
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
	if opts.Tools != nil {
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
// It fails with [ErrNoChatTemplate] where there is none, with [ErrNoMessages] without a
// message, with [ErrNoTools] for tools that the template does not know, and with a [*TemplateError] where the
// template does, or where the last message cannot be continued. A template cannot
// hang or fill the memory: its steps, the text that it touches and the memory that
// it takes are bounded, so that the worst one ends after a few seconds with a
// TemplateError of the kind LimitError. A context that ends is obeyed before that,
// in the middle of a long text too, and its error returned; nil is
// [context.Background].
func (t *Tokenizer) ApplyChatTemplate(ctx context.Context, messages []Message, opts *ChatOptions) (string, error) {
	return t.applyTemplate(ctx, messages, opts, 0)
}

// applyTemplate is ApplyChatTemplate with so many steps for the template at most, the
// usual number for 0.
func (t *Tokenizer) applyTemplate(ctx context.Context, messages []Message, opts *ChatOptions, steps int) (string, error) {
	if opts == nil {
		opts = &ChatOptions{}
	}
	if opts.SanitizeControlTokens {
		return "", errors.New("tokenizer: SanitizeControlTokens is for EncodeChat: the text alone does not tell who wrote a token")
	}
	t = t.made()
	text, err := t.chatTemplate(opts)
	if err != nil {
		return "", err
	}
	vars := t.chatVars(messages, opts)
	vars.MaxSteps = steps
	return t.render(ctx, text, vars, opts)
}

// chatTemplate returns the text of the template, once the options agree with it
// and with each other.
func (t *Tokenizer) chatTemplate(opts *ChatOptions) (string, error) {
	text := t.template(opts)
	switch {
	case text == "":
		return "", ErrNoChatTemplate
	case opts.Transformers != 0 && opts.Transformers != 4 && opts.Transformers != 5:
		return "", fmt.Errorf("tokenizer: Transformers is %d, want 4 or 5, or 0 for 5", opts.Transformers)
	case opts.ContinueField != "" && !opts.ContinueFinalMessage:
		return "", errors.New("tokenizer: ContinueField without ContinueFinalMessage")
	case opts.ContinueFinalMessage && opts.AddGenerationPrompt:
		return "", templateError(&chat.Error{Kind: "ValueError", Msg: "continue_final_message and add_generation_prompt exclude each other: the answer is either part of the last message or a message of its own"})
	case len(opts.Tools) > 0 && !opts.IgnoreTools && !chat.Mentions(text, "tools"):
		return "", ErrNoTools
	}
	for _, name := range slices.Sorted(maps.Keys(opts.Extra)) {
		if opts.RefuseUnused && !chat.Mentions(text, name) {
			return "", fmt.Errorf("%w %s", ErrNoVariable, quote.Text(name, maxMessage))
		}
	}
	return text, nil
}

// render writes a conversation as the template says.
func (t *Tokenizer) render(ctx context.Context, text string, vars *chat.Variables, opts *ChatOptions) (string, error) {
	out, err := t.templates.Render(background(ctx), text, vars, opts.Now)
	if err != nil {
		return "", templateError(err)
	}
	if err := checkMessages(vars); err != nil {
		return "", err
	}
	return out, nil
}

// checkMessages refuses an empty conversation, as apply_chat_template of transformers 5.24
// does: few templates look whether there is a message at all, and what the others write is
// no prompt. It is asked last, for what fails in a template says more. Version 4 has no such
// rule; there a conversation may also be among the variables of the caller.
func checkMessages(vars *chat.Variables) error {
	if _, given := vars.Extra["messages"]; len(vars.Messages) > 0 || vars.Version4 || given {
		return nil
	}
	return ErrNoMessages
}

// chatVars returns the variables of a template.
func (t *Tokenizer) chatVars(messages []Message, opts *ChatOptions) *chat.Variables {
	c := t.config
	vars := &chat.Variables{
		AddGenerationPrompt: opts.AddGenerationPrompt, Tools: opts.Tools, Extra: opts.Extra, Version4: opts.Transformers == 4,
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
	if vars.Version4 {
		vars.Special = c.AdditionalSpecialTokens
	}
	if opts.ContinueFinalMessage {
		vars.Continue = "content"
		if opts.ContinueField != "" && !vars.Version4 { // version 4 knows no other
			vars.Continue = opts.ContinueField
		}
	}
	for i := range messages {
		vars.Messages = append(vars.Messages, messages[i].inner())
	}
	for name, text := range c.ExtraSpecialTokens {
		vars.Tokens = append(vars.Tokens, chat.Token{Name: name, Text: text})
	}
	return vars
}
