package coreml

import "sync"

// gate counts the calls that use a program, so that it is closed when the last
// of them has ended.
type gate struct {
	mu     sync.Mutex
	active int
	closed bool
	idle   chan struct{} // made by the first close, closed once nobody is inside
}

// enter admits a call; false when the gate has been closed.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.active++
	return true
}

// leave ends a call that enter admitted.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
	if g.closed && g.active == 0 {
		close(g.idle)
	}
}

// close admits no more calls and waits for those inside. It returns true to the
// first caller only.
func (g *gate) close() bool {
	g.mu.Lock()
	first := !g.closed
	if first {
		g.closed = true
		g.idle = make(chan struct{})
		if g.active == 0 {
			close(g.idle)
		}
	}
	g.mu.Unlock()
	<-g.idle
	return first
}
