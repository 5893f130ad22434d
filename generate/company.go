package generate

import "sync"

// company knows whether several answers are being written by turns.
type company struct {
	mu   sync.Mutex
	last *generation // whose step was the last, nil where it has ended
	// since counts up to 0 while the last one makes steps by itself.
	since int
}

// loneSteps is how many steps an answer makes by itself behind those of another before it
// counts as alone.
const loneSteps = 8

// step notes a step of an answer and reports whether others make theirs as well.
func (c *company) step(r *generation) (crowded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != r {
		if c.last != nil {
			c.since = -loneSteps
		}
		c.last = r
	}
	c.since = min(c.since+1, 0)
	return c.since < 0
}

// leave notes that an answer has ended.
func (c *company) leave(r *generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == r {
		c.last = nil
	}
}
