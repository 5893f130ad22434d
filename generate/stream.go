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
// and those that the tokenizer adds by itself are added. A prompt that gives no
// token at all, as an empty text does unless the tokenizer begins it with a
// token of its own, is an error; a blank one is not.
//
// The work is done while the caller's loop runs, and each use of the iterator
// does it anew. Breaking out of the loop ends it. An error comes once, last; an
// answer without error ends with a token that has a finish reason and the
// measures. A nil ctx never ends; a nil cfg is the zero [Config].
//
// The state is given back when the loop ends, be it by a panic, and when ctx
// ends. With iter.Pull it must be the caller who ends one of them: a Pull whose
// stop is never called keeps the state as long as ctx lasts.
func (g *Generator) Stream(ctx context.Context, prompt string, cfg *Config) iter.Seq2[Token, error] {
	return g.stream(ctx, cfg, func(ctx context.Context) ([]int, error) { return g.encode(ctx, prompt) }, false)
}

// StreamTokens is [Generator.Stream] for a prompt that is encoded already.
func (g *Generator) StreamTokens(ctx context.Context, prompt []int, cfg *Config) iter.Seq2[Token, error] {
	return g.stream(ctx, cfg, func(context.Context) ([]int, error) { return prompt, nil }, false)
}

// Chat answers messages through the tokenizer's chat template. For a
// conversation of several turns a [Session] spares the work of reading the
// earlier ones again.
func (g *Generator) Chat(ctx context.Context, messages []tokenizer.Message, cfg *Config) iter.Seq2[Token, error] {
	return g.stream(ctx, cfg, func(ctx context.Context) ([]int, error) { return g.encodeChat(ctx, messages, cfg) }, true)
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

// stream runs one answer on a sequence of its own. Its state is given back on
// every way out: the end, a break, an error, a panic and runtime.Goexit in the
// caller's loop, processor or sampler or in the model, and the end of ctx while
// the caller's loop holds a token, even if that loop never asks for another one.
func (g *Generator) stream(ctx context.Context, cfg *Config, prompt func(context.Context) ([]int, error), chat bool) iter.Seq2[Token, error] {
	ctx = background(ctx)
	return func(yield func(Token, error) bool) {
		stopped := false
		err := g.answer(ctx, cfg, prompt, chat, func(t Token) bool {
			stopped = !yield(t, nil)
			return !stopped
		})
		// The state was given back, so that a caller who tries again at once finds
		// it free.
		if err != nil && !stopped {
			yield(Token{}, err)
		}
	}
}

func (g *Generator) answer(ctx context.Context, cfg *Config, prompt func(context.Context) ([]int, error), chat bool, emit func(Token) bool) (err error) {
	r, err := g.newRun(cfg, chat, time.Now())
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	ids, err := prompt(ctx)
	if err == nil {
		err = g.checkPrompt(ids)
	}
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, seq.expire)()
	defer func() {
		if cerr := seq.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("generate: %w", cerr)
		}
	}()
	return r.run(ctx, seq, ids, emit)
}
