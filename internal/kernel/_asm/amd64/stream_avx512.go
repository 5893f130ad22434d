package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// stream512 leaves codes where they lie.
type stream512 struct{ wide }

// The registers of the constants: the masks of codes 0 to 6, and on.
const (
	wideMasks = 16
	wideFlip  = 23
	wideLanes = 24
	wideEight = 25
)

// multiply sums the products of codes and inputs, less the offsets, into register 2.
func (k stream512) multiply(w width) {
	codes, sum := w.reg(8), w.reg(2)
	k.loadCodes(codes)
	if k.Signed {
		k.VPXORD(w.reg(wideFlip), codes, codes)
	}
	if k.Signed || k.Mode.HasOffset() {
		k.zero(zs(3, 3)...)
		k.loadHalves(w, 256, 2)
	} else {
		k.zero(zs(2, 4)...)
	}
	if k.Mode.HasOffset() {
		k.VMULPS(w.reg(wideOffset), sum, sum)
	}
	for j := range 8 {
		q, x := w.reg(6+j%2), 12+j%2
		if j < 7 {
			k.VPANDD(w.reg(wideMasks+j), codes, q)
		} else {
			// In place it would be a sign.
			k.VPSRLD(28, codes, q)
		}
		k.VCVTDQ2PS(q, q)
		k.loadHalves(w, 32*j, x)
		k.VFMADD231PS(w.reg(x), q, w.reg(2+j%4))
	}
	k.VADDPS(w.reg(3), sum, sum)
	k.VADDPS(w.reg(5), w.reg(4), w.reg(4))
	k.VADDPS(w.reg(4), sum, sum)
}

// add adds products times scales to the row's sums.
func (k stream512) add(w width) {
	if w == W512 {
		k.VFMADD231PS(Z(2), Z(wideScale), Z(wideSum))
	} else {
		k.VFMADD231PS(Y(2), Y(wideScale), Y(halfSum))
	}
}

// writeStream512 writes a kernel. With 32 registers the masks of all nibbles stay
// in registers, which is what AVX-512 gains here beside its width.
func writeStream512(p file, c kind.Codes, pairs pairing) asm.Signature {
	name := fmt.Sprintf("stream%s%vAVX512", c.Letters(), pairs)
	f := p.beginRows(name, "multiplies prepared x by rows of 4-bit codes, vecs vectors of 64 to a block.", c.Mode, fetchParam)
	f.load(fetchParam.Name, fetchWay)
	k := stream512{wide{fn: f, Codes: c, pairing: pairs, lanes: wideLanes, eight: wideEight, groupSize: preparedGroup}}
	k.products = k.multiply
	for j := range 7 {
		f.VPBROADCASTD(f.words(fmt.Sprintf("nibble%d", j), 15<<(4*j)), Z(wideMasks+j))
	}
	f.VPBROADCASTD(f.words("allEights", 0x88888888), Z(wideFlip))
	f.VBROADCASTSS(f.float("eight", 8), Z(wideEight))
	if pairs == pair {
		f.VMOVDQU64(f.blockLanes(), Z(wideLanes))
	}
	k.rows(k.add, func() { k.VADDPS(Z(2), Z(1), Z(1)) })
	return f.Signature
}

// streams512 writes the kernels of the modes in which a block's sum is scaled;
// those that round each weight have no kernel here, and their callers are told so.
func streams512(p file) {
	choices := p.byPairing("stream", "AVX512", "multiplies prepared x by rows of 4-bit codes, or reports false where codes are rounded.",
		[]kind.Mode{kind.Plain, kind.Offset}, writeStream512)
	for _, c := range choices {
		c.Partial()
	}
}

// prepareLUT4512 orders inputs as prepare64 does, without factors and sums.
func prepareLUT4512(p file) {
	f := p.begin("prepareLUT4AVX512", "stores x[64g+8l+j] at dst[64g+8j+l].", dst32, vecX, asm.P("groups", asm.Int))
	f.load("dst", DI)
	f.load("x", SI)
	f.load("groups", CX)
	f.repeat("loop", CX, func() {
		f.transpose8(func(h int) {
			for i := range 4 {
				f.VMOVUPS(Y(i), DI.At(128*h+32*i))
			}
		})
		f.ADDQ(imm(256), SI)
		f.ADDQ(imm(256), DI)
	})
	f.end()
}

