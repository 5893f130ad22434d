package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// The passes over scores, and what joins the sums of blocks.

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
