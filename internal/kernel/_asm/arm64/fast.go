package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// Codes times inputs quantised to int8. Signed codes of 4 bits are used where they
// lie, 16 times too large, and the conversion to float divides by 16. Unsigned
// codes of 8 bits are taken 128 less, and 128 times the inputs' sum is added.
//
// With the dot product extension an SDOT adds 4 products to each lane; without, four
// instructions do the same: sums of two products of 8 bits fit in 16.

// quantised is a kernel by quantised inputs.
type quantised struct {
	fn
	kind.Codes

	// dot says that the processor has SDOT.
	dot bool
}

// codeMask masks the codes; for unsigned bytes it makes them signed.
const codeMask = V(31)

func (q quantised) name(stem string) string { return stem + q.Name() + q.set() }

// set is the instruction set's part of a kernel's name.
func (q quantised) set() string {
	if q.dot {
		return "DotNEON"
	}
	return "NEON"
}

// lessHalf reports whether codes are taken 128 less.
func (q quantised) lessHalf() bool { return q.Bits == 8 && !q.Signed }

// groupBytes is what the codes of a group take.
func (q quantised) groupBytes() int { return 4 * q.Bits }

// setup makes the mask, and in half the 128 of codes that are 128 less.
func (q quantised) setup(half V) {
	q.mask()
	if q.lessHalf() {
		q.constants("byteHalf", half, asm.FloatWord(128))
	}
}

func (q quantised) mask() {
	switch {
	case q.Bits == 8:
		q.MOVI(codeMask.B16(), 128)
	case q.Signed:
		q.MOVI(codeMask.B16(), 0xF0)
	default:
		q.MOVI(codeMask.B16(), 0x0F)
	}
}

// multiply adds products of bytes to sum; V9 and V10 may be overwritten.
func (q quantised) multiply(sum, w, x V) {
	if q.dot {
		q.SDOT(sum.S4(), w.B16(), x.B16())
		return
	}
	q.SMULL(V(9).H8(), w.B8(), x.B8())
	q.SMULL2(V(10).H8(), w.B16(), x.B16())
	q.ADDP(V(9).H8(), V(9).H8(), V(10).H8())
	q.SADALP(sum.S4(), V(9).H8())
}

// multiplyBy is multiply with 4 bytes of x for all lanes; V11 may be overwritten too.
func (q quantised) multiplyBy(sum, w, x V, i int) {
	if q.dot {
		q.SDOT(sum.S4(), w.B16(), x.B4(i))
		return
	}
	q.DUP(V(11).S4(), x.S(i))
	q.multiply(sum, w, 11)
}

// split takes 4-bit codes apart into even and odd ones.
func (q quantised) split(codes, even, odd V) {
	if q.Signed {
		q.SHL(even.B16(), codes.B16(), 4)
		q.AND(odd.B16(), codes.B16(), codeMask.B16())
	} else {
		q.USHR(odd.B16(), codes.B16(), 4)
		q.AND(even.B16(), codes.B16(), codeMask.B16())
	}
}

// splitBytes puts the even and the odd 8-bit codes of two registers apart.
func (q quantised) splitBytes(a, b, even, odd V) {
	if !q.Signed {
		q.EOR(a.B16(), a.B16(), codeMask.B16())
		q.EOR(b.B16(), b.B16(), codeMask.B16())
	}
	q.UZP1(even.B16(), a.B16(), b.B16())
	q.UZP2(odd.B16(), a.B16(), b.B16())
}

// convert makes floats of sums.
func (q quantised) convert(v V) {
	if q.Signed && q.Bits == 4 {
		q.SCVTFFixed(v.S4(), v.S4(), 4)
	} else {
		q.SCVTF(v.S4(), v.S4())
	}
}

// fast multiplies some rows at a time, which share the loads of the inputs. Row i
// sums in V(i); its scales are in V(20+i), its offsets in V(24+i), its addresses in
// codes, scales and offsets.
type fast struct {
	quantised
	rows                   int
	codes, scales, offsets []R
}

// The registers of fast: strides from row to row of codes and of scales, where the
// inputs start, how far ahead rows are fetched, and counters.
const (
	rowBytes   = R20
	scaleBytes = R21
	inputsAt   = R24
	ahead      = R25
	blockLeft  = R22
	groupLeft  = R23
)

// writeFast writes a kernel. Four rows at a time load the inputs once; a matrix
// whose rows are no multiple of 4 ends with the kernel of one row. Each row's order
// of sums is the same in both.
func writeFast(p file, q quantised, rows int) asm.Signature {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("scale", asm.Floats)}
	if q.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	doc := ""
	if rows > 1 {
		doc = fmt.Sprintf(", %d rows at a time", rows)
	}
	q.fn = p.begin(q.name(fmt.Sprintf("fast%dx", rows)), fmt.Sprintf("multiplies a quantised vector by rows of %d-bit codes, groups groups of 32 to a block%s.", q.Bits, doc),
		append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int), asm.P("groups", asm.Int))...)
	f := fast{q, rows, []R{R0, R6, R7, R8}[:rows], []R{R2, R9, R10, R11}[:rows], []R{R3, R12, R13, R14}[:rows]}
	f.setup()
	row := f.Here("row")
	f.startRows()
	f.blocks()
	for i := range V(rows) {
		f.FADDP(i.S4(), i.S4(), i.S4())
		f.FADDPScalar(S(i), i.S2())
		f.STR(S(i), R4.Post(4))
	}
	f.endRows()
	f.SUBS(R5, rows)
	f.BNE(row)
	f.RET()
	return f.Signature
}

