package arm64

import (
	"slices"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// The exponential and the activations made of it. package kind says how exp and
// erfc are computed.

// The registers of what exp needs, in the order of the constants.
const (
	expMin = V(iota + 19)
	expMax
	expLog2E
	expLn2Hi
	expLn2Lo
	expC7
	expC6
	expC5
	expC4
	expC3
	expC2
	expOne
	expBias
)

// expSetup loads all constants: 13 of 32 registers, for the two vectors that are
// under way need 16.
func (f fn) expSetup() {
	words := asm.FloatWords(kind.ExpMin, kind.ExpMax, kind.Log2E, kind.Ln2Hi, kind.Ln2Lo,
		1.0/5040, 1.0/720, 1.0/120, 1.0/24, 1.0/6, 0.5, 1)
	f.constants("exponential", expMin, append(words, 127)...)
}

// exp makes x its exponential; the three registers behind it are overwritten. NaN
// stays NaN.
func (f fn) exp(x V) {
	// FMAX and FMIN give NaN for NaN, and infinities become the ends of the range.
	// n is round(x/ln 2), and x becomes x - n·ln 2, in two steps.
	n, other, sum := x+1, x+2, x+3
	f.FMAX(x.S4(), x.S4(), expMin.S4())
	f.FMIN(x.S4(), x.S4(), expMax.S4())
	f.FMUL(n.S4(), x.S4(), expLog2E.S4())
	f.FRINTN(n.S4(), n.S4())
	f.FMLS(x.S4(), n.S4(), expLn2Hi.S4())
	f.FMLS(x.S4(), n.S4(), expLn2Lo.S4())
	// A product is added to its addend, so that the sum changes places.
	last := expC7
	for _, c := range []V{expC6, expC5, expC4, expC3, expC2, expOne, expOne} {
		f.MOV(sum, c)
		f.FMLA(sum.S4(), last.S4(), x.S4())
		last, sum, other = sum, other, sum
	}
	f.FCVTNS(n.S4(), n.S4())
	// 2^n is the product of 2^(n>>1) and 2^(n-(n>>1)), whose exponents fit a
	// float32 where n may not.
	f.SSHR(x.S4(), n.S4(), 1)
	f.VSUB(n.S4(), n.S4(), x.S4())
	for _, v := range []V{x, n} {
		f.VADD(v.S4(), v.S4(), expBias.S4())
		f.SHL(v.S4(), v.S4(), 23)
	}
	f.FMUL(last.S4(), last.S4(), x.S4())
	f.FMUL(x.S4(), last.S4(), n.S4())
}

// activation is a loop over 8 elements at a time, 4 in V0 and 4 in V8, which are
// x: load brings exp's argument there, and store takes the exponential. Both have
// x+4 to x+7 too, and i, which is 0 or 1, to tell them apart.
type activation struct {
	setup       func(f fn)
	load, store func(f fn, i int, x V)
}

// activation writes the kernel. The two vectors of a round share no register, so
// that a processor which looks far enough ahead has both under way.
func (p file) activation(s asm.Signature, a activation) {
	f := p.beginSig(s)
	f.loadSlices()
	f.expSetup()
	if a.setup != nil {
		a.setup(f)
	}
	vectors{1, func(f fn, _, _ int) {
		for i, x := range []V{0, 8} {
			a.load(f, i, x)
			f.exp(x)
			a.store(f, i, x)
		}
	}}.run(f)
	f.RET()
}

// activations writes them: each is what it puts before exp and behind it.
func activations(p file) {
	mapped := func(name, doc string) asm.Signature {
		return asm.Signature{Name: name, Doc: doc, Params: []asm.Param{dst32, vecX, count}}
	}
	p.activation(mapped("expNEON", "stores exp(x) in dst."), activation{
		load:  func(f fn, i int, x V) { f.LDR(Q(x), R1.At(16*i)) },
		store: func(f fn, i int, x V) { f.STR(Q(x), R0.At(16*i)) },
	})
	expSum(p)
	p.activation(mapped("siluNEON", "stores x/(1+exp(-x)) in dst."), activation{
		load: func(f fn, i int, x V) {
			f.LDR(Q(x+4), R1.At(16*i))
			f.FNEG(x.S4(), (x + 4).S4())
		},
		store: gate,
	})
	geluTanh(p, mapped("geluTanhNEON", "stores the tanh form of GELU of x in dst."))
	p.activation(mapped("geluErfNEON", "stores x·Φ(x) in dst."), activation{load: loadErf, store: storeErf, setup: func(f fn) {
		f.constants("erf", rsqrt2, asm.FloatWords(kind.RSqrt2, kind.ErfcMax, 2)...)
		coefficients := asm.FloatWords(kind.Erfc[:]...)
		slices.Reverse(coefficients)
		f.address(R6, "erfc", coefficients...)
	}})
}

// gate stores v/(1+e) for the exponential e and the v in x+4.
func gate(f fn, i int, x V) {
	f.FADD(x.S4(), x.S4(), expOne.S4())
	f.FDIV(x.S4(), (x + 4).S4(), x.S4())
	f.STR(Q(x), R0.At(16*i))
}

// geluTanh is v/(1+e) with e = exp(GeluA·v·(1+GeluB·v²)).
func geluTanh(p file, s asm.Signature) {
	const a, b = V(16), V(17)
	p.activation(s, activation{
		setup: func(f fn) { f.constants("gelu", a, asm.FloatWords(kind.GeluA, kind.GeluB)...) },
		load: func(f fn, i int, x V) {
			v, square := (x + 4).S4(), (x + 1).S4()
			f.LDR(Q(x+4), R1.At(16*i))
			f.FMUL(square, v, v)
			f.MOV(x, expOne)
			f.FMLA(x.S4(), square, b.S4())
			f.FMUL(square, v, a.S4())
			f.FMUL(x.S4(), x.S4(), square)
		},
		store: gate,
	})
}

// The registers of what erfc needs.
const (
	rsqrt2 = V(iota + 16)
	erfMax
	erfTwo
)

// loadErf leaves P(t)-z² in x and z·t/sqrt 2, by which the exponential gets
// multiplied, in x+5. The coefficients lie at R6.
func loadErf(f fn, i int, x V) {
	z, t := x.S4(), (x + 5).S4()
	f.LDR(Q(x+4), R1.At(16*i))
	f.FABS(z, (x + 4).S4())
	f.FMUL(z, z, rsqrt2.S4())
	f.FMIN(z, z, erfMax.S4())
	f.FADD(t, z, erfTwo.S4())
	f.FDIV(t, erfTwo.S4(), t)
	f.MOVD(R7, R6)
	sum, other := x+1, x+2
	f.LD1R(sum.S4(), R7.Post(4))
	for range 11 {
		f.LD1R(other.S4(), R7.Post(4))
		f.FMLA(other.S4(), sum.S4(), t)
		sum, other = other, sum
	}
	f.FMUL(t, t, z)
	f.FMUL(t, t, rsqrt2.S4())
	f.FMLS(sum.S4(), z, z)
	f.MOV(x, sum)
}

// storeErf stores max(x, 0) - |x|·erfc(|x|/sqrt 2)/2, which is x·Φ(x) on both sides
// of zero.
func storeErf(f fn, i int, x V) {
	zero := x + 1
	f.FMUL(x.S4(), x.S4(), (x + 5).S4())
	f.MOVI(zero.S4(), 0)
	f.FMAX(zero.S4(), zero.S4(), (x + 4).S4())
	f.FSUB(x.S4(), zero.S4(), x.S4())
	f.STR(Q(x), R0.At(16*i))
}
