package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// Palettes whose entries are halves, looked up through two planes of bytes: 16
// entries for up to 4 bits, 64 for 6 bits. Kernels named dot… multiply rows that
// follow one another, those named decode… store them; these read whole groups of
// 8 indices, and those of 16, or 32 of 4 bits.

// lut is a kernel of either kind.
type lut struct {
	fn
	bits int
}

const (
	indexPairs  = V(16) // which two bytes hold each index
	indexShifts = V(17) // what brings it to their bottom
	indexMask   = V(18)
)

// indexTables holds for indices 0 to 7 the bytes in which they begin and end, and
// the shifts that bring each to the bottom of its 16 bits.
func indexTables(bits int) []uint32 {
	var pairs, shifts []byte
	for i := range 8 {
		bit := i * bits
		pairs = append(pairs, byte(bit/8), byte(min(bit/8+1, bits-1)))
		down := uint16(-(bit % 8))
		shifts = append(shifts, byte(down), byte(down>>8))
	}
	return asm.Pack(append(pairs, shifts...)...)
}

// loadIndices loads 8 indices, exactly so many bytes as they have bits, into V8.
func (l lut) loadIndices() {
	switch l.bits {
	case 1:
		l.LDR(B(8), R0.Post(1))
	case 2:
		l.LDR(H(8), R0.Post(2))
	case 3:
		l.LDR(H(8), R0.Post(2))
		l.LD1(V(8).B(2), R0.Post(1))
	default:
		l.LDR(S(8), R0.Post(4))
		l.LD1(V(8).H(2), R0.Post(2))
	}
}

// TBL brings to each index the two bytes that hold it, USHL shifts them down by
// what is a negative number there, and XTN drops the upper byte.
// eight decodes 8 entries. The planes of 64 entries lie from V24 and from V28 on.
func (l lut) eight() {
	const index = V(8)
	l.loadIndices()
	l.TBL(index, index, 1, indexPairs)
	l.USHL(index.H8(), index.H8(), indexShifts.H8())
	l.XTN(index.B8(), index.H8())
	l.AND(index.B16(), index.B16(), indexMask.B16())
	if l.bits == 6 {
		l.TBL(10, 24, 4, index)
		l.TBL(11, 28, 4, index)
	} else {
		l.lookup(10, lowPlane, index)
		l.lookup(11, highPlane, index)
	}
	l.ZIP1(V(8).B16(), V(10).B16(), V(11).B16())
	l.widenHalves(8, decoded)
}

// setup loads the planes, which stay in registers for all rows: 2 of them, or 8 for
// 64 entries.
func (l lut) setup() {
	if l.bits == 6 {
		for i := 0; i < 8; i += 2 {
			l.LDP(Q(24+i), Q(25+i), R13.At(16*i))
		}
	} else {
		l.LDP(Q(lowPlane), Q(highPlane), R13.At(0))
	}
	if l.bits == 4 {
		l.mask4()
		return
	}
	l.address(R10, fmt.Sprintf("index%d", l.bits), indexTables(l.bits)...)
	l.LDP(Q(indexPairs), Q(indexShifts), R10.At(0))
	l.MOVI(indexMask.B16(), 1<<l.bits-1)
}

// writeDotLUT writes the kernel that multiplies, by rows that follow one another.
func writeDotLUT(p file, bits int) asm.Signature {
	columns := 16
	if bits == 4 {
		columns = 32
	}
	l := lut{p.begin(fmt.Sprintf("dotLUT%dNEON", bits), fmt.Sprintf("multiplies x by rows of %d-bit indices, groups of %d.", bits, columns),
		asm.P("w", asm.Bytes), asm.P("planes", asm.Bytes), vecX, dst32, asm.P("rows", asm.Int), asm.P("groups", asm.Int)), bits}
	l.load("w", R0)
	l.load("planes", R13)
	l.load("x", R11)
	l.load("dst", R4)
	l.load("rows", R5)
	l.load("groups", R7)
	l.setup()
	l.repeat("row", R5, func() {
		l.MOVD(R1, R11)
		l.MOVD(ofRow, R7)
		l.chunks(columns, nil, l.dotGroup)
		l.STR(S(rowSum), R4.Post(4))
	})
	l.RET()
	return l.Signature
}

// dotGroup multiplies a group.
func (l lut) dotGroup() {
	if l.bits == 4 {
		l.planes(32, l.widenHalves)
		l.multiplyDecoded(8, 0)
		return
	}
	for sum := V(0); sum < 4; sum += 2 {
		l.eight()
		l.multiplyDecoded(2, sum)
	}
}

// writeDecodeLUT writes the kernel that stores the entries of one row.
func writeDecodeLUT(p file, bits int) asm.Signature {
	l := lut{p.begin(fmt.Sprintf("decodeLUT%dNEON", bits), fmt.Sprintf("decodes groups of %d-bit indices.", bits),
		dst32, asm.P("w", asm.Bytes), asm.P("planes", asm.Bytes), asm.P("groups", asm.Int)), bits}
	l.load("dst", R1)
	l.load("w", R0)
	l.load("planes", R13)
	l.load("groups", R7)
	l.setup()
	l.MOVD(R9, R7)
	if bits == 4 {
		l.inGroups(32, func(n int) {
			l.planes(n, l.widenHalves)
			l.storeDecoded(n / 4)
		})
	} else {
		l.repeat("one", R9, func() {
			l.eight()
			l.storeDecoded(2)
		})
	}
	l.RET()
	return l.Signature
}

// palettes writes them. 8 bits have no kernel: a table of 256 halves is 32
// registers, which is all there are.
func palettes(p file) {
	dots := p.Choose(asm.ByBits, "dotLUTNEON", "multiplies x by rows of indices.")
	decodes := p.Choose(asm.ByBits, "decodeLUTNEON", "decodes groups of indices.")
	for _, bits := range []int{1, 2, 3, 4, 6} {
		dots.Add(bits, writeDotLUT(p, bits))
		decodes.Add(bits, writeDecodeLUT(p, bits))
	}
}
