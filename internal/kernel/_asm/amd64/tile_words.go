package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// 8-bit codes times many vectors quantised to 16 bits with one step, of which the
// largest is 127·256+127, so that both halves of it fit in a signed byte. A panel has
// to a block of 32 columns 16 pairs of vectors of 16-bit codes less their offset
// (in a 32-bit lane 2 columns of a row), 16 scales, and the 16 offsets that were
// taken off, twice each. A prepared vector has to a block 32 words and its step.
// 32-bit lanes sum 8 blocks at most: 256·255·32767 is below 2^31.

// Where the parts of a block lie, and what it takes: of a panel and of a vector.
const (
	wordPanelScale  = 1024
	wordPanelOffset = 1088
	wordPanelBlock  = 1152

	wordStep  = 64
	wordBlock = 68
)

// quantizeWords goes over the inputs twice, for the peak and for the words. One
// step serves the whole vector: 16 bits are fine enough.
func quantizeWords(p file) {
	f := p.begin("quantizeWordsAVX2", "quantises blocks of 32 inputs of one vector to 16 bits for the tile kernels of 8-bit codes.",
		dst32, vecX, asm.P("blocks", asm.Int))
	f.load("dst", DI)
	f.load("x", SI)
	f.load("blocks", CX)
	f.VPBROADCASTD(f.abs(), absMask)
	const factor = Y(13)
	f.peakOfVector()
	f.stepOf(X(peak), factor, f.float("wordStep", 1.0/32639), f.float("words", 32639))
	f.repeat("blocks", CX, func() {
		for i := range Y(4) {
			f.VMULPS(SI.At(32*int(i)), factor, i)
			f.VCVTPS2DQ(i, i)
		}
		for i := 0; i < 4; i += 2 {
			f.VPACKSSDW(Y(i+1), Y(i), Y(i))
			f.VPERMQ(0xd8, Y(i), Y(i)) // 0 2 1 3
			f.VMOVDQU(Y(i), DI.At(16*i))
		}
		f.VMOVSS(X(peak), DI.At(wordStep))
		f.ADDQ(imm(128), SI)
		f.ADDQ(imm(wordBlock), DI)
	})
	f.end()
}

// peakOfVector leaves the largest magnitude of CX blocks at SI in all lanes of X8.
func (f fn) peakOfVector() {
	f.MOVQ(SI, R8)
	f.MOVQ(CX, R10)
	f.zero(peak, Y(13))
	f.repeat("peaks", R10, func() {
		for i := range Y(4) {
			f.VANDPS(R8.At(32*int(i)), absMask, i)
			f.VPMAXSD(i, 13+i%2, 13+i%2)
		}
		f.ADDQ(imm(128), R8)
	})
	f.VPMAXSD(Y(13), peak, peak)
	f.peakOfLanes()
}

// panelBytes finds in memory 4 columns of a row in a dword; words, dwords and rows
// change places, then bytes become words.
func panelBytes(p file) {
	f := p.beginPanel("panelBytesAVX2", "takes blocks of 32 codes of 8 rows apart into a panel, codes exclusive-ored with flip, less the offsets there.")
	const flip, firstPairs, secondPairs, offset = Y(15), Y(14), Y(13), Y(12)
	f.VMOVDQU(f.words("wordPairs0", upperBytes(0)...), firstPairs)
	f.VMOVDQU(f.words("wordPairs2", upperBytes(2)...), secondPairs)
	f.XORQ(SI, SI)
	f.repeat("loop", R12, func() {
		f.VMOVDQU(DI.At(wordPanelOffset), offset)
		for half := range 2 {
			f.quadsOf8(16 * half)
			for j := range 4 {
				f.VPXOR(flip, Y(j), Y(j))
				f.VPSHUFB(firstPairs, Y(j), Y(4))
				f.VPSHUFB(secondPairs, Y(j), Y(5))
				for i := range 2 {
					f.VPSRAW(8, Y(4+i), Y(4+i))
					f.VPSUBW(offset, Y(4+i), Y(4+i))
					f.VMOVDQU(Y(4+i), DI.At(512*half+128*j+64*i))
				}
			}
		}
		f.ADDQ(imm(32), SI)
		f.ADDQ(imm(wordPanelBlock), DI)
	})
	f.end()
}

