package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// abs is the mask of a float's magnitude.
func (f fn) abs() mem { return f.words("abs", 0x7FFFFFFF) }

// peaksOf8 loads 64 inputs into Y0 to Y7 and brings the largest magnitude of each 8
// to Y8, by taking the larger of two, in turns. Y14 is 0 where all are finite, else
// NaN: a number minus itself is, and so the step is.
func (f fn) peaksOf8() {
	f.zero(Y(14))
	for i := range Y(8) {
		f.VMOVUPS(SI.At(32*int(i)), i)
		f.VSUBPS(i, i, Y(12))
		f.VADDPS(Y(12), Y(14), Y(14))
	}
	for i := range Y(4) {
		f.VANDPS(Y(15), 2*i, Y(12))
		f.VANDPS(Y(15), 2*i+1, Y(13))
		f.VUNPCKLPS(Y(13), Y(12), 8+i)
		f.VUNPCKHPS(Y(13), Y(12), Y(12))
		f.VMAXPS(Y(12), 8+i, 8+i)
	}
	for _, a := range []Y{8, 10} {
		f.VSHUFPS(lowPairs, a+1, a, Y(12))
		f.VSHUFPS(highPairs, a+1, a, Y(13))
		f.VMAXPS(Y(13), Y(12), a)
	}
	f.VPERM2F128(lowHalves, Y(10), Y(8), Y(12))
	f.VPERM2F128(highHalves, Y(10), Y(8), Y(13))
	f.VMAXPS(Y(13), Y(12), Y(8))
}

// Selectors of two registers: what each gives to the result.
const (
	lowPairs   = 0x44 // lanes 0 and 1 of every 4, of VSHUFPS
	highPairs  = 0xee // lanes 2 and 3
	lowHalves  = 0x20 // the lower 128 bits, of VPERM2F128 and VPERM2I128
	highHalves = 0x31 // the upper 128 bits
)

// stepsOf8 stores the steps of the peaks in Y8, which stay there, and multiplies the
// inputs by their inverses. Inputs too small to invert their maximum count as 0.
func (f fn) stepsOf8(steps mem) {
	f.VBROADCASTSS(f.float("q127", 127), Y(9))
	f.VDIVPS(Y(8), Y(9), Y(9))
	f.VBROADCASTSS(f.tiny(), Y(10))
	f.VCMPPS(less, Y(8), Y(10), Y(10))
	f.VANDPS(Y(10), Y(9), Y(9))
	f.VMOVUPS(Y(9), steps)
	f.VBROADCASTSS(f.float("over127", 1.0/127), Y(10))
	f.VMULPS(Y(10), Y(8), Y(8))
	f.VADDPS(Y(14), Y(8), Y(8))
	for i := range 8 {
		inverse := Y(9 + i%4)
		f.VBROADCASTSS(steps.Plus(4*i), inverse)
		f.VMULPS(inverse, Y(i), Y(i))
		f.VCVTPS2DQ(Y(i), Y(i))
	}
	f.VMOVUPS(Y(8), steps)
}

// tiny is where inputs begin whose inverse times a factor may overflow.
func (f fn) tiny() mem { return f.float("tiny", 1e-30) }

// bytesOf64 packs the integers in Y0 to Y7 and stores the even bytes, which stay in
// Y1, and the odd ones, in Y2.
func (f fn) bytesOf64(even, odd mem) {
	for r := Y(0); r < 8; r += 4 {
		f.VPACKSSDW(r+1, r, r)
		f.VPACKSSDW(r+3, r+2, r+2)
		f.VPACKSSWB(r+2, r, r)
		f.VMOVDQU(f.unpackOrder(), Y(13))
		f.VPERMD(r, Y(13), r)
		f.VMOVDQU(f.words("evenOdd", asm.Pack(twice(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15)...)...), Y(13))
		f.VPSHUFB(Y(13), r, r)
		f.VPERMQ(0xd8, r, r) // 0 2 1 3: even bytes below
	}
	f.VPERM2I128(lowHalves, Y(4), Y(0), Y(1))
	f.VPERM2I128(highHalves, Y(4), Y(0), Y(2))
	f.VMOVDQU(Y(1), even)
	f.VMOVDQU(Y(2), odd)
}

// unpackOrder undoes what packing 4 vectors of dwords to bytes does to their order.
func (f fn) unpackOrder() mem { return f.words("unpackOrder", 0, 4, 1, 5, 2, 6, 3, 7) }

// twice repeats an order of bytes for both halves of a register.
func twice(order ...byte) []byte { return append(order, order...) }

// sumsOf8 sums each 8 of the bytes in Y1 and Y2 into Y0.
func (f fn) sumsOf8() {
	f.VPBROADCASTD(f.ones8(), Y(12))
	f.VPBROADCASTD(f.ones16(), Y(11))
	f.VPMADDUBSW(Y(1), Y(12), Y(1))
	f.VPMADDUBSW(Y(2), Y(12), Y(2))
	f.VPADDW(Y(2), Y(1), Y(1))
	f.VPMADDWD(Y(11), Y(1), Y(0))
}

// timesMinus8 multiplies the integers in Y0.
func (f fn) timesMinus8() {
	f.VPXOR(Y(2), Y(2), Y(2))
	f.VPSUBD(Y(0), Y(2), Y(0))
	f.VPSLLD(3, Y(0), Y(0))
}

// ones8 and ones16 are 1 in every byte and in every word.
func (f fn) ones8() mem  { return f.words("ones8", 0x01010101) }
func (f fn) ones16() mem { return f.words("ones16", 0x00010001) }
