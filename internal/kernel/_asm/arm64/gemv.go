package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// Integer codes with block scales, as they lie. A block is vecs vectors of 8
// weights. Where a block's sum is scaled, 4-bit codes with an offset take it times
// the sum of the block's inputs off.

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

// gemv sums a row in V0 to V3, or in V0 where a block's sum, in V4 to V7, is scaled.
type gemv struct {
	decoder
	late bool
}

// offsetSums reports whether the offset meets the sum of a block's inputs.
func (g gemv) offsetSums() bool { return g.Bits == 4 && g.Mode == kind.Offset }

// writeGemv writes a kernel. Its order of sums is that of the definition: of 4
// vectors of 8 the parts go to 4 sums in turns, and what is late adds a block's
// sums in pairs, times its scale.
func writeGemv(p file, c kind.Codes) {
	g := gemv{decoder{Codes: c}, c.Mode.ScalesSum()}
	params := append([]asm.Param{asm.P("w", asm.Bytes)}, table(c)...)
	params = append(params, asm.P("scale", asm.Floats))
	doc := ""
	if c.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	if g.offsetSums() {
		params = append(params, asm.P("sums", asm.Floats))
		doc = " sums are those of x over the blocks."
	}
	params = append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int), asm.P("vecs", asm.Int))
	g.fn = p.begin("gemv"+g.name()+"NEON", fmt.Sprintf("multiplies x by rows of %d-bit codes, vecs vectors of 8 to a block.%s", c.Bits, doc), params...)
	g.setup()
	row := g.Here("row")
	g.MOVD(R1, R11)
	g.MOVD(R8, R6)
	if g.offsetSums() {
		g.MOVD(R10, R12)
	}
	g.zero(vs(0, 4)...)
	g.repeat("block", R8, g.block)
	if g.late {
		g.sumTo(0, 1)
	} else {
		g.sumTo(0, 4)
	}
	g.STR(S(0), R4.Post(4))
	g.SUBS(R5, 1)
	g.BNE(row)
	g.RET()
}

// setup loads the arguments and what decodes codes: planes of floats, or the codes
// themselves where each block makes its own planes.
func (g gemv) setup() {
	g.load("w", R0)
	g.load("scale", R2)
	g.load("x", R11)
	g.load("dst", R4)
	g.load("rows", R5)
	g.load("blocks", R6)
	g.load("vecs", R7)
	if g.Mode.HasOffset() {
		g.load("offset", R3)
	}
	if g.offsetSums() {
		g.load("sums", R12)
	}
	g.loadTable()
	switch {
	case g.Bits == 8:
		g.setupBytes(g.Signed)
	case g.Mode == kind.Any:
		g.codeTable()
	default:
		g.LDP(Q(lowPlane), Q(highPlane), R13.At(0))
		g.mask4()
		g.MOVI(allZero.S4(), 0)
	}
}

// block multiplies a block.
func (g gemv) block() {
	const offset, inputs = V(18), V(19)
	g.MOVD(R9, R7)
	g.LD1R(blockScale.S4(), R2.Post(4))
	switch {
	case g.offsetSums():
		g.LDR(S(offset), R3.Post(4))
		g.LDR(S(inputs), R10.Post(4))
	case g.Mode.HasOffset():
		g.LD1R(blockOffset.S4(), R3.Post(4))
	}
	if g.Bits == 4 && g.Mode == kind.Any {
		g.blockPlanes()
	}
	if !g.late {
		g.inGroups(g.big(), func(n int, _ bool) {
			g.decode(n)
			g.multiplyDecoded(n/4, 0, false)
		}, nil)
		return
	}
	g.inGroups(g.big(), func(n int, first bool) {
		g.decode(n)
		g.multiplyDecoded(n/4, 4, first)
	}, func() { g.zero(vs(4, 4)...) })
	g.FADD(V(4).S4(), V(4).S4(), V(5).S4())
	g.FADD(V(6).S4(), V(6).S4(), V(7).S4())
	g.FADD(V(4).S4(), V(4).S4(), V(6).S4())
	if g.offsetSums() {
		g.FMLS(V(4).S4(), offset.S4(), inputs.S4())
	}
	g.FMLA(V(0).S4(), V(4).S4(), blockScale.S4())
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
	d.inGroups(d.big(), func(n int, _ bool) {
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
	}, nil)
}

// codesAsTheyLie writes the kernels. 4-bit codes have one for both signs: which
// code stands for what is in the table.
func codesAsTheyLie(p file) {
	for _, mode := range []kind.Mode{kind.Plain, kind.Offset, kind.Any} {
		writeGemv(p, kind.Codes{Bits: 4, Mode: mode})
		writeGemv(p, kind.Codes{Bits: 8, Signed: true, Mode: mode})
		writeGemv(p, kind.Codes{Bits: 8, Mode: mode})
	}
	for _, mode := range []kind.Mode{kind.Plain, kind.Any} {
		writeUnpack(p, kind.Codes{Bits: 4, Mode: mode})
		writeUnpack(p, kind.Codes{Bits: 8, Signed: true, Mode: mode})
		writeUnpack(p, kind.Codes{Bits: 8, Mode: mode})
	}
}
