package arm64

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// file is a file of kernels.
type file struct{ *asm.File }

// fn is a kernel under construction. Its methods in upper case add the
// instruction of that name, with operands in the order of the architecture's
// manual: the destination is the first one.
type fn struct{ *asm.Func }

// begin starts a kernel.
func (p file) begin(name, doc string, params ...asm.Param) fn {
	return p.beginSig(asm.Signature{Name: name, Doc: doc, Params: params})
}

// beginSig starts a kernel with a result.
func (p file) beginSig(s asm.Signature) fn { return fn{p.Func(s)} }

// word adds an instruction that Go's assembler does not know, with its text in the
// syntax of the manual beside it.
func (f fn) word(w uint32, name string, operands ...any) {
	list := make([]string, len(operands))
	for i, operand := range operands {
		list[i] = fmt.Sprint(operand)
	}
	f.Line(fmt.Sprintf("WORD $0x%08x // %s %s", w, name, strings.Join(list, ", ")))
}

// load loads a parameter, loadFloat a float to all lanes of a vector.
func (f fn) load(name string, r R) { f.Line("MOVD", f.Arg(name), r) }

// loadFloat leaves the float in every lane: FMOVS clears the others.
func (f fn) loadFloat(name string, v V) {
	f.Line("FMOVS", f.Arg(name), fmt.Sprintf("F%d", v))
	f.DUP(v.S4(), v.S(0))
}

// result returns the float at the bottom of v.
func (f fn) result(v V) { f.Line("FMOVS", fmt.Sprintf("F%d", v), f.Ret()) }

// address loads the address of a constant.
func (f fn) address(r R, name string, words ...uint32) { f.Line("MOVD", "$"+f.Data(name, words...), r) }

// constants puts one word in all lanes of v and each of the following registers. R25
// is overwritten.
func (f fn) constants(name string, v V, words ...uint32) {
	f.address(R25, name, words...)
	for i := range words {
		f.LD1R((v + V(i)).S4(), R25.Post(4))
	}
}

// repeat runs the body as often as the counter says, which it counts down to 0.
func (f fn) repeat(name string, counter R, body func()) {
	loop := f.Here(name)
	body()
	f.SUBS(counter, 1)
	f.BNE(loop)
}

// zero clears registers.
func (f fn) zero(list ...V) {
	for _, v := range list {
		f.MOVI(v.S4(), 0)
	}
}

// vs returns n registers from one on.
func vs(first, n int) []V {
	list := make([]V, n)
	for i := range list {
		list[i] = V(first + i)
	}
	return list
}
