//go:build !noasm

package kernel

// roundingOf chooses the kernels for a run of scales. Products of half scales
// and integers are multiples of 2^-24; they stay finite halves when even the
// largest scale times the largest code is below 65504, for which a bound on the
// root of the sum of squares is enough. NaN and infinity fail the comparison.
// 4000·16 and 250·256 are below 65504, so limits are those of a scale times the
// largest code.
func (q *Quant) roundingOf(scale []float32) rounding {
	if !q.c.Round {
		return roundNot
	}
	limit := float32(4000)
	if q.c.Bits == 8 {
		limit = 250
	}
	if q.c.Scale16 != nil && q.c.Offset == nil && SumSquares(scale) < limit*limit {
		return roundGrid
	}
	return roundAny
}

// decodeAsm decodes blocks of vecs vectors of 8 codes; o is nil where there are no
// offsets and the mode permits.
func (q *Quant) decodeAsm(dst *float32, w *byte, s, o *float32, blocks, vecs int, mode rounding) {
	unpackAVX2(q.kind(o != nil, mode), dst, w, s, o, blocks, vecs)
}
