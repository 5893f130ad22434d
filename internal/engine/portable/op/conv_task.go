package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// convTask computes a convolution on the pool. A unit of work is a box of places of some
// output channels of one group and batch: it brings together what the box sees of some
// input channels, multiplies that by the weight, and goes on with further channels.
//
// A sum is a chain of fused multiply-adds in float32 from 0 on, over the input channels
// of the group and, within one, over the taps of the kernel in the weight's order; the
// bias is added to the sum. Padding counts as zeros that are multiplied as any number.
// So neither the boxes nor threads nor the instruction set change a bit.
type convTask struct {
	env                     *Env
	batch, in, out, groups  int
	dst, x, bias            []float32
	weight                  convWeight
	half                    bool // results are rounded to fp16
	slide                   slide
	spread                  *spreading // of a transposed convolution, where sums go
	boxes                   int        // boxes of a slide
	blockRows, blocks       int        // output channels of a unit, and units of a group
	channels                int        // input channels that are brought together
	workers                 []convWorker
	plane, places, perGroup int // elements of an input and of an output channel; input channels of a group
}

// convWorker is the memory of one thread.
type convWorker struct {
	taps            kernel.Taps
	x, weight, sums []float32
	work            array.Counter
	spread          spreadWorker
}

const (
	// convDepth is about the number of products of a sum between two looks at the
	// context, and the most columns of the weight that are decoded at a time.
	convDepth = 512
	// convSums bounds the sums of a unit, and the part of a weight that a transposed
	// convolution has decoded.
	convSums = 1 << 18
	// decodedRows is the most rows of a weight that are decoded or packed at a time;
	// rowGap keeps them off one another's cache lines.
	decodedRows = 64
	rowGap      = 16
	// convCopy bounds the elements of the copy of some input channels.
	convCopy = 1 << 16
	// convProducts bounds the products between two looks at the context: half a
	// millisecond, some tens in plain Go.
	convProducts = 1 << 24
)

// convNeed is what the slides of a convolution need at most.
type convNeed struct{ taps, volume, gathered, sums, boxes int }

// add counts a slide.
func (n *convNeed) add(s *slide) {
	n.taps, n.sums, n.boxes = max(n.taps, s.taps), max(n.sums, s.sums()), max(n.boxes, s.count())
	switch {
	case s.direct:
	case s.gather:
		n.gathered = max(n.gathered, s.box[0]*s.box[1]*s.box[2])
	default:
		n.volume = max(n.volume, s.volume)
	}
}

// begin chooses the units of work and makes the memory of threads.
func (t *convTask) begin(c *Call, need convNeed) {
	t.env, t.boxes = c.Env, need.boxes
	t.perGroup = t.in / t.groups
	threads := 1
	if c.Env.Pool != nil {
		threads = c.Env.Pool.Threads()
	}
	t.channels = max(1, min(t.perGroup, convDepth/need.taps, convCopy/max(1, need.volume)))
	if most := c.Env.Threads; most > 0 {
		t.share(need, min(most, threads))
	} else {
		t.share(need, threads)
	}
	if len(t.workers) < threads {
		t.workers = make([]convWorker, threads)
	}
	depth := min(convDepth, need.taps*t.channels)
	for k := range t.workers {
		w := &t.workers[k]
		w.work = array.Counter{Poller: &t.env.Poller}
		w.taps.Grow(depth)
		w.x = reuse(t.env, w.x, max(t.channels*need.volume, depth*need.gathered))
		w.sums = reuse(t.env, w.sums, t.blockRows*need.sums)
		if t.spread != nil || t.weight.f32 == nil {
			w.weight = reuse(t.env, w.weight, min(t.blockRows, decodedRows)*(depth+rowGap))
		}
		if t.spread != nil {
			w.spread.reserve(t, need.taps)
		}
	}
}

