package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// How vectors are quantised to int8 for the tiles. 16 vectors lie together: to a block
// of 32 inputs the 32 bytes of each in the panel's order of columns, a step of each as a
// float, -8 times the sum of the bytes of each as an integer, with which the products of
// codes that are 8 too large begin, and the sum of each as a float.

// Where the parts of such a block lie, and what it takes.
const (
	manyVectors = 16
	manyBytes   = 32
	manySteps   = manyVectors * manyBytes
	manyStarts  = 64 // behind the steps
	manySums    = 128
	manyBlock   = manySteps + 192
)

// The registers of both kernels. Magnitudes are compared as integers: what is not
// finite is then the largest.
const (
	absMask   = Y(15)
	peak      = Y(14) // the largest magnitude
	packOrder = Y(11)
	quadOrder = Y(10)
	ones      = Y(9)
)

// quantizeOrders loads the orders in which bytes are packed.
func (f fn) quantizeOrders() {
	f.VMOVDQU(f.unpackOrder(), packOrder)
	f.VMOVDQU(f.words("quads", asm.Pack(twice(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)...)...), quadOrder)
}

// peakOfLanes leaves the largest lane of peak in all lanes of X8.
func (f fn) peakOfLanes() {
	f.VEXTRACTI128(1, peak, X(0))
	f.VPMAXSD(X(0), X(peak), X(peak))
	f.VPSHUFD(swapHalves, X(peak), X(0))
	f.VPMAXSD(X(0), X(peak), X(peak))
	f.VPSHUFD(swapNeighbours, X(peak), X(0))
	f.VPMAXSD(X(0), X(peak), X(8))
}

// stepOf makes the step of the peak in X8, and in Y dst what inputs are multiplied by. A
// number minus itself is NaN when it is not finite, and so the step is. Inputs too small
// to invert their maximum count as 0.
func (f fn) stepOf(step X, dst Y, perPeak, parts mem) {
	f.VBROADCASTSS(perPeak, X(0))
	f.VMULPS(X(0), X(8), step)
	f.VSUBPS(X(8), X(8), X(0))
	f.VADDPS(X(0), step, step)
	f.VBROADCASTSS(parts, X(0))
	f.VDIVPS(X(8), X(0), X(dst))
	f.VBROADCASTSS(f.tiny(), X(0))
	f.VCMPPS(less, X(8), X(0), X(0))
	f.VANDPS(X(0), X(dst), X(dst))
	f.VBROADCASTSS(X(dst), dst)
}

// packBytes packs the integers in Y0 to Y3 into the bytes of Y0.
func (f fn) packBytes() {
	f.VPACKSSDW(Y(1), Y(0), Y(0))
	f.VPACKSSDW(Y(3), Y(2), Y(2))
	f.VPACKSSWB(Y(2), Y(0), Y(0))
	f.VPERMD(Y(0), packOrder, Y(0))
	f.VPSHUFB(quadOrder, Y(0), Y(0))
}

// foldSum adds the 4 lanes of X r in X r.
func (f fn) foldSum(r, tmp X) {
	f.VPSHUFD(swapHalves, r, tmp)
	f.VPADDD(tmp, r, r)
	f.VPSHUFD(swapNeighbours, r, tmp)
	f.VPADDD(tmp, r, r)
}

// quantizeMany has a step for each block.
func quantizeMany(p file) {
	f := p.begin("quantizeManyAVX2", "quantises blocks of 32 inputs of one of 16 vectors for the tile kernels: its bytes, and its steps and sums.",
		dst32, asm.P("steps", asm.Floats), vecX, asm.P("blocks", asm.Int))
	f.load("dst", DI)
	f.load("steps", DX)
	f.load("x", SI)
	f.load("blocks", CX)
	f.VPBROADCASTD(f.abs(), absMask)
	f.quantizeOrders()
	f.VPBROADCASTD(f.ones8(), ones)
	const minus8, eighth = Y(13), X(12)
	f.VPBROADCASTD(f.words("minus8", 0xFFF8FFF8), minus8)
	f.VBROADCASTSS(f.float("minusEighth", -0.125), eighth)
	f.repeat("block", CX, func() {
		for i := range Y(4) {
			f.VANDPS(SI.At(32*int(i)), absMask, i)
		}
		f.VPMAXSD(Y(1), Y(0), Y(0))
		f.VPMAXSD(Y(3), Y(2), Y(2))
		f.VPMAXSD(Y(2), Y(0), peak)
		f.peakOfLanes()
		f.stepOf(X(5), Y(4), f.float("byteStep", 1.0/127), f.float("bytes", 127))
		f.VMOVSS(X(5), DX.At(0))
		for i := range Y(4) {
			f.VMULPS(SI.At(32*int(i)), Y(4), i)
			f.VCVTPS2DQ(i, i)
		}
		f.packBytes()
		f.VMOVDQU(Y(0), DI.At(0))
		f.VPMADDUBSW(Y(0), ones, Y(0))
		f.VPMADDWD(minus8, Y(0), Y(0))
		f.VEXTRACTI128(1, Y(0), X(1))
		f.VPADDD(X(1), X(0), X(0))
		f.foldSum(0, 1)
		f.VMOVSS(X(0), DX.At(manyStarts))
		f.VCVTDQ2PS(X(0), X(0))
		f.VMULPS(eighth, X(0), X(0))
		f.VMOVSS(X(0), DX.At(manySums))
		f.ADDQ(imm(128), SI)
		f.ADDQ(imm(manyBlock), DI)
		f.ADDQ(imm(manyBlock), DX)
	})
	f.end()
}
