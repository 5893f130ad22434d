package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// 4-bit codes 64 at a time. A group of 64 inputs is prepared as 8 vectors, vector
// j with the inputs of code j of every lane, and a ninth with the sums of the
// lanes. Four accumulators: with two, the latency of the additions would be the
// limit.
//
// Where sums are scaled, code j stays where it lies, 16^j too large, and the
// prepared input is 16^-j times the original. Signed codes are made unsigned by one
// exclusive or; the 8 (and the offset) times the sum of the inputs is taken off.

// preparedGroup is what a prepared group of 64 inputs takes.
const preparedGroup = 9 * 32

// prepare64 writes the kernel that orders inputs: it runs once a vector, for
// thousands of rows.
func prepare64(p file) {
	f := p.begin("prepare64AVX2", "stores x[64g+8l+j]·factors[j] at dst[72g+8j+l] and factors[8] times the sum over j of x[64g+8l+j] at dst[72g+64+l].",
		dst32, vecX, asm.P("factors", asm.Floats), asm.P("groups", asm.Int))
	f.load("dst", DI)
	f.load("x", SI)
	f.load("factors", DX)
	f.load("groups", CX)
	const sum, factor = Y(8), Y(4)
	f.repeat("loop", CX, func() {
		f.zero(sum)
		f.transpose8(func(h int) {
			for i := range 4 {
				f.VADDPS(Y(i), sum, sum)
				f.VBROADCASTSS(DX.At(16*h+4*i), factor)
				f.VMULPS(factor, Y(i), Y(i))
				f.VMOVUPS(Y(i), DI.At(128*h+32*i))
			}
		})
		f.VBROADCASTSS(DX.At(32), factor)
		f.VMULPS(factor, sum, sum)
		f.VMOVUPS(sum, DI.At(256))
		f.ADDQ(imm(256), SI)
		f.ADDQ(imm(preparedGroup), DI)
	})
	f.end()
}

// stream has its sums where gemv has them. The codes of a vector are in Y8; the
// other registers of constants depend on the mode.
type stream struct {
	fn
	kind.Codes
	pairing
}

const (
	streamCodes  = Y(8)
	streamNibble = Y(15) // the first nibble, or for signed codes on the grid the last
	streamLanes  = Y(14)
	streamFlip   = Y(9) // 8s in place
	streamDown   = Y(9) // 2^-28, for codes in the last nibble
)

func (s stream) grid() grid { return grid{blockScale, exponent, roundBias} }

// setup loads the constants that the mode needs, of which there are few enough for
// the sums, codes and temporaries to have the rest.
func (s stream) setup() {
	s.VPBROADCASTD(s.nibble(), streamNibble)
	switch {
	case s.Mode.OnGrid():
		s.grid().setup(s.fn)
		if s.Signed {
			s.VPBROADCASTD(s.words("highNibble", 0xF0000000), streamNibble)
			s.VBROADCASTSS(s.float("down28", 0x1p-28), streamDown)
		}
	case s.Signed:
		s.VPBROADCASTD(s.words("eights", 0x88888888), streamFlip)
	}
	if s.pairing == pair {
		s.VMOVDQU(s.pairLanes(), streamLanes)
	}
}

// factors loads the scales and offsets of a block, or of two. A signed code is 8
// too large in place, and 2^28 times too large in the last nibble.
func (s stream) factors() {
	s.spread(s.pairing, scalePtr, streamLanes, blockScale)
	if s.Mode.OnGrid() && s.Signed {
		s.VMULPS(streamDown, blockScale, blockScale)
	}
	if !s.Mode.HasOffset() {
		return
	}
	s.spread(s.pairing, offsetPtr, streamLanes, blockOff)
	switch {
	case !s.Signed:
	case s.Mode.OnGrid():
		s.VMULPS(s.floats("up28", 0x1p28), blockOff, blockOff)
	default:
		s.VADDPS(s.floats("eight", 8), blockOff, blockOff)
	}
}

// codesInPlace multiplies the 8 codes of every lane where they lie into Y2 to Y5.
func (s stream) codesInPlace() {
	if s.Signed {
		s.VPXOR(streamFlip, streamCodes, streamCodes)
	}
	for j := range 8 {
		q := [...]Y{6, 7, 10, 13}[j%4]
		switch j {
		case 0:
			s.VPAND(streamNibble, streamCodes, q)
		case 7:
			// In place it would be a sign.
			s.VPSRLD(28, streamCodes, q)
		default:
			s.VPAND(s.words(fmt.Sprintf("nibble%d", j), asm.Repeat(8, 15<<(4*j))...), streamCodes, q)
		}
		s.VCVTDQ2PS(q, q)
		s.VFMADD231PS(inputPtr.At(32*j), q, Y(2+j%4))
	}
}

