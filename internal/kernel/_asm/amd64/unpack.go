package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// Integer codes with block scales, as they lie. A block is vecs vectors of 8
// weights. Natural order is kept: a broadcast puts 8 nibbles in every lane and a
// variable shift brings nibble i to lane i.

// The registers of a decoder's constants.
const (
	codeShift  = Y(15) // what brings nibble i to the end of lane i
	codeMask   = Y(14) // for unsigned nibbles
	tableLow   = Y(14) // codes 0 to 7, as floats
	tableHigh  = Y(13) // the other half of the codes
	roundBias  = Y(13)
	blockScale = Y(12)
	blockLow   = Y(12) // the table of a block's rounded weights
	blockOff   = Y(11)
	blockHigh  = Y(11)
	exponent   = Y(10)
)

// decoder brings codes to vectors of 8 floats.
type decoder struct {
	kind.Codes
	f fn
}

// table reports whether weights are looked up in a table that every block makes.
func (d decoder) table() bool { return d.Bits == 4 && d.Mode == kind.Any }

// bytes is what 8 codes take.
func (d decoder) bytes() int { return d.Bits }

func (d decoder) grid() grid { return grid{blockScale, exponent, roundBias} }

// setup loads the constants.
func (d decoder) setup() {
	f := d.f
	if d.Mode.OnGrid() {
		d.grid().setup(f)
	}
	switch {
	case d.Bits == 8:
	case d.Mode == kind.Any:
		f.VMOVDQU(f.shiftRight(), codeShift)
		name, first := "codes8", 8
		if d.Signed {
			name, first = "codesNeg", -8
		}
		f.VMOVUPS(f.words("codes0", countFrom(0)...), tableLow)
		f.VMOVUPS(f.words(name, countFrom(first)...), tableHigh)
	case d.Signed:
		f.VMOVDQU(f.words("shiftLeft", asm.Tabulate(8, func(i int) uint32 { return uint32(28 - 4*i) })...), codeShift)
	default:
		f.VMOVDQU(f.shiftRight(), codeShift)
		f.VMOVDQU(f.nibble(), codeMask)
	}
}

// shiftRight brings nibble i of a lane to the bottom of lane i.
func (f fn) shiftRight() mem {
	return f.words("shiftRight", asm.Tabulate(8, func(i int) uint32 { return uint32(4 * i) })...)
}

func (f fn) nibble() mem { return f.words("nibble", asm.Repeat(8, 15)...) }

// countFrom returns 8 floats that follow one another.
func countFrom(first int) []uint32 {
	return asm.Tabulate(8, func(i int) uint32 { return asm.FloatWord(float64(first + i)) })
}

// block loads the scale and the offset of a block, or makes its table of them.
func (d decoder) block() {
	f := d.f
	f.VBROADCASTSS(scalePtr.At(0), blockScale)
	if d.Mode.HasOffset() {
		f.VBROADCASTSS(offsetPtr.At(0), blockOff)
	}
	if !d.table() {
		return
	}
	f.VSUBPS(blockOff, tableHigh, Y(10))
	f.VSUBPS(blockOff, tableLow, Y(11))
	f.VMULPS(blockScale, Y(10), Y(10))
	f.VMULPS(blockScale, Y(11), Y(12))
	f.VCVTPS2PH(toNearest, Y(10), X(blockHigh))
	f.VCVTPS2PH(toNearest, Y(12), X(blockLow))
	f.VCVTPH2PS(X(blockHigh), blockHigh)
	f.VCVTPH2PS(X(blockLow), blockLow)
}

// weights decodes 8 codes at an offset and returns the register, which is q or the
// next one; they are unscaled where the sum is scaled.
func (d decoder) weights(offset int, q Y) Y {
	if d.Bits == 8 {
		return d.bytesToFloats(offset, q)
	}
	f := d.f
	f.VPBROADCASTD(codesPtr.At(offset), q)
	switch {
	case d.Mode == kind.Any:
		f.VPSRLVD(codeShift, q, q)
		f.lookup16(q, q+1, blockLow, blockHigh)
		return q + 1
	case d.Signed:
		f.VPSLLVD(codeShift, q, q)
		f.VPSRAD(28, q, q)
	default:
		f.VPSRLVD(codeShift, q, q)
		f.VPAND(codeMask, q, q)
	}
	f.VCVTDQ2PS(q, q)
	d.lessOffset(q)
	return q
}

