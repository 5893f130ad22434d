package generate

import (
	"context"
	"errors"
	"sync"
)

// pool hands out lanes, at most as many as it has slots. Lanes are made when
// they are first needed and kept for later sequences.
type pool struct {
	prog  *program
	slots chan struct{}
	// drained is called once, when the pool is closed and the last lane is back.
	drained func() error

	mu     sync.Mutex
	free   []lane
	live   int
	closed bool
}

func newPool(p *program, size int, drained func() error) *pool {
	return &pool{prog: p, slots: make(chan struct{}, size), drained: drained}
}

func (p *pool) acquire(ctx context.Context) (lane, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.slots
		return nil, ErrClosed
	}
	p.live++
	var l lane
	if n := len(p.free); n > 0 {
		l, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()

	var err error
	if l == nil {
		if l, err = p.prog.newLane(); err != nil {
			return nil, errors.Join(err, p.done())
		}
		return l, nil
	}
	if err = l.reset(); err != nil {
		return nil, errors.Join(err, p.discard(l))
	}
	return l, nil
}

// release takes a lane back for the next sequence.
func (p *pool) release(l lane) error {
	l.trim()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return p.discard(l)
	}
	p.free = append(p.free, l)
	p.mu.Unlock()
	return p.done()
}

// discard takes a lane out of service.
func (p *pool) discard(l lane) error { return errors.Join(l.close(), p.done()) }

// done counts a lane that was handed out as returned.
func (p *pool) done() error {
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
