package generate

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// rowRun runs texts in the rows of one sequence. A row whose text has ended is given to
// the next prompt: the sequence is cut back by as many tokens as that has, and these are
// run again for all rows, which writes to the other rows what is there already.
type rowRun struct {
	b     *batch
	bound *boundModel
	seq   *Sequence
	texts []*rowText // of each row, nil for none
	all   *rows
	// queue are the prompts that wait, and next the first of them, prepared.
	queue []*batchPrompt
	next  *rowText
	idle  int // the steps that rows have rested since the last was given on
}

// together answers the first n prompts in the rows of one sequence, and further ones
// where rows become free. It returns those that it took and did not answer. It reports
// false, and does nothing, where the padding would leave one of the first less room for
// its answer than it has by itself, and where a single one can be answered.
func (b *batch) together(queue []*batchPrompt, n int) (rest []*batchPrompt, ok bool) {
	group := queue[:n]
	texts := make([]*rowText, len(group))
	room, least, longest, live := b.g.bound.context+1, b.g.bound.context, 0, 0
	for i, p := range group {
		texts[i] = b.prepare(p)
		if t := texts[i]; !t.done {
			least, longest, live = min(least, len(t.prompt)), max(longest, len(t.prompt)), live+1
		}
	}
	if live < 2 || b.answerRoom(least) > room-longest {
		return queue, false
	}
	r := &rowRun{b: b, texts: texts, queue: queue[len(group):]}
	whole := false
	defer func() {
		for _, t := range r.texts {
			if !whole && t != nil && t.r != nil {
				t.r.request.end(errUnwound)
			}
		}
	}()
	if err := r.run(longest, len(group)); err != nil {
		for _, t := range r.texts {
			if t != nil && !t.done {
				t.end(err)
			}
		}
	}
	r.deliver()
	whole = true
	return r.queue, true
}

// answerRoom returns how many tokens the answer to a prompt of n may have.
func (b *batch) answerRoom(n int) int {
	return min(b.g.tokenLimit(valueOr(b.opts, Options{}).MaxTokens), b.g.bound.context+1-n)
}

// prepare makes a text of a prompt. What is wrong with it is the text's error.
func (b *batch) prepare(p *batchPrompt) *rowText {
	t := &rowText{done: false, to: p.done}
	if err := t.prepare(b, &p.prompt); err != nil {
		t.end(err)
	}
	return t
}

// deliver hands over the answers that have ended.
func (r *rowRun) deliver() {
	for i, t := range r.texts {
		if t != nil && t.done {
			t.to <- t.answer()
			r.texts[i] = nil
		}
	}
}

// run runs the rows until all have ended.
func (r *rowRun) run(longest, n int) (err error) {
	ctx, g := r.b.ctx, r.b.g
	if r.bound, err = g.forTexts(ctx, n); err != nil {
		return err
	}
	for _, t := range r.texts {
		t.observe(ctx, g, "generate.wait")
	}
	waits := time.Now()
	if r.seq, err = g.newSequence(ctx, r.bound, valueOr(r.b.opts, Options{}).Priority); err != nil {
		return err
	}
	for _, t := range r.texts {
		t.observe(ctx, g, "generate.prefill")
		if !t.done {
			t.r.waited = time.Since(waits)
		}
	}
	defer func() {
		if cerr := r.seq.close(); err == nil {
			err = cerr
		}
	}()
	lane, ok := r.seq.lease.lane.(*stageLane)
	if !ok {
		return fmt.Errorf("%w: the package takes one text", ErrDriver)
	}
	r.all = newRows(r.texts, longest, r.bound.texts(), r.bound.pad)
	r.texts = append(r.texts, make([]*rowText, len(r.all.ids)-len(r.texts))...)
	lane.rows = r.all
	defer func() { lane.rows = nil }()
	r.deliver() // prompts that are none
	from, start, calls := 0, time.Now(), r.seq.calls
	for {
		a, at, err := g.forwardRows(ctx, r.seq, r.all, from)
		if err != nil {
			return err
		}
		if err := r.begin(a, time.Since(start), r.seq.calls-calls); err != nil {
			return err
		}
		if !r.step(ctx, a, at) {
			return nil
		}
		if g.pool.isClosed() {
			return ErrClosed
		}
		start, calls = time.Now(), r.seq.calls
		from = r.giveOn()
	}
}

// step adds to each row the token that its text chooses, and padding where none goes
// on, and reports whether any text does.
func (r *rowRun) step(ctx context.Context, a *answer, at int) bool {
	goesOn := false
	for i, t := range r.texts {
		next := r.bound.pad
		if t != nil && !t.done {
			next = t.step(ctx, a, at, i, r.all)
			goesOn = goesOn || !t.done
		}
		r.all.ids[i] = append(r.all.ids[i], next)
	}
	r.deliver()
	return goesOn
}

// giveOn gives free rows to the prompts that wait, and returns the place from which on
// the rows are to be run.
//
// To run a prompt costs all rows as many tokens as it has. So a row first rests for as
// many steps, together with other free ones: short answers to long prompts are better
// answered in groups, and so the two ways never cost much more than the better of them.
func (r *rowRun) giveOn() (from int) {
	end := len(r.all.ids[0])
	from = end - 1
	for _, t := range r.texts {
		if t == nil {
			r.idle++
		}
	}
	given := false
	for i, t := range r.texts {
		if t != nil {
			continue
		}
		next := r.peek()
		if next == nil {
			break
		}
		n := len(next.prompt)
		if n > end || n > r.idle || r.b.answerRoom(n) > r.bound.context+1-end {
			break
		}
		r.next, r.queue, given = nil, r.queue[1:], true
		r.texts[i] = next
		next.observe(r.b.ctx, r.b.g, "generate.prefill")
		r.all.set(i, next.prompt, r.bound.pad)
		from = min(from, end-n)
	}
	if given {
		r.idle = 0
	}
	return from
}

// peek returns the prompt that waits for a row, nil where there is none. One with options
// of its own is left for later: it cannot share the steps of the others.
func (r *rowRun) peek() *rowText {
	for r.next == nil {
		if len(r.queue) == 0 {
			select {
			case more := <-r.b.jobs:
				r.queue = more // nothing, where there will be no more
			default:
			}
			if len(r.queue) == 0 {
				return nil
			}
		}
		if r.queue[0].prompt.Options != nil {
			return nil
		}
		t := r.b.prepare(r.queue[0])
		if !t.done {
			r.next = t
			break
		}
		t.to <- t.answer()
		r.queue = r.queue[1:]
	}
	return r.next
}

// begin notes the measures of texts whose prompts have just been run, and checks what
// only the first logits tell.
func (r *rowRun) begin(a *answer, took time.Duration, calls int) error {
	for _, t := range r.texts {
		if t == nil || t.done || t.begun {
			continue
		}
		t.begun = true
		t.r.begin(t.prompt)
		t.r.stats.PromptTokens, t.r.stats.PrefillCalls, t.r.stats.Prefill = len(t.prompt), calls, took
		if err := r.seq.learnVocabulary(a, t.prompt); err != nil {
			return err
		}
		// The model's vocabulary may be known only now.
		if err := cmp.Or(r.bound.checkPrompt(t.prompt), t.r.opts.validate(a.width)); err != nil {
			t.end(err)
		}
	}
	return nil
}
