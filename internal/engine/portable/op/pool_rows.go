package op

import (
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// Pools by rows: what the windows of a box of results have at one place is a run of
// memory, as the rows of a convolution are. A mean is the sum over the places in their
// order, in float32, divided by their number.

// poolTaps is the most places of a window that are added up in float32: for more the
// error of a long chain would show.
const poolTaps = 64

// poolOnes are the weights of a sum.
var poolOnes = func() (ones [poolTaps]float32) {
	for k := range ones {
		ones[k] = 1
	}
	return ones
}()

// poolWorker is the memory of one thread.
type poolWorker struct {
	taps    kernel.Taps
	x, sums []float32
}

// rowsPay reports whether results are computed by rows.
func (t *poolTask) rowsPay() bool {
	n := 1
	for _, k := range t.kernel {
		if n > poolTaps || k > poolTaps {
			return false
		}
		n *= k
	}
	return t.kind != poolRoot && n <= poolTaps
}

// prepareRows chooses the boxes and makes the memory of threads.
func (t *poolTask) prepareRows() {
	s := &t.slide
	for d := range s.axis {
		s.axis[d] = slideAxis{size: t.in[d], taps: t.kernel[d], step: t.stride[d], base: -t.before[d], apart: 1, places: t.out[d]}
	}
	s.plan(1, placesFor(1))
	threads := 1
	if t.env.Pool != nil {
		threads = t.env.Pool.Threads()
	}
	if len(t.workers) < threads {
		t.workers = make([]poolWorker, threads)
	}
	var need convNeed
	need.add(s)
	for k := range t.workers {
		w := &t.workers[k]
		w.taps.Grow(s.taps)
		w.x = reuse(t.env, w.x, max(need.volume, need.gathered*s.taps))
		w.sums = reuse(t.env, w.sums, need.sums)
	}
	if t.kind == poolMean {
		t.ofLastAxis = reuse(t.env, t.ofLastAxis, t.out[2])
		for k := range t.ofLastAxis {
			t.ofLastAxis[k] = float32(t.counted(2, k))
		}
	}
}

// counted is the number of places of window at that count in a mean, in one dimension.
func (t *poolTask) counted(d, at int) int {
	lo, hi, places := t.extent(d, at)
	if t.excludePadding {
		return max(0, hi-lo)
	}
	return places
}

// box computes a box of results of a channel.
func (t *poolTask) box(w *poolWorker, channel, box int, work *array.Counter) {
	s := &t.slide
	b := s.at(box)
	x := t.src[channel*t.plane : (channel+1)*t.plane]
	pad := float32(0)
	if t.kind == poolMax {
		pad = float32(math.Inf(-1))
	}
	switch {
	case s.direct:
		x = x[s.origin(&b):]
	case s.gather:
		s.fillTaps(work, w.x, x, &b, 0, s.taps, pad)
		x = w.x
	default:
		s.fill(work, w.x, x, &b, pad)
		x = w.x
	}
	if t.kind == poolMax {
		b.runs(s, func(at, sum, n int) { t.maxima(w.sums[sum:sum+n], x[at:], &b, work) })
	} else {
		w.taps.Reset()
		for k := range s.taps {
			w.taps.Add(s.offset(&b, k, 0))
		}
		b.runs(s, func(at, sum, n int) {
			work.Add(n)
			w.taps.Mul(w.sums[sum:], n, poolOnes[:], 0, x[at:], 1, n, false)
		})
	}
	t.storeBox(w, &b, t.dst[channel*t.places:])
}

// maxima stores the largest of what the windows of a run have at each place.
func (t *poolTask) maxima(dst, x []float32, b *slideBox, work *array.Counter) {
	for k := range t.slide.taps {
		work.Add(len(dst))
		part := x[t.slide.offset(b, k, 0):][:len(dst)]
		if k == 0 {
			copy(dst, part)
		} else {
			kernel.Max(dst, dst, part)
		}
	}
}

// storeBox moves what was found to where it belongs, and divides sums.
func (t *poolTask) storeBox(w *poolWorker, b *slideBox, dst []float32) {
	for d := range b.n[0] {
		for h := range b.n[1] {
			row := w.sums[d*b.sumPlane+h*b.sumRow:][:b.n[2]]
			to := dst[((b.from[0]+d)*t.out[1]+b.from[1]+h)*t.out[2]+b.from[2]:][:b.n[2]]
			if t.kind == poolMax {
				copy(to, row)
				continue
			}
			outer := float32(t.counted(0, b.from[0]+d) * t.counted(1, b.from[1]+h))
			for i, n := range t.ofLastAxis[b.from[2]:][:len(to)] {
				to[i] = row[i] / max(outer*n, 1) // a window without places has the mean 0
			}
		}
	}
}
