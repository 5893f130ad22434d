package amd64

import (
	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// What kernels of integer codes share. Scales and offsets follow one another in
// memory, one of each to a block.

// The registers that all kernels of one vector by rows of codes use.
const (
	codesPtr  = SI
	scalePtr  = DX
	offsetPtr = BX
	inputPtr  = DI
	dstPtr    = R8
	rowsLeft  = R9
	blocks    = R10 // of a row
	vecs      = R11 // of a block
	blockLeft = R12
	vecLeft   = R13
)

// nextBlocks steps over the scales and offsets of n blocks.
func (f fn) nextBlocks(n int, mode kind.Mode) {
	f.ADDQ(imm(4*n), scalePtr)
	if mode.HasOffset() {
		f.ADDQ(imm(4*n), offsetPtr)
	}
}

// nextRow goes on to the next row: rows of codes and of factors follow one another,
// so that their pointers are there already.
func (f fn) nextRow(row asm.Label) {
	f.ADDQ(imm(4), dstPtr)
	f.DECQ(rowsLeft)
	f.JNZ(row)
}

// grid is how weights on the grid of the halves are rounded: 1.5·2^13 times
// their own power of two is added and subtracted. At that distance the last place
// of a float32 is the last place of a half, and values below the normal range of
// a half have so few bits that nothing is lost.
type grid struct{ scale, exponent, bias Y }

// setup loads the constants: the bits of a float's exponent, and 1.5·2^13.
func (g grid) setup(f fn) {
	f.VBROADCASTSS(f.words("exponent", 0x7F800000), g.exponent)
	f.VBROADCASTSS(f.float("roundBias", 12288), g.bias)
}

// round makes q its product with the scale, rounded; tmp is overwritten.
func (g grid) round(f fn, q, tmp Y) {
	f.VMULPS(g.scale, q, q)
	f.VANDPS(g.exponent, q, tmp)
	f.VFMADD231PS(g.bias, tmp, q)
	f.VFNMADD231PS(g.bias, tmp, q)
}

// lookup16 takes entries of a table of 16 floats, whose halves are in low and
// high: dst has those that the low 4 bits of the lanes of q number. q and dst+1
// are overwritten.
func (f fn) lookup16(q, dst, low, high Y) {
	f.VPERMPS(low, q, dst)
	f.VPERMPS(high, q, dst+1)
	f.VPSLLD(28, q, q)
	f.VBLENDVPS(q, dst+1, dst, dst)
}
