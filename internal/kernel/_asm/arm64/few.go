package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 4-bit codes times a vector of inputs quantised to int8 with a step for every 8 of them,
// in the order of sums that the package kernel defines in quant_few.go. 32 inputs are 16
// even bytes, 16 odd ones and 4 steps, and behind all of them are 4 sums of 8 bytes
// each. The 16 lanes of the definition are four registers, of which 32 inputs meet one.

// fewSums is what the sums of 32 inputs take, whose bytes and steps take 48.
const fewSums = 16

// few multiplies some rows at a time, which share the loads of the inputs. Row i sums in
// V(4i) to V(4i+3).
type few struct {
	quantised
	block, rows            int
	codes, scales, offsets []R
}

// The vector registers of few; those of the first three are one for each row. What is
// multiplied by SMULL has V9 and V10 besides, and offsets leave it these and more.
const (
	fewScale   = V(16)
	fewOffset  = V(20)
	fewEven    = V(24)
	fewOdd     = V(25)
	fewSteps   = V(26)
	fewOfBytes = V(27)
	fewProduct = V(28)
	fewLow     = V(29)
	fewHigh    = V(30)
	fewFlip    = V(11)
	fewEight   = V(12)
)

// The general registers of few besides those of other kernels by rows.
const (
	fewBlocks = R15
	fewSumPtr = R19
	fewSumsAt = R23
)

// quantizeFew writes the kernel that prepares a vector.
func quantizeFew(p file) {
	v := inputs{p.begin("quantizeFewNEON", "quantises groups of 32 inputs: bytes and steps to dst, and the sums of each 8 bytes.",
		dst32, asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int)), false}
	v.load("dst", R0)
	v.load("sums", R2)
	v.load("x", R1)
	v.load("groups", R5)
	v.constants("quantum", 28, asm.FloatWords(127, 1e-30, 1.0/127)...)
	v.repeat("loop", R5, func() {
		v.peaks()
		v.bytes()
		v.sumBytes()
		v.STP(1, 2, R0.Post(32))
		v.STR(Q(8), R0.Post(16))
		v.STR(Q(0), R2.Post(16))
	})
	v.RET()
}

// sumBytes sums each 8 of the bytes in V0 and V4 into V0, as floats.
func (v inputs) sumBytes() {
	v.SADDLP(V(0).H8(), V(0).B16())
	v.SADDLP(V(4).H8(), V(4).B16())
	v.ADDP(V(0).H8(), V(0).H8(), V(4).H8())
	v.SADDLP(V(0).S4(), V(0).H8())
	v.SCVTF(V(0).S4(), V(0).S4())
}

// blocksName is how blocks meet 64 codes in a kernel's name.
func blocksName(block int) string {
	if block == 16 {
		return "Quad"
	}
	return "Pair"
}

// writeFew writes a kernel.
func writeFew(p file, f few) asm.Signature {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("scale", asm.Floats)}
	if f.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	name := fmt.Sprintf("few%d%s%s%s", f.rows, f.Letters(), blocksName(f.block), f.set())
	f.fn = p.begin(name, fmt.Sprintf("multiplies a quantised vector by rows of 4-bit codes, blocks times 64, that have scales for each %d.", f.block),
		append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int))...)
	f.codes, f.scales, f.offsets = []R{R0, R6, R7, R8}[:f.rows], []R{R2, R9, R10, R11}[:f.rows], []R{R3, R12, R13, R14}[:f.rows]
	f.setup()
	row := f.Here("row")
	f.startRows()
	f.row()
	f.store()
	f.endRows()
	f.SUBS(R5, f.rows)
	f.BNE(row)
	f.RET()
	return f.Signature
}

