package asmtest_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

const (
	stubs    = "package kernel\n\n//go:noescape\nfunc f(x *float32, s float32, n int) float32\n"
	assembly = "GLOBL ·c<>(SB), RODATA|NOPTR, $8\n\nTEXT ·f(SB), NOSPLIT, $16-28\n\tMOVQ (SI)(AX*4), BX\nloop:\nagain:\n" +
		"\tWORD $0x4e84f000 // tbl v0.16b, {v1.16b-v2.16b}, v3.16b\n\tRET\nend:\n"
)

func TestAFileIsReadAsItsTextSays(t *testing.T) {
	file, err := asmtest.Read(assembly, stubs)
	if err != nil {
		t.Fatal(err)
	}
	f := file.Functions[0]
	if f.Name != "f" || f.Frame != 16 || f.Args != 28 || file.Data["c"] != 8 || strings.Join(f.End, " ") != "end" {
		t.Errorf("got %+v and constants %v", f, file.Data)
	}
	for i, want := range []string{
		"line 4: MOVQ (SI)(AX*4), BX", "line 7: tbl v0.16b, {v1.16b-v2.16b}, v3.16b", "line 8: RET ",
	} {
		if got := f.Lines[i].String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := strings.Join(f.Lines[1].Labels, " "); got != "loop again" || len(f.Lines[1].Operands) != 3 {
		t.Errorf("labels %q and operands %q", got, f.Lines[1].Operands)
	}
}

// TestParametersLieWhereGoPutsThem has the offsets of Go's ABI0: the float after a
// pointer, the integer at the next multiple of 8, and the result at that of 8.
func TestParametersLieWhereGoPutsThem(t *testing.T) {
	file, err := asmtest.Read(assembly, stubs)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []asmtest.Param{
		{Name: "x", Offset: 0, Size: 8, Pointer: true},
		{Name: "s", Offset: 8, Size: 4},
		{Name: "n", Offset: 16, Size: 8},
		{Name: "ret", Offset: 24, Size: 4},
	} {
		if got := file.Functions[0].Params[i]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestAFunctionWithoutADeclarationIsRefused(t *testing.T) {
	_, err := asmtest.Read(strings.Replace(assembly, "·f(SB)", "·g(SB)", 1), stubs)
	if err == nil || !strings.Contains(err.Error(), "g has no declaration") {
		t.Errorf("got %v", err)
	}
	if _, err := asmtest.Read(assembly, "no Go"); err == nil {
		t.Error("declarations that are no Go were read")
	}
}

func TestBytesAreToldInRanges(t *testing.T) {
	for got, want := range map[string]string{
		asmtest.Every(2, 8, 0, 4):            "0-4 8-12",
		asmtest.Every(2, 4, 0, 4):            "0-8",
		asmtest.Every(1, 0, 4, 8, 0, 2):      "0-2 4-8",
		asmtest.Reads(4) + asmtest.Stores(8): "r 0-4w 0-8",
		asmtest.Updates(4):                   "r 0-4 w 0-4",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestAnAddressThatNothingSetIsNone walks through a function of one instruction.
func TestAnAddressThatNothingSetIsNone(t *testing.T) {
	file, err := asmtest.Read("TEXT ·f(SB), NOSPLIT, $0-28\n\tload\n\tRET\n", stubs)
	if err != nil {
		t.Fatal(err)
	}
	machine := func(l asmtest.Line) (asmtest.Effect, error) {
		if l.Op == "RET" {
			return asmtest.Effect{Ends: true, Returns: true}, nil
		}
		at := asmtest.Access{Base: "P", Size: 4, Offset: 8}
		return asmtest.Effect{Memory: []asmtest.Access{at}}, nil
	}
	walk := asmtest.Walk{}
	if err := walk.Run(machine, file.Functions[0], nil); err == nil || !strings.Contains(err.Error(), "touches 4 bytes") {
		t.Errorf("an address that nothing set: got %v", err)
	}
}
