//go:build !noasm

package kernel

// What a group of up to 128 inputs takes, in floats: bytes and steps and, behind those
// of all groups, corrections. The assembly has the same numbers.
const (
	compactGroup = 48
	compactSums  = 8
	// lineFloats are those of a line of the cache.
	lineFloats = 16
)

// fewLenAsm returns the length of a vector of so many inputs, a multiple of 64. It is
// whole lines: kernels of several vectors load a line of each at a time, and one that
// lies in two of the cache's costs two loads.
func fewLenAsm(cols int) int {
	groups := (cols + groupCols - 1) / groupCols
	return (groups*(compactGroup+compactSums) + lineFloats - 1) / lineFloats * lineFloats
}

// quantizeFewAsm prepares a vector. Corrections that meet offsets are sums, others are
// multiplied before.
func (q *Quant) quantizeFewAsm(dst, x []float32) {
	plain := 0
	if q.offsets() {
		plain = 1
	}
	groups := (len(x) + groupCols - 1) / groupCols
	quantizeCompactAVX2(&dst[0], &dst[groups*compactGroup], &x[0], len(x)/halfCols, plain)
}

// fewScratchAsm is what mulFewAsm needs: room for factors, and for the corrections of the
// vectors that go at a time.
func (q *Quant) fewScratchAsm() int {
	return q.fewFactors() + (q.cols+groupCols-1)/groupCols*lanes*fewVectors
}

// longestBlock is the most codes that share a scale for the kernels.
const longestBlock = halfCols

// fewRows are rows that a kernel takes at a time, with scales of one type, and offsets
// where there are any.
type fewRows struct {
	q       *Quant
	codes   *byte
	scale16 *uint16
	scale32 *float32
	offset  *float32
	// wide is room for the corrections of the vectors as integers of 32 bits.
	wide *float32
	n    int
}

// mulFewAsm multiplies n prepared vectors by rows lo to hi-1. Rows go in multiples of
// what kernels take at a time, and what is left of them by itself.
func (q *Quant) mulFewAsm(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	each := q.fewLen()
	rows := q.fewAtOnce(q.offsets() || q.c.ColBlock > longestBlock)
	half, wide := q.fewFactors()/2, scratch[q.fewFactors():q.fewScratchAsm()]
	for r := lo; r < hi; {
		w := fewRows{q: q, n: min(rows, hi-r), codes: &q.c.Codes[r*q.cols/2], wide: &wide[0]}
		if w.n > fewTogether {
			w.n -= w.n % fewTogether
		}
		w.factors(r, scratch[:half], scratch[half:2*half])
		for t := 0; t < n; {
			m := w.vectors(n - t)
			w.multiply(m, prep[t*each:(t+m)*each], each, dst[t*ldd+r:(t+m-1)*ldd+r+w.n], ldd)
			t += m
		}
		r += w.n
	}
}

// factors finds the scales and offsets of the rows from r on.
func (w *fewRows) factors(r int, scales, offsets []float32) {
	q := w.q
	b, n := r/q.c.RowBlock*q.cb, w.n*q.cb
	switch {
	case q.c.ColBlock > longestBlock:
		w.scale32 = &q.spreadFactors(scales, q.widenScales(scales, b, n))[0]
	case q.c.Scale16 != nil:
		w.scale16 = &q.c.Scale16[b : b+n][0]
	default:
		w.scale32 = &q.c.Scale32[b : b+n][0]
	}
	if q.offsets() {
		w.offset = &q.spreadFactors(offsets, q.widenOffsets(offsets, b, n, roundNot))[0]
	}
}

// vectors returns how many of n vectors a kernel takes at a time.
func (w *fewRows) vectors(n int) int {
	if w.scale16 == nil || w.q.fewBlock() == halfCols || w.n%fewTogether != 0 && useVNNI {
		return 1
	}
	return min(n, fewVectors)
}

const (
	// fewVectors is the most that there is a kernel for.
	fewVectors = 4
	// fewTogether is how many rows kernels for several vectors take together.
	fewTogether = 4
)

// multiply multiplies m vectors.
func (w *fewRows) multiply(m int, x []float32, each int, dst []float32, ldd int) {
	k, blocks := w.q.kind(w.offset != nil, roundNot), w.q.cols/halfCols
	switch {
	case m > 1 && useVNNI:
		w.manyVNNI(m, k, &x[0], 4*each, &dst[0], 4*ldd, blocks)
	case m > 1:
		w.manyAVX2(m, k, &x[0], 4*each, &dst[0], 4*ldd, blocks)
	case useVNNI:
		w.oneVNNI(k, &x[0], &dst[0], blocks)
	default:
		w.oneAVX2(k, &x[0], &dst[0], blocks)
	}
}

