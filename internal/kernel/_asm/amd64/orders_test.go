package amd64

import (
	"encoding/binary"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/kind"
)

// shuffle is VPSHUFB of 128 bits: byte i of the order says which byte comes to i,
// or none where its top bit is set.
func shuffle(from []byte, order []uint32) []byte {
	to := make([]byte, 16)
	for i := range to {
		if b := byte(order[i/4] >> (8 * (i % 4))); b < 0x80 {
			to[i] = from[b&15]
		}
	}
	return to
}

// TestSixBitIndicesComeApart packs the indices of a group as a package stores them,
// from the lowest bit on, and takes them apart as spreadIndices does: of lane l,
// index i is 6 bits from bit 6i on.
func TestSixBitIndicesComeApart(t *testing.T) {
	var packed [24]byte
	for i := range 32 {
		for bit := range 6 {
			if (7*i+3)%64>>bit&1 == 1 {
				packed[(6*i+bit)/8] |= 1 << ((6*i + bit) % 8)
			}
		}
	}
	order := spreadOrder()
	for half, from := range [][]byte{packed[:16], packed[8:]} {
		lanes := shuffle(from, order[4*half:])
		for i := range 16 {
			lane := binary.LittleEndian.Uint32(lanes[4*(i/4):])
			if got, want := int(lane>>(6*(i%4))&63), (7*(16*half+i)+3)%64; got != want {
				t.Errorf("index %d of half %d is %d, want %d", i, half, got, want)
			}
		}
	}
}

// TestUpperBytesBringBytesUnderTheirSign has in each 32-bit lane 4 columns of a row,
// of which two come to the upper halves of the words, from the first one on.
func TestUpperBytesBringBytesUnderTheirSign(t *testing.T) {
	from := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	for first, want := range map[byte][]byte{
		0: {0, 1, 0, 2, 0, 5, 0, 6, 0, 9, 0, 10, 0, 13, 0, 14},
		2: {0, 3, 0, 4, 0, 7, 0, 8, 0, 11, 0, 12, 0, 15, 0, 16},
	} {
		if got := shuffle(from, upperBytes(first)); string(got) != string(want) {
			t.Errorf("from %d on come %v, want %v", first, got, want)
		}
	}
}

func TestOrdersAreThoseOfBothHalves(t *testing.T) {
	words := asm.Pack(twice(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)...)
	if len(words) != 8 || words[0] != 0x00010203 || words[4] != words[0] || words[7] != 0x0C0D0E0F {
		t.Errorf("got %#x", words)
	}
}

func TestOperandsArePrintedAsTheAssemblerReadsThem(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{R8.At(0).String(), "(R8)"},
		{R8.At(-4).String(), "-4(R8)"},
		{R8.By(CX, 4).Plus(64).String(), "64(R8)(CX*4)"},
		{DI.At(64).Masked(2).String(), "K2, 64(DI)"},
		{Z(31).Zeroed(1).String(), "K1, Z31"},
		{W256.reg(7).String() + W512.reg(7).String(), "Y7Z7"},
		{hex(0xB).String() + imm(-8).String(), "$0x0b$-8"},
		{kind.Codes{Bits: 4, Signed: true, Mode: kind.GridOffset}.Name(), "4sao"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
