package amd64

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// TestMachineCodeIsOfThePromisedClass looks at the bytes that the assembler makes,
// which no table of ours describes: AVX2's kernels have no instruction with the
// prefix EVEX (62), which is AVX-512's, and none has an instruction on vectors
// without a prefix, which is SSE's and waits for the upper halves.
func TestMachineCodeIsOfThePromisedClass(t *testing.T) {
	for _, f := range Files() {
		for _, i := range asmtest.Instructions(t, "amd64", string(f.Assembly())) {
			switch class := classOf(i.Code); {
			case class == "EVEX" && slices.Equal(promised(i.Function), []string{avx2}):
				t.Errorf("%s: line %d: % x is AVX-512's", i.Function, i.Line, i.Code)
			case class == "SSE":
				t.Errorf("%s: line %d: % x is SSE's", i.Function, i.Line, i.Code)
			}
		}
	}
}

// classOf reads the prefix of an instruction in 64-bit mode: VEX is C4 or C5. Of the
// two-byte opcodes, those that kernels have on general registers are prefetches,
// empty instructions, jumps, the
// processor's name, what the system saves, products and loads of bytes and words.
func classOf(code []byte) string {
	for len(code) > 1 && (code[0] == 0x66 || code[0] == 0xF2 || code[0] == 0xF3 || code[0]&0xF0 == 0x40) {
		code = code[1:]
	}
	switch {
	case code[0] == 0x62:
		return "EVEX"
	case code[0] == 0xC4 || code[0] == 0xC5:
		return "VEX"
	case code[0] == 0x0F && code[1] != 0x18 && code[1] != 0x1F && code[1] != 0xA2 && code[1] != 0x01 && code[1]&0xF0 != 0x80 && code[1] != 0xAF && code[1] != 0xB6 && code[1] != 0xB7:
		return "SSE"
	}
	return "general"
}

func TestClassesAreReadFromTheBytes(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"VADDPS Y1, Y2, Y3", "VEX"},
		{"VPMULLD Y1, Y2, Y3", "VEX"},
		{"VADDPS Y1, Y2, Y16", "EVEX"},
		{"VPXORD Y0, Y0, Y0", "EVEX"},
		{"ADDPS X0, X1", "SSE"},
		{"MOVUPS (SI), X1", "SSE"},
		{"PADDD X0, X9", "SSE"},
		{"MOVSS X0, (DI)", "SSE"},
		{"MOVWLZX (SI), R8", "general"},
		{"PREFETCHT0 (SI)", "general"},
		{"IMULQ R11, AX", "general"},
		{"CPUID", "general"},
		{"MOVQ R8, R9", "general"},
	} {
		code := asmtest.Instructions(t, "amd64", "TEXT ·f(SB), $0-0\n\t"+c.line+"\n\tRET\n")
		if got := classOf(code[0].Code); got != c.want {
			t.Errorf("%s is % x, which was read as %s, want %s", c.line, code[0].Code, got, c.want)
		}
	}
}

// Numbers of a form: registers, offsets, constants and names.
var (
	addresses = regexp.MustCompile(`-?\d*\(\w+\)(?:\(\w+\*\d\))?`)
	registers = regexp.MustCompile(`\b([XYZKT])\d+`)
	generals  = regexp.MustCompile(`\b([A-D]X|[SD]I|R\d+)\b`)
	constants = regexp.MustCompile(`\$(0x[0-9a-f]+|-?\d+)`)
)

// formOf is an instruction without its numbers. Named memory has another form, which
// only a linker completes: it is left out.
func formOf(l asmtest.Line) string {
	text := l.Op + " " + strings.Join(l.Operands, ", ")
	if strings.Contains(text, "(FP)") || strings.Contains(text, "(SB)") || strings.Contains(text, "(SP)") || strings.HasPrefix(l.Op, "J") {
		return ""
	}
	indexed := strings.Contains(text, "*")
	text = addresses.ReplaceAllString(text, map[bool]string{false: "(r)", true: "(r)(i)"}[indexed])
	text = registers.ReplaceAllString(text, "$1")
	text = constants.ReplaceAllString(text, "$$n")
	return generals.ReplaceAllString(text, "r")
}

