package kernel

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// One order of sums. The plain Go of this package fixes what every instruction set
// computes, to the bit: a product of float32 is summed in lanes of partial sums, each
// step a fused multiply-add, and the lanes are added by a fixed tree. A row of columns is
// cut into chunks, as the micro-kernels' tiles are; the sums of the chunks are added in
// order.
const (
	// lanes is the number of partial sums of a dot product: column c belongs to lane
	// c%lanes. It is a vector of AVX-512, two of AVX2 and four of NEON.
	lanes = 16
	// chunkCols is the number of columns whose products are summed in lanes before the
	// lanes are added.
	chunkCols = tileCols
)

// fma32 returns x·y+z, rounded once. The product of two float32 is exact in a float64,
// and its sum with z is rounded to a float64 and then to a float32; the two roundings
// give another result than one only where the first ends midway between two float32,
// or below the normal numbers, where they lie elsewhere.
func fma32(x, y, z float32) float32 {
	s := float64(x)*float64(y) + float64(z)
	if b := math.Float64bits(s); b<<35 == 1<<63 || b<<1-1 < smallestNormal32<<1-1 {
		return fmaOdd(x, y, z)
	}
	return float32(s)
}

// smallestNormal32 is the bits of 2^-126, the least normal float32, as a float64.
const smallestNormal32 = (1023 - 126) << 52

// fmaOdd is fma32 by way of the float64 beside the sum whose last bit is set, wherever
// the sum is not exact: from such a number the second rounding goes the right way, since
// a float64 has more than two bits over (Boldo and Melquiond, "Emulation of FMA and
// correctly rounded sums", 2008).
func fmaOdd(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	b := math.Float64bits(s)
	if math.IsInf(s, 0) || s != s || b&1 == 1 {
		return float32(s)
	}
	// What s lacks, exactly (Knuth's two-sum).
	v := s - p
	e := (p - (s - v)) + (c - v)
	switch {
	case e == 0:
	case e > 0 == (s > 0):
		b++
	default:
		b--
	}
	return float32(math.Float64frombits(b))
}

// fmaLanes adds x·y to the lanes. It is fma32 on each, written out because the compiler
// does not inline that.
func fmaLanes(l, x, y *[lanes]float32) {
	for i := range l {
		s := float64(x[i])*float64(y[i]) + float64(l[i])
		if b := math.Float64bits(s); b<<35 == 1<<63 || b<<1-1 < smallestNormal32<<1-1 {
			l[i] = fmaOdd(x[i], y[i], l[i])
			continue
		}
		l[i] = float32(s)
	}
}

// fmaRow adds a·x to y, each step fused: it is the definition of [Axpy].
func fmaRow(y []float32, a float32, x []float32) {
	y = y[:len(x)]
	var all [lanes]float32
	for i := range all {
		all[i] = a
	}
	for ; len(x) >= lanes && len(y) >= lanes; x, y = x[lanes:], y[lanes:] {
		fmaLanes((*[lanes]float32)(y), &all, (*[lanes]float32)(x))
	}
	for i, v := range x {
		y[i] = fma32(a, v, y[i])
	}
}

// sumLanes adds lanes by halves: the upper half to the lower one, until one is left.
func sumLanes(l *[lanes]float32) float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for i := range n {
			l[i] += l[i+n]
		}
	}
	return l[0]
}

// negZero is what the sum of a row begins with: the first chunk's sum is not changed by
// it, whatever its sign.
var negZero = float32(math.Copysign(0, -1))

// dotOrdered is the definition of a dot product of len(a) elements. Of none it is 0.
func dotOrdered(a, b []float32) float32 {
	if len(a) == 0 {
		return 0
	}
	return dotOrderedFrom(negZero, a, b)
}

// dotOrderedFrom adds a dot product to the sum of the chunks before, which are whole.
func dotOrderedFrom(total float32, a, b []float32) float32 {
	b = b[:len(a)]
	for c := 0; c < len(a); c += chunkCols {
		end := min(c+chunkCols, len(a))
		total += dotChunk(a[c:end], b[c:end])
	}
	return total
}

// dotF16Ordered is dotOrdered for halves.
func dotF16Ordered(w []uint16, x []float32) float32 {
	var wide [chunkCols]float32
	total := negZero
	for len(w) > 0 {
		n := min(chunkCols, len(w))
		for i, h := range w[:n] {
			wide[i] = dtype.Float16ToFloat32(h)
		}
		total += dotChunk(wide[:n], x[:n])
		w, x = w[n:], x[n:]
	}
	return total
}

// sumOrderedFrom adds the sum of x to that of the chunks before.
func sumOrderedFrom(total float32, x []float32) float32 {
	for c := 0; c < len(x); c += chunkCols {
		var l [lanes]float32
		for i, v := range x[c:min(c+chunkCols, len(x))] {
			l[i%lanes] += v
		}
		total += sumLanes(&l)
	}
	return total
}

// expSumOrderedFrom replaces x by exp(x-shift) and adds the sum.
func expSumOrderedFrom(total float32, x []float32, shift float32) float32 {
	for i, v := range x {
		x[i] = exp32(v - shift)
	}
	return sumOrderedFrom(total, x)
}

// dotChunk sums one chunk. What is missing of a last group of lanes counts as zeros on
// both sides.
func dotChunk(a, b []float32) float32 {
	var l [lanes]float32
	for ; len(a) >= lanes && len(b) >= lanes; a, b = a[lanes:], b[lanes:] {
		fmaLanes(&l, (*[lanes]float32)(a), (*[lanes]float32)(b))
	}
	if len(a) > 0 {
		var x, y [lanes]float32
		copy(x[:], a)
		copy(y[:], b)
		fmaLanes(&l, &x, &y)
	}
	return sumLanes(&l)
}
