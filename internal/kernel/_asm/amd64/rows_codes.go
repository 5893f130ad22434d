package amd64

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// Rows of integer codes, whose blocks are whole groups of 16 columns. A weight is what
// the definition says: the code less the offset, times the scale, and where the mode
// says so rounded to a half.

// codeModes are the modes of all kernels, and gridModes more of those that make each
// weight of its code, which are spared two conversions there.
var (
	codeModes = []kind.Mode{kind.Plain, kind.Offset, kind.Any}
	gridModes = []kind.Mode{kind.Grid, kind.GridOffset}
)

// beginCodes starts a kernel of codes.
func (p file) beginCodes(set width, name string, c kind.Codes, more ...asm.Param) fours {
	k := fours{set: set, step: 16, bytes: 2 * c.Bits, scaled: true, blocks: true, offset: c.Mode.HasOffset()}
	doc := fmt.Sprintf("multiplies x by rows of %d-bit codes, a multiple of 4 of them, of blocks of a multiple of 16 columns; strides are in bytes.", c.Bits)
	k.fn = p.begin(name, doc, append(k.params(asm.Bytes, "scale"), more...)...)
	return k
}

// The registers of codes512: of four rows the tables or the scales, the offsets, and
// what brings codes and inputs together.
const (
	rowTables  = Z(8)
	rowOffsets = Z(12)
	allCodes   = Z(16)
	nibbleAt   = Z(17)
	nibbleX    = Z(18)
	laneX      = Z(19)

	gridExponent = Z(16)
	gridBias     = Z(17)
	gridTmp      = Z(7)
)

// codeRows512 writes the kernels. Those of 4 bits have the codes' values in an argument.
func codeRows512(p file) {
	nibbles := p.Choose(asm.ByKind, "mulRows4AVX512", "multiplies x by rows of 4-bit codes, whose values are in a table.")
	for _, mode := range codeModes {
		c := kind.Codes{Bits: 4, Signed: true, Mode: mode}
		k := p.beginCodes(W512, "rows"+c.NameWithoutSign()+"AVX512", c, asm.P("codes", asm.Floats))
		k.nibbles512(mode)
		nibbles.Add(c.Kind(), k.Signature)
	}
	bytes := p.Choose(asm.ByKind, "mulRows8AVX512", "multiplies x by rows of 8-bit codes.")
	kind.Each(8, slices.Concat(codeModes, gridModes), func(c kind.Codes) {
		k := p.beginCodes(W512, "rows"+c.Name()+"AVX512", c)
		k.bytes512(c)
		bytes.Add(c.Kind(), k.Signature)
	})
}

// nibbleSetup loads how 16 codes of 4 bits come apart. A shift of each 64 bits brings
// two of them to the ends of its halves, codes j and j+8: the inputs follow, and the
// lanes are brought back at the end of a chunk.
func (k fours) nibbleSetup() {
	var shifts, order, back [16]uint32
	for j := range 8 {
		shifts[2*j] = uint32(4 * j)
		order[2*j], order[2*j+1] = uint32(j), uint32(j+8)
		back[j], back[j+8] = uint32(2*j), uint32(2*j+1)
	}
	k.VMOVDQU64(k.words("nibbleShifts", shifts[:]...), nibbleAt)
	k.VMOVDQU64(k.words("nibbleInputs", order[:]...), nibbleX)
	k.VMOVDQU64(k.words("nibbleLanes", back[:]...), laneX)
}

// nibbleRound looks the 16 codes of each row up in its table.
func (k fours) nibbleRound() {
	const x = Z(4)
	k.VPERMPS(inputPtr.At(0), nibbleX, x)
	k.fetchAhead()
	for r := range 4 {
		q := Z(5 + r%2)
		k.VPBROADCASTQ(k.row(r, 0), q)
		k.VPSRLVQ(nibbleAt, q, q)
		k.VPERMPS(rowTables+Z(r), q, q)
		k.VFMADD231PS(q, x, Z(r))
	}
}

// nibbleEnd brings the lanes into their order.
func (k fours) nibbleEnd() {
	for r := range 4 {
		k.VPERMPS(Z(r), laneX, Z(r))
	}
}

// nibbles512 makes a table of all weights of a block.
func (k fours) nibbles512(mode kind.Mode) {
	k.load("codes", sumPtr)
	k.VMOVUPS(sumPtr.At(0), allCodes)
	k.nibbleSetup()
	k.block = func() {
		for r := range 4 {
			t, from := rowTables+Z(r), allCodes
			if mode.HasOffset() {
				k.VSUBPS(k.offsetOf(r).Broadcast(), allCodes, t)
				from = t
			}
			k.VMULPS(k.scale(r).Broadcast(), from, t)
			if mode == kind.Any {
				k.VCVTPS2PH(toNearest, t, Y(t))
				k.VCVTPH2PS(Y(t), t)
			}
		}
	}
	k.round, k.end = k.nibbleRound, k.nibbleEnd
	k.write("scale")
}

