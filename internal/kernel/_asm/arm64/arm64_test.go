package arm64

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

func TestEveryKernelAssembles(t *testing.T) {
	for _, f := range Files() {
		text := string(f.Assembly())
		code := asmtest.Assemble(t, "arm64", text)
		if want := strings.Count(text, "TEXT ·"); len(code) != want || want < 100 {
			t.Errorf("%d kernels of %d have code", len(code), want)
		}
	}
}

// words are the instructions that kernels have as words, by their text.
func words(t *testing.T) map[string]uint32 {
	t.Helper()
	list := map[string]uint32{}
	for _, f := range Files() {
		for _, m := range regexp.MustCompile(`WORD \$0x([0-9a-f]{8}) // (.*)`).FindAllStringSubmatch(string(f.Assembly()), -1) {
			list[m[2]] = parse(t, m[1])
		}
	}
	if len(list) < 1000 {
		t.Fatalf("the kernels have %d words", len(list))
	}
	return list
}

func parse(t *testing.T, hex string) uint32 {
	t.Helper()
	w, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(w)
}

// form is an instruction without its numbers; those that are part of its name or of
// an arrangement stay.
func form(text string) string {
	name, rest, _ := strings.Cut(text, " ")
	return name + " " + regexp.MustCompile(`([vqdshbx])\d+|#-?\d+|\[\d+\]`).ReplaceAllString(rest, "$1#")
}

// TestEveryFormIsEncodedAsLLVMDoes compares with testdata/encodings.txt, which has
// one instruction of every form as llvm-mc encodes it. Where there is an llvm-mc, all
// instructions are compared, and COREML_UPDATE=1 writes the file anew.
func TestEveryFormIsEncodedAsLLVMDoes(t *testing.T) {
	have := words(t)
	name := filepath.Join("testdata", "encodings.txt")
	if path, err := exec.LookPath("llvm-mc"); err == nil {
		want := llvm(t, path, slices.Sorted(maps.Keys(have)))
		for text, w := range want {
			if have[text] != w {
				t.Errorf("%s is %08x, llvm-mc says %08x", text, have[text], w)
			}
		}
		if os.Getenv("COREML_UPDATE") != "" {
			update(t, name, want)
		}
	}
	known := map[string]bool{}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	for lines := bufio.NewScanner(file); lines.Scan(); {
		hex, text, _ := strings.Cut(lines.Text(), " ")
		t.Run(form(text), func(t *testing.T) {
			if w, ok := have[text]; ok && w != parse(t, hex) {
				t.Errorf("%s is %08x, want %s", text, w, hex)
			} else if ok {
				known[form(text)] = true
			}
		})
	}
	for text := range have {
		if f := form(text); !known[f] {
			known[f] = true
			t.Errorf("%s: no such form is in %s", text, name)
		}
	}
}

