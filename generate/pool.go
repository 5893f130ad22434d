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
// function; where there are too many then, the one that has waited longest is closed.
type pool struct {
	newLane func(*boundModel) (lane, error)
	size    int
	bytes   int64 // of the states of all lanes, 0 for any
	longest int   // how many callers may wait, 0 for any
	// drained is called once, when the pool is closed and the last lane is back.
	drained func() error

	mu      sync.Mutex
	free    []freeLane // the lanes that wait for a sequence, the last to come last
	waiting []*claim   // the callers that wait for a lane, in the order in which they get one
	live    int        // the number of those handed out
	taken   int64      // the bytes of those handed out
	loads   int        // the number of functions that are being loaded
	closed  bool
}

// freeLane is a lane that waits for a sequence of its function.
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
	running  bool
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
	return l.pool.put(l.freeLane)
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
	}
	return leases, nil
}

// occupy makes a lane ready in a slot that is the caller's, empty or with what another one
// holds. After an error, and after a panic, the slot is given back.
func (p *pool) occupy(c *claim) (_ *lease, err error) {
	of := c.of
	l, surplus, err := p.take(c)
	if err != nil {
		return nil, err
	}
	ready := false
	defer func() {
		switch {
		case ready:
		case l == nil:
			err = errors.Join(err, p.freeSlots(of, 1))
		default:
			err = errors.Join(err, p.discard(freeLane{l, of}))
		}
	}()
	for _, s := range surplus {
		if err = s.close(); err != nil {
			return nil, err
		}
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
	case !made:
		err = l.reset()
	}
	if err != nil {
		return nil, err
	}
	ready = true
	return &lease{pool: p, freeLane: freeLane{l, of}}, nil
}

// reserve waits for the slots of a claim.
func (p *pool) reserve(ctx context.Context, c *claim) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.enter(c); err != nil || c.granted == nil {
		return err
	}
	c.request.queued()
	return p.wait(ctx, c)
}

// take returns a lane of an earlier sequence of a function, nil where there is none.
// Surplus are lanes to be closed before another is made.
func (p *pool) take(c *claim) (l lane, surplus []lane, err error) {
	p.mu.Lock()
	if p.closed { // since the slot was given
		p.mu.Unlock()
		return nil, nil, errors.Join(ErrClosed, p.freeSlots(c.of, 1))
	}
	defer p.mu.Unlock()
	for i, f := range slices.Backward(p.free) {
		if f.of == c.of {
			p.free = slices.Delete(p.free, i, i+1)
			l = f.lane
			break
		}
	}
	return l, p.surplus(), nil
}

// surplus takes out the lanes that wait, and are too many beside those handed out. The
// caller has the lock.
func (p *pool) surplus() (out []lane) {
	kept := int64(0)
	for i := range p.free {
		kept += p.free[i].of.stateBytes
	}
	for len(p.free) > 0 && (len(p.free)+p.live > p.size || p.bytes > 0 && kept+p.taken > p.bytes) {
		kept -= p.free[0].of.stateBytes
		out = append(out, p.free[0].lane)
		p.free = slices.Delete(p.free, 0, 1)
	}
	return out
}

// put takes a lane back for the next sequence.
func (p *pool) put(l freeLane) error {
	l.lane.trim()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return p.discard(l)
	}
	p.free = append(p.free, l)
	p.live-- // at once with the line above: no lane is counted twice
	p.taken -= l.of.stateBytes
	p.grant()
	p.mu.Unlock()
	return nil
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
	var errs []error
	for _, l := range free {
		errs = append(errs, l.lane.close())
	}
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
