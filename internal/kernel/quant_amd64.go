//go:build !noasm

package kernel

// ones are the scales under which codes decode to themselves.
var ones = [1]float32{1}

// widenScales stores n scales from block b on in dst, or returns them as they
// lie.
func (q *Quant) widenScales(dst []float32, b, n int) []float32 {
	if q.c.Scale32 != nil {
		return q.c.Scale32[b : b+n]
	}
	F16ToF32(dst, q.c.Scale16[b:b+n])
	return dst[:n]
}

// widenOffsets is widenScales for the offsets: nil when there are none and the
// weights are not rounded (the rounding kernels always subtract).
func (q *Quant) widenOffsets(dst []float32, b, n int) []float32 {
	dst = dst[:n]
	switch {
	case q.c.Offset != nil:
		return q.c.Offset[b : b+n]
	case q.c.OffsetCodes == nil && q.c.Round:
		clear(dst)
		return dst
	case q.c.OffsetCodes == nil:
		return nil
	}
	i := 0
	for ; i < n && (b+i)&1 != 0; i++ {
		dst[i] = float32(q.code(q.c.OffsetCodes, b+i))
	}
	if v := (n - i) / 8; v > 0 {
		q.decodeAsm(&dst[i], &q.c.OffsetCodes[(b+i)*q.c.Bits/8], &ones[0], nil, 1, v, false)
		i += v * 8
	}
	for ; i < n; i++ {
		dst[i] = float32(q.code(q.c.OffsetCodes, b+i))
	}
	return dst
}

// gemvFast multiplies rows one after another by the streaming kernels. It
// reports false for layouts that these do not take.
func (q *Quant) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	if !q.fast {
		return false
	}
	batch := max(scaleBatch, q.cb)
	rows := 1
	if q.c.RowBlock == 1 {
		rows = max(batch/q.cb, 1)
	}
	vecs := q.c.ColBlock / 8
	var scale, offset []float32
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		if r == lo || q.c.RowBlock == 1 || r%q.c.RowBlock == 0 {
			b := r / q.c.RowBlock * q.cb
			scale = q.widenScales(scratch, b, m*q.cb)
			offset = q.widenOffsets(scratch[batch:], b, m*q.cb)
		}
		codes := &q.c.Codes[r*q.cols*q.c.Bits/8]
		for t := range n {
			v := x[t*ldx : t*ldx+q.cols]
			d := dst[t*ldd+r : t*ldd+r+m]
			q.gemvAsm(codes, scale, offset, &v[0], &d[0], m, vecs)
		}
	}
	return true
}

func (q *Quant) gemvAsm(w *byte, scale, offset []float32, x, dst *float32, rows, vecs int) {
	s, cb := &scale[0], q.cb
	if offset == nil {
		switch {
		case q.c.Bits == 4 && q.c.Signed:
			gemv4sAVX2(w, s, x, dst, rows, cb, vecs)
		case q.c.Bits == 4:
			gemv4uAVX2(w, s, x, dst, rows, cb, vecs)
		case q.c.Signed:
			gemv8sAVX2(w, s, x, dst, rows, cb, vecs)
		default:
			gemv8uAVX2(w, s, x, dst, rows, cb, vecs)
		}
		return
	}
	o := &offset[0]
	switch {
	case q.c.Bits == 4 && q.c.Signed && q.c.Round:
		gemv4srAVX2(w, s, o, x, dst, rows, cb, vecs)
	case q.c.Bits == 4 && q.c.Signed:
		gemv4soAVX2(w, s, o, x, dst, rows, cb, vecs)
	case q.c.Bits == 4 && q.c.Round:
		gemv4urAVX2(w, s, o, x, dst, rows, cb, vecs)
	case q.c.Bits == 4:
		gemv4uoAVX2(w, s, o, x, dst, rows, cb, vecs)
	case q.c.Signed && q.c.Round:
		gemv8srAVX2(w, s, o, x, dst, rows, cb, vecs)
	case q.c.Signed:
		gemv8soAVX2(w, s, o, x, dst, rows, cb, vecs)
	case q.c.Round:
		gemv8urAVX2(w, s, o, x, dst, rows, cb, vecs)
	default:
		gemv8uoAVX2(w, s, o, x, dst, rows, cb, vecs)
	}
}

