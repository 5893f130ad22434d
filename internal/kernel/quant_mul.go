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

// streamScratch is what mulPrepared needs besides the prepared vectors: room for
// the scales and offsets of 4 rows at least.
func (q *Quant) streamScratch() int { return 2 * max(scaleBatch, 4*q.cb) }

// prepKind chooses the form by what the kernels have to subtract and to round.
func (q *Quant) prepKind() prepKind {
	offset := q.c.Offset != nil || q.c.OffsetCodes != nil
	switch {
	case q.compact() && offset:
		return prepCompactOffset
	case q.compact():
		return prepCompact
	case q.int8Inputs() && offset:
		return prepInt8Offset
	case q.int8Inputs():
		return prepInt8
	}
	return prepNone
}

// ScratchLen implements [Mat]. It must cover every way that mulPrepared may go
// for n vectors.
func (q *Quant) ScratchLen(n int) int {
	if p := q.prepLen(n); p > 0 {
		return max(q.streamScratch(), q.manyScratch(n)) + p
	}
	return max(q.streamScratch()+fewScratch, tileScratch)
}

// Mul implements [Mat].
func (q *Quant) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	var prep []float32
	if p := q.prepLen(n); p > 0 {
		prep = scratch[max(q.streamScratch(), q.manyScratch(n)):][:p]
		q.prepare(prep, x, ldx, n, 0, n)
	}
	q.mulPrepared(dst, ldd, x, ldx, n, lo, hi, prep, scratch)
}

// mulPrepared is Mul with the work done that all rows share. Prepared vectors
// take the kernels that want them. Without, many vectors go by tiles of decoded
// weights, few by rows.
func (q *Quant) mulPrepared(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) {
	switch {
	case len(prep) > 0:
		q.gemvFast(dst, ldd, n, lo, hi, prep, scratch)
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
