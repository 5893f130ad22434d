package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 4-bit codes times few vectors of inputs quantised to int8 with a step for every 8 of
// them, in the order of sums that the package kernel defines in quant_few.go. The order
// of the inputs is that of a vector of AVX-512: a group of 128 is 64 even bytes, 64 odd
// ones and 16 steps. Behind all groups, of which the last one may be used by half, are
// 16 corrections of 16 bits for each. That is 1.75 bytes an input: a row of 14336 stays
// in the first cache beside the codes that stream through it.

// Where the parts of a group lie, in bytes.
const (
	compactOdd   = 64
	compactSteps = 128
	compactGroup = 192
	groupSums    = 32
)

// The codes of a group and of half a group.
const (
	groupCodes = 128
	halfCodes  = 64
)

// few multiplies rows by vectors, some of both at a time: rows share the loads of
// inputs, and vectors the taking apart of codes. Each row and vector has a sum of its
// own, so that its bits do not depend on the others.
type few struct {
	fn
	kind.Codes
	scales asm.Type
	block  int

	// rows, of which there are one, two or four, and vectors are how many go at a time, and
	// groups how many follow one another in the loop over a row.
	rows, vectors, groups int
}

// The general registers of few besides those of all kernels of rows by codes.
const (
	fewCodesApart   = AX
	fewScalesApart  = CX
	fewVectorsApart = R13
	fewVectorsThree = R11
	fewCodesThree   = BX // where there are no offsets
	fewScalesThree  = blocks
	fewFetch        = R13 // of rows of one vector
	fewFetchMany    = R15 // of rows of several
	correctionsPtr  = R14 // of the corrections
)

// scalesAhead is how far ahead scales are fetched. A line of them is for 16 of codes.
const scalesAhead = 1024

// suffixOf is the scales' part of a kernel's name.
func suffixOf(scales asm.Type) string {
	if scales == asm.Halves {
		return "Halves"
	}
	return ""
}

// blocksName is how blocks meet 64 codes in a kernel's name.
func blocksName(block int) string {
	return map[int]string{16: "Quad", 32: "Pair", 64: "Long"}[block]
}

// name is the kernel's name without its instruction set.
func (k few) name() string {
	many := ""
	if k.vectors > 1 {
		many = fmt.Sprintf("By%d", k.vectors)
	}
	return "fast" + k.Letters() + blocksName(k.block) + suffixOf(k.scales) + many
}

// beginFew starts a kernel.
func (p file) beginFew(k few, set string) few {
	params := []asm.Param{asm.P("w", asm.Bytes), asm.P("scale", k.scales)}
	if k.Mode.HasOffset() {
		params = append(params, asm.P("offset", asm.Floats))
	}
	params = append(params, vecX)
	if k.vectors > 1 {
		params = append(params, asm.P("ldx", asm.Int))
	}
	params = append(params, dst32)
	if k.vectors > 1 {
		params = append(params, asm.P("ldd", asm.Int))
	}
	if k.vectors > 1 && set == "VNNI" {
		params = append(params, asm.P("wide", asm.Floats))
	}
	params = append(params, asm.P("rows", asm.Int), asm.P("blocks", asm.Int), fetchParam)
	what := "compact x"
	if k.vectors > 1 {
		what = fmt.Sprintf("%d compact vectors, ldx bytes apart,", k.vectors)
	}
	k.fn = p.begin(k.name()+set, fmt.Sprintf("multiplies %s by rows of 4-bit codes, blocks times 64, that have scales for each %d.", what, k.block), params...)
	k.load("w", codesPtr)
	k.load("scale", scalePtr)
	k.load("dst", dstPtr)
	k.load("rows", rowsLeft)
	k.load("blocks", blocks)
	if k.Mode.HasOffset() {
		k.load("offset", offsetPtr)
	}
	k.strides()
	return k
}

