package amd64

import (
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

// blockLanes is the order of lanes for spread.
func (f fn) blockLanes() mem {
	return f.words("blockLanes", asm.Tabulate(16, func(i int) uint32 { return uint32(i / 4) })...)
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
