package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// tileParams are what all tiles take: the sums begin with dst where acc is not 0.
func tileParams(more ...asm.Param) []asm.Param {
	return append([]asm.Param{
		asm.P("panel", asm.Floats), vecX, dst32, asm.P("ldd", asm.Int), asm.P("blocks", asm.Int), asm.P("acc", asm.Int),
	}, more...)
}

// manyParams are what tiles of 4-bit codes take besides: where the vectors' steps are, and
// all ones where codes are 8 too large in the panel, else 0.
func manyParams() []asm.Param {
	return tileParams(asm.P("steps", asm.Floats), asm.P("signed", asm.Int))
}

// tile is a kernel for 16 rows, which are two vectors of 8, by some vectors. Their
// sums over all blocks are in memory from R8 on, aligned to 64 bytes.
type tile struct {
	fn
	vectors int
}

const (
	panelPtr = SI
	stepPtr  = CX
	sumsPtr  = R8
	tileLeft = R12
)

// beginTile starts a tile whose frame has room for more bytes than the sums.
func (p file) beginTile(name, doc string, vectors, frame int, params []asm.Param) tile {
	f := p.beginSig(asm.Signature{Name: name, Doc: doc, Params: params, Frame: 64*vectors + frame + 64})
	f.load("panel", panelPtr)
	f.load("x", inputPtr)
	f.load("blocks", tileLeft)
	// Go aligns a frame to 8 bytes only. A sum that lay across two cache lines
	// would take two accesses, in every block.
	f.LEAQ(SP.At(63), sumsPtr)
	f.ANDQ(imm(-64), sumsPtr)
	return tile{f, vectors}
}

// start clears the sums, or takes what dst has.
func (t tile) start() {
	t.load("acc", AX)
	t.load("dst", DX)
	t.load("ldd", BX)
	add, on := t.NewLabel("add"), t.NewLabel("on")
	t.TESTQ(AX, AX)
	t.JNZ(add)
	t.zero(Y(0))
	for i := range 2 * t.vectors {
		t.VMOVUPS(Y(0), sumsPtr.At(32*i))
	}
	t.JMP(on)
	t.Bind(add)
	for v := range t.vectors {
		for half := range 2 {
			t.VMOVUPS(DX.At(32*half), Y(half))
			t.VMOVUPS(Y(half), t.sum(v, half))
		}
		if v < t.vectors-1 {
			t.ADDQ(BX, DX)
		}
	}
	t.Bind(on)
}

// sum is where the sums of 8 rows and a vector are.
func (t tile) sum(vector, half int) mem { return sumsPtr.At(64*vector + 32*half) }

// finish stores the sums.
func (t tile) finish() {
	t.load("dst", DX)
	for v := range t.vectors {
		for half := range 2 {
			t.VMOVUPS(t.sum(v, half), Y(half))
			t.VMOVUPS(Y(half), DX.At(32*half))
		}
		if v < t.vectors-1 {
			t.ADDQ(BX, DX)
		}
	}
	t.end()
}

// add adds products times scale and step to the sums: a block's integers are exact, so
// only this rounds, one block after another.
func (t tile) add(vector, half int, product, scale, step, tmp Y) {
	t.VMULPS(step, scale, tmp)
	t.VFMADD213PS(t.sum(vector, half), tmp, product)
	t.VMOVUPS(product, t.sum(vector, half))
}

// writeTile is for 4-bit codes. Y0 to Y(2·vectors-1) are the sums of 16-bit pairs, each
// at most 8·2·15·127.
func writeTile(p file, vectors int, offsets bool) asm.Signature {
	t := p.beginTile(manyName("tile%d%sAVX2", vectors, offsets), manyDoc(vectors, offsets), vectors, 0, manyParams())
	const mask, ones = Y(15), Y(14)
	t.VPBROADCASTD(t.arg("signed"), mask)
	t.VPBROADCASTD(t.ones16(), ones)
	t.start()
	t.load("steps", stepPtr)
	t.repeat("loop", tileLeft, func() {
		for j := range 8 {
			t.VMOVDQU(panelPtr.At(64*j), Y(8))
			t.VMOVDQU(panelPtr.At(64*j+32), Y(9))
			for v := range t.vectors {
				t.multiply(j, v)
			}
		}
		for r := range 2 {
			t.VMOVUPS(panelPtr.At(panelScale+32*r), Y(8+r))
		}
		for v := range t.vectors {
			t.VPBROADCASTD(stepPtr.At(manyStarts+4*v), Y(10))
			t.VPAND(mask, Y(10), Y(10))
			t.VBROADCASTSS(stepPtr.At(4*v), Y(11))
			for r := range 2 {
				y := Y(2*v + r)
				t.VPMADDWD(ones, y, y)
				t.VPADDD(Y(10), y, y)
				t.VCVTDQ2PS(y, y)
			}
			if offsets {
				t.VBROADCASTSS(stepPtr.At(manySums+4*v), Y(10))
			}
			for r := range 2 {
				if offsets {
					t.VFNMADD231PS(panelPtr.At(panelOffset+32*r), Y(10), Y(2*v+r))
				}
				t.add(v, r, Y(2*v+r), Y(8+r), 11, Y(12+r))
			}
		}
		t.ADDQ(imm(panelBlock), panelPtr)
		t.ADDQ(imm(manyBlock), inputPtr)
		t.ADDQ(imm(manyBlock), stepPtr)
	})
	t.finish()
	return t.Signature
}

// manyName and manyDoc name a tile of 4-bit codes.
func manyName(form string, vectors int, offsets bool) string {
	name := ""
	if offsets {
		name = "o"
	}
	return fmt.Sprintf(form, vectors, name)
}

func manyDoc(vectors int, offsets bool) string {
	with := "without"
	if offsets {
		with = "with"
	}
	return fmt.Sprintf("multiplies %d quantised vectors by a panel of 16 rows %s offsets; the sums begin with dst where acc is not 0. The stride is in bytes.", vectors, with)
}

// multiply adds the products of 4 of each 32 columns, which are the first for j = 0.
func (t tile) multiply(j, v int) {
	bytes := Y(10 + v%2)
	t.VPBROADCASTD(inputPtr.At(manyBytes*v+4*j), bytes)
	if j == 0 {
		for r := range Y(2) {
			t.VPMADDUBSW(bytes, 8+r, Y(2*v)+r)
		}
		return
	}
	for r := range Y(2) {
		t.VPMADDUBSW(bytes, 8+r, 12+r)
	}
	for r := range Y(2) {
		t.VPADDW(12+r, Y(2*v)+r, Y(2*v)+r)
	}
}

// panels writes what fills a panel and multiplies by it. With 16 registers 4
// vectors are the most whose sums of pairs stay in them.
func panels(p file) {
	quantizeMany(p)
	panelCodes(p)
	panelScales(p)
	panelHalves(p)
	fetchRows(p)
	chooseTiles(p, "AVX2", 4, writeTile)
}

// chooseTiles writes tiles without and with offsets.
func chooseTiles(p file, set string, most int, write func(p file, vectors int, offsets bool) asm.Signature) {
	plain := p.Choose(asm.ByCount, "tile"+set, fmt.Sprintf("multiplies 1 to %d vectors by a panel.", most))
	offset := p.Choose(asm.ByCount, "tileO"+set, fmt.Sprintf("multiplies 1 to %d vectors by a panel with offsets.", most))
	for vectors := 1; vectors <= most; vectors++ {
		plain.Add(vectors, write(p, vectors, false))
		offset.Add(vectors, write(p, vectors, true))
	}
}
