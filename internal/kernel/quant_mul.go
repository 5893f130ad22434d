package kernel

// Row decodes row r. It goes tile by tile, as unpack can do no more at a time.
func (q *Quant) Row(dst []float32, r int) {
	for c := 0; c < q.cols; {
		end := q.tileEnd(c)
		q.unpackRow(dst[c:end], r, c)
		c = end
	}
}

// unpackRow is decode by the fastest way. c0 begins a block, or lies at a
// multiple of tileCols of a longer one's own columns.
func (q *Quant) unpackRow(dst []float32, r, c0 int) {
	if !useAsm || !q.unpackFast(dst, r, c0) {
		q.decode(dst, r, c0)
	}
}

// streamMax is the number of vectors up to which the streaming kernels, which
// decode the weights again for each, beat decoding a tile once.
const streamMax = 4

// streamScratch is what mulPrepared needs besides the prepared vectors: room for
// the scales and offsets of 4 rows at least.
func (q *Quant) streamScratch() int { return 2 * max(scaleBatch, 4*q.cb) }

// prepKind chooses the form by what the kernels have to subtract and to round.
func (q *Quant) prepKind() prepKind {
	offset := q.offsets()
	switch {
	case q.words():
		return prepWords
	case q.few(1) && offset:
		return prepFewOffset
	case q.few(1):
		return prepFew
	case q.int8Inputs() && offset:
		return prepInt8Offset
	case q.int8Inputs():
		return prepInt8
	case q.c.Round:
		return prepMoved
	case offset:
		return prepOffset
	}
	return prepPlaced
}

// streams reports whether the 8-bit streaming kernels beat a tile.
func (q *Quant) streams(n int) bool {
	return useAsm && q.fast && q.c.Bits == 8 && !q.c.Round && n <= streamMax
}

// ScratchLen implements [Mat]. It must cover every way that mulPrepared may go
// for n vectors.
func (q *Quant) ScratchLen(n int) int {
	if q.few(n) {
		return q.fewScratch() + n*q.fewLen()
	}
	if p := q.prepLen(n); p > 0 {
		return max(q.streamScratch(), q.manyScratch(n)) + p
	}
	if q.alone && n > 1 {
		return q.ScratchLen(1)
	}
	if n >= tileMin && !q.streams(n) {
		return tileScratch
	}
	return max(q.streamScratch(), q.cols)
}

// Mul implements [Mat].
func (q *Quant) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	var prep []float32
	if p := q.prepLen(n); p > 0 {
		before := max(q.streamScratch(), q.manyScratch(n))
		if q.few(n) {
			before = q.fewScratch()
		}
		prep = scratch[before:][:p]
		q.prepare(prep, x, ldx, n, 0, n)
	}
	q.mulPrepared(dst, ldd, x, ldx, n, lo, hi, prep, scratch)
}

// mulPrepared is Mul with the work done that all rows share. Prepared vectors
// take the kernels that want them. Without, many vectors go by tiles of decoded
// weights, few by rows.
func (q *Quant) mulPrepared(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) {
	if q.few(n) {
		q.mulFew(dst, ldd, n, lo, hi, prep, scratch)
		return
	}
	if q.alone && n > 1 && len(prep) == 0 {
		for t := range n {
			q.Mul(dst[t*ldd:], ldd, x[t*ldx:], ldx, 1, lo, hi, scratch)
		}
		return
	}
	if n >= tileMin && len(prep) == 0 && !q.streams(n) {
		tiledMul(q, dst, ldd, x, ldx, n, lo, hi, scratch)
		return
	}
	if q.cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	if useAsm && q.gemvFast(dst, ldd, x, ldx, n, lo, hi, prep, scratch) {
		return
	}
	rowByRow(q, dst, ldd, x, ldx, n, lo, hi, scratch)
}

func (q *Quant) tileEnd(c int) int { return blockTile(c, q.c.ColBlock, q.cols) }

func (q *Quant) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		q.unpackRow(dst[(r-r0)*ld:(r-r0)*ld+c1-c0], r, c0)
	}
}

// scaleBatch is how many scales (and as many offsets) the fast path widens at a
// time. 2 KiB each in the first-level cache.
const scaleBatch = 512