// setup loads the arguments and makes the strides: rows follow one another, and
// ahead is 4 rows on.
func (f fast) setup() {
	f.load("w", R0)
	f.load("scale", R2)
	f.load("x", inputsAt)
	f.load("dst", R4)
	f.load("rows", R5)
	f.load("blocks", R15)
	f.load("groups", R19)
	if f.Mode.HasOffset() {
		f.load("offset", R3)
	}
	f.MUL(rowBytes, R19, R15)
	f.LSL(rowBytes, rowBytes, map[int]int{16: 4, 32: 5}[f.groupBytes()])
	f.LSL(scaleBytes, R15, 2)
	f.quantised.setup(30)
	f.LSL(ahead, rowBytes, 2)
}

// startRows makes the addresses of the rows behind the first one.
func (f fast) startRows() {
	for i := 1; i < f.rows; i++ {
		f.ADD(f.codes[i], f.codes[i-1], rowBytes)
		f.ADD(f.scales[i], f.scales[i-1], scaleBytes)
		if f.Mode.HasOffset() {
			f.ADD(f.offsets[i], f.offsets[i-1], scaleBytes)
		}
	}
	f.MOVD(R1, inputsAt)
	f.MOVD(blockLeft, R15)
	f.zero(vs(0, f.rows)...)
}

// endRows lets the first row's pointers go on behind the last row.
func (f fast) endRows() {
	if f.rows == 1 {
		return
	}
	f.MOVD(f.codes[0], f.codes[f.rows-1])
	f.MOVD(f.scales[0], f.scales[f.rows-1])
	if f.Mode.HasOffset() {
		f.MOVD(f.offsets[0], f.offsets[f.rows-1])
	}
}

// blocks runs over the blocks of the rows. Those of one group go 4 at a time, as far
// as they do.
func (f fast) blocks() {
	block, four, few, end := f.NewLabel("block"), f.NewLabel("four"), f.NewLabel("few"), f.NewLabel("end")
	f.CMP(R19, 1)
	f.BNE(block)
	f.SUBS(blockLeft, 4)
	f.BLT(few)
	f.Bind(four)
	f.factors(16, func(v V) scalar { return Q(v) })
	for i := range 4 {
		if f.rows > 1 && i*f.groupBytes()%64 == 0 {
			// The rows after these, which no prefetcher expects where a row is short.
			for _, r := range f.codes {
				f.PRFM(r, ahead)
			}
		}
		f.group(i)
	}
	f.SUBS(blockLeft, 4)
	f.BGE(four)
	f.Bind(few)
	f.ADDS(blockLeft, 4)
	f.BEQ(end)
	f.Bind(block)
	f.MOVD(groupLeft, R19)
	f.factors(4, func(v V) scalar { return S(v) })
	f.repeat("group", groupLeft, func() { f.group(0) })
	f.SUBS(blockLeft, 1)
	f.BNE(block)
	f.Bind(end)
}

// factors loads the scales and offsets of 4 blocks or of one.
func (f fast) factors(size int, part func(V) scalar) {
	for i := range f.rows {
		f.LDR(part(V(20+i)), f.scales[i].Post(size))
		if f.Mode.HasOffset() {
			f.LDR(part(V(24+i)), f.offsets[i].Post(size))
		}
	}
}

// The integers of a group are exact. They meet their steps, the offset takes its
// share of the inputs' sum off, and the scale adds the rest to the row's sum: each
// rounds once, in the order of the definition.
// group multiplies a group of all rows, whose scales and offsets are element e of
// theirs.
func (f fast) group(e int) {
	const even, odd, steps, sums, half = V(4), V(5), V(6), V(7), V(30)
	f.LDP(Q(even), Q(odd), R1.Post(32))
	f.LDP(Q(steps), Q(sums), R1.Post(32))
	for i := range V(f.rows) {
		v, low, high := 16+i, 12+i%2*2, 13+i%2*2
		if f.Bits == 4 {
			f.LDR(Q(v), f.codes[i].Post(16))
			f.split(v, low, high)
		} else {
			f.LDP(Q(v), 8, f.codes[i].Post(32))
			f.splitBytes(v, 8, low, high)
		}
		f.zero(v)
		f.multiply(v, low, even)
		f.multiply(v, high, odd)
		f.convert(v)
		f.FMUL(v.S4(), v.S4(), steps.S4())
		if f.lessHalf() {
			f.FMLA(v.S4(), sums.S4(), half.S4())
		}
		if f.Mode.HasOffset() {
			f.FMLS(v.S4(), sums.S4(), (24 + i).S(e))
		}
		f.FMLA(i.S4(), v.S4(), (20 + i).S(e))
	}
}