// bytesToFloats widens 8 codes of 8 bits. Where weights are rounded to halves, each
// goes through a half and back.
func (d decoder) bytesToFloats(offset int, q Y) Y {
	f := d.f
	if d.Signed {
		f.VPMOVSXBD(codesPtr.At(offset), q)
	} else {
		f.VPMOVZXBD(codesPtr.At(offset), q)
	}
	f.VCVTDQ2PS(q, q)
	d.lessOffset(q)
	if d.Mode == kind.Any {
		f.VMULPS(blockScale, q, q)
		f.VCVTPS2PH(toNearest, q, X(q))
		f.VCVTPH2PS(X(q), q)
	}
	return q
}

// lessOffset takes the offset off and rounds on the grid, where the mode does.
func (d decoder) lessOffset(q Y) {
	if d.Mode.HasOffset() {
		d.f.VSUBPS(blockOff, q, q)
	}
	if d.Mode.OnGrid() {
		d.grid().round(d.f, q, q+1)
	}
}

// fours runs through the vectors of a block: four for 4 of them, then one.
func (f fn) fours(size int, floats reg, four, one func()) {
	body, rest, single, done := f.NewLabel("four"), f.NewLabel("rest"), f.NewLabel("one"), f.NewLabel("done")
	// Blocks of fewer than 4 vectors, and what is left of others, go one by one.
	f.MOVQ(vecs, vecLeft)
	f.SUBQ(imm(4), vecLeft)
	f.JLT(rest)
	f.Bind(body)
	four()
	f.ADDQ(imm(4*size), codesPtr)
	f.ADDQ(imm(128), floats)
	f.SUBQ(imm(4), vecLeft)
	f.JGE(body)
	f.Bind(rest)
	f.ADDQ(imm(4), vecLeft)
	f.JZ(done)
	f.Bind(single)
	one()
	f.ADDQ(imm(size), codesPtr)
	f.ADDQ(imm(32), floats)
	f.DECQ(vecLeft)
	f.JNZ(single)
	f.Bind(done)
}

// writeUnpack writes the decoder of whole blocks, for products of many vectors,
// which would decode each weight as many times.
func writeUnpack(p file, c kind.Codes) asm.Signature {
	params := []asm.Param{dst32, asm.P("w", asm.Bytes), asm.P("scale", asm.Floats)}
	if c.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	params = append(params, asm.P("blocks", asm.Int), asm.P("vecs", asm.Int))
	f := p.begin("unpack"+c.Name()+"AVX2", fmt.Sprintf("decodes blocks of %d-bit codes.", c.Bits), params...)
	f.load("dst", DI)
	f.load("w", codesPtr)
	f.load("scale", scalePtr)
	f.load("blocks", blocks)
	f.load("vecs", vecs)
	if c.Mode.HasOffset() {
		f.load("offset", offsetPtr)
	}
	d := decoder{c, f}
	d.setup()
	f.repeat("block", blocks, func() {
		d.block()
		f.fours(d.bytes(), DI, func() {
			for j := range 4 {
				q := Y(2 * j)
				if d.table() {
					// A lookup takes a third register.
					q = Y(3 * (j % 3))
				}
				d.store(j, d.weights(d.bytes()*j, q))
			}
		}, func() { d.store(0, d.weights(0, 0)) })
		f.nextBlocks(1, c.Mode)
	})
	f.end()
	return f.Signature
}

// store stores the weights of vector j from DI on.
func (d decoder) store(j int, r Y) {
	if d.Mode.ScalesSum() {
		d.f.VMULPS(blockScale, r, r)
	}
	d.f.VMOVUPS(r, DI.At(32*j))
}

// unpackModes are the modes of the decoders.
var unpackModes = []kind.Mode{kind.Plain, kind.Offset, kind.Any, kind.Grid, kind.GridOffset}

// unpacks writes the decoders for any length of a block that is a multiple of 8.
func unpacks(p file) {
	unpack := p.Choose(asm.ByKind, "unpackAVX2", "decodes blocks of codes.")
	for _, bits := range []int{4, 8} {
		kind.Each(bits, unpackModes, func(c kind.Codes) { unpack.Add(c.Kind(), writeUnpack(p, c)) })
	}
}
