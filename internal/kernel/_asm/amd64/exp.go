package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// The exponential and the activations made of it. package kind says how exp and
// erfc are computed.

// The registers of what exp needs in every step.
const (
	expLog2E = Y(15)
	expLn2Hi = Y(14)
	expLn2Lo = Y(13)
	expC7    = Y(12)
	expC6    = Y(11)
	expC5    = Y(10)
)

// expSetup loads the constants that are worth a register: those of every step that
// are not an operand in memory anyway.
func (f fn) expSetup() {
	for i, c := range []float64{kind.Log2E, kind.Ln2Hi, kind.Ln2Lo, 1.0 / 5040, 1.0 / 720, 1.0 / 120} {
		f.VBROADCASTSS(f.float(fmt.Sprintf("exp%d", i), c), expLog2E-Y(i))
	}
}

// exp makes x its exponential; n and p are overwritten. NaN stays NaN.
func (f fn) exp(x, n, p Y) {
	// VMAXPS and VMINPS return their first operand here, x, where it is NaN: so NaN
	// stays, and infinities become the ends of the range.
	f.VMOVUPS(f.floats("expMin", kind.ExpMin), n)
	f.VMAXPS(x, n, x)
	f.VMOVUPS(f.floats("expMax", kind.ExpMax), n)
	f.VMINPS(x, n, x)
	// x becomes x - n·ln 2, in two steps: the second takes off what ln 2 lacks as a
	// float32.
	f.VMULPS(x, expLog2E, n)
	f.VROUNDPS(toNearestQuietly, n, n)
	f.VFNMADD231PS(expLn2Hi, n, x)
	f.VFNMADD231PS(expLn2Lo, n, x)
	// The polynomial by Horner's rule, from the coefficient of degree 7 down.
	f.VMOVAPS(expC7, p)
	f.VFMADD213PS(expC6, x, p)
	f.VFMADD213PS(expC5, x, p)
	f.VFMADD213PS(f.floats("exp24", 1.0/24), x, p)
	f.VFMADD213PS(f.floats("exp6", 1.0/6), x, p)
	f.VFMADD213PS(f.floats("half", 0.5), x, p)
	f.VFMADD213PS(f.one(), x, p)
	f.VFMADD213PS(f.one(), x, p)
	// 2^n is the product of 2^(n>>1) and 2^(n-(n>>1)): each of these exponents fits
	// a float32, where n, which is between -254 and 129, may not. Of -254 both are 0.
	f.VCVTPS2DQ(n, n)
	f.VPSRAD(1, n, x)
	f.VPSUBD(x, n, n)
	for _, r := range []Y{x, n} {
		f.VPADDD(f.words("bias", asm.Repeat(8, 127)...), r, r)
		f.VPSLLD(23, r, r)
	}
	f.VMULPS(x, p, p)
	f.VMULPS(n, p, x)
}

func (f fn) one() mem { return f.floats("one", 1) }

// The kinds of rounding of VROUNDPS.
const (
	toNearest        = 0
	toPlusInfinity   = 2
	toNearestQuietly = 8 // without the exception that a result is inexact
)

// activation is a loop over 8 elements at a time: load brings exp's argument to
// Y x, and store takes the exponential from there. Both have Y x+1 and Y x+2 too,
// and j, which is 0 or 1, to tell apart the two vectors that are under way.
type activation struct {
	setup, end  func(f fn)
	load, store func(f fn, j int, x Y)
}

// step handles one vector; the other one's registers are 3 further on, so that both
// are under way at a time: in the chain of one of them each step waits for the one
// before it.
func (a activation) step(f fn, j int) {
	x := Y(3 * j)
	a.load(f, j, x)
	f.exp(x, x+1, x+2)
	a.store(f, j, x)
}

// activation writes the kernel: 16 elements in a round, then 8.
func (p file) activation(s asm.Signature, a activation) {
	f := p.beginSig(s)
	pointers := []reg{DI, SI}[:len(f.Pointers())]
	for i, param := range f.Pointers() {
		f.load(param.Name, pointers[i])
	}
	f.load("n", CX)
	f.expSetup()
	if a.setup != nil {
		a.setup(f)
	}
	wide, narrow, end := f.NewLabel("wide"), f.NewLabel("narrow"), f.NewLabel("end")
	f.SUBQ(imm(16), CX)
	f.JLT(narrow)
	f.Bind(wide)
	a.step(f, 0)
	a.step(f, 1)
	for _, r := range pointers {
		f.ADDQ(imm(64), r)
	}
	f.SUBQ(imm(16), CX)
	f.JGE(wide)
	f.Bind(narrow)
	f.ADDQ(imm(16), CX)
	f.JZ(end)
	a.step(f, 0)
	f.Bind(end)
	if a.end != nil {
		a.end(f)
	}
	f.end()
}

