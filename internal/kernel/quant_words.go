package kernel

import "math"

// Few vectors by rows of 8-bit codes in arithmetic Fast: the definition, as quant_few.go
// has that for 4 bits.
//
// Inputs are words of 16 bits with one step for the vector, and a row of codes has one
// scale. The columns 2l and 2l+1 of each 32 belong to lane l of 16, which sums the
// products of a chunk of 512 columns as integers: there are 32 of them, below 2^31
// together. The sum is rounded to a float, an offset takes its share off in a fused
// multiply-add, and another one adds the rest times scale and step to the lane. At the
// end of the row the lanes are added by halves.

const (
	// wordCols is the number of inputs that meet all lanes once.
	wordCols = 2 * lanes
	// wordMost is the largest magnitude of an input.
	wordMost = 32767
)

// words reports whether the matrix has 8-bit codes for inputs of 16 bits.
func (q *Quant) words() bool {
	return q.int8Inputs() && q.c.Bits == 8 && q.cb == 1 && q.cols > 0 && q.cols%halfCols == 0
}

// wordsLen returns the length of a prepared vector: words, two to a float, sums for the
// offsets of each chunk, and the step.
func wordsLen(cols int) int { return cols/2 + wordsChunks(cols)*lanes + 1 }

// wordsChunks returns the number of chunks of a row.
func wordsChunks(cols int) int { return (cols + chunkCols - 1) / chunkCols }

// quantizeWords prepares a vector. Inputs are not finite where their peak is not, and
// then the step is NaN, which makes every product NaN.
func quantizeWords(dst, x []float32) {
	sums := dst[len(x)/2:]
	peak := finitePeak(x)
	inverse, step := float32(0), peak*(1.0/wordMost)
	if peak > tinyPeak {
		inverse = wordMost / peak
	}
	if !(peak <= math.MaxFloat32) {
		inverse, step = 0, float32(math.NaN())
	}
	for i := range wordsChunks(len(x)) {
		c := i * chunkCols
		v := x[c:min(c+chunkCols, len(x))]
		if useAsm {
			quantizeWordsAsm(&dst[c/2], &sums[i*lanes], &v[0], len(v)/wordCols, inverse)
		} else {
			quantizeChunk(dst[c/2:][:len(v)/2], sums[i*lanes:][:lanes], v, inverse)
		}
	}
	sums[wordsChunks(len(x))*lanes] = step
}

// finitePeak returns the largest magnitude, or NaN where a number is not finite.
func finitePeak(x []float32) float32 {
	var peak float32
	if useAsm {
		peak = peakAsm(&x[0], len(x)/stepCols)
	} else {
		for _, f := range x {
			peak = max(peak, float32(math.Abs(float64(f))))
		}
	}
	if peak > math.MaxFloat32 {
		return float32(math.NaN())
	}
	return peak
}

// quantizeChunk stores words, two to a float, and the sum of those of each lane.
func quantizeChunk(dst, sums, x []float32, inverse float32) {
	clear(sums)
	for i := range dst {
		a, b := roundEven(float32(x[2*i]*inverse)), roundEven(float32(x[2*i+1]*inverse))
		dst[i] = math.Float32frombits(uint32(uint16(int16(a))) | uint32(uint16(int16(b)))<<16)
		sums[i%lanes] += a + b
	}
}

// wordPair returns the words that a float of a prepared vector holds.
func wordPair(f float32) (a, b int32) {
	u := math.Float32bits(f)
	return int32(int16(u)), int32(int16(u >> 16))
}

// dotWords multiplies a prepared vector by row r.
func (q *Quant) dotWords(x []float32, r int) float32 {
	sums := x[q.cols/2:]
	step := sums[wordsChunks(q.cols)*lanes]
	scale, offset := q.block(r / q.c.RowBlock)
	var l, factor [lanes]float32
	for i := range factor {
		factor[i] = scale * step
	}
	codes := q.c.Codes[r*q.cols:][:q.cols]
	for i := range wordsChunks(q.cols) {
		c := i * chunkCols
		dots := q.dotWordChunk(x[c/2:q.cols/2], codes[c:min(c+chunkCols, q.cols)])
		if q.offsets() {
			for j := range dots {
				dots[j] = fma32(-offset, sums[i*lanes+j], dots[j])
			}
		}
		fmaLanes(&l, &factor, &dots)
	}
	return sumLanes(&l)
}

// dotWordChunk multiplies the codes of a chunk.
func (q *Quant) dotWordChunk(x []float32, codes []byte) (dots [lanes]float32) {
	var n [lanes]int32
	x = x[:len(codes)/2]
	for i, f := range x {
		a, b := wordPair(f)
		if q.c.Signed {
			n[i%lanes] += a*int32(int8(codes[2*i])) + b*int32(int8(codes[2*i+1]))
		} else {
			n[i%lanes] += a*int32(codes[2*i]) + b*int32(codes[2*i+1])
		}
	}
	for i := range dots {
		dots[i] = float32(n[i])
	}
	return dots
}

// mulWords multiplies n prepared vectors by rows lo to hi-1. So many rows go at a time
// that the vectors behind the first find their codes in a cache.
func (q *Quant) mulWords(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	each := q.fewLen()
	rows := min(max(kernelBytes/q.cols, 1), wordsRows)
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		for t := range n {
			x, d := prep[t*each:][:each], dst[t*ldd+r:][:m]
			if useAsm {
				q.runWords(x, d, r, scratch)
				continue
			}
			for i := range d {
				d[i] = q.dotWords(x, r+i)
			}
		}
	}
}

// wordsRows is the most rows at a time: scratch has a factor and an offset for each.
const wordsRows = 256
