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
// and each sum waits 20 products for its next one, which hides the latency. A sum has
// 16 lanes: the depth is run through four times, for 4 lanes each, and what belongs to
// the other lanes waits in memory.
// writeNT multiplies n vectors by 4 rows. The product of vector t and row r sums in
// V(4t+r).
func writeNT(p file, n int) asm.Signature {
	params := []asm.Param{dst32, asm.P("ldd", asm.Int), vecX, asm.P("ldx", asm.Int)}
	for i := range 4 {
		params = append(params, asm.P(fmt.Sprintf("w%d", i), asm.Floats))
	}
	f := p.begin(fmt.Sprintf("nt%dNEON", n), fmt.Sprintf("computes %d vectors times 4 rows over the depth k, a multiple of 16 and one chunk at most; lanes has room for 8 floats for each result. Strides are in bytes; with acc the results are added to dst.", n),
		append(params, asm.P("k", asm.Int), asm.P("acc", asm.Int), asm.P("lanes", asm.Floats))...)
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
	f.LSL(R4, R4, 2)
	f.ntLanes(n, ws, xs)
	for v := range n {
		f.ntSums(V(4 * v))
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

// ntLanes sums lanes 0 to 3, 8 to 11, 4 to 7 and 12 to 15, and adds the upper half to
// the lower one, then the upper half of that.
func (f fn) ntLanes(n int, ws, xs []R) {
	keep := func(at int) {
		f.load("lanes", R15)
		f.step(R15, at)
		for i := 0; i < 4*n; i += 2 {
			f.STP(Q(i), Q(i+1), R15.Post(32))
		}
	}
	add := func(at int) {
		f.load("lanes", R15)
		f.step(R15, at)
		for i := 0; i < 4*n; i += 2 {
			f.LDP(20, 21, R15.Post(32))
			f.FADD(V(i).S4(), V(i).S4(), V(20).S4())
			f.FADD(V(i+1).S4(), V(i+1).S4(), V(21).S4())
		}
	}
	other := 4 * n * 16
	for i, next := range []int{32, -16, 32, 0} {
		f.ntDepth(ws, xs)
		for _, r := range append(append([]R{}, ws...), xs...) {
			f.SUB(r, r, R4)
			if next != 0 {
				f.step(r, next)
			}
		}
		switch i {
		case 0:
			keep(0)
		case 1:
			add(0)
			keep(0)
		case 2:
			keep(other)
		case 3:
			add(other)
			add(0)
		}
	}
}

// ntDepth runs along the depth, 4 columns of each 16.
func (f fn) ntDepth(ws, xs []R) {
	f.zero(vs(0, 4*len(xs))...)
	f.MOVD(R14, R4)
	loop := f.Here("loop")
	for r, w := range ws {
		f.LDR(Q(20+r), w.Post(64))
	}
	for t, x := range xs {
		f.LDR(Q(24+t), x.Post(64))
	}
	for t := range xs {
		for r := range ws {
			f.FMLA(V(4*t+r).S4(), V(20+r).S4(), V(24+t).S4())
		}
	}
	f.SUBS(R14, 64)
	f.BNE(loop)
}

// ntSums adds the 4 lanes of the sums of 4 rows, from v on, into the lanes of v: each
// half is added to the other.
func (f fn) ntSums(v V) {
	for i, to := range []V{29, 30} {
		a, b := v+V(2*i), v+V(2*i)+1
		f.ZIP1(to.S4(), a.S4(), b.S4())
		f.ZIP2(V(31).S4(), a.S4(), b.S4())
		f.FADD(to.S4(), to.S4(), V(31).S4())
	}
	f.ZIP1(V(31).D2(), V(29).D2(), V(30).D2())
	f.ZIP2(v.D2(), V(29).D2(), V(30).D2())
	f.FADD(v.S4(), V(31).S4(), v.S4())
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
