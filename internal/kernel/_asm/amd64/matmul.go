package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// The micro-kernels of the products of matrices of floats.

// ntParams are what nt takes: vectors, 4 rows, and where to put the products.
func ntParams(more ...asm.Param) []asm.Param {
	params := []asm.Param{dst32, asm.P("ldd", asm.Int), vecX, asm.P("ldx", asm.Int), count}
	for i := range 4 {
		params = append(params, asm.P(fmt.Sprintf("w%d", i), asm.Floats))
	}
	params = append(params, asm.P("k", asm.Int))
	params = append(params, more...)
	return append(params, asm.P("rows", asm.Masks), asm.P("acc", asm.Int))
}

// The registers of nt: how far it is along the depth, in bytes, of how far it goes,
// how many vectors are left, and strides. stepDst and rowsMask are of the end only.
const (
	along    = AX
	depth    = CX
	xLeft    = R13
	stepX    = R15
	stepDst  = R12
	rowsMask = AX
)

var rowPtrs = []reg{R8, R9, R10, R11}

// ntLoad loads what both kernels keep in registers.
func (f fn) ntLoad() {
	for i, r := range rowPtrs {
		f.load(fmt.Sprintf("w%d", i), r)
	}
	f.load("k", depth)
}

// ntHalf is what the lower lanes of the most sums take in the frame.
const ntHalf = 3 * 4 * 32

// ntAVX2 multiplies 3, 2 or 1 vectors at a time by 4 rows.
func ntAVX2(p file) {
	f := p.beginSig(asm.Signature{
		Name:   "nt4AVX2",
		Doc:    "computes n vectors times 4 rows to a depth of one chunk at most; tail has the masks of 16 lanes for a depth that is no multiple of 16, rows one for fewer rows, or they are nil. Strides are in bytes.",
		Params: ntParams(asm.P("tail", asm.Masks)), Frame: ntHalf,
	})
	f.load("dst", DI)
	f.load("x", SI)
	f.load("ldx", stepX)
	f.load("n", xLeft)
	f.ntLoad()
	f.ANDQ(imm(-16), depth)
	f.SHLQ(imm(2), depth)
	three, two, one, end := f.NewLabel("three"), f.NewLabel("two"), f.NewLabel("one"), f.NewLabel("fin")
	f.SUBQ(imm(3), xLeft)
	f.JLT(two)
	f.Bind(three)
	f.nt(3)
	f.LEAQ(DX.By(stepX, 1), SI)
	f.SUBQ(imm(3), xLeft)
	f.JGE(three)
	f.Bind(two)
	f.ADDQ(imm(3), xLeft)
	f.JZ(end)
	f.CMPQ(xLeft, imm(1))
	f.JEQ(one)
	f.nt(2)
	f.JMP(end)
	f.Bind(one)
	f.nt(1)
	f.Bind(end)
	f.end()
}

// Of 16 registers 12 hold sums, 3 the vectors and one a row: 12 products are under
// way, which hides the latency of 4 or 5 cycles at two in a cycle, and 7 loads
// serve 12 products. A sum has 16 lanes, two registers: the lower 8 of all sums come
// first and wait in the frame until the upper ones, which are added to them, are there.
// nt multiplies n vectors by 4 rows. The product of vector t and row r sums in
// Y(4t+r).
func (f fn) nt(n int) {
	xs := []reg{SI, BX, DX}[:n]
	for i := 1; i < n; i++ {
		f.LEAQ(xs[i-1].By(stepX, 1), xs[i])
	}
	for half := range 2 {
		f.ntLanes(xs, 32*half)
		for i := range 4 * n {
			place := f.local(ntHalf - 32*i)
			if half == 0 {
				f.VMOVUPS(Y(i), place)
			} else {
				f.VADDPS(place, Y(i), Y(i))
			}
		}
	}
	for t := range n {
		f.addFour([4]Y{Y(4 * t), Y(4*t + 1), Y(4*t + 2), Y(4*t + 3)}, 12, 13)
	}
	f.ntStore(n, Y(15), func(t int) X { return X(4 * t) }, X(12))
}

