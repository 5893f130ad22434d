package amd64

import (
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// TestBrokenFunctionsAreFound shows each rule a function that breaks it, and others
// beside it that do not.
func TestBrokenFunctionsAreFound(t *testing.T) {
	asmtest.CheckBroken(t, rules, []asmtest.Broken{
		{
			Name: "nothing is wrong with a loop", Function: "fAVX2",
			Lines: "MOVQ x+0(FP), DI; MOVQ n+8(FP), CX; VXORPS Y0, Y0, Y0; loop:; VADDPS (DI), Y0, Y0; VMOVUPS Y0, (DI); DECQ CX; JNZ loop; VZEROUPPER; RET",
		},

		{Name: "a jump to nowhere", Lines: "JMP away; RET", Want: "there is no label away"},
		{
			Name:  "a label that is there twice",
			Lines: "loop:; MOVQ n+8(FP), CX; loop:; DECQ CX; JNZ loop; RET",
			Want:  "label loop is there twice",
		},
		{Name: "a label behind the end", Lines: "MOVQ n+8(FP), CX; RET; end:", Want: "label end is behind the end"},
		{Name: "instructions that nothing reaches", Lines: "JMP end; MOVQ n+8(FP), CX; end:; RET", Want: "is never reached"},
		{Name: "a function without a return", Lines: "MOVQ n+8(FP), CX", Want: "goes on behind the end"},
		{
			Name:  "an instruction that nobody knows",
			Lines: "VADDPD Y0, Y1, Y2; RET",
			Want:  "nobody knows the instruction VADDPD",
		},

		{Name: "a general register without a value", Lines: "ADDQ $8, DI; RET", Want: "DI may have no value"},
		{
			Name: "a vector register without a value", Function: "fAVX2",
			Lines: "VADDPS Y1, Y1, Y0; VZEROUPPER; RET",
			Want:  "V1 may have no value",
		},
		{
			Name: "an accumulator without a value", Function: "fAVX2",
			Lines: "VXORPS Y1, Y1, Y1; VFMADD231PS Y1, Y1, Y0; VZEROUPPER; RET",
			Want:  "V0 may have no value",
		},
		{
			Name: "an address without a value", Function: "fAVX2",
			Lines: "VMOVUPS (SI), Y0; VZEROUPPER; RET",
			Want:  "SI may have no value",
		},
		{
			Name: "an index without a value", Function: "fAVX2",
			Lines: "MOVQ x+0(FP), DI; VMOVUPS (DI)(AX*4), Y0; VZEROUPPER; RET",
			Want:  "AX may have no value",
		},
		{
			Name: "an address to store to without a value", Function: "fAVX2",
			Lines: "VXORPS Y0, Y0, Y0; VMOVUPS Y0, (SI); VZEROUPPER; RET",
			Want:  "SI may have no value",
		},
		{
			Name: "a mask without a value", Function: "fAVX512",
			Lines: "MOVQ x+0(FP), DI; VMOVUPS.Z (DI), K1, Z0; VZEROUPPER; RET",
			Want:  "K1 may have no value",
		},
		{
			Name: "lanes without a value under a mask", Function: "fAVX512",
			Lines: "MOVQ n+8(FP), AX; KMOVW AX, K1; VPXORD Z1, Z1, Z1; VADDPS Z1, Z1, K1, Z0; VZEROUPPER; RET",
			Want:  "V0 may have no value",
		},
		{
			Name:  "a value on one of two ways only",
			Lines: "MOVQ n+8(FP), CX; TESTQ CX, CX; JZ over; MOVQ CX, AX; over:; ADDQ AX, CX; RET",
			Want:  "AX may have no value",
		},
		{
			Name:  "a value on both of two ways",
			Lines: "MOVQ n+8(FP), CX; TESTQ CX, CX; JZ over; MOVQ CX, AX; JMP on; over:; XORQ AX, AX; on:; ADDQ AX, CX; RET",
		},
		{
			Name:  "a value that the loop gives too late",
			Lines: "MOVQ n+8(FP), CX; loop:; ADDQ AX, CX; MOVQ CX, AX; DECQ CX; JNZ loop; RET",
			Want:  "AX may have no value",
		},
		{Name: "flags that nothing has set", Lines: "MOVQ n+8(FP), CX; end:; JZ end; RET", Want: "flags may have no value"},
		{
			Name: "a register cleared by itself", Function: "fAVX2",
			Lines: "VXORPS Y3, Y3, Y3; VADDPS Y3, Y3, Y3; VZEROUPPER; RET",
		},

		{Name: "an argument at another offset", Lines: "MOVQ n+16(FP), CX; RET", Want: "n is at 8"},
		{Name: "an argument that is not there", Lines: "MOVQ m+8(FP), CX; RET", Want: "there is no parameter m"},
		{
			Name: "half a pointer", Function: "fAVX2",
			Lines: "VBROADCASTSS x+0(FP), X0; RET",
			Want:  "takes 4 bytes of x, which has 8",
		},
		{
			Name: "arguments of another size", Frame: "$0-24",
			Lines: "MOVQ n+8(FP), CX; RET",
			Want:  "take 16 bytes, and the function says 24",
		},
		{
			Name: "a parameter that is stored", Function: "fAVX2",
			Lines: "VXORPS X0, X0, X0; VMOVQ X0, n+8(FP); RET",
			Want:  "the parameter n is stored",
		},
		{
			Name: "a result that is returned", Function: "fAVX2", Frame: "$0-20",
			Lines: "VXORPS X0, X0, X0; VMOVSS X0, ret+16(FP); RET",
		},
		{
			Name: "a result on one of two ways only", Function: "fAVX2", Frame: "$0-20",
			Lines: "VXORPS X0, X0, X0; MOVQ n+8(FP), CX; TESTQ CX, CX; JZ end; VMOVSS X0, ret+16(FP); end:; RET",
			Want:  "the result may have no value",
		},
		{
			Name: "a result of another size", Function: "fAVX2", Frame: "$0-20",
			Lines: "VXORPS X0, X0, X0; VMOVQ X0, ret+16(FP); RET",
			Want:  "takes 8 bytes of ret, which has 4",
		},

		{
			Name: "a constant that is too short", Function: "fAVX512",
			Lines: "VMOVUPS ·eight<>(SB), Z0; VZEROUPPER; RET",
			Want:  "64 bytes at 0 leave the constant eight, which has 32",
		},
		{
			Name: "a constant that is not there", Function: "fAVX2",
			Lines: "VBROADCASTSS ·nine<>(SB), X0; RET",
			Want:  "leave the constant nine",
		},
		{
			Name: "a constant that is stored to", Function: "fAVX2",
			Lines: "VXORPS X0, X0, X0; VMOVSS X0, ·eight<>(SB); RET",
			Want:  "stores into a constant",
		},
		{
			Name: "a place below the frame", Function: "fAVX2", Frame: "$32-16",
			Lines: "VXORPS Y0, Y0, Y0; VMOVUPS Y0, b-64(SP); VZEROUPPER; RET",
			Want:  "32 bytes at -64 leave the frame of 32",
		},
		{
			Name: "a place over the end of the frame", Function: "fAVX2", Frame: "$32-16",
			Lines: "VXORPS Y0, Y0, Y0; VMOVUPS Y0, b-16(SP); VZEROUPPER; RET",
			Want:  "32 bytes at -16 leave the frame of 32",
		},

		{Name: "a stack pointer that is moved", Lines: "SUBQ $8, SP; RET", Want: "SP is reserved"},
		{Name: "a frame pointer that is used", Lines: "MOVQ n+8(FP), BP; RET", Want: "BP is reserved"},
		{Name: "the goroutine's register, which the wrapper restores", Lines: "MOVQ n+8(FP), R14; RET"},

		{
			Name: "upper halves in use at a return", Function: "fAVX2",
			Lines: "VXORPS Y0, Y0, Y0; RET",
			Want:  "returns with upper halves in use",
		},
		{
			Name: "upper halves in use on one of two ways", Function: "fAVX2",
			Lines: "MOVQ n+8(FP), CX; TESTQ CX, CX; JZ end; VXORPS Y0, Y0, Y0; end:; RET",
			Want:  "returns with upper halves in use",
		},
		{Name: "lower halves alone in use", Function: "fAVX2", Lines: "VXORPS X0, X0, X0; RET"},
		{
			Name: "an early return with upper halves in use", Function: "fAVX2",
			Lines: "MOVQ n+8(FP), CX; VXORPS Y0, Y0, Y0; TESTQ CX, CX; JZ end; VZEROUPPER; RET; end:; RET",
			Want:  "returns with upper halves in use",
		},
	})
}

// TestInstructionsNeedTheSetThatTheNamePromises has each form that makes an
// instruction AVX-512's.
func TestInstructionsNeedTheSetThatTheNamePromises(t *testing.T) {
	const start = "MOVQ x+0(FP), DI; MOVQ n+8(FP), AX; "
	asmtest.CheckBroken(t, rules, []asmtest.Broken{
		{
			Name: "512 bits", Function: "fAVX2",
			Lines: start + "VMOVUPS (DI), Z0; VZEROUPPER; RET",
			Want:  "needs AVX-512, and the name promises AVX2",
		},
		{
			Name: "a register from 16 on", Function: "fAVX2",
			Lines: start + "VMOVUPS (DI), Y16; VZEROUPPER; RET",
			Want:  "needs AVX-512",
		},
		{
			Name: "a register of 128 bits from 16 on", Function: "fAVX2",
			Lines: start + "VMOVUPS (DI), X31; VZEROUPPER; RET",
			Want:  "needs AVX-512",
		},
		{
			Name: "exclusive or of double words", Function: "fAVX2",
			Lines: start + "VPXORD Y0, Y0, Y0; VZEROUPPER; RET",
			Want:  "needs AVX-512",
		},
		{
			Name: "a ternary operation", Function: "fAVX2",
			Lines: start + "VXORPS Y0, Y0, Y0; VPTERNLOGD $0xea, Y0, Y0, Y0; VZEROUPPER; RET",
			Want:  "needs AVX-512",
		},
		{
			Name: "a move of quadwords", Function: "fAVX2",
			Lines: start + "VMOVDQU64 (DI), Y0; VZEROUPPER; RET",
			Want:  "needs AVX-512",
		},
		{
			Name: "a broadcast operand", Function: "fAVX2",
			Lines: start + "VXORPS Y0, Y0, Y0; VADDPS.BCST (DI), Y0, Y0; VZEROUPPER; RET",
			Want:  "needs AVX-512",
		},
		{
			Name: "byte products of AVX-512 without VNNI", Function: "fAVX512",
			Lines: start + "VPXORD Z0, Z0, Z0; VPDPBUSD Z0, Z0, Z0; VZEROUPPER; RET",
			Want:  "needs AVX-512 VNNI",
		},
		{
			Name: "byte products with VNNI", Function: "fVNNI",
			Lines: start + "VPXORD Z0, Z0, Z0; VPDPBUSD Z0, Z0, Z0; VZEROUPPER; RET",
		},
		{Name: "AVX2 where the name promises nothing", Lines: start + "VXORPS X0, X0, X0; RET", Want: "needs AVX2"},
	})
}

// TestWalksThatGoAstrayAreFound shows the walk functions that it has to refuse.
func TestWalksThatGoAstrayAreFound(t *testing.T) {
	asmtest.CheckLost(t, machine, []asmtest.Broken{
		{
			Name:  "nothing is wrong with a loop",
			Lines: "MOVQ x+0(FP), DI; MOVQ n+8(FP), CX; loop:; VMOVSS (DI), X0; ADDQ $4, DI; DECQ CX; JNZ loop; RET",
		},
		{
			Name:  "memory before the first element",
			Lines: "MOVQ x+0(FP), DI; VMOVSS -4(DI), X0; RET",
			Want:  `touches 4 bytes at -4 of "x"`,
		},
		{Name: "an integer as an address", Lines: "MOVQ n+8(FP), DI; VMOVSS (DI), X0; RET", Want: "touches 4 bytes at 8 of"},
		{Name: "the sum of two pointers", Lines: "MOVQ x+0(FP), DI; ADDQ DI, DI; RET", Want: "adds two pointers"},
		{Name: "the product of a pointer", Lines: "MOVQ x+0(FP), DI; SHLQ $2, DI; RET", Want: "is no integer"},
		{Name: "a loop without an end", Lines: "MOVQ n+8(FP), CX; loop:; TESTQ CX, CX; JNZ loop; RET", Want: "still running"},
		{
			Name:  "a constant that is walked out of",
			Lines: "MOVQ n+8(FP), CX; VMOVUPS ·eight<>+8(SB), Y0; RET",
			Want:  "leaves eight, which has 32 bytes",
		},
		{
			Name: "a frame that is too small for its alignment", Frame: "$64-16",
			Lines: "LEAQ 63(SP), R8; ANDQ $-64, R8; VMOVUPS Y0, (R8); VMOVUPS Y0, 32(R8); RET",
			Want:  "leaves the frame, which has 64 bytes",
		},
		{
			Name: "a frame that is large enough", Frame: "$128-16",
			Lines: "LEAQ 63(SP), R8; ANDQ $-64, R8; VMOVUPS Y0, (R8); VMOVUPS Y0, 32(R8); RET",
		},
		{
			Name: "a frame that was not stored to", Frame: "$32-16",
			Lines: "VMOVUPS b-32(SP), Y0; RET",
			Want:  "where nothing was stored",
		},
	})
}

// TestExtentsThatAreWrongAreFound compares a walk with what is too much, too little
// and elsewhere.
func TestExtentsThatAreWrongAreFound(t *testing.T) {
	for got, want := range map[string]string{
		every(3, 400, 0, 64):            "0-64 400-464 800-864",
		every(2, 64, 0, 32, 32, 64):     "0-128",
		every(2, 100, 50, 60, 0, 10):    "0-10 50-60 100-110 150-160",
		every(0, 100, 0, 10):            "",
		every(1, 0, alternate(0, 2)...): "0-32 64-96",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
