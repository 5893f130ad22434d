package arm64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Inputs quantised to int8, in groups of 32.
//
// For one vector a group is 16 even bytes, 16 odd bytes, 4 steps (one for every 8
// inputs, the lanes of a dot product) and the 4 sums of bytes times steps. For a
// tile of T vectors, where a lane is a row, the step is of all 32 inputs: a group is
// T times 32 bytes as above, T steps and T sums of bytes.

// inputs is how inputs are quantised.
type inputs struct {
	fn
	tile bool
}

// beginMany starts a kernel for a tile, whose vectors are prepared one by one
// into what they share: the parts of a group lie together there, as they are
// loaded.
func beginMany(p file, name, doc string) inputs {
	v := inputs{p.begin(name, doc,
		dst32, asm.P("steps", asm.Floats), asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int), asm.P("stride", asm.Int)), true}
	v.load("dst", R0)
	v.load("steps", R2)
	v.load("sums", R3)
	v.load("x", R1)
	v.load("groups", R5)
	v.load("stride", R6)
	return v
}

// nextGroup goes on to where the next group's parts lie.
func (v inputs) nextGroup() {
	for _, r := range []R{R0, R2, R3} {
		v.ADD(r, r, R6)
	}
}

// quantizeMany writes the kernel for 4-bit codes.
func quantizeMany(p file) {
	v := beginMany(p, "quantizeManyNEON", "quantises groups of 32 inputs for a tile: bytes to dst, a step and a sum where those of this vector lie; groups are stride bytes apart.")
	v.groups(func() {
		v.STP(1, 2, R0.At(0))
		v.STR(S(8), R2.At(0))
		v.STR(S(0), R3.At(0))
		v.nextGroup()
	})
	v.RET()
}

// quantizeWords goes over the inputs twice, for the peak and for the words, whose lower
// bytes have a sign too.
func quantizeWords(p file) {
	v := beginMany(p, "quantizeWordsNEON", "quantises groups of 32 inputs to 16 bits for a tile: their upper bytes and then their lower ones to dst, the step and an integer sum where those of this vector lie; groups are stride bytes apart.")
	const peak, step, inverse, tmp, carry = V(20), V(21), V(22), V(23), V(24)
	v.constants("wordQuantum", 28, asm.FloatWords(32639, 1e-30, 1.0/32639)...)
	v.MOVD(R7, R1)
	v.MOVD(R8, R5)
	v.zero(peak)
	v.repeat("peaks", R8, func() {
		for i := V(0); i < 8; i += 2 {
			v.LDP(Q(i), Q(i+1), R7.Post(32))
		}
		for i := range V(8) {
			v.FABS(i.S4(), i.S4())
			v.FMAX(peak.S4(), peak.S4(), i.S4())
		}
	})
	v.FMAXP(peak.S4(), peak.S4(), peak.S4())
	v.FMAXP(peak.S4(), peak.S4(), peak.S4())
	v.stepOf(peak, step, inverse, tmp)
	v.constants("carry", carry, 0x00800080)
	v.repeat("loop", R5, func() {
		for i := V(0); i < 8; i += 2 {
			v.LDP(Q(i), Q(i+1), R1.Post(32))
		}
		for i := range V(8) {
			v.FMUL(i.S4(), i.S4(), inverse.S4())
			v.FCVTNS(i.S4(), i.S4())
		}
		v.VADD(V(8).S4(), V(0).S4(), V(1).S4())
		for i := V(2); i < 8; i++ {
			v.VADD(V(8).S4(), V(8).S4(), i.S4())
		}
		v.ADDP(V(8).S4(), V(8).S4(), V(8).S4())
		v.ADDP(V(8).S4(), V(8).S4(), V(8).S4())
		for i := V(0); i < 8; i += 2 {
			v.SQXTN(i.H4(), i.S4())
			v.SQXTN2(i.H8(), (i + 1).S4())
		}
		// Lower bytes to V9 and V10; upper ones, which lend to those below 0, to V11 and V12.
		for i := range V(2) {
			a, b := 4*i, 4*i+2
			v.UZP1((9 + i).B16(), a.B16(), b.B16())
			v.VADD(a.H8(), a.H8(), carry.H8())
			v.VADD(b.H8(), b.H8(), carry.H8())
			v.UZP2((11 + i).B16(), a.B16(), b.B16())
		}
		for i, from := range []V{11, 9} {
			v.UZP1(V(0).B16(), from.B16(), (from + 1).B16())
			v.UZP2(V(1).B16(), from.B16(), (from + 1).B16())
			v.STP(0, 1, R0.At(32*i))
		}
		v.STR(S(step), R2.At(0))
		v.STR(S(8), R3.At(0))
		v.nextGroup()
	})
	v.RET()
}

