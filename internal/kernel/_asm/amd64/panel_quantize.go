package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// How vectors are quantised to int8 for the tiles. A prepared vector has to a
// block of 32 inputs 32 bytes in the panel's order of columns, 4 steps as 16-bit
// multiples of the vector's step, for AVX2 the middles, the sum of the bytes times
// their multiples as a float, and the vector's step.
//
// AVX2: a step spans the inputs from the least, or 0, to the largest, or 0, in 253
// parts; the bytes are counted from a middle of that span. VNNI's blocks have no
// middles: both steps of a half are the same there.

// stepParts is how fine the multiples of a vector's step are.
const stepParts = 16384

// blockOf is where the parts of a prepared block lie, and what it takes.
type blockOf struct{ steps, middles, sum, step, size int }

var (
	middleBlock = blockOf{steps: 32, middles: 40, sum: 48, step: 52, size: 56}
	halvesBlock = blockOf{steps: 32, sum: 40, step: 44, size: 48}
)

// The registers of both kernels. Magnitudes are compared as integers: what is not
// finite is then the largest.
const (
	absMask    = Y(15)
	laneSteps  = Y(15) // spreads lanes 0 and 2 over 4 lanes each
	peak       = Y(14) // the largest magnitude of the vector, then its step
	spanFactor = X(13) // what makes spans multiples of the step
	inverse    = X(12) // of the vector's step
	packOrder  = Y(11)
	quadOrder  = Y(10)
	ones       = Y(9)
)

// beginQuantize starts a kernel that runs twice over a vector: R8, R9 and R10 are
// for the first time.
func (p file) beginQuantize(name, doc string) fn {
	f := p.begin(name, doc, dst32, vecX, asm.P("blocks", asm.Int))
	f.load("dst", DI)
	f.load("x", SI)
	f.load("blocks", CX)
	f.VPBROADCASTD(f.abs(), absMask)
	f.MOVQ(SI, R8)
	return f
}

// quantizeOrders loads the orders in which bytes are packed.
func (f fn) quantizeOrders() {
	f.VMOVDQU(f.unpackOrder(), packOrder)
	f.VMOVDQU(f.words("quads", asm.Pack(twice(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15)...)...), quadOrder)
	f.VPBROADCASTD(f.ones8(), ones)
}

// laneStepsTo loads the order in which steps are spread over lanes.
func (f fn) laneStepsTo(r Y) { f.VMOVDQU(f.words("laneSteps", 0, 0, 0, 0, 2, 2, 2, 2), r) }

// peakOfLanes leaves the largest lane of peak at the bottom of X8. Where neighbours
// are equal already, they need not be compared.
func (f fn) peakOfLanes(neighboursEqual bool) {
	f.VEXTRACTI128(1, peak, X(0))
	f.VPMAXSD(X(0), X(peak), X(peak))
	f.VPSHUFD(swapHalves, X(peak), X(0))
	if neighboursEqual {
		f.VPMAXSD(X(0), X(peak), X(8))
		return
	}
	f.VPMAXSD(X(0), X(peak), X(peak))
	f.VPSHUFD(swapNeighbours, X(peak), X(0))
	f.VPMAXSD(X(0), X(peak), X(8))
}

// vectorStep makes the step of the peak in X8. A number minus itself is NaN when it
// is not finite, and so the step is.
func (f fn) vectorStep(name string, v float64) {
	f.VBROADCASTSS(f.float(name, v), X(0))
	f.VMULPS(X(0), X(8), X(peak))
	f.VSUBPS(X(8), X(8), X(0))
	f.VADDPS(X(0), X(peak), X(peak))
}

// quantizeFactors makes the factors for spans and for inputs. Inputs too small to invert
// their maximum count as 0.
func (f fn) quantizeFactors(spans string, perPeak float64) {
	f.VBROADCASTSS(f.float(spans, perPeak), X(0))
	f.VDIVPS(X(8), X(0), spanFactor)
	f.VBROADCASTSS(f.float("panelInverse", 127*stepParts), X(0))
	f.VDIVPS(X(8), X(0), inverse)
	f.VBROADCASTSS(f.tiny(), X(0))
	f.VCMPPS(less, X(8), X(0), X(0))
	f.VANDPS(X(0), spanFactor, spanFactor)
	f.VANDPS(X(0), inverse, inverse)
}

// packBytes packs the integers in Y0 to Y3 into the bytes of Y0.
func (f fn) packBytes() {
	f.VPACKSSDW(Y(1), Y(0), Y(0))
	f.VPACKSSDW(Y(3), Y(2), Y(2))
	f.VPACKSSWB(Y(2), Y(0), Y(0))
	f.VPERMD(Y(0), packOrder, Y(0))
	f.VPSHUFB(quadOrder, Y(0), Y(0))
}

