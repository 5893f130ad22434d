package amd64

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// What the instructions do, as Intel's manual (volume 2) says: a description of its
// own, beside the one in instructions.go, with which tests read what was written.

// Instruction sets that a processor may lack. Those that need 512-bit registers,
// masks, registers from 16 on or the broadcast of an operand are AVX-512's
// whatever their name.
const (
	avx2   = "AVX2" // and AVX, FMA and F16C, which every processor with AVX2 has
	avx512 = "AVX-512"
	vnni   = "AVX-512 VNNI"
	amx    = "AMX"
)

// Sizes of an operand in memory, where it is not a number of bytes.
const (
	whole   = -1 // that of the vector
	half    = -2
	quarter = -4
)

// vectorOp says of an instruction on vectors what its operands do not.
type vectorOp struct {
	memory int    // the size of an operand in memory
	set    string // the set, where it is not AVX2
	adds   bool   // the destination is read, too
}

// vectorOps are all instructions on vectors that kernels may have.
var vectorOps = map[string]vectorOp{
	"VADDPS": {memory: whole}, "VSUBPS": {memory: whole}, "VMULPS": {memory: whole}, "VDIVPS": {memory: whole},
	"VMAXPS": {memory: whole}, "VMINPS": {memory: whole}, "VHADDPS": {memory: whole}, "VXORPS": {memory: whole}, "VANDPS": {memory: whole},
	"VUNPCKLPS": {memory: whole}, "VUNPCKHPS": {memory: whole}, "VUNPCKLPD": {memory: whole}, "VUNPCKHPD": {memory: whole},
	"VFMADD231PS": {memory: whole, adds: true}, "VFMADD213PS": {memory: whole, adds: true}, "VFMSUB213PS": {memory: whole, adds: true},
	"VFNMADD231PS": {memory: whole, adds: true}, "VFNMADD213PS": {memory: whole, adds: true},
	"VPADDB": {memory: whole}, "VPADDW": {memory: whole}, "VPADDD": {memory: whole}, "VPSUBW": {memory: whole}, "VPSUBD": {memory: whole},
	"VPMULLD": {memory: whole}, "VPMAXSD": {memory: whole}, "VPMADDWD": {memory: whole}, "VPMADDUBSW": {memory: whole},
	"VPDPBUSD": {memory: whole, set: vnni, adds: true}, "VPDPWSSD": {memory: whole, set: vnni, adds: true},
	"VPAND": {memory: whole}, "VPOR": {memory: whole}, "VPXOR": {memory: whole},
	"VPANDD": {memory: whole, set: avx512}, "VPXORD": {memory: whole, set: avx512}, "VPTERNLOGD": {memory: whole, set: avx512, adds: true},
	"VPSLLW": {}, "VPSRLW": {}, "VPSRAW": {}, "VPSLLD": {}, "VPSRLD": {}, "VPSRAD": {}, "VPSRLVD": {memory: whole}, "VPSRLVQ": {memory: whole}, "VPSLLVD": {memory: whole},
	"VPSHUFB": {memory: whole}, "VPERMPS": {memory: whole}, "VPERMD": {memory: whole}, "VPACKSSDW": {memory: whole}, "VPACKSSWB": {memory: whole},
	"VPUNPCKLBW": {memory: whole}, "VPUNPCKHBW": {memory: whole}, "VPUNPCKLWD": {memory: whole}, "VPUNPCKHWD": {memory: whole},
	"VPUNPCKLDQ": {memory: whole}, "VPUNPCKHDQ": {memory: whole}, "VPUNPCKLQDQ": {memory: whole}, "VPUNPCKHQDQ": {memory: whole},
	"VPERMILPS": {memory: whole}, "VBLENDVPS": {memory: whole}, "VSHUFPS": {memory: whole}, "VPERM2F128": {memory: whole}, "VPERM2I128": {memory: whole}, "VSHUFF64X2": {memory: whole, set: avx512},
	"VPERMI2PS": {memory: whole, set: avx512, adds: true}, "VPTESTMD": {memory: whole, set: avx512}, "VBLENDMPS": {memory: whole, set: avx512},
	"VINSERTPS": {memory: 4}, "VPINSRW": {memory: 2}, "VCMPPS": {memory: whole}, "VPSHUFD": {memory: whole}, "VPERMQ": {memory: whole},
	"VINSERTF128": {memory: 16}, "VINSERTI128": {memory: 16}, "VINSERTI64X4": {memory: 32, set: avx512},
	"VEXTRACTF128": {memory: 16}, "VEXTRACTI128": {memory: 16}, "VEXTRACTF32X4": {memory: 16, set: avx512}, "VEXTRACTF64X4": {memory: 32, set: avx512},
	"VMOVUPS": {memory: whole}, "VMOVAPS": {memory: whole}, "VMOVDQU": {memory: whole}, "VMOVDQU64": {memory: whole, set: avx512},
	"VMOVSS": {memory: 4}, "VMOVQ": {memory: 8}, "VMOVD": {memory: 4}, "VMASKMOVPS": {memory: whole},
	"VBROADCASTSS": {memory: 4}, "VBROADCASTSD": {memory: 8}, "VBROADCASTF32X4": {memory: 16, set: avx512}, "VBROADCASTF64X4": {memory: 32, set: avx512}, "VBROADCASTI128": {memory: 16},
	"VPBROADCASTB": {memory: 1}, "VPBROADCASTW": {memory: 2}, "VPBROADCASTD": {memory: 4}, "VPBROADCASTQ": {memory: 8},
	"VMOVSHDUP": {memory: whole}, "VPMOVSXBD": {memory: quarter}, "VPMOVSXWD": {memory: half}, "VPMOVSXBW": {memory: half}, "VPMOVZXBW": {memory: half}, "VPMOVZXBD": {memory: quarter},
	"VCVTDQ2PS": {memory: whole}, "VCVTPS2DQ": {memory: whole}, "VCVTPH2PS": {memory: half}, "VCVTPS2PH": {memory: half}, "VROUNDPS": {memory: whole},
	"VRNDSCALEPS": {memory: whole, set: avx512}, "VSCALEFPS": {memory: whole, set: avx512},
}

