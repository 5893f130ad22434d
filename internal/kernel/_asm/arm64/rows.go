package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// Integer codes with block scales, as they lie. A block is vecs vectors of 8
// weights.

const (
	blockScale  = V(28)
	blockOffset = V(29)
)

// decoder decodes the codes of a block.
type decoder struct {
	fn
	kind.Codes
}

// name of a kernel: 4-bit codes have no sign, for their table does.
func (d decoder) name() string {
	if d.Bits == 4 {
		return d.NameWithoutSign()
	}
	return d.Name()
}

// table is the parameter by which 4-bit codes are looked up: as floats, of which each
// block makes its planes, or as planes.
func table(c kind.Codes) []asm.Param {
	switch {
	case c.Bits != 4:
		return nil
	case c.Mode == kind.Any:
		return []asm.Param{asm.P("codes", asm.Floats)}
	}
	return []asm.Param{asm.P("planes", asm.Bytes)}
}

// loadTable loads it.
func (d decoder) loadTable() {
	switch {
	case d.Bits != 4:
		return
	case d.Mode == kind.Any:
		d.load("codes", R13)
	default:
		d.load("planes", R13)
	}
}

// big is how many codes a group has.
func (d decoder) big() int {
	if d.Bits == 4 {
		return 32
	}
	return 16
}

// codeTable loads the codes as floats.
func (d decoder) codeTable() {
	d.LDP(16, 17, R13.At(0))
	d.LDP(18, 19, R13.At(32))
}

// blockPlanes makes the planes of fp16((code-offset)·scale) from the codes in V16 to
// V19.
func (d decoder) blockPlanes() {
	for i := range V(4) {
		d.FSUB((8 + i).S4(), (16 + i).S4(), blockOffset.S4())
	}
	for i := range V(4) {
		d.FMUL((8 + i).S4(), (8 + i).S4(), blockScale.S4())
	}
	d.toHalves(12, 8)
	d.toHalves(13, 10)
	d.UZP1(lowPlane.B16(), V(12).B16(), V(13).B16())
	d.UZP2(highPlane.B16(), V(12).B16(), V(13).B16())
	d.mask4()
}

// decode decodes n codes; only 8-bit ones need the offset or the rounding here.
func (d decoder) decode(n int) {
	if d.Bits == 4 {
		if d.Mode == kind.Any {
			d.planes(n, d.widenHalves)
		} else {
			d.planes(n, d.widenUpper)
		}
		return
	}
	d.bytes(n, d.Signed)
	if d.Mode.HasOffset() {
		d.eachDecoded(n/4, func(v V) { d.FSUB(v.S4(), v.S4(), blockOffset.S4()) })
	}
	if d.Mode == kind.Any {
		d.eachDecoded(n/4, func(v V) { d.FMUL(v.S4(), v.S4(), blockScale.S4()) })
		d.roundDecoded(n / 4)
	}
}

// The registers of a row: groups of codes that are left of it, of a chunk and of a
// block, how many of them a block has, and the sum of the chunks.
const (
	ofRow    = R8
	ofChunk  = R9
	ofBlock  = R10
	perBlock = R7
	ofRun    = R14
	rowSum   = V(4)
)

// chunkColumns are summed in 16 lanes, V0 to V3, before these are added.
const chunkColumns = 512

// chunks runs over the groups of a row, as many columns each: begin at the begin of a
// block, and group for each group. Row sums are in rowSum's first lane.
func (f fn) chunks(columns int, begin, group func()) {
	// The first chunk's sum is added to -0, which changes none.
	f.MOVI(rowSum.S4(), 0)
	f.FNEG(rowSum.S4(), rowSum.S4())
	chunk, whole := f.Here("chunk"), f.NewLabel("whole")
	f.MOVD(ofChunk, ofRow)
	f.CMP(ofChunk, chunkColumns/columns)
	f.BLT(whole)
	f.constant(ofChunk, chunkColumns/columns)
	f.Bind(whole)
	f.SUB(ofRow, ofRow, ofChunk)
	f.zero(vs(0, 4)...)
	if begin == nil {
		f.repeat("group", ofChunk, group)
	} else {
		f.runs(begin, group)
	}
	f.FADD(V(0).S4(), V(0).S4(), V(2).S4())
	f.FADD(V(1).S4(), V(1).S4(), V(3).S4())
	f.FADD(V(0).S4(), V(0).S4(), V(1).S4())
	// The upper half of 4 lanes meets the lower one, and of these one the other.
	f.ZIP2(V(1).D2(), V(0).D2(), V(0).D2())
	f.FADD(V(0).S4(), V(0).S4(), V(1).S4())
	f.FADDPScalar(S(0), V(0).S2())
	f.FADD(rowSum.S4(), rowSum.S4(), V(0).S4())
	f.CMP(ofRow, 0)
	f.BNE(chunk)
}

// runs cuts a chunk where blocks end.
func (f fn) runs(begin, group func()) {
	run, inside, short := f.Here("run"), f.NewLabel("inside"), f.NewLabel("short")
	f.CMP(ofBlock, 0)
	f.BNE(inside)
	f.MOVD(ofBlock, perBlock)
	begin()
	f.Bind(inside)
	f.MOVD(ofRun, ofBlock)
	f.compare(ofRun, ofChunk)
	f.BLT(short)
	f.MOVD(ofRun, ofChunk)
	f.Bind(short)
	f.SUB(ofBlock, ofBlock, ofRun)
	f.SUB(ofChunk, ofChunk, ofRun)
	f.repeat("group", ofRun, group)
	f.CMP(ofChunk, 0)
	f.BNE(run)
}

