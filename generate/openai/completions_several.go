package openai

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"sync"

	"github.com/gocoreml/coreml/generate"
)

// mostAhead is how many prompts of a request are begun behind the one that is being replied
// to: what their answers take waits in memory.
const mostAhead = 16

// promptRun is the answering of one of several prompts, with an exchange of its own.
type promptRun struct {
	r     completionReply
	k     int
	used  usage
	begin func()        // closes begun
	begun chan struct{} // closed with the first token, or at the end
	over  chan struct{} // closed at the end
	err   error
	panic error
	// What the events of a stream wait in.
	queue eventQueue
}

// promptRuns answers the prompts of a request at once, as far as the model has places for
// them: the next one is begun when the last one has its first token, so that at most one waits
// for a place, and so that an earlier one never waits for what a later one holds, see
// [completionReply.ahead].
type promptRuns struct {
	r    *completionReply
	call func(run *promptRun) error
	// together says that the first error ends all; else it comes in its turn.
	together bool

	ctx     context.Context //nolint:containedctx // that of the runs, within the request's
	cancel  context.CancelCauseFunc
	runs    []*promptRun
	ahead   chan struct{} // has an element for each run that is begun and not yet replied to
	group   sync.WaitGroup
	failure error // the first error, where they end together
	fail    sync.Once
}

// several answers all prompts with call, and tells done of each that is over, or has events, in
// their order. All have ended when it returns.
func (r *completionReply) several(together bool, call func(run *promptRun) error, done func(run *promptRun) error) (used usage, err error) {
	// The prompts were parsed, and few of them are made tokens at once.
	r.x.prepared()
	p := &promptRuns{r: r, call: call, together: together, ahead: make(chan struct{}, r.ahead())}
	p.ctx, p.cancel = context.WithCancelCause(r.x.ctx)
	defer p.cancel(nil)
	for k := range r.prompts {
		p.runs = append(p.runs, p.newRun(k))
	}
	p.group.Go(p.begin)
	for _, run := range p.runs {
		if err = done(run); err != nil {
			p.cancel(err)
			break
		}
		used.add(run.used)
		<-p.ahead
	}
	p.group.Wait()
	for _, run := range p.runs {
		r.x.stats.join(&run.r.x.stats)
		if run.panic != nil {
			panic(run.panic)
		}
	}
	if p.failure != nil {
		err = p.failure
	}
	return used, err
}

// ahead is how many prompts are begun before one is replied to. Where an answer of several is
// cut before its grammar ends, those that are left ask for a place anew: a prompt that others
// have passed could wait for ever for theirs, whose events wait for its end.
func (r *completionReply) ahead() int {
	if r.best > 1 && r.j.opts.Grammar != nil {
		return 1
	}
	return mostAhead
}

// newRun prepares the answering of a prompt.
func (p *promptRuns) newRun(k int) *promptRun {
	x := p.r.x
	run := &promptRun{r: *p.r, k: k, begun: make(chan struct{}), over: make(chan struct{})}
	run.begin = sync.OnceFunc(func() { close(run.begun) })
	run.queue.init()
	j := *p.r.j
	if x.stream == nil {
		// The bound of what is gathered is one of all prompts.
		one := j
		one.answers = p.r.best
		x.boundGathered(&one)
		j.opts.MaxTokens = one.opts.MaxTokens
	}
	run.r.j = &j
	run.r.x = &exchange{h: x.h, w: x.w, r: x.r, id: x.id, start: x.start, style: x.style, stream: x.stream, ctx: p.ctx, cancel: p.cancel, begun: run.begin}
	j.x = run.r.x
	return run
}

// begin begins one run after the other.
func (p *promptRuns) begin() {
	var last *promptRun
	for _, run := range p.runs {
		select {
		case p.ahead <- struct{}{}:
		case <-p.ctx.Done():
		}
		before := last
		p.group.Go(func() { p.answer(run, before) })
		last = run
		<-run.begun
	}
}

// answer runs one; before is the one that was begun before it, nil for the first.
func (p *promptRuns) answer(run, before *promptRun) {
	defer close(run.over)
	defer run.begin()
	defer func() {
		if v := recover(); v != nil {
			run.panic = &generate.PanicError{Value: v, Stack: debug.Stack()}
			run.err = run.panic
			p.cancel(run.panic)
		}
	}()
	if run.err = context.Cause(p.ctx); run.err != nil {
		return
	}
	run.err = p.call(run)
	if e := (*apiError)(nil); before != nil && errors.As(run.err, &e) && e.code == "queue_full" {
		// The places are those of its own request: one is free when the answer before ends.
		select {
		case <-before.over:
			run.r.x.gathered = 0
			run.err = p.call(run)
		case <-p.ctx.Done():
			run.err = context.Cause(p.ctx)
		}
	}
	if run.err != nil && p.together {
		p.fail.Do(func() { p.failure = run.err })
		p.cancel(run.err)
	}
}

// join adds the measures of a part of the request.
func (s *RequestStats) join(part *RequestStats) {
	s.Tokens += part.Tokens
	s.PromptTokens += part.PromptTokens
	s.CachedTokens += part.CachedTokens
	s.Queued += part.Queued
	if s.FirstToken == 0 || part.FirstToken > 0 && part.FirstToken < s.FirstToken {
		s.FirstToken = part.FirstToken
	}
	s.TokenGaps = append(s.TokenGaps, part.TokenGaps[:min(len(part.TokenGaps), maxGaps-len(s.TokenGaps))]...)
}

// eventQueue has the events of a part of a stream until it is their turn.
type eventQueue struct {
	mu    sync.Mutex
	list  []json.RawMessage
	bytes int
	more  chan struct{} // something is in list; has room for one
	room  chan struct{} // list was taken; has room for one
}

func (q *eventQueue) init() { q.more, q.room = make(chan struct{}, 1), make(chan struct{}, 1) }

// put adds an event. It waits for room, or until ctx ends.
func (q *eventQueue) put(ctx context.Context, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	for {
		q.mu.Lock()
		if q.bytes < maxUnread {
			q.list, q.bytes = append(q.list, data), q.bytes+len(data)
			q.mu.Unlock()
			signal(q.more)
			return nil
		}
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// take returns what there is.
func (q *eventQueue) take() []json.RawMessage {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list, q.bytes = nil, 0
	signal(q.room)
	return list
}

// relay writes the events of a run as they come, until it is over.
func (run *promptRun) relay(out *eventWriter) error {
	for ended := false; ; {
		for _, data := range run.queue.take() {
			if err := out.sendText("", data); err != nil {
				return err
			}
		}
		if ended {
			return run.err
		}
		select {
		case <-run.queue.more:
		case <-run.over:
			ended = true // what it has put before is taken once more
		}
	}
}