// setup loads the arguments and constants and makes the strides: rows follow one
// another, and ahead is 4 rows on.
func (f few) setup() {
	if f.flips() {
		f.constants("eight", fewEight, asm.FloatWord(8))
		f.MOVI(fewFlip.B16(), 0x88)
	}
	if f.Signed && !f.Mode.HasOffset() {
		f.MOVI(codeMask.B16(), 0xF0)
	} else {
		f.MOVI(codeMask.B16(), 0x0F)
	}
	f.load("w", R0)
	f.load("scale", R2)
	f.load("x", inputsAt)
	f.load("dst", R4)
	f.load("rows", R5)
	f.load("blocks", fewBlocks)
	if f.Mode.HasOffset() {
		f.load("offset", R3)
	}
	f.LSL(rowBytes, fewBlocks, 5)
	f.LSL(scaleBytes, fewBlocks, map[int]int{32: 3, 16: 4}[f.block])
	f.LSL(ahead, rowBytes, 2)
	// Two times 48 bytes of a block of 64 are before the sums.
	f.ADD(fewSumsAt, inputsAt, rowBytes)
	f.ADD(fewSumsAt, fewSumsAt, rowBytes)
	f.ADD(fewSumsAt, fewSumsAt, rowBytes)
}

// flips reports whether codes are taken 8 too large, as their offsets are then.
func (f few) flips() bool { return f.Signed && f.Mode.HasOffset() }

// startRows makes the addresses of the rows behind the first one.
func (f few) startRows() {
	for i := 1; i < f.rows; i++ {
		f.ADD(f.codes[i], f.codes[i-1], rowBytes)
		f.ADD(f.scales[i], f.scales[i-1], scaleBytes)
		if f.Mode.HasOffset() {
			f.ADD(f.offsets[i], f.offsets[i-1], scaleBytes)
		}
	}
	f.MOVD(R1, inputsAt)
	f.MOVD(fewSumPtr, fewSumsAt)
	f.MOVD(blockLeft, fewBlocks)
	f.zero(vs(0, 4*f.rows)...)
}

// endRows lets the first row's pointers go on behind the last row.
func (f few) endRows() {
	if f.rows == 1 {
		return
	}
	f.MOVD(f.codes[0], f.codes[f.rows-1])
	f.MOVD(f.scales[0], f.scales[f.rows-1])
	if f.Mode.HasOffset() {
		f.MOVD(f.offsets[0], f.offsets[f.rows-1])
	}
}

// row multiplies groups of 128 codes and perhaps half of one, whose upper lanes add
// nothing.
func (f few) row() {
	half, done := f.NewLabel("half"), f.NewLabel("done")
	f.SUBS(blockLeft, 2)
	f.BLT(half)
	group := f.Here("group")
	if f.rows > 1 {
		// The rows after these, which no prefetcher expects where a row is short.
		for _, r := range f.codes {
			f.PRFM(r, ahead)
		}
	}
	f.half(0)
	f.half(2)
	f.SUBS(blockLeft, 2)
	f.BGE(group)
	f.Bind(half)
	f.ADDS(blockLeft, 2)
	f.BEQ(done)
	f.half(0)
	f.zero(fewProduct)
	for i := range V(f.rows) {
		for sum := 4*i + 2; sum < 4*i+4; sum++ {
			f.FADD(sum.S4(), sum.S4(), fewProduct.S4())
		}
	}
	f.Bind(done)
}

// half multiplies 64 codes into two registers of each row's sum, from one on.
func (f few) half(to V) {
	for i := range V(f.rows) {
		f.factors(f.scales[i], fewScale+i)
		if f.Mode.HasOffset() {
			f.factors(f.offsets[i], fewOffset+i)
			if f.Signed {
				f.FADD((fewOffset + i).S4(), (fewOffset + i).S4(), fewEight.S4())
			}
		}
	}
	for e := range 2 {
		f.LDP(Q(fewEven), Q(fewOdd), R1.Post(32))
		f.LDR(Q(fewSteps), R1.Post(16))
		if f.Mode.HasOffset() {
			f.LDR(Q(fewOfBytes), fewSumPtr.Post(fewSums))
		}
		for i := range V(f.rows) {
			f.product(i, e, 4*i+to+V(e))
		}
	}
}

