package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// The products of matrices of floats with 32 registers: the sums of up to 6 vectors
// against 4 rows.

// mostX is the most vectors that nt512 multiplies at a time.
const mostX = 6

// The registers of nt512: the vectors from Z24 on, which are free again for the
// sums, and rows in turns. depthTail selects the last columns.
const (
	ntVectors = Z(24)
	ntRows    = Z(30)
	ntOrder   = Z(26) // of the end only
	depthTail = K(1)
)

// ntAVX512 multiplies 6 vectors at a time, then those that are left at once. 24
// sums, 6 vectors and 2 rows are 32 registers.
func ntAVX512(p file) {
	f := p.begin("nt4AVX512", "computes n vectors times 4 rows to depth k, one chunk at most; rows is a mask for fewer rows, or nil. Strides are in bytes.", ntParams()...)
	f.load("k", CX)
	f.load("n", xLeft)
	f.ANDQ(imm(15), CX)
	f.maskOf(depthTail)
	f.load("dst", DI)
	f.load("x", SI)
	f.load("ldx", stepX)
	f.ntLoad()
	f.ANDQ(imm(-16), depth)
	f.SHLQ(imm(2), depth)
	rest, end := f.NewLabel("rest"), f.NewLabel("fin")
	most := f.Here("most")
	f.CMPQ(xLeft, imm(mostX))
	f.JLT(rest)
	f.nt512(mostX)
	f.LEAQ(stepX.By(stepX, 2), BX)
	f.LEAQ(SI.By(BX, 2), SI)
	f.SUBQ(imm(mostX), xLeft)
	f.JMP(most)
	f.Bind(rest)
	for n := mostX - 1; n > 0; n-- {
		fewer := f.NewLabel("fewer")
		f.CMPQ(xLeft, imm(n))
		f.JNE(fewer)
		f.nt512(n)
		f.JMP(end)
		f.Bind(fewer)
	}
	f.Bind(end)
	f.end()
}

// maskOf makes a mask of as many lanes as CX says; AX is left with its bits.
func (f fn) maskOf(k K) {
	f.MOVQ(imm(1), AX)
	f.SHLQ(CX, AX)
	f.DECQ(AX)
	f.KMOVW(AX, k)
}

// Masks make a last step of 1 to 15 columns one more round of the same loop, where
// AVX2 has a way of its own.
// nt512 multiplies n vectors by 4 rows. The product of vector t and row r sums in
// Z(4t+r). The vectors move, so the rows are addressed by how far.
func (f fn) nt512(n int) {
	tail, out := f.NewLabel("tail"), f.NewLabel("out")
	f.zero(zs(0, 4*n)...)
	xs := f.sixRows(SI, stepX, BX)[:n]
	f.MOVQ(SI, DX)
	f.XORQ(along, along)
	f.CMPQ(along, depth)
	f.JGE(tail)
	loop := f.Here("loop")
	f.ntStep(xs, func(z Z) vec { return z })
	f.ADDQ(imm(64), along)
	f.ADDQ(imm(64), SI)
	f.ADDQ(imm(64), BX)
	f.CMPQ(along, depth)
	f.JLT(loop)
	f.Bind(tail)
	f.TESTQ(imm(15), f.arg("k"))
	f.JZ(out)
	f.ntStep(xs, func(z Z) vec { return z.Zeroed(depthTail) })
	f.Bind(out)
	f.MOVQ(DX, SI)
	f.VMOVUPS(f.firstLanes(), X(ntOrder))
	for t := range n {
		a := Z(4 * t)
		f.addFour512([4]Z{a, a + 1, a + 2, a + 3}, ntVectors, ntVectors+1, ntOrder, Z(t))
	}
	f.ntStore(n, Y(15), func(t int) X { return X(t) }, X(14))
}

// ntStep multiplies 16 columns, or those that a mask selects.
func (f fn) ntStep(xs []mem, under func(Z) vec) {
	for t, x := range xs {
		f.VMOVUPS(x, under(ntVectors+Z(t)))
	}
	for r, w := range rowPtrs {
		row := ntRows + Z(r%2)
		f.VMOVUPS(w.By(along, 1), under(row))
		for t := range xs {
			f.VFMADD231PS(ntVectors+Z(t), row, Z(4*t+r))
		}
	}
}

