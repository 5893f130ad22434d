package kernel

// Row decodes row r. It goes tile by tile, as unpack can do no more at a time.
func (q *Quant) Row(dst []float32, r int) {
	for c := 0; c < q.cols; c += tileCols {
		q.unpackRow(dst[c:min(c+tileCols, q.cols)], r, c)
	}
}

// unpackRow is decode by the fastest way. c0 is a multiple of tileCols, and dst is no
// longer.
func (q *Quant) unpackRow(dst []float32, r, c0 int) {
	if !useAsm || !q.unpackFast(dst, r, c0) {
		q.decode(dst, r, c0)
	}
}

// streamScratch is what mulRows needs: room for the scales and offsets of 4 rows at least.
func (q *Quant) streamScratch() int { return 2 * max(scaleBatch, 4*q.cb) }

// prepKind tells the ways of quantising apart: one for each answer to what they depend on.
func (q *Quant) prepKind() prepKind {
	kind := prepKind(q.c.Bits)
	if q.offsets() {
		kind |= 16
	}
	if q.c.ColBlock < manyBlock {
		kind |= 32
	}
	if q.few(1) {
		kind |= 64
	}
	if q.c.Bits == 8 && q.many(manyMin) {
		kind |= prepKind(q.wordBlocks()) << 7
	}
	return kind
}

// prepLen returns the length of n quantised vectors, 0 where inputs stay as they are.
func (q *Quant) prepLen(n int) int {
	switch {
	case q.few(n):
		return n * q.fewLen()
	case q.many(n):
		return q.manyLen(n)
	}
	return 0
}

// prepare quantises vectors lo to hi-1 of n.
func (q *Quant) prepare(dst, x []float32, ldx, n, lo, hi int) {
	if q.few(n) {
		q.prepareFew(dst, x, ldx, lo, hi)
		return
	}
	q.prepareMany(dst, x, ldx, n, lo, hi)
}

// ScratchLen implements [Mat]. It must cover every way that mulPrepared may go
// for n vectors.
func (q *Quant) ScratchLen(n int) int { return q.prepared(n) + q.prepLen(n) }

// prepared is where the prepared vectors of Mul lie in scratch: behind what the kernels
// need.
func (q *Quant) prepared(n int) int {
	switch {
	case q.few(n):
		return q.fewScratch()
	case q.many(n):
		return q.manyScratch(n)
	}
	return max(q.streamScratch()+fewScratch, tileScratch)
}

// Mul implements [Mat].
func (q *Quant) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	var prep []float32
	if p := q.prepLen(n); p > 0 {
		prep = scratch[q.prepared(n):][:p]
		q.prepare(prep, x, ldx, n, 0, n)
	}
	q.mulPrepared(dst, ldd, x, ldx, n, lo, hi, prep, scratch)
}

// mulPrepared is Mul with the work done that all rows share. Quantised vectors take the
// kernels for few or for many of them. Others are multiplied by decoded weights: many by
// tiles, few by rows.
func (q *Quant) mulPrepared(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) {
	switch {
	case q.few(n):
		q.mulFew(dst, ldd, n, lo, hi, prep, scratch)
	case q.many(n):
		q.mulMany(dst, ldd, n, lo, hi, prep, scratch)
	case useAsm && n <= rowsMost && q.mulRows(dst, ldd, x, ldx, n, lo, hi, scratch):
	default:
		tiledMul(q, dst, ldd, x, ldx, n, lo, hi, scratch)
	}
}

func (q *Quant) lowTile() int { return 8 }

func (q *Quant) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		q.unpackRow(dst[(r-r0)*ld:(r-r0)*ld+c1-c0], r, c0)
	}
}

// scaleBatch is how many scales (and as many offsets) the fast path widens at a
// time. 2 KiB each in the first-level cache.
const scaleBatch = 512
