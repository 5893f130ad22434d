package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// fewFours multiplies four rows at a time by several vectors, in the order of fewVNNI. Of
// so many products the processor is the limit, and no longer memory. So they share what
// goes with them: four rows the corrections of a vector, two rows a register for the
// last 64 codes of each, and all of them the additions of the lanes of their sums.
type fewFours struct{ few }

// foursRows is how many rows fewFours takes.
const foursRows = 4

// The registers of fewFours. Sums are the first 16.
const (
	foursNibbles     = 31
	foursEights      = 30
	foursLanes       = 29
	foursSpare       = 28
	foursTemp        = 27 // the factors of a vector
	foursProduct     = 26
	foursCorrections = 16 // up to 19: of each vector
	foursCodes       = 20 // up to 22: even and odd ones, and factors

	// Of the last 64 codes, those and factors of two times two rows, and what a vector has.
	foursPairs  = 20 // up to 25
	foursInputs = 16 // up to 19: even and odd ones, steps and corrections
)

// codes, factor and so on are the registers of pair p of rows, of two.
func pairLow(p int) int    { return foursPairs + p }
func pairHigh(p int) int   { return foursPairs + 2 + p }
func pairFactor(p int) int { return foursPairs + 4 + p }

// write writes the kernel. rows is a multiple of four.
func (k fewFours) write() asm.Signature {
	k.constants()
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
	k.beginRow(k.arg("blocks"))
	for r := range foursRows {
		for v := range k.vectors {
			k.zero(k.sum(r, v))
		}
	}
	k.load("blocks", blockLeft)
}

func (k fewFours) sum(r, v int) Z { return Z(r*k.vectors + v) }

// whole multiplies a group of each row.
func (k fewFours) whole(int) {
	for v := range k.vectors {
		if k.corrects() {
			k.VPMOVSXWD(k.sumsOf(v), Z(foursCorrections+v))
		}
	}
	const low, high, factor = Z(foursCodes), Z(foursCodes + 1), Z(foursCodes + 2)
	for r := range foursRows {
		k.VMOVDQU64(k.codesOf(r), low)
		k.apart(low, high)
		k.loadScales(groupCodes/k.block, k.scalesOf(r), k.lanesOf(groupCodes, int(factor)))
		k.VPERMPS(factor, Z(foursLanes), factor)
		for v := range k.vectors {
			x := k.inputsOf(v)
			k.product(low, high, factor, x, x.Plus(compactOdd), x.Plus(compactSteps), Z(foursCorrections+v), k.sum(r, v))
		}
	}
}

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

// product adds codes by inputs, times factors and steps, to a sum.
func (k fewFours) product(low, high, factor Z, even, odd, steps vecMem, corrections, sum Z) {
	const product, temp = Z(foursProduct), Z(foursTemp)
	if k.corrects() {
		k.VMOVAPS(corrections, product)
	} else {
		k.zero(product)
	}
	k.VPDPBUSD(even, low, product)
	k.VPDPBUSD(odd, high, product)
	k.VCVTDQ2PS(product, product)
	k.VMULPS(steps, factor, temp)
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
		low, high := Z(pairLow(p)), Z(pairHigh(p))
		k.VMOVUPS(k.codesOf(2*p), Y(low))
		k.VINSERTI64X4(1, k.codesOf(2*p+1), low, low)
		k.apart(low, high)
		k.pairFactors(p)
	}
	const even, odd, steps, corrections = Z(foursInputs), Z(foursInputs + 1), Z(foursInputs + 2), Z(foursInputs + 3)
	for v := range k.vectors {
		x := k.inputsOf(v)
		k.VBROADCASTF64X4(x, even)
		k.VBROADCASTF64X4(x.Plus(compactOdd), odd)
		k.VBROADCASTF64X4(x.Plus(compactSteps), steps)
		if k.corrects() {
			k.VBROADCASTF32X4(k.sumsOf(v), Y(corrections))
			k.VPMOVSXWD(Y(corrections), corrections)
		}
		for p := range sums {
			k.product(Z(pairLow(p)), Z(pairHigh(p)), Z(pairFactor(p)), even, odd, steps, corrections, sums[p][v])
		}
	}
}

// pairFactors loads the scales of the last 64 codes of two rows and spreads them. Together
// they are as many as those of a group.
func (k fewFours) pairFactors(p int) {
	a, b := k.scalesOf(2*p), k.scalesOf(2*p+1)
	to, other := pairFactor(p), foursTemp
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
