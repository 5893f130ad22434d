package array

import "context"

// A context that ends is obeyed within a few hundredths of a second whatever runs.
// Loops over elements therefore go through Pieces, or a nest, or call Poll
// themselves: between two looks at the context lie PollEvery elements or about as
// much work. Poll panics with Ended, which the engine and the planner turn into the
// context's error, so no loop has to hand on that it gave up. Kernels, which know no
// poller, are given Stopped instead and return.
const (
	// PollEvery is the number of elements between two looks at the context: some
	// microseconds of copying, a few milliseconds of the dearest functions.
	PollEvery = 1 << 15
	// DecodeEvery is the same for elements of compressed constants, of which each
	// may take a microsecond.
	DecodeEvery = 1 << 12
)

// Ended is what Poll panics with.
type Ended struct{}

// Poller looks at a context on behalf of loops. A nil one never stops anything.
type Poller struct {
	Ctx context.Context //nolint:containedctx // lives for one prediction, or one load
}

// Stopped reports whether the context has ended.
func (p *Poller) Stopped() bool { return p != nil && p.Ctx != nil && p.Ctx.Err() != nil }

// Poll ends the work when the context has ended.
func (p *Poller) Poll() {
	if p.Stopped() {
		panic(Ended{})
	}
}

// Pieces calls f for the ranges that make up 0 to n-1, in order.
func (p *Poller) Pieces(n int, f func(lo, hi int)) { p.PiecesOf(n, PollEvery, f) }

// PiecesOf is pieces with another number of elements between two looks. A single
// piece is not worth one: between steps there are others.
func (p *Poller) PiecesOf(n, size int, f func(lo, hi int)) {
	if n <= size {
		if n > 0 {
			f(0, n)
		}
		return
	}
	for lo := 0; lo < n; lo += size {
		p.Poll()
		f(lo, min(lo+size, n))
	}
}

// Lanes calls f for each of n lanes of size elements. Lanes of no elements count as one:
// there may be a great many of them.
func (p *Poller) Lanes(n, size int, f func(lane int)) {
	done := 0
	for k := range n {
		if done += max(size, 1); done >= PollEvery {
			p.Poll()
			done = 0
		}
		f(k)
	}
}

// Copy is copy, with looks at the context.
func Copy[T any](p *Poller, dst, src []T) int {
	n := min(len(dst), len(src))
	p.Pieces(n, func(lo, hi int) { copy(dst[lo:hi], src[lo:hi]) })
	return n
}

// Fill sets every element.
func Fill[T any](p *Poller, dst []T, v T) {
	p.Pieces(len(dst), func(lo, hi int) {
		part := dst[lo:hi]
		for k := range part {
			part[k] = v
		}
	})
}

// Counter polls for loops whose steps differ in their work.
type Counter struct {
	Poller *Poller
	done   int
}

// Add counts work, in elements.
func (c *Counter) Add(n int) {
	if c.done += n; c.done >= PollEvery {
		c.done = 0
		c.Poller.Poll()
	}
}