func (w *fewRows) oneVNNI(k kernelKind, x, dst *float32, blocks int) {
	switch b := w.q.fewBlock(); {
	case b == 16 && w.scale16 != nil:
		fastQuadHalvesVNNI(k, w.codes, w.scale16, w.offset, x, dst, w.n, blocks, fetchAhead)
	case b == 16:
		fastQuadVNNI(k, w.codes, w.scale32, w.offset, x, dst, w.n, blocks, fetchAhead)
	case b == 32 && w.scale16 != nil:
		fastPairHalvesVNNI(k, w.codes, w.scale16, w.offset, x, dst, w.n, blocks, fetchAhead)
	case b == 32:
		fastPairVNNI(k, w.codes, w.scale32, w.offset, x, dst, w.n, blocks, fetchAhead)
	case w.scale16 != nil:
		fastLongHalvesVNNI(k, w.codes, w.scale16, w.offset, x, dst, w.n, blocks, fetchAhead)
	default:
		fastLongVNNI(k, w.codes, w.scale32, w.offset, x, dst, w.n, blocks, fetchAhead)
	}
}

func (w *fewRows) oneAVX2(k kernelKind, x, dst *float32, blocks int) {
	switch b := w.q.fewBlock(); {
	case b == 16 && w.scale16 != nil:
		fastQuadHalvesAVX2(k, w.codes, w.scale16, w.offset, x, dst, w.n, blocks, fetchAhead)
	case b == 16:
		fastQuadAVX2(k, w.codes, w.scale32, w.offset, x, dst, w.n, blocks, fetchAhead)
	case b == 32 && w.scale16 != nil:
		fastPairHalvesAVX2(k, w.codes, w.scale16, w.offset, x, dst, w.n, blocks, fetchAhead)
	case b == 32:
		fastPairAVX2(k, w.codes, w.scale32, w.offset, x, dst, w.n, blocks, fetchAhead)
	case w.scale16 != nil:
		fastLongHalvesAVX2(k, w.codes, w.scale16, w.offset, x, dst, w.n, blocks, fetchAhead)
	default:
		fastLongAVX2(k, w.codes, w.scale32, w.offset, x, dst, w.n, blocks, fetchAhead)
	}
}

func (w *fewRows) manyVNNI(m int, k kernelKind, x *float32, ldx int, dst *float32, ldd, blocks int) {
	pair := w.q.fewBlock() == 32
	switch {
	case m == 2 && pair:
		fastPairHalvesBy2VNNI(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.wide, w.n, blocks, fetchAhead)
	case m == 3 && pair:
		fastPairHalvesBy3VNNI(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.wide, w.n, blocks, fetchAhead)
	case pair:
		fastPairHalvesBy4VNNI(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.wide, w.n, blocks, fetchAhead)
	case m == 2:
		fastQuadHalvesBy2VNNI(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.wide, w.n, blocks, fetchAhead)
	case m == 3:
		fastQuadHalvesBy3VNNI(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.wide, w.n, blocks, fetchAhead)
	default:
		fastQuadHalvesBy4VNNI(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.wide, w.n, blocks, fetchAhead)
	}
}

func (w *fewRows) manyAVX2(m int, k kernelKind, x *float32, ldx int, dst *float32, ldd, blocks int) {
	pair := w.q.fewBlock() == 32
	switch {
	case m == 2 && pair:
		fastPairHalvesBy2AVX2(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.n, blocks, fetchAhead)
	case m == 3 && pair:
		fastPairHalvesBy3AVX2(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.n, blocks, fetchAhead)
	case pair:
		fastPairHalvesBy4AVX2(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.n, blocks, fetchAhead)
	case m == 2:
		fastQuadHalvesBy2AVX2(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.n, blocks, fetchAhead)
	case m == 3:
		fastQuadHalvesBy3AVX2(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.n, blocks, fetchAhead)
	default:
		fastQuadHalvesBy4AVX2(k, w.codes, w.scale16, w.offset, x, ldx, dst, ldd, w.n, blocks, fetchAhead)
	}
}
