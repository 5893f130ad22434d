package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// tile multiplies 4 rows, one to a lane, by some vectors: V0 and following are the
// sums. Rows are taken apart while they are read, so that a register has 4 columns
// of every row: V16 to V19 the even ones of a group, V20 to V23 the odd ones.
type tile struct {
	quantised
	vectors                int
	codes, scales, offsets []R
}

// The registers of tile: the scales and offsets of a block, one to a row.
const (
	rowScales  = V(29)
	rowOffsets = V(30)
)

// tileGroup is what a group of a vector takes in bytes: its bytes, a step and a sum.
const tileGroup = 40

// writeTile writes a kernel: rows are read once for all vectors of the tile, and
// taken apart once a group.
func writeTile(p file, q quantised, vectors int) asm.Signature {
	t := beginTile(p, q, vectors, q.Mode.HasOffset(),
		fmt.Sprintf("multiplies a tile of %d quantised vectors by 4 rows of 4-bit codes, groups groups of 32 to a block.", vectors))
	t.repeat("block", blockLeft, func() {
		t.MOVD(groupLeft, R19)
		t.rowFactors()
		t.repeat("group", groupLeft, func() {
			t.takeApart()
			for i := range vectors {
				t.vector(i)
			}
			t.step(R1, tileGroup*vectors)
		})
	})
	return t.finish()
}

// beginTile starts a kernel.
func beginTile(p file, q quantised, vectors int, offsets bool, doc string) tile {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("wstep", asm.Int), asm.P("scale", asm.Floats)}
	if offsets {
		params = append(params, asm.P("offset", asm.Floats))
	}
	params = append(params, asm.P("sstep", asm.Int), vecX, dst32, asm.P("ldd", asm.Int), asm.P("blocks", asm.Int), asm.P("groups", asm.Int))
	q.fn = p.begin(q.name(fmt.Sprintf("tile%dx", vectors)), doc+" Steps from row to row and from result to result are in bytes.", params...)
	t := tile{q, vectors, []R{R0, R6, R7, R8}, []R{R2, R9, R10, R11}, []R{R3, R12, R13, R14}}
	t.setup()
	t.zero(vs(0, vectors)...)
	return t
}

// rowFactors loads the scales and offsets of a block.
func (t tile) rowFactors() {
	for i := range 4 {
		t.LD1(rowScales.S(i), t.scales[i].Post(4))
		if t.Has("offset") {
			t.LD1(rowOffsets.S(i), t.offsets[i].Post(4))
		}
	}
}

// finish stores the sums.
func (t tile) finish() asm.Signature {
	for i := range t.vectors {
		t.STR(Q(i), R4.At(0))
		t.ADD(R4, R4, R5)
	}
	t.RET()
	return t.Signature
}

// setup loads the arguments and makes the addresses of the 4 rows.
func (t tile) setup() {
	const codeStep, scaleStep = R15, R20
	t.load("w", R0)
	t.load("wstep", codeStep)
	t.load("scale", R2)
	t.load("sstep", scaleStep)
	t.load("x", R1)
	t.load("dst", R4)
	t.load("ldd", R5)
	t.load("blocks", blockLeft)
	t.load("groups", R19)
	if t.Has("offset") {
		t.load("offset", R3)
	}
	for i := 1; i < 4; i++ {
		t.ADD(t.codes[i], t.codes[i-1], codeStep)
		t.ADD(t.scales[i], t.scales[i-1], scaleStep)
		if t.Has("offset") {
			t.ADD(t.offsets[i], t.offsets[i-1], scaleStep)
		}
	}
	t.quantised.mask()
}

// takeApart loads a group of 4 rows.
func (t tile) takeApart() {
	if t.Bits == 4 {
		for i := range 4 {
			t.LDR(Q(12+i), t.codes[i].Post(16))
		}
		t.exchange(12, 16)
		for i := range V(4) {
			t.split(12+i, 16+i, 20+i)
		}
		return
	}
	// These registers are scratch between two vectors; there are no others left.
	for i, r := range [][2]V{{12, 13}, {14, 15}, {24, 25}, {27, 28}} {
		t.LDP(Q(r[0]), Q(r[1]), t.codes[i].Post(32))
		t.splitBytes(r[0], r[1], V(16+i), V(20+i))
	}
	t.exchange(16, 12)
	t.exchange(20, 12)
}

// exchange transposes 4 words of 4 rows, in v and following; those from tmp on are
// overwritten.
func (t tile) exchange(v, tmp V) {
	for i := V(0); i < 4; i += 2 {
		t.TRN1((tmp + i).S4(), (v + i).S4(), (v + i + 1).S4())
		t.TRN2((tmp + i + 1).S4(), (v + i).S4(), (v + i + 1).S4())
	}
	for i := range V(2) {
		t.TRN1((v + i).D2(), (tmp + i).D2(), (tmp + i + 2).D2())
	}
	for i := range V(2) {
		t.TRN2((v + i + 2).D2(), (tmp + i).D2(), (tmp + i + 2).D2())
	}
}

// vector multiplies a group of vector i: its integers are exact, so only the offset and
// the sum round. V9 to V11 serve multiply, so pairs of sums alternate between the rest.
func (t tile) vector(i int) {
	const even, odd, step, sum = V(24), V(25), V(26), V(14)
	a, b := V(27), V(28)
	if i%2 == 1 {
		a, b = 12, 13
	}
	t.LDP(Q(even), Q(odd), R1.At(32*i))
	t.LDR(S(step), R1.At(32*t.vectors+4*i))
	t.zero(a, b)
	for k := range 4 {
		half := [2]V{a, b}[k/2]
		t.multiplyBy(half, V(16+k), even, k)
		t.multiplyBy(half, V(20+k), odd, k)
	}
	t.VADD(a.S4(), a.S4(), b.S4())
	t.convert(a)
	if t.Mode.HasOffset() {
		t.LDR(S(sum), R1.At(36*t.vectors+4*i))
		t.FMLS(a.S4(), rowOffsets.S4(), sum.S(0))
	}
	t.FMUL(b.S4(), rowScales.S4(), step.S(0))
	t.FMLA(V(i).S4(), a.S4(), b.S4())
}

// manies writes the kernels for many quantised vectors.
func manies(p file) {
	quantizeMany(p)
	quantizeWords(p)
	// With the extension for dot products and without; tiles of 8 vectors pay with it.
	sets := []struct {
		dot   bool
		tiles []int
	}{{true, []int{8, 4}}, {false, []int{4}}}
	choices := map[string]*asm.Choice{}
	choose := func(stem, doc string) *asm.Choice {
		if choices[stem] == nil {
			choices[stem] = p.Choose(asm.ByKind, stem, doc)
		}
		return choices[stem]
	}
	for _, set := range sets {
		kind.Each(4, []kind.Mode{kind.Plain, kind.Offset}, func(c kind.Codes) {
			q := quantised{Codes: c, dot: set.dot}
			for _, n := range set.tiles {
				t := choose(fmt.Sprintf("tile%d%s", n, q.set()), fmt.Sprintf("multiplies a tile of %d quantised vectors by 4 rows.", n))
				t.Add(c.Kind(), writeTile(p, q, n))
			}
		})
	}
	for _, dot := range []bool{true, false} {
		for _, signed := range []bool{true, false} {
			writeTileWords(p, quantised{Codes: kind.Codes{Bits: 8, Signed: signed}, dot: dot})
		}
	}
}
