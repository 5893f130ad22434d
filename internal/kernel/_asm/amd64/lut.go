package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Palettes. Kernels named dot… multiply rows that follow one another, those named
// decode… store them; both read whole groups of a row only.

// lut is a kernel of either kind: its group brings some vectors of entries to
// registers and hands each to use. Those that multiply add vector i of a row, of 8
// columns, to lanes 0 to 7 in Y0 or 8 to 15 in Y1; sum is the register for the next.
type lut struct {
	fn
	dot bool
	sum Y
}

// The registers of palettes' kernels, beside those of all kernels by rows.
const (
	tablePtr = DX
	groups   = R10 // of a row
	leftOver = R12 // groups that are left
	inChunk  = R13 // of which these are the chunk's
)

// rowSum has the sum of a row's chunks.
const rowSum = X(2)

// group is how the indices of one group are decoded.
type group struct {
	name, doc string
	columns   int
	frame     int
	setup     func(l lut)
	body      func(l lut)
}

// writeLUT writes dotLUT… and decodeLUT….
func writeLUT(p file, g group) (dot, decode asm.Signature) {
	w, table, n := asm.P("w", asm.Bytes), asm.P("table", asm.Bytes), asm.P("groups", asm.Int)
	// A round takes both halves of the lanes.
	times := max(16/g.columns, 1)
	doc := g.doc
	if times > 1 {
		doc = "pairs of groups of " + doc
	}
	f := p.beginSig(asm.Signature{
		Name: "dotLUT" + g.name + "AVX2", Doc: "multiplies x by rows of " + doc, Frame: g.frame,
		Params: []asm.Param{w, table, vecX, dst32, asm.P("rows", asm.Int), n},
	})
	f.loadRowsOfIndices()
	l := lut{fn: f, dot: true}
	g.setup(l)
	l.rows(times*g.columns, func() {
		for i := range times {
			l.sum = Y(i)
			g.body(l)
		}
	})
	dot = f.Signature

	f = p.beginSig(asm.Signature{
		Name: "decodeLUT" + g.name + "AVX2", Doc: "decodes groups of " + g.doc, Frame: g.frame,
		Params: []asm.Param{dst32, w, table, n},
	})
	f.load("dst", DI)
	f.load("w", codesPtr)
	f.load("table", tablePtr)
	f.load("groups", leftOver)
	l = lut{fn: f}
	g.setup(l)
	f.repeat("group", leftOver, func() { g.body(l) })
	f.end()
	return dot, f.Signature
}

// loadRowsOfIndices loads what all kernels by rows of indices have, but for x,
// which each row starts from.
func (f fn) loadRowsOfIndices() {
	f.load("w", codesPtr)
	f.load("table", tablePtr)
	f.load("dst", dstPtr)
	f.load("rows", rowsLeft)
	f.load("groups", groups)
}

// rows runs the body for as many columns of every row.
func (l lut) rows(columns int, body func()) {
	row := l.Here("row")
	l.MOVQ(l.arg("x"), inputPtr)
	l.MOVQ(groups, leftOver)
	// The first chunk's sum is added to -0, which changes none.
	l.VMOVSS(l.words("minusZero", 1<<31), rowSum)
	chunk := l.beginChunk(columns)
	l.zero(ys(0, 2)...)
	l.repeat("group", inChunk, body)
	l.VADDPS(Y(1), Y(0), Y(0))
	l.VEXTRACTF128(1, Y(0), X(1))
	l.VADDPS(X(1), X(0), X(0))
	l.addFourLanes(0, 1)
	l.VADDPS(X(0), rowSum, rowSum)
	l.TESTQ(leftOver, leftOver)
	l.JNZ(chunk)
	l.VMOVSS(rowSum, dstPtr.At(0))
	l.nextRow(row)
	l.end()
}

// beginChunk begins a chunk of groups of so many columns.
func (l lut) beginChunk(columns int) asm.Label {
	chunk, short := l.Here("chunk"), l.NewLabel("short")
	l.MOVQ(imm(512/columns), inChunk)
	l.CMPQ(leftOver, inChunk)
	l.JGE(short)
	l.MOVQ(leftOver, inChunk)
	l.Bind(short)
	l.SUBQ(inChunk, leftOver)
	return chunk
}

// use multiplies or stores a vector of entries, the i-th of its group.
func (l lut) use(i int, r, sum Y) {
	if l.dot {
		l.VFMADD231PS(DI.At(32*i), r, sum)
	} else {
		l.VMOVUPS(r, DI.At(32*i))
	}
}

