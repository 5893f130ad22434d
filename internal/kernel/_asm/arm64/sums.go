package arm64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Sums have one order on every architecture: element i of a chunk goes to lane i mod
// 16, which are those of V4 to V7; at the end of a chunk the lanes are added by halves,
// and the sum is added to those of the chunks before, in V12. What is less than 16 lies
// behind the pointer "last", filled up; it is nil where nothing is.

// sumGroups is the number of groups of 16 elements in a chunk.
const sumGroups = 32

// The parameters that all sums have. total is what the first chunk is added to: -0
// leaves it as it is.
var (
	groupsParam = asm.P("groups", asm.Int)
	lastParam   = asm.P("last", asm.Floats)
	totalParam  = asm.P("total", asm.Float)
)

// The registers of a sum.
const (
	sumLanes = V(4)
	sumTotal = V(12)
	groups   = R5
	lastPtr  = R6
	inChunk  = R7
	chunk    = R8
)

// chunked is a loop that adds a group of 16 elements at a time to the lanes, and moves
// the pointers on; last adds the group behind lastPtr.
type chunked struct {
	pointers    []R
	setup       func(f fn)
	group, last func(f fn)
}

// sum writes a kernel that returns a sum.
func (p file) sum(name, doc string, params []asm.Param, c chunked) {
	f := p.beginSig(asm.Signature{Name: name, Doc: doc, Params: params, Result: asm.Float})
	for i, r := range c.pointers {
		f.load(params[i].Name, r)
	}
	f.load(groupsParam.Name, groups)
	f.load(lastParam.Name, lastPtr)
	f.loadFloat(totalParam.Name, sumTotal)
	if c.setup != nil {
		c.setup(f)
	}
	start, whole, none := f.Here("chunk"), f.NewLabel("whole"), f.NewLabel("none")
	join, rest, end := f.NewLabel("join"), f.NewLabel("rest"), f.NewLabel("end")
	f.zero(vs(int(sumLanes), 4)...)
	f.set(chunk, sumGroups)
	f.SUBS(groups, sumGroups)
	f.BGE(whole)
	f.ADDS(groups, sumGroups)
	f.MOVD(chunk, groups)
	f.set(groups, 0)
	f.Bind(whole)
	f.MOVD(inChunk, chunk)
	f.CBZ(chunk, none)
	f.repeat("one", chunk, func() { c.group(f) })
	f.Bind(none)
	// The last group is in the last chunk, where that is not full.
	f.CMP(inChunk, sumGroups)
	f.BEQ(join)
	f.CBZ(lastPtr, join)
	c.last(f)
	f.set(lastPtr, 0)
	f.Bind(join)
	f.joinLanes(sumLanes)
	f.FADD(sumTotal.S4(), sumTotal.S4(), sumLanes.S4())
	f.CBZ(groups, rest)
	f.JMP(start)
	f.Bind(rest)
	f.CBZ(lastPtr, end)
	f.JMP(start)
	f.Bind(end)
	f.result(sumTotal)
	f.RET()
}

// joinLanes adds the 16 lanes of v and the three registers behind it by halves into
// lane 0 of v.
func (f fn) joinLanes(v V) {
	f.FADD(v.S4(), v.S4(), (v + 2).S4())
	f.FADD((v + 1).S4(), (v + 1).S4(), (v + 3).S4())
	f.FADD(v.S4(), v.S4(), (v + 1).S4())
	f.TRN2((v + 1).D2(), v.D2(), v.D2())
	f.FADD(v.S4(), v.S4(), (v + 1).S4())
	f.FADDPScalar(S(v), v.S2())
}

// sums writes those of products and of elements.
func sums(p file) {
	more := []asm.Param{groupsParam, lastParam, totalParam}
	multiply := func(f fn) {
		for i := range V(4) {
			f.FMLA((sumLanes + i).S4(), (16 + i).S4(), (20 + i).S4())
		}
	}
	load := func(f fn, v V, m func(o int) mem) {
		f.LDP(Q(v), Q(v+1), m(0))
		f.LDP(Q(v+2), Q(v+3), m(32))
	}
	next := func(r R) func(int) mem { return func(int) mem { return r.Post(32) } }
	lastProduct := func(f fn) {
		load(f, 16, lastPtr.At)
		load(f, 20, func(o int) mem { return lastPtr.At(64 + o) })
		multiply(f)
	}
	p.sum("dotNEON", "returns total and the sum of a·b.", append([]asm.Param{vecA, vecB}, more...), chunked{
		pointers: []R{R0, R1}, last: lastProduct,
		group: func(f fn) {
			load(f, 16, next(R0))
			load(f, 20, next(R1))
			multiply(f)
		},
	})
	p.sum("dotF16NEON", "returns total and the sum of w·x for halves w.", append([]asm.Param{asm.P("w", asm.Halves), vecX}, more...), chunked{
		pointers: []R{R0, R1}, last: lastProduct,
		group: func(f fn) {
			f.LDP(24, 25, R0.Post(32))
			load(f, 20, next(R1))
			f.toFloats(16, 24)
			f.toFloats(18, 25)
			multiply(f)
		},
	})
	square := func(f fn) {
		for i := range V(4) {
			f.FMLA((sumLanes + i).S4(), (16 + i).S4(), (16 + i).S4())
		}
	}
	p.sum("squaresNEON", "returns total and the sum of x·x.", append([]asm.Param{vecX}, more...), chunked{
		pointers: []R{R0},
		group: func(f fn) {
			load(f, 16, next(R0))
			square(f)
		},
		last: func(f fn) {
			load(f, 16, lastPtr.At)
			square(f)
		},
	})
	add := func(f fn) {
		for i := range V(4) {
			f.FADD((sumLanes + i).S4(), (sumLanes + i).S4(), (16 + i).S4())
		}
	}
	p.sum("sumNEON", "returns total and the sum of x.", append([]asm.Param{vecX}, more...), chunked{
		pointers: []R{R0},
		group: func(f fn) {
			load(f, 16, next(R0))
			add(f)
		},
		last: func(f fn) {
			load(f, 16, lastPtr.At)
			add(f)
		},
	})
}

// expSum keeps the shift in V18. What fills up the last group is -Inf, whose
// exponential is 0.
func expSum(p file) {
	const shift = V(18)
	group := func(f fn, at R) {
		for i := range V(4) {
			x := 8 * (i % 2)
			f.LDR(Q(x), at.At(int(16*i)))
			f.FSUB(x.S4(), x.S4(), shift.S4())
			f.exp(x)
			f.STR(Q(x), at.At(int(16*i)))
			f.FADD((sumLanes + i).S4(), (sumLanes + i).S4(), x.S4())
		}
	}
	params := []asm.Param{vecX, groupsParam, lastParam, asm.P("shift", asm.Float), totalParam}
	p.sum("expSumNEON", "replaces x by exp(x-shift) and returns total and its sum.", params, chunked{
		pointers: []R{R0},
		setup: func(f fn) {
			f.expSetup()
			f.loadFloat("shift", shift)
		},
		group: func(f fn) {
			group(f, R0)
			f.step(R0, 64)
		},
		last: func(f fn) { group(f, lastPtr) },
	})
}
