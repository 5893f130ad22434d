package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// fewFours multiplies four rows at a time by several vectors, in the order of fewVNNI. Of
// so many products the processor is the limit, and no longer memory. So they share what
// goes with them: two rows the loads of a vector, or a register for the last 64 codes of
// each, all rows the widened corrections, and all products the additions of the lanes of
// their sums.
type fewFours struct{ few }

// foursRows is how many rows fewFours takes.
const foursRows = 4

// The registers of fewFours. Sums are the first 16.
const (
	foursNibbles = 31
	foursEights  = 30
	foursLanes   = 29
	foursSpare   = 28
	foursTemp    = 27 // the factors of a vector
	foursProduct = 26
	foursPairs   = 20 // up to 25: of each of two rows, or pairs of rows, codes and factors
	foursInputs  = 16 // up to 19: of a vector even and odd inputs, steps and corrections
)

// pairLow, pairHigh and pairFactor are the registers of the even codes, the odd ones and
// the factors of the first or the second.
func pairLow(i int) Z    { return Z(foursPairs + i) }
func pairHigh(i int) Z   { return Z(foursPairs + 2 + i) }
func pairFactor(i int) Z { return Z(foursPairs + 4 + i) }

// foursVector is what a vector has for a group.
type foursVector struct{ even, odd, steps, corrections Z }

// ofVector are its registers.
var ofVector = foursVector{foursInputs, foursInputs + 1, foursInputs + 2, foursInputs + 3}

// write writes the kernel. rows is a multiple of four.
func (k fewFours) write() asm.Signature {
	k.constants()
	if k.corrects() {
		k.widenCorrections()
	}
	row := k.Here("row")
	k.begin()
	half, done := k.NewLabel("half"), k.NewLabel("done")
	k.asLongAs("group", half, 1, k.whole)
	k.Bind(half)
	low, high := k.join()
	k.ADDQ(imm(2), blockLeft)
	k.JZ(done)
	k.fetchCodes(1)
	k.half(low)
	k.step(1)
	k.Bind(done)
	k.store(k.sums(low, high))
	k.ADDQ(fewCodesThree, codesPtr)
	k.ADDQ(fewScalesThree, scalePtr)
	k.ADDQ(imm(4*foursRows), dstPtr)
	k.SUBQ(imm(foursRows), rowsLeft)
	k.JGT(row)
	k.end()
	return k.Signature
}

// widenCorrections stores the corrections as integers of 32 bits, those of all vectors
// for a group side by side: to widen them for each row takes the port that shuffles have.
func (k fewFours) widenCorrections() {
	k.beginRow(k.arg("blocks"))
	k.load("wide", dstPtr)
	k.MOVQ(k.arg("blocks"), blockLeft)
	k.ADDQ(imm(1), blockLeft)
	k.SHRQ(imm(1), blockLeft)
	k.repeat("widen", blockLeft, func() {
		for v := range k.vectors {
			k.VPMOVSXWD(k.sumsOf(v), Z(foursTemp))
			k.VMOVDQU64(Z(foursTemp), dstPtr.At(64*v))
		}
		k.ADDQ(imm(groupSums), correctionsPtr)
		k.ADDQ(imm(k.sumsSize()), dstPtr)
	})
	k.load("dst", dstPtr)
}

// constants loads what all turns need.
func (k fewFours) constants() {
	k.VPBROADCASTD(k.nibbles(), Z(foursNibbles))
	if k.Signed {
		k.VPBROADCASTD(k.words("eights", 0x08080808), Z(foursEights))
	}
	k.VMOVDQU64(k.lanes(0), Z(foursLanes))
}

// begin begins with the first column.
func (k fewFours) begin() {
	k.MOVQ(k.arg("x"), inputPtr)
	k.load("wide", correctionsPtr)
	for r := range foursRows {
		for v := range k.vectors {
			k.zero(k.sum(r, v))
		}
	}
	k.load("blocks", blockLeft)
}

func (k fewFours) sum(r, v int) Z { return Z(r*k.vectors + v) }

// whole multiplies a group of each row, two rows by each vector.
func (k fewFours) whole(int) {
	of := ofVector
	for p := range foursRows / 2 {
		for i := range 2 {
			k.VMOVDQU64(k.codesOf(2*p+i), pairLow(i))
			k.apart(pairLow(i), pairHigh(i))
			k.loadScales(groupCodes/k.block, k.scalesOf(2*p+i), k.lanesOf(groupCodes, int(pairFactor(i))))
			k.VPERMPS(pairFactor(i), Z(foursLanes), pairFactor(i))
		}
		for v := range k.vectors {
			x := k.inputsOf(v)
			k.VMOVDQU64(x, of.even)
			k.VMOVDQU64(x.Plus(compactOdd), of.odd)
			k.VMOVUPS(x.Plus(compactSteps), of.steps)
			if k.corrects() {
				k.VMOVDQU64(k.wideOf(v), of.corrections)
			}
			for i := range 2 {
				k.product(i, of, k.sum(2*p+i, v))
			}
		}
	}
}

// wideOf is where the widened corrections of a vector begin.
func (k fewFours) wideOf(v int) mem { return correctionsPtr.At(64 * v) }

