package generate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// pool hands out lanes of several functions, at most as many together as it has slots.
// Lanes are made when they are first needed and kept for later sequences of the same
// function; where there are too many then, the one that has waited longest is closed.
type pool struct {
	newLane func(*boundModel) (lane, error)
	slots   chan struct{} // an element for each lane that is handed out
	// several is held by who waits for more than one lane: two who did so at once could
	// wait for each other.
	several chan struct{}
	// drained is called once, when the pool is closed and the last lane is back.
	drained func() error

	mu     sync.Mutex
	free   []freeLane // the lanes that wait for a sequence, the last to come last
	live   int        // the number of those handed out
	loads  int        // the number of functions that are being loaded
	closed bool
}

// freeLane is a lane that waits for a sequence of its function.
type freeLane struct {
	lane lane
	of   *boundModel
}

func newPool(newLane func(*boundModel) (lane, error), size int, drained func() error) *pool {
	return &pool{newLane: newLane, slots: make(chan struct{}, size), several: make(chan struct{}, 1), drained: drained}
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
		return l.pool.discard(l.lane)
	}
	return l.pool.put(l.freeLane)
}

// acquire waits for a slot and returns an empty lane of a function in it.
func (p *pool) acquire(ctx context.Context, of *boundModel) (*lease, error) {
	return p.acquireLike(ctx, of, nil)
}

// acquireLike is acquire for a lane that holds what another one of the function does,
// unless that is nil. The slot is given back on every way out but that, a panic of the
// model included.
func (p *pool) acquireLike(ctx context.Context, of *boundModel, from lane) (*lease, error) {
	// With both at once the select below may choose the slot.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
		return p.lease(of, from)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// tryAcquire is acquire where a slot is free, and else returns nil.
func (p *pool) tryAcquire(of *boundModel) (*lease, error) {
	select {
	case p.slots <- struct{}{}:
		return p.lease(of, nil)
	default:
		return nil, nil
	}
}

// lease returns a lane in a slot that was taken.
func (p *pool) lease(of *boundModel, from lane) (_ *lease, err error) {
	l, surplus, err := p.take(of)
	if err != nil {
		return nil, err
	}
	ready := false
	defer func() {
		switch {
		case ready:
		case l == nil:
			err = errors.Join(err, p.freeSlot())
		default:
			err = errors.Join(err, p.discard(l))
		}
	}()
	if surplus != nil {
		if err = surplus.close(); err != nil {
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
	case from != nil:
		err = l.become(from)
	case !made:
		err = l.reset()
	}
	if err != nil {
		return nil, err
	}
	ready = true
	return &lease{pool: p, freeLane: freeLane{l, of}}, nil
}

// take returns a lane of an earlier sequence of a function, nil where there is none.
// Surplus is a lane to be closed before another is made.
func (p *pool) take(of *boundModel) (l, surplus lane, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return nil, nil, ErrClosed
	}
	p.live++
	for i, f := range slices.Backward(p.free) {
		if f.of == of {
			p.free = slices.Delete(p.free, i, i+1)
			return f.lane, nil, nil
		}
	}
	if len(p.free)+p.live > cap(p.slots) {
		surplus = p.free[0].lane
		p.free = slices.Delete(p.free, 0, 1)
	}
	return nil, surplus, nil
}

// put takes a lane back for the next sequence.
func (p *pool) put(l freeLane) error {
	l.lane.trim()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return p.discard(l.lane)
	}
	p.free = append(p.free, l)
	p.live-- // at once with the line above: no lane is counted twice
	p.mu.Unlock()
	<-p.slots
	return nil
}

// discard takes a lane out of service.
func (p *pool) discard(l lane) (err error) {
	defer func() { err = errors.Join(err, p.freeSlot()) }()
	return l.close()
}

// freeSlot counts a lane that was handed out as returned.
func (p *pool) freeSlot() error {
	p.mu.Lock()
	p.live--
	last := p.idle()
	p.mu.Unlock()
	<-p.slots
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