// llvm returns the encodings of the instructions.
func llvm(t *testing.T, path string, list []string) map[string]uint32 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, "-triple=aarch64", "-mattr=+neon,+dotprod", "-show-encoding")
	cmd.Stdin = strings.NewReader(strings.Join(list, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found := regexp.MustCompile(`encoding: \[(.*?)\]`).FindAllStringSubmatch(string(out), -1)
	if len(found) != len(list) {
		t.Fatalf("%d encodings of %d instructions: %s", len(found), len(list), out)
	}
	made := map[string]uint32{}
	for i, m := range found {
		var b [4]byte
		if _, err := fmt.Sscanf(m[1], "0x%x,0x%x,0x%x,0x%x", &b[0], &b[1], &b[2], &b[3]); err != nil {
			t.Fatal(err)
		}
		made[list[i]] = binary.LittleEndian.Uint32(b[:])
	}
	return made
}

// update writes one instruction of every form.
func update(t *testing.T, name string, want map[string]uint32) {
	t.Helper()
	var text strings.Builder
	seen := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if f := form(key); !seen[f] {
			seen[f] = true
			fmt.Fprintf(&text, "%08x %s\n", want[key], key)
		}
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestWordsAreWhatGosAssemblerMakes compares the instructions that it knows.
func TestWordsAreWhatGosAssemblerMakes(t *testing.T) {
	cases := []struct {
		golang string
		emit   func(f fn)
	}{
		{"VFMLA V3.S4, V18.S4, V31.S4", func(f fn) { f.FMLA(V(31).S4(), V(18).S4(), V(3).S4()) }},
		{"VFMLS V3.S4, V18.S4, V31.S4", func(f fn) { f.FMLS(V(31).S4(), V(18).S4(), V(3).S4()) }},
		{"VADD V3.S4, V18.S4, V31.S4", func(f fn) { f.VADD(V(31).S4(), V(18).S4(), V(3).S4()) }},
		{"VSUB V3.H8, V18.H8, V31.H8", func(f fn) { f.VSUB(V(31).H8(), V(18).H8(), V(3).H8()) }},
		{"VADDP V3.H8, V18.H8, V31.H8", func(f fn) { f.ADDP(V(31).H8(), V(18).H8(), V(3).H8()) }},
		{"VAND V3.B16, V18.B16, V31.B16", func(f fn) { f.AND(V(31).B16(), V(18).B16(), V(3).B16()) }},
		{"VEOR V3.B16, V18.B16, V31.B16", func(f fn) { f.EOR(V(31).B16(), V(18).B16(), V(3).B16()) }},
		{"VBIT V3.B16, V18.B16, V31.B16", func(f fn) { f.BIT(V(31).B16(), V(18).B16(), V(3).B16()) }},
		{"VMOV V18.B16, V31.B16", func(f fn) { f.MOV(31, 18) }},
		{"VDUP V18.S[3], V31.S4", func(f fn) { f.DUP(V(31).S4(), V(18).S(3)) }},
		{"VMOVI $240, V31.B16", func(f fn) { f.MOVI(V(31).B16(), 240) }},
		{"VSHL $23, V18.S4, V31.S4", func(f fn) { f.SHL(V(31).S4(), V(18).S4(), 23) }},
		{"VUSHR $4, V18.B16, V31.B16", func(f fn) { f.USHR(V(31).B16(), V(18).B16(), 4) }},
		{"VZIP1 V3.H8, V18.H8, V31.H8", func(f fn) { f.ZIP1(V(31).H8(), V(18).H8(), V(3).H8()) }},
		{"VZIP2 V3.B16, V18.B16, V31.B16", func(f fn) { f.ZIP2(V(31).B16(), V(18).B16(), V(3).B16()) }},
		{"VUZP1 V3.B16, V18.B16, V31.B16", func(f fn) { f.UZP1(V(31).B16(), V(18).B16(), V(3).B16()) }},
		{"VUZP2 V3.B16, V18.B16, V31.B16", func(f fn) { f.UZP2(V(31).B16(), V(18).B16(), V(3).B16()) }},
		{"VTRN1 V3.D2, V18.D2, V31.D2", func(f fn) { f.TRN1(V(31).D2(), V(18).D2(), V(3).D2()) }},
		{"VTRN2 V3.S4, V18.S4, V31.S4", func(f fn) { f.TRN2(V(31).S4(), V(18).S4(), V(3).S4()) }},
		{"VTBL V3.B16, [V18.B16], V31.B16", func(f fn) { f.TBL(31, 18, 1, 3) }},
		{"VTBL V3.B16, [V18.B16, V19.B16, V20.B16, V21.B16], V31.B16", func(f fn) { f.TBL(31, 18, 4, 3) }},
		{"FLDPQ 32(R5), (F3, F18)", func(f fn) { f.LDP(3, 18, R5.At(32)) }},
		{"FSTPQ.P (F3, F18), 32(R5)", func(f fn) { f.STP(3, 18, R5.Post(32)) }},
		{"FMOVQ 4080(R5), F31", func(f fn) { f.LDR(Q(31), R5.At(4080)) }},
		{"FMOVQ.P 16(R5), F31", func(f fn) { f.LDR(Q(31), R5.Post(16)) }},
		{"FMOVD 8(R5), F31", func(f fn) { f.LDR(D(31), R5.At(8)) }},
		{"FMOVS.P F31, 4(R5)", func(f fn) { f.STR(S(31), R5.Post(4)) }},
		{"VLD1R.P 4(R5), [V31.S4]", func(f fn) { f.LD1R(V(31).S4(), R5.Post(4)) }},
		{"VLD1.P 4(R5), V31.S[3]", func(f fn) { f.LD1(V(31).S(3), R5.Post(4)) }},
		{"VLD1.P 2(R5), V31.H[2]", func(f fn) { f.LD1(V(31).H(2), R5.Post(2)) }},
		{"VLD1.P 1(R5), V31.B[2]", func(f fn) { f.LD1(V(31).B(2), R5.Post(1)) }},
	}
	p := file{asm.NewFile("k", "arm64")}
	f := p.begin("ours", "is a test.")
	var theirs strings.Builder
	for _, c := range cases {
		c.emit(f)
		theirs.WriteString("\t" + c.golang + "\n")
	}
	text := string(p.Assembly()) + "\nTEXT ·theirs(SB), NOSPLIT, $0-0\n" + theirs.String()
	code := asmtest.Assemble(t, "arm64", text)
	if len(code["ours"]) < 4*len(cases) || len(code["theirs"]) < 4*len(cases) {
		t.Fatalf("%d and %d bytes of %d instructions", len(code["ours"]), len(code["theirs"]), len(cases))
	}
	for i, c := range cases {
		ours, want := binary.LittleEndian.Uint32(code["ours"][4*i:]), binary.LittleEndian.Uint32(code["theirs"][4*i:])
		if ours != want {
			t.Errorf("%s is %08x, ours is %08x", c.golang, want, ours)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	for name, emit := range map[string]func(f fn){
		"an offset that is too far":       func(f fn) { f.LDR(Q(0), R1.At(65536)) },
		"an offset between two registers": func(f fn) { f.LDR(Q(0), R1.At(8)) },
		"a step that is too far":          func(f fn) { f.LDR(Q(0), R1.Post(256)) },
		"a pair that is too far":          func(f fn) { f.LDP(0, 1, R1.At(1024)) },
		"a step of another size":          func(f fn) { f.LD1R(V(0).S4(), R1.Post(8)) },
		"a constant of 9 bits":            func(f fn) { f.MOVI(V(0).B16(), 256) },
		"a shift out of the lane":         func(f fn) { f.SHL(V(0).S4(), V(0).S4(), 32) },
		"five tables":                     func(f fn) { f.TBL(0, 1, 5, 6) },
		"two arrangements":                func(f fn) { f.FADD(V(0).S4(), V(1).S4(), V(2).S2()) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was encoded")
				}
			}()
			emit(file{asm.NewFile("k", "arm64")}.begin("f", "is a test."))
		})
	}
}
