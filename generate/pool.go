package generate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// pool hands out lanes of several functions, at most size of them together, and of no more
// than so many bytes. Lanes are made when they are first needed and kept for later sequences of the same
// function; where there are too many then, the one that has waited longest is closed. With reuse
// they are kept with what they hold, at most resting of them beside those handed out.
type pool struct {
	newLane func(*boundModel) (lane, error)
	size    int
	bytes   int64 // of the states of all lanes, 0 for any
	longest int   // how many callers may wait, 0 for any
	reuse   bool
	resting int
	// drained is called once, when the pool is closed and the last lane is back.
	drained func() error

	mu      sync.Mutex
	free    []*idleLane // the lanes that wait for a sequence, the last to come last
	waiting []*claim    // the callers that wait for a lane, in the order in which they get one
	live    int         // the number of those handed out
	taken   int64       // the bytes of those handed out
	copied  int64       // the bytes of those that wait and are being copied
	loads   int         // the number of functions that are being loaded
	keepers []*Sessions // whose sessions that rest give their states to those that wait
	closed  bool
}

// freeLane is a lane that is for sequences of its function.
type freeLane struct {
	lane lane
	of   *boundModel
}

func newPool(newLane func(*boundModel) (lane, error), size int, drained func() error) *pool {
	return &pool{newLane: newLane, size: size, drained: drained}
}

// lease is a lane that is handed out. Several parties may give it back (Close, the
// end of a context, the garbage collector); only the first does. It does not refer to the sequence that holds it, so that a sequence
// which nobody refers to any more can be collected and its lane given back.
type lease struct {
	pool *pool
	freeLane
	// running is set while the model works on the lane. Where it is found set
	// afterwards a panic ended the work, and the state may be half-written.
	running bool
	// has are the tokens that the lane holds when it is handed out, and when it is given back
	// those that are worth keeping.
	has      []int
	released atomic.Bool
}

// release returns the lane for the next sequence. A lane whose work was left
// half-way is taken out of service instead.
func (l *lease) release() error {
	if !l.released.CompareAndSwap(false, true) {
		return nil
	}
	if l.running {
		return l.pool.discard(l.freeLane)
	}
	return l.pool.put(l.freeLane, l.has)
}

// acquire waits for the slots of a claim and returns a lane in each. The slots are given
// back on every way out but that, a panic of the model included.
func (p *pool) acquire(ctx context.Context, c claim) (leases []*lease, err error) {
	if err := p.reserve(ctx, &c); err != nil {
		return nil, err
	}
	left := c.count()
	defer func() {
		if err == nil && len(leases) == c.count() {
			return
		}
		for _, l := range leases {
			err = errors.Join(err, l.release())
		}
		if leases = nil; left > 0 {
			err = errors.Join(err, p.freeSlots(c.of, left))
		}
	}()
	for left > 0 {
		left--
		l, err := p.occupy(&c)
		if err != nil {
			return leases, err
		}
		leases = append(leases, l)
		c.prompt = nil // it is the first one's
	}
	return leases, nil
}

// occupy makes a lane ready in a slot that is the caller's, empty, with what another one
// holds, or with the beginning of a prompt. After an error, and after a panic, the slot is
// given back.
func (p *pool) occupy(c *claim) (_ *lease, err error) {
	of := c.of
	t, err := p.take(c)
	if err != nil {
		return nil, err
	}
	l, ready := t.lane, false
	defer func() {
		switch {
		case ready:
		case l == nil:
			err = errors.Join(err, p.freeSlots(of, 1))
		default:
			err = errors.Join(err, p.discard(freeLane{l, of}))
		}
	}()
	if t.source != nil {
		defer p.unpin(t.source)
	}
	if err = closeAll(t.surplus); err != nil {
		return nil, err
	}
	made := l == nil
	if made {
		if l, err = p.newLane(of); err != nil {
			l = nil // an interface that may hold a nil pointer
			return nil, err
		}
	}
	switch {
	case c.from != nil:
		err = l.become(c.from)
	case t.source != nil:
		err = t.source.copyTo(l)
	case t.has == nil && !made:
		err = l.reset()
	}
	if err != nil {
		return nil, err
	}
	ready = true
	return &lease{pool: p, freeLane: freeLane{l, of}, has: t.has}, nil
}