// strides works out what rows and vectors lie apart, and where to fetch from: rows that
// go together are one run of memory, which is fetched in its order.
func (k few) strides() {
	if k.rows > 1 {
		k.MOVQ(blocks, fewCodesApart)
		k.SHLQ(imm(5), fewCodesApart)
		k.MOVQ(blocks, fewScalesApart)
		k.SHLQ(imm(shiftOf(halfCodes/k.block*k.scaleBytes())), fewScalesApart)
		k.MOVQ(codesPtr, k.fetchPtr())
		k.ADDQ(fewCodesApart, k.fetchPtr())
	}
	if k.rows == foursRows {
		k.LEAQ(fewCodesApart.By(fewCodesApart, 2), fewCodesThree)
		k.LEAQ(fewScalesApart.By(fewScalesApart, 2), fewScalesThree)
	}
	if k.vectors > 1 {
		k.load("ldx", fewVectorsApart)
	}
	if k.vectors > 3 {
		k.LEAQ(fewVectorsApart.By(fewVectorsApart, 2), fewVectorsThree)
	}
}

// shiftOf returns the power of two that n is.
func shiftOf(n int) int { return map[int]int{1: 0, 2: 1, 4: 2, 8: 3, 16: 4}[n] }

// fetchPtr is where to fetch from.
func (k few) fetchPtr() reg {
	switch {
	case k.rows == 1:
		return codesPtr
	case k.vectors > 1:
		return fewFetchMany
	}
	return fewFetch
}

// scaleBytes is the size of a scale. Offsets are floats.
func (k few) scaleBytes() int {
	if k.scales == asm.Halves {
		return 2
	}
	return 4
}

// codesOf, scalesOf, offsetsOf, inputsOf and sumsOf are where those of a row or vector begin.
func (k few) codesOf(r int) mem { return oneOf(codesPtr, fewCodesApart, fewCodesThree, r) }

func (k few) scalesOf(r int) mem { return oneOf(scalePtr, fewScalesApart, fewScalesThree, r) }

func (k few) offsetsOf(r int) mem {
	if r == 0 {
		return offsetPtr.At(0)
	}
	// They lie as far apart as scales that are floats.
	return offsetPtr.By(fewScalesApart, 4/k.scaleBytes())
}

func (k few) inputsOf(v int) mem { return oneOf(inputPtr, fewVectorsApart, fewVectorsThree, v) }

func (k few) sumsOf(v int) mem { return oneOf(correctionsPtr, fewVectorsApart, fewVectorsThree, v) }

// oneOf is the memory of one of up to four that lie apart: a register has how far, and
// another one three times that.
func oneOf(base, apart, three reg, n int) mem {
	switch n {
	case 0:
		return base.At(0)
	case 3:
		return base.By(three, 1)
	}
	return base.By(apart, n)
}

// parts are what differs between instruction sets. Each multiplies what its name says of
// all rows and vectors that go at a time: some groups, or half of one. sums leaves 4
// lanes of each sum, of 16 that were added by halves, and returns their registers; the
// one behind those of 4 lanes is free.
type parts interface {
	constants()
	clear()
	whole(groups int)
	half()
	sums() (of func(r, v int) X, free X)
}

// write writes the loop over the rows, and the end of the kernel. An odd row at the end
// is multiplied as two equal ones.
func (k few) write(p parts) asm.Signature {
	p.constants()
	row, end := k.Here("row"), k.NewLabel("end")
	if k.rows > 1 {
		two := k.NewLabel("two")
		k.SUBQ(imm(2), rowsLeft)
		k.JGE(two)
		k.XORQ(fewCodesApart, fewCodesApart)
		k.XORQ(fewScalesApart, fewScalesApart)
		k.Bind(two)
	}
	k.oneTurn(p)
	of, free := p.sums()
	if k.rows == 1 {
		k.store(1, of, free)
		k.ADDQ(imm(4), dstPtr)
		k.DECQ(rowsLeft)
		k.JNZ(row)
		k.end()
		return k.Signature
	}
	one := k.NewLabel("one")
	k.TESTQ(rowsLeft, rowsLeft)
	k.JLT(one)
	k.store(2, of, free)
	k.skip()
	k.TESTQ(rowsLeft, rowsLeft)
	k.JNZ(row)
	k.Bind(end)
	k.end()
	k.Bind(one)
	k.store(1, of, free)
	k.JMP(end)
	return k.Signature
}

