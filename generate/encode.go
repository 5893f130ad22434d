package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// encodePrompt turns a prompt into token ids.
func encodePrompt(ctx context.Context, t *tokenizer.Tokenizer, prompt string) ([]int, error) {
	ids, err := t.EncodeContext(ctx, prompt, true)
	if err != nil {
		return nil, unlessEnded(ctx, fmt.Errorf("encode prompt: %w", err))
	}
	// A prompt that was copied with its begin token would get a second one.
	if bos := t.Config().BOSToken; bos != "" && strings.HasPrefix(prompt, bos) && len(ids) > 1 && ids[0] == ids[1] {
		if id, ok := t.TokenToID(bos); ok && id == ids[0] {
			ids = ids[1:]
		}
	}
	return ids, nil
}

// chatOptions returns what the chat template is given.
func (g *Generator) chatOptions(opts *Options) *tokenizer.ChatOptions {
	var chat tokenizer.ChatOptions
	if opts == nil {
		opts = &Options{}
	}
	if given := cmp.Or(opts.Chat, g.chat); given != nil {
		chat = *given
	}
	chat.AddGenerationPrompt = !chat.ContinueFinalMessage
	if chat.Tools = opts.Tools; opts.ToolChoice == ToolNone {
		chat.Tools = nil
	}
	return &chat
}

// encodeChat turns messages into the token ids before an answer.
func (g *Generator) encodeChat(ctx context.Context, messages []tokenizer.Message, opts *Options) ([]int, error) {
	if g.tok == nil {
		return nil, fmt.Errorf("encode messages: %w", ErrNoChatTemplate)
	}
	ids, err := g.encodeMessages(ctx, messages, g.chatOptions(opts))
	if err != nil {
		return nil, unlessEnded(ctx, fmt.Errorf("encode messages: %w", err))
	}
	return ids, nil
}

// encodeMessages is EncodeChat with a slot for each placeholder of a picture.
// Where control tokens of users are text, a placeholder that is no token is, too.
func (g *Generator) encodeMessages(ctx context.Context, messages []tokenizer.Message, opts *tokenizer.ChatOptions) ([]int, error) {
	if b := g.bound.image; b == nil || b.marker == "" || opts.SanitizeControlTokens {
		return g.tok.EncodeChat(ctx, messages, opts)
	}
	text, err := g.tok.ApplyChatTemplate(ctx, messages, opts)
	if err != nil {
		return nil, err
	}
	if marker := g.splitsAt(text); marker != "" {
		return g.encodeTemplate(ctx, text, marker)
	}
	return g.tok.EncodeContext(ctx, text, false)
}

// checkPrompt refuses a prompt that no sequence of the model can take. A token
// that was added to the tokenizer and that the model lacks is named.
func (r *generation) checkPrompt(prompt []int) error {
	g, err := r.g, r.bound.checkPrompt(prompt)
	e, ok := errors.AsType[*TokenError](err)
	if !ok || g.tok == nil || e.Vocabulary == 0 || e.Reason != "" {
		return err
	}
	if token, ok := g.tok.IDToToken(e.ID); ok && len(token) <= maxNamedToken {
		e.Reason = fmt.Sprintf("the tokenizer has it for %q, but the model's vocabulary ends at %d", token, e.Vocabulary-1)
	}
	return err
}

// maxNamedToken is the length in bytes up to which an error names a token.
const maxNamedToken = 64

// unlessEnded returns err, or ctx's error where that is the reason: where the work
// was when the context ended is of no use to the caller.
func unlessEnded(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		return ended
	}
	return err
}

// turnEndOf returns the token that ends an answer to messages: that of the generator,
// unless the options have another template that has one of its own.
func (g *Generator) turnEndOf(ctx context.Context, opts *Options) int {
	given := opts.Chat
	if given != nil && given.Template != "" && (g.chat == nil || g.chat.Template != given.Template) {
		if id, ok := g.tok.TurnEnd(ctx, g.chatOptions(opts)); ok {
			return id
		}
	}
	return g.turnEnd
}

// findTurnEnd returns the token that the chat template puts behind an answer, or -1, also
// where it takes too long. What it puts there ends an answer, whether or not the model's
// configuration says so.
func (g *Generator) findTurnEnd(ctx context.Context) int {
	if !g.HasChatTemplate() {
		return -1
	}
	if id, ok := g.tok.TurnEnd(ctx, g.chatOptions(nil)); ok {
		return id
	}
	return -1
}
