package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// 4-bit codes times many vectors quantised to int8. 16 rows are taken apart into a
// panel, which stays in the first-level cache while all vectors are multiplied by it:
// to a block of 32 columns 8 pairs of vectors of codes (in a 32-bit lane 4 columns of a
// row: columns 8j+0, 2, 4, 6, then 8j+1, 3, 5, 7), 16 scales and, where the matrix has
// them, 16 offsets. Codes are unsigned there, or signed for AMX.

// Where the parts of a panel's block lie, and what it takes.
const (
	panelScale  = 512
	panelOffset = 576
	panelBlock  = 640
)

// eightPtrs are the addresses of 8 rows.
var eightPtrs = []reg{AX, BX, CX, DX, R8, R9, R10, R11}

// eightRows loads eightPtrs: where the rows start, and an offset for each.
func (f fn) eightRows(start string) {
	f.load("offs", SI)
	f.load(start, DI)
	for i, r := range eightPtrs {
		f.MOVQ(SI.At(8*i), r)
		f.ADDQ(DI, r)
	}
}

// quadsOf8 loads 16 bytes of 8 rows, at an offset behind SI, and exchanges them so
// that each of Y0 to Y3 has 4 bytes of every row.
func (f fn) quadsOf8(offset int) {
	for i := range 4 {
		f.VMOVDQU(eightPtrs[i].By(SI, 1).Plus(offset), X(i))
		f.VINSERTI128(1, eightPtrs[i+4].By(SI, 1).Plus(offset), Y(i), Y(i))
	}
	f.VPUNPCKLDQ(Y(1), Y(0), Y(4))
	f.VPUNPCKHDQ(Y(1), Y(0), Y(5))
	f.VPUNPCKLDQ(Y(3), Y(2), Y(6))
	f.VPUNPCKHDQ(Y(3), Y(2), Y(7))
	f.VPUNPCKLQDQ(Y(6), Y(4), Y(0))
	f.VPUNPCKHQDQ(Y(6), Y(4), Y(1))
	f.VPUNPCKLQDQ(Y(7), Y(5), Y(2))
	f.VPUNPCKHQDQ(Y(7), Y(5), Y(3))
}

// beginPanel starts a kernel that takes codes of 8 rows apart.
func (p file) beginPanel(name, doc string, more ...asm.Param) fn {
	params := []asm.Param{asm.P("panel", asm.Floats), asm.P("w", asm.Bytes), asm.P("offs", asm.Ints), asm.P("blocks", asm.Int), asm.P("flip", asm.Int)}
	f := p.begin(name, doc, append(params, more...)...)
	f.eightRows("w")
	f.load("panel", DI)
	f.load("blocks", R12)
	f.VPBROADCASTD(f.arg("flip"), Y(15))
	return f
}

// panelCodes fills one of the two vectors of each pair, for 8 rows.
func panelCodes(p file) {
	f := p.beginPanel("panelCodesAVX2", "takes blocks of 32 codes of 8 rows apart into a panel, codes exclusive-ored with flip, plus add.", asm.P("add", asm.Int))
	const flip, nibbles, add = Y(15), Y(14), Y(13)
	f.VPBROADCASTD(f.nibbles(), nibbles)
	f.VPBROADCASTD(f.arg("add"), add)
	f.XORQ(SI, SI)
	f.repeat("loop", R12, func() {
		f.quadsOf8(0)
		for j := range 4 {
			low, high := Y(j), Y(4+j)
			f.VPXOR(flip, low, low)
			f.VPSRLW(4, low, high)
			f.VPAND(nibbles, low, low)
			f.VPAND(nibbles, high, high)
			f.VPADDB(add, low, low)
			f.VPADDB(add, high, high)
			f.VMOVDQU(low, DI.At(128*j))
			f.VMOVDQU(high, DI.At(128*j+64))
		}
		f.ADDQ(imm(16), SI)
		f.ADDQ(imm(panelBlock), DI)
	})
	f.end()
}

// fetchRows brings what the next panel is made of nearer while this one is multiplied.
// Fetched while a panel is filled, all of it would wait for memory at once.
func fetchRows(p file) {
	f := p.begin("fetchRowsAVX2", "fetches so many cache lines of each of some rows, stride bytes apart, into the second cache.",
		asm.P("w", asm.Bytes), asm.P("stride", asm.Int), asm.P("rows", asm.Int), asm.P("lines", asm.Int))
	f.load("w", SI)
	f.load("stride", R8)
	f.load("rows", R9)
	f.load("lines", R10)
	f.repeat("row", R9, func() {
		f.MOVQ(SI, DI)
		f.MOVQ(R10, CX)
		f.repeat("line", CX, func() {
			f.PREFETCHT1(DI.At(0))
			f.ADDQ(imm(64), DI)
		})
		f.ADDQ(R8, SI)
	})
	f.end()
}

