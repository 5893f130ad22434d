package op

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
	s.plan(rows)
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
	decoded []float32
}

// reserve makes room for a kind of so many taps.
func (w *spreadWorker) reserve(t *convTask, taps int) {
	w.taps = reuse(t.env, w.taps, taps)
	if t.weight.f32 == nil {
		w.decoded = reuse(t.env, w.decoded, t.spread.rowsAtOnce(t)*t.spread.taps)
	}
}

// rowsAtOnce is the number of kernels that are decoded at a time.
func (p *spreading) rowsAtOnce(t *convTask) int {
	return max(1, min(t.blockRows, convCopy/p.taps))
}

// start works out what a kind's convolution does not say.
func (w *spreadWorker) start(p *spreading, k int, s *slide) {
	var tap, step [maxSpatial]int
	for d := maxSpatial - 1; d >= 0; d-- {
		a := &p.axis[d]
		tap[d], step[d] = k%a.kinds(), a.period()
		_, w.first[d] = a.kind(tap[d])
		k /= a.kinds()
	}
	for n := range s.taps {
		at, rest := 0, n
		mul := 1
		for d := maxSpatial - 1; d >= 0; d-- {
			at += (tap[d] + rest%s.axis[d].taps*step[d]) * mul
			rest /= s.axis[d].taps
			mul *= p.axis[d].taps
		}
		w.taps[n] = at
	}
}

// rows packs rows of the weight, which is [in, out/groups, kernel...], of the columns
// that a part multiplies.
func (p *spreading) rows(t *convTask, w *convWorker, part *convPart, group, first, rows int) (a []float32, lda int) {
	n, each := part.depth(), part.end-part.first
	taps := w.spread.taps[part.first:part.end]
	for i := part.from; i < part.to; i++ {
		at := ((group*t.perGroup+i)*(t.out/t.groups) + first) * p.taps
		step := p.rowsAtOnce(t)
		for r := 0; r < rows; r += step {
			m := min(step, rows-r)
			kernels := w.spread.decoded
			if t.weight.f32 != nil {
				kernels = t.weight.f32[at+r*p.taps:]
			} else {
				t.weight.read(kernels[:m*p.taps], at+r*p.taps)
			}
			w.work.Add(m * (4 + 2*each))
			for j := range m {
				from, to := kernels[j*p.taps:(j+1)*p.taps], w.weight[(r+j)*n+(i-part.from)*each:]
				for c, k := range taps {
					to[c] = from[k]
				}
			}
		}
	}
	return w.weight, n
}

// store moves the sums of a box of one kind to their places.
func (p *spreading) store(t *convTask, w *convWorker, b *slideBox, sums []float32, apart, channel, rows int) {
	first, step := &w.spread.first, p.axis[2].stride
	for r := range rows {
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
