//go:build !noasm

package kernel

import "math"

// nibbleTable holds the values of the 16 codes of 4 bits as floats, and the
// upper halves of these as two planes of bytes, the lower ones first. The
// integers -8 to 15 are exact in the upper half of a float32, so a look-up of
// two bytes makes a whole float.
type nibbleTable struct {
	planes [32]byte
	floats [16]float32
}

var signedNibbles, unsignedNibbles = newNibbleTable(true), newNibbleTable(false)

func newNibbleTable(signed bool) *nibbleTable {
	var t nibbleTable
	for c := range 16 {
		v := c
		if signed && c >= 8 {
			v -= 16
		}
		t.floats[c] = float32(v)
		u := math.Float32bits(float32(v))
		t.planes[c], t.planes[16+c] = byte(u>>16), byte(u>>24)
	}
	return &t
}

// nibbles returns the table of the codes' sign, so that one kernel serves both.
func (q *Quant) nibbles() *nibbleTable {
	if q.c.Signed {
		return signedNibbles
	}
	return unsignedNibbles
}

// noOffsets stand in for the offsets of a tile that has none.
var noOffsets [tileCols / 8]float32

// roundingOf chooses the kernels: the conversions of this architecture round any
// weight.
func (q *Quant) roundingOf([]float32) rounding {
	if q.c.Round {
		return roundAny
	}
	return roundNot
}

// rowsGroup is how many codes the kernels of rows take at a time: a block has whole
// groups.
func (q *Quant) rowsGroup() int { return 128 / q.c.Bits }

// mulRows multiplies rows by one vector after another. It reports false for layouts
// that the kernels do not take, and where a tile is faster.
func (q *Quant) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	if q.c.ColBlock%q.rowsGroup() != 0 || q.cols == 0 || n >= tileMin {
		return false
	}
	batch := q.streamScratch() / 2
	rows := 1
	if q.c.RowBlock == 1 {
		rows = batch / q.cb
	}
	var scale, offset []float32
	mode := q.roundingOf(nil)
	for r := lo; r < hi; r += rows {
		m := min(rows, hi-r)
		if r == lo || r%q.c.RowBlock == 0 {
			b := r / q.c.RowBlock * q.cb
			scale = q.widenScales(scratch, b, m*q.cb)
			offset = q.widenOffsets(scratch[batch:], b, m*q.cb, mode)
		}
		codes := &q.c.Codes[r*q.cols*q.c.Bits/8]
		for t := range n {
			d, v := dst[t*ldd+r:t*ldd+r+m], x[t*ldx:t*ldx+q.cols]
			q.rowsAsm(codes, scale, offset, &v[0], &d[0], m, mode)
		}
	}
	return true
}

// rowsAsm multiplies rows that follow one another.
func (q *Quant) rowsAsm(w *byte, scale, offset []float32, x, dst *float32, rows int, mode rounding) {
	s, groups, each := &scale[0], q.cols/q.rowsGroup(), q.c.ColBlock/q.rowsGroup()
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	nibbles := q.nibbles()
	switch {
	case q.c.Bits == 4 && mode == roundAny:
		rows4rNEON(w, &nibbles.floats[0], s, o, x, dst, rows, groups, each)
	case q.c.Bits == 4 && o != nil:
		rows4oNEON(w, &nibbles.planes[0], s, o, x, dst, rows, groups, each)
	case q.c.Bits == 4:
		rows4NEON(w, &nibbles.planes[0], s, x, dst, rows, groups, each)
	case q.c.Signed && mode == roundAny:
		rows8srNEON(w, s, o, x, dst, rows, groups, each)
	case q.c.Signed && o != nil:
		rows8soNEON(w, s, o, x, dst, rows, groups, each)
	case q.c.Signed:
		rows8sNEON(w, s, x, dst, rows, groups, each)
	case mode == roundAny:
		rows8urNEON(w, s, o, x, dst, rows, groups, each)
	case o != nil:
		rows8uoNEON(w, s, o, x, dst, rows, groups, each)
	default:
		rows8uNEON(w, s, x, dst, rows, groups, each)
	}
}

// decodeAsm decodes blocks of vecs vectors of 8 codes, no more than a tile has; o
// is nil where there are no offsets.
func (q *Quant) decodeAsm(dst *float32, w *byte, s, o *float32, blocks, vecs int, mode rounding) {
	if o == nil {
		o = &noOffsets[0]
	}
	nibbles := q.nibbles()
	switch {
	case q.c.Bits == 4 && mode == roundAny:
		unpack4rNEON(dst, w, &nibbles.floats[0], s, o, blocks, vecs)
	case q.c.Bits == 4:
		unpack4NEON(dst, w, &nibbles.planes[0], s, o, blocks, vecs)
	case q.c.Signed && mode == roundAny:
		unpack8srNEON(dst, w, s, o, blocks, vecs)
	case q.c.Signed:
		unpack8sNEON(dst, w, s, o, blocks, vecs)
	case mode == roundAny:
		unpack8urNEON(dst, w, s, o, blocks, vecs)
	default:
		unpack8uNEON(dst, w, s, o, blocks, vecs)
	}
}
