package amd64

import (
	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 8-bit codes times a vector of inputs quantised to 16 bits, in the order of sums that
// the package kernel defines in quant_words.go: words in the order of the inputs, and
// behind them, as floats, the 16 sums of each chunk's.

// The steps of words: a chunk has 8 times 64 codes.
const (
	wordsChunk  = 8
	wordsOfHalf = 128 // the bytes of 64 words
)

// peakOfAll writes the kernel that looks for the largest magnitude. A number minus itself is
// NaN where it is not finite.
func peakOfAll(p file) {
	f := p.beginSig(asm.Signature{Name: "peakAVX2", Doc: "returns the largest magnitude of groups of 8 floats, or NaN where one is not finite.", Params: []asm.Param{vecX, asm.P("groups", asm.Int)}, Result: asm.Float})
	f.load("x", SI)
	f.load("groups", CX)
	f.VPBROADCASTD(f.abs(), Y(15))
	f.zero(Y(0), Y(1))
	f.repeat("loop", CX, func() {
		f.VMOVUPS(SI.At(0), Y(2))
		f.VANDPS(Y(15), Y(2), Y(3))
		f.VMAXPS(Y(3), Y(0), Y(0))
		f.VSUBPS(Y(2), Y(2), Y(2))
		f.VADDPS(Y(2), Y(1), Y(1))
		f.ADDQ(imm(32), SI)
	})
	f.VEXTRACTF128(1, Y(0), X(2))
	f.VMAXPS(X(2), X(0), X(0))
	f.VPSHUFD(swapHalves, X(0), X(2))
	f.VMAXPS(X(2), X(0), X(0))
	f.VMOVSHDUP(X(0), X(2))
	f.VMAXPS(X(2), X(0), X(0))
	f.VEXTRACTF128(1, Y(1), X(2))
	f.VADDPS(X(2), X(1), X(1))
	f.VHADDPS(X(1), X(1), X(1))
	f.VHADDPS(X(1), X(1), X(1))
	f.VADDPS(X(1), X(0), X(0))
	f.VMOVSS(X(0), f.ret())
	f.end()
}

// quantizeFewWords writes the kernel that prepares a chunk.
func quantizeFewWords(p file) {
	f := p.begin("quantizeFewWordsAVX2", "quantises groups of 32 inputs of a chunk to words, and sums those of each lane as floats.",
		dst32, asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int), asm.P("inverse", asm.Float))
	const sums = R8
	f.load("dst", DI)
	f.load("sums", sums)
	f.load("x", SI)
	f.load("groups", CX)
	f.VBROADCASTSS(f.arg("inverse"), Y(15))
	f.VPBROADCASTD(f.ones16(), Y(14))
	f.zero(Y(12), Y(13))
	f.repeat("loop", CX, func() {
		for half := range Y(2) {
			a, b := 2*half, 2*half+1
			for i, r := range []Y{a, b} {
				f.VMULPS(SI.At(64*int(half)+32*i), Y(15), r)
				f.VCVTPS2DQ(r, r)
			}
			f.VPACKSSDW(b, a, a)
			f.VPERMQ(0xd8, a, a)
			f.VMOVDQU(a, DI.At(32*int(half)))
			f.VPMADDWD(Y(14), a, a)
			f.VPADDD(a, 12+half, 12+half)
		}
		f.ADDQ(imm(128), SI)
		f.ADDQ(imm(64), DI)
	})
	for half := range Y(2) {
		f.VCVTDQ2PS(12+half, 12+half)
		f.VMOVUPS(12+half, sums.At(32*int(half)))
	}
	f.end()
}

// wordRows is what multiplies 8-bit codes.
type wordRows struct {
	fn
	kind.Codes
}

// The registers of wordRows: those of sums, the integers of a chunk, and factors. There
// are two of the first ones where a vector has 8 lanes.
const (
	wordSum     = 0
	wordInteger = 2
	wordTemp    = 4
	wordFactor  = 8
	wordOffset  = 9
)

// begin starts a kernel.
func (k *wordRows) begin(p file, set string) {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("factor", asm.Floats)}
	if k.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	k.fn = p.begin("words"+k.Letters()+set, "multiplies words by rows of 8-bit codes, blocks times 64, with a factor for each.",
		append(params, vecX, dst32, asm.P("rows", asm.Int), asm.P("blocks", asm.Int), fetchParam)...)
	k.load("w", codesPtr)
	k.load("factor", scalePtr)
	k.load("dst", dstPtr)
	k.load("rows", rowsLeft)
	k.load("blocks", blocks)
	k.load(fetchParam.Name, fetchWay)
	if k.Mode.HasOffset() {
		k.load("offset", offsetPtr)
	}
}

