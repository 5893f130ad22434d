package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// tileParams are what all tiles take; 8-bit codes have more.
func tileParams(more ...asm.Param) []asm.Param {
	return append([]asm.Param{
		asm.P("panel", asm.Floats), vecX, asm.P("ldx", asm.Int), dst32, asm.P("ldd", asm.Int), asm.P("blocks", asm.Int),
	}, more...)
}

// tile is a kernel for 16 rows, which are two vectors of 8, by some vectors. Their
// sums over all blocks are in memory from R8 on, aligned to 64 bytes.
type tile struct {
	fn
	vectors int
	x       []mem // where the vectors' blocks are
}

const (
	panelPtr = SI
	sumsPtr  = R8
	tileLeft = R12
)

// beginTile starts a tile whose frame has room for more bytes than the sums.
func (p file) beginTile(name, doc string, vectors, frame int, params []asm.Param) tile {
	f := p.beginSig(asm.Signature{Name: name, Doc: doc, Params: params, Frame: 64*vectors + frame + 64})
	t := tile{fn: f, vectors: vectors, x: []mem{DI.At(0), DI.By(AX, 1), DI.By(AX, 2), DI.By(CX, 1)}}
	f.load("panel", panelPtr)
	f.load("x", inputPtr)
	f.load("ldx", AX)
	f.load("blocks", tileLeft)
	return t
}

// start makes the addresses and, of the cleared Y0, the sums.
func (t tile) start(clear int) {
	t.LEAQ(AX.By(AX, 2), CX)
	// Go aligns a frame to 8 bytes only. A sum that lay across two cache lines
	// would take two accesses, in every block.
	t.LEAQ(SP.At(63), sumsPtr)
	t.ANDQ(imm(-64), sumsPtr)
	t.zero(ys(0, clear)...)
	for i := range 2 * t.vectors {
		t.VMOVUPS(Y(0), sumsPtr.At(32*i))
	}
}

// sum is where the sums of 8 rows and a vector are.
func (t tile) sum(vector, half int) mem { return sumsPtr.At(64*vector + 32*half) }

// finish adds the sums times the vector's step, which ends its last block, to dst.
func (t tile) finish() {
	t.load("dst", DX)
	t.load("ldd", BX)
	for v := range t.vectors {
		t.VBROADCASTSS(t.x[v].Plus(-4), Y(0))
		for half := range 2 {
			t.VMOVUPS(t.sum(v, half), Y(1))
			t.VFMADD213PS(DX.At(32*half), Y(0), Y(1))
			t.VMOVUPS(Y(1), DX.At(32*half))
		}
		if v < t.vectors-1 {
			t.ADDQ(BX, DX)
		}
	}
	t.end()
}

// writeTile is for 4-bit codes. Y0 to Y(2·vectors-1) are the sums of 16-bit pairs;
// what a half block gives waits behind the sums in memory.
func writeTile(p file, vectors int) asm.Signature {
	t := p.beginTile(fmt.Sprintf("tile%dAVX2", vectors), fmt.Sprintf("adds %d quantised vectors times a panel of 16 rows to dst. Strides are in bytes.", vectors),
		vectors, 64*vectors, tileParams())
	t.start(1)
	t.repeat("loop", tileLeft, func() {
		t.products(0)
		for v := range vectors {
			t.VPBROADCASTD(t.x[v].Plus(middleBlock.steps), Y(10))
			for r := range 2 {
				y := Y(2*v + r)
				t.VPMADDWD(Y(10), y, y)
				t.VMOVDQU(y, t.half(v, r))
			}
		}
		t.products(1)
		t.scaleBlock()
		t.ADDQ(imm(panelBlock), panelPtr)
		t.ADDQ(imm(middleBlock.size), inputPtr)
	})
	t.finish()
	return t.Signature
}

// half is where the products of the first half of a block wait.
func (t tile) half(vector, half int) mem { return t.sum(vector, half).Plus(64 * t.vectors) }

// products multiplies half a block: the middles start the sums.
func (t tile) products(h int) {
	multiply := func(input, row int, use func(y, product Y)) {
		t.VMOVDQU(panelPtr.At(row), Y(8))
		t.VMOVDQU(panelPtr.At(row+32), Y(9))
		for v := range t.vectors {
			bytes := Y(10 + v%2)
			t.VPBROADCASTD(t.x[v].Plus(input), bytes)
			use(Y(2*v), bytes)
		}
	}
	multiply(middleBlock.middles+4*h, panelSums, func(y, middles Y) {
		for r := range Y(2) {
			t.VPMADDUBSW(middles, 8+r, y+r)
		}
	})
	for j := 4 * h; j < 4*h+4; j++ {
		multiply(4*j, 64*j, func(y, bytes Y) {
			for r := range Y(2) {
				t.VPMADDUBSW(bytes, 8+r, 12+r)
			}
			for r := range Y(2) {
				t.VPADDW(12+r, y+r, y+r)
			}
		})
	}
}

// The order is that of the definition: a block's integers are exact, so only the
// additions of blocks round, one after another.
// scaleBlock adds a block's products, less their offsets and times their scales,
// to the sums.
func (t tile) scaleBlock() {
	for r := range 2 {
		t.VMOVUPS(panelPtr.At(panelScale+32*r), Y(8+r))
		t.VMOVUPS(panelPtr.At(panelOffset+32*r), Y(14+r))
	}
	for v := range t.vectors {
		t.VPBROADCASTD(t.x[v].Plus(middleBlock.steps+4), Y(10))
		t.VBROADCASTSS(t.x[v].Plus(middleBlock.sum), Y(11))
		for r := range 2 {
			y := Y(2*v + r)
			t.VPMADDWD(Y(10), y, y)
			t.VPADDD(t.half(v, r), y, y)
			t.VCVTDQ2PS(y, y)
			t.VFNMADD231PS(Y(14+r), Y(11), y)
			t.VFMADD213PS(t.sum(v, r), Y(8+r), y)
			t.VMOVUPS(y, t.sum(v, r))
		}
	}
}

// panels writes what fills a panel and multiplies by it. With 16 registers 4
// vectors are the most whose sums of pairs stay in them.
func panels(p file) {
	quantizePanel(p)
	quantizeHalves(p)
	panelCodes(p)
	panelScales(p)
	panelHalves(p)
	tile := p.Choose(asm.ByCount, "tileAVX2", "multiplies 1 to 4 vectors by a panel.")
	for vectors := 1; vectors <= 4; vectors++ {
		tile.Add(vectors, writeTile(p, vectors))
	}
}
