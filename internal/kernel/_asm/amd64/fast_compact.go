package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 4-bit codes in blocks of 32 or 16 times inputs quantised as for fast.go, whose order is
// that of a vector of AVX-512: a group of 128 inputs is 64 even bytes, 64 odd ones
// and 16 steps. A chunk of 512 inputs is 4 groups and, behind them, their corrections,
// which have 16 bits. What is left of a row, whole groups and perhaps a half, has the
// corrections of each group behind it. That is 1.75 bytes an input: a row of 14336 stays
// in the first cache beside the codes that stream through it.

// Where the parts of groups and chunks lie, in bytes.
const (
	compactOdd   = 64
	compactSteps = 128
	compactSums  = 192 // of a group by itself
	compactGroup = 192 // of a chunk
	chunkGroups  = 4
	chunkSums    = chunkGroups * compactGroup
	compactChunk = chunkSums + chunkGroups*groupSums
	compactRest  = 256 // a group by itself
	groupSums    = 32
)

// quantizeCompact writes the kernel that prepares inputs: groups of 64 that make up
// groups of 128, and the corrections apart from them.
func quantizeCompact(p file) {
	f := p.begin("quantizeCompactAVX2", "quantises groups of 64 inputs in the order of 128; the corrections are the sums of each 8 bytes, times -8, or as they are when plain is not 0.",
		dst32, asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int), asm.P("plain", asm.Int))
	const sums, next, plain = R8, R9, DX
	const half, whole = 32, compactGroup - 32
	f.load("dst", DI)
	f.load("sums", sums)
	f.load("x", SI)
	f.load("groups", CX)
	f.load("plain", plain)
	f.VPBROADCASTD(f.abs(), Y(15))
	f.MOVQ(imm(half), next)
	f.repeat("loop", CX, func() {
		f.peaksOf8()
		f.stepsOf8(DI.At(compactSteps))
		f.bytesOf64(DI.At(0), DI.At(compactOdd))
		f.sumsOf8()
		stored := f.NewLabel("stored")
		f.TESTQ(plain, plain)
		f.JNZ(stored)
		f.timesMinus8()
		f.Bind(stored)
		f.VEXTRACTI128(1, Y(0), X(1))
		f.VPACKSSDW(X(1), X(0), X(0))
		f.VMOVDQU(X(0), sums.At(0))
		f.ADDQ(imm(groupSums/2), sums)
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
	block  int
}

// The registers of compact. Scales and offsets of blocks of 16 are two of each.
const (
	compactSum     = 0
	compactSpread  = 1
	compactScale   = 2
	compactLow     = 4
	compactHigh    = 5
	compactProduct = 6
	compactNibbles = 7
	compactEights  = 8
	compactEight   = 9
	compactLanes   = 10
	compactOffset  = 14
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

// blocksName is how blocks meet 64 codes, two or four of them, in a kernel's name.
func blocksName(block int) string {
	if block == 32 {
		return "Pair"
	}
	return "Quad"
}

// inVector is how many scales fill a vector.
const inVector = 16

// vectors is how many vectors the scales of a chunk are.
func (c compact) vectors() int { return 128 * chunkGroups / c.block / inVector }

// writeCompact writes a kernel.
func writeCompact(p file, codes kind.Codes, scales asm.Type, block int) asm.Signature {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("scale", scales)}
	if codes.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	params = append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int), fetchParam)
	name := fmt.Sprintf("fast%s%s%sVNNI", codes.Letters(), blocksName(block), suffixOf(scales))
	f := p.begin(name, fmt.Sprintf("multiplies compact x by rows of 4-bit codes, blocks times 64, that have scales for each %d.", block), params...)
	c := compact{f, codes, scales, block}
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
	for g := range chunkGroups / c.vectors() {
		inGroup := 128 / c.block
		lanes := asm.Tabulate(16, func(i int) uint32 { return uint32(inGroup*g + inGroup*i/16) })
		c.VMOVDQU64(c.words(fmt.Sprintf("lanes%dOf%d", g, c.block), lanes...), Z(compactLanes+g))
	}
}

// multiply sums the products of a row.
func (c compact) multiply() {
	rest, half, done := c.NewLabel("rest"), c.NewLabel("half"), c.NewLabel("done")
	c.MOVQ(c.arg("x"), inputPtr)
	c.zero(Z(compactSum))
	c.MOVQ(blocks, blockLeft)
	c.SHRQ(imm(3), blockLeft)
	c.JZ(rest)
	c.repeat("chunk", blockLeft, func() {
		c.fetch(chunkGroups, codesAhead)
		for v := range c.vectors() {
			c.factors(512, v)
		}
		for g := range chunkGroups {
			c.group(g, chunkSums+groupSums*g)
		}
		c.PREFETCHT1(scalePtr.At(scalesAhead))
		c.step(8, compactChunk)
	})
	c.Bind(rest)
	c.MOVQ(blocks, blockLeft)
	c.ANDQ(imm(7), blockLeft)
	c.JZ(done)
	c.SUBQ(imm(2), blockLeft)
	c.JLT(half)
	group := c.Here("group")
	c.fetch(1, codesAhead)
	c.factors(128, 0)
	c.group(0, compactSums)
	c.step(2, compactRest)
	c.SUBQ(imm(2), blockLeft)
	c.JGE(group)
	c.Bind(half)
	c.ADDQ(imm(2), blockLeft)
	c.JZ(done)
	c.fetch(1, codesAhead)
	c.factors(64, 0)
	c.halfGroup()
	c.step(1, compactRest)
	c.Bind(done)
}

