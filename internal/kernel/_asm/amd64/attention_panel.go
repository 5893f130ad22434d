package amd64

import (
	"fmt"
	"math/bits"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Scores of many rows: keys are turned, and a lane of the sum is a register.
//
// A panel has the columns of its keys in the order in which the kernels go through
// them: lane by lane in the order of turned, of a lane the columns 16 apart. So
// panels are read from their beginning to their end.

// turned are the lanes of a sum in the order in which their tree joins them: each
// with the one 8 further on, such pairs with those 4 further on, and so on. It is
// the order of 4 bits turned around.
var turned = [16]int{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}

// panelKernel multiplies rows of queries by a panel of turned keys, two vectors
// wide. The products of some lanes are summed at a time, and these are joined; sums
// that wait for others are in tmp.
type panelKernel struct {
	fn
	width       width
	rows, lanes int
}

// The registers of panel kernels. Steps are whole fours and some single ones: loops
// of few rounds, of which processors foresee the end badly, cost more than the products.
const (
	panelFours  = CX
	panelSingle = R14
	panelLeft   = R15 // of all groups that are left
	panelBack   = R12 // what a lane's steps went forward in the queries
	panelLane   = R13 // the bytes of a lane's keys
)

// writePanel writes the kernel for 4 or 6 rows, which sums so many lanes at a time.
func (p file) writePanel(name string, w width, rows, lanes int) asm.Signature {
	keys := int(w) / 16
	f := p.begin(name, fmt.Sprintf("multiplies groups of %d rows of queries by %d keys in steps of 16 columns; tmp holds sums. Strides are in bytes.", rows, keys),
		asm.P("s", asm.Floats), asm.P("lds", asm.Int), asm.P("q", asm.Floats), asm.P("ldq", asm.Int),
		asm.P("keys", asm.Floats), asm.P("tmp", asm.Floats), asm.P("steps", asm.Int), asm.P("groups", asm.Int))
	k := panelKernel{f, w, rows, lanes}
	f.load("s", R8)
	f.load("lds", R11)
	f.load("q", SI)
	f.load("ldq", R9)
	f.load("tmp", DI)
	f.load("steps", panelFours)
	f.load("groups", panelLeft)
	f.ADDQ(panelLeft, panelLeft)
	f.LEAQ(R9.By(R9, 2), R10)
	f.LEAQ(SI.By(R9, 4), BX)
	k.steps()
	group := f.Here("group")
	f.load("keys", DX)
	k.lanesOfHalves()
	for r := range rows {
		for v := range 2 {
			f.VMOVUPS(k.sum(0, r, v), R8.At(int(w)/8*v))
		}
		f.ADDQ(R11, R8)
	}
	f.LEAQ(SI.By(R9, 4).Plus(-4), SI)
	if rows == 6 {
		f.LEAQ(SI.By(R9, 2), SI)
	}
	f.LEAQ(SI.By(R9, 4), BX)
	f.TESTQ(panelLeft, panelLeft)
	f.JNZ(group)
	f.end()
	return f.Signature
}

// column is the bytes of a column of a panel.
func (k panelKernel) column() int { return int(k.width) / 4 }

// steps makes of the number of steps what the loops need.
func (k panelKernel) steps() {
	k.MOVQ(panelFours, panelBack)
	k.SHLQ(imm(6), panelBack)
	k.MOVQ(panelFours, panelLane)
	k.SHLQ(imm(bits.TrailingZeros(uint(k.column()))), panelLane)
	k.MOVQ(panelFours, panelSingle)
	k.ANDQ(imm(3), panelSingle)
	k.SHRQ(imm(2), panelFours)
}

func (k panelKernel) sum(lane, row, v int) vec { return k.width.reg(2*(lane*k.rows+row) + v) }

// eachTmp goes through a level of the memory of sums.
func (k panelKernel) eachTmp(level int, do func(m mem, r vec)) {
	for i := range 2 * k.rows {
		do(DI.At(int(k.width)/8*(level*2*k.rows+i)), k.width.reg(i))
	}
}

// lanesOfHalves leaves the sums of all lanes. Those of the second half are each one
// column behind those of the first, so that the code is the same.
func (k panelKernel) lanesOfHalves() {
	half, last := k.NewLabel("half"), k.NewLabel("last")
	join := func(level int) { k.eachTmp(level, func(m mem, r vec) { k.VADDPS(m, r, r) }) }
	keep := func(level int) { k.eachTmp(level, func(m mem, r vec) { k.VMOVUPS(r, m) }) }
	groups := 8 / k.lanes
	k.Bind(half)
	waiting := 0
	for i := range groups {
		k.someLanes(turned[i*k.lanes : (i+1)*k.lanes])
		for rest := i; rest&1 == 1; rest >>= 1 {
			waiting--
			join(waiting)
		}
		if i < groups-1 {
			keep(waiting)
			waiting++
		}
	}
	level := bits.TrailingZeros(uint(groups))
	k.DECQ(panelLeft)
	k.TESTQ(imm(1), panelLeft)
	k.JZ(last)
	keep(level)
	k.ADDQ(imm(4), SI)
	k.ADDQ(imm(4), BX)
	k.JMP(half)
	k.Bind(last)
	join(level)
}

// someLanes sums the products of one lane or of two, which are joined. The queries'
// pointers are where they were then, and that of the keys is behind the lanes' keys.
func (k panelKernel) someLanes(lanes []int) {
	k.zero(run(k.width, 0, 2*k.rows*len(lanes))...)
	single, done := k.NewLabel("single"), k.NewLabel("done")
	k.TESTQ(panelFours, panelFours)
	k.JZ(single)
	k.MOVQ(panelFours, AX)
	k.someSteps("fours", lanes, 4)
	k.Bind(single)
	k.MOVQ(panelSingle, AX)
	k.TESTQ(AX, AX)
	k.JZ(done)
	k.someSteps("singles", lanes, 1)
	k.Bind(done)
	k.SUBQ(panelBack, SI)
	k.SUBQ(panelBack, BX)
	if len(lanes) == 2 {
		k.ADDQ(panelLane, DX)
		for r := range k.rows {
			for v := range 2 {
				k.VADDPS(k.sum(1, r, v), k.sum(0, r, v), k.sum(0, r, v))
			}
		}
	}
}

// someSteps multiplies n steps of the lanes in each of AX rounds.
func (k panelKernel) someSteps(name string, lanes []int, n int) {
	key, element := 2*k.rows*len(lanes), 2*k.rows*len(lanes)+2
	keys := []mem{DX.At(0), DX.By(panelLane, 1)}
	q := append(fourRows(SI, R9, R10), fourRows(BX, R9, R10)...)
	k.repeat(name, AX, func() {
		for step := range n {
			for l, lane := range lanes {
				for v := range 2 {
					k.VMOVUPS(keys[l].Plus(k.column()*step+int(k.width)/8*v), k.width.reg(key+v))
				}
				for r := range k.rows {
					e := k.width.reg(element + r%2)
					k.VBROADCASTSS(q[r].Plus(4*lane+64*step), e)
					for v := range 2 {
						k.VFMADD231PS(e, k.width.reg(key+v), k.sum(l, r, v))
					}
				}
			}
		}
		k.ADDQ(imm(64*n), SI)
		k.ADDQ(imm(64*n), BX)
		k.ADDQ(imm(k.column()*n), DX)
	})
}

// turnParams are what the kernels take that turn 8 keys: groups of 16 columns, which
// are column bytes apart in a lane, and the lanes, lane bytes apart.
func turnParams(s stored) []asm.Param {
	return []asm.Param{dst32, asm.P("column", asm.Int), asm.P("lane", asm.Int), asm.P("keys", s.typ), asm.P("ldk", asm.Int), asm.P("groups", asm.Int)}
}

// turnKeys writes them. The lanes of the first 8 columns are an even number of lanes
// from the panel's beginning, and those of the others one further on each.
func turnKeys(p file) {
	for _, s := range bothStored {
		f := p.begin("attnTurn"+s.letters+"AVX2", "stores columns of 8 keys, 16 columns to a group.", turnParams(s)...)
		f.load("dst", DI)
		f.load("column", R13)
		f.load("lane", R11)
		f.load("keys", SI)
		f.load("ldk", R9)
		f.load("groups", CX)
		f.LEAQ(R9.By(R9, 2), R10)
		f.LEAQ(SI.By(R9, 4), BX)
		rows := append(fourRows(SI, R9, R10), fourRows(BX, R9, R10)...)
		f.LEAQ(R11.By(R11, 1), R8)
		f.ADDQ(DI, R11)
		f.LEAQ(R8.By(R8, 2), R14)
		f.LEAQ(DI.By(R8, 4), R12)
		f.LEAQ(R11.By(R8, 4), R15)
		f.repeat("group", CX, func() {
			for half, first := range []reg{DI, R11} {
				twos := append(fourRows(first, R8, R14), fourRows([]reg{R12, R15}[half], R8, R14)...)
				var columns [8]mem
				for i, lane := range turned {
					if i%2 == half {
						columns[lane%8] = twos[i/2]
					}
				}
				if s.size == 2 {
					f.turnHalves(rows, columns)
				} else {
					f.turnFloats(rows, columns)
				}
				f.ADDQ(imm(8*s.size), SI)
				f.ADDQ(imm(8*s.size), BX)
			}
			for _, r := range []reg{DI, R11, R12, R15} {
				f.ADDQ(R13, r)
			}
		})
		f.end()
	}
}

// turnHalves interleaves rows 1 apart, then pairs 2 apart, then 4.
func (f fn) turnHalves(rows []mem, columns [8]mem) {
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
			f.VMOVUPS(Y(8+i), columns[2*int(pair)+i])
		}
	}
}

// turnFloats is the same of floats, whose halves of 4 are turned side by side.
func (f fn) turnFloats(rows []mem, columns [8]mem) {
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
	for half, sel := range []uint8{0x20, 0x31} {
		for c := range Y(4) {
			f.VPERM2F128(sel, 4+c, c, Y(8))
			f.VMOVUPS(Y(8), columns[4*half+int(c)])
		}
	}
}
