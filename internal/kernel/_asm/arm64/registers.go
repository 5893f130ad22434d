package arm64

import "fmt"

// R is a general register: R5 in Go's assembler is x5 in the manual's.
type R uint8

// The general registers that kernels may use. R18 belongs to the system, R26 to the
// linker, R27 and R28 to Go.
const (
	R0 R = iota
	R1
	R2
	R3
	R4
	R5
	R6
	R7
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	_
	_
	_
	R19
	R20
	R21
	R22
	R23
	R24
	R25
)

// String returns the register's name in Go's assembler.
func (r R) String() string { return fmt.Sprintf("R%d", uint8(r)) }

// x is the register's name in the manual.
func (r R) x() string { return fmt.Sprintf("x%d", uint8(r)) }

// At returns the memory at an offset from the register.
func (r R) At(offset int) mem { return mem{base: r, offset: offset} }

// Post returns the memory at the register, which the instruction then moves on.
func (r R) Post(step int) mem { return mem{base: r, offset: step, post: true} }

// mem is the memory of a load or store.
type mem struct {
	base   R
	offset int
	post   bool
}

// String is the operand in the manual's syntax.
func (m mem) String() string {
	switch {
	case m.post:
		return fmt.Sprintf("[%s], #%d", m.base.x(), m.offset)
	case m.offset != 0:
		return fmt.Sprintf("[%s, #%d]", m.base.x(), m.offset)
	}
	return fmt.Sprintf("[%s]", m.base.x())
}

// V is a vector register. Its methods say how an instruction sees it: as 16 bytes
// (B16), 4 words (S4) …, or one of its elements.
type V uint8

// arrangement is a number of lanes and the logarithm of their size in bytes.
type arrangement struct {
	name string
	full uint32 // 1 where all 128 bits are used
	size uint32
}

// vec is a vector register in an arrangement.
type vec struct {
	reg V
	arr arrangement
}

// elem is an element of a vector register.
type elem struct {
	reg   V
	name  string
	size  uint32
	index int
}

// operand is the last operand of instructions that take a vector or one element of
// it for all lanes.
type operand interface {
	fmt.Stringer
	number() uint32
}

// B8 is the register as 8 bytes.
func (v V) B8() vec { return vec{v, arrangement{"8b", 0, 0}} }

// B16 is the register as 16 bytes.
func (v V) B16() vec { return vec{v, arrangement{"16b", 1, 0}} }

// H4 is the register as 4 halves of a word.
func (v V) H4() vec { return vec{v, arrangement{"4h", 0, 1}} }

// H8 is the register as 8 halves of a word.
func (v V) H8() vec { return vec{v, arrangement{"8h", 1, 1}} }

// S2 is the register as 2 words.
func (v V) S2() vec { return vec{v, arrangement{"2s", 0, 2}} }

// S4 is the register as 4 words.
func (v V) S4() vec { return vec{v, arrangement{"4s", 1, 2}} }

// D2 is the register as 2 double words.
func (v V) D2() vec { return vec{v, arrangement{"2d", 1, 3}} }

// B is a byte of the register.
func (v V) B(i int) elem { return elem{v, "b", 0, i} }

// H is half a word of the register.
func (v V) H(i int) elem { return elem{v, "h", 1, i} }

// S is a word of the register.
func (v V) S(i int) elem { return elem{v, "s", 2, i} }

// B4 is a word as the 4 bytes that SDOT takes from an element.
func (v V) B4(i int) elem { return elem{v, "4b", 2, i} }

func (v vec) number() uint32  { return uint32(v.reg) }
func (e elem) number() uint32 { return uint32(e.reg) }
func (v vec) String() string  { return fmt.Sprintf("v%d.%s", v.reg, v.arr.name) }
func (e elem) String() string { return fmt.Sprintf("v%d.%s[%d]", e.reg, e.name, e.index) }

// Q is the lower 128 bits of the vector register of that number, which is all of
// them; D, S, H and B are fewer. A load clears what is above.
type Q uint8

// D is the lower 64 bits of a vector register.
type D uint8

// S is the lower 32 bits of a vector register.
type S uint8

// H is the lower 16 bits of a vector register.
type H uint8

// B is the lower 8 bits of a vector register.
type B uint8

// scalar is a register of a load or a store.
type scalar interface {
	fmt.Stringer
	part() part
}

// part is the number of a register, the size in bytes, and the fields of the
// instruction that say so.
type part struct {
	number uint32
	size   int
	fields uint32
}

func (r Q) part() part { return part{uint32(r), 16, 0x00800000} }
func (r D) part() part { return part{uint32(r), 8, 3 << 30} }
func (r S) part() part { return part{uint32(r), 4, 2 << 30} }
func (r H) part() part { return part{uint32(r), 2, 1 << 30} }
func (r B) part() part { return part{uint32(r), 1, 0} }

// String returns the register's name.
func (r Q) String() string { return fmt.Sprintf("q%d", uint8(r)) }

// String returns the register's name.
func (r D) String() string { return fmt.Sprintf("d%d", uint8(r)) }

// String returns the register's name.
func (r S) String() string { return fmt.Sprintf("s%d", uint8(r)) }

// String returns the register's name.
func (r H) String() string { return fmt.Sprintf("h%d", uint8(r)) }

// String returns the register's name.
func (r B) String() string { return fmt.Sprintf("b%d", uint8(r)) }