// step steps over n groups of 64 codes.
func (c compact) step(n, inputs int) {
	c.ADDQ(imm(32*n), codesPtr)
	c.ADDQ(imm(inputs), inputPtr)
	c.ADDQ(imm(64/c.block*n*c.scaleBytes()), scalePtr)
	if c.Mode.HasOffset() {
		c.ADDQ(imm(64/c.block*n*4), offsetPtr)
	}
}

// lanes is a register with the factors of so many codes: a vector of those of a chunk,
// or of 128 or 64 codes.
func (c compact) lanes(codes, n int) vec {
	switch blocks := codes / c.block; {
	case blocks >= inVector:
		return Z(n)
	case blocks == 8:
		return Y(n)
	}
	return X(n)
}

// factors loads vector v of the scales, and of the offsets; a signed code is 8 too
// large, as its offset is then.
func (c compact) factors(codes, v int) {
	c.scale(codes, scalePtr.At(inVector*v*c.scaleBytes()), c.lanes(codes, compactScale+v))
	if !c.Mode.HasOffset() {
		return
	}
	offset := c.lanes(codes, compactOffset+v)
	c.loadFloats(codes, offsetPtr.At(4*inVector*v), offset)
	if c.Signed {
		c.VADDPS(c.lanes(codes, compactEight), offset, offset)
	}
}

// twoBlocks reports whether so many codes are two blocks, half of the least vector.
func (c compact) twoBlocks(codes int) bool { return codes == 2*c.block }

// scale loads scales.
func (c compact) scale(codes int, from mem, to vec) {
	switch {
	case c.scales == asm.Floats:
		c.loadFloats(codes, from, to)
	case c.twoBlocks(codes):
		c.VMOVSS(from, to)
		c.VCVTPH2PS(to, to)
	default:
		c.VCVTPH2PS(from, to)
	}
}

// loadFloats loads a float for each block.
func (c compact) loadFloats(codes int, from mem, to vec) {
	if c.twoBlocks(codes) {
		c.VMOVQ(from, to)
	} else {
		c.VMOVUPS(from, to)
	}
}

// group multiplies 128 codes.
func (c compact) group(g, sums int) {
	c.VMOVDQU64(codesPtr.At(64*g), Z(compactLow))
	c.products(W512, inputPtr.At(compactGroup*g), inputPtr.At(sums), g)
	c.VFMADD231PS(Z(compactLow), Z(compactProduct), Z(compactSum))
}

// halfGroup multiplies the last 64 codes: the upper lanes of the products are 0.
func (c compact) halfGroup() {
	c.VMOVDQU(codesPtr.At(0), Y(compactLow))
	c.products(W256, inputPtr.At(0), inputPtr.At(compactSums), 0)
	c.VMULPS(Y(compactLow), Y(compactProduct), Y(compactProduct))
	c.VADDPS(Z(compactProduct), Z(compactSum), Z(compactSum))
}

// products multiplies codes by the inputs at x, less what the corrections say, and
// brings the scales of group g times the inputs' steps to compactLow.
func (c compact) products(w width, x, sums mem, g int) {
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
	switch {
	case c.Signed && !c.Mode.HasOffset():
		c.VPMOVSXWD(sums, product)
	case w == W512:
		c.VPXORD(product, product, product)
	default:
		c.VPXOR(product, product, product)
	}
	c.VPDPBUSD(x, low, product)
	c.VPDPBUSD(x.Plus(compactOdd), high, product)
	c.VCVTDQ2PS(product, product)
	if c.Mode.HasOffset() {
		c.VPMOVSXWD(sums, high)
		c.VCVTDQ2PS(high, high)
		c.spread(w, compactOffset, g, w.reg(compactSpread))
		c.VFNMADD231PS(w.reg(compactSpread), high, product)
	}
	c.spread(w, compactScale, g, low)
	c.VMULPS(x.Plus(compactSteps), low, low)
}

// spread brings the factors of group g to the lanes of their codes.
func (c compact) spread(w width, factors, g int, to vec) {
	each := chunkGroups / c.vectors()
	c.VPERMPS(w.reg(factors+g/each), w.reg(compactLanes+g%each), to)
}

// compacts writes the kernels, for scales that were widened before and for halves as
// they lie in a file: those are a ninth of a matrix, which some hundreds at a time
// that are widened before would read in bursts that nothing fetches ahead.
func compacts(p file) {
	for _, block := range []int{32, 16} {
		for _, scales := range []asm.Type{asm.Floats, asm.Halves} {
			name := "fast" + blocksName(block) + suffixOf(scales) + "VNNI"
			choice := p.Choose(asm.ByKind, name, fmt.Sprintf("multiplies compact x by rows of 4-bit codes in blocks of %d.", block))
			kind.Each(4, quantisedModes, func(c kind.Codes) { choice.Add(c.Kind(), writeCompact(p, c, scales, block)) })
		}
	}
}