// packSteps stores the steps in X4 as words, and spreads them over the lanes of Y4.
func (f fn) packSteps(tmp X, b blockOf) {
	f.VPSHUFD(0x0e, X(4), tmp) // the upper half
	f.VPSLLD(16, tmp, tmp)
	f.VPOR(tmp, X(4), X(4))
	f.VMOVQ(X(4), DI.At(b.steps))
	f.VPUNPCKLDQ(X(4), X(4), X(4))
	f.VPERMQ(0x50, Y(4), Y(4)) // 0 0 1 1
}

// foldSum adds the 4 lanes of X r in X r.
func (f fn) foldSum(r, tmp X) {
	f.VPSHUFD(swapHalves, r, tmp)
	f.VPADDD(tmp, r, r)
	f.VPSHUFD(swapNeighbours, r, tmp)
	f.VPADDD(tmp, r, r)
}

// quantizePanel goes over the inputs twice: the vector's step, of which the steps
// of the spans are multiples, is known only when all inputs were seen.
func quantizePanel(p file) {
	f := p.beginQuantize("quantizePanelAVX2", "quantises blocks of 32 inputs of one vector for the tile kernels.")
	b := middleBlock
	f.MOVQ(DI, R9)
	f.MOVQ(CX, R10)
	f.zero(peak, Y(13))
	// The ends of the spans wait where the bytes will be.
	f.repeat("peaks", R10, func() {
		f.endsOfSpans()
		f.ADDQ(imm(128), R8)
		f.ADDQ(imm(b.size), R9)
	})
	f.peakOfLanes(false)
	f.vectorStep("panelStep", 1.0/(127*stepParts))
	f.quantizeFactors("panelSpans", 127*stepParts/253.0)
	f.quantizeOrders()
	f.laneStepsTo(laneSteps)
	f.repeat("blocks", CX, func() {
		f.stepsAndMiddles(b)
		for i := range 4 {
			half := Y(i / 2)
			middle := [2]Y{8, 5}[half]
			f.VMOVUPS(SI.At(32*i), Y(i))
			f.VFMSUB213PS(middle, 6+half, Y(i))
			f.VCVTPS2DQ(Y(i), Y(i))
		}
		// The sum of bytes times steps, to which what the middles add was left
		// where the bytes go now.
		f.packBytes()
		f.VPMADDUBSW(Y(0), ones, Y(1))
		f.VPMADDWD(Y(4), Y(1), Y(1))
		f.VEXTRACTI128(1, Y(1), X(2))
		f.VPADDD(X(2), X(1), X(1))
		f.VPADDD(DI.At(0), X(1), X(1))
		f.VMOVDQU(Y(0), DI.At(0))
		f.foldSum(1, 2)
		f.storeSum(1, b)
	})
	f.end()
}

// storeSum stores the sum in X r and the vector's step, and goes on.
func (f fn) storeSum(r X, b blockOf) {
	f.VCVTDQ2PS(r, r)
	f.VMOVSS(r, DI.At(b.sum))
	f.VMOVSS(X(peak), DI.At(b.step))
	f.ADDQ(imm(128), SI)
	f.ADDQ(imm(b.size), DI)
}

// endsOfSpans stores the largest inputs, or 0, of a block's 4 spans, then the least.
func (f fn) endsOfSpans() {
	const none = Y(13)
	for i := range Y(4) {
		f.VMOVUPS(R8.At(32*int(i)), i)
		f.VANDPS(i, absMask, Y(4))
		f.VPMAXSD(Y(4), peak, peak)
	}
	for i, end := range []func(a vecMem, b, dst vec){f.VMAXPS, f.VMINPS} {
		r := Y(4 + 2*i)
		end(Y(1), Y(0), r)
		end(Y(3), Y(2), r+1)
		f.VSHUFPS(lowPairs, r+1, r, Y(8))
		f.VSHUFPS(highPairs, r+1, r, Y(9))
		end(Y(9), Y(8), Y(8))
		f.VSHUFPS(swapNeighbours, Y(8), Y(8), Y(9))
		end(Y(9), Y(8), Y(8))
		end(none, Y(8), Y(8))
		f.evenLanes(8)
		f.VMOVDQU(X(8), R9.At(16*i))
	}
}

// evenLanes brings lanes 0, 2, 4 and 6 to the bottom.
func (f fn) evenLanes(r Y) {
	f.VPSHUFD(0x08, r, r)
	f.VPERMQ(0x08, r, r)
}

