package main

import (
	"context"
	"sync"
)

// The memory of requests that are read and not yet answered is bounded by a sum
// and not by their number: a cancel request is heard only once everything before
// it has been read, and thousands of small requests may lie before it.
const (
	// maxWaiting bounds the sum of what waiting requests cost, in bytes.
	maxWaiting = 64 << 20
	// requestCost is what a request costs apart from its text: its context, its
	// place in the queue and its fields take about as much.
	requestCost = 1 << 10
	// nameCost is what each name of an input or output costs: its entry in a map or
	// list is several times as long as the shortest text for it.
	nameCost = 64
)

// job is a request that waits for its turn or is being carried out.
type job struct {
	*request
	ctx    context.Context //nolint:containedctx // of this request alone: it ends when the request is cancelled
	cancel context.CancelCauseFunc
	key    string // of the id, empty where there is none
	cost   int    // in bytes of memory
	found  int    // of a cancel request: how many requests it ended
}

// cancels reports whether the job is a cancel request that names an id.
func (j *job) cancels() bool { return j.err == nil && j.Op == opCancel && j.Cancel != nil }

// queue holds the requests that are read and not yet answered, in order. One
// goroutine adds to it and another one takes from it.
type queue struct {
	mu   sync.Mutex
	list []*job
	// byID are the same jobs by the keys of their ids, without cancel requests,
	// which cannot be cancelled, and without those that already are. Going through
	// the list for each of many cancel requests would take the square of its length.
	byID map[string][]*job
	held int   // the sum of their costs
	last error // why nothing more comes

	// Each holds an element when something has changed that the other goroutine may
	// wait for: more to carry out, or less to hold.
	more, room chan struct{}
}

func newQueue() *queue {
	return &queue{byID: map[string][]*job{}, more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// wake wakes the goroutine at the other end, now or when it looks next.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// add waits for room and puts j at the end. It reports whether it could before
// ctx ended.
func (q *queue) add(ctx context.Context, j *job) bool {
	if ctx.Err() != nil {
		return false // a server that leaves empties the queue, and is not to be kept
	}
	for !q.offer(j) {
		select {
		case <-q.room:
		case <-ctx.Done():
			return false
		}
	}
	wake(q.more)
	return true
}

// offer puts j at the end if there is room. An empty queue has room for anything,
// so that no request waits for ever.
func (q *queue) offer(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) > 0 && q.held+j.cost > maxWaiting {
		return false
	}
	q.held += j.cost
	q.list = append(q.list, j)
	if j.key != "" && j.Op != opCancel {
		q.byID[j.key] = append(q.byID[j.key], j)
	}
	return true
}

// close says why nothing more comes.
func (q *queue) close(why error) {
	q.mu.Lock()
	q.last = why
	q.mu.Unlock()
	wake(q.more)
}

// first returns the first job, which stays in the queue, or nil.
func (q *queue) first() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return nil
	}
	return q.list[0]
}

// next waits for a first job. The error is that of [queue.close], or of ctx.
func (q *queue) next(ctx context.Context) (*job, error) {
	for {
		q.mu.Lock()
		last := q.last // looked at first: what was added before it is seen below
		q.mu.Unlock()
		if j := q.first(); j != nil {
			return j, nil
		}
		if last != nil {
			return nil, last
		}
		select {
		case <-q.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// done takes out the first job, which is the one that has been answered.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.list[0]
	j.cancel(nil)
	q.list[0] = nil
	q.list = q.list[1:]
	q.held -= j.cost
	// Where j was not cancelled it is the first of its id, too.
	if same := q.byID[j.key]; len(same) > 0 && same[0] == j {
		if same[0] = nil; len(same) == 1 {
			delete(q.byID, j.key)
		} else {
			q.byID[j.key] = same[1:]
		}
	}
	wake(q.room)
}

// cancel ends the requests whose id has this key and returns how many there were.
func (q *queue) cancel(key string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	// Clients may use one id for several requests; all of them are meant.
	for _, j := range q.byID[key] {
		if j.ctx.Err() == nil { // else the server is being stopped
			j.cancel(errCancelled)
			n++
		}
	}
	delete(q.byID, key)
	return n
}
