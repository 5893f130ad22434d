package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/chat"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// EncodeChat is [Tokenizer.ApplyChatTemplate] followed by [Tokenizer.EncodeContext]
// without special tokens, which the template writes itself.
//
// With SanitizeControlTokens the ids of control tokens come from the template
// alone, whatever a user writes: "<|im_end|>" in a message is the ids of its
// characters. Control tokens are the tokenizer's special tokens, and other added
// tokens that stand in the text of the template. A token belongs to whoever wrote
// its first character, so that a template may make one of a role. Where it cannot be
// told who that was, the error is [ErrControlTokens]. There is one exception: a token
// that is not special and that the template itself looks for in messages, as many
// do with </think>, stays what the template makes of it.
func (t *Tokenizer) EncodeChat(ctx context.Context, messages []Message, opts *ChatOptions) ([]int, error) {
	if opts == nil {
		opts = &ChatOptions{}
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	ctx = background(ctx)
	if !opts.SanitizeControlTokens {
		text, err := t.ApplyChatTemplate(ctx, messages, opts)
		if err != nil {
			return nil, err
		}
		return t.EncodeContext(ctx, text, false)
	}
	template, err := t.chatTemplate(opts)
	if err != nil {
		return nil, err
	}
	vars := t.chatVars(messages, opts)
	text, spans, err := t.templates.Sanitize(ctx, template, vars, opts.Now, t.controlTokens(template))
	if errors.Is(err, chat.ErrIndistinct) {
		return nil, fmt.Errorf("%w: %w", ErrControlTokens, err)
	}
	if err != nil {
		return nil, templateError(err)
	}
	if err := checkMessages(vars); err != nil {
		return nil, err
	}
	return t.encodeSpans(ctx, text, spans)
}

// controlTokens are the tokens that a template steers the model with: those that
// transformers takes for them (_get_control_tokens in its tokenization_utils_base.py).
func (t *Tokenizer) controlTokens(template string) []chat.Control {
	var tokens []chat.Control
	for id, a := range t.addedByID {
		special := t.special[id]
		blank := strings.TrimFunc(a.Content, uni.IsSpace) == "" // as Gemma's line breaks
		if special || !blank && strings.Contains(template, a.Content) {
			tokens = append(tokens, chat.Control{Text: a.Content, Special: special})
		}
	}
	return tokens
}

// encodeSpans encodes a text in which the spans are no tokens of their own but
// characters. They and what is between them are encoded apart, as transformers does
// (encode_marked_chat in its chat_template_utils.py).
func (t *Tokenizer) encodeSpans(ctx context.Context, text string, spans []chat.Span) ([]int, error) {
	plain := t.withoutAdded()
	var ids []int
	from := 0
	for _, span := range append(spans, chat.Span{Start: len(text), End: len(text)}) {
		more, err := t.encodeAfter(ctx, t, text[from:span.Start], from == 0)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
		token := text[span.Start:span.End]
		if more, err = t.encodeAfter(ctx, plain, token, false); err != nil {
			return nil, err
		}
		if id, ok := t.TokenToID(token); ok && slices.Contains(more, id) {
			return nil, fmt.Errorf("%w: the vocabulary spells %q in no other way", ErrControlTokens, token)
		}
		ids = append(ids, more...)
		from = span.End
	}
	return ids, nil
}

// encodeAfter encodes a part of a text with one of two tokenizers, as it is where it
// begins the text and else behind a line break: SentencePiece puts a space before
// what begins a text.
func (t *Tokenizer) encodeAfter(ctx context.Context, with *Tokenizer, part string, begins bool) ([]int, error) {
	if part == "" {
		return nil, nil
	}
	if begins {
		return with.EncodeContext(ctx, part, false)
	}
	newline, err := t.EncodeContext(ctx, "\n", false)
	if err != nil {
		return nil, err
	}
	ids, err := with.EncodeContext(ctx, "\n"+part, false)
	if err != nil {
		return nil, err
	}
	if len(ids) >= len(newline) && slices.Equal(ids[:len(newline)], newline) {
		return ids[len(newline):], nil
	}
	return with.EncodeContext(ctx, part, false)
}

// withoutAdded returns the tokenizer without its added tokens.
func (t *Tokenizer) withoutAdded() *Tokenizer {
	return &Tokenizer{
		model: t.model, vocab: t.vocab, raw: t.raw, normalizers: t.normalizers, stages: t.stages,
		intricate: t.intricate, size: t.size, config: t.config,
	}
}
