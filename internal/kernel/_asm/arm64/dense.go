package arm64

import (
	"math"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Conversions and dense vector operations. Every n is a positive multiple of 8.

// Loops are counted down past zero and back, so that n less than a round of the
// wide loop leaves it to the narrow one without another comparison.
// vectors is the loop of a dense operation: its body handles 8 elements, those at
// 2 vectors times o from the pointers on, as the j-th of wide that are under way.
type vectors struct {
	wide int
	body func(f fn, o, j int)
}

// pointers are where the slices are, in the order of the parameters.
var pointers = []R{R0, R1, R2}

// loadSlices loads the pointers and n.
func (f fn) loadSlices() {
	for i, p := range f.Pointers() {
		f.load(p.Name, pointers[i])
	}
	f.load("n", R5)
}

// run runs the body over all elements: wide times 8 at a time, then 8.
func (l vectors) run(f fn) {
	step := func(elements int) {
		for i, p := range f.Pointers() {
			size := 4
			if p.Type == asm.Halves {
				size = 2
			}
			f.step(pointers[i], elements*size)
		}
	}
	wide, narrow, end := f.NewLabel("wide"), f.NewLabel("narrow"), f.NewLabel("end")
	if all := 8 * l.wide; l.wide > 1 {
		f.SUBS(R5, all)
		f.BLT(narrow)
		f.Bind(wide)
		for j := range l.wide {
			l.body(f, j, j)
		}
		step(all)
		f.SUBS(R5, all)
		f.BGE(wide)
		f.Bind(narrow)
		f.ADDS(R5, all)
		f.BEQ(end)
	}
	one := f.Here("one")
	l.body(f, 0, 0)
	step(8)
	f.SUBS(R5, 8)
	f.BNE(one)
	f.Bind(end)
}

var (
	dst32 = asm.P("dst", asm.Floats)
	dst16 = asm.P("dst", asm.Halves)
	src16 = asm.P("src", asm.Halves)
	src32 = asm.P("src", asm.Floats)
	vecA  = asm.P("a", asm.Floats)
	vecB  = asm.P("b", asm.Floats)
	vecX  = asm.P("x", asm.Floats)
	vecY  = asm.P("y", asm.Floats)
	count = asm.P("n", asm.Int)
)

// elementwise writes a kernel. Its 8 elements are in a pair of registers, from V0 on
// for the first operand, from V8 on for the second.
func (p file) elementwise(name, doc string, params []asm.Param, setup func(fn), body func(f fn, o, j int)) {
	f := p.begin(name, doc, params...)
	f.loadSlices()
	if setup != nil {
		setup(f)
	}
	vectors{4, body}.run(f)
	f.RET()
}

// first and second are the registers of the j-th 8 elements.
func first(j int) V  { return V(2 * j) }
func second(j int) V { return V(8 + 2*j) }

// get loads 8 floats, put stores them at dst.
func (f fn) get(v V, from R, o int) { f.LDP(Q(v), Q(v+1), from.At(32*o)) }
func (f fn) put(v V, o int)         { f.STP(Q(v), Q(v+1), R0.At(32*o)) }

// both runs the body for both registers of a pair.
func both(v V, body func(v V)) {
	body(v)
	body(v + 1)
}

// toHalves rounds the pair v to the halves h, toFloats widens them.
func (f fn) toHalves(h, v V) {
	f.FCVTN(h.H4(), v.S4())
	f.FCVTN2(h.H8(), (v + 1).S4())
}

func (f fn) toFloats(v, h V) {
	f.FCVTL(v.S4(), h.H4())
	f.FCVTL2((v + 1).S4(), h.H8())
}

// dense writes the kernels on slices of floats and halves.
func dense(p file) {
	conversions(p)
	arithmetic(p)
	scaled(p)
	addMask(p)
	sums(p)
	maximum(p)
}

// conversions writes those between floats and halves. FCVTN rounds as FPCR says,
// which Go leaves at the nearest, ties to even.
func conversions(p file) {
	half := func(j int) V { return V(16 + j) }
	p.elementwise("f16to32NEON", "widens n halves.", []asm.Param{dst32, src16, count}, nil, func(f fn, o, j int) {
		f.LDR(Q(half(j)), R1.At(16*o))
		f.toFloats(first(j), half(j))
		f.put(first(j), o)
	})
	p.elementwise("f32to16NEON", "rounds n floats to halves.", []asm.Param{dst16, src32, count}, nil, func(f fn, o, j int) {
		f.get(first(j), R1, o)
		f.toHalves(half(j), first(j))
		f.STR(Q(half(j)), R0.At(16*o))
	})
	p.elementwise("roundF16NEON", "rounds n floats to the nearest halves in place.", []asm.Param{vecX, count}, nil, func(f fn, o, j int) {
		f.get(first(j), R0, o)
		f.toHalves(half(j), first(j))
		f.toFloats(first(j), half(j))
		f.put(first(j), o)
	})
}

// arithmetic writes the kernels of two slices. dst may be one of them: what is
// stored was loaded before.
func arithmetic(p file) {
	params := []asm.Param{dst32, vecA, vecB, count}
	binary := func(op func(f fn, d, n, m vec)) func(f fn, o, j int) {
		return func(f fn, o, j int) {
			f.get(first(j), R1, o)
			f.get(second(j), R2, o)
			both(first(j), func(v V) { op(f, v.S4(), v.S4(), (v + 8).S4()) })
			f.put(first(j), o)
		}
	}
	p.elementwise("addNEON", "stores a + b in dst.", params, nil, binary(fn.FADD))
	p.elementwise("mulNEON", "stores a · b in dst.", params, nil, binary(func(f fn, d, n, m vec) { f.FMUL(d, n, m) }))
}

// factor has in all lanes the float that a kernel takes.
const factor = V(31)

// scaled writes the kernels that take one float, which is in every lane of V31.
// a·s·b rounds twice, in that order, as the definition does.
func scaled(p file) {
	s, a := asm.P("s", asm.Float), asm.P("a", asm.Float)
	spread := func(name string) func(fn) {
		return func(f fn) { f.loadFloat(name, factor) }
	}
	p.elementwise("scaleNEON", "stores a·s in dst.", []asm.Param{dst32, vecA, count, s}, spread("s"), func(f fn, o, j int) {
		f.get(first(j), R1, o)
		both(first(j), func(v V) { f.FMUL(v.S4(), v.S4(), factor.S4()) })
		f.put(first(j), o)
	})
	p.elementwise("mulScaleNEON", "stores a·s·b in dst.", []asm.Param{dst32, vecA, vecB, count, s}, spread("s"), func(f fn, o, j int) {
		f.get(first(j), R1, o)
		f.get(second(j), R2, o)
		both(first(j), func(v V) {
			f.FMUL(v.S4(), v.S4(), factor.S4())
			f.FMUL(v.S4(), v.S4(), (v + 8).S4())
		})
		f.put(first(j), o)
	})
	p.elementwise("shiftNEON", "stores a+s in dst.", []asm.Param{dst32, vecA, count, s}, spread("s"), func(f fn, o, j int) {
		f.get(first(j), R1, o)
		both(first(j), func(v V) { f.FADD(v.S4(), v.S4(), factor.S4()) })
		f.put(first(j), o)
	})
	p.elementwise("axpyNEON", "adds a·x to y.", []asm.Param{vecY, vecX, count, a}, spread("a"), func(f fn, o, j int) {
		f.get(first(j), R0, o)
		f.get(second(j), R1, o)
		both(first(j), func(v V) { f.FMLA(v.S4(), (v + 8).S4(), factor.S4()) })
		f.put(first(j), o)
	})
	p.elementwise("axpyF16NEON", "adds a·x to y for halves x.", []asm.Param{vecY, asm.P("x", asm.Halves), count, a}, spread("a"), func(f fn, o, j int) {
		f.get(first(j), R0, o)
		f.LDR(Q(16+j), R1.At(16*o))
		f.toFloats(second(j), V(16+j))
		both(first(j), func(v V) { f.FMLA(v.S4(), (v + 8).S4(), factor.S4()) })
		f.put(first(j), o)
	})
}

// addMask takes the mask instead of the sum where it is -Inf.
func addMask(p file) {
	params := []asm.Param{asm.P("s", asm.Floats), asm.P("mask", asm.Floats), count}
	setup := func(f fn) { f.negInf(31) }
	p.elementwise("addMaskNEON", "adds mask to s; -Inf in mask overrides.", params, setup, func(f fn, o, j int) {
		f.get(first(j), R0, o)
		f.get(second(j), R1, o)
		both(first(j), func(v V) {
			mask, isInf := v+8, v+16
			f.FADD(v.S4(), v.S4(), mask.S4())
			f.FCMEQ(isInf.S4(), mask.S4(), V(31).S4())
			f.BIT(v.B16(), mask.B16(), isInf.B16())
		})
		f.put(first(j), o)
	})
}

func (f fn) negInf(v V) { f.constants("negInf", v, asm.FloatWord(math.Inf(-1))) }

// maximum keeps 8 maxima in V0 to V7. It compares: a comparison with NaN is false, so
// that the old value stays.
func maximum(p file) {
	f := p.beginSig(asm.Signature{
		Name: "maxNEON", Doc: "returns the greatest element of x that is not NaN.",
		Params: []asm.Param{vecX, count}, Result: asm.Float,
	})
	f.loadSlices()
	f.negInf(0)
	for _, v := range vs(1, 7) {
		f.MOV(v, 0)
	}
	vectors{4, func(f fn, o, j int) {
		f.get(second(j), R0, o)
		both(first(j), func(v V) {
			x, greater := v+8, v+16
			f.FCMGT(greater.S4(), x.S4(), v.S4())
			f.BIT(v.B16(), x.B16(), greater.B16())
		})
	}}.run(f)
	for _, step := range []V{1, 2, 4} {
		for v := V(0); v < 8; v += 2 * step {
			f.FMAX(v.S4(), v.S4(), (v + step).S4())
		}
	}
	f.FMAXV(0, V(0).S4())
	f.result(0)
	f.RET()
}