// stepsAndMiddles makes the multiples of the step for a block, whose inverses are
// in Y6 and Y7 for the halves, and the middles, in Y8 and Y5.
func (f fn) stepsAndMiddles(b blockOf) {
	f.VMOVUPS(DI.At(0), X(0))
	f.VMOVUPS(DI.At(16), X(1))
	f.VSUBPS(X(1), X(0), X(4))
	f.VMULPS(spanFactor, X(4), X(4))
	f.VROUNDPS(toPlusInfinity, X(4), X(4))
	f.VMAXPS(f.floats("ones", 1), X(4), X(4))
	f.VDIVPS(X(4), inverse, X(5))
	f.VCVTPS2DQ(X(4), X(4))
	f.VMULPS(X(5), X(1), X(1))
	f.VROUNDPS(toNearest, X(1), X(1))
	f.VADDPS(f.floats("middle", 127), X(1), X(1))
	f.inversesOfSteps()
	f.VCVTPS2DQ(X(1), X(2))
	f.VPERMPS(Y(1), laneSteps, Y(8))
	f.VMOVSHDUP(X(1), X(1))
	f.VPERMPS(Y(1), laneSteps, Y(5))
	// What the middles add to the sum waits where the bytes will be.
	f.VPMULLD(X(4), X(2), X(3))
	f.VPSLLD(3, X(3), X(3))
	f.VMOVDQU(X(3), DI.At(0))
	const none = 0x80
	order := []byte{0, none, 8, none, none, 4, none, 12, none, none, none, none, none, none, none, none}
	f.VPSHUFB(f.words("middles", asm.Pack(order...)...), X(2), X(2))
	f.VMOVQ(X(2), DI.At(b.middles))
	f.packSteps(3, b)
}

// inversesOfSteps spreads the inverses in X5 over Y6 and Y7, one for each half.
func (f fn) inversesOfSteps() {
	f.VPERMPS(Y(5), laneSteps, Y(6))
	f.VMOVSHDUP(X(5), X(5))
	f.VPERMPS(Y(5), laneSteps, Y(7))
}

// quantizeHalves does the same for VNNI, whose blocks have no middles: a span
// begins at minus its end.
func quantizeHalves(p file) {
	f := p.beginQuantize("quantizeHalvesAVX2", "quantises blocks of 32 inputs of one vector for VNNI's tiles: each half of a block has one step, twice, and 0 in the middle.")
	b := halvesBlock
	f.MOVQ(DI, R9)
	f.MOVQ(CX, R10)
	f.zero(peak)
	// The peaks wait where their steps will be.
	f.repeat("peaks", R10, func() {
		f.peaksOfHalves(b)
		f.ADDQ(imm(128), R8)
		f.ADDQ(imm(b.size), R9)
	})
	f.peakOfLanes(true)
	f.vectorStep("panelStep", 1.0/(127*stepParts))
	f.quantizeFactors("panelSteps", stepParts)
	f.quantizeOrders()
	f.VBROADCASTSS(f.one(), X(8))
	f.laneStepsTo(laneSteps)
	f.repeat("blocks", CX, func() {
		f.VMOVDQU(DI.At(b.steps), X(4))
		f.VMULPS(spanFactor, X(4), X(4))
		f.VROUNDPS(toPlusInfinity, X(4), X(4))
		f.VMAXPS(X(8), X(4), X(4))
		f.VDIVPS(X(4), inverse, X(5))
		f.VCVTPS2DQ(X(4), X(4))
		f.inversesOfSteps()
		for i := range Y(4) {
			f.VMULPS(SI.At(32*int(i)), 6+i/2, i)
			f.VCVTPS2DQ(i, i)
		}
		f.packSteps(5, b)
		f.packBytes()
		f.VMOVDQU(Y(0), DI.At(0))
		f.VPMADDUBSW(Y(0), ones, Y(0))
		f.VPMADDWD(Y(4), Y(0), Y(0))
		f.VEXTRACTI128(1, Y(0), X(1))
		f.VPADDD(X(1), X(0), X(0))
		f.foldSum(0, 1)
		f.storeSum(0, b)
	})
	f.end()
}

// peaksOfHalves stores the largest magnitudes of the halves of a block.
func (f fn) peaksOfHalves(b blockOf) {
	for i := range Y(4) {
		f.VANDPS(R8.At(32*int(i)), absMask, i)
	}
	f.VPMAXSD(Y(1), Y(0), Y(0))
	f.VPMAXSD(Y(3), Y(2), Y(2))
	f.VSHUFPS(lowPairs, Y(2), Y(0), Y(1))
	f.VSHUFPS(highPairs, Y(2), Y(0), Y(0))
	f.VPMAXSD(Y(1), Y(0), Y(0))
	f.VSHUFPS(swapNeighbours, Y(0), Y(0), Y(1))
	f.VPMAXSD(Y(1), Y(0), Y(0))
	f.VPMAXSD(Y(0), peak, peak)
	f.evenLanes(0)
	f.VPSHUFD(swapHalves, X(0), X(1))
	f.VPMAXSD(X(1), X(0), X(0))
	f.VMOVDQU(X(0), R9.At(b.steps))
}