// lut512 is a kernel of 4-bit palettes: a permutation looks up 16 indices at once,
// each in the low bits of a lane. Lane l holds the indices 8l to 8l+7 of a group.
type lut512 struct{ fn }

const (
	lutTable   = Z(15)
	lutIndices = Z(8)
	lutHalf    = K(1) // the lower half of the lanes
)

// dotLUT4512 writes the kernel: VPERMPS of 512 bits holds all 16 entries, so that
// no bytes have to be taken apart as AVX2 does.
func dotLUT4512(p file) {
	l := lut512{p.begin("dotLUT4AVX512", "multiplies x, as prepareLUT4AVX512 leaves it, by rows of 4-bit indices into a table of 16 floats.",
		asm.P("w", asm.Bytes), asm.P("table", asm.Bytes), vecX, dst32, asm.P("rows", asm.Int), asm.P("groups", asm.Int), fetchParam)}
	l.loadRowsOfIndices()
	l.load(fetchParam.Name, fetchWay)
	l.VMOVUPS(tablePtr.At(0), lutTable)
	l.MOVQ(imm(0xff), AX)
	l.KMOVW(AX, lutHalf)
	odd, end := l.NewLabel("odd"), l.NewLabel("end")
	row := l.Here("row")
	l.MOVQ(l.arg("x"), inputPtr)
	l.MOVQ(groups, leftOver)
	l.zero(zs(0, 4)...)
	l.SHRQ(imm(1), leftOver)
	l.JZ(odd)
	l.repeat("whole", leftOver, l.twoGroups)
	l.Bind(odd)
	l.TESTQ(imm(1), groups)
	l.JZ(end)
	l.oneGroup()
	l.Bind(end)
	l.VADDPS(Z(1), Z(0), Z(0))
	l.VADDPS(Z(3), Z(2), Z(2))
	l.VADDPS(Z(2), Z(0), Z(0))
	l.sumTo512(dstPtr.At(0), 0, 1)
	l.nextRow(row)
	l.end()
}

// entries looks up the j-th indices of all lanes and returns the register.
func (l lut512) entries(j int, under func(Z) vec) Z {
	q, from := Z(4+j%2), lutIndices
	if j > 0 {
		l.VPSRLD(4*j, lutIndices, q)
		from = q
	}
	l.VPERMPS(lutTable, from, under(q))
	return q
}

// twoGroups multiplies 128 indices; the lower half of the lanes has the first
// group. Four sums take the products in turns.
func (l lut512) twoGroups() {
	l.VMOVDQU64(codesPtr.At(0), lutIndices)
	l.fetch(1, codesAhead)
	for j := range 8 {
		q, x := l.entries(j, func(z Z) vec { return z }), Z(6+j%2)
		l.pair(inputPtr.At(32*j), 256, x)
		l.VFMADD231PS(x, q, Z(j%4))
	}
	l.ADDQ(imm(64), codesPtr)
	l.ADDQ(imm(512), inputPtr)
}

// oneGroup clears lanes past the group: they look up an entry too, which may be
// infinite.
func (l lut512) oneGroup() {
	l.VMOVDQU(codesPtr.At(0), Y(lutIndices))
	for j := range 8 {
		q, x := l.entries(j, func(z Z) vec { return z.Zeroed(lutHalf) }), Z(6+j%2)
		l.VMOVUPS(inputPtr.At(32*j), Y(x))
		l.VFMADD231PS(x, q, Z(j%4))
	}
	l.ADDQ(imm(32), codesPtr)
	l.ADDQ(imm(256), inputPtr)
}

// palettes512 writes the kernels of palettes of 4 bits, the width that 16 lanes of
// 32 bits look up at once.
func palettes512(p file) {
	prepareLUT4512(p)
	dotLUT4512(p)
}
