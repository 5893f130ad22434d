package arm64

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// rules are those of Go's ABI0: R18 belongs to the system, R27 to the assembler,
// R28 is the goroutine's, R29 and R30 are the frame pointer and the return address.
// R16, R17 and R26 are the linker's and the closures' of Go: kernels leave them.
var rules = asmtest.Rules{
	Machine:  machine,
	Reserved: []string{"R16", "R17", "R18", "R26", "R27", "R28", "R29", "R30", "RSP"},
	Sets:     promised,
}

// promised are the instruction sets that a kernel's name promises.
func promised(name string) []string {
	switch {
	case strings.HasSuffix(name, "DotNEON"):
		return []string{neon, dot}
	case strings.HasSuffix(name, "NEON"):
		return []string{neon}
	}
	return nil
}

func TestEveryKernelKeepsTheRules(t *testing.T) {
	for _, f := range Files() {
		for _, fn := range asmtest.Written(t, f).Functions {
			t.Run(fn.Name, func(t *testing.T) {
				for _, wrong := range rules.Check(fn) {
					t.Error(wrong)
				}
			})
		}
	}
}

// TestBrokenFunctionsAreFound shows each rule a function that breaks it, and others
// beside it that do not.
func TestBrokenFunctionsAreFound(t *testing.T) {
	const word = "WORD $0x00000000 // "
	asmtest.CheckBroken(t, rules, []asmtest.Broken{
		{
			Name: "nothing is wrong with a loop", Function: "fNEON",
			Lines: "MOVD x+0(FP), R0; MOVD n+8(FP), R1; " + word + "movi v0.4s, #0; loop:; " + word + "ldr q1, [x0]; " + word + "fadd v0.4s, v0.4s, v1.4s; " + word + "str q0, [x0], #16; SUBS $4, R1; BNE loop; RET",
		},

		{Name: "a jump to nowhere", Lines: "JMP away; RET", Want: "there is no label away"},
		{Name: "a branch on zero to nowhere", Lines: "MOVD n+8(FP), R1; CBZ R1, away; RET", Want: "there is no label away"},
		{
			Name:  "a label that is there twice",
			Lines: "loop:; MOVD n+8(FP), R1; loop:; SUBS $1, R1; BNE loop; RET",
			Want:  "label loop is there twice",
		},
		{Name: "instructions that nothing reaches", Lines: "JMP end; MOVD n+8(FP), R1; end:; RET", Want: "is never reached"},
		{Name: "a function without a return", Lines: "MOVD n+8(FP), R1", Want: "goes on behind the end"},
		{
			Name:  "an instruction that nobody knows",
			Lines: word + "fsqrt v0.4s, v0.4s; RET",
			Want:  "nobody knows the instruction fsqrt",
		},
		{
			Name:  "an operand that nobody knows",
			Lines: word + "fadd v0.4s, v0.4s, p0; RET",
			Want:  "nobody knows the operand p0",
		},

		{Name: "a general register without a value", Lines: "ADD $8, R0; RET", Want: "R0 may have no value"},
		{
			Name: "a vector register without a value", Function: "fNEON",
			Lines: word + "fadd v0.4s, v1.4s, v1.4s; RET",
			Want:  "V1 may have no value",
		},
		{
			Name: "an accumulator without a value", Function: "fNEON",
			Lines: word + "movi v1.4s, #0; " + word + "fmla v0.4s, v1.4s, v1.s[0]; RET",
			Want:  "V0 may have no value",
		},
		{
			Name: "a lane's neighbours without a value", Function: "fNEON",
			Lines: "MOVD x+0(FP), R0; " + word + "ld1 {v3.s}[0], [x0], #4; " + word + "ld1 {v3.s}[1], [x0], #4; " + word + "ld1 {v3.s}[3], [x0], #4; " + word + "fabs v0.4s, v3.4s; RET",
			Want:  "V3 may have no value",
		},
		{
			Name: "lanes that get their values one by one", Function: "fNEON",
			Lines: "MOVD x+0(FP), R0; " + word + "ld1 {v3.s}[0], [x0], #4; " + word + "ld1 {v3.s}[1], [x0], #4; " + word + "ld1 {v3.s}[3], [x0], #4; " + word + "ld1 {v3.s}[2], [x0], #4; " + word + "fabs v0.4s, v3.4s; RET",
		},
		{
			Name: "an upper half whose lower half has no value", Function: "fNEON",
			Lines: word + "movi v1.4s, #0; " + word + "fcvtn2 v0.8h, v1.4s; RET",
			Want:  "V0 may have no value",
		},
		{
			Name: "a table of which one register has no value", Function: "fNEON",
			Lines: word + "movi v0.4s, #0; " + word + "movi v1.4s, #0; " + word + "movi v3.4s, #0; " + word + "tbl v4.16b, {v0.16b-v3.16b}, v0.16b; RET",
			Want:  "V2 may have no value",
		},
		{
			Name: "an address without a value", Function: "fNEON",
			Lines: word + "ldr q0, [x5]; RET",
			Want:  "R5 may have no value",
		},
		{
			Name: "a second register of a store without a value", Function: "fNEON",
			Lines: "MOVD x+0(FP), R0; " + word + "movi v0.4s, #0; " + word + "stp q0, q1, [x0]; RET",
			Want:  "V1 may have no value",
		},
		{
			Name:  "a value on one of two ways only",
			Lines: "MOVD n+8(FP), R1; CBZ R1, over; MOVD R1, R2; over:; ADD R2, R1; RET",
			Want:  "R2 may have no value",
		},
		{Name: "flags that nothing has set", Lines: "end:; BEQ end; RET", Want: "flags may have no value"},
		{
			Name:  "flags that an addition does not set",
			Lines: "MOVD n+8(FP), R1; loop:; ADD $1, R1; BNE loop; RET",
			Want:  "flags may have no value",
		},

		{Name: "an argument at another offset", Lines: "MOVD n+16(FP), R1; RET", Want: "n is at 8"},
		{Name: "an argument that is not there", Lines: "MOVD m+8(FP), R1; RET", Want: "there is no parameter m"},
		{Name: "half a pointer", Lines: "FMOVS x+0(FP), F1; RET", Want: "takes 4 bytes of x, which has 8"},
		{Name: "arguments of another size", Frame: "$0-24", Lines: "RET", Want: "take 16 bytes, and the function says 24"},
		{
			Name: "a result on one of two ways only", Function: "fNEON", Frame: "$0-20",
			Lines: word + "movi v0.4s, #0; MOVD n+8(FP), R1; CBZ R1, end; FMOVS F0, ret+16(FP); end:; RET",
			Want:  "the result may have no value",
		},
		{Name: "a constant that is not there", Lines: "MOVD $·nine<>(SB), R0; RET", Want: "leave the constant nine"},

		{Name: "the system's register", Lines: "MOVD n+8(FP), R18; RET", Want: "R18 is reserved"},
		{Name: "the assembler's register", Lines: "MOVD n+8(FP), R27; RET", Want: "R27 is reserved"},
		{Name: "the goroutine's register", Lines: "MOVD n+8(FP), R28; RET", Want: "R28 is reserved"},
		{Name: "the return address", Lines: "MOVD n+8(FP), R30; RET", Want: "R30 is reserved"},

		{
			Name: "dot products without the extension", Function: "fNEON",
			Lines: word + "movi v0.4s, #0; " + word + "sdot v0.4s, v0.16b, v0.16b; RET",
			Want:  "needs the dot product extension",
		},
		{
			Name: "dot products of an element without the extension", Function: "fNEON",
			Lines: word + "movi v0.4s, #0; " + word + "sdot v0.4s, v0.16b, v0.4b[2]; RET",
			Want:  "needs the dot product extension",
		},
		{
			Name: "unsigned dot products without the extension", Function: "fNEON",
			Lines: word + "movi v0.4s, #0; " + word + "udot v0.4s, v0.16b, v0.16b; RET",
			Want:  "needs the dot product extension",
		},
		{
			Name: "dot products with the extension", Function: "fDotNEON",
			Lines: word + "movi v0.4s, #0; " + word + "sdot v0.4s, v0.16b, v0.16b; RET",
		},
	})
}

