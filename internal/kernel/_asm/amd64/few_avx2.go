package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// fewAVX2 has half a group of codes in a vector, and two sums for the 16 lanes of the
// definition.
type fewAVX2 struct {
	few

	// Registers: the factors of a run of codes, one of each for every row, those of half
	// a group, codes that were taken apart, and what multiplies them.
	scale, offset, factor, spreadOffset, low, high, product, other Y

	// corrections is a register for those that rows share, where there is one to spare.
	corrections Y

	// Constants are in registers as far as there are any, or in memory. No table means
	// that each half group has its factors loaded to all lanes.
	mask, ones, flip vecMem
	tables           []vecMem

	// fixed are the constants that registers have.
	fixed []fixed
}

// fixed is a constant that a register has.
type fixed struct {
	to   Y
	from mem
}

// lanes256 is how many lanes a vector has.
const lanes256 = 8

// newFewAVX2 gives out the registers.
func newFewAVX2(k few) parts {
	n := fewAVX2{few: k}
	next := Y(2 * k.rows * k.vectors)
	take := func(count int) Y {
		first := next
		next += Y(count)
		return first
	}
	n.scale = take(k.rows)
	n.low, n.high = take(1), take(1)
	n.product, n.other, n.factor = n.low, n.high, n.high
	if k.vectors > 1 {
		// Vectors share the codes and the factors.
		n.product, n.other, n.factor = take(1), take(1), take(1)
	}
	if k.Mode.HasOffset() {
		n.offset, n.spreadOffset = take(k.rows), take(1)
	}
	n.corrections = n.other
	if k.rows > 1 {
		n.corrections = take(1)
	}
	if next > 16 {
		panic(fmt.Sprintf("%s has %d registers too many", k.name(), next-16))
	}
	place := func(name string, words ...uint32) vecMem {
		m := k.words(name, words...)
		if next == 16 {
			return m
		}
		r := take(1)
		n.fixed = append(n.fixed, fixed{r, m})
		return r
	}
	n.mask = place("nibbles8", asm.Repeat(lanes256, 0x0F0F0F0F)...)
	n.ones = place("onesOf16", asm.Repeat(lanes256, 0x00010001)...)
	for i := range n.inRun() {
		n.tables = append(n.tables, place(fmt.Sprintf("lanes%dOf%dIn8", i, k.block), n.table(i)...))
	}
	if k.Signed {
		n.flip = place("eightsInPlace", asm.Repeat(lanes256, 0x88888888)...)
	}
	return n
}

// inRun is how many halves of groups have their scales in one vector, where they have
// more than one each.
func (k fewAVX2) inRun() int {
	if k.block == halfCodes {
		return 0
	}
	return min(lanes256/(halfCodes/k.block), 2*k.groups)
}

// table is the order of the factors of half group i of a run.
func (k fewAVX2) table(i int) []uint32 {
	each := halfCodes / k.block
	return asm.Tabulate(lanes256, func(lane int) uint32 { return uint32(each*i + lane*each/lanes256) })
}

func (k fewAVX2) constants() {
	for _, c := range k.fixed {
		k.VMOVDQU(c.from, c.to)
	}
}

// sum is the register of one half of a sum's lanes.
func (k fewAVX2) sum(r, v, half int) Y { return Y(2*(r*k.vectors+v) + half) }

func (k fewAVX2) clear() {
	for i := range Y(2 * k.rows * k.vectors) {
		k.zero(i)
	}
}

func (k fewAVX2) whole(groups int) { k.halves(2 * groups) }

// half multiplies the last 64 codes; the upper lanes add nothing.
func (k fewAVX2) half() {
	k.halves(1)
	k.zero(k.product)
	for r := range k.rows {
		for v := range k.vectors {
			k.VADDPS(k.product, k.sum(r, v, 1), k.sum(r, v, 1))
		}
	}
}

// halves multiplies n halves of groups.
func (k fewAVX2) halves(n int) {
	for i := range n {
		if run := k.inRun(); run > 0 && i%run == 0 {
			for r := range k.rows {
				k.loadRun(min(run, n)*halfCodes/k.block, r, i*halfCodes/k.block)
			}
		}
		k.oneHalf(i)
	}
}

// loadRun loads n scales of a row from number first on, and as many offsets; a signed
// code is 8 too large, as its offset is then.
func (k fewAVX2) loadRun(n, r, first int) {
	k.loadScales(n, k.scalesOf(r).Plus(first*k.scaleBytes()), widthFor(n, k.scale+Y(r)))
	if !k.Mode.HasOffset() {
		return
	}
	offset := widthFor(n, k.offset+Y(r))
	k.loadFloats(n, k.offsetsOf(r).Plus(4*first), offset)
	if k.Signed {
		k.VADDPS(k.floats("eight8", 8), offset, offset)
	}
}

// widthFor is the part of a register that n floats take.
func widthFor(n int, r Y) vec {
	if n == lanes256 {
		return r
	}
	return X(r)
}