// unpackFast decodes columns c0 to c0+len(dst)-1 of row r: whole blocks, or a
// part of one whose length is a multiple of 8.
func (q *Quant) unpackFast(dst []float32, r, c0 int) bool {
	if !q.fast {
		return false
	}
	b := r/q.c.RowBlock*q.cb + c0/q.c.ColBlock
	blocks, vecs := max(len(dst)/q.c.ColBlock, 1), min(len(dst), q.c.ColBlock)/8
	var s, o [tileCols / 8]float32
	scale := q.widenScales(s[:], b, blocks)
	offset := q.widenOffsets(o[:], b, blocks)
	var first *float32
	if offset != nil {
		first = &offset[0]
	}
	q.decodeAsm(&dst[0], &q.c.Codes[(r*q.cols+c0)*q.c.Bits/8], &scale[0], first, blocks, vecs, q.c.Round)
	return true
}

func (q *Quant) decodeAsm(dst *float32, w *byte, s, o *float32, blocks, vecs int, round bool) {
	if o == nil {
		switch {
		case q.c.Bits == 4 && q.c.Signed:
			unpack4sAVX2(dst, w, s, blocks, vecs)
		case q.c.Bits == 4:
			unpack4uAVX2(dst, w, s, blocks, vecs)
		case q.c.Signed:
			unpack8sAVX2(dst, w, s, blocks, vecs)
		default:
			unpack8uAVX2(dst, w, s, blocks, vecs)
		}
		return
	}
	switch {
	case q.c.Bits == 4 && q.c.Signed && round:
		unpack4srAVX2(dst, w, s, o, blocks, vecs)
	case q.c.Bits == 4 && q.c.Signed:
		unpack4soAVX2(dst, w, s, o, blocks, vecs)
	case q.c.Bits == 4 && round:
		unpack4urAVX2(dst, w, s, o, blocks, vecs)
	case q.c.Bits == 4:
		unpack4uoAVX2(dst, w, s, o, blocks, vecs)
	case q.c.Signed && round:
		unpack8srAVX2(dst, w, s, o, blocks, vecs)
	case q.c.Signed:
		unpack8soAVX2(dst, w, s, o, blocks, vecs)
	case round:
		unpack8urAVX2(dst, w, s, o, blocks, vecs)
	default:
		unpack8uoAVX2(dst, w, s, o, blocks, vecs)
	}
}

// gemvFast multiplies rows lo to hi-1 through tables held in registers. It
// reports false for layouts that the kernel does not take.
func (m *LUT) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	if !m.fast {
		return false
	}
	perRow := m.c.Scale16 != nil || m.c.Scale32 != nil
	for r := lo; r < hi; r++ {
		if r == lo || perRow || r%m.c.RowGroup == 0 {
			for g := range m.cg {
				m.table(scratch[g*16:], r, g)
			}
		}
		w := &m.c.Indices[r*m.cols/2]
		for t := range n {
			v := x[t*ldx : t*ldx+m.cols]
			dst[t*ldd+r] = dotLUT4AVX2(w, &scratch[0], &v[0], m.cg, m.c.ColGroup/8)
		}
	}
	return true
}

// unpackFast decodes columns c0 to c0+len(dst)-1 of row r: whole groups, or a
// part of one whose length is a multiple of 8.
func (m *LUT) unpackFast(dst []float32, r, c0 int) bool {
	if !m.fast {
		return false
	}
	var table [16]float32
	size := min(len(dst), m.c.ColGroup)
	for i := 0; i < len(dst); i += size {
		m.table(table[:], r, (c0+i)/m.c.ColGroup)
		unpackLUT4AVX2(&dst[i], &m.c.Indices[(r*m.cols+c0+i)/2], &table[0], 1, size/8)
	}
	return true
}
