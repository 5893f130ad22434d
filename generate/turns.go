package generate

import (
	"context"
	"slices"
	"sync"
	"time"
)

// turns lets prompts be read by turns, a chunk at a time. A chunk keeps all cores busy, so
// that two at once gain nothing and cost the memory of two; and who comes behind long
// prompts has to wait for one chunk of theirs and not for their end. The steps of answers
// that are being written go on beside a chunk.
//
// Of those that wait the highest priority goes first, then a prompt that is read in one
// turn, then whoever has not had a turn yet, then those that have waited longest. A row of newcomers is interrupted for one of the
// others, so that nobody waits for ever among equals.
type turns struct {
	threads int

	mu      sync.Mutex
	running int
	waiting []*turn // in the order in which they came
	row     int     // newcomers that were served one after another while others waited
	// perToken is the least that a token of a chunk took; 0 until one was read.
	perToken time.Duration
}

// turn is what a sequence has of its turns. It waits where queued says so, and reads where
// held does.
type turn struct {
	priority     int
	served       int // the chunks of this prompt that were read
	queued, held bool
	tokens       int
	// more says that further chunks follow this one: it goes back into the queue at once,
	// so that nobody of less priority slips in between.
	more  bool
	start time.Time
	wake  chan struct{} // with room for one
}

const (
	// mostNewcomers is how many of them are served in a row while others wait.
	mostNewcomers = 4
	// smallChunk is the time of a chunk below which the cores gain from several: it is
	// one of a small model, whose products are too short to be shared.
	smallChunk = 10 * time.Millisecond
	// noteFrom is the number of tokens from which a chunk tells what one takes.
	noteFrom = 16
)

// enter waits for a turn to read so many tokens, in chunks of at most chunk, or until
// ctx ends. [turns.leave] ends it. With more a further chunk follows, or [turns.forget].
func (ts *turns) enter(ctx context.Context, t *turn, tokens, chunk int, more bool) error {
	ts.mu.Lock()
	t.tokens, t.more = tokens, more
	if t.wake == nil {
		t.wake = make(chan struct{}, 1)
	}
	if !t.queued && !t.held {
		if ts.running < ts.most(chunk) && len(ts.waiting) == 0 {
			ts.begin(t)
			ts.mu.Unlock()
			return nil
		}
		ts.queue(t)
	}
	ts.mu.Unlock()
	select {
	case <-t.wake:
		return nil
	case <-ctx.Done():
		ts.forget(t, chunk)
		return ctx.Err()
	}
}

// forget takes back the wish for a turn, or a turn that nobody has used. It does nothing
// where there is neither.
func (ts *turns) forget(t *turn, chunk int) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t.more = false
	switch {
	case t.queued:
		ts.waiting = slices.DeleteFunc(ts.waiting, func(w *turn) bool { return w == t })
		t.queued = false
	case t.held:
		<-t.wake
		t.held = false
		ts.running--
		ts.next(chunk)
	}
}

// queue puts a turn behind those that wait. The caller has the lock.
func (ts *turns) queue(t *turn) {
	t.queued = true
	ts.waiting = append(ts.waiting, t)
}

// most returns how many chunks are read at once. The caller has the lock.
func (ts *turns) most(chunk int) int {
	if ts.perToken > 0 && ts.perToken*time.Duration(min(chunk, DefaultPrefillChunk)) < smallChunk {
		return max(ts.threads/2, 1)
	}
	return 1
}

// begin gives a turn. The caller has the lock.
func (ts *turns) begin(t *turn) {
	ts.running++
	t.held, t.start = true, time.Now()
}

// leave ends a turn, and begins the next. It does nothing where there is none.
func (ts *turns) leave(t *turn, chunk int) {
	if !t.held {
		return
	}
	took := time.Since(t.start)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t.held = false
	t.served++
	ts.running--
	if each := took / time.Duration(max(t.tokens, 1)); t.tokens >= noteFrom && (ts.perToken == 0 || each < ts.perToken) {
		ts.perToken = max(each, 1)
	}
	if t.more {
		ts.queue(t)
	}
	ts.next(chunk)
}

// next begins the turns that there is room for. The caller has the lock.
func (ts *turns) next(chunk int) {
	for ts.running < ts.most(chunk) && len(ts.waiting) > 0 {
		k := ts.choose()
		t := ts.waiting[k]
		ts.waiting = slices.Delete(ts.waiting, k, k+1)
		t.queued = false
		ts.begin(t)
		t.wake <- struct{}{}
	}
}

// choose returns which of those that wait is next. The caller has the lock.
func (ts *turns) choose() int {
	top := ts.waiting[0].priority
	for _, t := range ts.waiting {
		top = max(top, t.priority)
	}
	fresh, old, short := -1, -1, -1
	for k, t := range ts.waiting {
		switch {
		case t.priority != top:
		case t.served == 0 && !t.more && short < 0:
			short = k
		case t.served == 0 && fresh < 0:
			fresh = k
		case t.served > 0 && old < 0:
			old = k
		}
	}
	if short >= 0 {
		fresh = short
	}
	if fresh < 0 || old >= 0 && ts.row >= mostNewcomers {
		ts.row = 0
		return old
	}
	if ts.row++; old < 0 {
		ts.row = 0
	}
	return fresh
}

// length returns how many wait for a turn.
func (ts *turns) length() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.waiting)
}
