package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Palettes through byte shuffles, which look up 16 entries at once: the table is
// cut into planes, of the bytes of its entries, and the bytes are interleaved again.

// prepareLUT4 orders inputs for dotLUT4Planes: those of the even columns of each 16,
// then those of the odd ones.
func prepareLUT4(p file) {
	f := p.begin("prepareLUT4AVX2", "orders groups of 64 inputs for dotLUT4Planes.", dst32, vecX, asm.P("groups", asm.Int))
	f.load("dst", DI)
	f.load("x", SI)
	f.load("groups", CX)
	f.repeat("loop", CX, func() {
		for k := range 4 {
			for i := range 2 {
				f.VMOVUPS(SI.At(64*k+16*i), X(i))
				f.VINSERTF128(1, SI.At(64*k+32+16*i), Y(i), Y(i))
			}
			f.VSHUFPS(0x88, Y(1), Y(0), Y(2)) // even lanes
			f.VSHUFPS(0xdd, Y(1), Y(0), Y(3)) // odd lanes
			f.VMOVUPS(Y(2), DI.At(32*k))
			f.VMOVUPS(Y(3), DI.At(128+32*k))
		}
		f.ADDQ(imm(256), SI)
		f.ADDQ(imm(256), DI)
	})
	f.end()
}

// The registers of dotLUT4Planes, which takes two rows at a time: the products of one
// row wait for each other, those of two are under way at the same time.
const (
	secondRow   = BX
	planeStride = AX
	firstPlane  = Y(12)
	everyOther  = Y(11)
)

// dotLUT4Planes has the 4 planes of a table of 16 floats in Y12 to Y15. A byte has an
// even and an odd column: Y0 has the lanes of a row's even columns, Y1 those of the odd
// ones, and Y2 and Y3 those of the other row. Bytes are interleaved in each half of a
// register, so that the lower half has to have the codes of lanes 0 to 7 and the upper
// half those of lanes 8 to 15: every other 32 bits.
func dotLUT4Planes(p file) {
	f := p.begin("dotLUT4PlanesAVX2", "multiplies x, as prepareLUT4AVX2 leaves it, by pairs of rows of 4-bit indices, stride bytes apart, groups of 64; table holds 4 planes of 16 bytes.",
		asm.P("w", asm.Bytes), asm.P("stride", asm.Int), asm.P("table", asm.Bytes), vecX, dst32, asm.P("pairs", asm.Int), asm.P("groups", asm.Int))
	f.load("w", codesPtr)
	f.load("stride", planeStride)
	f.load("table", tablePtr)
	f.load("dst", dstPtr)
	f.load("pairs", rowsLeft)
	f.load("groups", groups)
	for i := range 4 {
		f.VBROADCASTI128(tablePtr.At(16*i), firstPlane+Y(i))
	}
	f.VMOVDQU(f.words("everyOther", 0, 2, 4, 6, 1, 3, 5, 7), everyOther)
	l := lut{fn: f, dot: true}
	pair := l.Here("pair")
	l.LEAQ(codesPtr.By(planeStride, 1), secondRow)
	l.MOVQ(l.arg("x"), inputPtr)
	l.MOVQ(groups, leftOver)
	// The first chunk's sums are added to -0, which changes none.
	l.VMOVSS(l.words("minusZero", 1<<31), X(4))
	l.VMOVSS(X(4), dstPtr.At(0))
	l.VMOVSS(X(4), dstPtr.At(4))
	chunk := l.beginChunk(64)
	l.zero(ys(0, 4)...)
	l.repeat("group", inChunk, func() {
		l.planesOf(codesPtr, 0)
		l.planesOf(secondRow, 2)
		l.step(32, 64)
		l.ADDQ(imm(32), secondRow)
	})
	for r := range 2 {
		l.joinEvenAndOdd(Y(2*r), dstPtr.At(4*r))
	}
	l.TESTQ(leftOver, leftOver)
	l.JNZ(chunk)
	l.ADDQ(planeStride, codesPtr)
	l.ADDQ(imm(8), dstPtr)
	l.DECQ(rowsLeft)
	l.JNZ(pair)
	l.end()
}

// planesOf multiplies 64 codes, the even ones into a sum and the odd ones into the next.
func (l lut) planesOf(codes reg, sum Y) {
	const low, high = Y(4), Y(10)
	nibbles := l.words("nibblesEach", asm.Repeat(8, 0x0F0F0F0F)...)
	l.VPERMD(codes.At(0), everyOther, low)
	l.PREFETCHT0(codes.At(4096))
	l.VPSRLW(4, low, high)
	l.VPAND(nibbles, low, low)
	l.VPAND(nibbles, high, high)
	for half, index := range []Y{low, high} {
		for i := range 4 {
			l.VPSHUFB(index, firstPlane+Y(i), Y(5+i))
		}
		l.joinPlanes(half, sum+Y(half))
	}
}

