package amd64

import (
	"math"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Conversions and dense vector operations. Every n is a positive multiple of 8.

// Loops are counted down past zero and back: n less than what a round of the wide
// loop takes leaves it to the narrow one without another comparison. Four vectors
// are under way because a load, an operation and a store of one take longer than
// the processor needs to start the next; more would gain nothing, for it stores one
// vector in a cycle.
// vectors is the loop of a dense operation: its body handles 8 elements, those at
// vector o from the pointers on, as the j-th of wide that are under way.
type vectors struct {
	wide  int
	setup func(f fn)
	body  func(f fn, o, j int)
}

// run loads the pointers and n, and runs the body over all elements: wide vectors
// at a time, then one by one.
func (l vectors) run(f fn, pointers ...reg) {
	params := f.Pointers()
	for i, p := range params {
		f.load(p.Name, pointers[i])
	}
	f.load("n", CX)
	if l.setup != nil {
		l.setup(f)
	}
	step := func(elements int) {
		for i, p := range params {
			size := 4
			if p.Type == asm.Halves {
				size = 2
			}
			f.ADDQ(imm(elements*size), pointers[i])
		}
	}
	wide, narrow, one, end := f.NewLabel("wide"), f.NewLabel("narrow"), f.NewLabel("one"), f.NewLabel("end")
	all := 8 * l.wide
	f.SUBQ(imm(all), CX)
	f.JLT(narrow)
	f.Bind(wide)
	for j := range l.wide {
		l.body(f, j, j)
	}
	step(all)
	f.SUBQ(imm(all), CX)
	f.JGE(wide)
	f.Bind(narrow)
	f.ADDQ(imm(all), CX)
	f.JZ(end)
	f.Bind(one)
	l.body(f, 0, 0)
	step(8)
	f.SUBQ(imm(8), CX)
	f.JNZ(one)
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

// dense writes the kernels without a result.
func dense(p file) {
	conversions(p)
	arithmetic(p)
	scaled(p)
	addMask(p)
}

// elementwise writes a kernel whose pointers are in DI, SI and DX.
func (p file) elementwise(name, doc string, params []asm.Param, setup func(fn), body func(f fn, o, j int)) {
	f := p.begin(name, doc, params...)
	vectors{wide: 4, setup: setup, body: body}.run(f, DI, SI, DX)
	f.end()
}

// conversions writes those between floats and numbers of 16 bits. They round to the nearest,
// ties to even, whatever the processor's mode is: the mode is part of the
// instruction.
func conversions(p file) {
	// The scales of a matrix come in bursts of 1 KiB between its codes, too far apart
	// for the processor to foresee the next burst: it is fetched ahead.
	p.elementwise("f16to32AVX2", "widens n halves.", []asm.Param{dst32, src16, count}, nil, func(f fn, o, j int) {
		f.VCVTPH2PS(SI.At(16*o), Y(j))
		if o%4 == 0 {
			f.PREFETCHT0(SI.At(16*o + 1024))
		}
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	p.elementwise("bf16to32AVX2", "widens n bfloat16 numbers.", []asm.Param{dst32, src16, count}, nil, func(f fn, o, j int) {
		f.VPMOVSXWD(SI.At(16*o), Y(j))
		f.VPSLLD(16, Y(j), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	p.elementwise("f32to16AVX2", "rounds n floats to halves.", []asm.Param{dst16, src32, count}, nil, func(f fn, o, j int) {
		f.VMOVUPS(SI.At(32*o), Y(j))
		f.VCVTPS2PH(0, Y(j), DI.At(16*o))
	})
	p.elementwise("roundF16AVX2", "rounds n floats to the nearest halves in place.", []asm.Param{vecX, count}, nil, func(f fn, o, j int) {
		f.VMOVUPS(DI.At(32*o), Y(j))
		f.VCVTPS2PH(0, Y(j), X(j))
		f.VCVTPH2PS(X(j), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
}

// arithmetic writes the kernels of two slices. dst may be one of them: each vector
// is loaded before it is stored.
func arithmetic(p file) {
	params := []asm.Param{dst32, vecA, vecB, count}
	p.elementwise("addAVX2", "stores a + b in dst.", params, nil, func(f fn, o, j int) {
		f.VMOVUPS(SI.At(32*o), Y(j))
		f.VADDPS(DX.At(32*o), Y(j), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	p.elementwise("mulAVX2", "stores a · b in dst.", params, nil, func(f fn, o, j int) {
		f.VMOVUPS(SI.At(32*o), Y(j))
		f.VMULPS(DX.At(32*o), Y(j), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
}

// scaled writes the kernels that take one float, which is in every lane of Y15.
func scaled(p file) {
	s, a := asm.P("s", asm.Float), asm.P("a", asm.Float)
	spread := func(name string) func(fn) {
		return func(f fn) { f.VBROADCASTSS(f.arg(name), Y(15)) }
	}
	p.elementwise("scaleAVX2", "stores a·s in dst.", []asm.Param{dst32, vecA, count, s}, spread("s"), func(f fn, o, j int) {
		f.VMULPS(SI.At(32*o), Y(15), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	// Two roundings, a·s first: the definition multiplies in this order, and a
	// fused form would have other bits.
	p.elementwise("mulScaleAVX2", "stores a·s·b in dst.", []asm.Param{dst32, vecA, vecB, count, s}, spread("s"), func(f fn, o, j int) {
		f.VMULPS(SI.At(32*o), Y(15), Y(j))
		f.VMULPS(DX.At(32*o), Y(j), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	p.elementwise("shiftAVX2", "stores a+s in dst.", []asm.Param{dst32, vecA, count, s}, spread("s"), func(f fn, o, j int) {
		f.VADDPS(SI.At(32*o), Y(15), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	p.elementwise("axpyAVX2", "adds a·x to y.", []asm.Param{vecY, vecX, count, a}, spread("a"), func(f fn, o, j int) {
		f.VMOVUPS(DI.At(32*o), Y(j))
		f.VFMADD231PS(SI.At(32*o), Y(15), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
	p.elementwise("axpyF16AVX2", "adds a·x to y for halves x.", []asm.Param{vecY, asm.P("x", asm.Halves), count, a}, spread("a"), func(f fn, o, j int) {
		f.VCVTPH2PS(SI.At(16*o), Y(4+j))
		f.VMOVUPS(DI.At(32*o), Y(j))
		f.VFMADD231PS(Y(4+j), Y(15), Y(j))
		f.VMOVUPS(Y(j), DI.At(32*o))
	})
}

// addMask compares the mask with -Inf: the result is the blend's condition.
func addMask(p file) {
	params := []asm.Param{asm.P("s", asm.Floats), asm.P("mask", asm.Floats), count}
	setup := func(f fn) { f.VBROADCASTSS(f.negInf(), Y(15)) }
	p.elementwise("addMaskAVX2", "adds mask to s; -Inf in mask overrides.", params, setup, func(f fn, o, j int) {
		f.VMOVUPS(SI.At(32*o), Y(j))
		f.VADDPS(DI.At(32*o), Y(j), Y(4+j))
		f.VCMPPS(equal, Y(15), Y(j), Y(8+j))
		f.VBLENDVPS(Y(8+j), Y(j), Y(4+j), Y(4+j))
		f.VMOVUPS(Y(4+j), DI.At(32*o))
	})
}

// The comparisons of VCMPPS: of its second operand with its first.
const (
	equal    uint8 = 0
	less     uint8 = 1
	notEqual uint8 = 4 // or NaN
	notLess  uint8 = 5 // or NaN
)

func (f fn) negInf() mem { return f.float("negInf", math.Inf(-1)) }

// maximum keeps four maxima in Y0 to Y3. VMAXPS returns its first operand when one is
// NaN: the accumulator here.
func maximum(p file) {
	f := p.beginSig(asm.Signature{
		Name: "maxAVX2", Doc: "returns the greatest element of x that is not NaN.",
		Params: []asm.Param{vecX, count}, Result: asm.Float,
	})
	vectors{wide: 4, setup: func(f fn) {
		for j := range 4 {
			f.VBROADCASTSS(f.negInf(), Y(j))
		}
	}, body: func(f fn, o, j int) {
		f.VMOVUPS(SI.At(32*o), Y(4+j))
		f.VMAXPS(Y(j), Y(4+j), Y(j))
	}}.run(f, SI)
	f.VMAXPS(Y(1), Y(0), Y(0))
	f.VMAXPS(Y(3), Y(2), Y(2))
	f.VMAXPS(Y(2), Y(0), Y(0))
	maxTo(f)
	f.end()
}

// maxTo returns the greatest lane of Y0.
func maxTo(f fn) {
	f.VEXTRACTF128(1, Y(0), X(1))
	f.VMAXPS(X(1), X(0), X(0))
	for _, sel := range []uint8{swapHalves, swapNeighbours} {
		f.VSHUFPS(sel, X(0), X(0), X(1))
		f.VMAXPS(X(1), X(0), X(0))
	}
	f.VMOVSS(X(0), f.ret())
}

// Orders of the 4 lanes of 128 bits, for VSHUFPS and VPSHUFD of a register with itself.
const (
	swapHalves     = 0x4e // 2 3 0 1
	swapNeighbours = 0xb1 // 1 0 3 2
)
