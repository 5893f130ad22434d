package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Sums have one order on every architecture: element i of a chunk goes to lane i mod
// 16, of which Y7 has the lower 8 and Y8 the upper; at the end of a chunk the lanes are
// added by halves, and the sum is added to those of the chunks before, in X6. What is
// less than 16 lies behind the pointer "last", filled up; it is nil where nothing is.

// sumGroups is the number of groups of 16 elements in a chunk.
const sumGroups = 32

// The parameters that all sums have. total is what the first chunk is added to: -0
// leaves it as it is.
var (
	groupsParam = asm.P("groups", asm.Int)
	lastParam   = asm.P("last", asm.Floats)
	totalParam  = asm.P("total", asm.Float)
)

// The registers of a sum. Y0 to Y5 are the loop's.
const (
	sumTotal  = 6
	sumLower  = Y(7)
	sumUpper  = Y(8)
	lastPtr   = R8
	chunkLeft = R9
)

// chunked is a loop that adds a group of 16 elements at a time to the lanes.
type chunked struct {
	// pointers are where the slices are, sizes what an element takes there.
	pointers []reg
	sizes    []int
	setup    func(f fn)

	// wide is how many groups are added in a round, before which begin is written.
	wide  int
	begin func(f fn)
	group func(f fn, o int)

	// last adds the group behind lastPtr.
	last func(f fn)
}

// sum writes a kernel that returns a sum. Two chains of additions, one after the other
// in a chunk, leave a processor time for the chunk that follows, which does not wait
// for them.
func (p file) sum(name, doc string, params []asm.Param, c chunked) {
	f := p.beginSig(asm.Signature{Name: name, Doc: doc, Params: params, Result: asm.Float})
	for i, r := range c.pointers {
		f.load(params[i].Name, r)
	}
	f.load(groupsParam.Name, CX)
	f.load(lastParam.Name, lastPtr)
	f.VMOVSS(f.arg(totalParam.Name), X(sumTotal))
	if c.setup != nil {
		c.setup(f)
	}
	chunk, short, join, end := f.NewLabel("chunk"), f.NewLabel("short"), f.NewLabel("join"), f.NewLabel("end")
	f.Bind(chunk)
	f.zero(sumLower, sumUpper)
	f.MOVQ(CX, AX)
	f.CMPQ(CX, imm(sumGroups))
	f.JLT(short)
	f.MOVQ(imm(sumGroups), AX)
	f.Bind(short)
	f.SUBQ(AX, CX)
	f.MOVQ(AX, chunkLeft)
	c.groups(f)
	// The last group is in the last chunk, where that is not full.
	f.CMPQ(chunkLeft, imm(sumGroups))
	f.JEQ(join)
	f.TESTQ(lastPtr, lastPtr)
	f.JZ(join)
	c.last(f)
	f.XORQ(lastPtr, lastPtr)
	f.Bind(join)
	f.joinLanes(sumLower, sumUpper)
	f.VADDPS(X(sumLower), X(sumTotal), X(sumTotal))
	f.TESTQ(CX, CX)
	f.JNZ(chunk)
	f.TESTQ(lastPtr, lastPtr)
	f.JZ(end)
	f.JMP(chunk)
	f.Bind(end)
	f.VMOVSS(X(sumTotal), f.ret())
	f.end()
}

// groups adds AX groups, which may be none.
func (c chunked) groups(f fn) {
	wide, narrow, one, none := f.NewLabel("wide"), f.NewLabel("narrow"), f.NewLabel("one"), f.NewLabel("none")
	step := func(groups int) {
		for i, r := range c.pointers {
			f.ADDQ(imm(16*c.sizes[i]*groups), r)
		}
	}
	if c.wide > 1 {
		f.SUBQ(imm(c.wide), AX)
		f.JLT(narrow)
		f.Bind(wide)
		if c.begin != nil {
			c.begin(f)
		}
		for o := range c.wide {
			c.group(f, o)
		}
		step(c.wide)
		f.SUBQ(imm(c.wide), AX)
		f.JGE(wide)
		f.Bind(narrow)
		f.ADDQ(imm(c.wide), AX)
	} else {
		f.TESTQ(AX, AX)
	}
	f.JZ(none)
	f.Bind(one)
	c.group(f, 0)
	step(1)
	f.DECQ(AX)
	f.JNZ(one)
	f.Bind(none)
}

