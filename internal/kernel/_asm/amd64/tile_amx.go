package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// AMX's tiles: 16 vectors times 16 rows, of which one instruction makes the integers of a
// block. They come to floats by way of memory, of two blocks in turns: tiles work two
// blocks ahead of the vectors, also from the end of a group into the next one.

// A block takes three tiles: sums, inputs and codes. Two sets of them take turns.
const (
	tileSums   = T(0)
	tileInputs = T(1)
	tileCodes  = T(2)
	tileSet    = 3

	integersSize = 1024 // 16 vectors of 16 rows
)

// tileShapes are those of both sets: the number of the palette, from byte 16 on the bytes
// of a row of each tile, from byte 48 on their rows.
func tileShapes() (bytes [64]byte) {
	bytes[0] = 1
	for set := range 2 {
		for i, shape := range [tileSet][2]byte{{64, manyVectors}, {manyBytes, manyVectors}, {64, 8}} {
			bytes[16+2*(tileSet*set+i)], bytes[48+tileSet*set+i] = shape[0], shape[1]
		}
	}
	return bytes
}

func (f fn) tileConfig() mem {
	bytes := tileShapes()
	return f.words("tileConfig", asm.Pack(bytes[:]...)...)
}

// The registers: the sums are in Z16 to Z31. What is being made of a block has as many
// registers as hide how long it takes.
const (
	amxScale   = Z(0)
	amxOffset  = Z(1)
	amxTemps   = Z(2)
	amxFactors = Z(8)
	amxSums    = Z(16)

	nextRows   = DX // of the next panel, two for each group
	nextRow    = R11
	groupPanel = AX // where the panel, and a group's vectors, begin
	groupX     = BX
	integers   = R10
	inputsStep = R14
	rowStep    = R15
)

// writeTileAMX multiplies groups of 16 vectors. No tile has a value before or after the
// call: Go's scheduler does not interrupt assembly, and nothing else knows of tiles.
func writeTileAMX(p file, offsets bool) asm.Signature {
	f := p.begin(manyName("tile%d%sAMX", manyVectors, offsets), "is for groups of 16 vectors, xstep bytes apart: it "+manyDoc(manyVectors, offsets)+" integers has room for 2048 bytes.",
		tileParams(asm.P("xstep", asm.Int), asm.P("groups", asm.Int), asm.P("integers", asm.Floats), asm.P("next", asm.Bytes), asm.P("row", asm.Int), asm.P("turn", asm.Int))...)
	f.beginGroups()
	f.TILEZERO(tileSet + tileSums) // where there is no second block it has no product
	f.MOVQ(groupX, CX)
	f.steps(f.tileProduct(0, inNext(0)))
	f.secondOfNext()
	f.repeat("group", R13, func() {
		f.beginGroup()
		f.tileBlocks(offsets)
		f.endGroup()
	})
	f.TILERELEASE()
	f.end()
	return f.Signature
}

// beginGroups configures the tiles and loads the arguments, but for those that a group
// loads anew.
func (f fn) beginGroups() {
	f.LEAQ(f.tileConfig(), AX)
	f.LDTILECFG(AX.At(0))
	f.load("panel", groupPanel)
	f.load("x", groupX)
	f.load("groups", R13)
	f.load("integers", integers)
	f.MOVQ(imm(manyBytes), inputsStep)
	f.MOVQ(imm(64), rowStep)
	f.load("dst", R8)
	f.load("ldd", R9)
	f.load("next", nextRows)
	f.load("row", nextRow)
}

func (f fn) beginGroup() {
	f.MOVQ(groupPanel, panelPtr)
	f.MOVQ(groupX, inputPtr)
	f.load("blocks", tileLeft)
	f.groupSums()
}

// endGroup stores the sums and goes on to the next group, and to the rows that are fetched
// beside it: turn is where they begin, behind what was fetched last.
func (f fn) endGroup() {
	f.storeSums(amxSums, manyVectors)
	f.load("xstep", CX)
	f.ADDQ(CX, groupX)
	f.load("turn", CX)
	f.ADDQ(CX, nextRows)
}

// fetchNext fetches the next 32 bytes of two rows of the next panel into the second cache.
// Between products there is time for it; where a panel is filled all of it would be waited for.
func (f fn) fetchNext() {
	f.PREFETCHT1(nextRows.At(0))
	f.PREFETCHT1(nextRows.By(nextRow, 1))
	f.ADDQ(imm(32), nextRows)
}

// groupSums clears the sums of a group, or takes what dst has.
func (f fn) groupSums() {
	f.load("acc", CX)
	add, on := f.NewLabel("add"), f.NewLabel("on")
	f.TESTQ(CX, CX)
	f.JNZ(add)
	f.zero(zs(int(amxSums), manyVectors)...)
	f.JMP(on)
	f.Bind(add)
	f.MOVQ(R8, CX)
	for t := range manyVectors {
		f.VMOVUPS(CX.At(0), amxSums+Z(t))
		if t < manyVectors-1 {
			f.ADDQ(R9, CX)
		}
	}
	f.Bind(on)
}

