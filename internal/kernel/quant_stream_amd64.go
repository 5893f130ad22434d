//go:build !noasm

package kernel

// The factors of prepare64AVX2: for codes that are moved to one place, and for
// codes that stay in theirs, without and with an offset.
var (
	movedFactors  = [9]float32{1, 1, 1, 1, 1, 1, 1, 1, 0}
	placedFactors = [9]float32{1, 0x1p-4, 0x1p-8, 0x1p-12, 0x1p-16, 0x1p-20, 0x1p-24, 1, -8}
	offsetFactors = [9]float32{1, 0x1p-4, 0x1p-8, 0x1p-12, 0x1p-16, 0x1p-20, 0x1p-24, 1, -1}
)

const (
	// fastMax is the number of vectors up to which int8 inputs beat a tile where
	// only the kernel for one vector takes the blocks.
	fastMax = 8
	// fastCols is the number of columns that 4 vectors multiply before the next
	// row: their inputs stay in the first-level cache.
	fastCols = 1024
)

// prepLen returns the length of n prepared vectors, or 0 when the 64-wide
// kernels do not take the matrix.
func (q *Quant) prepLen(n int) int {
	b := q.c.ColBlock
	if !useAVX2 || n < 1 || q.c.Bits != 4 || q.cols%64 != 0 || q.cols == 0 || b != 32 && b%64 != 0 {
		return 0
	}
	switch {
	case q.int8Inputs() && (n <= fastMax || b == 32):
		return n * q.cols / 64 * 32
	case q.int8Inputs() || n > streamMax || q.c.Round && n >= tileMin:
		return 0
	}
	return n * q.cols / 64 * 72
}

// prepare brings n vectors into the order of the 64-wide kernels.
func (q *Quant) prepare(dst, x []float32, ldx, n int) {
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
	for t := range n {
		d, v := dst[t*each:(t+1)*each], x[t*ldx:t*ldx+q.cols]
		if q.int8Inputs() {
			quantizeAVX2(&d[0], &v[0], q.cols/64, floats)
		} else {
			prepare64AVX2(&d[0], &v[0], &f[0], q.cols/64)
		}
	}
}

// streamAsm multiplies a prepared vector.
func (q *Quant) streamAsm(w *byte, scale, offset []float32, x, dst *float32, rows int, mode rounding) {
	s := &scale[0]
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	k := q.kind(o != nil, mode)
	if q.int8Inputs() {
		if q.c.ColBlock == 32 {
			fastPair(k, w, s, o, x, dst, rows, q.cb/2)
			return
		}
		fastLong(k, w, s, o, x, dst, rows, q.cb, q.c.ColBlock/64)
		return
	}
	if q.c.ColBlock == 32 {
		streamPair(k, w, s, o, x, dst, rows, q.cb/2)
		return
	}
	streamLong(k, w, s, o, x, dst, rows, q.cb, q.c.ColBlock/64)
}

func streamPair(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) {
	switch k {
	case kind4sPlain:
		streamsPairAVX2(w, s, x, dst, rows, pairs, 1)
	case kind4sOffset:
		streamsoPairAVX2(w, s, o, x, dst, rows, pairs, 1)
	case kind4sGrid:
		streamsaPairAVX2(w, s, x, dst, rows, pairs, 1)
	case kind4sGridOffset:
		streamsaoPairAVX2(w, s, o, x, dst, rows, pairs, 1)
	case kind4uPlain:
		streamuPairAVX2(w, s, x, dst, rows, pairs, 1)
	case kind4uOffset:
		streamuoPairAVX2(w, s, o, x, dst, rows, pairs, 1)
	case kind4uGrid:
		streamuaPairAVX2(w, s, x, dst, rows, pairs, 1)
	case kind4uGridOffset:
		streamuaoPairAVX2(w, s, o, x, dst, rows, pairs, 1)
	}
}

