package generate

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/tokenizer"
)

// Prompt is one of those that [Generator.Batch] answers. One of Text, Tokens, Messages
// and Err is set; of several the last counts.
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
	// Options are those of this prompt, in place of the call's; nil means the call's.
	// Such a prompt shares no prediction with others that are answered at the same time
	// in the rows of a batch.
	Options *Options
}

// options returns what holds for the prompt.
func (p *Prompt) options(all *Options) *Options {
	if p.Options != nil {
		return p.Options
	}
	return all
}

// encode returns the tokens before an answer to the prompt.
func (p *Prompt) encode(ctx context.Context, g *Generator, opts *Options) ([]int, error) {
	switch {
	case p.Err != nil:
		return nil, p.Err
	case p.Messages != nil:
		return g.encodeChat(ctx, p.Messages, opts)
	case p.Tokens != nil:
		return g.markTokens(p.Tokens, opts)
	}
	return g.encodeText(ctx, p.Text)
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
// ahead of the answers, or four times as many where they share predictions, so that
// neither fill the memory. The work is done while the
// caller's loop runs, and breaking out of the loop ends all of it. A panic of the model, of a
// processor or of a sampler ends all of it too, and goes on in the caller's goroutine as a
// [*PanicError].
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
		atOnce := min(g.pool.most(g.bound), mostAtOnce)
		if valueOr(opts, Options{}).Guidance.on() {
			atOnce = max(atOnce/2, 1) // each takes two states
		}
		b := &batch{g: g, ctx: ctx, opts: opts, next: next, texts: g.textsAtOnce(ctx, opts), broken: make(chan struct{})}
		ahead := 2
		if b.texts > 1 {
			ahead = 4 // for rows that become free
		}
		b.most, b.jobs = ahead*atOnce*b.texts, make(chan []*batchPrompt, ahead*atOnce)
		var workers sync.WaitGroup
		for range atOnce {
			workers.Go(func() { guard(b.work, b.breakDown) })
		}
		defer func() { b.thrown.raise() }()
		defer workers.Wait()
		defer close(b.jobs)
		defer cancel()
		b.deliver(yield)
	}
}

// deliver yields the answers until there are no more, the caller wants none, or a worker
// has broken down.
func (b *batch) deliver(yield func(*Result, error) bool) {
	for b.fill() {
		select {
		case a := <-b.pending[0]:
			if !yield(a.result, a.err) {
				return
			}
		case <-b.broken:
			return
		}
		b.pending = b.pending[1:]
	}
}

// breakDown notes what a worker has thrown, the first of them.
func (b *batch) breakDown(t *thrown) {
	b.once.Do(func() {
		b.thrown = t
		close(b.broken)
	})
}

// textsAtOnce returns how many prompts go through the model together: those of the
// function that the generator was opened for, without pictures.
func (g *Generator) textsAtOnce(ctx context.Context, opts *Options) int {
	o := valueOr(opts, Options{})
	if o.Function != "" || o.Adapters != nil || len(o.Images) > 0 || g.bound.image != nil || o.Guidance.on() || o.Overflow != OverflowError {
		return 1
	}
	most := 1
	if g.batches != nil {
		most = g.batches.hi
	}
	m, err := g.forTexts(ctx, min(most, maxTexts))
	if err != nil {
		return 1 // each by itself: what is wrong is the error of its answer
	}
	return m.texts()
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
	pending []chan batchAnswer
	most    int                 // of pending
	jobs    chan []*batchPrompt // prompts that go through the model together; has room for all that is pending
	// broken is closed when a worker has thrown something.
	broken chan struct{}
	once   sync.Once
	thrown *thrown
}

// batchPrompt is a prompt and where its answer goes, which has room for it.
type batchPrompt struct {
	prompt Prompt
	done   chan batchAnswer
}

// work answers prompts in their order.
func (b *batch) work() {
	for queue := range b.jobs {
		for len(queue) > 0 {
			queue = b.fillUp(b.answer(queue))
		}
	}
}

// fillUp adds prompts to those that an answer has left, up to as many as go together.
func (b *batch) fillUp(queue []*batchPrompt) []*batchPrompt {
	for len(queue) > 0 && len(queue) < b.texts {
		select {
		case more := <-b.jobs:
			if len(more) == 0 {
				return queue // there will be no more
			}
			queue = append(queue, more...)
		default:
			return queue
		}
	}
	return queue
}

// fill starts as many answers as may wait, and reports whether there are any.
func (b *batch) fill() bool {
	for !b.over && len(b.pending)+b.texts <= b.most {
		if err := b.ctx.Err(); err != nil {
			b.over = true
			done := make(chan batchAnswer, 1)
			done <- batchAnswer{&Result{}, prefixed(err)}
			b.pending = append(b.pending, done)
			break
		}
		group := b.take()
		if len(group) == 0 {
			break
		}
		for _, p := range group {
			b.pending = append(b.pending, p.done)
		}
		b.jobs <- group
	}
	return len(b.pending) > 0
}

// take takes the prompts that go through the model together.
func (b *batch) take() []*batchPrompt {
	var group []*batchPrompt
	for len(group) < b.texts {
		p, ok := b.next()
		if !ok {
			b.over = true
			break
		}
		group = append(group, &batchPrompt{p, make(chan batchAnswer, 1)})
	}
	return group
}

// answer answers prompts in the rows of one sequence, if that gives the answers that
// they have by themselves, and else one after the other. It returns those that are
// left, some of which it may have taken from the jobs. Texts that go together have the
// options of the call.
func (b *batch) answer(queue []*batchPrompt) (rest []*batchPrompt) {
	alike := slices.IndexFunc(queue, func(p *batchPrompt) bool { return p.prompt.Options != nil })
	if alike < 0 {
		alike = len(queue)
	}
	if alike > 1 && b.texts > 1 {
		if rest, ok := b.together(queue, min(alike, b.texts)); ok {
			return rest
		}
	}
	n := min(len(queue), b.texts)
	for _, p := range queue[:n] {
		p.done <- b.alone(&p.prompt)
	}
	return queue[n:]
}

// alone answers one prompt on a sequence of its own.
func (b *batch) alone(p *Prompt) batchAnswer {
	opts := p.options(b.opts)
	encode := func(ctx context.Context) ([]int, error) { return p.encode(ctx, b.g, opts) }
	result, err := Collect(b.g.stream(b.ctx, opts, p.Messages != nil, encode, p.Messages...))
	return batchAnswer{result, err}
}
