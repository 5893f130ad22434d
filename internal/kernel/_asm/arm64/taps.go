package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// The micro-kernels of convolutions: nn, but that row c of b begins where a table says.

// loadAt loads the integer at a pointer.
func (f fn) loadAt(ptr, dst R) { f.Line("MOVD", fmt.Sprintf("(%v)", ptr), dst) }

// writeTaps multiplies rows by columns: 16 or 4, which are whole vectors, or one.
func writeTaps(p file, rows, cols int) asm.Signature {
	f := p.begin(fmt.Sprintf("taps%dx%dNEON", rows, cols), fmt.Sprintf("computes %d rows by %d columns of a product to depth k, with row c of b at[c] bytes from b. Strides are in bytes; with acc the results are added to dst.", rows, cols),
		dst32, asm.P("ldd", asm.Int), vecA, asm.P("lda", asm.Int), vecB, asm.P("at", asm.Ints), asm.P("k", asm.Int), asm.P("acc", asm.Int))
	f.load("dst", R0)
	f.load("ldd", R2)
	f.load("a", R1)
	f.load("lda", R3)
	f.load("b", R6)
	f.load("at", R7)
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
	f.loadAt(R7, R9)
	f.step(R7, 8)
	f.ADD(R9, R9, R6)
	for j := range perRow {
		f.LDR(part(24+j), R9.At(16*j))
	}
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

// taps writes them.
func taps(p file) {
	columns := []int{16, 4, 1}
	var choices []*asm.Choice
	for _, cols := range columns {
		choices = append(choices, p.Choose(asm.ByCount, fmt.Sprintf("taps%dNEON", cols), fmt.Sprintf("computes 1 to 6 rows by %d columns of a convolution.", cols)))
	}
	for rows := 1; rows <= 6; rows++ {
		for i, cols := range columns {
			choices[i].Add(rows, writeTaps(p, rows, cols))
		}
	}
}
