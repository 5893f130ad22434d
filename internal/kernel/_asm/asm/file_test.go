package asm_test

import (
	"fmt"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// mustPanic runs f, which is to panic with a message that holds want.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if got, ok := recover().(string); !ok || !strings.Contains(got, want) {
			t.Errorf("panic %q, want one with %q", got, want)
		}
	}()
	f()
}

func TestLabelsOfOneFunctionDoNotDependOnAnother(t *testing.T) {
	write := func(others int) string {
		f := asm.NewFile("k", "amd64")
		for i := range others + 1 {
			fn := f.Func(asm.Signature{Name: string(rune('z' - i))})
			for range others + 1 - i {
				fn.Jump("JMP", fn.Here("loop"))
			}
		}
		_, text, _ := strings.Cut(string(f.Assembly()), "TEXT ·"+string(rune('z'-others)))
		return text
	}
	if one, two := write(0), write(3); one != two {
		t.Errorf("a function is\n%s\nand behind others\n%s", one, two)
	}
	if text := write(0); !strings.Contains(text, "\nloop:\n\tJMP loop\n") {
		t.Errorf("a label and its jump are missing in\n%s", text)
	}
}

func TestEqualNamesOfLabelsAreNumbered(t *testing.T) {
	fn := asm.NewFile("k", "amd64").Func(asm.Signature{Name: "f"})
	for _, want := range []asm.Label{"loop", "loop2", "loop3"} {
		if got := fn.NewLabel("loop"); got != want {
			t.Errorf("got label %s, want %s", got, want)
		}
	}
	if got := fn.NewLabel("end"); got != "end" {
		t.Errorf("got label %s, want end", got)
	}
}

func TestAJumpNeedsALabelThatIsBoundOnce(t *testing.T) {
	f := asm.NewFile("k", "amd64")
	fn := f.Func(asm.Signature{Name: "f"})
	l := fn.NewLabel("far")
	fn.Jump("JMP", l)
	mustPanic(t, "f jumps to far", func() { f.Assembly() })
	fn.Bind(l)
	mustPanic(t, "far is bound twice", func() { fn.Bind(l) })
}

func TestAConstantHasOneValue(t *testing.T) {
	fn := asm.NewFile("k", "amd64").Func(asm.Signature{Name: "f"})
	if got := fn.Data("c", 1, 2); got != "·c<>(SB)" || got != fn.Data("c", 1, 2) {
		t.Errorf("the address of a constant is %s", got)
	}
	mustPanic(t, "constant c is", func() { fn.Data("c", 1, 3) })
}

// TestArgumentsLieWhereGoPutsThem takes the offsets of a struct of the parameters
// from go/types, which knows the rules of the compiler.
func TestArgumentsLieWhereGoPutsThem(t *testing.T) {
	known := map[asm.Type]types.Type{
		asm.Float: types.Typ[types.Float32], asm.Int: types.Typ[types.Int],
		asm.Floats: types.NewPointer(types.Typ[types.Float32]), asm.Halves: types.NewPointer(types.Typ[types.Uint16]),
		asm.Bytes: types.NewPointer(types.Typ[types.Byte]),
	}
	for _, params := range [][]asm.Type{
		{asm.Floats, asm.Float, asm.Float, asm.Int},
		{asm.Float, asm.Bytes},
		{asm.Int, asm.Float, asm.Halves, asm.Float},
	} {
		s := asm.Signature{Name: "f", Result: asm.Float}
		var fields []*types.Var
		for i, p := range params {
			s.Params = append(s.Params, asm.P(string(rune('a'+i)), p))
			fields = append(fields, types.NewVar(token.NoPos, nil, string(rune('a'+i)), known[p]))
		}
		// A result begins where a pointer could.
		fields = append(fields, types.NewVar(token.NoPos, nil, "ret", types.NewStruct([]*types.Var{
			types.NewVar(token.NoPos, nil, "v", types.Typ[types.Float32]),
			types.NewVar(token.NoPos, nil, "p", types.NewPointer(types.Typ[types.Float32])),
		}, nil)))
		offsets := types.SizesFor("gc", "amd64").Offsetsof(fields)
		fn := asm.NewFile("k", "amd64").Func(s)
		for i, p := range s.Params {
			if got, want := fn.Arg(p.Name), place(p.Name, offsets[i]); got != want {
				t.Errorf("%v: argument %s, want %s", params, got, want)
			}
		}
		if got, want := fn.Ret(), place("ret", offsets[len(params)]); got != want {
			t.Errorf("%v: result %s, want %s", params, got, want)
		}
	}
}

func place(name string, offset int64) string { return fmt.Sprintf("%s+%d(FP)", name, offset) }

func TestAChoiceCallsTheKernelOfItsKey(t *testing.T) {
	f := asm.NewFile("k", "amd64")
	few := asm.Signature{Name: "few", Params: []asm.Param{asm.P("x", asm.Floats)}}
	more := asm.Signature{Name: "more", Params: []asm.Param{asm.P("x", asm.Floats), asm.P("n", asm.Int)}}
	c := f.Choose(asm.ByCount, "any", "chooses.")
	c.Add(1, few)
	c.Add(2, more)
	partial := f.Choose(asm.ByKind, "some", "chooses or not.")
	partial.Add("kind4sPlain", few)
	partial.Partial()
	dir := t.TempDir()
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "k_amd64.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"func any(count int, x *float32, n int) {\n\tswitch count {\n\tcase 1:\n\t\tfew(x)\n\tcase 2:\n\t\tmore(x, n)\n\t}\n}\n",
		"func some(kind kernelKind, x *float32) bool {\n\tswitch kind {\n\tcase kind4sPlain:\n\t\tfew(x)\n\tdefault:\n\t\treturn false\n\t}\n\treturn true\n}\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the declarations have no\n%s\nbut\n%s", want, text)
		}
	}
	c.Add(3, asm.Signature{Name: "other", Params: []asm.Param{asm.P("y", asm.Floats)}})
	mustPanic(t, "other has y *float32", func() { _ = f.Write(dir) })
}
