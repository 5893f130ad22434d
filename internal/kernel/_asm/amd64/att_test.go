package amd64

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// attOps are the instructions that AT&T's syntax has another name for, or names by
// the size of their operands.
var attOps = map[string]string{
	"RET": "retq", "MOVBLZX": "movzbl", "MOVWLZX": "movzwl", "KMOVW": "kmovw",
	// Mnemonics of comparisons hold the predicate: 1 is less than, 3 unordered and so
	// on; see attCompare.
	"VCMPPS": "",
}

// attPredicates are the comparisons that kernels make, by their number.
var attPredicates = map[int]string{0: "eq", 1: "lt", 2: "le", 3: "unord", 4: "neq", 5: "nlt", 6: "nle", 14: "gt", 17: "lt_oq", 30: "gt_oq"}

var goAddress = regexp.MustCompile(`^(-?\d*)\((\w+)\)(?:\((\w+)\*(\d)\))?$`)

// attOf writes an instruction of Go's assembler in AT&T's syntax, as LLVM prints
// it. The order of the operands stays.
func attOf(text string) string {
	op, rest, _ := strings.Cut(text, " ")
	op, suffix, _ := strings.Cut(op, ".")
	operands := splitOperands(rest)
	name, ok := attOps[op]
	if !ok {
		name = strings.ToLower(op)
	}
	// Predicates are part of the name.
	if op == "VCMPPS" {
		n, _ := strconv.ParseUint(strings.TrimPrefix(operands[0], "$0x"), 16, 8)
		name, operands = "vcmp"+attPredicates[int(n)]+"ps", operands[1:]
	}
	// CMPQ compares its first operand with the second; AT&T has them turned.
	if op == "CMPQ" {
		slices.Reverse(operands)
	}
	list := make([]string, 0, len(operands))
	mask := ""
	for i, o := range operands {
		if strings.HasPrefix(o, "K") && op != "KMOVW" && i < len(operands)-1 {
			mask = "{%" + strings.ToLower(o) + "}"
			continue
		}
		list = append(list, attOperand(o, op, i))
	}
	if suffix == "Z" {
		mask += " {z}"
	}
	if suffix == "BCST" {
		list[0] += "{1to16}"
	}
	if mask != "" {
		list[len(list)-1] += " " + mask
	}
	if slices.Contains([]string{"SHLQ", "SHRQ"}, op) && list[0] == "$1" {
		list = list[1:] // the shift by one bit has a form of its own
	}
	return strings.TrimSpace(name + " " + strings.Join(list, ", "))
}

// attOperand writes an operand. General registers have names for their lower
// halves: those of instructions on 32 bits, and of what masks and vectors take.
func attOperand(o, op string, i int) string {
	if m := goAddress.FindStringSubmatch(o); m != nil {
		at := m[1] + "(%" + attRegister(m[2], 64)
		if m[3] != "" {
			at += ",%" + attRegister(m[3], 64)
			if m[4] != "1" {
				at += "," + m[4]
			}
		}
		return at + ")"
	}
	if hex, ok := strings.CutPrefix(o, "$0x"); ok {
		n, _ := strconv.ParseUint(hex, 16, 64)
		return fmt.Sprintf("$%d", n)
	}
	if strings.HasPrefix(o, "$") {
		return o
	}
	size := 64
	switch {
	// A number of bits is in the lowest byte, as is what is widened from there.
	case i == 0 && o == "CX" && strings.HasPrefix(op, "SH"):
		return "%cl"
	case i == 0 && o == "AX" && op == "MOVBLZX":
		return "%al"
	}
	if slices.Contains([]string{"ORL", "MOVL", "SHLL", "KMOVW", "VMOVD", "MOVBLZX", "MOVWLZX"}, op) {
		size = 32
	}
	return "%" + attRegister(o, size)
}

// attRegister is a register's name: ax is rax and eax, r8 is r8 and r8d.
func attRegister(r string, size int) string {
	switch {
	case strings.ContainsAny(r[:1], "XYZT"):
		return string(r[0]-'A'+'a') + "mm" + r[1:]
	case r[0] == 'K':
		return "k" + r[1:]
	case r[0] == 'R' && size == 32:
		return strings.ToLower(r) + "d"
	case r[0] == 'R':
		return strings.ToLower(r)
	case size == 32:
		return "e" + strings.ToLower(r)
	}
	return "r" + strings.ToLower(r)
}

func TestGosSyntaxIsWrittenInThatOfATT(t *testing.T) {
	for _, c := range []struct{ golang, want string }{
		{"VADDPS Y1, Y2, Y3", "vaddps %ymm1, %ymm2, %ymm3"},
		{"VFMADD231PS 64(SI), Y2, Y3", "vfmadd231ps 64(%rsi), %ymm2, %ymm3"},
		{"VMOVUPS -4(DI)(CX*2), X4", "vmovups -4(%rdi,%rcx,2), %xmm4"},
		{"VMOVUPS.Z 64(DX), K2, Z13", "vmovups 64(%rdx), %zmm13 {%k2} {z}"},
		{"VMOVUPS Z1, K1, (DI)", "vmovups %zmm1, (%rdi) {%k1}"},
		{"VPDPBUSD.BCST 4(DI), Z0, Z24", "vpdpbusd 4(%rdi){1to16}, %zmm0, %zmm24"},
		{"VPTERNLOGD $0xea, Z10, Z9, Z8", "vpternlogd $234, %zmm10, %zmm9, %zmm8"},
		{"VCMPPS $0x01, Y1, Y2, Y3", "vcmpltps %ymm1, %ymm2, %ymm3"},
		{"CMPQ AX, CX", "cmpq %rcx, %rax"},
		{"MOVBLZX AX, BX", "movzbl %al, %ebx"},
		{"SHRQ $1, R12", "shrq %r12"},
		{"SHLQ CX, AX", "shlq %cl, %rax"},
		{"KMOVW AX, K1", "kmovw %eax, %k1"},
		{"LEAQ (R15)(R15*2), BX", "leaq (%r15,%r15,2), %rbx"},
	} {
		if got := attOf(c.golang); got != c.want {
			t.Errorf("%s is written %s, want %s", c.golang, got, c.want)
		}
	}
}
