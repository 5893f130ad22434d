package kernel

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Weights become codes of 4 bits in two passes: BlockPeaks finds the largest magnitude of
// each block, the caller makes a step of it, and Int4Codes makes the codes.

// int4Group is the number of weights that the vector kernels take at a time: a block is a
// multiple of it, or goes the plain way.
const int4Group = 32

// BlockPeaks stores in dst the largest magnitude of each block of so many numbers of x.
// It is NaN where one of them is.
func BlockPeaks(dst, x []float32, block int) {
	if block%int4Group == 0 && len(dst) > 0 && blockPeaksAsm(dst, x[:len(dst)*block], block/int4Group) {
		return
	}
	for i := range dst {
		dst[i] = math.Float32frombits(magnitude(x[i*block : (i+1)*block]))
	}
}

// magnitude returns the bits of the largest magnitude: those of what is no number are
// larger than all others.
func magnitude(x []float32) (top uint32) {
	for _, v := range x {
		top = max(top, math.Float32bits(v)&^(1<<31))
	}
	return top
}

// Peak returns the largest magnitude of x, and NaN where a number is not finite.
func Peak(x []float32) (peak float32) {
	whole := len(x) &^ (stepCols - 1)
	if whole > 0 {
		peak = finitePeak(x[:whole])
	}
	if rest := math.Float32frombits(magnitude(x[whole:])); !(rest <= math.MaxFloat32) {
		peak = float32(math.NaN())
	} else if rest > peak {
		peak = rest
	}
	return peak
}

// Int4Codes rounds each block of x to codes from -7 to 7, two in a byte, the first in the
// low bits. A code is the weight divided by the block's step, in fp16 arithmetic, to the
// nearest integer, ties to even, as coremltools' quantiser computes it. It returns the
// largest error and the sum of the squares of all, which is a float32 and thus meant for
// some thousands of weights at a time.
//
// x and steps are numbers of fp16, a step is at least 2^-20, and no weight is beyond 8 steps:
// of others the results have no meaning. The number of weights in a block is even.
func Int4Codes(codes []byte, x, steps []float32, block int) (largest, squares float32) {
	if len(steps) == 0 {
		return 0, 0
	}
	x, codes = x[:len(steps)*block], codes[:len(steps)*block/2]
	var lost int4Lost
	if block%int4Group != 0 || !int4CodesAsm(codes, x, steps, &lost, block/int4Group) {
		lost.codes(codes, x, steps, block)
	}
	for _, d := range lost[lanes:] {
		largest = max(largest, d)
	}
	return largest, sumLanes((*[lanes]float32)(lost[:lanes]))
}

// int4Lost is what codes differ from their weights: sums of squares, of which weight i adds
// to that of lane i%lanes, and then largest magnitudes.
type int4Lost [lanes + 8]float32

// codes is the definition of Int4Codes.
func (lost *int4Lost) codes(codes []byte, x, steps []float32, block int) {
	at := 0
	for b, step := range steps {
		inverse := 1 / step
		out := codes[b*block/2 : (b+1)*block/2]
		for k := range out {
			p, q := int4Code(x[at], step, inverse), int4Code(x[at+1], step, inverse)
			out[k] = byte(int32(p))&15 | byte(int32(q))<<4
			lost.add(at, x[at]-float32(p*step))
			lost.add(at+1, x[at+1]-float32(q*step))
			at += 2
		}
	}
}

func (lost *int4Lost) add(i int, d float32) {
	lost[i%lanes] += float32(d * d)
	lost[lanes] = max(lost[lanes], abs32(d))
}

// int4Code rounds v / step to a code. By the product with the inverse, which is near
// enough unless the quotient lies about half way between two codes: there the quotient is
// rounded to fp16 first, which may make it a tie.
func int4Code(v, step, inverse float32) float32 {
	const magic = 1.5 * (1 << 23) // adding and subtracting it rounds to an integer
	x := float32(v * inverse)
	r := (x + magic) - magic
	if abs32(x-r) > 0.5-1.0/128 {
		x = dtype.RoundFloat16(v / step)
		r = (x + magic) - magic
	}
	return min(max(r, -7), 7)
}