// machine tells the effect of an instruction.
func machine(l asmtest.Line) (asmtest.Effect, error) {
	op, suffix, _ := strings.Cut(l.Op, ".")
	if v, ok := vectorOps[op]; ok {
		return v.effect(op, suffix, l.Operands)
	}
	if e, ok := tileOps(l); ok {
		return e, nil
	}
	if e, ok := otherOps(l); ok {
		return e, nil
	}
	return asmtest.Effect{}, fmt.Errorf("nobody knows the instruction %s", l.Op)
}

// effect reads the operands: the last one is the destination, with a mask before it
// where there is one, and the others are read.
func (v vectorOp) effect(op, suffix string, operands []string) (asmtest.Effect, error) {
	e := asmtest.Effect{Set: v.setOf(suffix, operands)}
	width := widthOf(operands)
	size := v.memory
	if size < 0 {
		size = width / -size
	}
	if suffix == "BCST" {
		size = 4
	}
	last := len(operands) - 1
	masked := op == "VMASKMOVPS"
	for i, o := range operands {
		switch {
		case strings.HasPrefix(o, "$"):
		case isRegister(o) && i < last:
			e.Reads = append(e.Reads, place(o))
			masked = masked || o[0] == 'K'
		case isRegister(o):
			e.Writes = append(e.Writes, place(o))
			e.Dirties = o[0] == 'Y' || o[0] == 'Z'
			if v.adds || masked && suffix != "Z" && op != "VMASKMOVPS" {
				e.Reads = append(e.Reads, place(o))
			}
		default:
			a, err := memory(o)
			if err != nil {
				return e, err
			}
			a.Size, a.Store, a.Masked = size, i == last, op == "VMASKMOVPS" || strings.HasPrefix(operands[max(i-1, 0)], "K") || suffix == "Z"
			e.Memory = append(e.Memory, a)
		}
	}
	if zeroes(op, operands) {
		e.Reads = nil
	}
	return withAddresses(e), nil
}

// zeroes reports whether a register is cleared by itself, whatever it had.
func zeroes(op string, operands []string) bool {
	return slices.Contains([]string{"VXORPS", "VPXOR", "VPXORD"}, op) && operands[0] == operands[1]
}

func (v vectorOp) setOf(suffix string, operands []string) string {
	if v.set != "" {
		return v.set
	}
	if suffix != "" {
		return avx512
	}
	for _, o := range operands {
		if !isRegister(o) {
			continue
		}
		if o[0] == 'Z' || o[0] == 'K' {
			return avx512
		}
		if n, err := strconv.Atoi(o[1:]); err == nil && n >= 16 && strings.ContainsAny(o[:1], "XY") {
			return avx512
		}
	}
	return avx2
}

// widthOf is the size of the widest register.
func widthOf(operands []string) int {
	width := 0
	for _, o := range operands {
		if isRegister(o) {
			width = max(width, map[byte]int{'X': 16, 'Y': 32, 'Z': 64}[o[0]])
		}
	}
	return width
}

var registerName = regexp.MustCompile(`^([XYZ]\d+|[KT]\d|[A-D]X|[SD]I|[SB]P|R\d+)$`)

func isRegister(o string) bool { return registerName.MatchString(o) }

// place is a name that the parts of a register share.
func place(r string) string {
	if strings.ContainsAny(r[:1], "XYZ") && len(r) > 1 && r[1] <= '9' {
		return "V" + r[1:]
	}
	return r
}

// The forms of operands in memory.
var (
	argumentForm = regexp.MustCompile(`^(\w+)\+(\d+)\(FP\)$`)
	localForm    = regexp.MustCompile(`^b-(\d+)\(SP\)$`)
	constantForm = regexp.MustCompile(`^·(\w+)<>(?:\+(\d+))?\(SB\)$`)
	addressForm  = regexp.MustCompile(`^(-?\d*)\((\w+)\)(?:\((\w+)\*(\d)\))?$`)
)

// memory reads an operand in memory.
func memory(o string) (asmtest.Access, error) {
	if m := argumentForm.FindStringSubmatch(o); m != nil {
		return asmtest.Access{Of: asmtest.Argument, Name: m[1], Offset: integer(m[2])}, nil
	}
	if m := localForm.FindStringSubmatch(o); m != nil {
		return asmtest.Access{Of: asmtest.Local, Offset: -integer(m[1])}, nil
	}
	if m := constantForm.FindStringSubmatch(o); m != nil {
		return asmtest.Access{Of: asmtest.Constant, Name: m[1], Offset: integer(m[2])}, nil
	}
	if m := addressForm.FindStringSubmatch(o); m != nil && isRegister(m[2]) {
		return asmtest.Access{Base: m[2], Index: m[3], Scale: integer(m[4]), Offset: integer(m[1])}, nil
	}
	return asmtest.Access{}, fmt.Errorf("nobody knows the operand %s", o)
}

func integer(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
