package generate

import (
	"context"
	"iter"
	"sync"

	"github.com/gocoreml/coreml/tokenizer"
)

// Prompt is one of those that [Generator.Batch] answers. One of its fields is set;
// of several the last counts.
type Prompt struct {
	// Text is continued, as by [Generator.Stream].
	Text string
	// Tokens are continued, as by [Generator.StreamTokens].
	Tokens []int
	// Messages are answered through the chat template, as by [Generator.Chat].
	Messages []tokenizer.Message
	// Err says that the prompt is none, such as a record that could not be read: it is
	// the error of the answer, which keeps its place among the others.
	Err error
}

// encode returns the tokens before an answer to the prompt.
func (p *Prompt) encode(ctx context.Context, g *Generator, opts *Options) ([]int, error) {
	switch {
	case p.Err != nil:
		return nil, p.Err
	case p.Messages != nil:
		return g.encodeChat(ctx, p.Messages, opts)
	case p.Tokens != nil:
		return p.Tokens, nil
	}
	return encodePrompt(ctx, g.tok, p.Text)
}

// Batch answers prompts and yields an answer for each, in their order. Up to
// [Config.MaxStates] are answered at once. Each answer is that which the prompt has by
// itself.
//
// What goes wrong with one prompt is the error of its answer, which has what there was
// until then, and the others go on. When ctx ends, the answers under way and one more
// have its error, and the sequence is over. A nil ctx never ends; a nil opts is the
// zero [Options]. Processors and Sampler of opts are called from several goroutines
// at once.
//
// Prompts are taken as they are needed, up to twice as many as are answered at once
// before their answers, so that neither prompts nor answers fill the memory. The work is done while the
// caller's loop runs, and breaking out of the loop ends all of it.
func (g *Generator) Batch(ctx context.Context, prompts iter.Seq[Prompt], opts *Options) iter.Seq2[*Result, error] {
	g = g.made()
	return func(yield func(*Result, error) bool) {
		if prompts == nil {
			yield(&Result{}, prefixed(configErrorf("prompts", "is nil")))
			return
		}
		next, stop := iter.Pull(prompts)
		defer stop()
		ctx, cancel := context.WithCancel(background(ctx))
		b := &batch{g: g, ctx: ctx, opts: opts, next: next, slots: make(chan struct{}, cap(g.pool.slots))}
		defer b.work.Wait()
		defer cancel()
		for b.fill() {
			for _, a := range <-b.pending[0] {
				if !yield(a.result, a.err) {
					return
				}
			}
			b.pending = b.pending[1:]
		}
	}
}

// batchAnswer is the answer to a prompt of a batch.
type batchAnswer struct {
	result *Result
	err    error
}

// batch is the prompts that are answered together.
type batch struct {
	g    *Generator
	ctx  context.Context //nolint:containedctx // a batch lives as long as one call
	opts *Options
	next func() (Prompt, bool)
	over bool // there are no more prompts, or none are wanted
	// pending are the answers that are not yielded yet, in the order of the prompts.
	pending []chan []batchAnswer
	slots   chan struct{} // an element for each answer that is being made
	work    sync.WaitGroup
}

// fill starts as many answers as may wait, and reports whether there are any.
func (b *batch) fill() bool {
	for !b.over && len(b.pending) < 2*cap(b.slots) {
		done := make(chan []batchAnswer, 1)
		if err := b.ctx.Err(); err != nil {
			b.over = true
			done <- []batchAnswer{{&Result{}, prefixed(err)}}
			b.pending = append(b.pending, done)
			break
		}
		p, ok := b.next()
		if b.over = !ok; b.over {
			break
		}
		b.pending = append(b.pending, done)
		b.work.Go(func() {
			b.slots <- struct{}{}
			defer func() { <-b.slots }()
			done <- []batchAnswer{b.answer(&p)}
		})
	}
	return len(b.pending) > 0
}

// answer answers one prompt on a sequence of its own.
func (b *batch) answer(p *Prompt) batchAnswer {
	encode := func(ctx context.Context) ([]int, error) { return p.encode(ctx, b.g, b.opts) }
	result, err := Collect(b.g.stream(b.ctx, b.opts, p.Messages != nil, encode))
	return batchAnswer{result, err}
}