// ntLanes sums 8 of the 16 lanes, those at an offset in bytes.
func (f fn) ntLanes(xs []reg, at int) {
	f.zero(ys(0, 4*len(xs))...)
	f.XORQ(along, along)
	some, one, tail := f.NewLabel("some"), f.NewLabel("one"), f.NewLabel("tail")
	// Several groups of lanes in a round: a chunk has few rounds then, whose end the
	// processor foresees.
	const most = 4
	f.SUBQ(imm(64*most), depth)
	f.JLT(some)
	loop := f.Here("loop")
	for i := range most {
		f.ntColumns(xs, at+64*i)
	}
	f.ADDQ(imm(64*most), along)
	f.CMPQ(along, depth)
	f.JLE(loop)
	f.Bind(some)
	f.ADDQ(imm(64*most), depth)
	f.CMPQ(along, depth)
	f.JGE(tail)
	f.Bind(one)
	f.ntColumns(xs, at)
	f.ADDQ(imm(64), along)
	f.CMPQ(along, depth)
	f.JLT(one)
	f.Bind(tail)
	f.ntTail(xs, at)
}

// ntColumns multiplies 8 columns.
func (f fn) ntColumns(xs []reg, at int) {
	for t, x := range xs {
		f.VMOVUPS(x.By(along, 1).Plus(at), Y(12+t))
	}
	for r, w := range rowPtrs {
		f.VMOVUPS(w.By(along, 1).Plus(at), Y(15))
		for t := range xs {
			f.VFMADD231PS(Y(12+t), Y(15), Y(4*t+r))
		}
	}
}

// ntTail multiplies the last 1 to 15 columns, through a mask, which may leave none of
// these lanes.
func (f fn) ntTail(xs []reg, at int) {
	const mask, x, w = Y(15), Y(12), Y(13)
	out := f.NewLabel("out")
	f.MOVQ(f.arg("tail"), R12)
	f.TESTQ(R12, R12)
	f.JZ(out)
	f.VMOVDQU(R12.At(at), mask)
	for t, ptr := range xs {
		f.VMASKMOVPS(ptr.By(along, 1).Plus(at), mask, x)
		for r, row := range rowPtrs {
			f.VMASKMOVPS(row.By(along, 1).Plus(at), mask, w)
			f.VFMADD231PS(x, w, Y(4*t+r))
		}
	}
	f.Bind(out)
}

// ntStore stores n times 4 products, or adds them. A full row of 4 is stored
// plainly: masked stores are slow.
func (f fn) ntStore(n int, mask Y, products func(t int) X, tmp X) {
	masked, plain, store, end := f.NewLabel("masked"), f.NewLabel("plain"), f.NewLabel("store"), f.NewLabel("end")
	f.load("ldd", stepDst)
	f.load("rows", rowsMask)
	f.TESTQ(rowsMask, rowsMask)
	f.JNZ(masked)
	f.ifAdding(plain, n, func(t int) { f.VADDPS(AX.At(0), products(t), products(t)) })
	f.Bind(plain)
	for t := range n {
		f.VMOVUPS(products(t), DI.At(0))
		f.ADDQ(stepDst, DI)
	}
	f.JMP(end)
	f.Bind(masked)
	f.VMOVDQU(rowsMask.At(0), X(mask))
	f.ifAdding(store, n, func(t int) {
		f.VMASKMOVPS(AX.At(0), X(mask), tmp)
		f.VADDPS(tmp, products(t), products(t))
	})
	f.Bind(store)
	for t := range n {
		f.VMASKMOVPS(products(t), X(mask), DI.At(0))
		f.ADDQ(stepDst, DI)
	}
	f.Bind(end)
}

// ifAdding adds what is at AX to the products of n vectors, unless acc is 0.
func (f fn) ifAdding(otherwise asm.Label, n int, add func(t int)) {
	f.CMPQ(f.arg("acc"), imm(0))
	f.JEQ(otherwise)
	f.MOVQ(DI, AX)
	for t := range n {
		add(t)
		f.ADDQ(stepDst, AX)
	}
}

// nnParams are what nn takes.
func nnParams(more ...asm.Param) []asm.Param {
	return append([]asm.Param{
		dst32, asm.P("ldd", asm.Int), vecA, asm.P("lda", asm.Int), vecB, asm.P("ldb", asm.Int),
		asm.P("k", asm.Int), asm.P("acc", asm.Int),
	}, more...)
}