// rows runs over the rows, and over their chunks of up to 8 times 64 codes.
func (k wordRows) rows(w width, block, chunk func(), sum func()) {
	regs := int(W512 / w)
	row := k.Here("row")
	k.MOVQ(k.arg("x"), inputPtr)
	k.MOVQ(blocks, wordSums)
	k.SHLQ(imm(7), wordSums)
	k.ADDQ(inputPtr, wordSums)
	k.zero(run(w, wordSum, regs)...)
	k.VBROADCASTSS(scalePtr.At(0), w.reg(wordFactor))
	k.ADDQ(imm(4), scalePtr)
	if k.Mode.HasOffset() {
		k.VBROADCASTSS(offsetPtr.At(0), w.reg(wordOffset))
		k.ADDQ(imm(4), offsetPtr)
	}
	k.MOVQ(blocks, blockLeft)
	next, most := k.Here("chunk"), k.NewLabel("most")
	k.MOVQ(blockLeft, vecLeft)
	k.CMPQ(vecLeft, imm(wordsChunk))
	k.JLT(most)
	k.MOVQ(imm(wordsChunk), vecLeft)
	k.Bind(most)
	k.SUBQ(vecLeft, blockLeft)
	k.zero(run(w, wordInteger, 2)...)
	k.repeat("block", vecLeft, func() {
		k.fetch(1, codesAhead)
		block()
		k.ADDQ(imm(64), codesPtr)
		k.ADDQ(imm(wordsOfHalf), inputPtr)
	})
	chunk()
	k.ADDQ(imm(64), wordSums)
	k.TESTQ(blockLeft, blockLeft)
	k.JNZ(next)
	sum()
	k.nextRow(row)
	k.end()
}

// wordSums points to the sums of a chunk's inputs.
const wordSums = R15

// widen loads codes as words.
func (k wordRows) widen(from mem, to vec) {
	if k.Signed {
		k.VPMOVSXBW(from, to)
	} else {
		k.VPMOVZXBW(from, to)
	}
}

// addChunk adds the integers in a register times the factor to a sum.
func (k wordRows) addChunk(w width, integer, sum int, sums mem) {
	r := w.reg(integer)
	k.VCVTDQ2PS(r, r)
	if k.Mode.HasOffset() {
		k.VMOVUPS(sums, w.reg(wordTemp))
		k.VFNMADD231PS(w.reg(wordTemp), w.reg(wordOffset), r)
	}
	k.VFMADD231PS(r, w.reg(wordFactor), w.reg(sum))
}

// sumHalves stores the 4 lanes of X0, added by halves.
func (k wordRows) sumHalves() {
	k.VPSHUFD(swapHalves, X(0), X(1))
	k.VADDPS(X(1), X(0), X(0))
	k.VMOVSHDUP(X(0), X(1))
	k.VADDPS(X(1), X(0), X(0))
	k.VMOVSS(X(0), dstPtr.At(0))
}

// writeWordsAVX2 writes a kernel with 8 lanes to a vector.
func writeWordsAVX2(p file, c kind.Codes) asm.Signature {
	k := wordRows{Codes: c}
	k.begin(p, "AVX2")
	k.rows(W256, func() {
		for i := range 4 {
			t := Y(wordTemp + i)
			k.widen(codesPtr.At(16*i), t)
			k.VPMADDWD(inputPtr.At(32*i), t, t)
			k.VPADDD(t, Y(wordInteger+i%2), Y(wordInteger+i%2))
		}
	}, func() {
		for i := range 2 {
			k.addChunk(W256, wordInteger+i, wordSum+i, wordSums.At(32*i))
		}
	}, func() {
		k.VADDPS(Y(1), Y(0), Y(0))
		k.VEXTRACTF128(1, Y(0), X(1))
		k.VADDPS(X(1), X(0), X(0))
		k.sumHalves()
	})
	return k.Signature
}

// writeWordsVNNI writes a kernel with 16 lanes: VPDPWSSD adds 2 products to each.
func writeWordsVNNI(p file, c kind.Codes) asm.Signature {
	k := wordRows{Codes: c}
	k.begin(p, "VNNI")
	k.rows(W512, func() {
		for i := range 2 {
			k.widen(codesPtr.At(32*i), Z(wordTemp+i))
			k.VPDPWSSD(inputPtr.At(64*i), Z(wordTemp+i), Z(wordInteger+i))
		}
	}, func() {
		k.VPADDD(Z(wordInteger+1), Z(wordInteger), Z(wordInteger))
		k.addChunk(W512, wordInteger, wordSum, wordSums.At(0))
	}, func() {
		k.VEXTRACTF64X4(1, Z(0), Y(1))
		k.VADDPS(Y(1), Y(0), Y(0))
		k.VEXTRACTF128(1, Y(0), X(1))
		k.VADDPS(X(1), X(0), X(0))
		k.sumHalves()
	})
	return k.Signature
}

// words256 and words512 write the kernels of an instruction set.
func words256(p file) {
	peakOfAll(p)
	quantizeFewWords(p)
	choice := p.Choose(asm.ByKind, "wordsAVX2", "multiplies words by rows of 8-bit codes.")
	kind.Each(8, quantisedModes, func(c kind.Codes) { choice.Add(c.Kind(), writeWordsAVX2(p, c)) })
}

func words512(p file) {
	choice := p.Choose(asm.ByKind, "wordsVNNI", "multiplies words by rows of 8-bit codes.")
	kind.Each(8, quantisedModes, func(c kind.Codes) { choice.Add(c.Kind(), writeWordsVNNI(p, c)) })
}
