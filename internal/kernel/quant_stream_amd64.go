//go:build !noasm

package kernel

// The factors of prepare64AVX2: for codes that are moved to the lowest bits of
// their lane, and for codes that stay in theirs, without and with an offset. Of
// the 8 codes of a lane that stay, number j from 1 to 6 is 16^j too large as an
// integer, which the factor of its input takes back. The last factor makes the
// sums that correct for the codes' offset: 8, or the block's own.
var (
	movedFactors  = [9]float32{1, 1, 1, 1, 1, 1, 1, 1, 0}
	placedFactors = [9]float32{1, 0x1p-4, 0x1p-8, 0x1p-12, 0x1p-16, 0x1p-20, 0x1p-24, 1, -8}
	offsetFactors = [9]float32{1, 0x1p-4, 0x1p-8, 0x1p-12, 0x1p-16, 0x1p-20, 0x1p-24, 1, -1}
)

// prepLen returns the length of n prepared vectors, or 0 when the 64-wide
// kernels do not take the matrix. 72 floats for 64 inputs: the inputs and 8
// sums of them. Quantised, 32 or compactLen: a byte each, steps and corrections. Blocks
// of 16 have no panels: a tile of decoded weights beats their kernel from some vectors on.
func (q *Quant) prepLen(n int) int {
	if q.few(n) {
		return n * q.fewLen()
	}
	b := q.c.ColBlock
	if q.panels(n) {
		return n * q.cols / 32 * q.panelForm().vector
	}
	if !useAVX2 || n < 1 || q.c.Bits != 4 || q.cols%64 != 0 || q.cols == 0 || b != 32 && b%64 != 0 {
		return 0
	}
	switch {
	case n > streamMax || q.c.Round && n >= tileMin:
		return 0
	}
	return n * q.cols / 64 * 72
}

// prepare brings vectors lo to hi-1 of n into the order of the kernels.
func (q *Quant) prepare(dst, x []float32, ldx, n, lo, hi int) {
	if q.few(n) {
		q.prepareFew(dst, x, ldx, lo, hi)
		return
	}
	if q.panels(n) {
		q.panelPrepare(dst, x, ldx, lo, hi)
		return
	}
	each, kind := q.prepLen(1), q.prepKind()
	f := &placedFactors
	switch kind {
	case prepMoved:
		f = &movedFactors
	case prepOffset:
		f = &offsetFactors
	}
	for t := lo; t < hi; t++ {
		prepare64AVX2(&dst[t*each : (t+1)*each][0], &x[t*ldx : t*ldx+q.cols][0], &f[0], q.cols/64)
	}
}

// streamAsm multiplies a prepared vector. A block of 32 codes is half a vector,
// so that two of them go together.
func (q *Quant) streamAsm(w *byte, scale, offset []float32, x, dst *float32, rows int, mode rounding) {
	s := &scale[0]
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	k, blocks, vecs := q.kind(o != nil, mode), q.cb, q.c.ColBlock/64
	if vecs == 0 {
		streamPair(k, w, s, o, x, dst, rows, blocks/2)
		return
	}
	streamLong(k, w, s, o, x, dst, rows, blocks, vecs)
}

// streamPair multiplies rows of blocks of 32 codes, two to a vector; streamLong
// multiplies blocks of whole vectors.
func streamPair(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) {
	if useAVX512 && streamPairAVX512(k, w, s, o, x, dst, rows, pairs, 1, fetchAhead) {
		return
	}
	streamPairAVX2(k, w, s, o, x, dst, rows, pairs, 1)
}

func streamLong(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	if useAVX512 && streamLongAVX512(k, w, s, o, x, dst, rows, blocks, vecs, fetchAhead) {
		return
	}
	streamLongAVX2(k, w, s, o, x, dst, rows, blocks, vecs)
}
