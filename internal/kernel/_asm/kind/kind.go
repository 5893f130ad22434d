// Package kind has the words for what kernels compute, which are the same on every
// architecture, and the numbers that their definitions share.
//
// A kernel's name says what it does in this order: the family, the codes, the
// instruction set. The families are
//
//   - rows: one vector of floats by rows of codes or floats as they lie, four at a time;
//     unpack decodes codes;
//   - fast, few: by one vector that was quantised to 8 bits, or by some of them;
//   - tile: by some such vectors at a time, of rows that were taken apart into a
//     panel or are while they are read;
//   - dotLUT: one vector of floats by rows of indices into a palette; decodeLUT
//     decodes them;
//   - nt, nn: products of matrices of floats, the second one transposed or not;
//   - taps: nn with rows of the second one that lie at offsets of a table, for
//     convolutions.
//
// What brings inputs into the order of a family is named prepare…, or quantize… where
// it makes bytes of them.
package kind

import "strconv"

// Mode says what a code q stands for, given the scale s and the offset o of its
// block.
type Mode int

// The modes. Those on the grid are for products that are multiples of 2^-24 and
// below 65504, as products of halves and integers are: these are rounded without
// a conversion.
const (
	Plain      Mode = iota // q·s
	Offset                 // (q-o)·s
	Grid                   // q·s rounded to a half, on the grid
	GridOffset             // (q-o)·s rounded to a half, on the grid
	Any                    // (q-o)·s rounded to a half, for any scale
)

// HasOffset reports whether kernels of the mode take offsets.
func (m Mode) HasOffset() bool { return m == Offset || m == Any || m == GridOffset }

// OnGrid reports whether weights are rounded as products on the grid.
func (m Mode) OnGrid() bool { return m == Grid || m == GridOffset }

// ScalesSum reports whether the sum of a block is scaled, and not each weight:
// nothing is rounded in between.
func (m Mode) ScalesSum() bool { return m == Plain || m == Offset }

// String returns the mode's name.
func (m Mode) String() string {
	return [...]string{"Plain", "Offset", "Grid", "GridOffset", "Any"}[m]
}

// letters end the names of codes.
func (m Mode) letters() string { return [...]string{"", "o", "a", "ao", "r"}[m] }

// Codes says how the weights of a matrix are stored.
type Codes struct {
	Bits   int
	Signed bool
	Mode   Mode
}

// Name returns the codes' part of a kernel's name: 4so is 4 bits, signed, offset.
func (c Codes) Name() string { return strconv.Itoa(c.Bits) + c.Letters() }

// Letters returns the name without the number of bits.
func (c Codes) Letters() string {
	if c.Signed {
		return "s" + c.Mode.letters()
	}
	return "u" + c.Mode.letters()
}

// Kind returns the name of the constant by which kernels of the codes are chosen.
func (c Codes) Kind() string {
	sign := "u"
	if c.Signed {
		sign = "s"
	}
	return "kind" + strconv.Itoa(c.Bits) + sign + c.Mode.String()
}

// NameWithoutSign returns the name of codes whose signs are in a table.
func (c Codes) NameWithoutSign() string { return strconv.Itoa(c.Bits) + c.Mode.letters() }

// Each calls f for signed and unsigned codes of every mode.
func Each(bits int, modes []Mode, f func(Codes)) {
	for _, signed := range []bool{true, false} {
		for _, mode := range modes {
			f(Codes{bits, signed, mode})
		}
	}
}
