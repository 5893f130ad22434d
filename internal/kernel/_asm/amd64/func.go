package amd64

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// file is a file of kernels.
type file struct{ *asm.File }

// fn is a kernel under construction. Its methods in upper case add the
// instruction of that name, with operands in the order of Go's assembler: the
// destination is the last one.
type fn struct{ *asm.Func }

// begin starts a kernel.
func (p file) begin(name, doc string, params ...asm.Param) fn {
	return p.beginSig(asm.Signature{Name: name, Doc: doc, Params: params})
}

// beginSig starts a kernel with a result or with a frame of its own.
func (p file) beginSig(s asm.Signature) fn { return fn{p.Func(s)} }

// ins adds an instruction. Suffixes tell the assembler of broadcasts and masks.
func (f fn) ins(op string, operands ...any) {
	for _, operand := range operands {
		switch v := operand.(type) {
		case mem:
			if v.broadcast {
				op += ".BCST"
			}
		case zeroed:
			op += ".Z"
		}
	}
	f.Line(op, operands...)
}

// arg and ret return the memory of a parameter and of the result.
func (f fn) arg(name string) mem { return mem{named: f.Arg(name)} }
func (f fn) ret() mem            { return mem{named: f.Ret()} }

// local returns memory of the kernel's own frame, an offset below its end.
func (f fn) local(offset int) mem { return mem{named: fmt.Sprintf("b-%d(SP)", offset)} }

// load loads a parameter.
func (f fn) load(name string, r reg) { f.MOVQ(f.arg(name), r) }

// words, float and floats return constants: words as given, one float, and a
// float in all lanes of a Y register.
func (f fn) words(name string, words ...uint32) mem {
	return mem{named: f.Data(name, words...)}
}

func (f fn) float(name string, v float64) mem { return f.words(name, asm.FloatWord(v)) }

// floats is for operands in memory, which AVX2 cannot spread over the lanes itself.
func (f fn) floats(name string, v float64) mem {
	return f.words(name, asm.Repeat(8, asm.FloatWord(v))...)
}

// repeat runs the body as often as the counter says, which it counts down to 0.
func (f fn) repeat(name string, counter reg, body func()) {
	loop := f.Here(name)
	body()
	f.DECQ(counter)
	f.JNZ(loop)
}

// end returns to the caller. The upper halves are cleared: SSE code would wait
// for them.
func (f fn) end() {
	f.VZEROUPPER()
	f.RET()
	f.Rest()
}

// zero clears registers.
func (f fn) zero(list ...vec) {
	for _, r := range list {
		if _, wide := r.(Z); wide {
			f.VPXORD(r, r, r)
		} else {
			f.VXORPS(r, r, r)
		}
	}
}