// oneHalf multiplies half group i.
func (k fewAVX2) oneHalf(i int) {
	at, sums := i/2*compactGroup+i%2*32, i*groupSums/2
	if k.rows > 1 {
		k.loadCorrections(k.sumsOf(0).Plus(sums))
	}
	for r := range k.rows {
		k.codes(k.codesOf(r).Plus(32 * i))
		if k.vectors > 1 {
			k.factors(r, i)
		}
		for v := range k.vectors {
			x := k.inputsOf(v).Plus(at)
			k.integers(x, k.sumsOf(v).Plus(sums))
			if k.vectors == 1 {
				k.factors(r, i)
			}
			k.add(x.Plus(compactSteps), k.sum(r, v, i%2))
		}
	}
}

// codes takes 64 codes apart. A signed code plus 8 is its bits with the sign turned
// over.
func (k fewAVX2) codes(from mem) {
	_, inRegister := k.flip.(Y)
	switch {
	case inRegister:
		k.VPXOR(from, k.flip.(Y), k.low)
	case k.Signed:
		k.VMOVDQU(from, k.low)
		k.VPXOR(k.flip, k.low, k.low)
	default:
		k.VMOVDQU(from, k.low)
	}
	k.VPSRLW(4, k.low, k.high)
	k.VPAND(k.mask, k.low, k.low)
	k.VPAND(k.mask, k.high, k.high)
}

// loadCorrections loads them as integers, or as floats where they meet offsets.
func (k fewAVX2) loadCorrections(from mem) {
	if !k.corrects() && !k.Mode.HasOffset() {
		return
	}
	k.VPMOVSXWD(from, k.corrections)
	if k.Mode.HasOffset() {
		k.VCVTDQ2PS(k.corrections, k.corrections)
	}
}

// integers multiplies the codes by inputs.
func (k fewAVX2) integers(x, sums mem) {
	k.VPMADDUBSW(x, k.low, k.product)
	k.VPMADDUBSW(x.Plus(compactOdd), k.high, k.other)
	k.VPADDW(k.other, k.product, k.product)
	k.VPMADDWD(k.ones, k.product, k.product)
	if k.rows == 1 {
		k.loadCorrections(sums)
	}
	if k.corrects() {
		k.VPADDD(k.corrections, k.product, k.product)
	}
	k.VCVTDQ2PS(k.product, k.product)
}

// factors brings the scales and offsets of half group i of a row to the lanes of its
// codes.
func (k fewAVX2) factors(r, i int) {
	if k.inRun() == 0 {
		k.broadcastScale(k.scalesOf(r).Plus(i*k.scaleBytes()), k.factor)
		if k.Mode.HasOffset() {
			k.VBROADCASTSS(k.offsetsOf(r).Plus(4*i), k.spreadOffset)
			if k.Signed {
				k.VADDPS(k.floats("eight8", 8), k.spreadOffset, k.spreadOffset)
			}
		}
		return
	}
	k.spread(i, k.scale+Y(r), k.factor)
	if k.Mode.HasOffset() {
		k.spread(i, k.offset+Y(r), k.spreadOffset)
	}
}

// broadcastScale loads a scale to all lanes.
func (k few) broadcastScale(from mem, to Y) {
	if k.scales == asm.Floats {
		k.VBROADCASTSS(from, to)
		return
	}
	k.VPBROADCASTW(from, X(to))
	k.VCVTPH2PS(X(to), to)
}

// spread brings the factors of half group i to its lanes.
func (k fewAVX2) spread(i int, from, to Y) {
	switch table := k.tables[i%k.inRun()].(type) {
	case Y:
		k.VPERMPS(from, table, to)
	case mem:
		k.VMOVDQU(table, to)
		k.VPERMPS(from, to, to)
	}
}

// add adds the products times the scales and steps to a sum.
func (k fewAVX2) add(steps mem, sum Y) {
	if k.Mode.HasOffset() {
		k.VFNMADD231PS(k.spreadOffset, k.corrections, k.product)
	}
	k.VMULPS(steps, k.factor, k.other)
	k.VFMADD231PS(k.other, k.product, sum)
}

func (k fewAVX2) sums() (of func(r, v int) X, free X) {
	for r := range k.rows {
		for v := range k.vectors {
			sum := k.sum(r, v, 0)
			k.VADDPS(sum+1, sum, sum)
			k.VEXTRACTF128(1, sum, X(k.low))
			k.VADDPS(X(k.low), X(sum), X(sum))
		}
	}
	return func(r, v int) X { return X(k.sum(r, v, 0)) }, X(k.low)
}

// turnAVX2 is how many rows and groups go at a time: two rows load the inputs once, of
// which a vector of codes needs four times its own bytes.
func turnAVX2(k few) (rows, groups int) {
	if k.vectors == 1 {
		return 2, 4
	}
	return 1, 1
}

// fewOf256 writes the kernels for AVX2.
func fewOf256(p file) {
	quantizeCompact(p)
	fewKernels(p, "AVX2", turnAVX2, newFewAVX2)
}
