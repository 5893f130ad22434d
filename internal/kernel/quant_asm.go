//go:build !noasm && (amd64 || arm64)

package kernel

// ones are the scales under which codes decode to themselves.
var ones = [1]float32{1}

// widenScales stores n scales from block b on in dst, or returns them as they
// lie. Kernels read float32 scales only; widening some hundreds at a time costs
// little beside the codes.
func (q *Quant) widenScales(dst []float32, b, n int) []float32 {
	if q.c.Scale32 != nil {
		return q.c.Scale32[b : b+n]
	}
	F16ToF32(dst, q.c.Scale16[b:b+n])
	return dst[:n]
}

// widenOffsets is widenScales for the offsets: nil when there are none, unless
// the kernel (roundAny) always subtracts. Codes of offsets are decoded as
// weights with scale 1. The loops before and after take those that do not begin
// at a byte or are fewer than 8.
func (q *Quant) widenOffsets(dst []float32, b, n int, mode rounding) []float32 {
	dst = dst[:n]
	switch {
	case q.c.Offset != nil:
		return q.c.Offset[b : b+n]
	case q.c.OffsetCodes == nil && mode == roundAny:
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
		q.decodeAsm(&dst[i], &q.c.OffsetCodes[(b+i)*q.c.Bits/8], &ones[0], nil, 1, v, roundNot)
		i += v * 8
	}
	for ; i < n; i++ {
		dst[i] = float32(q.code(q.c.OffsetCodes, b+i))
	}
	return dst
}

// rounding says which kernels decode the weights.
type rounding int

const (
	roundNot rounding = iota
	// roundAny converts each weight to a half and back; roundGrid needs no
	// conversion and gives the same bits.
	roundGrid // products lie on the grid of the halves and do not overflow
	roundAny
)

// unpackFast decodes columns c0 to c0+len(dst)-1 of row r, at most tileCols, which
// bounds the arrays below: whole blocks, and parts of one at the ends, whose lengths are
// multiples of 8.
func (q *Quant) unpackFast(dst []float32, r, c0 int) bool {
	if !q.fast {
		return false
	}
	block := q.c.ColBlock
	b := c0 / block
	count := (c0+len(dst)-1)/block - b + 1
	var s, o [tileCols/8 + 1]float32
	scale := q.widenScales(s[:], r/q.c.RowBlock*q.cb+b, count)
	mode := q.roundingOf(scale)
	offset := q.widenOffsets(o[:], r/q.c.RowBlock*q.cb+b, count, mode)
	for i, c := 0, c0; len(dst) > 0; {
		// The rest of a block that begins further ahead, whole blocks, or the begin of one.
		n := min(len(dst), block-c%block)
		blocks, vecs := 1, n/8
		if n == block {
			blocks = len(dst) / block
		}
		var first *float32
		if offset != nil {
			first = &offset[i]
		}
		q.decodeAsm(&dst[0], &q.c.Codes[(r*q.cols+c)*q.c.Bits/8], &scale[i], first, blocks, vecs, mode)
		n *= blocks
		dst, c, i = dst[n:], c+n, i+blocks
	}
	return true
}

// kernelKind numbers the kernels of codes: by width, then by sign, then by
// mode. Not every family and architecture has one of each. Package kind in _asm
// makes the same names, and the method kind adds these numbers up, so their
// order matters.
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

// kind returns the kind of the matrix's kernels.
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