// Both masks are made of the number of columns, so that one kernel serves all from
// 1 to 32.
// writeNN512 keeps row t in Z(2t) and Z(2t+1); K1 and K2 select their columns.
func writeNN512(p file, rows int) asm.Signature {
	f := p.begin(fmt.Sprintf("nn%dAVX512", rows), fmt.Sprintf("computes %d rows by at most 32 columns of a product to depth k. Strides are in bytes.", rows),
		nnParams(asm.P("cols", asm.Int))...)
	f.load("cols", CX)
	f.maskOf(K(1))
	f.SHRQ(imm(16), AX)
	f.KMOVW(AX, K(2))
	f.nnLoad()
	a := f.sixRows(SI, R9, BX)
	loop := f.NewLabel("loop")
	f.zero(zs(0, 2*rows)...)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(DI, AX)
	for t := range rows {
		f.VMOVUPS(AX.At(0), Z(2*t).Zeroed(1))
		f.VMOVUPS(AX.At(64), Z(2*t+1).Zeroed(2))
		if t < rows-1 {
			f.ADDQ(R8, AX)
		}
	}
	f.Bind(loop)
	f.VMOVUPS(DX.At(0), Z(12).Zeroed(1))
	f.VMOVUPS(DX.At(64), Z(13).Zeroed(2))
	for t := range rows {
		element := Z(14 + t%2)
		f.VBROADCASTSS(a[t], element)
		f.VFMADD231PS(Z(12), element, Z(2*t))
		f.VFMADD231PS(Z(13), element, Z(2*t+1))
	}
	f.ADDQ(imm(4), SI)
	f.ADDQ(imm(4), BX)
	f.ADDQ(R10, DX)
	f.DECQ(CX)
	f.JNZ(loop)
	for t := range rows {
		f.VMOVUPS(Z(2*t), DI.At(0).Masked(1))
		f.VMOVUPS(Z(2*t+1), DI.At(64).Masked(2))
		if t < rows-1 {
			f.ADDQ(R8, DI)
		}
	}
	f.end()
	return f.Signature
}

// writeNNWide512 keeps row t in Z(4t) to Z(4t+3). Whole columns need no masks, which cost
// an operation for each vector that is loaded, and 24 sums need fewer loads than 12.
func writeNNWide512(p file, rows int) asm.Signature {
	f := p.begin(fmt.Sprintf("nn%dx64AVX512", rows), fmt.Sprintf("computes %d rows by 64 columns of a product to depth k. Strides are in bytes.", rows), nnParams()...)
	f.nnLoad()
	a := f.sixRows(SI, R9, BX)
	loop := f.NewLabel("loop")
	eachSum := func(at reg, move func(m mem, r Z)) {
		for i := range Z(4 * Z(rows)) {
			move(at.At(64*int(i%4)), i)
			if i%4 == 3 && int(i/4) < rows-1 {
				f.ADDQ(R8, at)
			}
		}
	}
	f.zero(zs(0, 4*rows)...)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(DI, AX)
	eachSum(AX, func(m mem, r Z) { f.VMOVUPS(m, r) })
	f.Bind(loop)
	for j := range 4 {
		f.VMOVUPS(DX.At(64*j), Z(24+j))
	}
	for t := range rows {
		element := Z(28 + t%2)
		f.VBROADCASTSS(a[t], element)
		for j := range 4 {
			f.VFMADD231PS(Z(24+j), element, Z(4*t+j))
		}
	}
	f.ADDQ(imm(4), SI)
	f.ADDQ(imm(4), BX)
	f.ADDQ(R10, DX)
	f.DECQ(CX)
	f.JNZ(loop)
	eachSum(DI, func(m mem, r Z) { f.VMOVUPS(r, m) })
	f.end()
	return f.Signature
}

// matmul512 writes the products of matrices.
func matmul512(p file) {
	ntAVX512(p)
	nn := p.Choose(asm.ByCount, "nnAVX512", "computes 1 to 6 rows by at most 32 columns of a product.")
	wide := p.Choose(asm.ByCount, "nn64AVX512", "computes 1 to 6 rows by 64 columns of a product.")
	for rows := 1; rows <= 6; rows++ {
		nn.Add(rows, writeNN512(p, rows))
		wide.Add(rows, writeNNWide512(p, rows))
	}
}
