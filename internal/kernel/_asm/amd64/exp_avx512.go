package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// The exponential on 16 lanes has more registers for constants, and multiplies by the
// power of two in one step. That rounds as the two factors on 8 lanes do, of which the
// first is exact.

// exp512 has the constants, each in a register.
type exp512 struct {
	fn
	least, most, log2e, hi, lo Z
	// c are the coefficients of the polynomial, from that of degree 7 down; the last is 1.
	c []Z
	// next is the register before the first one that is free.
	next Z
}

// exp512 loads the constants into registers behind after.
func (f fn) exp512(after Z) exp512 {
	e := exp512{fn: f, next: after}
	e.least, e.most = e.spread("attnExpMin", kind.ExpMin), e.spread("attnExpMax", kind.ExpMax)
	e.log2e, e.hi, e.lo = e.spread("attnLog2E", kind.Log2E), e.spread("attnLn2Hi", kind.Ln2Hi), e.spread("attnLn2Lo", kind.Ln2Lo)
	for i, v := range []float64{1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1} {
		e.c = append(e.c, e.spread(fmt.Sprintf("attnExp%d", 7-i), v))
	}
	return e
}

// spread loads one more constant.
func (e *exp512) spread(name string, v float64) Z {
	e.next++
	e.VBROADCASTSS(e.float(name, v), e.next)
	return e.next
}

// one is the register that has 1 in every lane.
func (e *exp512) one() Z { return e.c[6] }

// clamp brings x into the range where the power of two is one. NaN stays, as in exp.
func (e *exp512) clamp(x vec) {
	e.VMAXPS(x, e.at(e.least, x), x)
	e.VMINPS(x, e.at(e.most, x), x)
}

// reduce makes x its remainder, n the exponent, and poly the polynomial of x.
func (e *exp512) reduce(x, n, poly vec) {
	e.VMULPS(x, e.at(e.log2e, x), n)
	e.VRNDSCALEPS(toNearestQuietly, n, n)
	e.VFNMADD231PS(e.at(e.hi, x), n, x)
	e.VFNMADD231PS(e.at(e.lo, x), n, x)
	e.VMOVAPS(e.at(e.c[0], x), poly)
	for _, next := range append(e.c[1:], e.one()) {
		e.VFMADD213PS(e.at(next, x), x, poly)
	}
}

// at returns a constant's register as wide as another one.
func (e *exp512) at(c Z, like vec) vec {
	if _, narrow := like.(Y); narrow {
		return Y(c)
	}
	return c
}

// activations512 writes the activations that prompts spend their time in.
func activations512(p file) {
	silu512(p)
	gateRows(p)
}

// silu512 stores v/(1+e) for the exponential e of -v.
func silu512(p file) {
	f := p.begin("siluAVX512", "stores x/(1+exp(-x)) in dst.", dst32, vecX, count)
	f.load("dst", DI)
	f.load("x", SI)
	f.load("n", CX)
	e := f.exp512(8)
	sign := e.sign()
	step := func(w width) {
		v, x := w.reg(3), w.reg(0)
		f.VMOVUPS(SI.At(0), v)
		e.silu(sign, v, x, w.reg(1), w.reg(2))
		f.VMOVUPS(x, DI.At(0))
	}
	wide, narrow, end := f.NewLabel("wide"), f.NewLabel("narrow"), f.NewLabel("end")
	f.SUBQ(imm(16), CX)
	f.JLT(narrow)
	f.Bind(wide)
	step(W512)
	f.ADDQ(imm(64), SI)
	f.ADDQ(imm(64), DI)
	f.SUBQ(imm(16), CX)
	f.JGE(wide)
	f.Bind(narrow)
	f.ADDQ(imm(16), CX)
	f.JZ(end)
	step(W256)
	f.Bind(end)
	f.end()
}

// sign loads the bit of the sign.
func (e *exp512) sign() Z {
	e.next++
	e.VPBROADCASTD(e.words("signBit", 0x80000000), e.next)
	return e.next
}

