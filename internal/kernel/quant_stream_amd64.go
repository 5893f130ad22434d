//go:build !noasm

package kernel

// streamMax is the number of vectors up to which the kernels with quantised inputs of
// one vector beat decoding a tile once.
const streamMax = 4

// prepLen returns the length of n quantised vectors, or 0 when inputs are not to be
// quantised or the 64-wide kernels do not take the matrix. 32 floats for 64 inputs, or
// compactLen: a byte each, steps and corrections. Blocks
// of 16 have no panels: a tile of decoded weights beats their kernel from some vectors on.
func (q *Quant) prepLen(n int) int {
	b := q.c.ColBlock
	if q.panels(n) {
		return n * q.cols / 32 * q.panelForm().vector
	}
	if !useAVX2 || n < 1 || !q.int8Inputs() || q.c.Bits != 4 || q.cols%64 != 0 || q.cols == 0 || b != 32 && b%64 != 0 && !q.compact() {
		return 0
	}
	switch {
	case b == 16 && n > streamMax:
		return 0
	case q.compact():
		return n * compactLen(q.cols)
	}
	return n * q.cols / 64 * 32
}

// prepare brings vectors lo to hi-1 of n into the order of the kernels.
func (q *Quant) prepare(dst, x []float32, ldx, n, lo, hi int) {
	if q.panels(n) {
		q.panelPrepare(dst, x, ldx, lo, hi)
		return
	}
	each := q.prepLen(1)
	plain := 0
	switch q.prepKind() {
	case prepInt8Offset, prepCompactOffset:
		plain = 1
	}
	for t := lo; t < hi; t++ {
		d, v := dst[t*each:(t+1)*each], x[t*ldx:t*ldx+q.cols]
		if q.compact() {
			quantizeCompact(d, v, plain)
		} else {
			quantizeAVX2(&d[0], &v[0], q.cols/64, plain)
		}
	}
}

// The lengths of compact inputs, in floats: a chunk of 512, with corrections at its end,
// and a group of up to 128 of those that are left. The assembly has the same numbers.
const (
	compactChunk     = 224
	compactChunkSums = 192
	compactGroup     = 64
	compactGroupSums = 48
)

// compact reports whether the kernel takes compact inputs: that of VNNI for blocks of
// 32 or 16 codes.
func (q *Quant) compact() bool {
	return useVNNI && q.int8Inputs() && (q.c.ColBlock == 32 || q.c.ColBlock == 16)
}

// compactLen returns the length of a vector of so many inputs, a multiple of 64.
func compactLen(cols int) int {
	return cols/512*compactChunk + (cols%512+127)/128*compactGroup
}

// quantizeCompact prepares a vector; plain is 1 for corrections that are not
// multiplied.
func quantizeCompact(dst, x []float32, plain int) {
	for ; len(x) >= 512; dst, x = dst[compactChunk:], x[512:] {
		quantizeCompactAVX2(&dst[0], &dst[compactChunkSums], &x[0], 8, plain)
	}
	for len(x) > 0 {
		n := min(len(x), 128)
		quantizeCompactAVX2(&dst[0], &dst[compactGroupSums], &x[0], n/64, plain)
		dst, x = dst[compactGroup:], x[n:]
	}
}

// streamAsm multiplies a prepared vector. A block of 32 codes is half a vector,
// so that two of them go together.
func (q *Quant) streamAsm(w *byte, scale, offset []float32, x, dst *float32, rows int) {
	s := &scale[0]
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	k, blocks, vecs := q.kind(o != nil, roundNot), q.cb, q.c.ColBlock/64
	switch {
	case q.compact():
		q.fastCompact(k, w, s, o, x, dst, rows)
	case vecs == 0:
		fastPairAVX2(k, w, s, o, x, dst, rows, blocks/2, 1)
	default:
		fastLong(k, w, s, o, x, dst, rows, blocks, vecs)
	}
}

// halvesBytes is about what mulHalves reads at a time: the runtime cannot interrupt
// assembly, and further vectors find the codes in the second cache.
const halvesBytes = 64 << 10

// readsHalves reports whether a kernel takes the scales as they lie in the file. That
// for AVX2 has no offsets.
func (q *Quant) readsHalves() bool {
	c := &q.c
	if c.RowBlock != 1 || c.Scale16 == nil {
		return false
	}
	return q.compact() || q.int8Inputs() && c.ColBlock == 32 && c.Offset == nil && c.OffsetCodes == nil
}

// mulHalves multiplies n prepared vectors by rows lo to hi-1.
// Rows go in even numbers, since the kernel for AVX2 takes them by two; offsets are
// widened into scratch, which has room for those of four rows at least.
func (q *Quant) mulHalves(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	each := q.prepLen(1)
	offsets := q.c.Offset != nil || q.c.OffsetCodes != nil
	rows := max(halvesBytes/(q.cols/2)&^1, 2)
	if offsets {
		rows = min(rows, q.streamScratch()/q.cb)
	}
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		codes, scale := &q.c.Codes[r*q.cols/2], &q.c.Scale16[r*q.cb]
		var o *float32
		if offsets {
			o = &q.widenOffsets(scratch, r*q.cb, m*q.cb, roundNot)[0]
		}
		for t := range n {
			d, x := dst[t*ldd+r:t*ldd+r+m], prep[t*each:(t+1)*each]
			q.fastHalves(q.kind(offsets, roundNot), codes, scale, o, &x[0], &d[0], m)
		}
	}
}

// fastCompact multiplies rows by compact inputs, and fastHalves rows with scales of 16
// bits by those that the kernel for them takes.
func (q *Quant) fastCompact(k kernelKind, w *byte, s, o, x, dst *float32, rows int) {
	if q.c.ColBlock == 16 {
		fastQuadVNNI(k, w, s, o, x, dst, rows, q.cols/64, fetchAhead)
		return
	}
	fastPairVNNI(k, w, s, o, x, dst, rows, q.cols/64, fetchAhead)
}

func (q *Quant) fastHalves(k kernelKind, w *byte, s *uint16, o, x, dst *float32, rows int) {
	switch {
	case !q.compact():
		fastPairHalvesAVX2(k, w, s, x, dst, rows, q.cols/64, 1)
	case q.c.ColBlock == 16:
		fastQuadHalvesVNNI(k, w, s, o, x, dst, rows, q.cols/64, fetchAhead)
	default:
		fastPairHalvesVNNI(k, w, s, o, x, dst, rows, q.cols/64, fetchAhead)
	}
}

// fastLong multiplies blocks of whole vectors.
func fastLong(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	if useVNNI {
		fastLongVNNI(k, w, s, o, x, dst, rows, blocks, vecs, fetchAhead)
		return
	}
	fastLongAVX2(k, w, s, o, x, dst, rows, blocks, vecs)
}
