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
// sums of them. Quantised, 32: a byte each, steps and corrections.
func (q *Quant) prepLen(n int) int {
	b := q.c.ColBlock
	if q.panels(n) {
		return n * q.cols / 32 * q.panelForm().vector
	}
	if !useAVX2 || n < 1 || q.c.Bits != 4 || q.cols%64 != 0 || q.cols == 0 || b != 32 && b%64 != 0 {
		return 0
	}
	switch {
	case q.int8Inputs():
		return n * q.cols / 64 * 32
	case n > streamMax || q.c.Round && n >= tileMin:
		return 0
	}
	return n * q.cols / 64 * 72
}

// prepare brings vectors lo to hi-1 of n into the order of the kernels.
func (q *Quant) prepare(dst, x []float32, ldx, n, lo, hi int) {
	if q.panels(n) {
		q.panelPrepare(dst, x, ldx, lo, hi)
		return
	}
	each, kind := q.prepLen(1), q.prepKind()
	f := &placedFactors
	floats := 0
	switch kind {
	case prepMoved:
		f = &movedFactors
	case prepOffset:
		f = &offsetFactors
	case prepInt8Offset:
		floats = 1
	}
	for t := lo; t < hi; t++ {
		d, v := dst[t*each:(t+1)*each], x[t*ldx:t*ldx+q.cols]
		if q.int8Inputs() {
			quantizeAVX2(&d[0], &v[0], q.cols/64, floats)
		} else {
			prepare64AVX2(&d[0], &v[0], &f[0], q.cols/64)
		}
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
	switch {
	case q.int8Inputs() && vecs == 0:
		fastPair(k, w, s, o, x, dst, rows, blocks/2)
	case q.int8Inputs():
		fastLong(k, w, s, o, x, dst, rows, blocks, vecs)
	case vecs == 0:
		streamPair(k, w, s, o, x, dst, rows, blocks/2)
	default:
		streamLong(k, w, s, o, x, dst, rows, blocks, vecs)
	}
}

// halvesBytes is about what mulHalves reads at a time: the runtime cannot interrupt
// assembly, and further vectors find the codes in the second cache.
const halvesBytes = 64 << 10

// readsHalves reports whether a kernel takes the scales as they lie in the file.
func (q *Quant) readsHalves() bool {
	c := &q.c
	return !useVNNI && q.int8Inputs() && c.RowBlock == 1 && c.ColBlock == 32 && c.Scale16 != nil && c.Offset == nil && c.OffsetCodes == nil
}

// mulHalves multiplies n prepared vectors by rows lo to hi-1 of blocks of 32 codes
// without offsets. Rows go in even numbers, since kernels take them by two.
func (q *Quant) mulHalves(dst []float32, ldd, n, lo, hi int, prep []float32) {
	each := q.prepLen(1)
	rows := max(halvesBytes/(q.cols/2)&^1, 2)
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		codes, scale := &q.c.Codes[r*q.cols/2], &q.c.Scale16[r*q.cb]
		for t := range n {
			d, x := dst[t*ldd+r:t*ldd+r+m], prep[t*each:(t+1)*each]
			fastPairHalvesAVX2(q.kind(false, roundNot), codes, scale, &x[0], &d[0], m, q.cb/2, 1)
		}
	}
}

// streamPair and fastPair multiply rows of blocks of 32 codes, two to a vector;
// streamLong and fastLong multiply blocks of whole vectors.
func streamPair(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) {
	if useAVX512 && streamPairAVX512(k, w, s, o, x, dst, rows, pairs, 1) {
		return
	}
	streamPairAVX2(k, w, s, o, x, dst, rows, pairs, 1)
}

func streamLong(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	if useAVX512 && streamLongAVX512(k, w, s, o, x, dst, rows, blocks, vecs) {
		return
	}
	streamLongAVX2(k, w, s, o, x, dst, rows, blocks, vecs)
}

func fastPair(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) {
	if useVNNI {
		fastPairVNNI(k, w, s, o, x, dst, rows, pairs, 1)
		return
	}
	fastPairAVX2(k, w, s, o, x, dst, rows, pairs, 1)
}

func fastLong(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	if useVNNI {
		fastLongVNNI(k, w, s, o, x, dst, rows, blocks, vecs)
		return
	}
	fastLongAVX2(k, w, s, o, x, dst, rows, blocks, vecs)
}
