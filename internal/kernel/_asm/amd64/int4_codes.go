package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// How weights become codes of 4 bits. A block is each times 32 weights, which share a step.

// int4 writes the two passes: the largest magnitude of each block, of which a step is made,
// and the codes by the steps.
func int4(p file) {
	blockPeaks(p)
	int4Codes(p)
}

// The masks of packNibbles.
const (
	nibblePairs = Y(8)
	nibbles     = Y(9)
)

var (
	blockCount = asm.P("blocks", asm.Int)
	blockEach  = asm.P("each", asm.Int)
)

// blockPeaks compares magnitudes as integers: what is no number is then the largest.
func blockPeaks(p file) {
	f := p.begin("blockPeaksAVX2", "stores the largest magnitude of each block of each times 32 floats.", dst32, vecX, blockCount, blockEach)
	f.load("dst", DI)
	f.load("x", SI)
	f.load("blocks", CX)
	f.load("each", R8)
	f.VPBROADCASTD(f.abs(), absMask)
	f.repeat("block", CX, func() {
		f.zero(peak)
		f.MOVQ(R8, AX)
		f.repeat("group", AX, func() {
			for i := range Y(4) {
				f.VANDPS(SI.At(32*int(i)), absMask, i)
			}
			f.VPMAXSD(Y(1), Y(0), Y(0))
			f.VPMAXSD(Y(3), Y(2), Y(2))
			f.VPMAXSD(Y(2), Y(0), Y(0))
			f.VPMAXSD(Y(0), peak, peak)
			f.ADDQ(imm(128), SI)
		})
		f.peakOfLanes()
		f.VMOVSS(X(8), DI.At(0))
		f.ADDQ(imm(4), DI)
	})
	f.end()
}

// int4Codes divides, as the definition does: weights about half way between two codes then
// need no other way. Of the 16 lanes of squares the upper 8 are in a register of their own.
func int4Codes(p file) {
	f := p.begin("int4CodesAVX2", "rounds blocks of each times 32 weights to codes of 4 bits, and stores 16 sums of squared errors and 8 largest errors.",
		asm.P("codes", asm.Bytes), vecX, asm.P("steps", asm.Floats), asm.P("lost", asm.Floats), blockCount, blockEach)
	const squares, largest, step = Y(12), Y(14), Y(10) // squares are two registers
	f.load("codes", DI)
	f.load("x", SI)
	f.load("steps", DX)
	f.load("lost", R9)
	f.load("blocks", CX)
	f.load("each", R8)
	f.VPBROADCASTD(f.abs(), absMask)
	f.VMOVDQU(f.unpackOrder(), packOrder)
	f.VPBROADCASTD(f.words("nibbles", 0x0F0F0F0F), nibbles)
	f.VPBROADCASTD(f.words("nibblePairs", 0x10011001), nibblePairs)
	f.zero(squares, squares+1, largest)
	f.repeat("block", CX, func() {
		f.VBROADCASTSS(DX.At(0), step)
		f.ADDQ(imm(4), DX)
		f.MOVQ(R8, AX)
		f.repeat("group", AX, func() {
			for i := range Y(4) {
				x, value := 4+i%2*2, 5+i%2*2
				f.VMOVUPS(SI.At(32*int(i)), x)
				f.int4Code(i, x, step)
				f.VCVTDQ2PS(i, value)
				f.VMULPS(step, value, value)
				f.VSUBPS(value, x, x)
				f.VMULPS(x, x, value)
				f.VADDPS(value, squares+i%2, squares+i%2)
				f.VANDPS(absMask, x, x)
				f.VMAXPS(x, largest, largest)
			}
			f.packNibbles()
			f.VMOVDQU(X(0), DI.At(0))
			f.ADDQ(imm(128), SI)
			f.ADDQ(imm(16), DI)
		})
	})
	for i, r := range []Y{squares, squares + 1, largest} {
		f.VMOVUPS(r, R9.At(32*i))
	}
	f.end()
}

// int4Code makes the codes dst of the weights x: the quotient, rounded to a half and then
// to an integer.
func (f fn) int4Code(dst, x, step Y) {
	f.VDIVPS(step, x, dst)
	f.VCVTPS2PH(0, dst, X(dst))
	f.VCVTPH2PS(X(dst), dst)
	f.VMAXPS(f.floats("minus7", -7), dst, dst)
	f.VMINPS(f.floats("seven", 7), dst, dst)
	f.VCVTPS2DQ(dst, dst)
}

// packNibbles packs the integers in Y0 to Y3 into the nibbles of X0.
func (f fn) packNibbles() {
	f.VPACKSSDW(Y(1), Y(0), Y(0))
	f.VPACKSSDW(Y(3), Y(2), Y(2))
	f.VPACKSSWB(Y(2), Y(0), Y(0))
	f.VPERMD(Y(0), packOrder, Y(0))
	f.VPAND(nibbles, Y(0), Y(0))
	// A word of each two bytes: the first and 16 times the second.
	f.VPMADDUBSW(nibblePairs, Y(0), Y(0))
	const none = 0x80
	f.VPSHUFB(f.words("lowBytes", asm.Pack(twice(0, 2, 4, 6, 8, 10, 12, 14, none, none, none, none, none, none, none, none)...)...), Y(0), Y(0))
	f.VPERMQ(0x08, Y(0), Y(0)) // the lower quarters of both halves
}
