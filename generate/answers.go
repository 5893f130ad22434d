package generate

import (
	"context"
	"iter"
	"slices"
	"time"
)

// Answers yields n answers to one prompt, which is read once: for each further answer the
// state goes back to the end of the prompt. The answers come one after the other, each as
// soon as it is whole. With Sampling.Seed the first is the one that the prompt has by
// itself with that seed, the second that of the next seed, and so on; Stats.Seed tells.
// Without a temperature they are all the same.
//
// After an error, which comes with what there was of its answer, there are no more. A nil
// ctx never ends; a nil opts is the zero [Options]. The state is held while the caller's
// loop runs.
func (g *Generator) Answers(ctx context.Context, prompt Prompt, n int, opts *Options) iter.Seq2[*Result, error] {
	g, ctx = g.made(), background(ctx)
	return func(yield func(*Result, error) bool) {
		stopped := false
		var result *Result
		collect := func(_ int, stream iter.Seq2[Token, error]) (err error) {
			result, err = Collect(stream)
			return err
		}
		err := g.answers(ctx, &prompt, n, prompt.options(opts), collect, func(err error) bool {
			stopped = !yield(result, prefixed(err)) || err != nil
			return !stopped
		})
		if err != nil && !stopped {
			yield(&Result{}, prefixed(err))
		}
	}
}

// AnswerToken is a token of one of several answers.
type AnswerToken struct {
	// Answer is the number of the answer, from 0 on.
	Answer int
	Token
}

// StreamAnswers is [Generator.Answers] token by token: all those of the first answer, then
// those of the second, and so on. The last token of each has its measures. An error comes
// once, last, with the number of the answer that it ended.
func (g *Generator) StreamAnswers(ctx context.Context, prompt Prompt, n int, opts *Options) iter.Seq2[AnswerToken, error] {
	g, ctx = g.made(), background(ctx)
	return func(yield func(AnswerToken, error) bool) {
		stopped, at := false, 0
		forward := func(i int, stream iter.Seq2[Token, error]) error {
			at = i
			for t, err := range stream {
				if err != nil {
					return err
				}
				if stopped = !yield(AnswerToken{i, t}, nil); stopped {
					break
				}
			}
			return nil
		}
		err := g.answers(ctx, &prompt, n, prompt.options(opts), forward, func(err error) bool {
			if err != nil && !stopped {
				stopped = true
				yield(AnswerToken{Answer: at}, prefixed(err))
			}
			return !stopped
		})
		if err != nil && !stopped {
			yield(AnswerToken{Answer: at}, prefixed(err))
		}
	}
}

// answers makes the answers: each is read by use, whose error is the answer's, and when it
// is over done says whether there is to be a next one. An error that is not of one of them
// is returned.
func (g *Generator) answers(ctx context.Context, p *Prompt, n int, opts *Options,
	use func(i int, stream iter.Seq2[Token, error]) error, done func(err error) bool,
) error {
	if n < 1 {
		return configErrorf("n", "is %d, want 1 answer or more", n)
	}
	r, prompt, err := g.prepareAnswer(ctx, p, opts)
	if err != nil {
		return err
	}
	defer r.done() // of the first one, whose grammar all have
	return r.within(ctx, func(seq *Sequence) error {
		logits, err := r.prefill(ctx, seq, prompt)
		if err != nil {
			return err
		}
		first, seed := slices.Clone(logits), r.sampler.seed
		for i := range n {
			if i > 0 {
				if r, err = r.again(ctx, seed+uint64(i), seq, prompt); err != nil {
					return err
				}
				logits = append(logits[:0], first...)
			}
			one := func() error {
				err := use(i, tokens(func(emit func(Token) bool) error { return r.goOn(ctx, seq, prompt, logits, emit) }))
				if ended := ctx.Err(); ended != nil && err != nil {
					err = ended
				}
				return err
			}
			if i == 0 { // which is observed from the reading of the prompt on
				err = one()
				r.request.end(err)
			} else {
				err = r.observed(ctx, one)
			}
			if !done(err) {
				return nil
			}
		}
		return nil
	})
}

// prepareAnswer checks what is asked for and encodes the prompt.
func (g *Generator) prepareAnswer(ctx context.Context, p *Prompt, opts *Options) (_ *generation, prompt []int, err error) {
	r, err := g.newGeneration(ctx, opts, p.Messages != nil, time.Now())
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			r.done()
		}
	}()
	messages := p.Messages
	if p.Err == nil && messages != nil {
		prompt, err = r.encodeWithin(ctx, &messages, &r.opts)
	} else {
		prompt, err = p.encode(ctx, g, opts)
	}
	if err != nil {
		return nil, nil, err
	}
	r.restarts = true
	prompt, err = r.arrange(ctx, prompt, messages)
	return r, prompt, err
}

// again returns a further answer to the prompt of r, at whose end it leaves the
// sequence. Its seed is the given one.
func (r *generation) again(ctx context.Context, seed uint64, seq *Sequence, prompt []int) (*generation, error) {
	opts := r.opts
	if opts.Sampling = r.settings.clone(); opts.Sampling != nil {
		opts.Sampling.Seed = &seed
	}
	next, err := r.g.newGeneration(ctx, &opts, r.chat, time.Now())
	if err != nil {
		return nil, err
	}
	defer next.done() // r has the same grammar until all answers are over
	next.pictures, next.shown, next.guide, next.kept = r.pictures, r.shown, r.guide, r.kept
	next.stats.DroppedMessages = r.stats.DroppedMessages
	if err := next.guide.rewind(ctx); err != nil {
		return nil, err
	}
	if err := seq.returnTo(ctx, prompt); err != nil { // one that was slid along has lost its end
		return nil, err
	}
	next.begin(prompt)
	next.stats.PromptTokens, next.stats.CachedTokens = len(prompt), len(prompt)
	return next, nil
}
