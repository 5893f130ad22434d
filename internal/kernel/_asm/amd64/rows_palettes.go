package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// Rows of indices into palettes. A row has a table of floats, or shares one.

// paletteRows writes the kernels: a permutation of 512 bits looks 16 indices up in 16
// entries, or in 32 of two registers.
func paletteRows(p file) {
	k := fours{set: W512, step: 16, bytes: 8, scaled: true}
	k.fn = p.begin("rowsLUT4AVX512", "multiplies x by rows of 4-bit indices, a multiple of 4 of them, of columns a multiple of 16; a row's table has 16 floats. Strides are in bytes.",
		k.params(asm.Bytes, "table")...)
	k.nibbleSetup()
	k.block = func() {
		for r := range 4 {
			k.VMOVUPS(k.scale(r), rowTables+Z(r))
		}
	}
	k.round, k.end = k.nibbleRound, k.nibbleEnd
	k.write("table")
	sixBitRows(p)
}

// The registers of sixBitRows, beside the tables in Z8 to Z23.
const (
	sixOrder = Z(24) // of the bytes of 16 indices, and of the next
	sixAt    = Z(26) // where an index begins in its byte
	sixUpper = Z(27) // the bit that chooses the upper half of a table
)

// sixBitRows takes 32 columns at a time, 24 bytes: two loads of 16 bytes read those and
// no others.
func sixBitRows(p file) {
	k := fours{set: W512, step: 32, bytes: 24, scaled: true}
	k.fn = p.begin("rowsLUT6AVX512", "multiplies x by rows of 6-bit indices, a multiple of 4 of them, of columns a multiple of 32; a row's table has 64 floats. Strides are in bytes.",
		k.params(asm.Bytes, "table")...)
	first, second, shifts := sixBitOrders()
	k.VMOVDQU64(k.words("sixBitsFirst", first...), sixOrder)
	k.VMOVDQU64(k.words("sixBitsSecond", second...), sixOrder+1)
	k.VMOVDQU64(k.words("sixBitsShift", shifts...), sixAt)
	k.VPBROADCASTD(k.words("sixBitsUpper", 32), sixUpper)
	k.block = func() {
		for r := range 4 {
			for i := range 4 {
				k.VMOVUPS(k.scale(r).Plus(64*i), rowTables+Z(4*r+i))
			}
		}
	}
	k.round = func() {
		k.fetchAhead()
		for half := range 2 {
			x := Z(4)
			k.VMOVUPS(inputPtr.At(64*half), x)
			for r := range 4 {
				k.sixBits(k.row(r, 8*half), sixOrder+Z(half), rowTables+Z(4*r), K(1+r%2))
				k.VFMADD231PS(Z(6), x, Z(r))
			}
		}
	}
	k.write("table")
}

// sixBits looks 16 indices up, into Z6.
func (k fours) sixBits(from mem, order, table Z, upper K) {
	const index, low = Z(5), Z(6)
	k.VBROADCASTF32X4(from, index)
	k.VPSHUFB(order, index, index)
	k.VPSRLVD(sixAt, index, index)
	k.VPTESTMD(sixUpper, index, upper)
	k.VMOVAPS(index, low)
	k.VPERMI2PS(table+1, table, low)
	k.VPERMI2PS(table+3, table+2, index)
	k.VBLENDMPS(index, low, upper, low)
}

// sixBitOrders bring the two bytes that hold index i to lane i, of 12 bytes that begin
// at the first byte loaded, or at the fourth.
func sixBitOrders() (first, second, shifts []uint32) {
	const none = 0x80
	var orders [2][]byte
	for i := range 16 {
		b := byte(6 * i / 8)
		orders[0] = append(orders[0], b, b+1, none, none)
		next := b + 5
		if next > 15 {
			next = none
		}
		orders[1] = append(orders[1], b+4, next, none, none)
		shifts = append(shifts, uint32(6*i%8))
	}
	return asm.Pack(orders[0]...), asm.Pack(orders[1]...), shifts
}