// nnLoad loads the arguments of nn and returns where the elements of up to 6 rows
// of a are.
func (f fn) nnLoad() {
	f.load("dst", DI)
	f.load("ldd", R8)
	f.load("a", SI)
	f.load("lda", R9)
	f.load("b", DX)
	f.load("ldb", R10)
	f.load("k", CX)
	f.load("acc", AX)
}

// sixRows returns the memory of 6 rows that are a stride apart; the register next
// gets the address of the fourth.
func (f fn) sixRows(first, stride, next reg) []mem {
	f.LEAQ(stride.By(stride, 2), next)
	f.ADDQ(first, next)
	return []mem{first.At(0), first.By(stride, 1), first.By(stride, 2), next.At(0), next.By(stride, 1), next.By(stride, 2)}
}

// Here the elements of a row of a are spread, and rows of b are read as they lie: a
// sum is over the depth alone, one element after another, so that it is the same
// for every number of rows and columns beside it. 6 rows by 16 columns are 12 sums
// again.
// nn is a kernel for rows by columns, which are cols or, through a mask in Y15, at
// most that.
type nn struct {
	fn
	rows, cols int
	masked     bool
}

// writeNN keeps the product of row t and the j-th 8 columns in Y(t·cols/8+j).
func writeNN(p file, rows, cols int, masked bool) asm.Signature {
	doc, params := "", []asm.Param(nil)
	if masked {
		doc, params = " The mask selects columns.", []asm.Param{asm.P("mask", asm.Masks)}
	}
	f := p.begin(fmt.Sprintf("nn%dx%dAVX2", rows, cols), fmt.Sprintf("computes %d rows by %d columns of a product to depth k.%s Strides are in bytes.", rows, cols, doc), nnParams(params...)...)
	k := nn{f, rows, cols, masked}
	f.nnLoad()
	if masked {
		f.load("mask", R11)
		f.VMOVDQU(R11.At(0), Y(15))
	}
	// The addresses of 6 rows are two registers and a stride: general registers are
	// few, too.
	a := f.sixRows(SI, R9, BX)
	loop := f.NewLabel("loop")
	f.zero(ys(0, rows*cols/8)...)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(DI, AX)
	k.eachRow(AX, func(m mem, r Y) { k.move(m, r) })
	f.Bind(loop)
	for j := range cols / 8 {
		k.move(DX.At(32*j), Y(12+j))
	}
	for t := range rows {
		k.multiplyRow(t, a[t])
	}
	f.ADDQ(imm(4), SI)
	f.ADDQ(imm(4), BX)
	f.ADDQ(R10, DX)
	f.DECQ(CX)
	f.JNZ(loop)
	k.eachRow(DI, func(m mem, r Y) { k.move(r, m) })
	f.end()
	return f.Signature
}

// multiplyRow adds an element of a times a row of b, in Y12 and Y13.
func (k nn) multiplyRow(t int, a mem) {
	element := Y(14)
	if !k.masked {
		element += Y(t % 2)
	}
	k.VBROADCASTSS(a, element)
	for j := range k.cols / 8 {
		k.VFMADD231PS(Y(12+j), element, Y(t*k.cols/8+j))
	}
}

// eachRow moves all products, to or from the rows at ptr.
func (k nn) eachRow(ptr reg, move func(m mem, r Y)) {
	for t := range k.rows {
		for j := range k.cols / 8 {
			move(ptr.At(32*j), Y(t*k.cols/8+j))
		}
		if t < k.rows-1 {
			k.ADDQ(R8, ptr)
		}
	}
}

// move loads or stores 8 columns, those that the mask selects where there is one.
// What a mask leaves out is not touched: it may be behind the end of the memory.
func (k nn) move(from, to vecMem) {
	if k.masked {
		k.VMASKMOVPS(from, Y(15), to)
	} else {
		k.VMOVUPS(from, to)
	}
}

// matmul writes them: the choices by rows are for what is left of a matrix behind
// its last 6.
func matmul(p file) {
	ntAVX2(p)
	wide := p.Choose(asm.ByCount, "nn16AVX2", "computes 1 to 6 rows by 16 columns of a product.")
	narrow := p.Choose(asm.ByCount, "nn8AVX2", "computes 1 to 6 rows by at most 8 columns of a product.")
	for rows := 1; rows <= 6; rows++ {
		wide.Add(rows, writeNN(p, rows, 16, false))
		narrow.Add(rows, writeNN(p, rows, 8, true))
	}
}
