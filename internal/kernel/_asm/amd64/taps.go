package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// The micro-kernels of convolutions: nn, but that row c of b begins where a table
// says. The rows that a convolution multiplies are the same numbers at other offsets, a
// run of the input for each channel and place of the kernel, so they need no memory of
// their own.

// tapsParams are what the kernels take: at has k offsets in bytes.
func tapsParams(more ...asm.Param) []asm.Param {
	return append([]asm.Param{
		dst32, asm.P("ldd", asm.Int), vecA, asm.P("lda", asm.Int), vecB, asm.P("at", asm.Ints),
		asm.P("k", asm.Int), asm.P("acc", asm.Int),
	}, more...)
}

// The registers: where the next offset is, and the row of b that it led to.
const (
	tapAt  = R10
	tapRow = R12
)

// tapsLoad loads the arguments and returns where the elements of up to 8 rows of a are.
func (f fn) tapsLoad(rows int) []mem {
	f.load("dst", DI)
	f.load("ldd", R8)
	f.load("a", SI)
	f.load("lda", R9)
	f.load("b", DX)
	f.load("at", tapAt)
	f.load("k", CX)
	a := f.sixRows(SI, R9, BX)
	if rows > 6 {
		f.LEAQ(BX.By(R9, 2), R11)
		f.ADDQ(R9, R11)
		a = append(a, R11.At(0), R11.By(R9, 1))
	}
	return a
}

// tapsStep goes to the next row.
func (f fn) tapsStep(rows int) {
	f.ADDQ(imm(4), SI)
	f.ADDQ(imm(4), BX)
	if rows > 6 {
		f.ADDQ(imm(4), R11)
	}
	f.ADDQ(imm(8), tapAt)
}

// mostTaps512 is the most rows of a that the kernels for AVX-512 take.
const mostTaps512 = 8

// tapVectors is the number of vectors of columns beside so many rows: enough that 8
// sums are under way, which the latency of a product wants.
func tapVectors(rows int) int {
	if rows <= 2 {
		return 4
	}
	return 2
}

// writeTaps512 keeps row t's vector j in Z(t·vectors+j), and b in Z16 to Z19. Masks of
// the number of columns let one kernel serve all.
func writeTaps512(p file, rows int) asm.Signature {
	vectors := tapVectors(rows)
	f := p.begin(fmt.Sprintf("taps%dAVX512", rows), fmt.Sprintf("computes %d rows by at most %d columns of a product to depth k, with row c of b at[c] bytes from b. Strides are in bytes.", rows, 16*vectors),
		tapsParams(asm.P("cols", asm.Int))...)
	f.columnMasks(vectors)
	a := f.tapsLoad(rows)
	f.zero(zs(0, rows*vectors)...)
	loop := f.NewLabel("loop")
	f.load("acc", AX)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(DI, AX)
	f.eachPlace(AX, rows, vectors, func(m mem, r Z, k K) { f.VMOVUPS(m, r.Zeroed(k)) })
	f.Bind(loop)
	f.MOVQ(tapAt.At(0), tapRow)
	for j := range vectors {
		f.VMOVUPS(DX.By(tapRow, 1).Plus(64*j), Z(16+j).Zeroed(K(1+j)))
	}
	for t := range rows {
		element := Z(20 + t%4)
		f.VBROADCASTSS(a[t], element)
		for j := range vectors {
			f.VFMADD231PS(Z(16+j), element, Z(t*vectors+j))
		}
	}
	f.tapsStep(rows)
	f.DECQ(CX)
	f.JNZ(loop)
	f.eachPlace(DI, rows, vectors, func(m mem, r Z, k K) { f.VMOVUPS(r, m.Masked(k)) })
	f.end()
	return f.Signature
}

// columnMasks makes masks of 16 columns each, in K1 and those after it.
func (f fn) columnMasks(vectors int) {
	f.MOVQ(imm(64), CX)
	f.SUBQ(f.arg("cols"), CX)
	f.MOVQ(imm(-1), AX)
	f.SHRQ(CX, AX)
	for j := range vectors {
		f.KMOVW(AX, K(1+j))
		if j < vectors-1 {
			f.SHRQ(imm(16), AX)
		}
	}
}

// eachPlace moves all sums, to or from the rows at ptr.
func (f fn) eachPlace(ptr reg, rows, vectors int, move func(m mem, r Z, k K)) {
	for t := range rows {
		for j := range vectors {
			move(ptr.At(64*j), Z(t*vectors+j), K(1+j))
		}
		if t < rows-1 {
			f.ADDQ(R8, ptr)
		}
	}
}

// writeTaps is writeNN with offsets.
func writeTaps(p file, rows, cols int, masked bool) asm.Signature {
	doc, params := "", []asm.Param(nil)
	if masked {
		doc, params = " The mask selects columns.", []asm.Param{asm.P("mask", asm.Masks)}
	}
	f := p.begin(fmt.Sprintf("taps%dx%dAVX2", rows, cols), fmt.Sprintf("computes %d rows by %d columns of a product to depth k, with row c of b at[c] bytes from b.%s Strides are in bytes.", rows, cols, doc), tapsParams(params...)...)
	k := nn{f, rows, cols, masked}
	if masked {
		f.load("mask", R11)
		f.VMOVDQU(R11.At(0), Y(15))
	}
	a := f.tapsLoad(rows)
	f.zero(ys(0, rows*cols/8)...)
	loop := f.NewLabel("loop")
	f.load("acc", AX)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(DI, AX)
	k.eachRow(AX, func(m mem, r Y) { k.move(m, r) })
	f.Bind(loop)
	f.MOVQ(tapAt.At(0), tapRow)
	for j := range cols / 8 {
		k.move(DX.By(tapRow, 1).Plus(32*j), Y(12+j))
	}
	for t := range rows {
		k.multiplyRow(t, a[t])
	}
	f.tapsStep(rows)
	f.DECQ(CX)
	f.JNZ(loop)
	k.eachRow(DI, func(m mem, r Y) { k.move(r, m) })
	f.end()
	return f.Signature
}

// taps writes the kernels for AVX2.
func taps(p file) {
	wide := p.Choose(asm.ByCount, "taps16AVX2", "computes 1 to 6 rows by 16 columns of a convolution.")
	narrow := p.Choose(asm.ByCount, "taps8AVX2", "computes 1 to 6 rows by at most 8 columns of a convolution.")
	for rows := 1; rows <= 6; rows++ {
		wide.Add(rows, writeTaps(p, rows, 16, false))
		narrow.Add(rows, writeTaps(p, rows, 8, true))
	}
}

// taps512 writes those for AVX-512.
func taps512(p file) {
	c := p.Choose(asm.ByCount, "tapsAVX512", "computes 1 to 8 rows by at most 32 columns of a convolution; 1 or 2 rows by at most 64.")
	for rows := 1; rows <= mostTaps512; rows++ {
		c.Add(rows, writeTaps512(p, rows))
	}
}