// step goes on to the next group.
func (l lut) step(bytes, entries int) {
	l.ADDQ(imm(bytes), codesPtr)
	l.ADDQ(imm(4*entries), DI)
}

// palettes writes the kernels. AVX2 looks up 8 entries of 32 bits, or 16 bytes, in
// one instruction: each number of bits takes the way that needs fewest.
func palettes(p file) {
	prepareLUT4(p)
	dotLUT4Planes(p)
	dots := p.Choose(asm.ByBits, "dotLUTAVX2", "multiplies x by rows of indices.")
	decodes := p.Choose(asm.ByBits, "decodeLUTAVX2", "decodes groups of indices.")
	for _, g := range []group{sixBits, eightBits, fewBits(1), fewBits(2), fewBits(3), fourBits} {
		dot, decode := writeLUT(p, g)
		dots.Add(g.name, dot)
		decodes.Add(g.name, decode)
	}
}

// fewBits has 1, 2 or 3 bits, 8 indices at a time: one permutation of a table of 8
// entries. With fewer bits the table repeats, so the bits above an index do not
// matter.
func fewBits(bits int) group {
	const shifts, table, q = Y(15), Y(14), Y(4)
	return group{
		name: fmt.Sprint(bits), columns: 8, doc: fmt.Sprintf("%d-bit indices, 8 to a group, into a table of 8 floats.", bits),
		setup: func(l lut) {
			l.VMOVDQU(l.words(fmt.Sprintf("shift%d", bits), asm.Tabulate(8, func(i int) uint32 { return uint32(bits * i) })...), shifts)
			l.VMOVUPS(tablePtr.At(0), table)
		},
		body: func(l lut) {
			// Exactly the group's bytes are read: the last group of a matrix may be
			// the last of the memory.
			switch bits {
			case 1:
				l.VPBROADCASTB(codesPtr.At(0), q)
			case 2:
				l.VPBROADCASTW(codesPtr.At(0), q)
			case 3:
				l.MOVWLZX(codesPtr.At(0), AX)
				l.MOVBLZX(codesPtr.At(2), BX)
				l.SHLL(imm(16), BX)
				l.ORL(BX, AX)
				l.VMOVD(AX, X(q))
				l.VPBROADCASTD(X(q), q)
			}
			l.VPSRLVD(shifts, q, q)
			l.VPERMPS(table, q, q)
			l.use(0, q, l.sum)
			l.step(bits, 8)
		},
	}
}

// fourBits is for widths that the planes do not divide.
var fourBits = group{
	name: "4", columns: 8, doc: "4-bit indices, 8 to a group, into a table of 16 floats.",
	setup: func(l lut) {
		l.VMOVDQU(l.shiftRight(), Y(15))
		l.VMOVUPS(tablePtr.At(0), Y(12))
		l.VMOVUPS(tablePtr.At(32), Y(11))
	},
	// The 8 indices, 32 bits, are in every lane, and lane i shifts its own to the
	// bottom.
	body: func(l lut) {
		l.VPBROADCASTD(codesPtr.At(0), Y(4))
		l.VPSRLVD(Y(15), Y(4), Y(4))
		l.lookup16(4, 5, 12, 11)
		l.use(0, 5, l.sum)
		l.step(4, 8)
	},
}

// eightBits takes one entry after another from memory.
var eightBits = group{
	name: "8", columns: 8, doc: "8-bit indices, 8 to a group, into a table of 256 floats.",
	setup: func(lut) {},
	body: func(l lut) {
		const indices, index = AX, BX
		l.MOVQ(codesPtr.At(0), indices)
		l.PREFETCHT0(codesPtr.At(1024))
		for i := range 8 {
			x := X(4 + i/4)
			// One entry after another: a gather makes the same loads, and has to
			// have the indices widened and its mask set before each.
			l.MOVBLZX(indices, index)
			if i < 7 {
				l.SHRQ(imm(8), indices)
			} else {
				l.ADDQ(imm(8), codesPtr)
			}
			if i%4 == 0 {
				l.VMOVSS(tablePtr.By(index, 4), x)
			} else {
				l.VINSERTPS(uint8(i%4<<4), tablePtr.By(index, 4), x, x)
			}
		}
		l.VINSERTF128(1, X(5), Y(4), Y(4))
		l.use(0, 4, l.sum)
		l.ADDQ(imm(32), DI)
	},
}