// joinLanes adds 16 lanes by halves into lane 0 of lower; Y0 is overwritten.
func (f fn) joinLanes(lower, upper Y) {
	f.VADDPS(upper, lower, lower)
	f.VEXTRACTF128(1, lower, X(0))
	f.VADDPS(X(0), X(lower), X(lower))
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VSHUFPS(sel, X(lower), X(lower), X(0))
		f.VADDPS(X(0), X(lower), X(lower))
	}
}

// sums writes those of products and of elements.
func sums(p file) {
	more := []asm.Param{groupsParam, lastParam, totalParam}
	lastProduct := func(f fn) {
		for j, acc := range []Y{sumLower, sumUpper} {
			f.VMOVUPS(lastPtr.At(32*j), Y(j))
			f.VFMADD231PS(lastPtr.At(64+32*j), Y(j), acc)
		}
	}
	square := func(f fn, x mem) {
		for j, acc := range []Y{sumLower, sumUpper} {
			f.VMOVUPS(x.Plus(32*j), Y(j))
			f.VFMADD231PS(Y(j), Y(j), acc)
		}
	}
	p.sum("dotAVX2", "returns total and the sum of a·b.", append([]asm.Param{vecA, vecB}, more...), chunked{
		pointers: []reg{SI, DX}, sizes: []int{4, 4}, wide: 4, last: lastProduct,
		group: func(f fn, o int) {
			for j, acc := range []Y{sumLower, sumUpper} {
				f.VMOVUPS(SI.At(64*o+32*j), Y(j))
				f.VFMADD231PS(DX.At(64*o+32*j), Y(j), acc)
			}
		},
	})
	p.sum("squaresAVX2", "returns total and the sum of x·x.", append([]asm.Param{vecX}, more...), chunked{
		pointers: []reg{SI}, sizes: []int{4}, wide: 4,
		group: func(f fn, o int) { square(f, SI.At(64*o)) },
		last:  func(f fn) { square(f, lastPtr.At(0)) },
	})
	// Weights of halves are read once a token and come from memory: two lines of 64
	// bytes, which is what a round takes, are fetched ahead.
	p.sum("dotF16AVX2", "returns total and the sum of w·x for halves w.", append([]asm.Param{asm.P("w", asm.Halves), vecX}, append(more, fetchParam)...), chunked{
		pointers: []reg{SI, DX}, sizes: []int{2, 4}, wide: 4, last: lastProduct,
		setup: func(f fn) { f.load(fetchParam.Name, fetchWay) },
		begin: func(f fn) { f.fetch(2, halvesAhead) },
		group: func(f fn, o int) {
			for j, acc := range []Y{sumLower, sumUpper} {
				f.VCVTPH2PS(SI.At(32*o+16*j), Y(j))
				f.VFMADD231PS(DX.At(64*o+32*j), Y(j), acc)
			}
		},
	})
	p.sum("sumAVX2", "returns total and the sum of x.", append([]asm.Param{vecX}, more...), chunked{
		pointers: []reg{SI}, sizes: []int{4}, wide: 4,
		group: func(f fn, o int) {
			for j, acc := range []Y{sumLower, sumUpper} {
				f.VADDPS(SI.At(64*o+32*j), acc, acc)
			}
		},
		last: func(f fn) {
			for j, acc := range []Y{sumLower, sumUpper} {
				f.VADDPS(lastPtr.At(32*j), acc, acc)
			}
		},
	})
}

// expSum keeps the shift in Y9. What fills up the last group is -Inf, whose
// exponential is 0.
func expSum(p file) {
	group := func(f fn, at reg) {
		for j, acc := range []Y{sumLower, sumUpper} {
			x := Y(3 * j)
			f.VMOVUPS(at.At(32*j), x)
			f.VSUBPS(Y(9), x, x)
			f.exp(x, x+1, x+2)
			f.VMOVUPS(x, at.At(32*j))
			f.VADDPS(x, acc, acc)
		}
	}
	params := []asm.Param{vecX, groupsParam, lastParam, asm.P("shift", asm.Float), totalParam}
	p.sum("expSumAVX2", "replaces x by exp(x-shift) and returns total and its sum.", params, chunked{
		pointers: []reg{DI}, sizes: []int{4}, wide: 1,
		setup: func(f fn) {
			f.expSetup()
			f.VBROADCASTSS(f.arg("shift"), Y(9))
		},
		group: func(f fn, _ int) { group(f, DI) },
		last:  func(f fn) { group(f, lastPtr) },
	})
}