// reserve waits for the slots of a claim.
func (p *pool) reserve(ctx context.Context, c *claim) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.enter(c); err != nil || c.granted == nil {
		return err
	}
	whole := false
	defer func() { // a panic of those that are asked for their states passes here too
		if !whole {
			err = errors.Join(err, p.withdraw(c))
		}
	}()
	c.request.queued()
	p.relieve(ctx, c)
	whole = true
	return p.wait(ctx, c)
}

// taken is what there is for a claim: a lane, nil where one is to be made, and the tokens of
// the prompt that it holds already, or will when source is copied to it. Surplus are to be closed before
// anything is made.
type taken struct {
	lane    lane
	has     []int
	source  *idleLane
	surplus []*idleLane
}

// take returns a lane of an earlier sequence of a function.
func (p *pool) take(c *claim) (t taken, err error) {
	p.mu.Lock()
	if p.closed { // since the slot was given
		p.mu.Unlock()
		return t, errors.Join(ErrClosed, p.freeSlots(c.of, 1))
	}
	defer p.mu.Unlock()
	if p.choose(c, &t); t.lane != nil {
		return t, nil
	}
	for i, f := range slices.Backward(p.free) {
		if f.of == c.of && len(f.has) == 0 {
			p.free = slices.Delete(p.free, i, i+1)
			t.lane = f.lane
			break
		}
	}
	t.surplus = p.surplus(func(f *idleLane) bool {
		if t.lane != nil || f.of != c.of {
			return false
		}
		t.lane = f.lane
		return true
	})
	return t, nil
}

// surplus takes out the lanes that wait, and are too many beside those handed out: those
// first that have waited longest. What use takes is not among them. The caller has the lock.
func (p *pool) surplus(use func(*idleLane) bool) (out []*idleLane) {
	kept := int64(0)
	for _, f := range p.free {
		kept += f.of.stateBytes
	}
	for {
		most := p.size - p.live
		if p.reuse {
			most = p.resting
		}
		i := slices.IndexFunc(p.free, func(f *idleLane) bool { return f.copies == 0 })
		if i < 0 || len(p.free) <= most && (p.bytes == 0 || kept+p.taken <= p.bytes) {
			return out
		}
		f := p.free[i]
		kept -= f.of.stateBytes
		p.free = slices.Delete(p.free, i, i+1)
		if !use(f) {
			out = append(out, f)
		}
	}
}

// put takes a lane back for the next sequence, with the tokens that it holds.
func (p *pool) put(l freeLane, has []int) error {
	l.lane.trim()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return p.discard(l)
	}
	p.keep(&idleLane{freeLane: l, has: has})
	p.live-- // at once with the line above: no lane is counted twice
	p.taken -= l.of.stateBytes
	var surplus []*idleLane
	if p.reuse { // else there is room for as many as there were
		surplus = p.surplus(func(*idleLane) bool { return false })
	}
	p.grant()
	p.mu.Unlock()
	return closeAll(surplus)
}

// discard takes a lane out of service.
func (p *pool) discard(l freeLane) (err error) {
	defer func() { err = errors.Join(err, p.freeSlots(l.of, 1)) }()
	return l.lane.close()
}

// freeSlots counts lanes that were handed out as returned.
func (p *pool) freeSlots(of *boundModel, n int) error {
	p.mu.Lock()
	p.live -= n
	p.taken -= int64(n) * of.stateBytes
	p.grant()
	last := p.idle()
	p.mu.Unlock()
	if last {
		return p.drained()
	}
	return nil
}

// idle reports whether a closed pool is no longer used. The caller has the lock.
func (p *pool) idle() bool { return p.closed && p.live == 0 && p.loads == 0 }

// beginLoad keeps the models open, which a function that is being loaded shares files
// with, until endLoad.
func (p *pool) beginLoad() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.loads++
	return nil
}

func (p *pool) endLoad() error {
	p.mu.Lock()
	p.loads--
	last := p.idle()
	p.mu.Unlock()
	if last {
		return p.drained()
	}
	return nil
}

// close refuses further lanes. Those handed out end as they are returned.
func (p *pool) close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	for _, c := range p.waiting {
		c.err = ErrClosed
		close(c.granted)
	}
	p.waiting = nil
	free, last := p.free, p.idle()
	p.free = nil
	p.mu.Unlock()
	errs := []error{closeAll(free)}
	if last {
		errs = append(errs, p.drained())
	}
	return errors.Join(errs...)
}

// isClosed reports whether close was called.
func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}
