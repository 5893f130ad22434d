package arm64

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// emitters have each instruction that is encoded here, with the largest numbers of
// registers and the ends of what its fields can hold. The words are those that
// llvm-mc (-triple=aarch64 -mattr=+neon,+dotprod) makes of the texts.
var emitters = []struct {
	name string
	word uint32
	text string
	emit func(f fn)
}{
	{"FADD", 0x4e23d65f, "fadd v31.4s, v18.4s, v3.4s", func(f fn) { f.FADD(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FSUB", 0x4ea3d65f, "fsub v31.4s, v18.4s, v3.4s", func(f fn) { f.FSUB(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FDIV", 0x6e23fe5f, "fdiv v31.4s, v18.4s, v3.4s", func(f fn) { f.FDIV(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FMAX", 0x4e23f65f, "fmax v31.4s, v18.4s, v3.4s", func(f fn) { f.FMAX(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FMIN", 0x4ea3f65f, "fmin v31.4s, v18.4s, v3.4s", func(f fn) { f.FMIN(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FADDP", 0x6e23d65f, "faddp v31.4s, v18.4s, v3.4s", func(f fn) { f.FADDP(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FMAXP", 0x6e23f65f, "fmaxp v31.4s, v18.4s, v3.4s", func(f fn) { f.FMAXP(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FCMGT", 0x6ea3e65f, "fcmgt v31.4s, v18.4s, v3.4s", func(f fn) { f.FCMGT(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FCMEQ", 0x4e23e65f, "fcmeq v31.4s, v18.4s, v3.4s", func(f fn) { f.FCMEQ(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FADD of half a register", 0x0e23d65f, "fadd v31.2s, v18.2s, v3.2s", func(f fn) { f.FADD(V(31).S2(), V(18).S2(), V(3).S2()) }},
	{"AND", 0x4e231e5f, "and v31.16b, v18.16b, v3.16b", func(f fn) { f.AND(V(31).B16(), V(18).B16(), V(3).B16()) }},
	{"EOR", 0x6e231e5f, "eor v31.16b, v18.16b, v3.16b", func(f fn) { f.EOR(V(31).B16(), V(18).B16(), V(3).B16()) }},
	{"BIT", 0x6ea31e5f, "bit v31.16b, v18.16b, v3.16b", func(f fn) { f.BIT(V(31).B16(), V(18).B16(), V(3).B16()) }},
	{"VADD of bytes", 0x4e23865f, "add v31.16b, v18.16b, v3.16b", func(f fn) { f.VADD(V(31).B16(), V(18).B16(), V(3).B16()) }},
	{"VADD of double words", 0x4ee3865f, "add v31.2d, v18.2d, v3.2d", func(f fn) { f.VADD(V(31).D2(), V(18).D2(), V(3).D2()) }},
	{"VSUB of words", 0x6ea3865f, "sub v31.4s, v18.4s, v3.4s", func(f fn) { f.VSUB(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"ADDP of halves", 0x4e63be5f, "addp v31.8h, v18.8h, v3.8h", func(f fn) { f.ADDP(V(31).H8(), V(18).H8(), V(3).H8()) }},
	{"USHL of halves", 0x6e63465f, "ushl v31.8h, v18.8h, v3.8h", func(f fn) { f.USHL(V(31).H8(), V(18).H8(), V(3).H8()) }},
	{"MOV", 0x4eb21e5f, "mov v31.16b, v18.16b", func(f fn) { f.MOV(31, 18) }},
	{"FMUL by a vector", 0x6e23de5f, "fmul v31.4s, v18.4s, v3.4s", func(f fn) { f.FMUL(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FMUL by the last element", 0x4fbf9a5f, "fmul v31.4s, v18.4s, v31.s[3]", func(f fn) { f.FMUL(V(31).S4(), V(18).S4(), V(31).S(3)) }},
	{"FMLA by a vector", 0x4e23ce5f, "fmla v31.4s, v18.4s, v3.4s", func(f fn) { f.FMLA(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FMLA by element 2", 0x4f931a5f, "fmla v31.4s, v18.4s, v19.s[2]", func(f fn) { f.FMLA(V(31).S4(), V(18).S4(), V(19).S(2)) }},
	{"FMLS by a vector", 0x4ea3ce5f, "fmls v31.4s, v18.4s, v3.4s", func(f fn) { f.FMLS(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"FMLS by element 1", 0x4fb3525f, "fmls v31.4s, v18.4s, v19.s[1]", func(f fn) { f.FMLS(V(31).S4(), V(18).S4(), V(19).S(1)) }},
	{"MLA by element 1", 0x6fb3025f, "mla v31.4s, v18.4s, v19.s[1]", func(f fn) { f.MLA(V(31).S4(), V(18).S4(), V(19).S(1)) }},
	{"SDOT by a vector", 0x4e83965f, "sdot v31.4s, v18.16b, v3.16b", func(f fn) { f.SDOT(V(31).S4(), V(18).B16(), V(3).B16()) }},
	{"SDOT by element 3", 0x4fb3ea5f, "sdot v31.4s, v18.16b, v19.4b[3]", func(f fn) { f.SDOT(V(31).S4(), V(18).B16(), V(19).B4(3)) }},
	{"SMULL", 0x0e23c25f, "smull v31.8h, v18.8b, v3.8b", func(f fn) { f.SMULL(V(31).H8(), V(18).B8(), V(3).B8()) }},
	{"SMULL2", 0x4e23c25f, "smull2 v31.8h, v18.16b, v3.16b", func(f fn) { f.SMULL2(V(31).H8(), V(18).B16(), V(3).B16()) }},
	{"SMLAL", 0x0e63825f, "smlal v31.4s, v18.4h, v3.4h", func(f fn) { f.SMLAL(V(31).S4(), V(18).H4(), V(3).H4()) }},
	{"SMLAL2", 0x4e63825f, "smlal2 v31.4s, v18.8h, v3.8h", func(f fn) { f.SMLAL2(V(31).S4(), V(18).H8(), V(3).H8()) }},
	{"SXTL", 0x0f08a65f, "sxtl v31.8h, v18.8b", func(f fn) { f.SXTL(V(31).H8(), V(18).B8()) }},
	{"SXTL2", 0x4f08a65f, "sxtl2 v31.8h, v18.16b", func(f fn) { f.SXTL2(V(31).H8(), V(18).B16()) }},
	{"UXTL", 0x2f08a65f, "uxtl v31.8h, v18.8b", func(f fn) { f.UXTL(V(31).H8(), V(18).B8()) }},
	{"UXTL2", 0x6f08a65f, "uxtl2 v31.8h, v18.16b", func(f fn) { f.UXTL2(V(31).H8(), V(18).B16()) }},
	{"UZP1", 0x4e031a5f, "uzp1 v31.16b, v18.16b, v3.16b", func(f fn) { f.UZP1(V(31).B16(), V(18).B16(), V(3).B16()) }},
	{"UZP2", 0x4e835a5f, "uzp2 v31.4s, v18.4s, v3.4s", func(f fn) { f.UZP2(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"TRN1", 0x4ec32a5f, "trn1 v31.2d, v18.2d, v3.2d", func(f fn) { f.TRN1(V(31).D2(), V(18).D2(), V(3).D2()) }},
	{"TRN2", 0x4e836a5f, "trn2 v31.4s, v18.4s, v3.4s", func(f fn) { f.TRN2(V(31).S4(), V(18).S4(), V(3).S4()) }},
	{"ZIP1", 0x4e433a5f, "zip1 v31.8h, v18.8h, v3.8h", func(f fn) { f.ZIP1(V(31).H8(), V(18).H8(), V(3).H8()) }},
	{"ZIP2", 0x4e037a5f, "zip2 v31.16b, v18.16b, v3.16b", func(f fn) { f.ZIP2(V(31).B16(), V(18).B16(), V(3).B16()) }},
	{"TBL of one register", 0x4e03025f, "tbl v31.16b, {v18.16b}, v3.16b", func(f fn) { f.TBL(31, 18, 1, 3) }},
	{"TBL of two registers", 0x4e03225f, "tbl v31.16b, {v18.16b-v19.16b}, v3.16b", func(f fn) { f.TBL(31, 18, 2, 3) }},
	{"TBL of four registers", 0x4e03625f, "tbl v31.16b, {v18.16b-v21.16b}, v3.16b", func(f fn) { f.TBL(31, 18, 4, 3) }},
	{"DUP of a byte", 0x4e1f065f, "dup v31.16b, v18.b[15]", func(f fn) { f.DUP(V(31).B16(), V(18).B(15)) }},
	{"DUP of a half", 0x4e16065f, "dup v31.8h, v18.h[5]", func(f fn) { f.DUP(V(31).H8(), V(18).H(5)) }},
	{"DUP of a word", 0x4e1c065f, "dup v31.4s, v18.s[3]", func(f fn) { f.DUP(V(31).S4(), V(18).S(3)) }},
	{"MOVI of bytes", 0x4f07e7ff, "movi v31.16b, #255", func(f fn) { f.MOVI(V(31).B16(), 255) }},
	{"MOVI of halves", 0x4f04843f, "movi v31.8h, #129", func(f fn) { f.MOVI(V(31).H8(), 129) }},
	{"MOVI of words", 0x4f02057f, "movi v31.4s, #75", func(f fn) { f.MOVI(V(31).S4(), 75) }},
	{"SCVTF", 0x4e21da5f, "scvtf v31.4s, v18.4s", func(f fn) { f.SCVTF(V(31).S4(), V(18).S4()) }},
	{"FCVTNS", 0x4e21aa5f, "fcvtns v31.4s, v18.4s", func(f fn) { f.FCVTNS(V(31).S4(), V(18).S4()) }},
	{"FRINTN", 0x4e218a5f, "frintn v31.4s, v18.4s", func(f fn) { f.FRINTN(V(31).S4(), V(18).S4()) }},
	{"FABS", 0x4ea0fa5f, "fabs v31.4s, v18.4s", func(f fn) { f.FABS(V(31).S4(), V(18).S4()) }},
	{"FNEG", 0x6ea0fa5f, "fneg v31.4s, v18.4s", func(f fn) { f.FNEG(V(31).S4(), V(18).S4()) }},
	{"SADDLP of bytes", 0x4e202a5f, "saddlp v31.8h, v18.16b", func(f fn) { f.SADDLP(V(31).H8(), V(18).B16()) }},
	{"SADDLP of halves", 0x4e602a5f, "saddlp v31.4s, v18.8h", func(f fn) { f.SADDLP(V(31).S4(), V(18).H8()) }},
	{"SADALP", 0x4e606a5f, "sadalp v31.4s, v18.8h", func(f fn) { f.SADALP(V(31).S4(), V(18).H8()) }},
	{"FCVTN", 0x0e216a5f, "fcvtn v31.4h, v18.4s", func(f fn) { f.FCVTN(V(31).H4(), V(18).S4()) }},
	{"FCVTN2", 0x4e216a5f, "fcvtn2 v31.8h, v18.4s", func(f fn) { f.FCVTN2(V(31).H8(), V(18).S4()) }},
	{"FCVTL", 0x0e217a5f, "fcvtl v31.4s, v18.4h", func(f fn) { f.FCVTL(V(31).S4(), V(18).H4()) }},
	{"FCVTL2", 0x4e217a5f, "fcvtl2 v31.4s, v18.8h", func(f fn) { f.FCVTL2(V(31).S4(), V(18).H8()) }},
	{"XTN", 0x0e212a5f, "xtn v31.8b, v18.8h", func(f fn) { f.XTN(V(31).B8(), V(18).H8()) }},
	{"SQXTN to halves", 0x0e614a5f, "sqxtn v31.4h, v18.4s", func(f fn) { f.SQXTN(V(31).H4(), V(18).S4()) }},
	{"SQXTN to bytes", 0x0e214a5f, "sqxtn v31.8b, v18.8h", func(f fn) { f.SQXTN(V(31).B8(), V(18).H8()) }},
	{"SQXTN2 to halves", 0x4e614a5f, "sqxtn2 v31.8h, v18.4s", func(f fn) { f.SQXTN2(V(31).H8(), V(18).S4()) }},
	{"SQXTN2 to bytes", 0x4e214a5f, "sqxtn2 v31.16b, v18.8h", func(f fn) { f.SQXTN2(V(31).B16(), V(18).H8()) }},
	{"SHL by nothing", 0x4f20565f, "shl v31.4s, v18.4s, #0", func(f fn) { f.SHL(V(31).S4(), V(18).S4(), 0) }},
	{"SHL by all bits but one", 0x4f3f565f, "shl v31.4s, v18.4s, #31", func(f fn) { f.SHL(V(31).S4(), V(18).S4(), 31) }},
	{"SHL of bytes", 0x4f0c565f, "shl v31.16b, v18.16b, #4", func(f fn) { f.SHL(V(31).B16(), V(18).B16(), 4) }},
	{"SSHR by one bit", 0x4f3f065f, "sshr v31.4s, v18.4s, #1", func(f fn) { f.SSHR(V(31).S4(), V(18).S4(), 1) }},
	{"SSHR by all bits", 0x4f20065f, "sshr v31.4s, v18.4s, #32", func(f fn) { f.SSHR(V(31).S4(), V(18).S4(), 32) }},
	{"USHR of bytes", 0x6f09065f, "ushr v31.16b, v18.16b, #7", func(f fn) { f.USHR(V(31).B16(), V(18).B16(), 7) }},
	{"SCVTF of fixed point", 0x4f3ce65f, "scvtf v31.4s, v18.4s, #4", func(f fn) { f.SCVTFFixed(V(31).S4(), V(18).S4(), 4) }},
	{"FMAXV", 0x6e30fa5f, "fmaxv s31, v18.4s", func(f fn) { f.FMAXV(S(31), V(18).S4()) }},
	{"FADDP of two lanes", 0x7e30da5f, "faddp s31, v18.2s", func(f fn) { f.FADDPScalar(S(31), V(18).S2()) }},
	{"LDR of 128 bits, as far as it goes", 0x3dffff3f, "ldr q31, [x25, #65520]", func(f fn) { f.LDR(Q(31), R25.At(65520)) }},
	{"LDR of 64 bits", 0xfd40073f, "ldr d31, [x25, #8]", func(f fn) { f.LDR(D(31), R25.At(8)) }},
	{"LDR of 32 bits", 0xbd7fff3f, "ldr s31, [x25, #16380]", func(f fn) { f.LDR(S(31), R25.At(16380)) }},
	{"LDR of 16 bits", 0x7d40073f, "ldr h31, [x25, #2]", func(f fn) { f.LDR(H(31), R25.At(2)) }},
	{"LDR of 8 bits", 0x3d7fff3f, "ldr b31, [x25, #4095]", func(f fn) { f.LDR(B(31), R25.At(4095)) }},
	{"LDR and a step back", 0x3cd0073f, "ldr q31, [x25], #-256", func(f fn) { f.LDR(Q(31), R25.Post(-256)) }},
	{"LDR and a step on", 0xbc4ff73f, "ldr s31, [x25], #255", func(f fn) { f.LDR(S(31), R25.Post(255)) }},
	{"STR of 128 bits", 0x3d80073f, "str q31, [x25, #16]", func(f fn) { f.STR(Q(31), R25.At(16)) }},
	{"STR of 64 bits", 0xfd00033f, "str d31, [x25]", func(f fn) { f.STR(D(31), R25.At(0)) }},
	{"STR of 32 bits and a step", 0xbc00473f, "str s31, [x25], #4", func(f fn) { f.STR(S(31), R25.Post(4)) }},
	{"LDP before the address", 0xad604b3f, "ldp q31, q18, [x25, #-1024]", func(f fn) { f.LDP(31, 18, R25.At(-1024)) }},
	{"LDP as far as it goes", 0xad5fcb3f, "ldp q31, q18, [x25, #1008]", func(f fn) { f.LDP(31, 18, R25.At(1008)) }},
	{"LDP and a step", 0xacc14b3f, "ldp q31, q18, [x25], #32", func(f fn) { f.LDP(31, 18, R25.Post(32)) }},
	{"STP", 0xad014b3f, "stp q31, q18, [x25, #32]", func(f fn) { f.STP(31, 18, R25.At(32)) }},
	{"STP and a step back", 0xacbf4b3f, "stp q31, q18, [x25], #-32", func(f fn) { f.STP(31, 18, R25.Post(-32)) }},
	{"LD1R", 0x4d40cb3f, "ld1r {v31.4s}, [x25]", func(f fn) { f.LD1R(V(31).S4(), R25.At(0)) }},
	{"LD1R and a step", 0x4ddfcb3f, "ld1r {v31.4s}, [x25], #4", func(f fn) { f.LD1R(V(31).S4(), R25.Post(4)) }},
	{"LD1 of the last byte", 0x4ddf1f3f, "ld1 {v31.b}[15], [x25], #1", func(f fn) { f.LD1(V(31).B(15), R25.Post(1)) }},
	{"LD1 of the last half", 0x4ddf5b3f, "ld1 {v31.h}[7], [x25], #2", func(f fn) { f.LD1(V(31).H(7), R25.Post(2)) }},
	{"LD1 of the last word", 0x4ddf933f, "ld1 {v31.s}[3], [x25], #4", func(f fn) { f.LD1(V(31).S(3), R25.Post(4)) }},
	{"LD1 without a step", 0x0d40933f, "ld1 {v31.s}[1], [x25]", func(f fn) { f.LD1(V(31).S(1), R25.At(0)) }},
	{"PRFM", 0xf8b96b00, "prfm pldl1keep, [x24, x25]", func(f fn) { f.PRFM(R24, R25) }},
}

func TestEachEmitterEncodesAsLLVMDoes(t *testing.T) {
	for _, c := range emitters {
		t.Run(c.name, func(t *testing.T) {
			p := file{asm.NewFile("k", "arm64")}
			c.emit(p.begin("f", "is a test."))
			m := regexp.MustCompile(`WORD \$0x([0-9a-f]{8}) // (.*)`).FindStringSubmatch(string(p.Assembly()))
			if m == nil {
				t.Fatalf("no word in %s", p.Assembly())
			}
			if got := parse(t, m[1]); got != c.word {
				t.Errorf("%s is %08x, want %08x", c.text, got, c.word)
			}
			if m[2] != c.text {
				t.Errorf("the text is %q, want %q", m[2], c.text)
			}
		})
	}
}

// TestEachEmitterHasACase counts the methods that add a word.
func TestEachEmitterHasACase(t *testing.T) {
	had := map[string]bool{}
	for _, c := range emitters {
		name, _, _ := strings.Cut(strings.ReplaceAll(c.name, ",", ""), " ")
		had[name] = true
	}
	had["SCVTFFixed"], had["FADDPScalar"] = had["SCVTF"], had["FADDP"]
	notWords := "RET JMP BEQ BNE BLT BGE CBZ MOVD ADD ADDS SUB SUBS CMP MUL LSL"
	methods := reflect.TypeFor[fn]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		if strings.ToUpper(name[:2]) == name[:2] && !had[name] && !strings.Contains(notWords, name) {
			t.Errorf("no case says how %s is encoded", name)
		}
	}
}
