package generate

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/gocoreml/coreml/generate/internal/promptdone"
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
// measures. A nil ctx never ends; a nil opts is the zero [Options].
//
// The state is given back when the loop ends, be it by a panic, and when ctx
// ends. A stream that is pulled with [iter.Pull2] must be stopped: one whose stop is
// never called, nor drained to its end, keeps the state as long as ctx lasts.
func (g *Generator) Stream(ctx context.Context, prompt string, opts *Options) iter.Seq2[Token, error] {
	g = g.made()
	return g.stream(ctx, opts, false, func(ctx context.Context) ([]int, error) { return g.encodeText(ctx, prompt) })
}

// StreamTokens is [Generator.Stream] for a prompt that is encoded already.
func (g *Generator) StreamTokens(ctx context.Context, prompt []int, opts *Options) iter.Seq2[Token, error] {
	g = g.made()
	return g.stream(ctx, opts, false, func(context.Context) ([]int, error) { return g.markTokens(prompt, opts) })
}

// Chat answers messages through the tokenizer's chat template. For a
// conversation of several turns a [Session] spares the work of reading the
// earlier ones again.
func (g *Generator) Chat(ctx context.Context, messages []tokenizer.Message, opts *Options) iter.Seq2[Token, error] {
	g = g.made()
	return g.stream(ctx, opts, true, nil, messages...)
}

// Generate continues prompt and returns the whole answer. With an error it
// returns what there was of it until then.
func (g *Generator) Generate(ctx context.Context, prompt string, opts *Options) (*Result, error) {
	return Collect(g.Stream(ctx, prompt, opts))
}

// Collect gathers the tokens of a stream. With an error it returns what there
// was until then.
func Collect(stream iter.Seq2[Token, error]) (*Result, error) {
	if stream == nil {
		return &Result{}, prefixed(configErrorf("stream", "is nil"))
	}
	var text, reasoning, content strings.Builder
	r := &Result{}
	for tok, err := range stream {
		if err != nil {
			r.Text, r.Reasoning, r.Content = text.String(), reasoning.String(), content.String()
			return r, err
		}
		r.Tokens = append(r.Tokens, tok.ID)
		r.LogProbs = appendLogProbs(r.LogProbs, &tok)
		r.Calls = append(r.Calls, tok.Calls...)
		r.CallErrors = append(r.CallErrors, tok.CallErrors...)
		text.WriteString(tok.Text)
		reasoning.WriteString(tok.Reasoning)
		content.WriteString(tok.Content)
		if tok.Stats != nil {
			r.Finish, r.StopString, r.Stats = tok.Finish, tok.StopString, *tok.Stats
		}
	}
	r.Text, r.Reasoning, r.Content = text.String(), reasoning.String(), content.String()
	return r, nil
}

// stream runs one answer on a sequence of its own. Its state is given back on
// every way out: the end, a break, an error, a panic and runtime.Goexit in the
// caller's loop, processor or sampler or in the model, and the end of ctx while
// the caller's loop holds a token, even if that loop never asks for another one.
func (g *Generator) stream(ctx context.Context, opts *Options, chat bool, encode func(context.Context) ([]int, error), messages ...tokenizer.Message) iter.Seq2[Token, error] {
	ctx = background(ctx)
	return tokens(func(emit func(Token) bool) error { return g.answer(ctx, opts, chat, encode, messages, emit) })
}

// tokens makes the iterator of an answer. The error is yielded after answer has
// returned and given back what it held, so that a caller who tries again within
// the loop finds the state free.
func tokens(answer func(emit func(Token) bool) error) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		stopped := false
		err := answer(func(t Token) bool {
			stopped = !yield(t, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(Token{}, prefixed(err))
		}
	}
}

// answer encodes the prompt, which is the messages in a chat, takes a sequence and runs the answer on it. A prompt
// that cannot work is refused before it waits for a state.
func (g *Generator) answer(ctx context.Context, opts *Options, chat bool, encode func(context.Context) ([]int, error),
	messages []tokenizer.Message, emit func(Token) bool,
) (err error) {
	r, err := g.newGeneration(ctx, opts, chat, time.Now())
	if err != nil {
		return err
	}
	var prompt []int
	if chat {
		prompt, err = r.encodeWithin(ctx, &messages, &r.opts)
	} else {
		prompt, err = encode(ctx)
	}
	if err != nil {
		return err
	}
	if prompt, err = r.arrange(ctx, prompt, messages); err != nil {
		return err
	}
	return r.within(ctx, func(seq *Sequence) error { return r.run(ctx, seq, prompt, emit) })
}

// arrange puts the pictures of a prompt into their places, and fits it into the context.
func (r *generation) arrange(ctx context.Context, prompt []int, messages []tokenizer.Message) ([]int, error) {
	prompt, err := r.place(ctx, prompt, nil)
	if err != nil {
		return nil, err
	}
	if prompt, err = r.fit(ctx, prompt, messages); err != nil {
		return nil, err
	}
	r.asked = prompt
	promptdone.Signal(ctx)
	return prompt, r.checkPrompt(prompt)
}

// within takes the sequences of an answer for the time of a call.
func (r *generation) within(ctx context.Context, call func(seq *Sequence) error) error {
	return r.observed(ctx, func() error { return r.hold(ctx, call) })
}

func (r *generation) hold(ctx context.Context, call func(seq *Sequence) error) (err error) {
	defer r.holdCalls()()
	seq, err := r.acquire(ctx)
	if err != nil {
		return err
	}
	sound := false
	seq.reusable = true // if what follows leaves it so
	defer seq.expireWith(ctx)()
	defer func() {
		if !sound {
			seq.spoil()
		}
		if cerr := seq.close(); err == nil {
			err = cerr
		}
	}()
	if r.guide != nil {
		defer r.guide.seq.expireWith(ctx)()
		defer func() {
			if cerr := r.guide.seq.close(); err == nil {
				err = cerr
			}
		}()
	}
	err = call(seq)
	sound = leavesSound(ctx, err)
	if ended := ctx.Err(); ended != nil && errors.Is(err, ErrClosed) && (seq.isClosed() || r.guide != nil && r.guide.seq.isClosed()) {
		return ended // which has closed it meanwhile
	}
	return err
}
