package generate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// pool hands out lanes, at most as many as it has slots. Lanes are made when
// they are first needed and kept for later sequences.
type pool struct {
	newLane func() (lane, error)
	slots   chan struct{} // an element for each lane that is handed out
	// drained is called once, when the pool is closed and the last lane is back.
	drained func() error

	mu     sync.Mutex
	free   []lane // the lanes that wait for a sequence
	live   int    // the number of those handed out
	closed bool
}

func newPool(newLane func() (lane, error), size int, drained func() error) *pool {
	return &pool{newLane: newLane, slots: make(chan struct{}, size), drained: drained}
}

// lease is a lane that is handed out. Several parties may give it back (Close, the
// end of a context, the garbage collector); only the first does. It does not refer to the sequence that holds it, so that a sequence
// which nobody refers to any more can be collected and its lane given back.
type lease struct {
	pool *pool
	lane lane
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
	return l.pool.put(l.lane)
}

// acquire waits for a slot and returns a lane in it. The slot is given back on
// every way out but that, a panic of the model included.
func (p *pool) acquire(ctx context.Context) (_ *lease, err error) {
	l, err := p.take(ctx)
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
	if l == nil {
		if l, err = p.newLane(); err != nil {
			l = nil // an interface that may hold a nil pointer
			return nil, err
		}
	} else if err = l.reset(); err != nil {
		return nil, err
	}
	ready = true
	return &lease{pool: p, lane: l}, nil
}

// take waits for a slot and returns a lane of an earlier sequence, nil where
// there is none.
func (p *pool) take(ctx context.Context) (lane, error) {
	// With both at once the select below may choose the slot.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return nil, ErrClosed
	}
	p.live++
	n := len(p.free)
	if n == 0 {
		return nil, nil
	}
	l := p.free[n-1]
	p.free = p.free[:n-1]
	return l, nil
}

// put takes a lane back for the next sequence.
func (p *pool) put(l lane) error {
	l.trim()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return p.discard(l)
	}
	p.free = append(p.free, l)
	p.mu.Unlock()
	return p.freeSlot()
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
	last := p.closed && p.live == 0
	p.mu.Unlock()
	<-p.slots
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
	free, last := p.free, p.live == 0
	p.free = nil
	p.mu.Unlock()
	var errs []error
	for _, l := range free {
		errs = append(errs, l.close())
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