// skip steps over the second of two rows, and over both results.
func (k few) skip() {
	k.ADDQ(fewCodesApart, codesPtr)
	k.ADDQ(fewScalesApart, scalePtr)
	if k.Mode.HasOffset() {
		for range 4 / k.scaleBytes() {
			k.ADDQ(fewScalesApart, offsetPtr)
		}
	}
	k.ADDQ(imm(8), dstPtr)
}

// oneTurn multiplies all vectors by the rows that go at a time.
func (k few) oneTurn(p parts) {
	half, done := k.NewLabel("half"), k.NewLabel("done")
	k.beginRow(blocks)
	p.clear()
	k.MOVQ(blocks, blockLeft)
	if k.groups > 1 {
		rest := k.NewLabel("rest")
		k.asLongAs("chunk", rest, k.groups, p.whole)
		k.Bind(rest)
		k.ADDQ(imm(2*k.groups), blockLeft)
	}
	k.asLongAs("group", half, 1, p.whole)
	k.Bind(half)
	k.ADDQ(imm(2), blockLeft)
	k.JZ(done)
	k.fetchCodes(1)
	p.half()
	k.step(1)
	k.Bind(done)
}

// beginRow points at the first inputs of the vectors, and at their corrections.
func (k few) beginRow(blocks src) {
	k.MOVQ(k.arg("x"), inputPtr)
	k.MOVQ(blocks, blockLeft)
	k.ADDQ(imm(1), blockLeft)
	k.SHRQ(imm(1), blockLeft)
	k.LEAQ(blockLeft.By(blockLeft, 2), correctionsPtr)
	k.SHLQ(imm(6), correctionsPtr) // three times 64 are a group
	k.ADDQ(inputPtr, correctionsPtr)
}

// asLongAs multiplies so many groups as long as there are as many, of which then as many
// too many are subtracted.
func (k few) asLongAs(name string, end asm.Label, groups int, whole func(groups int)) {
	k.SUBQ(imm(2*groups), blockLeft)
	k.JLT(end)
	loop := k.Here(name)
	k.fetchCodes(groups)
	whole(groups)
	if k.scales == asm.Halves {
		for r := range k.rows {
			k.PREFETCHT1(k.scalesOf(r).Plus(scalesAhead))
		}
	}
	k.step(2 * groups)
	k.SUBQ(imm(2*groups), blockLeft)
	k.JGE(loop)
}

// fetchCodes fetches as many lines of each row ahead.
func (k few) fetchCodes(lines int) {
	k.fetchFrom(k.fetchPtr(), k.arg(fetchParam.Name), lines*k.rows, codesAhead)
}

// step steps over n halves of groups.
func (k few) step(n int) {
	k.ADDQ(imm(32*n), codesPtr)
	k.ADDQ(imm(compactGroup/2*n), inputPtr)
	k.ADDQ(imm(k.sumsSize()/2*n), correctionsPtr)
	k.ADDQ(imm(halfCodes/k.block*n*k.scaleBytes()), scalePtr)
	if k.Mode.HasOffset() {
		k.ADDQ(imm(halfCodes/k.block*n*4), offsetPtr)
	}
	if k.rows > 1 {
		k.ADDQ(imm(32*n*k.rows), k.fetchPtr())
	}
}

// sumsSize is what the corrections of a group take, in bytes, where they are read.
func (k few) sumsSize() int {
	if k.rows == foursRows && k.vectors > 1 {
		return 64 * k.vectors
	}
	return groupSums
}

// corrects reports whether corrections are added to the integers: with an offset they
// are multiplied, and unsigned codes without need none.
func (k few) corrects() bool { return k.Signed && !k.Mode.HasOffset() }

// store adds the 4 lanes of the sums of one row, or of two, by halves, and stores the
// results of each vector.
func (k few) store(rows int, sum func(r, v int) X, free X) {
	if k.vectors > 1 {
		k.MOVQ(k.arg("ldd"), blockLeft)
		k.MOVQ(dstPtr, inputPtr)
	}
	target := dstPtr
	for v := range k.vectors {
		if v > 0 {
			target = inputPtr
			k.ADDQ(blockLeft, inputPtr)
		}
		a := sum(0, v)
		k.foldRows(a, sum(rows-1, v), free)
		k.VHADDPS(a, a, a)
		if rows == 1 {
			k.VMOVSS(a, target.At(0))
		} else {
			k.VMOVQ(a, target.At(0))
		}
	}
}

