package kernel

import (
	"math"
	"sync/atomic"
)

// attnShared is what the units leave that compute a block of a key head each: of every
// row of it the sums of the values, the maximum and the sum of the weights, and with
// Round the scores and then the weights of all keys.
type attnShared struct {
	sums, peaks, weights []float32
	scores               []float32
	// ranges are the keys of each block that some row sees, and left the number of units
	// of each key head that are not done.
	ranges [][2]int
	left   []atomic.Int32
}

// share makes room for the units of a call.
func (a *Attention) share() {
	p, s := a.plan, &a.shared
	units := a.KVHeads * p.blocks
	s.sums = atLeast(s.sums, units*p.rows*a.ValueDim)
	s.peaks, s.weights = atLeast(s.peaks, units*p.rows), atLeast(s.weights, units*p.rows)
	if a.Round {
		s.scores = atLeast(s.scores, a.KVHeads*p.rows*p.blocks*attnBlock)
	}
	s.ranges = atLeast(s.ranges, units)
	s.left = atLeast(s.left, a.KVHeads)
	for i := range a.KVHeads {
		s.left[i].Store(int32(p.blocks))
	}
}

// atLeast returns s, or a longer slice with some room to grow.
func atLeast[T any](s []T, n int) []T {
	if len(s) < n {
		return make([]T, n+n/4)
	}
	return s
}

// sharedLen is the number of elements that share makes room for.
func (a *Attention) sharedLen() int {
	p := a.plan
	n := a.KVHeads * p.blocks * p.rows * (a.ValueDim + 2)
	if a.Round {
		n += a.KVHeads * p.rows * p.blocks * attnBlock
	}
	return n
}

// unit is the number of a block of a key head.
func (a *Attention) unit(kv, b int) int { return kv*a.plan.blocks + b }

// sumsOf returns the rows of sums that a unit leaves.
func (a *Attention) sumsOf(kv, b int) []float32 {
	n := a.plan.rows * a.ValueDim
	at := a.unit(kv, b) * n
	return a.shared.sums[at : at+n]
}

// scoresOf returns the scores of the rows of a key head.
func (a *Attention) scoresOf(kv int) []float32 {
	n := a.plan.rows * a.plan.blocks * attnBlock
	return a.shared.scores[kv*n : (kv+1)*n]
}

// part computes block b of a key head for all of its rows.
func (w *attnWork) part(kv, b int) {
	a, u := w.a, w.a.unit(kv, b)
	r := attnRows{kv, 0, a.plan.rows}
	lo, hi := a.visible(r, b)
	a.shared.ranges[u] = [2]int{lo, hi}
	if lo < hi {
		w.scoresOfPart(r, b, lo, hi)
		w.prepareValues(kv, r.n, b, lo, hi)
		w.sums(a.sumsOf(kv, b), w.s, r.n, lo, hi)
	}
	w.done(kv)
}

// scoresOfPart stores the weights of a block, or the scores with Round, and leaves maxima
// and sums for the others.
func (w *attnWork) scoresOfPart(r attnRows, b, lo, hi int) {
	at := w.a.unit(r.kv, b) * r.n
	w.queries(r)
	w.prepareKeys(r.kv, r.n, b, lo, hi)
	w.scores(w.s, w.q, r.n, lo, hi)
	w.weighRows(r, w.s, lo, hi, w.a.shared.peaks[at:at+r.n], w.a.shared.weights[at:at+r.n])
}

// roundPart is a block's part of the passes that Round takes. Scores are copied to where
// all of a row are, since kernels store more rows than there may be.
func (w *attnWork) roundPart(kv, b int) {
	a, ld := w.a, w.a.plan.blocks*attnBlock
	r := attnRows{kv, 0, a.plan.rows}
	s := a.scoresOf(kv)[b*attnBlock:]
	if a.plan.phase == attnScore {
		lo, hi := a.visible(r, b)
		a.shared.ranges[a.unit(kv, b)] = [2]int{lo, hi}
		if lo < hi {
			w.scoresOfPart(r, b, lo, hi)
			for i := range r.n {
				copy(s[i*ld+lo:i*ld+paddedTo(hi, lanes)], w.s[i*w.lds+lo:])
			}
		}
		return
	}
	if lo, hi := a.rangeOf(kv, b); lo < hi {
		w.prepareValues(kv, r.n, b, lo, hi)
		w.lds = ld
		w.sums(a.sumsOf(kv, b), s, r.n, lo, hi)
		w.lds = attnBlock
	}
	w.done(kv)
}

// rangeOf returns the keys of a block that some row sees.
func (a *Attention) rangeOf(kv, b int) (lo, hi int) {
	r := a.shared.ranges[a.unit(kv, b)]
	return r[0], r[1]
}

// weighRow makes the scores of a row of a key head its weights, and leaves their sum where
// that of the row's first block is.
func (a *Attention) weighRow(kv, row int) {
	p, s := a.plan, &a.shared
	scores := a.scoresOf(kv)[row*p.blocks*attnBlock:]
	each := func(do func(b int, part []float32)) {
		for b := range p.blocks {
			if lo, hi := a.rangeOf(kv, b); lo < hi {
				do(b, scores[b*attnBlock+lo:b*attnBlock+paddedTo(hi, lanes)])
			}
		}
	}
	peak, sum := float32(math.Inf(-1)), float32(0)
	each(func(b int, _ []float32) { peak = max(peak, s.peaks[a.unit(kv, b)*p.rows+row]) })
	each(func(_ int, part []float32) { sum += expLanes(part, shiftOf(peak)) })
	each(func(_ int, part []float32) { shareOf(part, 1/sum) })
	s.weights[a.unit(kv, 0)*p.rows+row] = sum
}

// done counts a unit as done. The last one of a key head joins the blocks, whoever has
// it: the order of the sums is that of the keys.
func (w *attnWork) done(kv int) {
	if w.a.shared.left[kv].Add(-1) == 0 && !stops(w.a.Stop) {
		for row := range w.a.plan.rows {
			w.join(kv, row)
		}
	}
}

// join adds up the blocks of a row.
func (w *attnWork) join(kv, row int) {
	a, p, s := w.a, w.a.plan, &w.a.shared
	dv := a.ValueDim
	w.clearSums(1)
	all := w.all[:dv]
	for b := range p.blocks {
		if lo, hi := a.rangeOf(kv, b); lo >= hi {
			continue
		}
		at := a.unit(kv, b)*p.rows + row
		out := s.sums[at*dv : (at+1)*dv]
		if a.Round {
			joinSums(all, out, 1, 1)
		} else {
			joinBlock(all, &w.peaks[0], &w.weight[0], out, s.peaks[at], s.weights[at])
		}
	}
	if a.Round {
		w.finish(kv, row, all, s.weights[a.unit(kv, 0)*p.rows+row], func(all []float32) {
			w.carefulWeights(all, a.scoresOf(kv)[row*p.blocks*attnBlock:], attnRows{kv, 0, p.rows})
		})
		return
	}
	w.finish(kv, row, all, w.weight[0], func(all []float32) { w.carefulRow(all, kv, row) })
}
