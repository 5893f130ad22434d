package kernel

import "math"

// Few vectors by codes of 4 bits in arithmetic Fast: the definition, which plain Go
// computes and every instruction set to the bit.
//
// Inputs are bytes with a step for each 8 of them. The integers of 8 products are
// exact; what is rounded is the quantisation, the product of a scale and a step, and a
// fused multiply-add for each 8 inputs. Those go to 16 lanes: inputs 8l to 8l+7 of each
// 128 belong to lane l, groups of 128 follow one another from the first column on, and
// what the last one lacks counts as zeros on both sides. Chunks, in which other products
// are summed, have no part in it: the lanes are added once, by halves, at the end of
// the row.

const (
	// stepCols is the number of inputs that share a step, and a lane.
	stepCols = 8
	// groupCols is the number of inputs that meet all lanes once.
	groupCols = lanes * stepCols
	// halfCols is what the widths of matrices are multiples of.
	halfCols = groupCols / 2
	// tinyPeak is where inputs begin whose inverse times a factor may overflow; smaller
	// ones count as 0.
	tinyPeak = 1e-30
)

// The numbers of vectors that are multiplied one like the other. With blocks of 32 codes,
// and with codes of 8 bits, more of them go panel by panel; those of 16 have no panels, and tiles of decoded
// weights are faster from some vectors on.
const (
	fewPairs = 3
	fewQuads = 8
)

// few reports whether n vectors are multiplied as the definition has it, each as if it
// was alone.
func (q *Quant) few(n int) bool {
	b := q.c.ColBlock
	switch {
	case n >= 1 && q.words():
		return q.alone || n <= fewPairs
	case n < 1 || !q.int8Inputs() || q.c.Bits != 4 || q.cols == 0 || q.cols%halfCols != 0:
		return false
	case b == 16:
		return q.alone || n <= fewQuads
	case b == 32 || b%halfCols == 0:
		return q.alone || n <= fewPairs
	}
	return false
}

// fewLen returns the length of a prepared vector.
func (q *Quant) fewLen() int {
	if q.c.Bits == 8 {
		return wordsLen(q.cols)
	}
	if useAsm {
		return fewLenAsm(q.cols)
	}
	return q.cols + q.cols/stepCols
}

// fewScratch is what mulFew needs besides the prepared vectors.
func (q *Quant) fewScratch() int {
	if q.c.Bits == 8 {
		return 2 * wordsRows
	}
	if useAsm {
		return q.fewScratchAsm()
	}
	return q.cols
}

// prepareFew quantises vectors lo to hi-1.
func (q *Quant) prepareFew(dst, x []float32, ldx, lo, hi int) {
	each := q.fewLen()
	for t := lo; t < hi; t++ {
		d, v := dst[t*each:][:each], x[t*ldx:][:q.cols]
		switch {
		case q.c.Bits == 8:
			quantizeWords(d, v)
		case useAsm:
			q.quantizeFewAsm(d, v)
		default:
			quantizeFew(d, v)
		}
	}
}

// mulFew multiplies n prepared vectors by rows lo to hi-1.
func (q *Quant) mulFew(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	if q.c.Bits == 8 {
		q.mulWords(dst, ldd, n, lo, hi, prep, scratch)
		return
	}
	if useAsm {
		q.mulFewAsm(dst, ldd, n, lo, hi, prep, scratch)
		return
	}
	each, codes := q.fewLen(), scratch[:q.cols]
	for r := lo; r < hi; r++ {
		q.fewCodes(codes, r)
		for t := range n {
			dst[t*ldd+r] = q.dotFew(prep[t*each:][:each], codes, r)
		}
	}
}

// quantizeFew stores the bytes of a vector as floats and, behind them, the steps. A step
// is the largest magnitude of 8 inputs divided by 127, in two roundings, so that no byte
// is -128; and NaN where an input is not finite, which makes every product NaN.
func quantizeFew(dst, x []float32) {
	steps := dst[len(x):]
	for g := range len(x) / stepCols {
		v, d := x[g*stepCols:][:stepCols], dst[g*stepCols:][:stepCols]
		var peak float32
		for _, f := range v {
			peak = max(peak, float32(math.Abs(float64(f))))
		}
		inverse := 127 / peak
		if !(peak > tinyPeak) {
			inverse = 0
		}
		for i, f := range v {
			d[i] = roundEven(float32(f * inverse))
		}
		steps[g] = peak * (1.0 / 127)
		if !finite(v) {
			clear(d)
			steps[g] = float32(math.NaN())
		}
	}
}

// roundEven rounds a number below 2^22 to an integer, halves to the even one: at 1.5·2^23
// the last place of a float32 is 1. The result is not -0, as a byte is not.
func roundEven(f float32) float32 {
	const shift = 3 << 22
	return float32(f+shift) - shift
}

// fewCodes stores the codes of row r as numbers. With an offset, which need not be an
// integer, signed codes count as 8 more, as their bits with the sign turned over do, and
// so does their offset.
func (q *Quant) fewCodes(dst []float32, r int) {
	flip, least := byte(0), float32(0)
	if q.c.Signed {
		flip = 0x88
		if !q.offsets() {
			least = -8
		}
	}
	for i, b := range q.c.Codes[r*q.cols/2:][:q.cols/2] {
		b ^= flip
		dst[2*i], dst[2*i+1] = float32(b&15)+least, float32(b>>4)+least
	}
}

// dotFew multiplies a prepared vector by row r, whose codes are given.
func (q *Quant) dotFew(x, codes []float32, r int) float32 {
	steps := x[q.cols:]
	block := r / q.c.RowBlock * q.cb
	var sums, scales, offsets [lanes]float32
	for c := 0; c < q.cols; c += groupCols {
		n := min(groupCols, q.cols-c) / stepCols
		var dots, factors [lanes]float32
		for l := 0; l < n; {
			at := c + l*stepCols
			scale, offset := q.block(block + at/q.c.ColBlock)
			if q.c.Signed {
				offset += 8
			}
			for end := min(n, l+(q.c.ColBlock-at%q.c.ColBlock)/stepCols); l < end; l++ {
				scales[l], offsets[l] = scale, offset
			}
		}
		for l := range n {
			at := c + l*stepCols
			factors[l] = scales[l] * steps[at/stepCols]
			v := (*[stepCols]float32)(x[at:])
			dots[l] = dotStep(v, (*[stepCols]float32)(codes[at:]))
			if q.offsets() {
				dots[l] = fma32(-offsets[l], v[0]+v[1]+v[2]+v[3]+v[4]+v[5]+v[6]+v[7], dots[l])
			}
		}
		fmaLanes(&sums, &factors, &dots)
	}
	return sumLanes(&sums)
}

// dotStep multiplies 8 bytes by 8 codes. Products and sums of integers this small are
// exact in float32, fused or not.
func dotStep(x, w *[stepCols]float32) float32 {
	return x[0]*w[0] + x[1]*w[1] + x[2]*w[2] + x[3]*w[3] + x[4]*w[4] + x[5]*w[5] + x[6]*w[6] + x[7]*w[7]
}
