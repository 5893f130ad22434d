package arm64

import (
	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 8-bit codes times a vector of inputs quantised to 16 bits, in the order of sums that
// the package kernel defines in quant_words.go: words in the order of the inputs, and
// behind them, as floats, the 16 sums of each chunk's.

// peakOfAll writes the kernel that looks for the largest magnitude, which keeps a NaN.
func peakOfAll(p file) {
	f := p.beginSig(asm.Signature{Name: "peakNEON", Doc: "returns the largest magnitude of groups of 8 floats, or what is not finite.", Params: []asm.Param{vecX, asm.P("groups", asm.Int)}, Result: asm.Float})
	f.load("x", R1)
	f.load("groups", R5)
	f.zero(0, 1)
	f.repeat("loop", R5, func() {
		f.LDP(2, 3, R1.Post(32))
		for i := range V(2) {
			f.FABS((2 + i).S4(), (2 + i).S4())
			f.FMAX(i.S4(), i.S4(), (2 + i).S4())
		}
	})
	f.FMAX(V(0).S4(), V(0).S4(), V(1).S4())
	f.FMAXV(0, V(0).S4())
	f.result(0)
	f.RET()
}

// quantizeFewWords writes the kernel that prepares a chunk.
func quantizeFewWords(p file) {
	f := p.begin("quantizeFewWordsNEON", "quantises groups of 32 inputs of a chunk to words, and sums those of each lane as floats.",
		dst32, asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int), asm.P("inverse", asm.Float))
	const inverse, sum = V(28), V(16)
	f.load("dst", R0)
	f.load("sums", R2)
	f.load("x", R1)
	f.load("groups", R5)
	f.loadFloat("inverse", inverse)
	f.zero(vs(int(sum), 4)...)
	f.repeat("loop", R5, func() {
		for i := range V(4) {
			f.LDP(0, 1, R1.Post(32))
			for v := range V(2) {
				f.FMUL(v.S4(), v.S4(), inverse.S4())
				f.FCVTNS(v.S4(), v.S4())
			}
			f.SQXTN(V(0).H4(), V(0).S4())
			f.SQXTN2(V(0).H8(), V(1).S4())
			f.STR(Q(0), R0.Post(16))
			f.SADDLP(V(0).S4(), V(0).H8())
			f.VADD((sum + i).S4(), (sum + i).S4(), V(0).S4())
		}
	})
	for i := range V(4) {
		f.SCVTF((sum + i).S4(), (sum + i).S4())
		f.STR(Q(sum+i), R2.Post(16))
	}
	f.RET()
}

// The registers of words: 4 of the lanes' sums, as many of the integers of even and of
// odd halves of 8 codes, codes, a factor and an offset.
const (
	wordLower  = V(16)
	wordUpper  = V(20)
	wordCodes  = V(4)
	wordWide   = V(6)
	wordInputs = V(7)
	wordFactor = V(28)
	wordOffset = V(29)
)

// The general registers of words besides those of fast.
const (
	wordSums   = R19
	wordSumsAt = R20
	wordLeft   = R21
)

// wordRows multiplies rows of 8-bit codes.
type wordRows struct {
	fn
	kind.Codes
}

// writeWords writes a kernel.
func writeWords(p file, c kind.Codes) asm.Signature {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("factor", asm.Floats)}
	if c.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	f := wordRows{p.begin("words"+c.Letters()+"NEON", "multiplies words by rows of 8-bit codes, blocks times 64, with a factor for each.",
		append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int))...), c}
	f.load("w", R0)
	f.load("factor", R2)
	f.load("x", inputsAt)
	f.load("dst", R4)
	f.load("rows", R5)
	f.load("blocks", R15)
	if c.Mode.HasOffset() {
		f.load("offset", R3)
	}
	f.LSL(wordSumsAt, R15, 7)
	f.ADD(wordSumsAt, wordSumsAt, inputsAt)
	f.repeat("row", R5, f.row)
	f.RET()
	return f.Signature
}

// row multiplies a row, chunk by chunk of up to 8 times 64 codes.
func (f wordRows) row() {
	f.MOVD(R1, inputsAt)
	f.MOVD(wordSums, wordSumsAt)
	f.MOVD(wordLeft, R15)
	f.LDR(S(wordFactor), R2.Post(4))
	if f.Mode.HasOffset() {
		f.LDR(S(wordOffset), R3.Post(4))
	}
	f.zero(vs(0, 4)...)
	chunk, last := f.Here("chunk"), f.NewLabel("last")
	f.zero(vs(int(wordLower), 8)...)
	// Of what is left 8 go at a time, or all where it is less.
	f.MOVD(groupLeft, wordLeft)
	f.SUBS(wordLeft, 8)
	f.BLT(last)
	f.SUB(groupLeft, groupLeft, wordLeft)
	f.Bind(last)
	f.repeat("block", groupLeft, f.block)
	f.endChunk()
	f.CMP(wordLeft, 1)
	f.BGE(chunk)
	f.store()
}

// block multiplies 64 codes.
func (f wordRows) block() {
	for range 2 {
		f.LDP(Q(wordCodes), Q(wordCodes+1), R0.Post(32))
		for i := range V(4) {
			f.words(wordCodes+i/2, i%2 == 1)
			f.LDR(Q(wordInputs), R1.Post(16))
			f.SMLAL((wordLower + i).S4(), wordWide.H4(), wordInputs.H4())
			f.SMLAL2((wordUpper + i).S4(), wordWide.H8(), wordInputs.H8())
		}
	}
}

// words makes words of the lower or the upper 8 codes.
func (f wordRows) words(codes V, upper bool) {
	switch {
	case f.Signed && upper:
		f.SXTL2(wordWide.H8(), codes.B16())
	case f.Signed:
		f.SXTL(wordWide.H8(), codes.B8())
	case upper:
		f.UXTL2(wordWide.H8(), codes.B16())
	default:
		f.UXTL(wordWide.H8(), codes.B8())
	}
}

// endChunk adds the integers, of two neighbours each, times the factor to the sums.
func (f wordRows) endChunk() {
	for i := range V(4) {
		v := wordLower + i
		f.ADDP(v.S4(), v.S4(), (wordUpper + i).S4())
		f.SCVTF(v.S4(), v.S4())
		if f.Mode.HasOffset() {
			f.LDR(Q(wordInputs), wordSums.Post(16))
			f.FMLS(v.S4(), wordInputs.S4(), wordOffset.S(0))
		}
		f.FMLA(i.S4(), v.S4(), wordFactor.S(0))
	}
}

// store adds the lanes by halves.
func (f wordRows) store() {
	f.FADD(V(0).S4(), V(0).S4(), V(2).S4())
	f.FADD(V(1).S4(), V(1).S4(), V(3).S4())
	f.FADD(V(0).S4(), V(0).S4(), V(1).S4())
	f.ZIP2(V(1).D2(), V(0).D2(), V(0).D2())
	f.FADD(V(0).S4(), V(0).S4(), V(1).S4())
	f.FADDPScalar(0, V(0).S2())
	f.STR(S(0), R4.Post(4))
}

// wordKernels writes the kernels.
func wordKernels(p file) {
	peakOfAll(p)
	quantizeFewWords(p)
	choice := p.Choose(asm.ByKind, "wordsNEON", "multiplies words by rows of 8-bit codes.")
	kind.Each(8, []kind.Mode{kind.Plain, kind.Offset}, func(c kind.Codes) { choice.Add(c.Kind(), writeWords(p, c)) })
}
