package amd64

import "fmt"

// Reg is a general register.
type Reg uint8

// The general registers that kernels may use.
const (
	AX Reg = iota
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

func (r Reg) String() string { return regNames[r] }

// At returns the memory at an offset from the address in the register.
func (r Reg) At(offset int) Mem { return Mem{base: r.String(), offset: offset} }

// By returns the memory at the address in the register plus scale times index.
func (r Reg) By(index Reg, scale int) Mem {
	return Mem{base: r.String(), index: fmt.Sprintf("(%v*%d)", index, scale)}
}

// X, Y and Z are vector registers of 128, 256 and 512 bits; those of one number
// are parts of each other. Numbers from 16 on are AVX-512's.
type (
	X uint8
	Y uint8
	Z uint8
)

func (r X) String() string { return fmt.Sprintf("X%d", uint8(r)) }
func (r Y) String() string { return fmt.Sprintf("Y%d", uint8(r)) }
func (r Z) String() string { return fmt.Sprintf("Z%d", uint8(r)) }

// K is a mask register. Number 0 cannot mask.
type K uint8

func (k K) String() string { return fmt.Sprintf("K%d", uint8(k)) }

// Vec is a vector register, perhaps under a mask.
type Vec interface {
	VecMem
	vec()
}

// VecMem is a vector register or memory.
type VecMem interface {
	fmt.Stringer
	vecMem()
}

// Src is a general register, memory or a constant.
type Src interface{ src() }

// Imm is a constant operand.
type Imm int

func (i Imm) String() string { return fmt.Sprintf("$%d", int(i)) }

func (X) vec()      {}
func (Y) vec()      {}
func (Z) vec()      {}
func (X) vecMem()   {}
func (Y) vecMem()   {}
func (Z) vecMem()   {}
func (Mem) vecMem() {}
func (Reg) src()    {}
func (Mem) src()    {}
func (Imm) src()    {}

// Width is the width of vectors that a kernel works with.
type Width int

// The widths, in bits.
const (
	W256 Width = 256
	W512 Width = 512
)

// Reg returns the vector register of a number.
func (w Width) Reg(n int) Vec {
	if w == W512 {
		return Z(n)
	}
	return Y(n)
}

// zeroed is a register whose lanes outside the mask become 0.
type zeroed struct {
	Vec
	mask K
}

func (z zeroed) String() string { return fmt.Sprintf("%v, %v", z.mask, z.Vec) }

// Zeroed returns the register as a destination under a mask.
func (r Z) Zeroed(mask K) Vec { return zeroed{r, mask} }

// ys and zs return n registers from one on.
func ys(first, n int) []Vec { return run(W256, first, n) }
func zs(first, n int) []Vec { return run(W512, first, n) }

func run(w Width, first, n int) []Vec {
	list := make([]Vec, n)
	for i := range list {
		list[i] = w.Reg(first + i)
	}
	return list
}

// hex is a constant operand that selects lanes or operations by its bits.
type hex uint8

func (h hex) String() string { return fmt.Sprintf("$0x%02x", uint8(h)) }
