package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// fewVNNI has a vector of codes, of which VPDPBUSD adds 4 products to each 32-bit lane,
// for the 16 lanes of the definition.
type fewVNNI struct {
	few

	// The first registers of what there is one of for each row: the factors, of which a
	// chunk's may fill two vectors, and a group's codes and spread factors. Of the last
	// two, rows that meet one vector use the same, one after the other: each is as many
	// registers further on for the next row.
	scale, offset, low, high, factor, spreadOffset int
	each                                           int
}

// The registers of fewVNNI. Sums are the first 8.
const (
	vnniNibbles = 31
	vnniEights  = 30
	vnniEight   = 29
	vnniLanes   = 25 // up to 28
	vnniProduct = 24
	vnniInputs  = 23 // corrections
	vnniTemp    = 22 // the factors of all vectors but the last
	vnniFirst   = 8
)

// Operations of VPTERNLOGD on dst, its second operand and its first.
const (
	flipAndMask uint8 = 0x28 // (dst ^ second) & first
	maskAndJoin uint8 = 0xea // (dst & second) | first
)

// newFewVNNI gives registers to what the rows have.
func newFewVNNI(k few) parts {
	n := fewVNNI{few: k}
	next := vnniFirst
	take := func(count int) int {
		first := next
		next += count
		return first
	}
	groups := 1
	if k.vectors > 1 {
		groups, n.each = k.rows, 1
	}
	n.scale = take(k.rows * n.inTurn())
	if k.Mode.HasOffset() {
		n.offset = take(k.rows * n.inTurn())
		n.spreadOffset = take(groups)
	}
	n.low, n.high, n.factor = take(groups), take(groups), take(groups)
	if next > vnniTemp {
		panic(fmt.Sprintf("%s has %d registers too many", k.name(), next-vnniTemp))
	}
	return n
}

// inTurn is how many vectors the scales of the groups are that follow one another, and
// perVector how many groups one of them is for.
func (k fewVNNI) inTurn() int { return max(k.groups*groupCodes/k.block/lanes512, 1) }

func (k fewVNNI) perVector() int { return max(k.groups/k.inTurn(), 1) }

// lanes512 is how many lanes a vector has.
const lanes512 = 16

// constants loads what all turns need.
func (k fewVNNI) constants() {
	k.VPBROADCASTD(k.nibbles(), Z(vnniNibbles))
	if k.Signed {
		k.VPBROADCASTD(k.words("eights", 0x08080808), Z(vnniEights))
	}
	for g := range k.perVector() {
		k.VMOVDQU64(k.lanes(g), Z(vnniLanes+g))
	}
	if k.Signed && k.Mode.HasOffset() {
		k.VBROADCASTSS(k.float("eight", 8), Z(vnniEight))
	}
}

// lanes is the order that brings the scales of group g of those of a register to the
// lanes of their codes.
func (k few) lanes(g int) mem {
	inGroup := groupCodes / k.block
	order := asm.Tabulate(lanes512, func(i int) uint32 { return uint32(inGroup*g + inGroup*i/lanes512) })
	return k.words(fmt.Sprintf("lanes%dOf%d", g, k.block), order...)
}

func (k fewVNNI) sum(r, v int) int { return r*k.vectors + v }

func (k fewVNNI) clear() {
	for i := range k.rows * k.vectors {
		k.zero(Z(i))
	}
}

func (k fewVNNI) whole(groups int) {
	codes := groups * groupCodes
	for r := range k.rows {
		for i := range max(codes/k.block/lanes512, 1) {
			k.factors(codes, r, i)
		}
	}
	for g := range groups {
		k.products(W512, g)
	}
}

// half multiplies the last 64 codes: the upper lanes of the products and of their
// factors are 0.
func (k fewVNNI) half() {
	for r := range k.rows {
		k.factors(halfCodes, r, 0)
	}
	k.products(W256, 0)
}

// lanesOf is a register with the factors of so many codes.
func (k few) lanesOf(codes, n int) vec {
	switch scales := codes / k.block; {
	case scales >= lanes512:
		return Z(n)
	case scales >= lanes512/2:
		return Y(n)
	}
	return X(n)
}

// factors loads vector i of the scales of a row, and of the offsets; a signed code is 8
// too large, as its offset is then.
func (k fewVNNI) factors(codes, r, i int) {
	n := r*k.inTurn() + i
	k.loadScales(codes/k.block, k.scalesOf(r).Plus(lanes512*i*k.scaleBytes()), k.lanesOf(codes, k.scale+n))
	if !k.Mode.HasOffset() {
		return
	}
	offset := k.lanesOf(codes, k.offset+n)
	k.loadFloats(codes/k.block, k.offsetsOf(r).Plus(4*lanes512*i), offset)
	if k.Signed {
		k.VADDPS(k.lanesOf(codes, vnniEight), offset, offset)
	}
}

// loadScales loads n scales as floats.
func (k few) loadScales(n int, from mem, to vec) {
	if k.scales == asm.Floats {
		k.loadFloats(n, from, to)
		return
	}
	switch n {
	case 1:
		k.VPBROADCASTW(from, to)
	case 2:
		k.VMOVSS(from, to)
	default:
		k.VCVTPH2PS(from, to)
		return
	}
	k.VCVTPH2PS(to, to)
}