// activations writes them. Each is what its argument to exp and the step behind it
// are: SiLU and the tanh form of GELU are v/(1+e), with e = exp(-v) and
// exp(GeluA·v·(1+GeluB·v²)).
func activations(p file) {
	mapped := func(name, doc string) asm.Signature {
		return asm.Signature{Name: name, Doc: doc, Params: []asm.Param{dst32, vecX, count}}
	}
	p.activation(mapped("expAVX2", "stores exp(x) in dst."), activation{
		load:  func(f fn, j int, x Y) { f.VMOVUPS(SI.At(32*j), x) },
		store: func(f fn, j int, x Y) { f.VMOVUPS(x, DI.At(32*j)) },
	})
	expSum(p)
	p.activation(mapped("siluAVX2", "stores x/(1+exp(-x)) in dst."), activation{
		load: func(f fn, j int, x Y) {
			f.VMOVUPS(SI.At(32*j), x)
			f.VXORPS(f.words("sign", asm.Repeat(8, 0x80000000)...), x, x)
		},
		store: gate,
	})
	p.activation(mapped("geluTanhAVX2", "stores the tanh form of GELU of x in dst."), activation{
		load: func(f fn, j int, x Y) {
			f.VMOVUPS(SI.At(32*j), x+1)
			f.VMULPS(x+1, x+1, x)
			f.VMOVUPS(f.floats("geluA", kind.GeluA), x+2)
			f.VMULPS(x+2, x+1, x+1)
			f.VMOVUPS(f.floats("geluB", kind.GeluB), x+2)
			f.VFMADD213PS(f.one(), x+2, x)
			f.VMULPS(x+1, x, x)
		},
		store: gate,
	})
	p.activation(mapped("geluErfAVX2", "stores x·Φ(x) in dst."), activation{load: loadErf, store: storeErf})
}

// expSum keeps the shift in Y9 and two sums in Y7 and Y8.
func expSum(p file) {
	p.activation(asm.Signature{
		Name: "expSumAVX2", Doc: "replaces x by exp(x-shift) and returns the sum.",
		Params: []asm.Param{vecX, count, asm.P("shift", asm.Float)}, Result: asm.Float,
	}, activation{
		setup: func(f fn) {
			f.VBROADCASTSS(f.arg("shift"), Y(9))
			f.zero(Y(7), Y(8))
		},
		load: func(f fn, j int, x Y) {
			f.VMOVUPS(DI.At(32*j), x)
			f.VSUBPS(Y(9), x, x)
		},
		store: func(f fn, j int, x Y) {
			f.VMOVUPS(x, DI.At(32*j))
			f.VADDPS(x, Y(7+j), Y(7+j))
		},
		end: func(f fn) {
			f.VADDPS(Y(8), Y(7), Y(7))
			f.sumTo(f.ret(), 7, 0)
		},
	})
}

// gate stores v/(1+e) for the exponential e and the v in memory.
func gate(f fn, j int, x Y) {
	f.VADDPS(f.one(), x, x)
	f.VMOVUPS(SI.At(32*j), x+1)
	f.VDIVPS(x, x+1, x)
	f.VMOVUPS(x, DI.At(32*j))
}

// loadErf leaves P(t)-z² in x and z·t/sqrt 2, by which the exponential gets
// multiplied, in Y6 or Y7.
func loadErf(f fn, j int, x Y) {
	e, s, t := x+1, x+2, Y(6+j)
	rsqrt2 := f.floats("rsqrt2", kind.RSqrt2)
	f.VMOVUPS(SI.At(32*j), x)
	// z = |x|/sqrt 2, at most where erfc is 0; t = 2/(2+z).
	f.VANDPS(f.words("abs8", asm.Repeat(8, 0x7FFFFFFF)...), x, x)
	f.VMULPS(rsqrt2, x, x)
	f.VMOVUPS(f.floats("erfMax", kind.ErfcMax), e)
	f.VMINPS(x, e, x)
	f.VMOVUPS(f.floats("two", 2), e)
	f.VADDPS(e, x, s)
	f.VDIVPS(s, e, t)
	erfc := func(i int) mem { return f.floats(fmt.Sprintf("erfc%d", i), kind.Erfc[i]) }
	// P(t) by Horner's rule. What follows is P(t)-z², the argument of exp, and
	// z·t/sqrt 2, which is |x|·t/2.
	f.VMOVUPS(erfc(11), s)
	for i := 10; i >= 0; i-- {
		f.VFMADD213PS(erfc(i), t, s)
	}
	f.VMULPS(x, t, t)
	f.VMULPS(rsqrt2, t, t)
	f.VFNMADD213PS(s, x, x)
}

// storeErf stores max(x, 0) - |x|·erfc(|x|/sqrt 2)/2, which is x·Φ(x) on both sides
// of zero.
func storeErf(f fn, j int, x Y) {
	f.VMULPS(Y(6+j), x, x)
	f.VMOVUPS(SI.At(32*j), x+1)
	f.VXORPS(x+2, x+2, x+2)
	f.VMAXPS(x+2, x+1, x+2)
	f.VSUBPS(x, x+2, x)
	f.VMOVUPS(x, DI.At(32*j))
}
