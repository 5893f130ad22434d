package amd64

import (
	"fmt"
	"math/bits"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 4-bit codes times inputs quantised to int8 with a step for every 8 of them. A
// group of 64 inputs is prepared as 32 even and 32 odd bytes, 8 corrections and 8
// steps: lane l of a product of 64 codes sums inputs 8l to 8l+7.

// Where the parts of a prepared group lie, and what it takes.
const (
	evenBytes   = 0
	oddBytes    = 32
	corrections = 64
	inputSteps  = 96
	fastGroup   = 128
)

// fast multiplies rows one or two at a time.
type fast struct {
	fn
	kind.Codes
	pairing
	scales asm.Type
}

// fastRow is a row: its codes and factors, its number among those that go together,
// and by that the registers of its sums, and of its factors.
type fastRow struct {
	codes, scales, offsets mem
	number                 Y
}

func (r fastRow) sum() Y    { return 0 + r.number }
func (r fastRow) block() Y  { return 2 + r.number } // the sum of a block of whole vectors
func (r fastRow) scale() Y  { return 4 + r.number }
func (r fastRow) offset() Y { return 6 + r.number }

// The registers of constants, and those that rows use in turn.
const (
	fastNibbles = Y(15)
	fastOnes    = Y(14)
	fastFlip    = Y(13) // 8s in place
	fastLanes   = Y(12)
	fastLater   = Y(2) // fastLanes of the second vector of two; pairs have no sums of blocks
	fastLow     = Y(11)
	fastHigh    = Y(10)
	fastEven    = Y(9)
	fastOdd     = Y(8)
)

// What lies a row apart, and where to fetch from.
const (
	codesApart   = AX
	factorsApart = CX
	fetchPtr     = R14
	fetchScales  = R15
)

// fastScalesAhead is how far ahead halves of scales are fetched: a block of 32 codes has
// 16 bytes, and its scale 2.
const fastScalesAhead = codesAhead / 8

// writeFast writes a kernel. Two rows at a time share the loads of inputs, of which a
// vector of codes needs four times its own bytes. Each row sums in the order that it
// has by itself, so an odd last row, and who calls for how many, make no difference
// to the bits.
func writeFast(p file, c kind.Codes, pairs pairing) asm.Signature {
	name := fmt.Sprintf("fast%s%vAVX2", c.Letters(), pairs)
	f := p.beginRows(name, "multiplies quantised x by rows of 4-bit codes, vecs vectors of 64 to a block.", c.Mode)
	return fast{f, c, pairs, asm.Floats}.write()
}

// writeFastHalves writes a kernel that widens the scales itself. They are a ninth of a
// matrix: some hundreds at a time that are widened before are as many lines in a burst
// that waits for memory, which reads no codes meanwhile.
func writeFastHalves(p file, c kind.Codes) asm.Signature {
	name := fmt.Sprintf("fast%sPairHalvesAVX2", c.Letters())
	f := p.beginRowsOf(asm.Halves, name, "multiplies quantised x by rows of 4-bit codes in pairs of blocks of 32.", c.Mode)
	return fast{f, c, pair, asm.Halves}.write()
}

// write writes the kernel's body.
func (f fast) write() asm.Signature {
	f.setup()
	first := fastRow{codesPtr.At(0), scalePtr.At(0), offsetPtr.At(0), 0}
	second := fastRow{codesPtr.By(codesApart, 1), scalePtr.By(factorsApart, 1), offsetPtr.By(factorsApart, 1), 1}
	odd, end := f.NewLabel("odd"), f.NewLabel("end")
	f.SUBQ(imm(2), rowsLeft)
	f.JLT(odd)
	two := f.Here("two")
	f.multiply(first, second)
	f.ADDQ(codesApart, codesPtr)
	f.ADDQ(factorsApart, scalePtr)
	if f.Mode.HasOffset() {
		f.ADDQ(factorsApart, offsetPtr)
	}
	f.sumTwoTo(dstPtr.At(0), int(fastHigh))
	f.ADDQ(imm(8), dstPtr)
	f.SUBQ(imm(2), rowsLeft)
	f.JGE(two)
	f.Bind(odd)
	f.ADDQ(imm(2), rowsLeft)
	f.JZ(end)
	f.multiply(first)
	f.sumTo(dstPtr.At(0), 0, int(fastHigh))
	f.Bind(end)
	f.end()
	return f.Signature
}

// setup loads the constants and works out how far rows lie apart.
func (f fast) setup() {
	f.VPBROADCASTD(f.nibbles(), fastNibbles)
	f.VPBROADCASTD(f.ones16(), fastOnes)
	if f.Signed {
		f.VPBROADCASTD(f.words("eights", 0x88888888), fastFlip)
	}
	f.MOVQ(blocks, codesApart)
	f.MOVQ(blocks, factorsApart)
	if f.pairing == pair {
		f.VMOVDQU(f.pairLanes(), fastLanes)
		f.VMOVDQU(f.words("laterLanes", 2, 2, 2, 2, 3, 3, 3, 3), fastLater)
	} else {
		f.IMULQ(vecs, codesApart)
	}
	f.SHLQ(imm(5), codesApart)
	f.SHLQ(imm(bits.TrailingZeros(uint(f.factorBytes()))), factorsApart)
	// Fetching goes on by a step of both rows: a row ahead of that, so that the second
	// row of each two is fetched before it is read, however long a row is.
	f.MOVQ(codesPtr, fetchPtr)
	f.ADDQ(codesApart, fetchPtr)
	if f.scales == asm.Halves {
		f.MOVQ(scalePtr, fetchScales)
		f.ADDQ(factorsApart, fetchScales)
	}
}

// multiply sums the products of one row, or of two, and steps over the first.
func (f fast) multiply(rows ...fastRow) {
	f.MOVQ(f.arg("x"), inputPtr)
	f.MOVQ(blocks, blockLeft)
	for _, r := range rows {
		f.zero(r.sum())
	}
	switch {
	case f.pairing == long:
		f.repeat("block", blockLeft, func() { f.block(rows) })
	case len(rows) == 1:
		f.repeat("pair", blockLeft, func() { f.pairs(1, rows) })
	default:
		f.fourBlocks(rows)
	}
}

// fourBlocks multiplies two vectors at a time, whose scales are one load, and a last
// one by itself.
func (f fast) fourBlocks(rows []fastRow) {
	rest, done := f.NewLabel("rest"), f.NewLabel("done")
	f.SUBQ(imm(2), blockLeft)
	f.JLT(rest)
	four := f.Here("four")
	f.pairs(2, rows)
	f.SUBQ(imm(2), blockLeft)
	f.JGE(four)
	f.Bind(rest)
	f.ADDQ(imm(2), blockLeft)
	f.JZ(done)
	f.pairs(1, rows)
	f.Bind(done)
}

// pairs multiplies one or two vectors of two blocks. Their products meet their scales
// at once.
func (f fast) pairs(vectors int, rows []fastRow) {
	f.factors(f.loadPairs(vectors), rows)
	for v := range vectors {
		lanes := [...]Y{fastLanes, fastLater}[v]
		f.vector(v, rows, func(r fastRow) {
			if f.Mode.HasOffset() {
				f.VPERMILPS(lanes, r.offset(), fastHigh)
				f.lessOffset(v, fastHigh)
			}
			f.VPERMILPS(lanes, r.scale(), fastHigh)
			f.VMULPS(inputPtr.At(fastGroup*v+inputSteps), fastHigh, fastHigh)
			f.VFMADD231PS(fastLow, fastHigh, r.sum())
		})
	}
	f.nextVectors(vectors, len(rows))
	f.nextFactors(vectors, len(rows))
}

// loadPairs returns what loads the factors of one or two pairs of blocks to both
// halves of a register.
func (f fast) loadPairs(vectors int) func(vecMem, vec) {
	switch {
	case f.scales == asm.Halves && vectors == 2:
		return f.widened(f.VBROADCASTSD)
	case f.scales == asm.Halves:
		return f.widened(f.VBROADCASTSS)
	case vectors == 2:
		return f.VBROADCASTI128
	}
	return f.VBROADCASTSD
}

// widened is a load of halves that are widened.
func (f fast) widened(load func(vecMem, vec)) func(vecMem, vec) {
	return func(from vecMem, to vec) {
		load(from, to)
		f.VCVTPH2PS(X(to.(Y)), to)
	}
}

// factorBytes is what the factors of a step take, of two blocks or of one.
func (f fast) factorBytes() int {
	if f.scales == asm.Halves {
		return 2 * f.pairing.perVector()
	}
	return 4 * f.pairing.perVector()
}

// nextFactors steps over the factors of the first row and, of two rows, fetches
// halves, which come from memory: floats were widened just before. They go to the
// second cache, since a line of them is for several rows.
func (f fast) nextFactors(n, rows int) {
	f.ADDQ(imm(f.factorBytes()*n), scalePtr)
	if f.Mode.HasOffset() {
		f.ADDQ(imm(f.factorBytes()*n), offsetPtr)
	}
	if f.scales == asm.Halves && rows == 2 {
		f.PREFETCHT1(fetchScales.At(fastScalesAhead))
		f.ADDQ(imm(2*f.factorBytes()*n), fetchScales)
	}
}

// block multiplies a block of whole vectors, whose products meet the steps of their
// inputs first, and their scale when the block is at its end: one operation less a
// vector.
func (f fast) block(rows []fastRow) {
	f.factors(f.VBROADCASTSS, rows)
	for _, r := range rows {
		f.zero(r.block())
	}
	f.MOVQ(vecs, vecLeft)
	f.repeat("vec", vecLeft, func() {
		f.vector(0, rows, func(r fastRow) {
			if f.Mode.HasOffset() {
				f.lessOffset(0, r.offset())
			}
			f.VFMADD231PS(inputPtr.At(inputSteps), fastLow, r.block())
		})
		f.nextVectors(1, len(rows))
	})
	for _, r := range rows {
		f.VFMADD231PS(r.block(), r.scale(), r.sum())
	}
	f.nextFactors(1, len(rows))
}

// factors loads the scales and offsets of the next blocks.
func (f fast) factors(load func(vecMem, vec), rows []fastRow) {
	for _, r := range rows {
		load(r.scales, r.scale())
		if !f.Mode.HasOffset() {
			continue
		}
		load(r.offsets, r.offset())
		if f.Signed {
			f.VADDPS(f.floats("eight", 8), r.offset(), r.offset())
		}
	}
}

// lessOffset takes the offset, in every lane, times the sums of vector v's inputs off
// the products.
func (f fast) lessOffset(v int, offset Y) {
	f.VFNMADD231PS(inputPtr.At(fastGroup*v+corrections), offset, fastLow)
}

// vector multiplies the 64 codes that every row has at vector v; add adds the
// products, as floats in fastLow, to a sum.
func (f fast) vector(v int, rows []fastRow, add func(r fastRow)) {
	x := inputPtr.At(fastGroup * v)
	even, odd := vecMem(x.Plus(evenBytes)), vecMem(x.Plus(oddBytes))
	// Weights are read once a token: fetched past the outer caches they leave the
	// inputs and the plan there. Two rows are one run of memory, of which a step is a
	// line: fetched in that order, and not from both of them by halves of lines.
	if len(rows) == 1 {
		f.PREFETCHNTA(codesPtr.At(codesAhead))
	} else {
		f.PREFETCHNTA(fetchPtr.At(codesAhead + 64*v))
		f.VMOVDQU(even, fastEven)
		f.VMOVDQU(odd, fastOdd)
		even, odd = fastEven, fastOdd
	}
	for _, r := range rows {
		f.codes(r.codes.Plus(32 * v))
		f.VPMADDUBSW(even, fastLow, fastLow)
		f.VPMADDUBSW(odd, fastHigh, fastHigh)
		f.VPADDW(fastHigh, fastLow, fastLow)
		f.VPMADDWD(fastOnes, fastLow, fastLow)
		if f.Signed && !f.Mode.HasOffset() {
			f.VPADDD(x.Plus(corrections), fastLow, fastLow)
		}
		f.VCVTDQ2PS(fastLow, fastLow)
		add(r)
	}
}

// codes takes 64 codes apart.
func (f fast) codes(from mem) {
	// A signed code plus 8 is its bits with the sign turned over. The 8 times the
	// sum of the inputs is what the corrections take off, or the offset, which has
	// 8 added to it.
	if f.Signed {
		f.VPXOR(from, fastFlip, fastLow)
	} else {
		f.VMOVDQU(from, fastLow)
	}
	f.VPSRLW(4, fastLow, fastHigh)
	f.VPAND(fastNibbles, fastLow, fastLow)
	f.VPAND(fastNibbles, fastHigh, fastHigh)
}

// nextVectors steps over vectors of the first row and, where two rows are one run of
// memory, over as many of both in what is fetched.
func (f fast) nextVectors(n, rows int) {
	f.ADDQ(imm(32*n), codesPtr)
	f.ADDQ(imm(fastGroup*n), inputPtr)
	if rows == 2 {
		f.ADDQ(imm(64*n), fetchPtr)
	}
}

// quantisedModes are the modes of codes that meet quantised inputs.
var quantisedModes = []kind.Mode{kind.Plain, kind.Offset}

// fasts writes the kernels for vectors of 64 codes: of blocks of 32, two to a
// vector, and of blocks of whole vectors.
func fasts(p file) {
	quantize(p)
	quantizeCompact(p)
	p.byPairing("fast", "AVX2", "multiplies quantised x by rows of 4-bit codes.", quantisedModes, writeFast)
	halves := p.Choose(asm.ByKind, "fastPairHalvesAVX2", "multiplies quantised x by rows of 4-bit codes whose scales are halves.")
	kind.Each(4, []kind.Mode{kind.Plain}, func(c kind.Codes) { halves.Add(c.Kind(), writeFastHalves(p, c)) })
}
