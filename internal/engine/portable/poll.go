package portable

import "context"

// A context that ends is obeyed within a few hundredths of a second whatever runs.
// Loops over elements therefore go through pieces, or a nest, or call poll
// themselves: between two looks at the context lie pollEvery elements or about as
// much work. poll throws ended, which run and newPlan turn into the context's
// error, so no loop has to hand on that it gave up. Kernels, which know no frame,
// ask stopped instead and return.
const (
	// pollEvery is the number of elements between two looks at the context: some
	// microseconds of copying, a few milliseconds of the dearest functions.
	pollEvery = 1 << 15
	// decodeEvery is the same for elements of compressed constants, of which each
	// may take a microsecond.
	decodeEvery = 1 << 12
)

// ended is thrown by poll.
type ended struct{}

// poller looks at a context on behalf of loops. A nil one never stops anything.
type poller struct {
	ctx context.Context //nolint:containedctx // lives for one prediction, or one load
}

// stopped reports whether the context has ended.
func (p *poller) stopped() bool { return p != nil && p.ctx != nil && p.ctx.Err() != nil }

// poll ends the work when the context has ended.
func (p *poller) poll() {
	if p.stopped() {
		panic(ended{})
	}
}

// pieces calls f for the ranges that make up 0 to n-1, in order.
func (p *poller) pieces(n int, f func(lo, hi int)) { p.piecesOf(n, pollEvery, f) }

// piecesOf is pieces with another number of elements between two looks. A single
// piece is not worth one: between steps there are others.
func (p *poller) piecesOf(n, size int, f func(lo, hi int)) {
	if n <= size {
		if n > 0 {
			f(0, n)
		}
		return
	}
	for lo := 0; lo < n; lo += size {
		p.poll()
		f(lo, min(lo+size, n))
	}
}

// lanes calls f for each of n lanes of size elements.
func (p *poller) lanes(n, size int, f func(lane int)) {
	done := 0
	for k := range n {
		if done += max(size, 1); done >= pollEvery {
			p.poll()
			done = 0
		}
		f(k)
	}
}

// copyPieces is copy.
func copyPieces[T any](p *poller, dst, src []T) int {
	n := min(len(dst), len(src))
	p.pieces(n, func(lo, hi int) { copy(dst[lo:hi], src[lo:hi]) })
	return n
}

// setAll sets every element.
func setAll[T any](p *poller, dst []T, v T) {
	p.pieces(len(dst), func(lo, hi int) {
		part := dst[lo:hi]
		for k := range part {
			part[k] = v
		}
	})
}

// counter polls for loops whose steps differ in their work.
type counter struct {
	p    *poller
	done int
}

// add counts work, in elements.
func (c *counter) add(n int) {
	if c.done += n; c.done >= pollEvery {
		c.done = 0
		c.p.poll()
	}
}
