package amd64

import (
	"fmt"
	"math/bits"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Scores of many rows: keys are turned, and a lane of the sum is a register.

// turned are the lanes of a sum in the order in which their tree joins them: each
// with the one 8 further on, such pairs with those 4 further on, and so on. It is
// the order of 4 bits turned around.
var turned = [16]int{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}

// panelKernel multiplies rows of queries by a panel of turned keys, two vectors
// wide. One lane's products are summed at a time; sums of lanes that wait for another
// one are in tmp.
type panelKernel struct {
	fn
	width width
	rows  int
}

// writePanel writes the kernel for up to 8 rows.
func (p file) writePanel(name string, w width, rows int) asm.Signature {
	keys := int(w) / 16
	f := p.begin(name, fmt.Sprintf("multiplies %d rows of queries by %d keys in steps of 16 columns; tmp holds sums. Strides are in bytes.", rows, keys),
		asm.P("s", asm.Floats), asm.P("lds", asm.Int), asm.P("q", asm.Floats), asm.P("ldq", asm.Int),
		asm.P("keys", asm.Floats), asm.P("tmp", asm.Floats), asm.P("steps", asm.Int))
	k := panelKernel{f, w, rows}
	f.load("s", R8)
	f.load("lds", R11)
	f.load("q", SI)
	f.load("ldq", R9)
	f.load("keys", DX)
	f.load("tmp", DI)
	f.load("steps", CX)
	f.LEAQ(R9.By(R9, 2), R10)
	f.LEAQ(SI.By(R9, 4), BX)
	k.backs()
	waiting := 0
	for i, lane := range turned {
		from := 0
		if i > 0 {
			from = turned[i-1]
		}
		k.lane(lane, from)
		for ; i&1 == 1; i >>= 1 {
			waiting--
			k.eachTmp(waiting, func(m mem, r vec) { f.VADDPS(m, r, r) })
		}
		if lane != turned[15] {
			k.eachTmp(waiting, func(m mem, r vec) { f.VMOVUPS(r, m) })
			waiting++
		}
	}
	for r := range rows {
		for v := range 2 {
			f.VMOVUPS(k.sum(r, v), R8.At(int(w)/8*v))
		}
		if r < rows-1 {
			f.ADDQ(R11, R8)
		}
	}
	f.end()
	return f.Signature
}

// column is the bytes of a column of a panel.
func (k panelKernel) column() int { return int(k.width) / 4 }

// backs makes what a lane's steps went forward, of queries in R12 and of keys in R13.
func (k panelKernel) backs() {
	k.MOVQ(CX, R12)
	k.SHLQ(imm(6), R12)
	k.MOVQ(CX, R13)
	k.SHLQ(imm(bits.TrailingZeros(uint(16*k.column()))), R13)
}

func (k panelKernel) sum(row, v int) vec { return k.width.reg(2*row + v) }

// eachTmp goes through a level of the memory of sums.
func (k panelKernel) eachTmp(level int, do func(m mem, r vec)) {
	for i := range 2 * k.rows {
		do(DI.At(int(k.width)/8*(level*2*k.rows+i)), k.width.reg(i))
	}
}

// lane sums the products of one lane. The pointers are at the end of the one before.
func (k panelKernel) lane(lane, from int) {
	if lane != 0 {
		k.SUBQ(R12, SI)
		k.SUBQ(R12, BX)
		k.SUBQ(R13, DX)
		k.ADDQ(imm(4*(lane-from)), SI)
		k.ADDQ(imm(4*(lane-from)), BX)
		k.ADDQ(imm(k.column()*(lane-from)), DX)
	}
	sums := 2 * k.rows
	k.zero(run(k.width, 0, sums)...)
	q := append(fourRows(SI, R9, R10), fourRows(BX, R9, R10)...)
	k.MOVQ(CX, AX)
	k.repeat("lane", AX, func() {
		for v := range 2 {
			k.VMOVUPS(DX.At(int(k.width)/8*v), k.width.reg(sums+v))
		}
		for r := range k.rows {
			element := k.width.reg(sums + 2 + r%2)
			k.VBROADCASTSS(q[r], element)
			for v := range 2 {
				k.VFMADD231PS(element, k.width.reg(sums+v), k.sum(r, v))
			}
		}
		k.ADDQ(imm(64), SI)
		k.ADDQ(imm(64), BX)
		k.ADDQ(imm(16*k.column()), DX)
	})
}

// turnParams are what the kernels take that turn keys: n groups of 8 columns of 8
// keys. Strides are in bytes.
func turnParams(s stored) []asm.Param {
	return []asm.Param{dst32, asm.P("ldd", asm.Int), asm.P("keys", s.typ), asm.P("ldk", asm.Int), asm.P("groups", asm.Int)}
}

// turnKeys writes them.
func turnKeys(p file) {
	for _, s := range bothStored {
		f := p.begin("attnTurn"+s.letters+"AVX2", "stores columns of 8 keys, 8 columns to a group.", turnParams(s)...)
		f.load("dst", DI)
		f.load("ldd", R8)
		f.load("keys", SI)
		f.load("ldk", R9)
		f.load("groups", CX)
		f.LEAQ(R9.By(R9, 2), R10)
		f.LEAQ(SI.By(R9, 4), BX)
		rows := append(fourRows(SI, R9, R10), fourRows(BX, R9, R10)...)
		f.repeat("group", CX, func() {
			if s.size == 2 {
				f.turnHalves(rows)
			} else {
				f.turnFloats(rows)
			}
			f.ADDQ(imm(8*s.size), SI)
			f.ADDQ(imm(8*s.size), BX)
		})
		f.end()
	}
}

// turnHalves interleaves rows 1 apart, then pairs 2 apart, then 4.
func (f fn) turnHalves(rows []mem) {
	for r, m := range rows {
		f.VMOVDQU(m, X(r))
	}
	for i := range X(4) {
		f.VPUNPCKLWD(2*i+1, 2*i, X(8+i)) // columns 0 to 3
		f.VPUNPCKHWD(2*i+1, 2*i, X(12+i))
	}
	for i := range X(2) {
		for half := range X(2) {
			low, high := 8+4*half+2*i, 8+4*half+2*i+1
			f.VPUNPCKLDQ(high, low, 4*half+i) // columns 0 and 1 of the half
			f.VPUNPCKHDQ(high, low, 4*half+2+i)
		}
	}
	for pair := range X(4) {
		f.VPUNPCKLQDQ(2*pair+1, 2*pair, X(8))
		f.VPUNPCKHQDQ(2*pair+1, 2*pair, X(9))
		for i := range 2 {
			f.VCVTPH2PS(X(8+i), Y(8+i))
			f.VMOVUPS(Y(8+i), DI.At(0))
			f.ADDQ(R8, DI)
		}
	}
}

// turnFloats is the same of floats, whose halves of 4 are turned side by side.
func (f fn) turnFloats(rows []mem) {
	for r, m := range rows {
		f.VMOVUPS(m, Y(r))
	}
	for i := range Y(4) {
		f.VUNPCKLPS(2*i+1, 2*i, Y(8+i)) // columns 0, 1, 4 and 5
		f.VUNPCKHPS(2*i+1, 2*i, Y(12+i))
	}
	for i := range Y(2) { // rows 0 to 3, and 4 to 7, of columns c and c+4
		for half := range Y(2) {
			low, high := 8+4*half+2*i, 8+4*half+2*i+1
			f.VUNPCKLPD(high, low, 4*i+2*half)
			f.VUNPCKHPD(high, low, 4*i+2*half+1)
		}
	}
	for _, sel := range []uint8{0x20, 0x31} {
		for c := range Y(4) {
			f.VPERM2F128(sel, 4+c, c, Y(8))
			f.VMOVUPS(Y(8), DI.At(0))
			f.ADDQ(R8, DI)
		}
	}
}
