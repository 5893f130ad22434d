package op

import "github.com/gocoreml/coreml/internal/engine/portable/array"

// A transposed convolution with a stride of s has s kinds of results in each dimension,
// by the remainder of their place. All of one kind see the same taps of the kernel, and
// neighbours see neighbours: each kind is a convolution without a stride, of some of the
// taps, whose results lie s apart.

// spreading is what a transposed convolution adds to convTask.
type spreading struct {
	axis  [maxSpatial]spreadAxis
	taps  int // of the whole kernel
	kinds int
}

// spreadAxis is one dimension. The result at place p gets element i of the input through
// tap k where p + left is i·stride + k·dilation.
type spreadAxis struct{ size, taps, stride, dilation, left, result int }

// Taps whose numbers are a period apart belong to one kind. There are no more kinds than
// taps: the places of others have no sum.
func (a *spreadAxis) period() int { return a.stride / gcd(a.dilation, a.stride) }
func (a *spreadAxis) kinds() int  { return min(a.period(), a.taps) }

// kind returns the convolution that tap k begins, and the first place of its results.
func (a *spreadAxis) kind(k int) (s slideAxis, first int) {
	r := k * a.dilation % a.stride
	q := -floorDiv(r-a.left, a.stride) // the first place that is not cut off is q·stride + r - left
	first = q*a.stride + r - a.left
	return slideAxis{
		size: a.size, step: 1,
		taps: (a.taps - k + a.period() - 1) / a.period(),
		base: q - k*a.dilation/a.stride, apart: -a.dilation / gcd(a.dilation, a.stride),
		places: max(0, (a.result-first+a.stride-1)/a.stride),
	}, first
}

// kind makes s the convolution of a kind; false when it has no results.
func (p *spreading) kind(k int, s *slide, rows int) bool {
	for d := maxSpatial - 1; d >= 0; d-- {
		a := &p.axis[d]
		s.axis[d], _ = a.kind(k % a.kinds())
		k /= a.kinds()
		if s.axis[d].places == 0 {
			return false
		}
	}
	// A unit has the sums of all kinds.
	s.plan(rows, min(placesFor(rows), max(1, convSums/p.kinds)))
	return true
}

// whole reports whether every place has a sum.
func (p *spreading) whole() bool {
	for d := range p.axis {
		if a := &p.axis[d]; a.kinds() < a.stride {
			return false
		}
	}
	return true
}

// spreadWorker is the memory of one thread for the kind that it is at.
type spreadWorker struct {
	slide   slide
	first   [maxSpatial]int // place of the first result
	taps    []int           // of the kind, as numbers of the kernel's
	kernels []float32       // of some input channels and the output channels of a unit
	decoded []float32       // memory for them
	apart   int             // from those of one input channel to the next
}

// reserve makes room for kinds of up to so many taps.
func (w *spreadWorker) reserve(t *convTask, taps int) {
	w.taps = reuse(t.env, w.taps, taps)
	if t.weight.f32 == nil {
		w.decoded = reuse(t.env, w.decoded, t.channels*t.blockRows*t.spread.taps)
	}
}

// start goes to a kind; false when it has no box of that number.
func (w *spreadWorker) start(p *spreading, k, box, rows int) (b slideBox, ok bool) {
	s := &w.slide
	if !p.kind(k, s, rows) || box >= s.count() {
		return b, false
	}
	var tap, step [maxSpatial]int
	for d := maxSpatial - 1; d >= 0; d-- {
		a := &p.axis[d]
		tap[d], step[d] = k%a.kinds(), a.period()
		_, w.first[d] = a.kind(tap[d])
		k /= a.kinds()
	}
	for n := range s.taps {
		at, mul, rest := 0, 1, n
		for d := maxSpatial - 1; d >= 0; d-- {
			at += (tap[d] + rest%s.axis[d].taps*step[d]) * mul
			rest /= s.axis[d].taps
			mul *= p.axis[d].taps
		}
		w.taps[n] = at
	}
	return s.at(box), true
}

// unit computes a box of each kind. Of the weight, which has the taps of all kinds side
// by side, a part is used for all of them before the next.
func (p *spreading) unit(t *convTask, w *convWorker, box int, u *convUnit) {
	each := len(w.sums) / p.kinds
	for from := 0; from < max(t.perGroup, 1); from += t.channels {
		to := min(from+t.channels, t.perGroup)
		p.read(t, w, u, from, to)
		for k := range p.kinds {
			b, ok := w.spread.start(p, k, box, t.out/t.groups)
			if !ok {
				continue
			}
			s := &w.spread.slide
			sums, apart := w.sums[k*each:(k+1)*each], s.sums()
			if t.perGroup > 0 {
				t.multiply(w, s, &b, sums, apart, u, from)
			} else {
				array.Fill(w.work.Poller, sums, 0)
			}
			if to == t.perGroup {
				p.store(t, w, &b, sums, apart, u)
			}
		}
	}
}

// read makes the kernels of some input channels ready.
func (p *spreading) read(t *convTask, w *convWorker, u *convUnit, from, to int) {
	perOut := t.out / t.groups
	at := ((u.group*t.perGroup+from)*perOut + u.first) * p.taps
	if t.weight.f32 != nil {
		w.spread.kernels, w.spread.apart = t.weight.f32[min(at, len(t.weight.f32)):], perOut*p.taps
		return
	}
	n := u.rows * p.taps
	for i := range to - from {
		part := w.spread.decoded[i*n : (i+1)*n]
		w.work.Poller.PiecesOf(n, array.DecodeEvery, func(lo, hi int) { t.weight.read(part[lo:hi], at+i*perOut*p.taps+lo) })
	}
	w.spread.kernels, w.spread.apart = w.spread.decoded, n
}

// rows packs rows of the weight, which is [in, out/groups, kernel...], of the columns
// that a part multiplies.
func (p *spreading) rows(t *convTask, w *convWorker, part *convPart, u *convUnit, r, m int) (a []float32, lda int) {
	n, column := part.depth()+rowGap, 0
	for i := range part.to - part.from {
		for _, k := range w.spread.taps[part.first:part.end] {
			w.work.Add(m)
			from, to := w.spread.kernels[i*w.spread.apart+r*p.taps+k:], w.weight[column:]
			for j := range m {
				to[j*n] = from[j*p.taps]
			}
			column++
		}
	}
	return w.weight, n
}

// store moves the sums of a box of one kind to their places.
func (p *spreading) store(t *convTask, w *convWorker, b *slideBox, sums []float32, apart int, u *convUnit) {
	first, step, channel := &w.spread.first, p.axis[2].stride, t.channel(u)
	for r := range u.rows {
		plane := t.dst[(channel+r)*t.places:][:t.places]
		for d := range b.n[0] {
			for h := range b.n[1] {
				at := first[0] + (b.from[0]+d)*p.axis[0].stride
				at = at*p.axis[1].result + first[1] + (b.from[1]+h)*p.axis[1].stride
				at = at*p.axis[2].result + first[2] + b.from[2]*step
				row := sums[r*apart+d*b.sumPlane+h*b.sumRow:][:b.n[2]]
				if step == 1 {
					t.complete(plane[at:][:len(row)], row, (channel+r)%t.out)
					continue
				}
				bias := float32(0)
				if t.bias != nil {
					bias = t.bias[(channel+r)%t.out]
				}
				for i, v := range row {
					plane[at+i*step] = v + bias
				}
			}
		}
	}
}
