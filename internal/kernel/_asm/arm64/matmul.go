package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// The micro-kernels of the products of matrices of floats. Each result is summed in
// the same order whatever the number of vectors or columns beside it.

// strided returns n registers with addresses that are a stride apart.
func (f fn) strided(stride R, list []R) []R {
	for i := 1; i < len(list); i++ {
		f.ADD(list[i], list[i-1], stride)
	}
	return list
}

// Up to 20 sums, 4 rows and 5 vectors are 29 registers. 9 loads serve 20 products,
// and each sum waits 20 products for its next one, which hides the latency. A sum
// has element i in lane i mod 4, and FADDP joins neighbours twice.
// writeNT multiplies n vectors by 4 rows. The product of vector t and row r sums in
// V(4t+r).
func writeNT(p file, n int) asm.Signature {
	params := []asm.Param{dst32, asm.P("ldd", asm.Int), vecX, asm.P("ldx", asm.Int)}
	for i := range 4 {
		params = append(params, asm.P(fmt.Sprintf("w%d", i), asm.Floats))
	}
	f := p.begin(fmt.Sprintf("nt%dNEON", n), fmt.Sprintf("computes %d vectors times 4 rows over the depth k. Strides are in bytes; with acc the results are added to dst.", n),
		append(params, asm.P("k", asm.Int), asm.P("acc", asm.Int))...)
	ws := []R{R6, R7, R8, R9}
	f.load("dst", R0)
	f.load("ldd", R2)
	f.load("x", R1)
	f.load("ldx", R3)
	for i, w := range ws {
		f.load(fmt.Sprintf("w%d", i), w)
	}
	f.load("k", R4)
	f.load("acc", R5)
	xs := f.strided(R3, []R{R1, R10, R11, R12, R13}[:n])
	f.zero(vs(0, 4*n)...)
	f.ntDepth(ws, xs)
	for v := range V(n) {
		v *= 4
		f.FADDP(v.S4(), v.S4(), (v + 1).S4())
		f.FADDP((v + 2).S4(), (v + 2).S4(), (v + 3).S4())
		f.FADDP(v.S4(), v.S4(), (v + 2).S4())
	}
	store := f.NewLabel("store")
	f.CBZ(R5, store)
	f.MOVD(R1, R0)
	for t := range V(n) {
		f.LDR(Q(31), R1.At(0))
		f.FADD((4 * t).S4(), (4 * t).S4(), V(31).S4())
		f.ADD(R1, R1, R2)
	}
	f.Bind(store)
	for t := range n {
		f.STR(Q(4*t), R0.At(0))
		f.ADD(R0, R0, R2)
	}
	f.RET()
	return f.Signature
}

// ntDepth runs along the depth, 4 columns at a time, then one: a load of one float
// clears the other lanes.
func (f fn) ntDepth(ws, xs []R) {
	step := func(size int, part func(n int) scalar) {
		for r, w := range ws {
			f.LDR(part(20+r), w.Post(size))
		}
		for t, x := range xs {
			f.LDR(part(24+t), x.Post(size))
		}
		for t := range xs {
			for r := range ws {
				f.FMLA(V(4*t+r).S4(), V(20+r).S4(), V(24+t).S4())
			}
		}
	}
	loop, tail, single, out := f.NewLabel("loop"), f.NewLabel("tail"), f.NewLabel("single"), f.NewLabel("out")
	f.SUBS(R4, 4)
	f.BLT(tail)
	f.Bind(loop)
	step(16, func(n int) scalar { return Q(n) })
	f.SUBS(R4, 4)
	f.BGE(loop)
	f.Bind(tail)
	f.ADDS(R4, 4)
	f.BEQ(out)
	f.Bind(single)
	step(4, func(n int) scalar { return S(n) })
	f.SUBS(R4, 1)
	f.BNE(single)
	f.Bind(out)
}

// Up to 24 sums, 4 vectors of b and 4 elements of a in turns fill all 32 registers.
// A sum is over the depth alone, one element after another, whatever is beside it.
// writeNN multiplies rows by columns: 16 or 4, which are whole vectors, or one.
func writeNN(p file, rows, cols int) asm.Signature {
	f := p.begin(fmt.Sprintf("nn%dx%dNEON", rows, cols), fmt.Sprintf("computes %d rows by %d columns of a product to depth k. Strides are in bytes; with acc the results are added to dst.", rows, cols),
		dst32, asm.P("ldd", asm.Int), vecA, asm.P("lda", asm.Int), vecB, asm.P("ldb", asm.Int), asm.P("k", asm.Int), asm.P("acc", asm.Int))
	f.load("dst", R0)
	f.load("ldd", R2)
	f.load("a", R1)
	f.load("lda", R3)
	f.load("b", R6)
	f.load("ldb", R7)
	f.load("k", R4)
	f.load("acc", R5)
	as := f.strided(R3, []R{R1, R10, R11, R12, R13, R14}[:rows])
	perRow, part := max(cols/4, 1), func(n int) scalar { return Q(n) }
	if cols == 1 {
		part = func(n int) scalar { return S(n) }
	}
	each := func(ptr R, move func(scalar, mem)) {
		for t := range rows {
			for j := range perRow {
				move(part(perRow*t+j), ptr.At(16*j))
			}
			f.ADD(ptr, ptr, R2)
		}
	}
	f.zero(vs(0, perRow*rows)...)
	loop := f.NewLabel("loop")
	f.CBZ(R5, loop)
	f.MOVD(R8, R0)
	each(R8, f.LDR)
	f.Bind(loop)
	for j := range perRow {
		f.LDR(part(24+j), R6.At(16*j))
	}
	f.ADD(R6, R6, R7)
	for t, a := range as {
		element := V(28 + t%4)
		f.LD1R(element.S4(), a.Post(4))
		for j := range perRow {
			f.FMLA(V(perRow*t+j).S4(), V(24+j).S4(), element.S4())
		}
	}
	f.SUBS(R4, 1)
	f.BNE(loop)
	each(R0, f.STR)
	f.RET()
	return f.Signature
}

// matmul writes them. Columns that are no multiple of 16 are taken 4 at a time,
// then one by one: NEON has no masks.
func matmul(p file) {
	nt := p.Choose(asm.ByCount, "ntNEON", "computes 1 to 5 vectors times 4 rows.")
	for n := 1; n <= 5; n++ {
		nt.Add(n, writeNT(p, n))
	}
	columns := []int{16, 4, 1}
	var nn []*asm.Choice
	for _, cols := range columns {
		nn = append(nn, p.Choose(asm.ByCount, fmt.Sprintf("nn%dNEON", cols), fmt.Sprintf("computes 1 to 6 rows by %d columns of a product.", cols)))
	}
	for rows := 1; rows <= 6; rows++ {
		for i, cols := range columns {
			nn[i].Add(rows, writeNN(p, rows, cols))
		}
	}
}
