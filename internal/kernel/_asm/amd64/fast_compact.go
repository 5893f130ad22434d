package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 4-bit codes in blocks of 32 times inputs quantised as for fast.go, whose order is
// that of a vector of AVX-512: a group of 128 inputs is 64 even bytes, 64 odd ones
// and 16 steps. A chunk of 512 inputs is 4 groups and, behind them, a correction for
// each of its 16 blocks, which is one vector as the scales of the blocks are. What is
// left of a row, whole groups and perhaps a half, has the corrections of each group
// behind it. That is 1.6 bytes an input: a row of 14336 stays in the first cache
// beside the codes that stream through it.

// Where the parts of groups and chunks lie, in bytes.
const (
	compactOdd   = 64
	compactSteps = 128
	compactSums  = 192 // of a group by itself
	compactGroup = 192 // of a chunk
	chunkGroups  = 4
	chunkSums    = chunkGroups * compactGroup
	compactChunk = chunkSums + 64
	compactRest  = 256 // a group by itself
)

// quantizeCompact writes the kernel that prepares inputs: groups of 64 that make up
// groups of 128, and the corrections apart from them. A correction is the sum of the
// inputs of a block, as they are when they are quantised, times a factor.
func quantizeCompact(p file) {
	f := p.begin("quantizeCompactAVX2", "quantises groups of 64 inputs in the order of 128, and stores the sum of each 32 inputs times the factor.",
		dst32, asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int), asm.P("factor", asm.Float))
	const sums, next = R8, R9
	const half, whole = 32, compactGroup - 32
	f.load("dst", DI)
	f.load("sums", sums)
	f.load("x", SI)
	f.load("groups", CX)
	f.VPBROADCASTD(f.abs(), Y(15))
	f.MOVQ(imm(half), next)
	f.repeat("loop", CX, func() {
		f.peaksOf8()
		f.stepsOf8(DI.At(compactSteps))
		f.bytesOf64(DI.At(0), DI.At(compactOdd))
		f.sumsOf8()
		f.VCVTDQ2PS(Y(0), Y(0))
		f.VMULPS(Y(8), Y(0), Y(0))
		f.VHADDPS(Y(0), Y(0), Y(0))
		f.VHADDPS(Y(0), Y(0), Y(0))
		f.VEXTRACTF128(1, Y(0), X(1))
		f.VUNPCKLPS(X(1), X(0), X(0))
		f.VBROADCASTSS(f.arg("factor"), X(1))
		f.VMULPS(X(1), X(0), X(0))
		f.VMOVQ(X(0), sums.At(0))
		f.ADDQ(imm(8), sums)
		f.ADDQ(imm(256), SI)
		f.ADDQ(next, DI)
		f.XORQ(imm(half^whole), next)
	})
	f.end()
}

// compact multiplies one row after another. From memory that is as fast as rows that
// share the loads of inputs, or faster: a row is one stream, which the processor
// foresees, too.
type compact struct {
	fn
	kind.Codes
	scales asm.Type
}

// The registers of compact. The sums of what is left of a row are apart, as its
// corrections are 4 lanes, and what is written to them clears those above.
const (
	compactSum     = 0
	compactTail    = 1
	compactScale   = 2
	compactOffset  = 3
	compactLow     = 4
	compactHigh    = 5
	compactProduct = 6
	compactNibbles = 7
	compactEights  = 8
	compactEight   = 9
	compactLanes   = 10 // to 13
)

// scalesAhead is how far ahead scales are fetched. A line of them is for 16 of codes.
const scalesAhead = 1024

// suffixOf is the scales' part of a kernel's name.
func suffixOf(scales asm.Type) string {
	if scales == asm.Halves {
		return "Halves"
	}
	return ""
}

// scaleBytes is the size of a scale. Offsets are floats.
func (c compact) scaleBytes() int {
	if c.scales == asm.Halves {
		return 2
	}
	return 4
}

