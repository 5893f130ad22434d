package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// 8-bit codes times many vectors quantised to 16 bits, by instructions that multiply
// bytes: the upper and the lower halves of the words are multiplied apart, and both are
// signed. 16 vectors lie together: to a block of 32 inputs the 32 upper bytes of each,
// the lower ones of each, a step of each and a sum of each as an integer. A panel has to
// a block 8 pairs of vectors of codes (in a 32-bit lane 4 columns of a row), 16 scales and
// what the inputs' sums are multiplied by for each row, an integer: it takes the offsets
// off, and 128 from codes that are too large by that.

// Where the parts of a block of vectors lie, and what it takes.
const (
	halvesLower = manySteps
	halvesSteps = 2 * manySteps
	halvesSums  = 64 // behind the steps
	halvesBlock = halvesSteps + 128
)

// quantizeHalves is quantizeWords for them.
func quantizeHalves(p file) {
	f := p.begin("quantizeHalvesAVX2", "quantises blocks of 32 inputs of one of 16 vectors to 16 bits for tile kernels that multiply bytes: its upper and lower bytes, and its steps and sums.",
		dst32, asm.P("steps", asm.Floats), vecX, asm.P("blocks", asm.Int))
	const factor, carry, step = Y(13), Y(12), X(10)
	f.load("dst", DI)
	f.load("steps", DX)
	f.load("x", SI)
	f.load("blocks", CX)
	f.VPBROADCASTD(f.abs(), absMask)
	f.peakOfVector()
	f.stepOf(step, factor, f.float("wordStep", 1.0/32639), f.float("words", 32639))
	f.VMOVDQU(f.unpackOrder(), packOrder)
	f.VPBROADCASTD(f.words("carry", 0x00800080), carry)
	f.repeat("block", CX, func() {
		for i := range Y(4) {
			f.VMULPS(SI.At(32*int(i)), factor, i)
			f.VCVTPS2DQ(i, i)
		}
		f.VPADDD(Y(1), Y(0), Y(4))
		f.VPADDD(Y(3), Y(2), Y(5))
		f.VPADDD(Y(5), Y(4), Y(4))
		f.VEXTRACTI128(1, Y(4), X(5))
		f.VPADDD(X(5), X(4), X(4))
		f.foldSum(4, 5)
		f.VPACKSSDW(Y(1), Y(0), Y(0))
		f.VPACKSSDW(Y(3), Y(2), Y(2))
		for i := range Y(2) {
			w := 2 * i
			f.VPADDW(carry, w, 6+i) // lends to what lower bytes below 0 lack
			f.VPSRAW(8, 6+i, 6+i)
			f.VPSLLW(8, w, w)
			f.VPSRAW(8, w, w)
		}
		f.VPACKSSWB(Y(7), Y(6), Y(6))
		f.VPACKSSWB(Y(2), Y(0), Y(0))
		f.VPERMD(Y(6), packOrder, Y(6))
		f.VPERMD(Y(0), packOrder, Y(0))
		f.VMOVDQU(Y(6), DI.At(0))
		f.VMOVDQU(Y(0), DI.At(halvesLower))
		f.VMOVSS(step, DX.At(0))
		f.VMOVSS(X(4), DX.At(halvesSums))
		f.ADDQ(imm(128), SI)
		f.ADDQ(imm(halvesBlock), DI)
		f.ADDQ(imm(halvesBlock), DX)
	})
	f.end()
}

// panelQuads fills one of the two vectors of each pair, for 8 rows.
func panelQuads(p file) {
	f := p.beginPanel("panelQuadsAVX2", "takes blocks of 32 bytes of 8 rows apart into a panel, exclusive-ored with flip.")
	const flip = Y(15)
	f.XORQ(SI, SI)
	f.repeat("loop", R12, func() {
		for half := range 2 {
			f.quadsOf8(16 * half)
			for j := range 4 {
				f.VPXOR(flip, Y(j), Y(j))
				f.VMOVDQU(Y(j), DI.At(256*half+64*j))
			}
		}
		f.ADDQ(imm(32), SI)
		f.ADDQ(imm(panelBlock), DI)
	})
	f.end()
}

// halvesDoc describes a kernel.
func halvesDoc(n int) string {
	return fmt.Sprintf("multiplies %d quantised vectors by a panel of 16 rows of 8-bit codes, of which each so many blocks have one scale; the sums begin with dst where acc is not 0. The stride is in bytes.", n)
}

// The registers of VNNI's kernel: of each vector the integers of the upper and of the lower
// halves, the sums, and the inputs' sums.
const (
	halvesUpperZ = Z(8)
	halvesLowerZ = Z(12)
	halvesTotals = Z(20)
	halvesTemps  = Z(24)
	mostHalves   = 4
)

