package kernel

import "math"

// Products of many vectors in arithmetic Fast, as plain Go defines them; every
// instruction set gives the same bits.
//
// By 4-bit codes a vector is quantised to 8 bits, in blocks of 32 inputs with a step of
// their own. By 8-bit codes it is quantised to 16 bits with one step, and so many blocks
// as share a scale, up to 8, are summed as integers. The integers are exact. Of each such
// run of blocks, in the order of the columns, a result becomes
//
//	fma(scale·step, Σ code·input - offset·Σ input, result)
//
// where scale·step, the sum and the difference are rounded to float32. It begins with 0.
// The offsets of 8-bit codes are integers, so that their difference is exact.

// manyMin is the number of vectors from which they are multiplied so: taking 16 rows apart
// once pays from here on. It is the same for every instruction set, as results differ
// from those of single vectors.
const manyMin = 4

const (
	// manyBlock is the number of inputs that share a step.
	manyBlock = 32
	// byteParts and wordParts are how many steps the largest input is. Both halves of the
	// latter fit in a signed byte.
	byteParts = 127
	wordParts = 127*256 + 127
)

// many reports whether n vectors are multiplied so, which are not alone. 8-bit codes are
// stored there less their offsets, which must be integers then.
func (q *Quant) many(n int) bool {
	return n >= manyMin && !q.alone && q.int8Inputs() && q.c.ColBlock%manyBlock == 0 && q.cols > 0 && (q.c.Bits == 4 || q.c.Offset == nil)
}

// wordBlocks is how many blocks of 8-bit codes are summed as integers: they
// have one scale, and there are at most 8 of them. 256 products of 16 bits by 9 stay
// below 2^31. They must divide the blocks of a scale evenly.
func (q *Quant) wordBlocks() int {
	all := q.c.ColBlock / manyBlock
	n := min(all, 8)
	for all%n != 0 {
		n--
	}
	return n
}

// run is the number of columns whose products are summed as integers.
func (q *Quant) run() int {
	if q.c.Bits == 8 {
		return q.wordBlocks() * manyBlock
	}
	return manyBlock
}

// stepOf returns the step of inputs of a peak, so that it is so many parts, and what to
// multiply them by. The step is NaN when the peak is not finite.
func stepOf(peak float32, parts int) (step, inverse float32) {
	step = float32(peak*float32(1/float64(parts))) + (peak - peak)
	if peak > tinyPeak {
		inverse = float32(parts) / peak
	}
	return step, inverse
}

// peakOf returns the largest magnitude. What is not finite is the largest.
func peakOf(x []float32) float32 {
	var peak uint32
	for _, v := range x {
		peak = max(peak, math.Float32bits(v)&0x7fffffff)
	}
	return math.Float32frombits(peak)
}

// manyPlainLen is the length of a vector as quantisePlain leaves it.
func (q *Quant) manyPlainLen() int { return q.cols + 2*q.cols/q.run() }

// quantisePlain is the definition of the quantisation: the integers, then for each run
// its step and its sum.
func (q *Quant) quantisePlain(dst, x []float32) {
	codes, runs := dst[:q.cols], dst[q.cols:]
	step, inverse := stepOf(peakOf(x[:q.cols]), wordParts)
	for c := 0; c < q.cols; c += q.run() {
		from := x[c:][:q.run()]
		if q.c.Bits == 4 {
			step, inverse = stepOf(peakOf(from), byteParts)
		}
		var sum float64
		for i, v := range from {
			n := math.RoundToEven(float64(float32(v * inverse)))
			codes[c+i] = float32(n)
			sum += n
		}
		runs[0], runs[1] = step, float32(sum)
		runs = runs[2:]
	}
}

// preparePlain quantises vectors lo to hi-1.
func (q *Quant) preparePlain(dst, x []float32, ldx, lo, hi int) {
	each := q.manyPlainLen()
	for t := lo; t < hi; t++ {
		q.quantisePlain(dst[t*each:][:each], x[t*ldx:t*ldx+q.cols])
	}
}

// mulPlain multiplies n vectors by rows lo to hi-1. The codes of a row, and the scales of
// its runs with their offsets, are taken apart into scratch once for all vectors.
func (q *Quant) mulPlain(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	row, each := scratch[:q.manyPlainLen()], q.manyPlainLen()
	for r := lo; r < hi; r++ {
		q.plainRow(row, r)
		for t := range n {
			dst[t*ldd+r] = q.dotPlain(row, prep[t*each:][:each])
		}
	}
}

// plainRow lays a row out as quantisePlain does a vector: codes, those of 8 bits less
// their offsets, then scales and offsets.
func (q *Quant) plainRow(row []float32, r int) {
	codes, runs := row[:q.cols], row[q.cols:]
	for c := 0; c < q.cols; c += q.run() {
		scale, offset := q.block(r/q.c.RowBlock*q.cb + c/q.c.ColBlock)
		less := float32(0)
		if q.c.Bits == 8 {
			less, offset = offset, 0
		}
		for i := range q.run() {
			codes[c+i] = float32(q.code(q.c.Codes, r*q.cols+c+i)) - less
		}
		runs[0], runs[1] = scale, offset
		runs = runs[2:]
	}
}

// dotPlain is the definition of the product. A product of two integers is exact in a
// float32, and a sum of 256 in a float64.
func (q *Quant) dotPlain(row, x []float32) float32 {
	var result float32
	runs, inputs := row[q.cols:], x[q.cols:]
	for c := 0; c < q.cols; c += q.run() {
		var sum float64
		a, b := row[c:][:q.run()], x[c:][:q.run()]
		for i, v := range a {
			sum += float64(v * b[i])
		}
		product := float32(sum)
		if q.c.Bits == 4 {
			product = fma32(-runs[1], inputs[1], product)
		}
		result = fma32(float32(runs[0]*inputs[0]), product, result)
		runs, inputs = runs[2:], inputs[2:]
	}
	return result
}