// writeRows writes the kernel of one vector by rows of codes: 32 of 4 bits or 16 of 8
// are a group, and a block has whole groups.
func writeRows(p file, c kind.Codes) {
	d := decoder{Codes: c}
	params := append([]asm.Param{asm.P("w", asm.Bytes)}, table(c)...)
	params = append(params, asm.P("scale", asm.Floats))
	if c.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	params = append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("groups", asm.Int), asm.P("each", asm.Int))
	d.fn = p.begin("rows"+d.name()+"NEON", fmt.Sprintf("multiplies x by rows of so many groups of %d-bit codes, each of them in a block.", c.Bits), params...)
	d.setup()
	d.repeat("row", R5, func() {
		d.MOVD(R1, R11)
		d.MOVD(ofRow, R6)
		d.MOVD(ofBlock, perBlock)
		d.beginBlock()
		d.chunks(d.big(), d.beginBlock, d.group)
		d.STR(S(rowSum), R4.Post(4))
	})
	d.RET()
}

// setup loads the arguments and what decodes codes: planes of floats, or the codes
// themselves where each block makes its own planes.
func (d decoder) setup() {
	d.load("w", R0)
	d.load("scale", R2)
	d.load("x", R11)
	d.load("dst", R4)
	d.load("rows", R5)
	d.load("groups", R6)
	d.load("each", perBlock)
	if d.Mode.HasOffset() {
		d.load("offset", R3)
	}
	d.loadTable()
	switch {
	case d.Bits == 8:
		d.setupBytes(d.Signed)
	case d.Mode == kind.Any:
		d.codeTable()
	default:
		d.LDP(Q(lowPlane), Q(highPlane), R13.At(0))
		d.MOVI(allZero.S4(), 0)
	}
}

// plainOffset is the offset of 4-bit codes, whose mask takes its register.
const plainOffset = V(19)

// beginBlock loads the scale and the offset.
func (d decoder) beginBlock() {
	d.LD1R(blockScale.S4(), R2.Post(4))
	if d.Mode.HasOffset() {
		d.LD1R(blockOffset.S4(), R3.Post(4))
	}
	switch {
	case d.Bits == 4 && d.Mode == kind.Any:
		d.blockPlanes()
	case d.Bits == 4:
		if d.Mode.HasOffset() {
			d.MOV(plainOffset, blockOffset)
		}
		d.mask4()
	}
}

// group multiplies a group, each weight as the definition has it.
func (d decoder) group() {
	n := d.big() / 4
	d.decode(d.big())
	if d.Mode != kind.Any {
		d.eachDecoded(n, func(v V) {
			if d.Bits == 4 && d.Mode.HasOffset() {
				d.FSUB(v.S4(), v.S4(), plainOffset.S4())
			}
			d.FMUL(v.S4(), v.S4(), blockScale.S4())
		})
	}
	d.multiplyDecoded(n, 0)
}

// writeUnpack takes offsets in every mode.
func writeUnpack(p file, c kind.Codes) {
	d := decoder{Codes: c}
	params := append([]asm.Param{dst32, asm.P("w", asm.Bytes)}, table(c)...)
	d.fn = p.begin("unpack"+d.name()+"NEON", fmt.Sprintf("decodes blocks of %d-bit codes, vecs vectors of 8 to a block.", c.Bits),
		append(params, asm.P("scale", asm.Floats), asm.P("offset", asm.Floats), asm.P("blocks", asm.Int), asm.P("vecs", asm.Int))...)
	rounds := c.Mode == kind.Any
	d.load("dst", R1)
	d.load("w", R0)
	d.load("scale", R2)
	d.load("offset", R3)
	d.load("blocks", R8)
	d.load("vecs", R7)
	d.loadTable()
	switch {
	case c.Bits == 8:
		d.setupBytes(c.Signed)
	case rounds:
		d.codeTable()
	default:
		d.LDP(Q(lowPlane), Q(highPlane), R13.At(0))
		d.MOVI(allZero.S4(), 0)
	}
	if !rounds {
		d.Mode = kind.Offset
	}
	d.repeat("block", R8, func() { d.unpackBlock(rounds) })
	d.RET()
}

// unpackBlock decodes a block. The mask of nibbles takes the offset's register.
func (d decoder) unpackBlock(rounds bool) {
	const offset = V(19)
	d.MOVD(R9, R7)
	d.LD1R(blockScale.S4(), R2.Post(4))
	d.LD1R(blockOffset.S4(), R3.Post(4))
	switch {
	case d.Bits == 4 && rounds:
		d.blockPlanes()
	case d.Bits == 4:
		d.MOV(offset, blockOffset)
		d.mask4()
	}
	d.inGroups(d.big(), func(n int) {
		d.decode(n)
		if !rounds {
			d.eachDecoded(n/4, func(v V) {
				if d.Bits == 4 {
					d.FSUB(v.S4(), v.S4(), offset.S4())
				}
				d.FMUL(v.S4(), v.S4(), blockScale.S4())
			})
		}
		d.storeDecoded(n / 4)
	})
}

// codesAsTheyLie writes the kernels. 4-bit codes have one for both signs: which
// code stands for what is in the table.
func codesAsTheyLie(p file) {
	for _, mode := range []kind.Mode{kind.Plain, kind.Offset, kind.Any} {
		writeRows(p, kind.Codes{Bits: 4, Mode: mode})
		writeRows(p, kind.Codes{Bits: 8, Signed: true, Mode: mode})
		writeRows(p, kind.Codes{Bits: 8, Mode: mode})
	}
	for _, mode := range []kind.Mode{kind.Plain, kind.Any} {
		writeUnpack(p, kind.Codes{Bits: 4, Mode: mode})
		writeUnpack(p, kind.Codes{Bits: 8, Signed: true, Mode: mode})
		writeUnpack(p, kind.Codes{Bits: 8, Mode: mode})
	}
}
