package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// What makes scores weights, with 16 lanes.

// expZero is a number below which exp rounds to 0.
const expZero = -105

// The registers of weights, and the mask of those that are not 0.
const (
	weighSum   = Z(0)
	weighX     = Z(1)
	weighN     = Z(2)
	weighPoly  = Z(3)
	weighShift = Z(4)
	weighPeak  = Z(5)
	weighLow   = Z(6) // -Inf
	weighAdded = Z(7)
	weighScale = Z(8)
	weighSome  = K(2)
	expConst   = Z(16)
)

// weights are the constants of weights: those of exp, and a number below which it rounds to 0.
type weights struct {
	exp512
	none Z
}

// weights512 loads them.
func (f fn) weights512() weights {
	w := weights{exp512: f.exp512(expConst - 1)}
	w.none = w.spread("attnExpZero", expZero)
	return w
}

// weigh makes 16 scores at an address weights and adds them to the sum. No score is
// above the shift. Where the result is 0 the mask leaves the multiplication by a power of two
// out: processors take hundreds of cycles to round to 0, and what a mask
// hides is there. NaN is not below anything and stays.
func (w *weights) weigh(at mem) {
	w.VMOVUPS(at, weighX)
	w.VSUBPS(weighShift, weighX, weighX)
	w.VCMPPS(notLess, w.none, weighX, weighSome)
	w.reduce(weighX, weighN, weighPoly)
	w.VSCALEFPS(weighN, weighPoly, weighPoly.Zeroed(weighSome))
	w.VMOVUPS(weighPoly, at)
	w.VADDPS(weighPoly, weighSum, weighSum)
}

// weightsTo stores the sum of the lanes.
func (f fn) weightsTo(target mem) {
	f.VEXTRACTF64X4(1, weighSum, Y(1))
	f.VADDPS(Y(1), Y(weighSum), Y(weighSum))
	f.lanesTo(target, int(weighSum), 1)
}

// attnExp512 is attnExp on 16 lanes.
func attnExp512(p file) {
	f := p.beginSig(expSignature("attnExpAVX512"))
	f.load("s", DI)
	f.load("n16", CX)
	w := f.weights512()
	f.VBROADCASTSS(f.arg("shift"), weighShift)
	f.zero(weighSum)
	loop := f.Here("loop")
	w.weigh(DI.At(0))
	f.ADDQ(imm(64), DI)
	f.SUBQ(imm(16), CX)
	f.JNZ(loop)
	f.weightsTo(f.ret())
	f.end()
}

// attnWeigh512 is what attnMask and attnExp do, for rows at a time: the last group of
// lanes may be of fewer than 16 scores, beside which the weights are 0.
func attnWeigh512(p file) {
	f := p.begin("attnWeighAVX512", "makes rows of n scores their weights: s·scale, to which the mask at an index of each row is added, of which -Inf overrides and which may be nil, relative to their maximum that is not NaN, which is stored, as is the sum of the weights. lds is in bytes.",
		asm.P("s", asm.Floats), asm.P("lds", asm.Int), asm.P("rows", asm.Int), asm.P("added", asm.Floats), asm.P("at", asm.Ints), asm.P("n", asm.Int),
		asm.P("peaks", asm.Floats), asm.P("sums", asm.Floats), asm.P("scale", asm.Float))
	f.load("n", CX)
	f.DECQ(CX)
	f.MOVQ(CX, DX)
	f.SHRQ(imm(4), DX)
	f.ANDQ(imm(15), CX)
	f.ADDQ(imm(1), CX)
	f.maskOf(K(1))
	f.load("s", DI)
	f.load("lds", R8)
	f.load("rows", R10)
	f.load("added", SI)
	f.load("at", R9)
	f.load("peaks", R11)
	f.load("sums", R12)
	f.VBROADCASTSS(f.arg("scale"), weighScale)
	f.VBROADCASTSS(f.negInf(), weighLow)
	w := f.weights512()
	f.repeat("row", R10, func() {
		bare, ready := f.NewLabel("bare"), f.NewLabel("ready")
		f.VMOVAPS(weighLow, weighPeak)
		f.MOVQ(DI, R13)
		f.TESTQ(SI, SI)
		f.JZ(bare)
		f.MOVQ(R9.At(0), R14)
		f.LEAQ(SI.By(R14, 4), R14)
		f.weighPeaks(true)
		f.JMP(ready)
		f.Bind(bare)
		f.weighPeaks(false)
		f.Bind(ready)
		f.weighShifts()
		f.MOVQ(DI, R13)
		f.LEAQ(DX.At(1), CX)
		f.zero(weighSum)
		f.repeat("weigh", CX, func() {
			w.weigh(R13.At(0))
			f.ADDQ(imm(64), R13)
		})
		f.weightsTo(R12.At(0))
		f.ADDQ(R8, DI)
		f.ADDQ(imm(8), R9)
		f.ADDQ(imm(4), R11)
		f.ADDQ(imm(4), R12)
	})
	f.end()
}

// weighPeaks scales a row and adds its mask.
func (f fn) weighPeaks(masked bool) {
	last := f.NewLabel("last")
	f.MOVQ(DX, CX)
	f.TESTQ(CX, CX)
	f.JZ(last)
	f.repeat("peaks", CX, func() {
		f.weighScores(masked, func(z Z) vec { return z })
		f.VMOVUPS(weighX, R13.At(0))
		f.VMAXPS(weighPeak, weighX, weighPeak) // what there was so far where the score is NaN
		f.ADDQ(imm(64), R13)
		if masked {
			f.ADDQ(imm(64), R14)
		}
	})
	f.Bind(last)
	f.weighScores(masked, func(z Z) vec { return z.Zeroed(1) })
	f.VBLENDMPS(weighX, weighLow, K(1), weighX)
	f.VMOVUPS(weighX, R13.At(0))
	f.VMAXPS(weighPeak, weighX, weighPeak)
}

// weighScores leaves 16 scores, or those under a mask of a mask that may end there. Where
// the mask is -Inf it is the sum.
func (f fn) weighScores(masked bool, under func(Z) vec) {
	f.VMULPS(R13.At(0), weighScale, weighX)
	if masked {
		f.VMOVUPS(R14.At(0), under(weighAdded))
		f.VCMPPS(notEqual, weighLow, weighAdded, weighSome)
		f.VADDPS(weighAdded, weighX, weighAdded.Kept(weighSome))
		f.VMOVAPS(weighAdded, weighX)
	}
}

// weighShifts stores the maximum and spreads what weights are relative to: 0 where no
// score is above -Inf.
func (f fn) weighShifts() {
	f.VEXTRACTF64X4(1, weighPeak, Y(1))
	f.VMAXPS(Y(1), Y(weighPeak), Y(1))
	f.VEXTRACTF128(1, Y(1), X(2))
	f.VMAXPS(X(2), X(1), X(1))
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VSHUFPS(sel, X(1), X(1), X(2))
		f.VMAXPS(X(2), X(1), X(1))
	}
	f.VMOVSS(X(1), R11.At(0))
	f.VBROADCASTSS(X(1), weighShift)
	f.VCMPPS(notEqual, weighLow, weighShift, weighSome)
	f.VMOVAPS(weighShift, weighShift.Zeroed(weighSome))
}
