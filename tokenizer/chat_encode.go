package tokenizer

import "context"

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
	if opts != nil && opts.SanitizeControlTokens {
		_, e, err := t.EncodeChatWithOffsets(ctx, messages, opts)
		if err != nil {
			return nil, err
		}
		return e.IDs, nil
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	ctx = background(ctx)
	text, err := t.ApplyChatTemplate(ctx, messages, opts)
	if err != nil {
		return nil, err
	}
	return t.EncodeContext(ctx, text, false)
}

// EncodeChatWithOffsets is [Tokenizer.EncodeChat] with the text that the template
// writes, and what an [Encoding] says of each token. The offsets are those in the text.
func (t *Tokenizer) EncodeChatWithOffsets(ctx context.Context, messages []Message, opts *ChatOptions) (string, *Encoding, error) {
	if opts == nil {
		opts = &ChatOptions{}
	}
	if err := t.check(); err != nil {
		return "", nil, err
	}
	ctx = background(ctx)
	if !opts.SanitizeControlTokens {
		text, err := t.ApplyChatTemplate(ctx, messages, opts)
		if err != nil {
			return "", nil, err
		}
		e, err := t.EncodeWithOffsetsContext(ctx, text, false)
		return text, e, err
	}
	template, err := t.chatTemplate(opts)
	if err != nil {
		return "", nil, err
	}
	e, err := t.encodeSanitized(ctx, template, messages, opts)
	if err != nil {
		return "", nil, err
	}
	return e.original, e, nil
}