// share chooses the output channels of a unit: all, because what a box sees is brought
// together once for them, unless the memory would be large or threads without work.
func (t *convTask) share(need convNeed, threads int) {
	rows := t.out / t.groups
	each := max(need.sums, 1) // memory for a row
	if t.spread != nil {
		each = max(each, t.channels*t.spread.taps)
	}
	t.blockRows = max(1, min(rows, convSums/each))
	for threads > 1 && t.blockRows > 32 && t.batch*t.groups*need.boxes*((rows+t.blockRows-1)/t.blockRows) < 2*threads {
		t.blockRows = (t.blockRows/2 + 7) / 8 * 8
	}
	t.blocks = (rows + t.blockRows - 1) / t.blockRows
}

// Run computes units lo to hi-1. Boxes follow one another, so that a thread which takes
// several goes on with the same part of the weight.
func (t *convTask) Run(lo, hi, worker int) {
	w := &t.workers[worker]
	for u := lo; u < hi; u++ {
		t.env.Poll()
		box, rest := u%t.boxes, u/t.boxes
		block, group := rest%t.blocks, rest/t.blocks
		p := convUnit{batch: group / t.groups, group: group % t.groups, first: block * t.blockRows}
		p.rows = min(t.blockRows, t.out/t.groups-p.first)
		if t.spread != nil {
			t.spread.unit(t, w, box, &p)
		} else {
			t.unit(w, box, &p)
		}
	}
}

// units is their number.
func (t *convTask) units() int { return t.batch * t.groups * t.blocks * t.boxes }

// convUnit is some output channels of a group of a batch.
type convUnit struct{ batch, group, first, rows int }

// channel is the number of the first one in the result.
func (t *convTask) channel(u *convUnit) int {
	return u.batch*t.out + u.group*(t.out/t.groups) + u.first
}

// unit computes a box of places.
func (t *convTask) unit(w *convWorker, box int, u *convUnit) {
	s := &t.slide
	b := s.at(box)
	sums, apart, channel := w.sums, s.sums(), t.channel(u)
	inPlace := b.contiguous(s)
	if inPlace {
		b.sumRow, b.sumPlane = s.axis[2].places, s.axis[1].places*s.axis[2].places
		sums, apart = t.dst[channel*t.places+(b.from[0]*s.axis[1].places+b.from[1])*s.axis[2].places+b.from[2]:], t.places
	}
	if t.perGroup == 0 { // sums of nothing
		w.taps.Reset()
		b.runs(s, func(_, sum, n int) { w.taps.Mul(sums[sum:], apart, nil, 0, nil, u.rows, n, false) })
	}
	for from := 0; from < t.perGroup; from += t.channels {
		t.multiply(w, s, &b, sums, apart, u, from)
	}
	if inPlace {
		t.finish(&b, sums, apart, channel%t.out, u.rows)
	} else {
		t.store(s, &b, sums, apart, channel, u.rows)
	}
}

// contiguous reports whether the runs of a box are runs of the result.
func (b *slideBox) contiguous(s *slide) bool {
	if !s.flat {
		return true
	}
	whole := b.row == b.n[2] && b.n[2] == s.axis[2].places
	return whole && (!s.gather || b.n[0] == 1 || b.n[1] == s.axis[1].places)
}

// convPart is a part of the depth of the sums: some taps of some input channels.
type convPart struct{ from, to, first, end int }

// depth is the number of products.
func (p *convPart) depth() int { return (p.to - p.from) * (p.end - p.first) }

// multiply adds the products of the channels that are brought together with channel from
// to the sums of a box.
func (t *convTask) multiply(w *convWorker, s *slide, b *slideBox, sums []float32, apart int, u *convUnit, from int) {
	p := convPart{from: from, to: min(from+t.channels, t.perGroup)}
	for ; p.first < s.taps; p.first = p.end {
		p.end = min(p.first+convDepth, s.taps)
		x := t.see(w, s, b, &p, (u.batch*t.in+u.group*t.perGroup+from)*t.plane)
		block := u.rows
		if t.spread != nil || t.weight.f32 == nil {
			block = min(block, decodedRows)
		}
		if n := convProducts / max(1, p.depth()*s.sums()); n < block {
			block = max(1, n/8*8)
		}
		for r := 0; r < u.rows; r += block {
			w.work.Poller.Poll()
			m := min(block, u.rows-r)
			a, lda := t.rows(w, s, &p, u, r, m)
			b.runs(s, func(at, sum, n int) {
				w.taps.Mul(sums[r*apart+sum:], apart, a, lda, x[at:], m, n, from > 0 || p.first > 0)
			})
		}
	}
}

