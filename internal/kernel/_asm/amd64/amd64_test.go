package amd64

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

func TestEveryKernelAssembles(t *testing.T) {
	for _, f := range Files() {
		text := string(f.Assembly())
		code := asmtest.Assemble(t, "amd64", text)
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(line, "TEXT ·"); ok {
				name, _, _ := strings.Cut(rest, "(")
				if len(code[name]) < 12 {
					t.Errorf("%s has %d bytes of code", name, len(code[name]))
				}
			}
		}
		if len(code) < 10 {
			t.Errorf("a file has %d kernels", len(code))
		}
	}
}

func TestOperandsAreInTheOrderOfGosAssembler(t *testing.T) {
	for _, c := range []struct {
		want string
		emit func(f fn)
	}{
		{"VADDPS Y1, Y2, Y3", func(f fn) { f.VADDPS(Y(1), Y(2), Y(3)) }},
		{"VFMADD231PS 64(SI), Y2, Y3", func(f fn) { f.VFMADD231PS(SI.At(64), Y(2), Y(3)) }},
		{"VMOVUPS (R8)(AX*1), X4", func(f fn) { f.VMOVUPS(R8.By(AX, 1), X(4)) }},
		{"VMOVUPS -4(DI)(CX*2), X4", func(f fn) { f.VMOVUPS(DI.By(CX, 2).Plus(-4), X(4)) }},
		{"VMOVUPS.Z 64(DX), K2, Z13", func(f fn) { f.VMOVUPS(DX.At(64), Z(13).Zeroed(2)) }},
		{"VMOVUPS Z1, K1, (DI)", func(f fn) { f.VMOVUPS(Z(1), DI.At(0).Masked(1)) }},
		{"VPDPBUSD.BCST 4(DI), Z0, Z24", func(f fn) { f.VPDPBUSD(DI.At(4).Broadcast(), Z(0), Z(24)) }},
		{"VPERMPS.Z Z15, Z4, K1, Z5", func(f fn) { f.VPERMPS(Z(15), Z(4), Z(5).Zeroed(1)) }},
		{"VPTERNLOGD $0xea, Z10, Z9, Z8", func(f fn) { f.VPTERNLOGD(maskAndJoin, Z(10), Z(9), Z(8)) }},
		{"VPSRLD $28, Y8, Y7", func(f fn) { f.VPSRLD(28, Y(8), Y(7)) }},
		{"VMASKMOVPS (AX), X15, X12", func(f fn) { f.VMASKMOVPS(AX.At(0), X(15), X(12)) }},
		{"MOVQ x+0(FP), SI", func(f fn) { f.load("x", SI) }},
		{"SUBQ $8, CX", func(f fn) { f.SUBQ(imm(8), CX) }},
		{"LEAQ (R15)(R15*2), BX", func(f fn) { f.LEAQ(R15.By(R15, 2), BX) }},
	} {
		p := file{asm.NewFile("k", "amd64")}
		f := p.begin("f", "is a test.", vecX)
		c.emit(f)
		text := string(p.Assembly())
		if !strings.HasSuffix(text, "\n\t"+c.want+"\n") {
			t.Errorf("want %s at the end of %s", c.want, text)
		}
		// What is printed is what the assembler takes.
		asmtest.Assemble(t, "amd64", text+"\tRET\n")
	}
}