// writeCompact writes a kernel.
func writeCompact(p file, codes kind.Codes, scales asm.Type) asm.Signature {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("scale", scales)}
	if codes.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	params = append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int), fetchParam)
	f := p.begin(fmt.Sprintf("fast%sPair%sVNNI", codes.Letters(), suffixOf(scales)), "multiplies compact x by rows of 4-bit codes in pairs of blocks of 32.", params...)
	c := compact{f, codes, scales}
	c.setup()
	row := c.Here("row")
	c.multiply()
	c.sumTo512(dstPtr.At(0), compactSum, compactLow)
	c.nextRow(row)
	c.end()
	return f.Signature
}

// setup loads the arguments and constants.
func (c compact) setup() {
	c.load("w", codesPtr)
	c.load("scale", scalePtr)
	c.load("dst", dstPtr)
	c.load("rows", rowsLeft)
	c.load("blocks", blocks)
	c.load(fetchParam.Name, fetchWay)
	if c.Mode.HasOffset() {
		c.load("offset", offsetPtr)
	}
	c.VPBROADCASTD(c.nibbles(), Z(compactNibbles))
	if c.Signed {
		c.VPBROADCASTD(c.words("eights", 0x08080808), Z(compactEights))
	}
	if c.Signed && c.Mode.HasOffset() {
		c.VBROADCASTSS(c.float("eight", 8), Z(compactEight))
	}
	for g := range chunkGroups {
		lanes := asm.Tabulate(16, func(i int) uint32 { return uint32(4*g + i/4) })
		c.VMOVDQU64(c.words(fmt.Sprintf("groupLanes%d", g), lanes...), Z(compactLanes+g))
	}
}

// multiply sums the products of a row.
func (c compact) multiply() {
	rest, half, joined, done := c.NewLabel("rest"), c.NewLabel("half"), c.NewLabel("joined"), c.NewLabel("done")
	c.MOVQ(c.arg("x"), inputPtr)
	c.zero(Z(compactSum))
	c.MOVQ(blocks, blockLeft)
	c.SHRQ(imm(3), blockLeft)
	c.JZ(rest)
	c.repeat("chunk", blockLeft, func() {
		c.fetch(chunkGroups, codesAhead)
		c.factors(inChunk, chunkSums)
		for g := range chunkGroups {
			c.group(g)
		}
		c.PREFETCHT1(scalePtr.At(scalesAhead))
		c.step(8, compactChunk)
	})
	c.Bind(rest)
	c.MOVQ(blocks, blockLeft)
	c.ANDQ(imm(7), blockLeft)
	c.JZ(done)
	c.zero(Z(compactTail))
	c.SUBQ(imm(2), blockLeft)
	c.JLT(half)
	group := c.Here("group")
	c.fetch(1, codesAhead)
	c.factors(inGroup, compactSums)
	c.group(0)
	c.step(2, compactRest)
	c.SUBQ(imm(2), blockLeft)
	c.JGE(group)
	c.Bind(half)
	c.ADDQ(imm(2), blockLeft)
	c.JZ(joined)
	c.fetch(1, codesAhead)
	c.factors(inHalf, compactSums)
	c.halfGroup()
	c.step(1, compactRest)
	c.Bind(joined)
	c.VADDPS(Z(compactTail), Z(compactSum), Z(compactSum))
	c.Bind(done)
}

// step steps over n groups of 64 codes.
func (c compact) step(n, inputs int) {
	c.ADDQ(imm(32*n), codesPtr)
	c.ADDQ(imm(inputs), inputPtr)
	c.ADDQ(imm(2*n*c.scaleBytes()), scalePtr)
	if c.Mode.HasOffset() {
		c.ADDQ(imm(8*n), offsetPtr)
	}
}

// reach is how many blocks the factors of a step are for.
type reach int

// The reaches: those of a chunk, of a group and of half a group.
const (
	inChunk reach = 16
	inGroup reach = 4
	inHalf  reach = 2
)

// reg is the register of a number that has the factors.
func (r reach) reg(n int) vec {
	if r == inChunk {
		return Z(n)
	}
	return X(n)
}