// silu stores v/(1+exp(-v)) in x; v stays.
func (e *exp512) silu(sign Z, v, x, n, poly vec) {
	e.VPXORD(e.at(sign, v), v, x)
	e.clamp(x)
	e.reduce(x, n, poly)
	e.VSCALEFPS(n, poly, poly)
	e.VADDPS(e.at(e.one(), v), poly, poly)
	e.VDIVPS(poly, v, x)
}

// gateRows multiplies SiLU of one matrix by another, as they come from the products of a
// gated layer: with half both are rounded before, and the result is, in the same pass.
func gateRows(p file) {
	f := p.begin("gateRowsAVX512", "stores up·gate/(1+exp(-gate)) for n16 floats, a multiple of 16, of each of rows. Strides are in bytes. If half is not 0, operands and results are rounded to halves.",
		dst32, asm.P("gate", asm.Floats), asm.P("up", asm.Floats), asm.P("n16", asm.Int), asm.P("rows", asm.Int), asm.P("ldd", asm.Int), asm.P("ldx", asm.Int), asm.P("half", asm.Int))
	f.load("dst", DI)
	f.load("gate", SI)
	f.load("up", R8)
	f.load("n16", BX)
	f.load("rows", DX)
	f.load("ldd", R9)
	f.load("ldx", R10)
	f.load("half", R11)
	f.SHLQ(imm(2), BX)
	e := f.exp512(8)
	sign := e.sign()
	const x, n, poly, v, up = Z(0), Z(1), Z(2), Z(3), Z(4)
	round := func(r Z) {
		f.VCVTPS2PH(0, r, Y(r))
		f.VCVTPH2PS(Y(r), r)
	}
	row := func(half bool) {
		f.XORQ(CX, CX)
		loop := f.Here("vector")
		f.VMOVUPS(SI.By(CX, 1), v)
		f.VMOVUPS(R8.By(CX, 1), up)
		if half {
			round(v)
			round(up)
		}
		e.silu(sign, v, x, n, poly)
		f.VMULPS(up, x, x)
		if half {
			round(x)
		}
		f.VMOVUPS(x, DI.By(CX, 1))
		f.ADDQ(imm(64), CX)
		f.CMPQ(CX, BX)
		f.JLT(loop)
	}
	each := func(half bool) {
		f.repeat("row", DX, func() {
			row(half)
			f.ADDQ(R9, DI)
			f.ADDQ(R10, SI)
			f.ADDQ(R10, R8)
		})
	}
	plain, end := f.NewLabel("plain"), f.NewLabel("end")
	f.TESTQ(R11, R11)
	f.JZ(plain)
	each(true)
	f.JMP(end)
	f.Bind(plain)
	each(false)
	f.Bind(end)
	f.end()
}

// roundRows rounds rows of a matrix, such as those columns of its rows that a kernel has
// just made.
func roundRows(p file) {
	f := p.begin("roundRowsAVX512", "rounds n16 floats, a multiple of 16, of each of rows to the nearest halves in place. The stride is in bytes.",
		vecX, asm.P("n16", asm.Int), asm.P("rows", asm.Int), asm.P("ldx", asm.Int))
	f.load("x", DI)
	f.load("n16", BX)
	f.load("rows", DX)
	f.load("ldx", SI)
	f.repeat("row", DX, func() {
		f.MOVQ(DI, AX)
		f.MOVQ(BX, CX)
		wide, narrow, end := f.NewLabel("wide"), f.NewLabel("narrow"), f.NewLabel("end")
		body := func(n int) {
			for j := range Z(n) {
				f.VMOVUPS(AX.At(64*int(j)), j)
			}
			for j := range Z(n) {
				f.VCVTPS2PH(0, j, Y(j))
				f.VCVTPH2PS(Y(j), j)
				f.VMOVUPS(j, AX.At(64*int(j)))
			}
			f.ADDQ(imm(64*n), AX)
		}
		f.SUBQ(imm(64), CX)
		f.JLT(narrow)
		f.Bind(wide)
		body(4)
		f.SUBQ(imm(64), CX)
		f.JGE(wide)
		f.Bind(narrow)
		f.ADDQ(imm(64), CX)
		f.JZ(end)
		one := f.Here("one")
		body(1)
		f.SUBQ(imm(16), CX)
		f.JNZ(one)
		f.Bind(end)
		f.ADDQ(SI, DI)
	})
	f.end()
}
