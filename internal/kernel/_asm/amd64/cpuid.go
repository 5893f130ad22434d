package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// cpuid writes the function that asks the processor what it is. It is the only one
// that every processor of the architecture can run.
func cpuid(p file) {
	f := p.begin("cpuid", "stores what the processor says of itself in the leaf: AX, BX, CX and DX.", asm.P("dst", asm.Masks), asm.P("leaf", asm.Int))
	f.load("dst", DI)
	f.load("leaf", AX)
	f.XORQ(CX, CX)
	f.CPUID()
	for i, r := range []reg{AX, BX, CX, DX} {
		f.MOVL(r, DI.At(4*i))
	}
	f.RET()
}

// xgetbv writes the function that asks which registers the operating system saves. Only
// a processor that says it has XSAVE, and that the system uses it, can run it.
func xgetbv(p file) {
	f := p.begin("xgetbv", "stores the lower half of XCR0: a bit for each kind of registers that the operating system saves.", asm.P("dst", asm.Masks))
	f.load("dst", DI)
	f.XORQ(CX, CX)
	f.XGETBV()
	f.MOVL(AX, DI.At(0))
	f.RET()
}
