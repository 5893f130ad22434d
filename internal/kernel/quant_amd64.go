//go:build !noasm

package kernel

// roundingOf chooses the kernels for a run of scales. Products of half scales
// and integers are multiples of 2^-24; they stay finite halves when even the
// largest scale times the largest code is below 65504, for which a bound on the
// root of the sum of squares is enough. NaN and infinity fail the comparison.
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

// gemvFast multiplies rows one after another by the streaming kernels. It
// reports false for layouts that these do not take. prep is x as prepare leaves
// it, or empty.
func (q *Quant) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	if !q.fast {
		return false
	}
	if len(prep) > 0 && q.panels(n) {
		q.mulPanels(dst, ldd, n, lo, hi, prep, scratch)
		return true
	}
	batch := max(scaleBatch, q.cb)
	rows := 1
	if q.c.RowBlock == 1 {
		rows = max(batch/q.cb, 1)
	}
	each := q.prepLen(1)
	var scale, offset []float32
	var mode rounding
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		if r == lo || q.c.RowBlock == 1 || r%q.c.RowBlock == 0 {
			b := r / q.c.RowBlock * q.cb
			scale = q.widenScales(scratch, b, m*q.cb)
			mode = q.roundingOf(scale)
			offset = q.widenOffsets(scratch[batch:], b, m*q.cb, mode)
		}
		codes := &q.c.Codes[r*q.cols*q.c.Bits/8]
		for t := range n {
			d := dst[t*ldd+r : t*ldd+r+m]
			if each > 0 && mode != roundAny {
				q.streamAsm(codes, scale, offset, &prep[t*each : (t+1)*each][0], &d[0], m, mode)
				continue
			}
			v := x[t*ldx : t*ldx+q.cols]
			q.gemvAsm(codes, scale, offset, &v[0], &d[0], m, q.c.ColBlock/8, mode)
		}
	}
	return true
}

// kernelKind numbers the kernels: by width, then by sign, then by mode.
type kernelKind int

const (
	kind4sPlain kernelKind = iota
	kind4sOffset
	kind4sGrid
	kind4sGridOffset
	kind4sAny
	kind4uPlain
	kind4uOffset
	kind4uGrid
	kind4uGridOffset
	kind4uAny
	kind8sPlain
	kind8sOffset
	kind8sGrid
	kind8sGridOffset
	kind8sAny
	kind8uPlain
	kind8uOffset
	kind8uGrid
	kind8uGridOffset
	kind8uAny
)

func (q *Quant) kind(offset bool, mode rounding) kernelKind {
	k := kind4sPlain
	if q.c.Bits == 8 {
		k += kind8sPlain
	}
	if !q.c.Signed {
		k += kind4uPlain
	}
	switch {
	case mode == roundAny:
		return k + kind4sAny
	case mode == roundGrid:
		k += kind4sGrid
	}
	if offset {
		k += kind4sOffset
	}
	return k
}

func (q *Quant) gemvAsm(w *byte, scale, offset []float32, x, dst *float32, rows, vecs int, mode rounding) {
	s, cb := &scale[0], q.cb
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	switch q.kind(o != nil, mode) {
	case kind4sPlain:
		gemv4sAVX2(w, s, x, dst, rows, cb, vecs)
	case kind4sOffset:
		gemv4soAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind4sGrid:
		gemv4saAVX2(w, s, x, dst, rows, cb, vecs)
	case kind4sGridOffset:
		gemv4saoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind4sAny:
		gemv4srAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind4uPlain:
		gemv4uAVX2(w, s, x, dst, rows, cb, vecs)
	case kind4uOffset:
		gemv4uoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind4uGrid:
		gemv4uaAVX2(w, s, x, dst, rows, cb, vecs)
	case kind4uGridOffset:
		gemv4uaoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind4uAny:
		gemv4urAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind8sPlain:
		gemv8sAVX2(w, s, x, dst, rows, cb, vecs)
	case kind8sOffset:
		gemv8soAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind8sGrid:
		gemv8saAVX2(w, s, x, dst, rows, cb, vecs)
	case kind8sGridOffset:
		gemv8saoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind8sAny:
		gemv8srAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind8uPlain:
		gemv8uAVX2(w, s, x, dst, rows, cb, vecs)
	case kind8uOffset:
		gemv8uoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind8uGrid:
		gemv8uaAVX2(w, s, x, dst, rows, cb, vecs)
	case kind8uGridOffset:
		gemv8uaoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case kind8uAny:
		gemv8urAVX2(w, s, o, x, dst, rows, cb, vecs)
	}
}

// decodeAsm decodes blocks of vecs vectors of 8 codes; o is nil where there are no
// offsets and the mode permits.
func (q *Quant) decodeAsm(dst *float32, w *byte, s, o *float32, blocks, vecs int, mode rounding) {
	switch q.kind(o != nil, mode) {
	case kind4sPlain:
		unpack4sAVX2(dst, w, s, blocks, vecs)
	case kind4sOffset:
		unpack4soAVX2(dst, w, s, o, blocks, vecs)
	case kind4sGrid:
		unpack4saAVX2(dst, w, s, blocks, vecs)
	case kind4sGridOffset:
		unpack4saoAVX2(dst, w, s, o, blocks, vecs)
	case kind4sAny:
		unpack4srAVX2(dst, w, s, o, blocks, vecs)
	case kind4uPlain:
		unpack4uAVX2(dst, w, s, blocks, vecs)
	case kind4uOffset:
		unpack4uoAVX2(dst, w, s, o, blocks, vecs)
	case kind4uGrid:
		unpack4uaAVX2(dst, w, s, blocks, vecs)
	case kind4uGridOffset:
		unpack4uaoAVX2(dst, w, s, o, blocks, vecs)
	case kind4uAny:
		unpack4urAVX2(dst, w, s, o, blocks, vecs)
	case kind8sPlain:
		unpack8sAVX2(dst, w, s, blocks, vecs)
	case kind8sOffset:
		unpack8soAVX2(dst, w, s, o, blocks, vecs)
	case kind8sGrid:
		unpack8saAVX2(dst, w, s, blocks, vecs)
	case kind8sGridOffset:
		unpack8saoAVX2(dst, w, s, o, blocks, vecs)
	case kind8sAny:
		unpack8srAVX2(dst, w, s, o, blocks, vecs)
	case kind8uPlain:
		unpack8uAVX2(dst, w, s, blocks, vecs)
	case kind8uOffset:
		unpack8uoAVX2(dst, w, s, o, blocks, vecs)
	case kind8uGrid:
		unpack8uaAVX2(dst, w, s, blocks, vecs)
	case kind8uGridOffset:
		unpack8uaoAVX2(dst, w, s, o, blocks, vecs)
	case kind8uAny:
		unpack8urAVX2(dst, w, s, o, blocks, vecs)
	}
}
