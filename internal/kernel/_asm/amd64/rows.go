package amd64

import (
	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// One vector by four rows at a time. Each row has the 16 lanes of the order of sums in
// registers of its own; four rows share the loads of the vector, and while one of them
// waits for its last product the others go on. At the end of a chunk of columns the
// lanes are added.

// The registers. Rows, scales and offsets of four rows are a pointer, a stride, and a
// pointer to the fourth; places along the row are addresses of the vector.
const (
	rowPtr       = SI
	fourthRow    = BX
	rowStride    = R8
	scaleFour    = DX
	fourthScale  = R9
	scaleStride  = R10
	offsetFour   = R11
	fourthOffset = R12
	runEnd       = CX // also for what lives short
	aheadPtr     = R13
	blockEnd     = R14
	chunkEnd     = R15
	sumPtr       = AX
)

// chunkBytes is what a chunk of columns takes of the vector.
const chunkBytes = 4 * 512

// fours is a kernel for four rows. Lanes are in Z0 to Z3, or in Y0 to Y7.
type fours struct {
	fn
	set width

	// step is how many columns a round takes, and bytes what they take in a row.
	step, bytes int

	// scaled says that there is something to each row beside its codes, and blocks
	// that there is one of it for each block of columns.
	scaled, blocks, offset bool

	// block loads what rows have, of a block or of all columns; round multiplies;
	// end brings the lanes into their order.
	block func()
	round func()
	end   func()
}

// params are those of a kernel, scale being the name of what a row has.
func (k fours) params(w asm.Type, scale string) []asm.Param {
	list := []asm.Param{asm.P("w", w), asm.P("stride", asm.Int)}
	if k.scaled {
		list = append(list, asm.P(scale, asm.Floats), asm.P("apart", asm.Int))
	}
	if k.offset {
		list = append(list, asm.P("offset", asm.Floats))
	}
	list = append(list, vecX, dst32, asm.P("rows", asm.Int), asm.P("columns", asm.Int))
	if k.blocks {
		list = append(list, asm.P("block", asm.Int))
	}
	return append(list, asm.P("ahead", asm.Int), fetchParam)
}

// row, scale and offset return the memory of one of four rows.
func (k fours) row(r, at int) mem { return fourth(rowPtr, rowStride, fourthRow, r).Plus(at) }
func (k fours) scale(r int) mem   { return fourth(scaleFour, scaleStride, fourthScale, r) }
func (k fours) offsetOf(r int) mem {
	return fourth(offsetFour, scaleStride, fourthOffset, r)
}

func fourth(first, stride, last reg, r int) mem {
	return []mem{first.At(0), first.By(stride, 1), first.By(stride, 2), last.At(0)}[r]
}

// write writes the kernel between its setup and its end. scale is the parameter of what
// rows have.
func (k fours) write(scale string) {
	k.load("w", rowPtr)
	k.load("stride", rowStride)
	k.load("dst", sumPtr)
	if k.scaled {
		k.load(scale, scaleFour)
		k.load("apart", scaleStride)
	}
	if k.offset {
		k.load("offset", offsetFour)
	}
	k.load("ahead", aheadPtr)
	k.ADDQ(rowPtr, aheadPtr)
	k.toFourth(rowPtr, rowStride, fourthRow)
	rows := k.Here("rows")
	k.beginFour()
	chunk := k.Here("chunk")
	k.beginChunk()
	run := k.NewLabel("run")
	if k.blocks {
		k.Bind(run)
		k.toRunEnd()
		k.block()
	}
	loop := k.Here("loop")
	k.round()
	k.ADDQ(imm(k.bytes), rowPtr)
	k.ADDQ(imm(k.bytes), fourthRow)
	k.ADDQ(imm(4*k.bytes), aheadPtr)
	k.ADDQ(imm(4*k.step), inputPtr)
	if k.blocks {
		k.CMPQ(inputPtr, runEnd)
		k.JLT(loop)
		k.nextBlock()
		k.CMPQ(inputPtr, chunkEnd)
		k.JLT(run)
	} else {
		k.CMPQ(inputPtr, chunkEnd)
		k.JLT(loop)
	}
	k.endChunk(chunk)
	k.nextFour(scale, rows)
	k.fn.end()
}

// toFourth makes the pointer to the fourth row.
func (k fours) toFourth(first, stride, last reg) {
	k.LEAQ(stride.By(stride, 2), last)
	k.ADDQ(first, last)
}

// beginFour begins four rows.
func (k fours) beginFour() {
	if k.scaled {
		k.toFourth(scaleFour, scaleStride, fourthScale)
	}
	if k.offset {
		k.toFourth(offsetFour, scaleStride, fourthOffset)
	}
	k.load("x", inputPtr)
	if k.blocks {
		k.load("block", runEnd)
		k.LEAQ(inputPtr.By(runEnd, 4), blockEnd)
	} else if k.block != nil {
		k.block()
	}
}

// toVectorEnd makes the address of the vector's end, in runEnd.
func (k fours) toVectorEnd() {
	k.load("columns", runEnd)
	k.SHLQ(imm(2), runEnd)
	k.ADDQ(k.arg("x"), runEnd)
}

// beginChunk clears the lanes and finds where the chunk ends.
func (k fours) beginChunk() {
	whole := k.NewLabel("whole")
	k.toVectorEnd()
	k.LEAQ(inputPtr.At(chunkBytes), chunkEnd)
	k.CMPQ(chunkEnd, runEnd)
	k.JLT(whole)
	k.MOVQ(runEnd, chunkEnd)
	k.Bind(whole)
	n := 4
	if k.set == W256 {
		n = 8
	}
	k.zero(run(k.set, 0, n)...)
}

// toRunEnd finds where the block or the chunk ends.
func (k fours) toRunEnd() {
	short := k.NewLabel("short")
	k.MOVQ(blockEnd, runEnd)
	k.CMPQ(runEnd, chunkEnd)
	k.JLT(short)
	k.MOVQ(chunkEnd, runEnd)
	k.Bind(short)
}

// nextBlock goes on to the scales of the next block where this one has ended.
func (k fours) nextBlock() {
	inside := k.NewLabel("inside")
	k.CMPQ(inputPtr, blockEnd)
	k.JLT(inside)
	k.ADDQ(imm(4), scaleFour)
	k.ADDQ(imm(4), fourthScale)
	if k.offset {
		k.ADDQ(imm(4), offsetFour)
		k.ADDQ(imm(4), fourthOffset)
	}
	k.load("block", runEnd)
	k.LEAQ(blockEnd.By(runEnd, 4), blockEnd)
	k.Bind(inside)
}

// endChunk adds the lanes, and to them what earlier chunks have left.
func (k fours) endChunk(chunk asm.Label) {
	if k.end != nil {
		k.end()
	}
	if k.set == W512 {
		k.VMOVUPS(k.firstLanes(), X(6))
		k.addFour512([4]Z{0, 1, 2, 3}, 4, 5, 6, 0)
	} else {
		for r := range 4 {
			k.VADDPS(Y(2*r+1), Y(2*r), Y(2*r))
		}
		k.addFour([4]Y{0, 2, 4, 6}, 10, 11)
	}
	first := k.NewLabel("first")
	k.load("x", runEnd)
	k.ADDQ(imm(chunkBytes), runEnd)
	k.CMPQ(runEnd, chunkEnd)
	k.JGE(first)
	k.VADDPS(sumPtr.At(0), X(0), X(0))
	k.Bind(first)
	k.VMOVUPS(X(0), sumPtr.At(0))
	k.toVectorEnd()
	k.CMPQ(inputPtr, runEnd)
	k.JLT(chunk)
}

// nextFour goes on to the next four rows: the pointers are behind the first and the
// fourth one. Rows without a stride between their scales share them.
func (k fours) nextFour(scale string, rows asm.Label) {
	k.LEAQ(rowStride.By(rowStride, 2), runEnd)
	k.ADDQ(runEnd, rowPtr)
	k.ADDQ(runEnd, fourthRow)
	switch {
	case k.blocks:
		own := k.NewLabel("own")
		k.LEAQ(scaleStride.By(scaleStride, 2), runEnd)
		k.ADDQ(runEnd, scaleFour)
		if k.offset {
			k.ADDQ(runEnd, offsetFour)
		}
		k.TESTQ(scaleStride, scaleStride)
		k.JNZ(own)
		k.load(scale, scaleFour)
		if k.offset {
			k.load("offset", offsetFour)
		}
		k.Bind(own)
	case k.scaled:
		k.LEAQ(scaleFour.By(scaleStride, 4), scaleFour)
	}
	k.ADDQ(imm(16), sumPtr)
	k.load("rows", runEnd)
	k.SHLQ(imm(2), runEnd)
	k.ADDQ(k.arg("dst"), runEnd)
	k.CMPQ(sumPtr, runEnd)
	k.JLT(rows)
}

// fetchAhead fetches the lines that a round reads of four rows which lie further on.
func (k fours) fetchAhead() {
	past, fetched := k.NewLabel("past"), k.NewLabel("fetched")
	lines := max(4*k.bytes/64, 1)
	each := func(fetch func(mem)) {
		for i := range lines {
			fetch(aheadPtr.At(64 * i))
		}
	}
	k.CMPQ(k.arg(fetchParam.Name), imm(fetchPast))
	k.JEQ(past)
	each(k.PREFETCHT1)
	k.Bind(fetched)
	k.Later(func() {
		k.Bind(past)
		each(k.PREFETCHNTA)
		k.JMP(fetched)
	})
}