// joinPlanes makes floats of the bytes in Y5 to Y8, first words, then 4 vectors of
// floats, which it multiplies.
func (l lut) joinPlanes(half int, sum Y) {
	l.VPUNPCKLBW(Y(6), Y(5), Y(9))
	l.VPUNPCKHBW(Y(6), Y(5), Y(5))
	l.VPUNPCKLBW(Y(8), Y(7), Y(6))
	l.VPUNPCKHBW(Y(8), Y(7), Y(7))
	for i, words := range [][2]Y{{9, 6}, {5, 7}} {
		low, high := words[0], words[1]
		l.VPUNPCKLWD(high, low, Y(8))
		l.use(4*half+2*i, 8, sum)
		l.VPUNPCKHWD(high, low, Y(8))
		l.use(4*half+2*i+1, 8, sum)
	}
}

// joinEvenAndOdd adds the 16 lanes of a sum, of the even columns and in the next register
// of the odd ones, to what is in memory.
func (l lut) joinEvenAndOdd(even Y, target mem) {
	odd := even + 1
	for _, r := range []Y{even, odd} {
		l.VEXTRACTF128(1, r, X(4))
		l.VADDPS(X(4), X(r), X(r))
	}
	// Interleaved they are lanes 0 to 3, and 4 to 7.
	l.VUNPCKHPS(X(odd), X(even), X(4))
	l.VUNPCKLPS(X(odd), X(even), X(even))
	l.VADDPS(X(4), X(even), X(even))
	l.addFourLanes(X(even), X(4))
	l.VMOVSS(target, X(4))
	l.VADDPS(X(even), X(4), X(4))
	l.VMOVSS(X(4), target)
}

// nibbles is the mask of the low 4 bits of every byte.
func (f fn) nibbles() mem { return f.words("nibbles", 0x0F0F0F0F) }

// sixBits is for tables of halves, 32 indices at a time: 4 shuffles a plane, each
// for a quarter of the table. An index outside the quarter has its top bit set,
// which makes the shuffle give 0. The planes meet in memory, from where they widen.
var sixBits = group{
	name:    "6",
	columns: 32,
	doc:     "6-bit indices, 32 to a group, into a table of halves: 4 quarters of 16 low bytes, then of 16 high bytes.",
	frame:   64,
	setup:   func(l lut) { l.VMOVDQU(l.words("spread6", spreadOrder()...), Y(15)) },
	body: func(l lut) {
		l.spreadIndices()
		for quarter := range 4 {
			l.lookupQuarter(quarter)
		}
		l.VPUNPCKLBW(Y(14), Y(13), Y(6))
		l.VPUNPCKHBW(Y(14), Y(13), Y(7))
		l.VMOVDQU(Y(6), l.local(64))
		l.VMOVDQU(Y(7), l.local(32))
		// Bytes were interleaved in each half of the registers.
		for k, offset := range []int{0, 32, 16, 48} {
			l.VCVTPH2PS(l.local(64-offset), Y(8+k))
			l.use(k, Y(8+k), Y(k%2))
		}
		l.step(24, 32)
	},
}

// spreadOrder puts 3 bytes, which hold 4 indices, in each lane.
func spreadOrder() []uint32 {
	const none = 0x80
	var order []byte
	// A group is 24 bytes: the lower half of the register has those from 0 on and
	// decodes 12 of them, the upper half has those from 8 on and decodes the last 12.
	for _, first := range []byte{0, 4} {
		for i := first; i < first+12; i += 3 {
			order = append(order, i, i+1, i+2, none)
		}
	}
	return asm.Pack(order...)
}

// spreadIndices leaves an index in every byte of Y5.
func (l lut) spreadIndices() {
	l.VMOVDQU(codesPtr.At(0), X(4))
	l.VINSERTI128(1, codesPtr.At(8), Y(4), Y(4))
	l.PREFETCHT0(codesPtr.At(4096))
	l.VPSHUFB(Y(15), Y(4), Y(4))
	six := func(i int) mem { return l.words(fmt.Sprintf("six%d", i), asm.Repeat(8, 0x3F<<(8*i))...) }
	l.VPAND(six(0), Y(4), Y(5))
	for i := 1; i < 4; i++ {
		l.VPSLLD(2*i, Y(4), Y(6))
		l.VPAND(six(i), Y(6), Y(6))
		l.VPOR(Y(6), Y(5), Y(5))
	}
}

// lookupQuarter adds the entries of a quarter: low bytes to Y13, high bytes to Y14.
func (l lut) lookupQuarter(quarter int) {
	from := Y(5)
	if quarter > 0 {
		from = 6
		l.VPXOR(l.words(fmt.Sprintf("quarter%d", quarter), asm.Repeat(8, uint32(0x01010101*16*quarter))...), Y(5), from)
	}
	l.VPADDB(l.words("past16", asm.Repeat(8, 0x70707070)...), from, Y(6))
	for plane, sum := range []Y{13, 14} {
		l.VBROADCASTI128(tablePtr.At(64*plane+16*quarter), Y(7))
		if quarter == 0 {
			l.VPSHUFB(Y(6), Y(7), sum)
			continue
		}
		l.VPSHUFB(Y(6), Y(7), Y(7))
		l.VPOR(Y(7), sum, sum)
	}
}
