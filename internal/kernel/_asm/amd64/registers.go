package amd64

import "fmt"

// reg is a general register.
type reg uint8

// The general registers that kernels may use.
const (
	AX reg = iota
	BX
	CX
	DX
	SI
	DI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	SP
)

var regNames = [...]string{"AX", "BX", "CX", "DX", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "SP"}

func (r reg) String() string { return regNames[r] }

// At returns the memory at an offset from the address in the register.
func (r reg) At(offset int) mem { return mem{base: r.String(), offset: offset} }

// By returns the memory at the address in the register plus scale times index.
func (r reg) By(index reg, scale int) mem {
	return mem{base: r.String(), index: fmt.Sprintf("(%v*%d)", index, scale)}
}

// X is a vector register of 128 bits, Y and Z are of 256 and 512; those of one
// number are parts of each other. Numbers from 16 on are AVX-512's.
type X uint8

// Y is a vector register of 256 bits.
type Y uint8

// Z is a vector register of 512 bits.
type Z uint8

// K is a mask register. Number 0 cannot mask.
type K uint8

// String returns the register's name.
func (r X) String() string { return fmt.Sprintf("X%d", uint8(r)) }

// String returns the register's name.
func (r Y) String() string { return fmt.Sprintf("Y%d", uint8(r)) }

// String returns the register's name.
func (r Z) String() string { return fmt.Sprintf("Z%d", uint8(r)) }

// String returns the register's name.
func (r K) String() string { return fmt.Sprintf("K%d", uint8(r)) }

// vec is a vector register, perhaps under a mask.
type vec interface {
	vecMem
	isVec()
}

// vecMem is a vector register or memory.
type vecMem interface {
	fmt.Stringer
	isVecMem()
}

// vecMask is a vector register or a mask register.
type vecMask interface {
	fmt.Stringer
	isVecMask()
}

// src is a general register, memory or a constant.
type src interface{ isSrc() }

// imm is a constant operand.
type imm int

func (i imm) String() string { return fmt.Sprintf("$%d", int(i)) }

func (X) isVecMask()  {}
func (Y) isVecMask()  {}
func (Z) isVecMask()  {}
func (K) isVecMask()  {}
func (X) isVec()      {}
func (Y) isVec()      {}
func (Z) isVec()      {}
func (X) isVecMem()   {}
func (Y) isVecMem()   {}
func (Z) isVecMem()   {}
func (mem) isVecMem() {}
func (reg) isSrc()    {}
func (mem) isSrc()    {}
func (imm) isSrc()    {}

// width is the width of vectors that a kernel works with.
type width int

// The widths, in bits.
const (
	W256 width = 256
	W512 width = 512
)

// reg returns the vector register of a number.
func (w width) reg(n int) vec {
	if w == W512 {
		return Z(n)
	}
	return Y(n)
}

// zeroed is a register whose lanes outside the mask become 0.
type zeroed struct {
	vec
	mask K
}

func (z zeroed) String() string { return fmt.Sprintf("%v, %v", z.mask, z.vec) }

// Zeroed returns the register as a destination under a mask.
func (r Z) Zeroed(mask K) vec { return zeroed{r, mask} }

// kept is a register whose lanes outside the mask stay.
type kept struct {
	vec
	mask K
}

func (k kept) String() string { return fmt.Sprintf("%v, %v", k.mask, k.vec) }

// Kept returns the register as a destination of the lanes that the mask selects.
func (r Z) Kept(mask K) vec { return kept{r, mask} }

// ys and zs return n registers from one on.
func ys(first, n int) []vec { return run(W256, first, n) }
func zs(first, n int) []vec { return run(W512, first, n) }

// run returns n registers of a width.
func run(w width, first, n int) []vec {
	list := make([]vec, n)
	for i := range list {
		list[i] = w.reg(first + i)
	}
	return list
}

// hex is a constant operand that selects lanes or operations by its bits.
type hex uint8

func (h hex) String() string { return fmt.Sprintf("$0x%02x", uint8(h)) }
