package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// VNNI's tiles: 16 rows fill a vector, so the codes of a block of 32 columns are 8
// of them, which stay in registers while up to 8 vectors of inputs are multiplied
// by them, 4 bytes at a time as a broadcast operand.

// mostVectors is how many sums there are registers for.
const mostVectors = 8

// The registers: the codes are in Z0 to Z7, the sums from Z16 on, and the integers of a
// block from Z24 on.
const (
	vnniScale  = Z(8)
	vnniOffset = Z(9)
	vnniFactor = Z(10) // and the one behind it, in turns
	vnniSums   = Z(16)
	vnniTemps  = Z(24)
)

// startMask lets through what the products of signed codes begin with.
const startMask = K(1)

// writeTileVNNI writes a kernel. Sums stay in registers for all blocks, where AVX2
// has to keep them in memory; the inputs are operands in memory that the processor
// spreads as it loads them.
func writeTileVNNI(p file, n int, offsets bool) asm.Signature {
	f := p.begin(manyName("tile%d%sVNNI", n, offsets), manyDoc(n, offsets), manyParams()...)
	f.load("panel", panelPtr)
	f.load("x", inputPtr)
	f.load("steps", stepPtr)
	f.load("blocks", tileLeft)
	f.load("signed", AX)
	f.KMOVW(AX, startMask)
	f.startSums(vnniSums, n)
	f.repeat("loop", tileLeft, func() {
		for j := range 8 {
			f.VMOVDQU64(panelPtr.At(64*j), Z(j))
		}
		f.VMOVUPS(panelPtr.At(panelScale), vnniScale)
		if offsets {
			f.VMOVUPS(panelPtr.At(panelOffset), vnniOffset)
		}
		for t := range n {
			f.VPBROADCASTD(stepPtr.At(manyStarts+4*t), (vnniTemps + Z(t)).Zeroed(startMask))
		}
		for j := range 8 {
			for t := range n {
				f.VPDPBUSD(inputPtr.At(manyBytes*t+4*j).Broadcast(), Z(j), vnniTemps+Z(t))
			}
		}
		for t := range n {
			f.addBlock(vnniTemps+Z(t), vnniSums+Z(t), vnniFactor+Z(t%2), stepPtr.At(4*t), offsets)
		}
		f.ADDQ(imm(panelBlock), panelPtr)
		f.ADDQ(imm(manyBlock), inputPtr)
		f.ADDQ(imm(manyBlock), stepPtr)
	})
	f.storeSums(vnniSums, n)
	f.end()
	return f.Signature
}

// addBlock adds a block's integers to the sum, as floats less the offsets and times scale
// and step. steps is where the step is, and behind it the inputs' sum.
func (f fn) addBlock(products, sum, factor Z, steps mem, offsets bool) {
	f.VCVTDQ2PS(products, products)
	f.VMULPS(steps.Broadcast(), vnniScale, factor)
	if offsets {
		f.VFNMADD231PS(steps.Plus(manySums).Broadcast(), vnniOffset, products)
	}
	f.VFMADD231PS(products, factor, sum)
}

// startSums clears n sums, or takes what dst has.
func (f fn) startSums(sums Z, n int) {
	f.load("dst", R8)
	f.load("ldd", R9)
	f.load("acc", AX)
	add, on := f.NewLabel("add"), f.NewLabel("on")
	f.TESTQ(AX, AX)
	f.JNZ(add)
	f.zero(zs(int(sums), n)...)
	f.JMP(on)
	f.Bind(add)
	f.MOVQ(R8, R11)
	for t := range n {
		f.VMOVUPS(R11.At(0), sums+Z(t))
		if t < n-1 {
			f.ADDQ(R9, R11)
		}
	}
	f.Bind(on)
}

// storeSums stores them, and leaves R8 behind the last one.
func (f fn) storeSums(sums Z, n int) {
	for t := range n {
		f.VMOVUPS(sums+Z(t), R8.At(0))
		f.ADDQ(R9, R8)
	}
}

// panelsVNNI writes the kernels of 1 to 8 vectors.
func panelsVNNI(p file) { chooseTiles(p, "VNNI", mostVectors, writeTileVNNI) }
