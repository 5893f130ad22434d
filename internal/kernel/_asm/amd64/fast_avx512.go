package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// The kernels for AVX-512 take inputs in the order of those for AVX2. Two groups of
// 64 fill a vector; an odd one at the end is a vector of half the length.

// wide is what the kernels of one vector by rows of codes share.
type wide struct {
	fn
	kind.Codes
	pairing

	// lanes is the order in which scales are spread, eight the offset of signed codes.
	lanes, eight int

	// groupSize is what a prepared group takes.
	groupSize int

	// products multiplies a vector of codes by inputs.
	products func(w width)
}

// The registers that wide uses: sums of whole and of half vectors, and factors.
const (
	wideSum    = 0
	halfSum    = 9
	wideScale  = 11
	wideOffset = 10
)

// loadHalves loads a group, or two that lie apart.
func (k wide) loadHalves(w width, offset, n int) {
	if w == W512 {
		k.pair(inputPtr.At(offset), k.groupSize, Z(n))
	} else {
		k.VMOVDQU(inputPtr.At(offset), Y(n))
	}
}

// loadCodes loads codes and fetches later ones.
func (k wide) loadCodes(r vec) {
	if _, ok := r.(Z); ok {
		k.VMOVDQU64(codesPtr.At(0), r)
	} else {
		k.VMOVDQU(codesPtr.At(0), r)
	}
	k.fetch(1, codesAhead)
}

// spread loads a factor for every lane: of 4 blocks, of 2, or of one.
func (k wide) spread(w width, ptr reg, n int) {
	switch {
	case k.pairing == long:
		k.VBROADCASTSS(ptr.At(0), w.reg(n))
		return
	case w == W512:
		k.VBROADCASTF32X4(ptr.At(0), w.reg(n))
	default:
		k.VBROADCASTSD(ptr.At(0), w.reg(n))
	}
	k.VPERMILPS(w.reg(k.lanes), w.reg(n), w.reg(n))
}

// factors loads the scales and offsets that a vector meets; a signed code is 8 too
// large, as its offset is then.
func (k wide) factors(w width) {
	k.spread(w, scalePtr, wideScale)
	if k.Mode.HasOffset() {
		k.spread(w, offsetPtr, wideOffset)
		if k.Signed {
			k.VADDPS(w.reg(k.eight), w.reg(wideOffset), w.reg(wideOffset))
		}
	}
}

// step goes on behind n groups.
func (k wide) step(n int) {
	k.ADDQ(imm(32*n), codesPtr)
	k.ADDQ(imm(k.groupSize*n), inputPtr)
}

// rows runs over rows of pairs or of blocks.
func (k wide) rows(add func(w width), addBlock func()) {
	row := k.Here("row")
	k.MOVQ(k.arg("x"), inputPtr)
	k.zero(Z(wideSum), Z(halfSum))
	if k.pairing == pair {
		k.rowOfPairs(add)
	} else {
		k.rowOfBlocks(add, addBlock)
	}
	k.VADDPS(Z(halfSum), Z(wideSum), Z(wideSum))
	k.sumTo512(dstPtr.At(0), wideSum, 1)
	k.nextRow(row)
	k.end()
}

// rowOfPairs multiplies 4 blocks of 32 at a time, and 2 where they are left.
func (k wide) rowOfPairs(add func(w width)) {
	odd, end := k.NewLabel("odd"), k.NewLabel("end")
	k.MOVQ(blocks, blockLeft)
	k.SHRQ(imm(1), blockLeft)
	k.JZ(odd)
	k.repeat("whole", blockLeft, func() {
		k.factors(W512)
		k.products(W512)
		add(W512)
		k.step(2)
		k.nextBlocks(4, k.Mode)
	})
	k.Bind(odd)
	k.TESTQ(imm(1), blocks)
	k.JZ(end)
	k.factors(W256)
	k.products(W256)
	add(W256)
	k.step(1)
	k.nextBlocks(2, k.Mode)
	k.Bind(end)
}

