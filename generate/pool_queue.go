package generate

import (
	"context"
	"fmt"
	"slices"
)

// claim is a caller's wish for a lane.
type claim struct {
	of       *boundModel
	priority int
	request  *request // that is told of a wait, nil for none
	now      bool     // a lane that is not free now is of no use
	from     lane     // whose content the lane is to have, nil for none
	// granted is closed when a lane was set aside for the caller, or with err none is
	// going to be; nil where nobody had to wait.
	granted chan struct{}
	err     error
}

// errNotNow says that all lanes are in use.
var errNotNow = fmt.Errorf("all states are in use: %w", ErrBusy)

// enter sets a lane aside for a caller, or puts it into the queue: behind those of its
// priority and before those of lower ones.
func (p *pool) enter(c *claim) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case p.bytes > 0 && c.of.stateBytes > p.bytes:
		return configErrorf("MaxStateBytes", "is %d, but a state of the function takes %d bytes", p.bytes, c.of.stateBytes)
	}
	at := len(p.waiting)
	for at > 0 && p.waiting[at-1].priority < c.priority {
		at--
	}
	switch {
	case at == 0 && p.fits(c.of):
		p.live++
		p.taken += c.of.stateBytes
		return nil
	case c.now:
		return errNotNow
	case p.longest > 0 && len(p.waiting) >= p.longest:
		return &QueueError{Waiting: len(p.waiting), MaxQueue: p.longest}
	}
	c.granted = make(chan struct{})
	p.waiting = slices.Insert(p.waiting, at, c)
	return nil
}

// wait waits until a lane is set aside for a caller in the queue, or ctx ends.
func (p *pool) wait(ctx context.Context, c *claim) error {
	select {
	case <-c.granted:
		return c.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	k := slices.Index(p.waiting, c)
	if k < 0 { // it was granted, or refused, meanwhile
		p.mu.Unlock()
		if c.err != nil {
			return ctx.Err()
		}
		return joinEnded(ctx, p.freeSlot(c.of))
	}
	p.waiting = slices.Delete(p.waiting, k, k+1)
	p.grant() // who is next may need fewer bytes
	p.mu.Unlock()
	return ctx.Err()
}

// joinEnded returns the error of a context that has ended, with what else went wrong.
func joinEnded(ctx context.Context, err error) error {
	if err == nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

// fits reports whether there is room for another lane. The caller has the lock.
func (p *pool) fits(of *boundModel) bool {
	return p.live < p.size && (p.bytes == 0 || p.taken+of.stateBytes <= p.bytes)
}

// grant sets lanes aside for those at the head of the queue. Nobody overtakes one that
// waits for more bytes. The caller has the lock.
func (p *pool) grant() {
	for len(p.waiting) > 0 && p.fits(p.waiting[0].of) {
		c := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		p.live++
		p.taken += c.of.stateBytes
		close(c.granted)
	}
}