// panelScales gathers a float of each row. Scales are a 32nd of the codes, and
// gathers would need their offsets in a register.
func panelScales(p file) {
	f := p.begin("panelScalesAVX2", "stores 8 rows of floats, plus add, in a panel; the columns of 8 are stride bytes apart.",
		asm.P("panel", asm.Floats), asm.P("s", asm.Floats), asm.P("offs", asm.Ints), asm.P("blocks", asm.Int), asm.P("stride", asm.Int), asm.P("add", asm.Float))
	f.eightRows("s")
	f.load("panel", DI)
	f.load("blocks", R12)
	f.load("stride", R13)
	f.VBROADCASTSS(f.arg("add"), Y(15))
	f.XORQ(SI, SI)
	f.repeat("loop", R12, func() {
		for half := range 2 {
			f.VMOVSS(eightPtrs[4*half].By(SI, 1), X(half))
		}
		for i := 1; i < 4; i++ {
			for half := range 2 {
				f.VINSERTPS(uint8(16*i), eightPtrs[4*half+i].By(SI, 1), X(half), X(half))
			}
		}
		f.VINSERTF128(1, X(1), Y(0), Y(0))
		f.VADDPS(Y(15), Y(0), Y(0))
		f.VMOVUPS(Y(0), DI.At(0))
		f.ADDQ(imm(4), SI)
		f.ADDQ(R13, DI)
	})
	f.end()
}

// panelHalves goes 8 blocks at a time where it can: a transposition of 8 by 8 words
// costs less than 64 single loads.
func panelHalves(p file) {
	f := p.begin("panelHalvesAVX2", "is panelScales of halves.",
		asm.P("panel", asm.Floats), asm.P("s", asm.Halves), asm.P("offs", asm.Ints), asm.P("blocks", asm.Int), asm.P("stride", asm.Int))
	f.eightRows("s")
	f.load("panel", DI)
	f.load("blocks", R12)
	f.load("stride", R13)
	loop, one, done := f.NewLabel("loop"), f.NewLabel("one"), f.NewLabel("done")
	f.XORQ(SI, SI)
	f.SUBQ(imm(8), R12)
	f.JLT(one)
	f.Bind(loop)
	f.eightBlocksOfHalves()
	f.ADDQ(imm(16), SI)
	f.SUBQ(imm(8), R12)
	f.JGE(loop)
	f.Bind(one)
	f.ADDQ(imm(8), R12)
	f.JZ(done)
	f.repeat("single", R12, func() {
		f.VPXOR(X(0), X(0), X(0))
		f.VPXOR(X(1), X(1), X(1))
		for i := range 4 {
			for half := range 2 {
				f.VPINSRW(i, eightPtrs[4*half+i].By(SI, 1), X(half), X(half))
			}
		}
		f.VPUNPCKLQDQ(X(1), X(0), X(0))
		f.storeColumn(0)
		f.ADDQ(imm(2), SI)
		f.ADDQ(R13, DI)
	})
	f.Bind(done)
	f.end()
}

// eightBlocksOfHalves takes 8 blocks at a time: words, pairs and quadruples of rows
// change places.
func (f fn) eightBlocksOfHalves() {
	for i := range 8 {
		f.VMOVDQU(eightPtrs[i].By(SI, 1), X(i))
	}
	for i := X(0); i < 8; i += 2 {
		f.VPUNPCKLWD(i+1, i, 8+i)
		f.VPUNPCKHWD(i+1, i, 9+i)
	}
	for i := X(8); i <= 12; i += 4 {
		f.VPUNPCKLDQ(i+2, i, i-8)
		f.VPUNPCKHDQ(i+2, i, i-7)
		f.VPUNPCKLDQ(i+3, i+1, i-6)
		f.VPUNPCKHDQ(i+3, i+1, i-5)
	}
	for i := range X(4) {
		f.VPUNPCKLQDQ(4+i, i, X(8))
		f.storeColumn(8)
		f.ADDQ(R13, DI)
		f.VPUNPCKHQDQ(4+i, i, X(8))
		f.storeColumn(8)
		f.ADDQ(R13, DI)
	}
}

// storeColumn stores 8 halves as floats.
func (f fn) storeColumn(r X) {
	f.VCVTPH2PS(r, Y(r))
	f.VMOVUPS(Y(r), DI.At(0))
}
