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

// sumsInputs reports whether the kernel takes sums of the inputs over the
// blocks to take the offsets off. Σ s·(q-o)·x is s·(Σ q·x - o·Σ x): the sums
// over x are the same for every row.
func (q *Quant) sumsInputs() bool {
	return q.c.Bits == 4 && q.fast && !q.c.Round && (q.c.Offset != nil || q.c.OffsetCodes != nil)
}

// prepLen returns the length of n prepared vectors, or 0 when the kernels take
// them as they are. It must give the same answer for the preparation and for
// the product, whichever asks.
func (q *Quant) prepLen(n int) int {
	switch {
	case q.few(n):
		return n * q.fewLen()
	case !useAsm || n < 1 || q.cols == 0:
	case q.int8Kernels():
		return q.int8Len(n)
	case q.sumsInputs() && n < tileMin:
		return n * q.cb
	}
	return 0
}

// prepare quantises vectors lo to hi-1 of n, or sums them block by block.
func (q *Quant) prepare(dst, x []float32, ldx, n, lo, hi int) {
	if q.few(n) {
		q.prepareFew(dst, x, ldx, lo, hi)
		return
	}
	if q.int8Kernels() {
		q.quantize(dst, x, ldx, lo, hi)
		return
	}
	for t := lo; t < hi; t++ {
		v := x[t*ldx : t*ldx+q.cols]
		for b := range q.cb {
			dst[t*q.cb+b] = SumF32(v[b*q.c.ColBlock : (b+1)*q.c.ColBlock])
		}
	}
}

// gemvFast multiplies rows one after another by the streaming kernels. It
// reports false for layouts that these do not take. prep is x as prepare leaves
// it, or empty.
func (q *Quant) gemvFast(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32) bool {
	if !q.fast {
		return false
	}
	if len(prep) > 0 && q.int8Kernels() {
		q.int8Mul(dst, ldd, n, lo, hi, prep, scratch)
		return true
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
		if r == lo || q.c.RowBlock == 1 || r%q.c.RowBlock == 0 {
			b := r / q.c.RowBlock * q.cb
			scale = q.widenScales(scratch, b, m*q.cb)
			offset = q.widenOffsets(scratch[batch:], b, m*q.cb, mode)
		}
		codes := &q.c.Codes[r*q.cols*q.c.Bits/8]
		for t := range n {
			d := dst[t*ldd+r : t*ldd+r+m]
			v := x[t*ldx : t*ldx+q.cols]
			var sums *float32
			if len(prep) > 0 {
				sums = &prep[t*q.cb : (t+1)*q.cb][0]
			}
			q.gemvAsm(codes, scale, offset, sums, &v[0], &d[0], m, mode)
		}
	}
	return true
}

// gemvAsm multiplies rows; sums is nil unless prepare has made them.
func (q *Quant) gemvAsm(w *byte, scale, offset []float32, sums, x, dst *float32, rows int, mode rounding) {
	s, blocks, vecs := &scale[0], q.cb, q.c.ColBlock/8
	var o *float32
	if offset != nil {
		o = &offset[0]
	}
	nibbles := q.nibbles()
	switch {
	case q.c.Bits == 4 && mode == roundAny:
		gemv4rNEON(w, &nibbles.floats[0], s, o, x, dst, rows, blocks, vecs)
	case q.c.Bits == 4 && o != nil:
		gemv4oNEON(w, &nibbles.planes[0], s, o, sums, x, dst, rows, blocks, vecs)
	case q.c.Bits == 4:
		gemv4NEON(w, &nibbles.planes[0], s, x, dst, rows, blocks, vecs)
	case q.c.Signed && mode == roundAny:
		gemv8srNEON(w, s, o, x, dst, rows, blocks, vecs)
	case q.c.Signed && o != nil:
		gemv8soNEON(w, s, o, x, dst, rows, blocks, vecs)
	case q.c.Signed:
		gemv8sNEON(w, s, x, dst, rows, blocks, vecs)
	case mode == roundAny:
		gemv8urNEON(w, s, o, x, dst, rows, blocks, vecs)
	case o != nil:
		gemv8uoNEON(w, s, o, x, dst, rows, blocks, vecs)
	default:
		gemv8uNEON(w, s, x, dst, rows, blocks, vecs)
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