// bytes512 widens 16 codes of a row at a time.
func (k fours) bytes512(c kind.Codes) {
	if c.Mode.OnGrid() {
		k.VBROADCASTSS(k.words("exponent", 0x7F800000), gridExponent)
		k.VBROADCASTSS(k.float("roundBias", 12288), gridBias)
	}
	k.block = func() {
		for r := range 4 {
			k.VBROADCASTSS(k.scale(r), rowTables+Z(r))
			if k.offset {
				k.VBROADCASTSS(k.offsetOf(r), rowOffsets+Z(r))
			}
		}
	}
	k.round = func() {
		const x = Z(4)
		k.VMOVUPS(inputPtr.At(0), x)
		k.fetchAhead()
		for r := range 4 {
			q := Z(5 + r%2)
			k.widen(c.Signed, k.row(r, 0), q)
			k.VCVTDQ2PS(q, q)
			if k.offset {
				k.VSUBPS(rowOffsets+Z(r), q, q)
			}
			k.VMULPS(rowTables+Z(r), q, q)
			switch {
			case c.Mode == kind.Any:
				k.VCVTPS2PH(toNearest, q, Y(q))
				k.VCVTPH2PS(Y(q), q)
			case c.Mode.OnGrid():
				// As in grid.round.
				k.VPANDD(gridExponent, q, gridTmp)
				k.VFMADD231PS(gridBias, gridTmp, q)
				k.VFNMADD231PS(gridBias, gridTmp, q)
			}
			k.VFMADD231PS(q, x, Z(r))
		}
	}
	k.write("scale")
}

// widen makes integers of 32 bits of bytes.
func (k fours) widen(signed bool, from mem, to vec) {
	if signed {
		k.VPMOVSXBD(from, to)
	} else {
		k.VPMOVZXBD(from, to)
	}
}

// codeRows256 writes the kernels for AVX2, which makes each weight of its code: two
// permutations and a choice would find it in a table, which takes as long.
func codeRows256(p file) {
	for _, bits := range []int{4, 8} {
		rows := p.Choose(asm.ByKind, fmt.Sprintf("mulRows%dAVX2", bits), fmt.Sprintf("multiplies x by rows of %d-bit codes.", bits))
		kind.Each(bits, slices.Concat(codeModes, gridModes), func(c kind.Codes) {
			k := p.beginCodes(W256, "rows"+c.Name()+"AVX2", c)
			k.codes256(c)
			rows.Add(c.Kind(), k.Signature)
		})
	}
}

// codes256 takes 8 codes of a row at a time. Scales and offsets are loaded for each 16,
// and inputs for each row: registers are few, and loads are not.
func (k fours) codes256(c kind.Codes) {
	const scale, offset = Y(13), Y(12)
	d := decoder{kind.Codes{Bits: c.Bits, Signed: c.Signed, Mode: kind.Plain}, k.fn}
	d.setup()
	g := grid{scale, 8, 9}
	if c.Mode.OnGrid() {
		g.setup(k.fn)
	}
	k.block = func() {}
	k.round = func() {
		k.fetchAhead()
		for r := range 4 {
			k.VBROADCASTSS(k.scale(r), scale)
			if k.offset {
				k.VBROADCASTSS(k.offsetOf(r), offset)
			}
			for half := range 2 {
				const q, tmp = Y(10), Y(11)
				k.code256(c, k.row(r, c.Bits*half), q)
				if k.offset {
					k.VSUBPS(offset, q, q)
				}
				if c.Mode.OnGrid() {
					g.round(k.fn, q, tmp)
				} else {
					k.VMULPS(scale, q, q)
				}
				if c.Mode == kind.Any {
					k.VCVTPS2PH(toNearest, q, X(q))
					k.VCVTPH2PS(X(q), q)
				}
				k.VFMADD231PS(inputPtr.At(32*half), q, Y(2*r+half))
			}
		}
	}
	k.write("scale")
}

// code256 makes floats of 8 codes.
func (k fours) code256(c kind.Codes, from mem, q Y) {
	switch {
	case c.Bits == 8:
		k.widen(c.Signed, from, q)
	case c.Signed:
		k.VPBROADCASTD(from, q)
		k.VPSLLVD(codeShift, q, q)
		k.VPSRAD(28, q, q)
	default:
		k.VPBROADCASTD(from, q)
		k.VPSRLVD(codeShift, q, q)
		k.VPAND(codeMask, q, q)
	}
	k.VCVTDQ2PS(q, q)
}
