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

func (r R) String() string { return fmt.Sprintf("R%d", uint8(r)) }

// x is the register's name in the manual.
func (r R) x() string { return fmt.Sprintf("x%d", uint8(r)) }

// At returns the memory at an offset from the register, Post the memory at the
// register, which the instruction then moves on by step.
func (r R) At(offset int) Mem { return Mem{base: r, offset: offset} }
func (r R) Post(step int) Mem { return Mem{base: r, offset: step, post: true} }

// Mem is the memory of a load or store.
type Mem struct {
	base   R
	offset int
	post   bool
}

func (m Mem) String() string {
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

// Vec is a vector register in an arrangement.
type Vec struct {
	reg V
	arr arrangement
}

// Elem is an element of a vector register.
type Elem struct {
	reg   V
	name  string
	size  uint32
	index int
}

// Operand is the last operand of instructions that take a vector or one element of
// it for all lanes.
type Operand interface {
	fmt.Stringer
	number() uint32
}

// The arrangements.
func (v V) B8() Vec  { return Vec{v, arrangement{"8b", 0, 0}} }
func (v V) B16() Vec { return Vec{v, arrangement{"16b", 1, 0}} }
func (v V) H4() Vec  { return Vec{v, arrangement{"4h", 0, 1}} }
func (v V) H8() Vec  { return Vec{v, arrangement{"8h", 1, 1}} }
func (v V) S2() Vec  { return Vec{v, arrangement{"2s", 0, 2}} }
func (v V) S4() Vec  { return Vec{v, arrangement{"4s", 1, 2}} }
func (v V) D2() Vec  { return Vec{v, arrangement{"2d", 1, 3}} }

// The elements. B4 is the 4 bytes of which SDOT takes one group.
func (v V) B(i int) Elem  { return Elem{v, "b", 0, i} }
func (v V) H(i int) Elem  { return Elem{v, "h", 1, i} }
func (v V) S(i int) Elem  { return Elem{v, "s", 2, i} }
func (v V) B4(i int) Elem { return Elem{v, "4b", 2, i} }

func (v Vec) number() uint32  { return uint32(v.reg) }
func (e Elem) number() uint32 { return uint32(e.reg) }
func (v Vec) String() string  { return fmt.Sprintf("v%d.%s", v.reg, v.arr.name) }
func (e Elem) String() string { return fmt.Sprintf("v%d.%s[%d]", e.reg, e.name, e.index) }

// Q, D, S, H and B are the lower 128, 64, 32, 16 and 8 bits of the vector register of
// that number. A load clears what is above.
type (
	Q uint8
	D uint8
	S uint8
	H uint8
	B uint8
)

// Scalar is a register of a load or a store.
type Scalar interface {
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

func (r Q) String() string { return fmt.Sprintf("q%d", uint8(r)) }
func (r D) String() string { return fmt.Sprintf("d%d", uint8(r)) }
func (r S) String() string { return fmt.Sprintf("s%d", uint8(r)) }
func (r H) String() string { return fmt.Sprintf("h%d", uint8(r)) }
func (r B) String() string { return fmt.Sprintf("b%d", uint8(r)) }
