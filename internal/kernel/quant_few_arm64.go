//go:build !noasm

package kernel

// longestBlock is the most codes that share a scale for the kernels.
const longestBlock = 32

// What 32 inputs take, in floats: bytes and steps and, behind those of all, sums.
const (
	fewStep = 12
	fewSums = 4
)

// fewLenAsm returns the length of a vector of so many inputs.
func fewLenAsm(cols int) int { return cols / 32 * (fewStep + fewSums) }

// quantizeFewAsm prepares a vector.
func (q *Quant) quantizeFewAsm(dst, x []float32) {
	groups := len(x) / 32
	quantizeFewNEON(&dst[0], &dst[groups*fewStep], &x[0], groups)
}

// mulFewAsm multiplies n prepared vectors by rows lo to hi-1, whose codes the vectors
// behind the first find in a cache.
func (q *Quant) mulFewAsm(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	each, rows := q.fewLen(), q.fewAtOnce(true)
	half := q.fewFactors() / 2
	scales, offsets := scratch[:half], scratch[half:2*half]
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		b, count := r/q.c.RowBlock*q.cb, m*q.cb
		w := fewRows{q: q, codes: q.c.Codes[r*q.cols/2:], scale: q.spreadFactors(scales, q.widenScales(scales, b, count))}
		if q.offsets() {
			w.offset = q.spreadFactors(offsets, q.widenOffsets(offsets, b, count, roundNot))
		}
		for t := range n {
			w.multiply(prep[t*each:(t+1)*each], dst[t*ldd+r:t*ldd+r+m])
		}
	}
}

// fewRows are rows that follow one another, with their scales, and offsets where there
// are any.
type fewRows struct {
	q             *Quant
	codes         []byte
	scale, offset []float32
}

// multiply multiplies by rows, several at a time and the last ones one by one.
func (w *fewRows) multiply(x, dst []float32) {
	several := 2
	if useDot && w.offset == nil {
		several = 4
	}
	if whole := len(dst) / several * several; whole > 0 {
		w.run(several, 0, x, dst[:whole])
		w.run(1, whole, x, dst[whole:])
		return
	}
	w.run(1, 0, x, dst)
}

// run multiplies by the rows from the first on, some of them at a time.
func (w *fewRows) run(several, first int, x, dst []float32) {
	if len(dst) == 0 {
		return
	}
	q := w.q
	factors := q.cols / q.fewBlock()
	codes, s, blocks := &w.codes[first*q.cols/2], &w.scale[first*factors], q.cols/halfCols
	var o *float32
	if w.offset != nil {
		o = &w.offset[first*factors]
	}
	k, n := q.kind(o != nil, roundNot), len(dst)
	if useDot {
		fewDot(k, several, q.fewBlock() == 16, codes, s, o, &x[0], &dst[0], n, blocks)
		return
	}
	switch quad := q.fewBlock() == 16; {
	case several == 2 && quad:
		few2QuadNEON(k, codes, s, o, &x[0], &dst[0], n, blocks)
	case several == 2:
		few2PairNEON(k, codes, s, o, &x[0], &dst[0], n, blocks)
	case quad:
		few1QuadNEON(k, codes, s, o, &x[0], &dst[0], n, blocks)
	default:
		few1PairNEON(k, codes, s, o, &x[0], &dst[0], n, blocks)
	}
}

// fewDot calls a kernel for the dot product extension. Four rows at a time have no
// offsets.
func fewDot(k kernelKind, several int, quad bool, w *byte, s, o, x, dst *float32, rows, blocks int) {
	switch {
	case several == 4 && quad:
		few4QuadDotNEON(k, w, s, x, dst, rows, blocks)
	case several == 4:
		few4PairDotNEON(k, w, s, x, dst, rows, blocks)
	case several == 2 && quad:
		few2QuadDotNEON(k, w, s, o, x, dst, rows, blocks)
	case several == 2:
		few2PairDotNEON(k, w, s, o, x, dst, rows, blocks)
	case quad:
		few1QuadDotNEON(k, w, s, o, x, dst, rows, blocks)
	default:
		few1PairDotNEON(k, w, s, o, x, dst, rows, blocks)
	}
}

// fewScratchAsm is what mulFewAsm needs.
func (q *Quant) fewScratchAsm() int { return q.fewFactors() }