// factors loads those of 64 codes.
func (f few) factors(from R, to V) {
	if f.block == 16 {
		f.LDR(Q(to), from.Post(16))
	} else {
		f.LDR(D(to), from.Post(8))
	}
}

// product adds 32 codes of row i, the first or the second ones of 64, times inputs to a
// sum.
func (f few) product(i V, e int, sum V) {
	f.LDR(Q(fewProduct), f.codes[i].Post(16))
	f.take(fewProduct)
	f.zero(fewProduct)
	f.multiply(fewProduct, fewLow, fewEven)
	f.multiply(fewProduct, fewHigh, fewOdd)
	if f.Signed && !f.Mode.HasOffset() {
		f.SCVTFFixed(fewProduct.S4(), fewProduct.S4(), 4)
	} else {
		f.SCVTF(fewProduct.S4(), fewProduct.S4())
	}
	if f.Mode.HasOffset() {
		f.FMLS(fewProduct.S4(), fewOfBytes.S4(), f.spread(fewOffset+i, fewHigh, e))
	}
	f.FMUL(fewLow.S4(), fewSteps.S4(), f.spread(fewScale+i, fewLow, e))
	f.FMLA(sum.S4(), fewProduct.S4(), fewLow.S4())
}

// take takes codes apart: signed ones 16 times too large, or where there is an offset 8
// too large.
func (f few) take(codes V) {
	if f.Signed && !f.Mode.HasOffset() {
		f.SHL(fewLow.B16(), codes.B16(), 4)
		f.AND(fewHigh.B16(), codes.B16(), codeMask.B16())
		return
	}
	if f.flips() {
		f.EOR(codes.B16(), codes.B16(), fewFlip.B16())
	}
	f.USHR(fewHigh.B16(), codes.B16(), 4)
	f.AND(fewLow.B16(), codes.B16(), codeMask.B16())
}

// spread returns the factors of 32 codes: one of two, or two for half the lanes each,
// which are brought to a register.
func (f few) spread(from, to V, e int) operand {
	switch {
	case f.block == 32:
		return from.S(e)
	case e == 0:
		f.ZIP1(to.S4(), from.S4(), from.S4())
	default:
		f.ZIP2(to.S4(), from.S4(), from.S4())
	}
	return to.S4()
}

// store adds the lanes of each row's sum by halves.
func (f few) store() {
	for i := range V(f.rows) {
		a := 4 * i
		f.FADD(a.S4(), a.S4(), (a + 2).S4())
		f.FADD((a + 1).S4(), (a + 1).S4(), (a + 3).S4())
		f.FADD(a.S4(), a.S4(), (a + 1).S4())
		f.ZIP2((a + 1).D2(), a.D2(), a.D2())
		f.FADD(a.S4(), a.S4(), (a + 1).S4())
		f.FADDPScalar(S(a), a.S2())
		f.STR(S(a), R4.Post(4))
	}
}

// fews writes the kernels. Four rows at a time need all registers: where products or
// offsets need some, too, there are two.
func fews(p file) {
	quantizeFew(p)
	for _, dot := range []bool{true, false} {
		for _, block := range []int{16, 32} {
			for _, rows := range []int{4, 2, 1} {
				if rows == 4 && !dot {
					continue
				}
				set := quantised{dot: dot}.set()
				choice := p.Choose(asm.ByKind, fmt.Sprintf("few%d%s%s", rows, blocksName(block), set), fmt.Sprintf("multiplies a quantised vector by rows, %d at a time.", rows))
				kind.Each(4, []kind.Mode{kind.Plain, kind.Offset}, func(c kind.Codes) {
					if rows < 4 || !c.Mode.HasOffset() {
						choice.Add(c.Kind(), writeFew(p, few{quantised: quantised{Codes: c, dot: dot}, block: block, rows: rows}))
					}
				})
			}
		}
	}
}
