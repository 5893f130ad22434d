package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
	chat.Tools = opts.Tools
	return &chat
}

// encodeChat turns messages into the token ids before an answer.
func (g *Generator) encodeChat(ctx context.Context, messages []tokenizer.Message, opts *Options) ([]int, error) {
	if g.tok == nil {
		return nil, fmt.Errorf("encode messages: %w", ErrNoChatTemplate)
	}
	ids, err := g.tok.EncodeChat(ctx, messages, g.chatOptions(opts))
	if err != nil {
		return nil, unlessEnded(ctx, fmt.Errorf("encode messages: %w", err))
	}
	return ids, nil
}

// checkPrompt refuses a prompt that no sequence of the model can take. A token
// that was added to the tokenizer and that the model lacks is named.
func (g *Generator) checkPrompt(prompt []int) error {
	err := g.bound.checkPrompt(prompt)
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

// turnEndTime is how long a chat template may take to tell how it ends an answer.
// Those of models take a millisecond; one that is written to take long costs no
// more than this where nobody has set a limit, in [New].
const turnEndTime = 250 * time.Millisecond

// findTurnEnd returns the token that a chat template puts behind an answer, or
// -1, also where it takes too long. What it puts there ends an answer, whether or
// not the model's configuration says so.
func (g *Generator) findTurnEnd(ctx context.Context) int {
	t := g.tok
	if !g.chats() {
		return -1
	}
	ctx, cancel := context.WithTimeout(ctx, turnEndTime)
	defer cancel()
	const answer = "\u2042" // a character that no template writes
	opts := g.chatOptions(nil)
	opts.AddGenerationPrompt, opts.ContinueFinalMessage, opts.ContinueField, opts.SanitizeControlTokens = false, false, "", false
	text, err := t.ApplyChatTemplate(ctx, []tokenizer.Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: answer}}, opts)
	if err != nil {
		return -1 // a template that cannot write this can still write other messages
	}
	i := strings.LastIndex(text, answer)
	if i < 0 {
		return -1
	}
	ids, err := t.EncodeContext(ctx, text[i+len(answer):], false)
	if err != nil || len(ids) == 0 || !t.IsSpecial(ids[0]) {
		return -1
	}
	return ids[0]
}