// rowOfBlocks multiplies blocks of any number of groups, whose whole vectors sum in
// Z1 until addBlock.
func (k wide) rowOfBlocks(add func(w width), addBlock func()) {
	k.MOVQ(blocks, blockLeft)
	k.repeat("block", blockLeft, func() {
		odd, end := k.NewLabel("odd"), k.NewLabel("end")
		k.factors(W512)
		k.zero(Z(1))
		k.MOVQ(vecs, vecLeft)
		k.SHRQ(imm(1), vecLeft)
		k.JZ(odd)
		k.repeat("whole", vecLeft, func() {
			k.products(W512)
			addBlock()
			k.step(2)
		})
		k.VFMADD231PS(Z(1), Z(wideScale), Z(wideSum))
		k.Bind(odd)
		k.TESTQ(imm(1), vecs)
		k.JZ(end)
		k.products(W256)
		add(W256)
		k.step(1)
		k.Bind(end)
		k.nextBlocks(1, k.Mode)
	})
}

// fastVNNI adds 4 products of an unsigned code and a signed input to each 32-bit
// lane by VPDPBUSD. Its blocks are whole vectors of 64 codes; for blocks of 32 see
// compact.
type fastVNNI struct{ wide }

const (
	vnniNibbles = 15
	vnniEights  = 14
	vnniEight   = 12
)

// Operations of VPTERNLOGD on dst, its second operand and its first.
const (
	flipAndMask uint8 = 0x28 // (dst ^ second) & first
	maskAndJoin uint8 = 0xea // (dst & second) | first
)

// codes loads codes and takes them apart, all unsigned.
func (k fastVNNI) codes(w width, low, high vec) {
	k.loadCodes(low)
	k.VPSRLW(4, low, high)
	for _, r := range []vec{low, high} {
		if k.Signed {
			k.VPTERNLOGD(flipAndMask, w.reg(vnniNibbles), w.reg(vnniEights), r)
		} else {
			k.VPANDD(w.reg(vnniNibbles), r, r)
		}
	}
}

// multiply brings products as floats, less the offsets, to register 4, and the
// inputs' steps to register 8.
func (k fastVNNI) multiply(w width) {
	low, high, sum, even, odd := w.reg(2), w.reg(3), w.reg(4), w.reg(5), w.reg(6)
	k.codes(w, low, high)
	switch {
	case k.Signed && !k.Mode.HasOffset():
		k.loadHalves(w, corrections, 4)
	case w == W512:
		k.VPXORD(sum, sum, sum)
	default:
		k.VPXOR(sum, sum, sum)
	}
	k.loadHalves(w, evenBytes, 5)
	k.loadHalves(w, oddBytes, 6)
	k.VPDPBUSD(even, low, sum)
	k.VPDPBUSD(odd, high, sum)
	k.VCVTDQ2PS(sum, sum)
	if k.Mode.HasOffset() {
		k.loadHalves(w, corrections, 7)
		k.VFNMADD231PS(w.reg(7), w.reg(wideOffset), sum)
	}
	k.loadHalves(w, inputSteps, 8)
}

// addHalf adds the products of half a vector times steps times scales to the row's
// sums. The block's scale is still needed.
func (k fastVNNI) addHalf(w width) {
	k.VMULPS(w.reg(8), w.reg(wideScale), w.reg(8))
	k.VFMADD231PS(w.reg(4), w.reg(8), w.reg(halfSum))
}

// writeFastVNNI writes a kernel. VPDPBUSD adds 4 products to 32 bits, where AVX2
// needs two steps and has to keep 16 bits from overflowing.
func writeFastVNNI(p file, c kind.Codes) asm.Signature {
	name := fmt.Sprintf("fast%sLongVNNI", c.Letters())
	f := p.beginRows(name, "multiplies quantised x by rows of 4-bit codes, vecs vectors of 64 to a block.", c.Mode, fetchParam)
	f.load(fetchParam.Name, fetchWay)
	k := fastVNNI{wide{fn: f, Codes: c, pairing: long, eight: vnniEight, groupSize: fastGroup}}
	k.products = k.multiply
	f.VPBROADCASTD(f.nibbles(), Z(vnniNibbles))
	f.VPBROADCASTD(f.words("eights", 0x08080808), Z(vnniEights))
	if c.Mode.HasOffset() && c.Signed {
		f.VBROADCASTSS(f.float("eight", 8), Z(vnniEight))
	}
	k.rows(k.addHalf, func() { k.VFMADD231PS(Z(8), Z(4), Z(1)) })
	return f.Signature
}

// fasts512 writes the kernels for processors with VNNI.
func fasts512(p file) {
	compacts(p)
	choice := p.Choose(asm.ByKind, "fastLongVNNI", "multiplies quantised x by rows of 4-bit codes.")
	kind.Each(4, quantisedModes, func(c kind.Codes) { choice.Add(c.Kind(), writeFastVNNI(p, c)) })
}
