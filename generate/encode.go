package generate

import (
	"context"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// encodeText turns text into token ids.
func (g *Generator) encodeText(ctx context.Context, text string, addSpecial bool) ([]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ids, err := g.tok.EncodeContext(ctx, text, addSpecial)
	if err != nil {
		return nil, err
	}
	return ids, ctx.Err()
}

// template writes messages as the tokenizer's chat template does.
func (g *Generator) template(ctx context.Context, messages []tokenizer.Message, opts *tokenizer.ChatOptions) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	text, err := g.tok.ApplyChatTemplate(ctx, messages, opts)
	if err != nil {
		return "", err
	}
	return text, ctx.Err()
}

// encode turns a prompt into token ids.
func (g *Generator) encode(ctx context.Context, prompt string) ([]int, error) {
	ids, err := g.encodeText(ctx, prompt, true)
	if err != nil {
		return nil, fmt.Errorf("encode prompt: %w", err)
	}
	// A prompt that was copied with its begin token would get a second one.
	if bos := g.tok.Config().BOSToken; bos != "" && strings.HasPrefix(prompt, bos) && len(ids) > 1 && ids[0] == ids[1] {
		if id, ok := g.tok.TokenToID(bos); ok && id == ids[0] {
			ids = ids[1:]
		}
	}
	return ids, nil
}

// encodeChat turns messages into the token ids before an answer.
func (g *Generator) encodeChat(ctx context.Context, messages []tokenizer.Message, opts *Options) ([]int, error) {
	chat := &tokenizer.ChatOptions{AddGenerationPrompt: true}
	if opts != nil {
		chat.Tools = opts.Tools
	}
	text, err := g.template(ctx, messages, chat)
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	// The template writes the special tokens itself.
	ids, err := g.encodeText(ctx, text, false)
	if err != nil {
		return nil, fmt.Errorf("encode messages: %w", err)
	}
	return ids, nil
}

// checkPrompt refuses a prompt that no sequence of the generator can take. It
// is asked before a state is waited for.
func (g *Generator) checkPrompt(prompt []int) error {
	if len(prompt) == 0 {
		return &ConfigError{Field: "prompt", Reason: "the prompt is empty: it has no tokens"}
	}
	if len(prompt) > g.prog.context {
		return &ContextError{Tokens: len(prompt), ContextLength: g.prog.context}
	}
	return g.prog.checkTokens(prompt, "the prompt")
}

// lastIndexAfter returns the index behind the last mark in text, or -1.
func lastIndexAfter(text, mark string) int {
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return -1
	}
	return i + len(mark)
}