// writeTileHalves writes VNNI's kernel, for codes without a sign in the panel.
func writeTileHalves(p file, n int) asm.Signature {
	f := p.begin(fmt.Sprintf("tileHalves%dVNNI", n), halvesDoc(n), tileParams(asm.P("steps", asm.Floats), asm.P("each", asm.Int))...)
	f.load("panel", panelPtr)
	f.load("x", inputPtr)
	f.load("steps", stepPtr)
	f.load("blocks", tileLeft)
	f.load("each", R13)
	f.startSums(vnniSums, n)
	run := f.Here("run")
	f.zero(zs(int(halvesUpperZ), n)...)
	f.zero(zs(int(halvesLowerZ), n)...)
	f.zero(zs(int(halvesTotals), n)...)
	f.MOVQ(R13, R10)
	f.repeat("block", R10, func() {
		for j := range 8 {
			f.VMOVDQU64(panelPtr.At(64*j), Z(j))
		}
		for j := range 8 {
			for t := range n {
				x := inputPtr.At(manyBytes*t + 4*j)
				f.VPDPBUSD(x.Broadcast(), Z(j), halvesUpperZ+Z(t))
				f.VPDPBUSD(x.Plus(halvesLower).Broadcast(), Z(j), halvesLowerZ+Z(t))
			}
		}
		for t := range Z(n) {
			f.VPADDD(stepPtr.At(halvesSums+4*int(t)).Broadcast(), halvesTotals+t, halvesTotals+t)
		}
		f.ADDQ(imm(panelBlock), panelPtr)
		f.ADDQ(imm(halvesBlock), inputPtr)
		f.ADDQ(imm(halvesBlock), stepPtr)
	})
	const scale, less = halvesTemps, halvesTemps + 1
	f.VMOVUPS(panelPtr.At(panelScale-panelBlock), scale)
	f.VMOVDQU64(panelPtr.At(panelOffset-panelBlock), less)
	for t := range Z(n) {
		f.VPMULLD(less, halvesTotals+t, halvesTotals+t)
		f.joinHalves(halvesUpperZ+t, halvesLowerZ+t, halvesTotals+t)
		f.VMULPS(stepPtr.At(4*int(t)-halvesBlock).Broadcast(), scale, halvesTemps+2)
		f.VFMADD231PS(halvesUpperZ+t, halvesTemps+2, vnniSums+t)
	}
	f.SUBQ(R13, tileLeft)
	f.JNZ(run)
	f.storeSums(vnniSums, n)
	f.end()
	return f.Signature
}

// joinHalves makes a float of a run's integers, in upper.
func (f fn) joinHalves(upper Z, lower vecMem, less Z) {
	f.VPSLLD(8, upper, upper)
	f.VPADDD(lower, upper, upper)
	f.VPADDD(less, upper, upper)
	f.VCVTDQ2PS(upper, upper)
}

// writeTileHalvesAMX is for codes with a sign in the panel. The integers of a run stay in
// tiles.
func writeTileHalvesAMX(p file) {
	f := p.begin(fmt.Sprintf("tileHalves%dAMX", manyVectors), "is for groups of 16 vectors, xstep bytes apart: it "+halvesDoc(manyVectors)+" integers has room for 2112 bytes.",
		tileParams(asm.P("xstep", asm.Int), asm.P("groups", asm.Int), asm.P("integers", asm.Floats), asm.P("next", asm.Bytes), asm.P("row", asm.Int), asm.P("turn", asm.Int), asm.P("each", asm.Int))...)
	const (
		upper, lower            = tileSums, tileSet + tileSums
		upperInputs, lowerBytes = tileInputs, tileSet + tileInputs
		totals, less            = Z(15), amxOffset
	)
	f.beginGroups()
	f.repeat("group", R13, func() {
		f.beginGroup()
		run := f.Here("run")
		f.zero(totals)
		f.TILEZERO(upper)
		f.TILEZERO(lower)
		f.load("each", CX)
		f.repeat("block", CX, func() {
			f.fetchNext()
			f.TILELOADD(inputPtr.By(inputsStep, 1), upperInputs)
			f.TILELOADD(panelPtr.By(rowStep, 1), tileCodes)
			f.TILELOADD(inputPtr.By(inputsStep, 1).Plus(halvesLower), lowerBytes)
			f.TDPBSSD(tileCodes, upperInputs, upper)
			f.TDPBSSD(tileCodes, lowerBytes, lower)
			f.VPADDD(inputPtr.At(halvesSteps+halvesSums), totals, totals)
			f.ADDQ(imm(panelBlock), panelPtr)
			f.ADDQ(imm(halvesBlock), inputPtr)
		})
		f.TILESTORED(upper, integers.By(rowStep, 1))
		f.TILESTORED(lower, integers.By(rowStep, 1).Plus(integersSize))
		f.VMOVDQU64(totals, integers.At(2*integersSize))
		f.VMOVUPS(panelPtr.At(panelScale-panelBlock), amxScale)
		f.VMOVDQU64(panelPtr.At(panelOffset-panelBlock), less)
		for t := range manyVectors {
			product, factor := amxTemps+Z(t%6), amxFactors+Z(t%6)
			f.VMOVDQU64(integers.At(64*t), product)
			f.VPMULLD(integers.At(2*integersSize+4*t).Broadcast(), less, factor)
			f.joinHalves(product, integers.At(integersSize+64*t), factor)
			f.VMULPS(inputPtr.At(halvesSteps+4*t-halvesBlock).Broadcast(), amxScale, factor)
			f.VFMADD231PS(product, factor, amxSums+Z(t))
		}
		f.load("each", CX)
		f.SUBQ(CX, tileLeft)
		f.JNZ(run)
		f.endGroup()
	})
	f.TILERELEASE()
	f.end()
}

// halvesPanels writes what they take.
func halvesPanels(p file) {
	quantizeHalves(p)
	panelQuads(p)
}

// panelsHalves writes the kernels.
func panelsHalves(p file) {
	tile := p.Choose(asm.ByCount, "tileHalvesVNNI", "multiplies 1 to 4 vectors by a panel of 8-bit codes.")
	for n := 1; n <= mostHalves; n++ {
		tile.Add(n, writeTileHalves(p, n))
	}
	writeTileHalvesAMX(p)
}