// see brings together what a box sees of the channels of a part, and where its taps are.
// at is where the first of the channels begins.
func (t *convTask) see(w *convWorker, s *slide, b *slideBox, p *convPart, at int) []float32 {
	x, apart := t.x[at:], s.volume
	switch {
	case s.direct:
		x, apart = x[s.origin(b):], t.plane
	case s.gather:
		apart = (p.end - p.first) * b.n[0] * b.n[1] * b.n[2]
		for i := range p.to - p.from {
			s.fillTaps(&w.work, w.x[i*apart:], x[i*t.plane:], b, p.first, p.end, 0)
		}
		x = w.x
	default:
		for i := range p.to - p.from {
			if p.first == 0 { // else the channel is there from the part before
				s.fill(&w.work, w.x[i*apart:], x[i*t.plane:], b, 0)
			}
		}
		x = w.x
	}
	w.taps.Reset()
	for k := p.first; k < p.end; k++ {
		w.taps.Add(s.offset(b, k, p.first))
	}
	w.taps.Repeat(p.to-p.from, apart)
	return x
}

// rows returns m rows of the weight from number r of a unit on, of a part's columns.
func (t *convTask) rows(w *convWorker, s *slide, p *convPart, u *convUnit, r, m int) (a []float32, lda int) {
	if t.spread != nil {
		return t.spread.rows(t, w, p, u, r, m)
	}
	width := t.perGroup * s.taps
	at := (u.group*(t.out/t.groups)+u.first+r)*width + p.from*s.taps + p.first
	if t.weight.f32 != nil {
		return t.weight.f32[at:], width
	}
	n := p.depth()
	for i := range m {
		t.weight.read(w.weight[i*(n+rowGap):][:n], at+i*width)
	}
	return w.weight, n + rowGap
}

// finish adds the bias to sums that lie where they belong, and rounds them.
func (t *convTask) finish(b *slideBox, sums []float32, apart, channel, rows int) {
	if t.bias == nil && !t.half {
		return
	}
	for r := range rows {
		for d := range b.n[0] {
			plane := sums[r*apart+d*b.sumPlane:]
			if b.sumRow == b.n[2] {
				t.complete(plane[:b.n[1]*b.n[2]], plane, channel+r)
				continue
			}
			for h := range b.n[1] {
				row := plane[h*b.sumRow:][:b.n[2]]
				t.complete(row, row, channel+r)
			}
		}
	}
}

// store moves sums to where they belong.
func (t *convTask) store(s *slide, b *slideBox, sums []float32, apart, channel, rows int) {
	for r := range rows {
		for d := range b.n[0] {
			for h := range b.n[1] {
				at := ((b.from[0]+d)*s.axis[1].places+b.from[1]+h)*s.axis[2].places + b.from[2]
				row := t.dst[(channel+r)*t.places+at:][:b.n[2]]
				t.complete(row, sums[r*apart+d*b.sumPlane+h*b.sumRow:], (channel+r)%t.out)
			}
		}
	}
}

// complete stores sums of a channel with their bias, rounded.
func (t *convTask) complete(dst, sums []float32, channel int) {
	sums = sums[:len(dst)]
	if t.bias != nil {
		kernel.AddScalar(dst, sums, t.bias[channel])
	} else if &dst[0] != &sums[0] {
		copy(dst, sums)
	}
	if t.half {
		kernel.RoundF16(dst)
	}
}
