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
	f.fetchStored(max(size/64, 1))
	f.ADDQ(imm(size), attnAhead)
}

// fetchAheadOf sets where lines are fetched from, as far ahead of an address as the argument
// says.
func (f fn) fetchAheadOf(at reg) {
	f.MOVQ(at, attnAhead)
	f.ADDQ(f.arg(fetchParam.Name), attnAhead)
}

// fetchStored fetches lines, unless the argument is 0: into the second cache, on processors
// too that want codes of weights in the first one, since here more is computed for a line
// than they can have lines on the way to the first.
func (f fn) fetchStored(lines int) {
	not := f.NewLabel("not")
	f.CMPQ(f.arg(fetchParam.Name), imm(0))
	f.JEQ(not)
	fetchEach(attnAhead, lines, 0, f.PREFETCHT1)
	f.Bind(not)
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
		f.fetchAheadOf(attnKey)
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
	f.fetchAheadOf(SI)
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
	f.fetchStored(max(cols*s.size/64, 1))
	for c := range vectors {
		f.widen(s, SI.At(8*s.size*c), Y(12))
		for r := range rows {
			f.VFMADD231PS(Y(13+r), Y(12), Y(r*vectors+c))
		}
	}
	f.ADDQ(imm(4), DI)
	f.ADDQ(R10, SI)
	f.ADDQ(R10, attnAhead)
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
	p.writePanel("attnPanel4AVX2", W256, 4, 1)
	p.writePanel("attnPanel6AVX2", W256, 6, 1)
	turnKeys(p)
	attnMask(p, false)
	attnMask(p, true)
	attnShare(p)
	attnExp(p)
	attnJoin(p)
}