// emitted are instructions of the kernels, one of each form with its machine code:
// that whose text is the last in order, which has high numbers of registers.
func emitted(t *testing.T) map[string]coded {
	t.Helper()
	all := map[string]coded{}
	for _, f := range Files() {
		lines := map[int]asmtest.Line{}
		for _, fn := range asmtest.Written(t, f).Functions {
			for _, l := range fn.Lines {
				lines[l.Number] = l
			}
		}
		for _, i := range asmtest.Instructions(t, "amd64", string(f.Assembly())) {
			l, ok := lines[i.Line]
			if !ok || formOf(l) == "" || l.Op == "RET" {
				continue
			}
			text := l.Op + " " + strings.Join(l.Operands, ", ")
			if form := formOf(l); cmp.Compare(text, all[form].text) > 0 {
				all[form] = coded{text, i.Code}
			}
		}
	}
	return all
}

// coded is an instruction and its machine code.
type coded struct {
	text string
	code []byte
}

// TestEveryFormMeansWhatLLVMReads compares one instruction of every form that the
// kernels have with what LLVM's disassembler reads in its machine code, which
// testdata/encodings.txt has: the text in Go's syntax, the bytes, and LLVM's text in
// AT&T's syntax, whose order of operands is Go's. So an instruction whose operands
// Go's assembler takes in another order than the kernels suppose is seen. Where
// there is an llvm-mc, COREML_UPDATE=1 writes the file anew.
func TestEveryFormMeansWhatLLVMReads(t *testing.T) {
	have := emitted(t)
	if len(have) < 200 {
		t.Fatalf("the kernels have %d forms", len(have))
	}
	name := filepath.Join("testdata", "encodings.txt")
	if path, err := exec.LookPath("llvm-mc"); err == nil && os.Getenv("COREML_UPDATE") != "" {
		update(t, path, name, have)
	}
	known := readEncodings(t, name)
	for _, form := range slices.Sorted(maps.Keys(have)) {
		t.Run(form, func(t *testing.T) {
			is, want := have[form], known[form]
			if want.text == "" {
				t.Fatalf("%s: no such form is in %s", is.text, name)
			}
			if got := attOf(want.text); got != want.att {
				t.Errorf("%s is %q for LLVM, want %q", want.text, want.att, got)
			}
			if is.text == want.text && fmt.Sprintf("%x", is.code) != want.code {
				t.Errorf("%s is %x, want %s", is.text, is.code, want.code)
			}
		})
	}
}

// encoding is a line of testdata/encodings.txt.
type encoding struct{ text, code, att string }

func readEncodings(t *testing.T, name string) map[string]encoding {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	known := map[string]encoding{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), " | ")
		if len(fields) != 3 {
			t.Fatalf("%s has the line %q", name, lines.Text())
		}
		op, rest, _ := strings.Cut(fields[0], " ")
		known[formOf(asmtest.Line{Op: op, Operands: splitOperands(rest)})] = encoding{fields[0], fields[1], fields[2]}
	}
	return known
}

// splitOperands cuts at the commas of Go's syntax, which has none inside operands.
func splitOperands(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}

// update writes what LLVM reads in the machine code.
func update(t *testing.T, path, name string, have map[string]coded) {
	t.Helper()
	var text strings.Builder
	for _, form := range slices.Sorted(maps.Keys(have)) {
		var code strings.Builder
		for _, b := range have[form].code {
			fmt.Fprintf(&code, "0x%02x ", b)
		}
		cmd := exec.CommandContext(t.Context(), path, "-triple=x86_64", "-mattr=+avx512f,+avx512vl,+avx512dq,+avx512vnni,+amx-tile,+amx-int8", "-disassemble")
		cmd.Stdin = strings.NewReader(code.String())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", form, err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		att, _, _ := strings.Cut(lines[len(lines)-1], "#") // which says what it does
		att = strings.Join(strings.Fields(att), " ")
		fmt.Fprintf(&text, "%s | %x | %s\n", have[form].text, have[form].code, att)
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
