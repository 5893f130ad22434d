package generate

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// Stream continues prompt and yields the answer token by token. The prompt is
// encoded as its tokenizer does it: special tokens in the text are recognised,
// and those that the tokenizer adds by itself are added.
//
// The work is done while the caller's loop runs, and each use of the iterator
// does it anew. Breaking out of the loop ends it. An error comes once, last; an
// answer without error ends with a token that has a finish reason and the
// measures. A nil cfg is the zero [Config].
func (g *Generator) Stream(ctx context.Context, prompt string, cfg *Config) iter.Seq2[Token, error] {
	return g.stream(ctx, cfg, func() ([]int, error) { return g.encode(prompt) }, false)
}

// StreamTokens is [Generator.Stream] for a prompt that is encoded already.
func (g *Generator) StreamTokens(ctx context.Context, prompt []int, cfg *Config) iter.Seq2[Token, error] {
	return g.stream(ctx, cfg, func() ([]int, error) { return prompt, nil }, false)
}

// Chat answers messages through the tokenizer's chat template. For a
// conversation of several turns a [Session] spares the work of reading the
// earlier ones again.
func (g *Generator) Chat(ctx context.Context, messages []tokenizer.Message, cfg *Config) iter.Seq2[Token, error] {
	return g.stream(ctx, cfg, func() ([]int, error) { return g.encodeChat(ctx, messages, cfg) }, true)
}

// Generate continues prompt and returns the whole answer. With an error it
// returns what there was of it until then.
func (g *Generator) Generate(ctx context.Context, prompt string, cfg *Config) (*Result, error) {
	return Collect(g.Stream(ctx, prompt, cfg))
}

// Collect gathers the tokens of a stream. With an error it returns what there
// was until then.
func Collect(stream iter.Seq2[Token, error]) (*Result, error) {
	var text strings.Builder
	r := &Result{}
	for tok, err := range stream {
		if err != nil {
			r.Text = text.String()
			return r, err
		}
		r.Tokens = append(r.Tokens, tok.ID)
		r.Calls = append(r.Calls, tok.Calls...)
		text.WriteString(tok.Text)
		if tok.Stats != nil {
			r.Finish, r.Stats = tok.Finish, *tok.Stats
		}
	}
	r.Text = text.String()
	return r, nil
}

func (g *Generator) encode(prompt string) ([]int, error) {
	ids, err := g.tok.Encode(prompt, true)
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

func (g *Generator) encodeChat(ctx context.Context, messages []tokenizer.Message, cfg *Config) ([]int, error) {
	opts := &tokenizer.ChatOptions{AddGenerationPrompt: true}
	if cfg != nil {
		opts.Tools = cfg.Tools
	}
	text, err := g.tok.ApplyChatTemplate(ctx, messages, opts)
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	// The template writes the special tokens itself.
	ids, err := g.tok.Encode(text, false)
	if err != nil {
		return nil, fmt.Errorf("encode messages: %w", err)
	}
	return ids, nil
}

// lastIndexAfter returns the index behind the last mark in text, or -1.
func lastIndexAfter(text, mark string) int {
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return -1
	}
	return i + len(mark)
}

// stream runs one answer on a sequence of its own.
func (g *Generator) stream(ctx context.Context, cfg *Config, prompt func() ([]int, error), chat bool) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		start := time.Now()
		r, err := g.newRun(cfg, chat, start)
		if err != nil {
			yield(Token{}, fmt.Errorf("generate: %w", err))
			return
		}
		ids, err := prompt()
		if err != nil {
			yield(Token{}, fmt.Errorf("generate: %w", err))
			return
		}
		seq, err := g.NewSequence(ctx)
		if err != nil {
			yield(Token{}, err)
			return
		}
		stopped := false
		err = r.run(ctx, seq, ids, func(t Token) bool {
			stopped = !yield(t, nil)
			return !stopped
		})
		// The state is given back before the error is yielded, so that a caller
		// who tries again at once finds it free.
		if cerr := seq.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("generate: %w", cerr)
		}
		if err != nil && !stopped {
			yield(Token{}, err)
		}
	}
}