func streamLong(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	switch k {
	case kind4sPlain:
		streamsLongAVX2(w, s, x, dst, rows, blocks, vecs)
	case kind4sOffset:
		streamsoLongAVX2(w, s, o, x, dst, rows, blocks, vecs)
	case kind4sGrid:
		streamsaLongAVX2(w, s, x, dst, rows, blocks, vecs)
	case kind4sGridOffset:
		streamsaoLongAVX2(w, s, o, x, dst, rows, blocks, vecs)
	case kind4uPlain:
		streamuLongAVX2(w, s, x, dst, rows, blocks, vecs)
	case kind4uOffset:
		streamuoLongAVX2(w, s, o, x, dst, rows, blocks, vecs)
	case kind4uGrid:
		streamuaLongAVX2(w, s, x, dst, rows, blocks, vecs)
	case kind4uGridOffset:
		streamuaoLongAVX2(w, s, o, x, dst, rows, blocks, vecs)
	}
}

func fastPair(k kernelKind, w *byte, s, o, x, dst *float32, rows, pairs int) {
	switch k {
	case kind4sPlain:
		fastsPairAVX2(w, s, x, dst, rows, pairs, 1)
	case kind4sOffset:
		fastsoPairAVX2(w, s, o, x, dst, rows, pairs, 1)
	case kind4uPlain:
		fastuPairAVX2(w, s, x, dst, rows, pairs, 1)
	case kind4uOffset:
		fastuoPairAVX2(w, s, o, x, dst, rows, pairs, 1)
	}
}

func fastLong(k kernelKind, w *byte, s, o, x, dst *float32, rows, blocks, vecs int) {
	switch k {
	case kind4sPlain:
		fastsLongAVX2(w, s, x, dst, rows, blocks, vecs)
	case kind4sOffset:
		fastsoLongAVX2(w, s, o, x, dst, rows, blocks, vecs)
	case kind4uPlain:
		fastuLongAVX2(w, s, x, dst, rows, blocks, vecs)
	case kind4uOffset:
		fastuoLongAVX2(w, s, o, x, dst, rows, blocks, vecs)
	}
}

// fastMany multiplies n int8 vectors, 4 at a time where it can.
func (q *Quant) fastMany(dst []float32, ldd, n, lo, hi int, prep, scratch []float32) {
	batch := max(fastBatch, q.cb)
	rows := 1
	if q.c.RowBlock == 1 {
		rows = max(batch/q.cb, 1)
	}
	each := q.prepLen(1)
	zeroRows(dst, ldd, n, lo, hi)
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		b := r / q.c.RowBlock * q.cb
		scale := q.widenScales(scratch, b, m*q.cb)
		offset := q.widenOffsets(scratch[batch:], b, m*q.cb, roundNot)
		for c := 0; c < q.cols; c += fastCols {
			groups := min(fastCols, q.cols-c) / 64
			for t := 0; t+4 <= n; t += 4 {
				x := prep[t*each+c/2 : (t+4)*each]
				q.fast4(dst[t*ldd+r:(t+3)*ldd+r+m], ldd, x, each, r, m, c, groups, scale, offset)
			}
		}
		for t := n &^ 3; t < n; t++ {
			q.streamAsm(&q.c.Codes[r*q.cols/2], scale, offset, &prep[t*each : (t+1)*each][0], &dst[t*ldd+r : t*ldd+r+m][0], m, roundNot)
		}
	}
}

// fast4 adds the products of 4 vectors and m rows over some groups of columns.
func (q *Quant) fast4(dst []float32, ldd int, x []float32, ldx, r, m, c, groups int, scale, offset []float32) {
	w, s := &q.c.Codes[(r*q.cols+c)/2], &scale[c/32]
	wskip, sskip := q.cols/2-groups*32, (q.cb-groups*2)*4
	var o *float32
	if offset != nil {
		o = &offset[c/32]
	}
	switch q.kind(o != nil, roundNot) {
	case kind4sPlain:
		fast4sAVX2(w, s, &x[0], 4*ldx, &dst[0], 4*ldd, m, groups, wskip, sskip)
	case kind4sOffset:
		fast4soAVX2(w, s, o, &x[0], 4*ldx, &dst[0], 4*ldd, m, groups, wskip, sskip)
	case kind4uPlain:
		fast4uAVX2(w, s, &x[0], 4*ldx, &dst[0], 4*ldd, m, groups, wskip, sskip)
	case kind4uOffset:
		fast4uoAVX2(w, s, o, &x[0], 4*ldx, &dst[0], 4*ldd, m, groups, wskip, sskip)
	}
}