// apart takes a register of codes apart; a signed code plus 8 is its bits with the sign
// turned over.
func (k fewFours) apart(low, high Z) {
	k.VPSRLD(4, low, high)
	for _, c := range []Z{low, high} {
		if k.Signed {
			k.VPTERNLOGD(flipAndMask, Z(foursNibbles), Z(foursEights), c)
		} else {
			k.VPANDD(Z(foursNibbles), c, c)
		}
	}
}

// product adds the products of the first or second codes to a sum: by inputs, times
// factors and steps.
func (k fewFours) product(i int, of foursVector, sum Z) {
	const product, temp = Z(foursProduct), Z(foursTemp)
	if k.corrects() {
		k.VMOVAPS(of.corrections, product)
	} else {
		k.zero(product)
	}
	k.VPDPBUSD(of.even, pairLow(i), product)
	k.VPDPBUSD(of.odd, pairHigh(i), product)
	k.VCVTDQ2PS(product, product)
	k.VMULPS(of.steps, pairFactor(i), temp)
	k.VFMADD231PS(temp, product, sum)
}

// join brings the lower lanes of the sums of two rows by a vector into one register, and
// the upper ones into another. Each of the first takes the place of what was joined
// before it.
func (k fewFours) join() (low, high [2][]Z) {
	free := Z(foursSpare)
	for p := range low {
		for v := range k.vectors {
			a, b := k.sum(2*p, v), k.sum(2*p+1, v)
			k.VSHUFF64X2(0x44, b, a, free)
			k.VSHUFF64X2(0xEE, b, a, b)
			low[p], high[p] = append(low[p], free), append(high[p], b)
			free = a
		}
	}
	return low, high
}

// half multiplies the last 64 codes of each row, which belong to the lower lanes: those
// of two rows as the two halves of registers.
func (k fewFours) half(sums [2][]Z) {
	for p := range sums {
		k.VMOVUPS(k.codesOf(2*p), Y(pairLow(p)))
		k.VINSERTI64X4(1, k.codesOf(2*p+1), pairLow(p), pairLow(p))
		k.apart(pairLow(p), pairHigh(p))
		k.pairFactors(p)
	}
	of := ofVector
	for v := range k.vectors {
		x := k.inputsOf(v)
		k.VBROADCASTF64X4(x, of.even)
		k.VBROADCASTF64X4(x.Plus(compactOdd), of.odd)
		k.VBROADCASTF64X4(x.Plus(compactSteps), of.steps)
		if k.corrects() {
			k.VBROADCASTF64X4(k.wideOf(v), of.corrections)
		}
		for p := range sums {
			k.product(p, of, sums[p][v])
		}
	}
}

// pairFactors loads the scales of the last 64 codes of two rows and spreads them. Together
// they are as many as those of a group.
func (k fewFours) pairFactors(p int) {
	a, b := k.scalesOf(2*p), k.scalesOf(2*p+1)
	to, other := int(pairFactor(p)), foursTemp
	if halfCodes/k.block == 2 {
		k.VMOVSS(a, X(to))
		k.VINSERTPS(0x10, b, X(to), X(to))
	} else {
		k.VMOVQ(a, X(to))
		k.VMOVQ(b, X(other))
		k.VPUNPCKLQDQ(X(other), X(to), X(to))
	}
	k.VCVTPH2PS(X(to), k.lanesOf(groupCodes, to))
	k.VPERMPS(Z(to), Z(foursLanes), Z(to))
}

// sums adds the lanes of the sums by halves: to 8, 4, 2 and one. Each time there are half
// as many registers, as two make up one. The result has the four rows of each vector in
// turn.
func (k fewFours) sums(low, high [2][]Z) Z {
	for p := range low {
		for v := range k.vectors {
			k.VADDPS(high[p][v], low[p][v], low[p][v])
		}
	}
	first, free := low[0], high[0]
	for v := range k.vectors {
		k.VSHUFF64X2(0xDD, low[1][v], first[v], free[v])
		k.VSHUFF64X2(0x88, low[1][v], first[v], first[v])
		k.VADDPS(free[v], first[v], first[v])
	}
	for v := 0; v < k.vectors; v += 2 {
		a, b := first[v], first[min(v+1, k.vectors-1)]
		k.VUNPCKHPD(b, a, free[v])
		k.VUNPCKLPD(b, a, a)
		k.VADDPS(free[v], a, a)
	}
	a, b := first[0], first[max(k.vectors-1, 2)/2*2%len(first)]
	k.VSHUFPS(0xDD, b, a, free[0])
	k.VSHUFPS(0x88, b, a, a)
	k.VADDPS(free[0], a, a)
	turned := asm.Tabulate(lanes512, func(i int) uint32 { return uint32(i%foursRows*foursRows + i/foursRows) })
	k.VMOVDQU64(k.words("turned4", turned...), free[0])
	k.VPERMPS(a, free[0], a)
	return a
}

// store stores four results of each vector.
func (k fewFours) store(all Z) {
	k.load("ldd", blockLeft)
	k.VMOVUPS(X(all), dstPtr.At(0))
	k.MOVQ(dstPtr, inputPtr)
	for v := 1; v < k.vectors; v++ {
		k.ADDQ(blockLeft, inputPtr)
		k.VEXTRACTF32X4(v, all, inputPtr.At(0))
	}
}