// loadFloats loads n floats.
func (k few) loadFloats(n int, from mem, to vec) {
	switch n {
	case 1:
		k.VMOVSS(from, to)
	case 2:
		k.VMOVQ(from, to)
	default:
		k.VMOVUPS(from, to)
	}
}

// products multiplies group g, or half a group: codes by inputs, less what the
// corrections say, times the scales and the inputs' steps.
func (k fewVNNI) products(w width, g int) {
	if k.vectors > 1 {
		for r := range k.rows {
			k.codes(w, r, g)
		}
	}
	for v := range k.vectors {
		if k.corrects() || k.Mode.HasOffset() {
			k.VPMOVSXWD(k.sumsOf(v).Plus(groupSums*g), w.reg(vnniInputs))
		}
		if k.Mode.HasOffset() {
			k.VCVTDQ2PS(w.reg(vnniInputs), w.reg(vnniInputs))
		}
		for r := range k.rows {
			if k.vectors == 1 {
				k.codes(w, r, g)
			}
			k.product(w, r, v, k.inputsOf(v).Plus(compactGroup*g))
		}
	}
}

// product adds a row's products by a vector to their sum.
func (k fewVNNI) product(w width, r, v int, x mem) {
	product := w.reg(vnniProduct)
	switch {
	case k.corrects() && k.rows == 1:
		product = w.reg(vnniInputs)
	case k.corrects():
		k.VMOVAPS(w.reg(vnniInputs), product)
	default:
		k.VPXORD(product, product, product)
	}
	k.VPDPBUSD(x, w.reg(k.low+r*k.each), product)
	k.VPDPBUSD(x.Plus(compactOdd), w.reg(k.high+r*k.each), product)
	k.VCVTDQ2PS(product, product)
	if k.Mode.HasOffset() {
		k.VFNMADD231PS(w.reg(k.spreadOffset+r*k.each), w.reg(vnniInputs), product)
	}
	// The codes of the row are needed for the other vectors, its factor too.
	factor := w.reg(k.factor + r*k.each)
	if v < k.vectors-1 {
		factor = w.reg(vnniTemp)
	}
	k.VMULPS(x.Plus(compactSteps), w.reg(k.factor+r*k.each), factor)
	k.VFMADD231PS(whole512(factor), whole512(product), Z(k.sum(r, v)))
}

// whole512 is a register of any width as one of 512 bits, whose upper lanes are 0.
func whole512(r vec) vec {
	if y, ok := r.(Y); ok {
		return Z(y)
	}
	return r
}

// codes loads codes of a row and takes them apart, and spreads their factors.
func (k fewVNNI) codes(w width, r, g int) {
	from := k.codesOf(r).Plus(64 * g)
	low, high := w.reg(k.low+r*k.each), w.reg(k.high+r*k.each)
	if w == W512 {
		k.VMOVDQU64(from, low)
	} else {
		k.VMOVUPS(from, low)
	}
	k.VPSRLD(4, low, high)
	for _, c := range []vec{low, high} {
		// A signed code plus 8 is its bits with the sign turned over.
		if k.Signed {
			k.VPTERNLOGD(flipAndMask, w.reg(vnniNibbles), w.reg(vnniEights), c)
		} else {
			k.VPANDD(w.reg(vnniNibbles), c, c)
		}
	}
	k.spread(w, k.scale, r, g, w.reg(k.factor+r*k.each))
	if k.Mode.HasOffset() {
		k.spread(w, k.offset, r, g, w.reg(k.spreadOffset+r*k.each))
	}
}

// spread brings the factors of group g to the lanes of their codes.
func (k fewVNNI) spread(w width, factors, r, g int, to vec) {
	each := k.perVector()
	k.VPERMPS(w.reg(factors+r*k.inTurn()+g/each), w.reg(vnniLanes+g%each), to)
}

func (k fewVNNI) sums() (of func(r, v int) X, free X) {
	for i := range k.rows * k.vectors {
		k.VEXTRACTF64X4(1, Z(i), Y(vnniFirst))
		k.VADDPS(Y(vnniFirst), Y(i), Y(i))
		k.VEXTRACTF128(1, Y(i), X(vnniFirst))
		k.VADDPS(X(vnniFirst), X(i), X(i))
	}
	return func(r, v int) X { return X(k.sum(r, v)) }, X(vnniFirst)
}

// turnVNNI is how many rows and groups go at a time. From memory, rows by themselves are
// as fast as rows that share the loads of inputs: each is one stream, which the processor
// foresees, too. The more vectors there are, the less a loop around each group costs, and
// the more is gained by what rows share; with offsets registers are too few for four.
func turnVNNI(k few) (rows, groups int) {
	switch {
	case k.vectors == 1:
		return 1, 4
	case k.block == 16 && k.Mode.HasOffset():
		return 1, 1
	case !k.Mode.HasOffset():
		return foursRows, 1
	}
	return 2, 1
}

// fewOf512 writes the kernels for processors with VNNI.
func fewOf512(p file) {
	fewKernels(p, "VNNI", turnVNNI, newFewVNNI)
}