// tileBlocks goes over the blocks two by two. What is done of them overlaps: a block is
// multiplied two blocks before its integers become floats, and they are stored one before.
// The first two of a group are multiplied beside the last ones of the group before.
func (f fn) tileBlocks(offsets bool) {
	pair, rest, two, one, done := f.NewLabel("pair"), f.NewLabel("rest"), f.NewLabel("two"), f.NewLabel("one"), f.NewLabel("done")
	f.steps(f.tileStore(0, 0))
	f.Bind(pair)
	f.CMPQ(tileLeft, imm(4))
	f.JLT(rest)
	f.floatBlock(0, offsets, append(f.tileStore(1, 1), f.tileProduct(0, inBlock(2))...))
	f.floatBlock(1, offsets, append(f.tileStore(0, 2), f.tileProduct(1, inBlock(3))...))
	f.nextPair()
	f.JMP(pair)
	// One, two or three are left.
	f.Bind(rest)
	f.nextGroup()
	f.CMPQ(tileLeft, imm(2))
	f.JLT(one)
	f.JEQ(two)
	f.floatBlock(0, offsets, append(f.tileStore(1, 1), f.tileProduct(0, inBlock(2))...))
	f.floatBlock(1, offsets, f.tileStore(0, 2))
	f.nextPair()
	f.Bind(one)
	f.floatBlock(0, offsets, f.tileProduct(0, inNext(0)))
	f.secondOfNext()
	f.JMP(done)
	f.Bind(two)
	f.floatBlock(0, offsets, append(f.tileStore(1, 1), f.tileProduct(0, inNext(0))...))
	f.floatBlock(1, offsets, f.tileProduct(1, inNext(1)))
	f.Bind(done)
}

// nextGroup leaves in CX where the next group's vectors begin: behind the last group those of
// itself, whose product nobody uses.
func (f fn) nextGroup() {
	last := f.NewLabel("last")
	f.MOVQ(groupX, CX)
	f.CMPQ(R13, imm(1))
	f.JEQ(last)
	f.load("xstep", CX)
	f.ADDQ(groupX, CX)
	f.Bind(last)
}

// secondOfNext multiplies the second block of the next group, if groups have two.
func (f fn) secondOfNext() {
	none := f.NewLabel("none")
	f.load("blocks", tileLeft)
	f.CMPQ(tileLeft, imm(2))
	f.JLT(none)
	f.steps(f.tileProduct(1, inNext(1)))
	f.Bind(none)
}

// tileSource is where a block's codes and inputs are.
type tileSource struct{ codes, inputs mem }

// inBlock is a block that is some further on, and inNext one of the next group.
func inBlock(n int) tileSource {
	return tileSource{panelPtr.By(rowStep, 1).Plus(panelBlock * n), inputPtr.By(inputsStep, 1).Plus(manyBlock * n)}
}

func inNext(n int) tileSource {
	return tileSource{groupPanel.By(rowStep, 1).Plus(panelBlock * n), CX.By(inputsStep, 1).Plus(manyBlock * n)}
}

// nextPair goes on by two blocks.
func (f fn) nextPair() {
	f.fetchNext()
	f.ADDQ(imm(2*panelBlock), panelPtr)
	f.ADDQ(imm(2*manyBlock), inputPtr)
	f.SUBQ(imm(2), tileLeft)
}

// tileProduct is what multiplies a block in one of the sets.
func (f fn) tileProduct(set T, at tileSource) []func() {
	set *= tileSet
	return []func(){
		func() { f.TILELOADD(at.codes, set+tileCodes) },
		func() { f.TILELOADD(at.inputs, set+tileInputs) },
		func() {
			f.TILEZERO(set + tileSums)
			f.TDPBSSD(set+tileCodes, set+tileInputs, set+tileSums)
		},
	}
}

// tileStore is what stores a block's integers.
func (f fn) tileStore(set T, block int) []func() {
	return []func(){func() {
		f.TILESTORED(set*tileSet+tileSums, integers.By(rowStep, 1).Plus(integersSize*(block%2)))
	}}
}

// steps writes instructions one after the other.
func (f fn) steps(list []func()) {
	for _, step := range list {
		step()
	}
}

// floatBlock adds the integers of a block to the sums, with other instructions between.
func (f fn) floatBlock(block int, offsets bool, between []func()) {
	f.VMOVUPS(panelPtr.At(panelBlock*block+panelScale), amxScale)
	if offsets {
		f.VMOVUPS(panelPtr.At(panelBlock*block+panelOffset), amxOffset)
	}
	for t := range manyVectors {
		if t%4 == 0 && t/4 < len(between) {
			between[t/4]()
		}
		product, factor := amxTemps+Z(t%6), amxFactors+Z(t%6)
		step := inputPtr.At(manyBlock*block + manySteps + 4*t)
		f.VCVTDQ2PS(integers.At(integersSize*block+64*t), product)
		f.VMULPS(step.Broadcast(), amxScale, factor)
		if offsets {
			f.VFNMADD231PS(step.Plus(manySums).Broadcast(), amxOffset, product)
		}
		f.VFMADD231PS(product, factor, amxSums+Z(t))
	}
}

// panelsAMX writes the kernels of groups of 16 vectors.
func panelsAMX(p file) {
	writeTileAMX(p, false)
	writeTileAMX(p, true)
}