// foldRows adds the upper two lanes of two sums to the lower ones: a has those of both.
func (k few) foldRows(a, b, tmp X) {
	k.VUNPCKHPD(b, a, tmp)
	k.VUNPCKLPD(b, a, a)
	k.VADDPS(tmp, a, a)
}

// quantizeCompact writes the kernel that prepares inputs: groups of 64 that make up
// groups of 128, and the corrections apart from them. A step is the largest magnitude
// of 8 inputs divided by 127, so that no byte is -128: VPMADDUBSW adds two products
// of at most 15·127, far from the end of 16 bits.
func quantizeCompact(p file) {
	f := p.begin("quantizeCompactAVX2", "quantises groups of 64 inputs in the order of 128; the corrections are the sums of each 8 bytes, times -8, or as they are when plain is not 0.",
		dst32, asm.P("sums", asm.Floats), vecX, asm.P("groups", asm.Int), asm.P("plain", asm.Int))
	const sums, next, plain = R8, R9, DX
	const half, other = 32, compactGroup - 32
	f.load("dst", DI)
	f.load("sums", sums)
	f.load("x", SI)
	f.load("groups", CX)
	f.load("plain", plain)
	f.VPBROADCASTD(f.abs(), Y(15))
	f.MOVQ(imm(half), next)
	f.repeat("loop", CX, func() {
		f.peaksOf8()
		f.stepsOf8(DI.At(compactSteps))
		f.bytesOf64(DI.At(0), DI.At(compactOdd))
		f.sumsOf8()
		stored := f.NewLabel("stored")
		f.TESTQ(plain, plain)
		f.JNZ(stored)
		f.timesMinus8()
		f.Bind(stored)
		f.VEXTRACTI128(1, Y(0), X(1))
		f.VPACKSSDW(X(1), X(0), X(0))
		f.VMOVDQU(X(0), sums.At(0))
		f.ADDQ(imm(groupSums/2), sums)
		f.ADDQ(imm(256), SI)
		f.ADDQ(next, DI)
		f.XORQ(imm(half^other), next)
	})
	f.end()
}

// quantisedModes are the modes of codes that meet quantised inputs.
var quantisedModes = []kind.Mode{kind.Plain, kind.Offset}

// fewKernels writes the kernels of an instruction set: for blocks of 16, 32 and 64
// codes, with scales that are floats and for halves as they lie in a file, which some
// hundreds at a time that are widened before would read in bursts that nothing fetches
// ahead. Several vectors have kernels for what models have most: halves for blocks of
// 16 and 32.
func fewKernels(p file, set string, turn func(k few) (rows, groups int), of func(k few) parts) {
	for vectors := 1; vectors <= fewVectors; vectors++ {
		for _, block := range []int{16, 32, 64} {
			for _, scales := range []asm.Type{asm.Floats, asm.Halves} {
				if vectors > 1 && (block == 64 || scales == asm.Floats) {
					continue
				}
				name := few{Codes: kind.Codes{}, scales: scales, block: block, vectors: vectors}.choiceName()
				choice := p.Choose(asm.ByKind, name+set, fmt.Sprintf("multiplies compact inputs by rows of 4-bit codes in blocks of %d.", block))
				kind.Each(4, quantisedModes, func(c kind.Codes) {
					k := few{Codes: c, scales: scales, block: block, vectors: vectors}
					k.rows, k.groups = turn(k)
					k = p.beginFew(k, set)
					if k.rows == foursRows {
						choice.Add(c.Kind(), fewFours{k}.write())
					} else {
						choice.Add(c.Kind(), k.write(of(k)))
					}
				})
			}
		}
	}
}

// fewVectors is the most vectors that a kernel takes.
const fewVectors = 4

// choiceName is the name of the function that chooses by the kind of the codes.
func (k few) choiceName() string {
	many := ""
	if k.vectors > 1 {
		many = fmt.Sprintf("By%d", k.vectors)
	}
	return "fast" + blocksName(k.block) + suffixOf(k.scales) + many
}
