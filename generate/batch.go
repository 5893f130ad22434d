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
// [Config.MaxStates] are answered at once, and where the package takes several texts
// in one prediction, so many times the number of these. Each answer is that which the
// prompt has by itself.
//
// What goes wrong with one prompt is the error of its answer, which has what there was
// until then, and the others go on. When ctx ends, the answers under way and one more
// have its error, and the sequence is over. A nil ctx never ends; a nil opts is the
// zero [Options]. Processors and Sampler of opts are called from several goroutines
// at once.
//
// Prompts are taken as they are needed, at most twice as many as are answered at once
// ahead of the answers, so that neither fill the memory. The work is done while the
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
		atOnce := min(cap(g.pool.slots), mostAtOnce)
		b := &batch{g: g, ctx: ctx, opts: opts, next: next, texts: g.textsAtOnce(opts), jobs: make(chan job, 2*atOnce)}
		var workers sync.WaitGroup
		for range atOnce {
			workers.Go(b.work)
		}
		defer workers.Wait()
		defer close(b.jobs)
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

// textsAtOnce returns how many prompts go through the model together: those of the
// function that the generator was opened for, without pictures.
func (g *Generator) textsAtOnce(opts *Options) int {
	o := valueOr(opts, Options{})
	if o.Function != "" || o.Adapters != nil || len(o.Images) > 0 || g.bound.image != nil {
		return 1
	}
	return g.bound.texts()
}

// mostAtOnce bounds the answers that Batch makes at once: beyond, more take no less
// time.
const mostAtOnce = 256

// batchAnswer is the answer to a prompt of a batch.
type batchAnswer struct {
	result *Result
	err    error
}

// batch is a call of Batch.
type batch struct {
	g     *Generator
	ctx   context.Context //nolint:containedctx // a batch lives as long as one call
	opts  *Options
	next  func() (Prompt, bool)
	texts int  // that go through the model together
	over  bool // there are no more prompts, or none are wanted
	// pending are the answers that are not yielded yet, in the order of the prompts.
	pending []chan []batchAnswer
	jobs    chan job // has room for all that is pending
}

// job is prompts that go through the model together, and where their answers go.
type job struct {
	group []Prompt
	done  chan<- []batchAnswer
}

// work answers prompts in their order.
func (b *batch) work() {
	for j := range b.jobs {
		j.done <- b.answers(j.group)
	}
}

// fill starts as many answers as may wait, and reports whether there are any.
func (b *batch) fill() bool {
	for !b.over && len(b.pending) < cap(b.jobs) {
		done := make(chan []batchAnswer, 1)
		if err := b.ctx.Err(); err != nil {
			b.over = true
			done <- []batchAnswer{{&Result{}, prefixed(err)}}
			b.pending = append(b.pending, done)
			break
		}
		group := b.take()
		if len(group) == 0 {
			break
		}
		b.pending = append(b.pending, done)
		b.jobs <- job{group, done}
	}
	return len(b.pending) > 0
}

// take takes the prompts that go through the model together.
func (b *batch) take() []Prompt {
	var group []Prompt
	for len(group) < b.texts {
		p, ok := b.next()
		if !ok {
			b.over = true
			break
		}
		group = append(group, p)
	}
	return group
}

// answers answers prompts in the rows of one sequence, if that gives the answers that
// they have by themselves, and else one after the other.
func (b *batch) answers(group []Prompt) []batchAnswer {
	if len(group) > 1 {
		if list, ok := b.together(group); ok {
			return list
		}
	}
	list := make([]batchAnswer, len(group))
	for i := range group {
		list[i] = b.alone(&group[i])
	}
	return list
}

// alone answers one prompt on a sequence of its own.
func (b *batch) alone(p *Prompt) batchAnswer {
	encode := func(ctx context.Context) ([]int, error) { return p.encode(ctx, b.g, b.opts) }
	result, err := Collect(b.g.stream(b.ctx, b.opts, p.Messages != nil, encode))
	return batchAnswer{result, err}
}
