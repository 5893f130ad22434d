package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// quantizeMany of four blocks at a time. What each has one of, its peak, step and sum, is
// made in 128 bits of one register for all four, the numbers of block i in quarter i: so
// that one division, and one order of lanes to add by, serves them all.

// The registers.
const (
	wideAbs     = Z(31)
	widePeaks   = Z(30)
	wideSteps   = Z(29)
	wideInverse = Z(28)
	widePack    = Z(27) // undoes what packing does to the order of dwords
	wideQuads   = Z(26)
	wideOnes    = Z(25)
	wideMinus8  = Z(24)
	wideEighth  = Z(23)
	widePerPeak = Z(22)
	wideParts   = Z(21)
	wideTiny    = Z(20)
)

// quantizeMany512 writes the kernel.
func quantizeMany512(p file) {
	f := p.begin("quantizeManyAVX512", "quantises blocks of 32 inputs of one of 16 vectors as quantizeManyAVX2 does, four at a time: there are blocks4, a multiple of 4.",
		dst32, asm.P("steps", asm.Floats), vecX, asm.P("blocks4", asm.Int))
	f.load("dst", DI)
	f.load("steps", DX)
	f.load("x", SI)
	f.load("blocks4", CX)
	f.quantizeConstants512()
	// The lanes of the first number of each quarter.
	f.MOVQ(imm(1), AX)
	for i := range K(4) {
		f.KMOVW(AX, 1+i)
		f.SHLQ(imm(4), AX)
	}
	loop := f.Here("blocks")
	f.peaks512()
	f.steps512()
	f.bytes512()
	f.sums512()
	f.ADDQ(imm(4*128), SI)
	f.ADDQ(imm(4*manyBlock), DI)
	f.ADDQ(imm(4*manyBlock), DX)
	f.SUBQ(imm(4), CX)
	f.JNZ(loop)
	f.end()
}

// quantizeConstants512 loads the constants.
func (f fn) quantizeConstants512() {
	f.VPBROADCASTD(f.abs(), wideAbs)
	f.VMOVDQU64(f.words("packOrder512", 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), widePack)
	quads := twice(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)
	f.VMOVDQU64(f.words("quads512", asm.Pack(twice(quads...)...)...), wideQuads)
	f.VPBROADCASTD(f.ones8(), wideOnes)
	f.VPBROADCASTD(f.words("minus8", 0xFFF8FFF8), wideMinus8)
	f.VBROADCASTSS(f.float("minusEighth", -0.125), wideEighth)
	f.VBROADCASTSS(f.float("byteStep", 1.0/127), widePerPeak)
	f.VBROADCASTSS(f.float("bytes", 127), wideParts)
	f.VBROADCASTSS(f.tiny(), wideTiny)
}

// peaks512 leaves the largest magnitude of block i in quarter i.
func (f fn) peaks512() {
	for i := range Z(8) {
		f.VPANDD(SI.At(64*int(i)), wideAbs, i)
	}
	for i := Z(0); i < 8; i += 2 {
		f.VPMAXSD(i+1, i, i)
	}
	for i := Z(0); i < 8; i += 4 {
		f.VINSERTI64X4(1, Y(i+2), i, i+1)
		f.VSHUFF64X2(0xee, i+2, i, i+3)
		f.VPMAXSD(i+3, i+1, i)
	}
	f.VSHUFF64X2(0x88, Z(4), Z(0), Z(1))
	f.VSHUFF64X2(0xdd, Z(4), Z(0), Z(2))
	f.VPMAXSD(Z(2), Z(1), widePeaks)
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VPSHUFD(sel, widePeaks, Z(0))
		f.VPMAXSD(Z(0), widePeaks, widePeaks)
	}
}

// steps512 is stepOf for four peaks, and stores the steps.
func (f fn) steps512() {
	f.VMULPS(widePerPeak, widePeaks, wideSteps)
	f.VSUBPS(widePeaks, widePeaks, Z(0))
	f.VADDPS(Z(0), wideSteps, wideSteps)
	f.VCMPPSTo(less, widePeaks, wideTiny, K(5))
	f.VDIVPS(widePeaks, wideParts, wideInverse.Zeroed(K(5)))
	f.storeEach(wideSteps, 0)
}

// storeEach stores the number of each block, its quarter's first, at an offset from where
// its step belongs.
func (f fn) storeEach(r Z, offset int) {
	for i := range 4 {
		f.VMOVUPS(r, DX.At(i*manyBlock+offset-16*i).Masked(K(1+i)))
	}
}

// bytes512 packs the bytes of two blocks at a time, stores them, and leaves -8 times the
// sum of each four in Z8 and Z9.
func (f fn) bytes512() {
	for pair := range 2 {
		q := Z(4 * pair)
		for i := range Z(4) {
			if i%2 == 0 {
				block := 2*pair + int(i)/2
				f.VSHUFF64X2(uint8(0x55*block), wideInverse, wideInverse, Z(10))
			}
			f.VMULPS(SI.At(64*int(q+i)), Z(10), q+i)
			f.VCVTPS2DQ(q+i, q+i)
		}
		f.VPACKSSDW(q+1, q, q)
		f.VPACKSSDW(q+3, q+2, q+2)
		f.VPACKSSWB(q+2, q, q)
		f.VPERMD(q, widePack, q)
		f.VPSHUFB(wideQuads, q, q)
		f.VMOVDQU(Y(q), DI.At(2*pair*manyBlock))
		f.VEXTRACTF64X4(1, q, Y(q+1))
		f.VMOVUPS(Y(q+1), DI.At((2*pair+1)*manyBlock))
		f.VPMADDUBSW(q, wideOnes, q)
		f.VPMADDWD(wideMinus8, q, Z(8+pair))
	}
}

// sums512 adds what bytes512 has left, and stores it as integers and as floats.
func (f fn) sums512() {
	f.VSHUFF64X2(0x88, Z(9), Z(8), Z(0))
	f.VSHUFF64X2(0xdd, Z(9), Z(8), Z(1))
	f.VPADDD(Z(1), Z(0), Z(0))
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VPSHUFD(sel, Z(0), Z(1))
		f.VPADDD(Z(1), Z(0), Z(0))
	}
	f.storeEach(Z(0), manyStarts)
	f.VCVTDQ2PS(Z(0), Z(0))
	f.VMULPS(wideEighth, Z(0), Z(0))
	f.storeEach(Z(0), manySums)
}
