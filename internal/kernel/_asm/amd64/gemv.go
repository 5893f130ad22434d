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

// gemv keeps its sums in Y0 and Y1, or in Y0 to Y3 where weights are scaled one by
// one; where sums are, those of a block are in Y2 to Y5.
type gemv struct {
	decoder
	late bool
}

// writeGemv writes a kernel. The order of sums is that of the definition: of 4
// vectors the j-th goes to sum j, and single vectors behind them to the first sum;
// what is late adds a block's sums in pairs, times its scale.
func writeGemv(p file, c kind.Codes) asm.Signature {
	name := "gemv" + c.Name() + "AVX2"
	f := p.beginRows(name, fmt.Sprintf("multiplies x by rows of %d-bit codes that follow one another.", c.Bits), c.Mode)
	g := gemv{decoder{c, f}, c.Mode.ScalesSum()}
	g.setup()
	row, block, sum := f.NewLabel("row"), f.NewLabel("block"), f.NewLabel("sum")
	f.Bind(row)
	f.MOVQ(f.arg("x"), inputPtr)
	f.MOVQ(blocks, blockLeft)
	if g.late {
		f.zero(ys(0, 2)...)
	} else {
		f.zero(ys(0, 4)...)
	}
	if !g.table() {
		g.blocksOf32(block, sum)
	}
	f.Bind(block)
	g.anyBlock()
	f.nextBlocks(1, c.Mode)
	f.DECQ(blockLeft)
	f.JNZ(block)
	f.Bind(sum)
	if !g.late {
		f.VADDPS(Y(2), Y(0), Y(0))
		f.VADDPS(Y(3), Y(1), Y(1))
	}
	f.VADDPS(Y(1), Y(0), Y(0))
	f.endRow(row)
	f.end()
	return f.Signature
}

// four multiplies 32 weights, which lie at an offset, into 4 sums: with fewer,
// latency would be the limit. The first of a block start the sums.
func (g gemv) four(offset int, first bool) {
	f, sum := g.f, Y(0)
	for j := range 4 {
		q := Y(4 + 2*(j%3))
		if g.late {
			q, sum = Y(6+j), 2
		}
		r := g.weights(offset+g.bytes()*j, q)
		x := inputPtr.At(offset/g.bytes()*32 + 32*j)
		if first {
			f.VMULPS(x, r, sum+Y(j))
		} else {
			f.VFMADD231PS(x, r, sum+Y(j))
		}
	}
}

// scaleSum adds the sum of a block to the row's.
func (g gemv) scaleSum() {
	g.f.VADDPS(Y(3), Y(2), Y(2))
	g.f.VADDPS(Y(5), Y(4), Y(4))
	g.f.VFMADD231PS(Y(2), blockScale, Y(0))
	g.f.VFMADD231PS(Y(4), blockScale, Y(1))
}

// block32 multiplies a whole block of 32 at index i of an unrolled pair.
func (g gemv) block32(i int) {
	f := g.f
	f.VBROADCASTSS(scalePtr.At(4*i), blockScale)
	if g.Mode.HasOffset() {
		f.VBROADCASTSS(offsetPtr.At(4*i), blockOff)
	}
	g.four(4*g.bytes()*i, g.late)
	if g.late {
		g.scaleSum()
	}
}

// blocksOf32 multiplies a row of blocks of 32, the common length, two at a time.
// Other rows go on at other, this one at sum.
func (g gemv) blocksOf32(other, sum asm.Label) {
	f := g.f
	pair, odd := f.NewLabel("pair"), f.NewLabel("odd")
	f.CMPQ(vecs, imm(4))
	f.JNE(other)
	f.SUBQ(imm(2), blockLeft)
	f.JLT(odd)
	f.Bind(pair)
	f.PREFETCHT0(codesPtr.At(4096))
	if g.Bits == 8 {
		f.PREFETCHT0(codesPtr.At(4160))
	}
	g.block32(0)
	g.block32(1)
	f.nextBlocks(2, g.Mode)
	f.ADDQ(imm(8*g.bytes()), codesPtr)
	f.ADDQ(imm(256), inputPtr)
	f.SUBQ(imm(2), blockLeft)
	f.JGE(pair)
	f.Bind(odd)
	f.ADDQ(imm(2), blockLeft)
	f.JZ(sum)
	g.block32(0)
	f.nextBlocks(1, g.Mode)
	f.ADDQ(imm(4*g.bytes()), codesPtr)
	f.JMP(sum)
}

// anyBlock multiplies a block of any length: 4 vectors at a time, then one by one.
func (g gemv) anyBlock() {
	f := g.f
	g.block()
	sum := Y(0)
	if g.late {
		sum = 2
		f.zero(ys(2, 4)...)
	}
	f.fours(true, g.bytes(), inputPtr, func() { g.four(0, false) }, func() {
		f.VFMADD231PS(inputPtr.At(0), g.weights(0, 6), sum)
	})
	if g.late {
		g.scaleSum()
	}
}

// fours runs through the vectors of a block: four for 4 of them, then one.
func (f fn) fours(ahead bool, size int, floats reg, four, one func()) {
	body, rest, single, done := f.NewLabel("four"), f.NewLabel("rest"), f.NewLabel("one"), f.NewLabel("done")
	// Blocks of fewer than 4 vectors, and what is left of others, go one by one.
	f.MOVQ(vecs, vecLeft)
	f.SUBQ(imm(4), vecLeft)
	f.JLT(rest)
	f.Bind(body)
	if ahead {
		f.PREFETCHT0(codesPtr.At(4096))
	}
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
// which would decode each weight as many times. The bits of a weight are those that
// gemv multiplies with.
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
		f.fours(false, d.bytes(), DI, func() {
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

// codesAsTheyLie writes the kernels for any length of a block, and for the modes
// that only they have. stream takes the place of these where inputs are worth
// preparing.
func codesAsTheyLie(p file) {
	modes := []kind.Mode{kind.Plain, kind.Offset, kind.Any, kind.Grid, kind.GridOffset}
	gemv := p.Choose(asm.ByKind, "gemvAVX2", "multiplies x by rows of codes that follow one another.")
	unpack := p.Choose(asm.ByKind, "unpackAVX2", "decodes blocks of codes.")
	for _, bits := range []int{4, 8} {
		kind.Each(bits, modes, func(c kind.Codes) {
			gemv.Add(c.Kind(), writeGemv(p, c))
			unpack.Add(c.Kind(), writeUnpack(p, c))
		})
	}
}