// upperBytes brings two bytes of every dword, from the first on, to the upper halves
// of its words, from where an arithmetic shift extends their sign.
func upperBytes(first byte) []uint32 {
	const none = 0x80
	var order []byte
	for dword := byte(0); dword < 16; dword += 4 {
		order = append(order, none, dword+first, none, dword+first+1)
	}
	return asm.Pack(twice(order...)...)
}

// writeTileWords has in Y0 to Y(2·vectors-1) the sums of blocks that share a scale.
func writeTileWords(p file, vectors int) asm.Signature {
	t := p.beginTile(fmt.Sprintf("tileWords%dAVX2", vectors),
		fmt.Sprintf("multiplies %d quantised vectors by a panel of 16 rows of 8-bit codes, of which each so many blocks have one scale; the sums begin with dst where acc is not 0. Strides are in bytes.", vectors),
		vectors, 0, tileParams(asm.P("ldx", asm.Int), asm.P("each", asm.Int)))
	const untilScale, each = R13, R9
	t.load("ldx", R10)
	t.LEAQ(R10.By(R10, 2), R11)
	t.load("each", each)
	t.start()
	loop := t.Here("loop")
	t.MOVQ(each, untilScale)
	t.zero(ys(0, 2*vectors)...)
	t.repeat("block", untilScale, func() {
		t.wordProducts()
		t.ADDQ(imm(wordPanelBlock), panelPtr)
		t.ADDQ(imm(wordBlock), inputPtr)
	})
	t.scaleWords()
	t.SUBQ(each, tileLeft)
	t.JNZ(loop)
	t.finish()
	return t.Signature
}

// words is where a vector's block is.
func (t tile) words(v int) mem {
	return []mem{inputPtr.At(0), inputPtr.By(R10, 1), inputPtr.By(R10, 2), inputPtr.By(R11, 1)}[v]
}

// wordProducts multiplies a block. VPMADDWD adds two products to 32 bits; two rows
// of registers alternate, so that an addition does not wait for the product before
// it.
func (t tile) wordProducts() {
	for k := range 16 {
		t.VMOVDQU(panelPtr.At(64*k), Y(8))
		t.VMOVDQU(panelPtr.At(64*k+32), Y(9))
		for v := range t.vectors {
			words := Y(10 + v%2)
			t.VPBROADCASTD(t.words(v).Plus(4*k), words)
			for r := range Y(2) {
				t.VPMADDWD(words, 8+r, 12+r)
			}
			for r := range Y(2) {
				y := Y(2*v) + r
				t.VPADDD(12+r, y, y)
			}
		}
	}
}

// A row of a matrix may have fewer scales than blocks of 32: sums of integers go on
// until the scale changes, which costs one rounding less a block.
// scaleWords adds the sums to those in memory, times the scales of the block that
// was the last one.
func (t tile) scaleWords() {
	scale := panelPtr.At(wordPanelScale - wordPanelBlock)
	t.VMOVUPS(scale, Y(8))
	t.VMOVUPS(scale.Plus(32), Y(9))
	for v := range t.vectors {
		t.VBROADCASTSS(t.words(v).Plus(wordStep-wordBlock), Y(10))
		for r := range 2 {
			y := Y(2*v + r)
			t.VCVTDQ2PS(y, y)
			t.add(v, r, y, Y(8+r), 10, Y(12+r))
		}
	}
}

// wordPanels writes what fills such a panel and multiplies by it.
func wordPanels(p file) {
	quantizeWords(p)
	panelBytes(p)
	tile := p.Choose(asm.ByCount, "tileWordsAVX2", "multiplies 1 to 4 vectors by a panel of 8-bit codes.")
	for vectors := 1; vectors <= 4; vectors++ {
		tile.Add(vectors, writeTileWords(p, vectors))
	}
}
