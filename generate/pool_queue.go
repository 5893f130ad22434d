package generate

import (
	"context"
	"fmt"
	"slices"
)

// claim is a caller's wish for a lane, or for several at once: who held one while waiting
// for another could wait for one who does the same.
type claim struct {
	of       *boundModel
	priority int
	request  *request // that is told of a wait, nil for none
	now      bool     // a lane that is not free now is of no use
	from     lane     // whose content the lane is to have, nil for none
	prompt   []int    // tokens of which the lane may have the first ones, more than over
	over     int      // and at most most
	most     int
	lanes    int  // how many, 0 for one
	holds    bool // the caller has a lane already, which it keeps while it waits
	// granted is closed when a lane was set aside for the caller, or with err none is
	// going to be; nil where nobody had to wait.
	granted chan struct{}
	err     error
}

// count returns how many lanes are wanted.
func (c *claim) count() int { return max(c.lanes, 1) }

// errNotNow says that all lanes are in use.
var errNotNow = fmt.Errorf("all states are in use: %w", ErrBusy)

// errTied says that a caller would wait for one who waits for it.
var errTied = fmt.Errorf("all states wait for others to become free: %w", ErrBusy)

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
	case at == 0 && p.fits(c):
		p.occupied(c)
		return nil
	case c.now:
		return errNotNow
	case p.longest > 0 && len(p.waiting) >= p.longest:
		return &QueueError{Waiting: len(p.waiting), MaxQueue: p.longest}
	}
	c.granted = make(chan struct{})
	p.waiting = slices.Insert(p.waiting, at, c)
	p.untie()
	return nil
}

// wait waits until a lane is set aside for a caller in the queue, or ctx ends.
func (p *pool) wait(ctx context.Context, c *claim) error {
	select {
	case <-c.granted:
		return c.err
	case <-ctx.Done():
		return joinEnded(ctx, p.withdraw(c))
	}
}

// withdraw takes a claim out of the queue, or gives back what it was granted meanwhile.
func (p *pool) withdraw(c *claim) error {
	p.mu.Lock()
	k := slices.Index(p.waiting, c)
	if k < 0 { // it was granted, or refused
		p.mu.Unlock()
		if c.err != nil {
			return nil
		}
		return p.freeSlots(c.of, c.count())
	}
	p.waiting = slices.Delete(p.waiting, k, k+1)
	p.grant() // who is next may need fewer bytes
	p.mu.Unlock()
	return nil
}

// relieve asks sessions that rest for their states, until one is there for a claim or none
// rests any more. Those that come to rest later see that somebody waits.
func (p *pool) relieve(ctx context.Context, c *claim) {
	for ctx.Err() == nil {
		select {
		case <-c.granted:
			return
		default:
		}
		p.mu.Lock()
		keepers := slices.Clone(p.keepers)
		p.mu.Unlock()
		if !slices.ContainsFunc(keepers, (*Sessions).giveUp) {
			return
		}
	}
}

// waits reports whether callers wait.
func (p *pool) waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) > 0
}

// joinEnded returns the error of a context that has ended, with what else went wrong.
func joinEnded(ctx context.Context, err error) error {
	if err == nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

// fits reports whether there is room for the lanes of a claim. The caller has the lock.
func (p *pool) fits(c *claim) bool {
	n := c.count()
	return p.live+n <= p.size && (p.bytes == 0 || p.taken+p.copied+int64(n)*c.of.stateBytes <= p.bytes)
}

// occupied counts the lanes of a claim as handed out. The caller has the lock.
func (p *pool) occupied(c *claim) {
	p.live += c.count()
	p.taken += int64(c.count()) * c.of.stateBytes
}

// grant sets lanes aside for those at the head of the queue. Nobody overtakes one that
// waits for more of them, or for more bytes. The caller has the lock.
func (p *pool) grant() {
	for len(p.waiting) > 0 && p.fits(p.waiting[0]) {
		p.answer(0, nil)
	}
	p.untie()
}

// answer takes a claim out of the queue: it has its lanes, or err. The caller has the lock.
func (p *pool) answer(k int, err error) {
	c := p.waiting[k]
	p.waiting = slices.Delete(p.waiting, k, k+1)
	if c.err = err; err == nil {
		p.occupied(c)
	}
	close(c.granted)
}

// untie helps where all lanes are held by callers that wait for another: none would ever
// become free. Who of them finds room goes before those at the head, which wait for them;
// where nobody does the last is refused. The caller has the lock.
func (p *pool) untie() {
	holders, first, last := 0, -1, -1
	for k, c := range p.waiting {
		if !c.holds {
			continue
		}
		holders, last = holders+1, k
		if first < 0 && p.fits(c) {
			first = k
		}
	}
	switch {
	case holders == 0 || holders < p.live:
	case first >= 0:
		p.answer(first, nil)
	default:
		p.answer(last, errTied)
	}
}
