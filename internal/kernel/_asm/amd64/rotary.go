package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// rotary turns rows: the halves of each by the halves of its row of cosines and sines.
// Products are rounded before they are added, as the definition's are: none is fused.
func rotary(p file, w width) {
	name, h, size := "rotateRowsAVX2", "h8", 32
	if w == W512 {
		name, h, size = "rotateRowsAVX512", "h16", 64
	}
	f := p.begin(name, "rotates rows of two halves of "+h+" floats each, a multiple of a register's. Strides are in bytes.",
		dst32, vecX, asm.P("cos", asm.Floats), asm.P("sin", asm.Floats), asm.P(h, asm.Int), asm.P("rows", asm.Int),
		asm.P("ldx", asm.Int), asm.P("ldc", asm.Int), asm.P("lds", asm.Int))
	const half, rows, at = BX, DX, CX
	for _, a := range []struct {
		name string
		to   reg
	}{{"dst", DI}, {"x", SI}, {"cos", R8}, {"sin", R9}, {h, half}, {"rows", rows}, {"ldx", R10}, {"ldc", R11}, {"lds", R12}} {
		f.load(a.name, a.to)
	}
	f.SHLQ(imm(2), half)
	lo, hi, a, b := w.reg(0), w.reg(1), w.reg(2), w.reg(3)
	f.repeat("row", rows, func() {
		f.MOVQ(half, at)
		loop := f.Here("vector")
		f.VMOVUPS(SI.At(0), lo)
		f.VMOVUPS(SI.By(half, 1), hi)
		f.VMULPS(R8.At(0), lo, a)
		f.VMULPS(R9.At(0), hi, b)
		f.VSUBPS(b, a, a)
		f.VMOVUPS(a, DI.At(0))
		f.VMULPS(R8.By(half, 1), hi, hi)
		f.VMULPS(R9.By(half, 1), lo, lo)
		f.VADDPS(lo, hi, hi)
		f.VMOVUPS(hi, DI.By(half, 1))
		for _, r := range []reg{SI, R8, R9, DI} {
			f.ADDQ(imm(size), r)
		}
		f.SUBQ(imm(size), at)
		f.JNZ(loop)
		// The next row: x, cos and sin go back to the beginning of theirs first.
		f.ADDQ(half, DI)
		for _, r := range []reg{SI, R8, R9} {
			f.SUBQ(half, r)
		}
		f.ADDQ(R10, SI)
		f.ADDQ(R11, R8)
		f.ADDQ(R12, R9)
	})
	f.end()
}

// rotaryAVX2 and rotaryAVX512 write the kernels of their width.
func rotaryAVX2(p file)   { rotary(p, W256) }
func rotaryAVX512(p file) { rotary(p, W512) }
