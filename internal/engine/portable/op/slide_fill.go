package op

import "github.com/gocoreml/coreml/internal/engine/portable/array"

// fill copies what a box sees of one channel to dst, the elements of each remainder
// together. What lies outside of the input is pad.
func (s *slide) fill(p *array.Counter, dst, x []float32, b *slideBox, pad float32) {
	rows := [2]*slideAxis{&s.axis[0], &s.axis[1]}
	w := &s.axis[2]
	for i := range rows[0].remainders() {
		for j := range rows[1].remainders() {
			for k := range w.remainders() {
				for u := range s.room[0] {
					for v := range s.room[1] {
						p.Add(4 + s.room[2])
						row := dst[:s.room[2]]
						dst = dst[s.room[2]:]
						d0, ok0 := rows[0].element(i, b.from[0]+u)
						d1, ok1 := rows[1].element(j, b.from[1]+v)
						if !ok0 || !ok1 {
							fillWith(row, pad)
							continue
						}
						line := x[(d0*rows[1].size+d1)*w.size:][:w.size]
						w.line(row, line, k, b.from[2], pad)
					}
				}
			}
		}
	}
}

// element returns which element of the input is number n, from the least one on, of the
// remainder of tap k; false when that is in the padding.
func (a *slideAxis) element(k, n int) (int, bool) {
	e := (a.least()+n)*a.step + a.remainder(k)
	return e, e >= 0 && e < a.size
}

// line copies elements of the remainder of tap k, from number n on.
func (a *slideAxis) line(dst, x []float32, k, n int, pad float32) {
	e, _ := a.element(k, n)
	before := 0
	if e < 0 {
		before = min(len(dst), (-e+a.step-1)/a.step)
	}
	fillWith(dst[:before], pad)
	dst, e = dst[before:], e+before*a.step
	inside := 0
	if e < a.size {
		inside = min(len(dst), (a.size-e+a.step-1)/a.step)
	}
	if inside > 0 {
		every(dst[:inside], x[e:], a.step)
	}
	fillWith(dst[inside:], pad)
}

// every copies elements that are a step apart.
func every(dst, x []float32, step int) {
	if step == 1 {
		copy(dst, x)
		return
	}
	// Two is the step of most convolutions that have one.
	for ; step == 2 && len(dst) >= 4 && len(x) >= 8; dst, x = dst[4:], x[8:] {
		d, e := (*[4]float32)(dst), (*[8]float32)(x)
		d[0], d[1], d[2], d[3] = e[0], e[2], e[4], e[6]
	}
	if len(dst) == 0 {
		return
	}
	x = x[:(len(dst)-1)*step+1]
	for at, k := 0, 0; at < len(x) && k < len(dst); at, k = at+step, k+1 {
		dst[k] = x[at]
	}
}

func fillWith(dst []float32, v float32) {
	for k := range dst {
		dst[k] = v
	}
}

// fillTaps copies what some taps see from all places of a box, a tap after another. It
// is for kernels that see little of what lies between their taps.
func (s *slide) fillTaps(p *array.Counter, dst, x []float32, b *slideBox, first, end int, pad float32) {
	for k := first; k < end; k++ {
		var e [maxSpatial]int // the element that the tap sees at place 0
		for d, rest := maxSpatial-1, k; d >= 0; d-- {
			a := &s.axis[d]
			e[d] = b.from[d]*a.step + a.base + rest%a.taps*a.apart
			rest /= a.taps
		}
		for u := range b.n[0] {
			for v := range b.n[1] {
				p.Add(4 + b.n[2])
				row := dst[:b.n[2]]
				dst = dst[b.n[2]:]
				d0, d1 := e[0]+u*s.axis[0].step, e[1]+v*s.axis[1].step
				if d0 < 0 || d0 >= s.axis[0].size || d1 < 0 || d1 >= s.axis[1].size {
					fillWith(row, pad)
					continue
				}
				line := x[(d0*s.axis[1].size+d1)*s.axis[2].size:][:s.axis[2].size]
				for i := range row {
					if at := e[2] + i*s.axis[2].step; at >= 0 && at < len(line) {
						row[i] = line[at]
					} else {
						row[i] = pad
					}
				}
			}
		}
	}
}