// factors loads scales to the lowest lanes, where those above become 0, and adds
// their products with the sums of inputs: for what unsigned codes are too large, and
// for offsets.
func (c compact) factors(n reach, sums int) {
	scale, offset, total := n.reg(compactScale), n.reg(compactOffset), n.reg(compactTail)
	if n == inChunk {
		total = Z(compactSum)
	}
	c.scale(n, scale)
	switch {
	case c.Mode.HasOffset():
		c.loadFloats(n, offsetPtr.At(0), offset)
		if c.Signed {
			c.VADDPS(n.reg(compactEight), offset, offset)
		}
		c.VMULPS(scale, offset, offset)
		c.correct(n, inputPtr.At(sums), offset, total)
	case c.Signed:
		c.correct(n, inputPtr.At(sums), scale, total)
	}
}

// correct adds factors times corrections to a sum.
func (c compact) correct(n reach, from mem, factor, sum vec) {
	if n != inHalf {
		c.VFMADD231PS(from, factor, sum)
		return
	}
	c.VMOVQ(from, X(compactLow))
	c.VFMADD231PS(X(compactLow), factor, sum)
}

// scale loads scales.
func (c compact) scale(n reach, to vec) {
	switch {
	case c.scales == asm.Floats:
		c.loadFloats(n, scalePtr.At(0), to)
	case n == inHalf:
		c.VMOVSS(scalePtr.At(0), to)
		c.VCVTPH2PS(to, to)
	default:
		c.VCVTPH2PS(scalePtr.At(0), to)
	}
}

// loadFloats loads a float for each block.
func (c compact) loadFloats(n reach, from mem, to vec) {
	if n == inHalf {
		c.VMOVQ(from, to)
	} else {
		c.VMOVUPS(from, to)
	}
}

// group multiplies 128 codes.
func (c compact) group(g int) {
	c.VMOVDQU64(codesPtr.At(64*g), Z(compactLow))
	c.products(W512, inputPtr.At(compactGroup*g), g, compactSum)
}

// halfGroup multiplies the last 64 codes. Corrections went to the sums before: these
// clear nothing that is in use.
func (c compact) halfGroup() {
	c.VMOVDQU(codesPtr.At(0), Y(compactLow))
	c.products(W256, inputPtr.At(0), 0, compactTail)
}

// products adds the products of codes and of the inputs at x, whose scales are those
// of group g, to a sum.
func (c compact) products(w width, x mem, g, sum int) {
	low, high, product := w.reg(compactLow), w.reg(compactHigh), w.reg(compactProduct)
	c.VPSRLD(4, low, high)
	for _, r := range []vec{low, high} {
		// A signed code plus 8 is its bits with the sign turned over.
		if c.Signed {
			c.VPTERNLOGD(flipAndMask, w.reg(compactNibbles), w.reg(compactEights), r)
		} else {
			c.VPANDD(w.reg(compactNibbles), r, r)
		}
	}
	if w == W512 {
		c.VPXORD(product, product, product)
	} else {
		c.VPXOR(product, product, product)
	}
	c.VPDPBUSD(x, low, product)
	c.VPDPBUSD(x.Plus(compactOdd), high, product)
	c.VCVTDQ2PS(product, product)
	c.VPERMPS(w.reg(compactScale), w.reg(compactLanes+g), low)
	c.VMULPS(x.Plus(compactSteps), low, low)
	c.VFMADD231PS(low, product, w.reg(sum))
}

// compacts writes the kernels, for scales that were widened before and for halves as
// they lie in a file: those are a ninth of a matrix, which some hundreds at a time
// that are widened before would read in bursts that nothing fetches ahead.
func compacts(p file) {
	for _, scales := range []asm.Type{asm.Floats, asm.Halves} {
		choice := p.Choose(asm.ByKind, "fastPair"+suffixOf(scales)+"VNNI", "multiplies compact x by rows of 4-bit codes in blocks of 32.")
		kind.Each(4, quantisedModes, func(c kind.Codes) { choice.Add(c.Kind(), writeCompact(p, c, scales)) })
	}
}