// stepOf makes the step of a peak, and what inputs are multiplied by. A number minus
// itself is NaN when it is not finite, and so the step is.
func (v inputs) stepOf(peak, step, inverse, tmp V) {
	const to, tiny, from = V(28), V(29), V(30)
	// Inputs too small to invert their maximum count as 0.
	v.FDIV(inverse.S4(), to.S4(), peak.S4())
	v.FCMGT(tmp.S4(), peak.S4(), tiny.S4())
	v.AND(inverse.B16(), inverse.B16(), tmp.B16())
	v.FSUB(tmp.S4(), peak.S4(), peak.S4())
	v.FMUL(step.S4(), peak.S4(), from.S4())
	v.FADD(step.S4(), step.S4(), tmp.S4())
}

// groups leaves even bytes in V1, odd ones in V2, steps in V8 and sums in V0 of a
// group, and has them stored.
func (v inputs) groups(store func()) {
	v.constants("quantum", 28, asm.FloatWords(127, 1e-30, 1.0/127)...)
	v.repeat("loop", R5, func() {
		v.peaks()
		v.bytes()
		v.SADDLP(V(0).H8(), V(0).B16())
		v.SADDLP(V(4).H8(), V(4).B16())
		v.ADDP(V(0).H8(), V(0).H8(), V(4).H8())
		v.SADDLP(V(0).S4(), V(0).H8())
		if v.tile {
			v.ADDP(V(0).S4(), V(0).S4(), V(0).S4())
			v.ADDP(V(0).S4(), V(0).S4(), V(0).S4())
		}
		v.SCVTF(V(0).S4(), V(0).S4())
		if !v.tile {
			v.FMUL(V(0).S4(), V(0).S4(), V(8).S4())
		}
		store()
	})
}

// peaks loads 32 inputs into V0 to V7 and leaves their steps in V8, the inverses in
// V9. The maxima keep a NaN, and a step of NaN or infinity makes the result NaN.
func (v inputs) peaks() {
	for i := Q(0); i < 8; i += 2 {
		v.LDP(i, i+1, R1.Post(32))
	}
	for i := range V(8) {
		v.FABS((8 + i).S4(), i.S4())
	}
	for i := V(8); i < 16; i += 2 {
		v.FMAX(i.S4(), i.S4(), (i + 1).S4())
	}
	v.FMAXP(V(8).S4(), V(8).S4(), V(10).S4())
	v.FMAXP(V(12).S4(), V(12).S4(), V(14).S4())
	v.FMAXP(V(8).S4(), V(8).S4(), V(12).S4())
	if v.tile {
		v.FMAXP(V(8).S4(), V(8).S4(), V(8).S4())
		v.FMAXP(V(8).S4(), V(8).S4(), V(8).S4())
	}
	v.MOV(11, 8)
	v.stepOf(11, 8, 9, 10)
}

// bytes multiplies the inputs by the inverses and packs them to V0 and V4.
func (v inputs) bytes() {
	perStep := 2
	if v.tile {
		perStep = 8
	}
	for i := range 8 {
		x := V(i).S4()
		v.FMUL(x, x, V(9).S(i/perStep))
		v.FCVTNS(x, x)
	}
	for i := V(0); i < 8; i += 2 {
		v.SQXTN(i.H4(), i.S4())
		v.SQXTN2(i.H8(), (i + 1).S4())
	}
	for _, i := range []V{0, 4} {
		v.SQXTN(i.B8(), i.H8())
		v.SQXTN2(i.B16(), (i + 2).H8())
	}
	// Two 4-bit codes share a byte: the even ones meet even inputs in one product,
	// the odd ones odd inputs in another.
	v.UZP1(V(1).B16(), V(0).B16(), V(4).B16())
	v.UZP2(V(2).B16(), V(0).B16(), V(4).B16())
}