// codesRounded multiplies the 8 codes of every lane, rounded, into Y0 to Y3.
func (s stream) codesRounded() {
	for j := range 8 {
		q := Y(4 + j%2*2)
		s.nibbleTo(q, j)
		s.VCVTDQ2PS(q, q)
		if s.Mode.HasOffset() {
			s.VSUBPS(blockOff, q, q)
		}
		s.grid().round(s.fn, q, q+1)
		s.VFMADD231PS(inputPtr.At(32*j), q, Y(j%4))
	}
}

// nibbleTo brings code j of every lane to q: a signed one to the top, where its
// sign is, an unsigned one to the bottom.
func (s stream) nibbleTo(q Y, j int) {
	from := q
	switch {
	case s.Signed && j < 7:
		s.VPSLLD(28-4*j, streamCodes, q)
	case !s.Signed && j > 0:
		s.VPSRLD(4*j, streamCodes, q)
	default:
		from = streamCodes
	}
	if s.Signed || j < 7 {
		s.VPAND(streamNibble, from, q)
	}
}

// vector multiplies 64 codes.
func (s stream) vector() {
	// Weights are read once a token: fetched past the outer caches they leave the
	// inputs and the plan there.
	s.VMOVDQU(codesPtr.At(0), streamCodes)
	s.PREFETCHNTA(codesPtr.At(4096))
	sums := inputPtr.At(256)
	switch {
	case !s.Mode.ScalesSum():
		s.codesRounded()
	case s.Mode.HasOffset():
		s.VFMADD231PS(sums, blockOff, Y(2))
		s.codesInPlace()
	case s.Signed && s.pairing == pair:
		s.VMOVUPS(sums, Y(2))
		s.codesInPlace()
	case s.Signed:
		s.VADDPS(sums, Y(2), Y(2))
		s.codesInPlace()
	default:
		s.codesInPlace()
	}
	s.ADDQ(imm(32), codesPtr)
	s.ADDQ(imm(preparedGroup), inputPtr)
}

// writeStream writes a kernel. 64 codes are 32 bytes: one load, 8 masks,
// conversions and products, and no shift where sums are scaled. Its order of sums
// is gemv's, with lane l for inputs 8l to 8l+7.
func writeStream(p file, c kind.Codes, pairs pairing) asm.Signature {
	name := fmt.Sprintf("stream%s%vAVX2", c.Letters(), pairs)
	s := stream{p.beginRows(name, "multiplies prepared x by rows of 4-bit codes, vecs vectors of 64 to a block.", c.Mode), c, pairs}
	s.setup()
	late := c.Mode.ScalesSum()
	row := s.Here("row")
	s.MOVQ(s.arg("x"), inputPtr)
	s.MOVQ(blocks, blockLeft)
	if late {
		s.zero(ys(0, 2)...)
	} else {
		s.zero(ys(0, 4)...)
	}
	s.repeat("block", blockLeft, func() {
		s.factors()
		if late {
			s.zero(ys(2, 4)...)
		}
		if pairs == pair {
			s.vector()
		} else {
			s.MOVQ(vecs, vecLeft)
			s.repeat("vec", vecLeft, s.vector)
		}
		if late {
			s.VADDPS(Y(3), Y(2), Y(2))
			s.VADDPS(Y(5), Y(4), Y(4))
			s.VFMADD231PS(Y(2), blockScale, Y(0))
			s.VFMADD231PS(Y(4), blockScale, Y(1))
		}
		s.nextBlocks(pairs.perVector(), c.Mode)
	})
	if !late {
		s.VADDPS(Y(2), Y(0), Y(0))
		s.VADDPS(Y(3), Y(1), Y(1))
	}
	s.VADDPS(Y(1), Y(0), Y(0))
	s.endRow(row)
	s.end()
	return s.Signature
}

// streamModes are the modes of codes that meet prepared inputs.
var streamModes = []kind.Mode{kind.Plain, kind.Offset, kind.Grid, kind.GridOffset}

// streams writes the kernels whose inputs are prepared by floats, which lose
// nothing.
func streams(p file) {
	prepare64(p)
	p.byPairing("stream", "AVX2", "multiplies prepared x by rows of 4-bit codes.", streamModes, writeStream)
}
