package amd64

import (
	"fmt"
	"math/bits"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Attention over keys and values where they lie, halves or floats, which are
// widened in the loop. There are two ways to the scores, with the same bits: direct
// kernels multiply some keys by few query rows as they lie, in lanes that are
// added at the end, and panel kernels multiply many rows by keys that were turned, so
// that a vector holds one column of its keys and a lane of the sum is a register.

// stored is how keys and values are stored.
type stored struct {
	letters string
	typ     asm.Type
	size    int
}

// bothStored are halves and floats.
var bothStored = []stored{{"F16", asm.Halves, 2}, {"F32", asm.Floats, 4}}

// widen loads a vector of them.
func (f fn) widen(s stored, m mem, r vec) {
	if s.size == 2 {
		f.VCVTPH2PS(m, r)
		return
	}
	f.VMOVUPS(m, r)
}

// keyParams are what direct scores take. Strides are in bytes; steps are the columns
// in groups of 16, and groups the keys in groups of the kernel.
func keyParams(s stored) []asm.Param {
	return []asm.Param{
		asm.P("q", asm.Floats), asm.P("ldq", asm.Int), asm.P("keys", s.typ), asm.P("ldk", asm.Int),
		asm.P("s", asm.Floats), asm.P("lds", asm.Int), asm.P("groups", asm.Int), asm.P("steps", asm.Int), fetchParam,
	}
}

// valueParams are what direct sums of values take.
func valueParams(s stored, more ...asm.Param) []asm.Param {
	return append([]asm.Param{
		asm.P("p", asm.Floats), asm.P("ldp", asm.Int), asm.P("v", s.typ), asm.P("ldv", asm.Int),
		asm.P("dst", asm.Floats), asm.P("ldd", asm.Int), asm.P("k", asm.Int), asm.P("acc", asm.Int), fetchParam,
	}, more...)
}

// The registers of direct scores.
const (
	attnQ      = DI
	attnKey    = SI
	attnScore  = R8
	attnLdq    = R9
	attnLdk    = R10
	attnLds    = R11
	attnGroups = CX
	attnAhead  = DX  // where keys are fetched ahead
	attnBack   = R14 // from the end of a group's keys to the next group
)

// scoresLoad loads what direct scores take, for groups of so many keys.
func (f fn) scoresLoad(s stored, keys int) {
	f.load("keys", attnKey)
	f.load("ldq", attnLdq)
	f.load("ldk", attnLdk)
	f.load("s", attnScore)
	f.load("lds", attnLds)
	f.load("groups", attnGroups)
	f.MOVQ(attnLdk, attnBack)
	f.SHLQ(imm(bits.TrailingZeros(uint(keys))), attnBack)
	f.load("steps", AX)
	f.SHLQ(imm(bits.TrailingZeros(uint(16*s.size))), AX)
	f.SUBQ(AX, attnBack)
}

// fetchKeys fetches ahead what a step reads of so many keys, as if they lay one behind
// the other: its lines are those of some part of a later group.
func (f fn) fetchKeys(s stored, keys int) {
	size := 16 * s.size * keys
	f.fetchStored(attnAhead, max(size/64, 1))
	f.ADDQ(imm(size), attnAhead)
}

// fetchStored fetches lines ahead of an address, if the argument says so: into the second
// cache, on processors too that want codes of weights in the first one, since here more
// is computed for a line than they can have lines on the way to the first.
func (f fn) fetchStored(at reg, lines int) {
	not := f.NewLabel("not")
	f.CMPQ(f.arg(fetchParam.Name), imm(0))
	f.JEQ(not)
	fetchLines(at, lines, secondAhead, f.PREFETCHT1)
	f.Bind(not)
}

// fetchLines fetches n lines at a distance from an address.
func fetchLines(at reg, n, ahead int, fetch func(mem)) {
	for i := range n {
		fetch(at.At(ahead + 64*i))
	}
}

// fourRows returns the memory of 4 rows that are a stride apart, of which thrice the
// stride is in a register.
func fourRows(first, stride, thrice reg) []mem {
	return []mem{first.At(0), first.By(stride, 1), first.By(stride, 2), first.By(thrice, 1)}
}

// Of 16 columns a key has two registers of lanes, those of the first 8 and of the
// last; so a row and a key take two of them, and 12 are the most beside what is
// loaded.
// scoresAVX2 multiplies 1 row by 4 keys at a time, and 2 or 3 rows by 2.
func (p file) scoresAVX2(s stored, rows int) asm.Signature {
	keys := 2
	if rows == 1 {
		keys = 4
	}
	f := p.begin(fmt.Sprintf("attnScores%d%sAVX2", rows, s.letters), fmt.Sprintf("multiplies %d rows of queries by keys, %d of them to a group.", rows, keys), keyParams(s)...)
	f.scoresLoad(s, keys)
	f.LEAQ(attnLdk.By(attnLdk, 2), R12)
	key, q := fourRows(attnKey, attnLdk, R12), fourRows(attnQ, attnLdq, R13)
	sum := func(row, key, part int) Y { return Y(2*(row*keys+key) + part) }
	f.repeat("group", attnGroups, func() {
		f.load("q", attnQ)
		f.zero(ys(0, 2*rows*keys)...)
		f.load("steps", AX)
		f.MOVQ(attnKey, attnAhead)
		f.repeat("step", AX, func() {
			f.fetchKeys(s, keys)
			for k := range keys {
				for part := range 2 {
					f.widen(s, key[k].Plus(8*s.size*part), Y(12+part))
					for r := range rows {
						f.VFMADD231PS(q[r].Plus(32*part), Y(12+part), sum(r, k, part))
					}
				}
			}
			f.ADDQ(imm(64), attnQ)
			f.ADDQ(imm(16*s.size), attnKey)
		})
		f.scoreSums(rows, keys)
		f.ADDQ(attnBack, attnKey)
		f.ADDQ(imm(4*keys), attnScore)
	})
	f.end()
	return f.Signature
}

// scoreSums adds the lanes of all sums by halves and stores them: 4 at a time in one
// register, of which each half has two keys of a row.
func (f fn) scoreSums(rows, keys int) {
	n := rows * keys
	for i := range Y(n) {
		f.VADDPS(2*i+1, 2*i, i) // lanes 8 apart
	}
	f.joinFour(Y(0), Y(2), Y(1), Y(3))
	second := attnScore.At(8)
	if keys == 2 {
		second = attnScore.By(attnLds, 1)
	}
	f.VMOVQ(X(0), attnScore.At(0))
	f.VEXTRACTF128(1, Y(0), X(12))
	f.VMOVQ(X(12), second)
	if n > 4 {
		f.joinFour(Y(4), Y(4), Y(5), Y(5))
		f.VMOVQ(X(4), attnScore.By(attnLds, 2))
	}
}

// joinFour sums the lanes of a, b, c and d and leaves a and c in the lower half of a,
// b and d in the upper one.
func (f fn) joinFour(a, b, c, d Y) {
	for _, two := range [][2]Y{{a, b}, {c, d}} { // lanes 4 apart
		f.VPERM2F128(0x20, two[1], two[0], Y(12))
		f.VPERM2F128(0x31, two[1], two[0], Y(13))
		f.VADDPS(Y(13), Y(12), two[0])
	}
	for _, sel := range [][2]uint8{{0x44, 0xEE}, {0x88, 0xDD}} { // 2 apart, then 1
		f.VSHUFPS(sel[0], c, a, Y(12))
		f.VSHUFPS(sel[1], c, a, Y(13))
		f.VADDPS(Y(13), Y(12), a)
		c = a
	}
}

// valuesAVX2 sums 32 or 8 columns of values by the weights of up to 3 rows: 12 sums.
func (p file) valuesAVX2(s stored, rows, cols int) asm.Signature {
	f := p.begin(fmt.Sprintf("attnValues%dx%d%sAVX2", rows, cols, s.letters), fmt.Sprintf("sums %d columns of k values by %d rows of weights. Strides are in bytes.", cols, rows), valueParams(s)...)
	vectors := cols / 8
	f.load("p", DI)
	f.load("ldp", R9)
	f.load("v", SI)
	f.load("ldv", R10)
	f.load("dst", R8)
	f.load("ldd", R11)
	f.load("k", CX)
	f.load("acc", AX)
	weights := fourRows(DI, R9, R12)
	loop := f.NewLabel("key")
	f.zero(ys(0, rows*vectors)...)
	f.TESTQ(AX, AX)
	f.JZ(loop)
	f.MOVQ(R8, AX)
	f.eachSum(AX, R11, rows, vectors, func(m mem, r int) { f.VMOVUPS(m, Y(r)) })
	f.Bind(loop)
	for r := range rows {
		f.VBROADCASTSS(weights[r], Y(13+r))
	}
	f.fetchStored(SI, max(cols*s.size/64, 1))
	for c := range vectors {
		f.widen(s, SI.At(8*s.size*c), Y(12))
		for r := range rows {
			f.VFMADD231PS(Y(13+r), Y(12), Y(r*vectors+c))
		}
	}
	f.ADDQ(imm(4), DI)
	f.ADDQ(R10, SI)
	f.DECQ(CX)
	f.JNZ(loop)
	f.eachSum(R8, R11, rows, vectors, func(m mem, r int) { f.VMOVUPS(Y(r), m) })
	f.end()
	return f.Signature
}

// eachSum goes through the memory of sums, row by row.
func (f fn) eachSum(at, stride reg, rows, vectors int, move func(m mem, r int)) {
	for r := range rows {
		for c := range vectors {
			move(at.At(32*c), r*vectors+c)
		}
		if r < rows-1 {
			f.ADDQ(stride, at)
		}
	}
}

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

// attnMask scales scores and adds the mask, and finds their maximum on the way; the
// other one rounds what operations of their own would store as halves. They are for
// every processor: the pass waits for the memory of scores.
func attnMask(p file, round bool) {
	name, rounded := "attnMaskAVX2", ""
	if round {
		name, rounded = "attnMaskRoundAVX2", ", each rounded to a half like the scores"
	}
	f := p.beginSig(asm.Signature{
		Name: name, Doc: "makes n scores, a multiple of 16, s·scale and adds the mask" + rounded + ", of which -Inf overrides and which may be nil; it returns their maximum that is not NaN.",
		Params: []asm.Param{asm.P("s", asm.Floats), asm.P("added", asm.Floats), asm.P("n16", asm.Int), asm.P("scale", asm.Float)}, Result: asm.Float,
	})
	f.load("s", DI)
	f.load("added", SI)
	f.load("n16", CX)
	f.VBROADCASTSS(f.arg("scale"), Y(15))
	for i := range 2 {
		f.VBROADCASTSS(f.negInf(), Y(i))
	}
	f.VBROADCASTSS(f.negInf(), Y(14))
	bare, end := f.NewLabel("bare"), f.NewLabel("end")
	f.TESTQ(SI, SI)
	f.JZ(bare)
	f.maskLoop("masked", true, round)
	f.JMP(end)
	f.Bind(bare)
	f.maskLoop("scaled", false, round)
	f.Bind(end)
	f.VMAXPS(Y(1), Y(0), Y(0))
	maxTo(f)
	f.end()
}

// maskLoop is the pass with a mask or without one.
func (f fn) maskLoop(name string, masked, round bool) {
	rounded := func(r int) {
		if round {
			f.roundHalf(r)
		}
	}
	loop := f.Here(name)
	for j := range 2 {
		s := 2 + j
		f.VMOVUPS(DI.At(32*j), Y(s))
		rounded(s)
		f.VMULPS(Y(s), Y(15), Y(s))
		rounded(s)
		if masked {
			f.VMOVUPS(SI.At(32*j), Y(4+j))
			f.VADDPS(Y(4+j), Y(s), Y(s))
			f.VCMPPS(equal, Y(14), Y(4+j), Y(6+j))
			f.VBLENDVPS(Y(6+j), Y(4+j), Y(s), Y(s))
			rounded(s)
		}
		f.VMOVUPS(Y(s), DI.At(32*j))
		f.VMAXPS(Y(j), Y(s), Y(j)) // what there was so far where the score is NaN
	}
	f.ADDQ(imm(64), DI)
	if masked {
		f.ADDQ(imm(64), SI)
	}
	f.SUBQ(imm(16), CX)
	f.JNZ(loop)
}

// roundHalf rounds Y r to halves.
func (f fn) roundHalf(r int) {
	f.VCVTPS2PH(0, Y(r), X(r))
	f.VCVTPH2PS(X(r), Y(r))
}

// attnShare makes weights their share of the sum, rounded to a half.
func attnShare(p file) {
	setup := func(f fn) { f.VBROADCASTSS(f.arg("a"), Y(15)) }
	p.elementwise("attnShareAVX2", "makes x the nearest half to x·a.", []asm.Param{vecX, count, asm.P("a", asm.Float)}, setup, func(f fn, o, j int) {
		f.VMULPS(DI.At(32*o), Y(15), Y(j))
		f.roundHalf(j)
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
}

// lanesTo adds 8 lanes of Y acc by halves and stores the sum.
func (f fn) lanesTo(target mem, acc, tmp int) {
	f.VEXTRACTF128(1, Y(acc), X(tmp))
	f.VADDPS(X(tmp), X(acc), X(acc))
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VSHUFPS(sel, X(acc), X(acc), X(tmp))
		f.VADDPS(X(tmp), X(acc), X(acc))
	}
	f.VMOVSS(X(acc), target)
}

// expParams are what the kernels take that turn scores into weights.
func expSignature(name string) asm.Signature {
	return asm.Signature{
		Name: name, Doc: "replaces n scores, a multiple of 16, by exp(s-shift) and returns their sum in 16 lanes.",
		Params: []asm.Param{asm.P("s", asm.Floats), asm.P("n16", asm.Int), asm.P("shift", asm.Float)}, Result: asm.Float,
	}
}

// attnExp keeps the two halves of the lanes in Y7 and Y8.
func attnExp(p file) {
	f := p.beginSig(expSignature("attnExpAVX2"))
	f.load("s", DI)
	f.load("n16", CX)
	f.expSetup()
	f.VBROADCASTSS(f.arg("shift"), Y(9))
	f.zero(Y(7), Y(8))
	loop := f.Here("loop")
	for j := range 2 {
		x := Y(3 * j)
		f.VMOVUPS(DI.At(32*j), x)
		f.VSUBPS(Y(9), x, x)
		f.exp(x, x+1, x+2)
		f.VMOVUPS(x, DI.At(32*j))
		f.VADDPS(x, Y(7+j), Y(7+j))
	}
	f.ADDQ(imm(64), DI)
	f.SUBQ(imm(16), CX)
	f.JNZ(loop)
	f.VADDPS(Y(8), Y(7), Y(7))
	f.lanesTo(f.ret(), 7, 0)
	f.end()
}

// attnJoin joins the sums of values of two runs of keys. 0 is added where a sum that
// was scaled down may have become -0, so that what has no weight changes no sign.
func attnJoin(p file) {
	params := []asm.Param{vecY, vecX, count, asm.P("a", asm.Float), asm.P("b", asm.Float)}
	setup := func(f fn) {
		f.VBROADCASTSS(f.arg("a"), Y(15))
		f.VBROADCASTSS(f.arg("b"), Y(14))
		f.zero(Y(13))
	}
	p.elementwise("attnJoinAVX2", "makes y the sum of y·a, rounded, and x·b.", params, setup, func(f fn, o, j int) {
		f.VMULPS(DI.At(32*o), Y(15), Y(j))
		f.VADDPS(Y(13), Y(j), Y(j))
		f.VFMADD231PS(SI.At(32*o), Y(14), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
}

// attention writes the kernels for AVX2.
func attention(p file) {
	for _, s := range bothStored {
		scores := p.Choose(asm.ByCount, "attnScores"+s.letters+"AVX2", "multiplies 1 to 3 rows of queries by keys.")
		for rows := 1; rows <= 3; rows++ {
			scores.Add(rows, p.scoresAVX2(s, rows))
		}
		for _, cols := range []int{32, 8} {
			values := p.Choose(asm.ByCount, fmt.Sprintf("attnValues%d%sAVX2", cols, s.letters), fmt.Sprintf("sums %d columns of values by 1 to 3 rows of weights.", cols))
			for rows := 1; rows <= 3; rows++ {
				values.Add(rows, p.valuesAVX2(s, rows, cols))
			}
		}
	}
	// Three times as many sums as are loaded is what 16 registers have room for.
	p.writePanel("attnPanel4AVX2", W256, 4)
	p.writePanel("attnPanel6AVX2", W256, 6)
	turnKeys(p)
	attnMask(p, false)
	attnMask(p, true)
	attnShare(p)
	attnExp(p)
	attnJoin(p)
}