// TestWalksThatGoAstrayAreFound shows the walk functions that it has to refuse.
func TestWalksThatGoAstrayAreFound(t *testing.T) {
	const word = "WORD $0x00000000 // "
	asmtest.CheckLost(t, machine, []asmtest.Broken{
		{
			Name:  "nothing is wrong with a loop",
			Lines: "MOVD x+0(FP), R0; MOVD n+8(FP), R1; loop:; " + word + "ldr s0, [x0], #4; SUBS $1, R1; BNE loop; RET",
		},
		{
			Name:  "memory before the first element",
			Lines: "MOVD x+0(FP), R0; " + word + "ldr q0, [x0, #-16]; RET",
			Want:  `touches 16 bytes at -16 of "x"`,
		},
		{
			Name:  "an integer as an address",
			Lines: "MOVD n+8(FP), R0; " + word + "ldr q0, [x0]; RET",
			Want:  "touches 16 bytes at 8 of",
		},
		{Name: "the product of a pointer", Lines: "MOVD x+0(FP), R0; LSL $2, R0; RET", Want: "is no integer"},
		{Name: "a loop without an end", Lines: "MOVD n+8(FP), R1; loop:; CMP $9, R1; BNE loop; RET", Want: "still running"},
		{
			Name:  "a constant that is walked out of",
			Lines: "MOVD $·eight<>(SB), R0; " + word + "ldp q0, q1, [x0], #32; " + word + "ld1r {v2.4s}, [x0], #4; RET",
			Want:  "leaves eight, which has 32 bytes",
		},
		{Name: "a constant that is walked through", Lines: "MOVD $·eight<>(SB), R0; " + word + "ldp q0, q1, [x0], #32; RET"},
	})
}
