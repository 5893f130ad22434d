package arm64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// The instructions on general registers, which Go's assembler knows.

// imm is a constant operand.
type imm int

func (i imm) String() string { return fmt.Sprintf("$%d", int(i)) }

// three adds dst = a op b in the order of Go's assembler.
func (f fn) three(op string, dst, a R, b any) {
	if dst == a {
		f.Line(op, b, dst)
	} else {
		f.Line(op, b, a, dst)
	}
}

func (f fn) MOVD(dst, a R)          { f.Line("MOVD", a, dst) }
func (f fn) ADD(dst, a, b R)        { f.three("ADD", dst, a, b) }
func (f fn) SUB(dst, a, b R)        { f.three("SUB", dst, a, b) }
func (f fn) MUL(dst, a, b R)        { f.three("MUL", dst, a, b) }
func (f fn) LSL(dst, a R, bits int) { f.three("LSL", dst, a, imm(bits)) }

// step adds to a pointer. ADDS and SUBS set the flags by their result, CMP by a
// difference.
func (f fn) step(r R, n int) { f.three("ADD", r, r, imm(n)) }
func (f fn) ADDS(r R, n int) { f.three("ADDS", r, r, imm(n)) }
func (f fn) SUBS(r R, n int) { f.three("SUBS", r, r, imm(n)) }
func (f fn) CMP(r R, n int)  { f.Line("CMP", imm(n), r) }

// Jumps.
func (f fn) JMP(to asm.Label)      { f.Jump("JMP", to) }
func (f fn) BEQ(to asm.Label)      { f.Jump("BEQ", to) }
func (f fn) BNE(to asm.Label)      { f.Jump("BNE", to) }
func (f fn) BLT(to asm.Label)      { f.Jump("BLT", to) }
func (f fn) BGE(to asm.Label)      { f.Jump("BGE", to) }
func (f fn) CBZ(r R, to asm.Label) { f.Jump("CBZ", to, r) }
func (f fn) RET()                  { f.Line("RET") }
