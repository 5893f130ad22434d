package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/modelpkg"
)

func TestInspectShowsWhatAPackageHolds(t *testing.T) {
	r := call(t, "inspect", model)
	for _, want := range []string{
		"specification  9", "function main (CoreML8)", "inputIds    int32 (1 x 1..512)",
		"state   keyCache    float16 (6 x 1 x 2 x 512 x 32)", "driven as stateful", "context 512",
		"scaled_dot_product_attention", "int4 per block of 32", "weight.bin", "portable, runs every operation",
	} {
		r.want(t, exitOK, want, "")
	}
	r = call(t, "inspect", filepath.Join(fixtures, "lora-multifunction", "model.mlpackage"), "--function", "poet")
	r.want(t, exitOK, "function poet", "")
	if strings.Contains(r.out, "function base") {
		t.Error("another function is shown too")
	}
}

func TestInspectWritesJSON(t *testing.T) {
	var info packageInfo
	r := call(t, "inspect", filepath.Join(fixtures, "lora-multifunction", "model.mlpackage"), "--json")
	if err := json.Unmarshal([]byte(r.out), &info); err != nil || r.status != exitOK {
		t.Fatalf("status %d: %v", r.status, err)
	}
	var names []string
	for _, f := range info.Functions {
		names = append(names, f.Name)
		if f.Family != "stateful" || len(f.Inputs) != 2 || len(f.Outputs) != 1 || len(f.States) != 2 || len(f.Ops) == 0 {
			t.Errorf("function %+v", f)
		}
	}
	if !slices.Equal(names, []string{"base", "coder", "poet"}) || info.DefaultFunction != "base" || info.Engine != "portable" ||
		len(info.Unsupported) != 0 || len(info.Weights) == 0 || len(info.Files) != 1 {
		t.Errorf("functions %v, info %+v", names, info)
	}
}

func TestInspectPrintsProgramAndPlan(t *testing.T) {
	call(t, "inspect", model, "--mil").want(t, exitOK, "scaled_dot_product_attention", "")
	call(t, "inspect", model, "--mil", "--function", "main").want(t, exitOK, "scaled_dot_product_attention", "")
	if r := call(t, "inspect", model, "--plan"); r.status != exitOK || len(r.out) < 100 {
		t.Errorf("status %d, plan %q", r.status, r.out)
	}
}

func TestInspectSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "model.mlmodel")
	if err := os.WriteFile(file, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"nothing there":               {"nowhere.mlpackage"},
		"a folder that is no package": {t.TempDir()},
		"a file that is no model":     {file},
		"no such function":            {model, "--function", "dance"},
		"no such function to print":   {model, "--function", "dance", "--mil"},
		"no such function to plan":    {model, "--function", "dance", "--plan"},
	} {
		t.Run(name, func(t *testing.T) {
			r := call(t, append([]string{"inspect"}, args...)...)
			r.want(t, exitFailure, "", "coreml: ")
			if r.out != "" {
				t.Errorf("standard output has %q", r.out)
			}
		})
	}
}

func TestTablesAlign(t *testing.T) {
	tab := table{indent: " ", right: map[int]bool{1: true}}
	tab.row("a", "1", "x")
	tab.row("héllo", "22")
	if got, want := tab.String(), " a       1  x\n héllo  22\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for n, want := range map[int64]string{12: "12 B", 2048: "2.0 KiB", 5 << 20: "5.0 MiB", 3 << 29: "1.50 GiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
}

// renamed copies a package and renames an operator in it.
func renamed(t *testing.T, from, old, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model.mlpackage")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	pkg, err := modelpkg.OpenPath(from)
	if err != nil {
		t.Fatal(err)
	}
	defer pkg.Close()
	m := pkg.Model()
	n := 0
	for _, f := range m.Program.Functions {
		for _, b := range f.Function.Blocks {
			for i := range b.Block.Operations {
				if op := &b.Block.Operations[i]; op.Type == old {
					op.Type = name
					n++
				}
			}
		}
	}
	if n == 0 {
		t.Fatalf("the package has no %s", old)
	}
	file := filepath.Join(dir, "Data", "com.apple.CoreML", "model.mlmodel")
	if err := os.WriteFile(file, m.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestInspectNamesOperationsThatNoEngineRuns(t *testing.T) {
	pkg := renamed(t, filepath.Join(fixtures, "llama-int4", "model.mlpackage"), "silu", "moonwalk")
	r := call(t, "inspect", pkg)
	for _, want := range []string{"cannot run it: no moonwalk", "driven as stateful", "int4 per block of 32"} {
		r.want(t, exitOK, want, "")
	}
	var info packageInfo
	if err := json.Unmarshal([]byte(call(t, "inspect", pkg, "--json").out), &info); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(info.Unsupported, []string{"moonwalk"}) || info.Engine != "" {
		t.Errorf("unsupported %v, engine %q", info.Unsupported, info.Engine)
	}
	call(t, "generate", "x", "-m", pkg, "--tokenizer", filepath.Dir(model)).want(t, exitFailure, "", "moonwalk")
}

func TestAPackageThatWritesNoTextSaysWhy(t *testing.T) {
	pkg := adder(t)
	call(t, "inspect", pkg).want(t, exitOK, "  no text generation: ", "")
	// It is not asked for a tokenizer, which would not help.
	call(t, "generate", "x", "-m", pkg).want(t, exitFailure, "", "no text generation: ")
	for _, args := range [][]string{{"generate", "x", "-m", pkg, "--tokenizer", filepath.Dir(model)}, {"bench", pkg}, {"verify", pkg, "x", "--engine", "portable"}} {
		r := call(t, args...)
		r.want(t, exitFailure, "", "coreml: "+pkg+": ")
		if strings.Contains(r.err, "open:") || strings.Contains(r.err, "new:") || strings.Count(r.err, pkg) != 1 {
			t.Errorf("%v: %q", args, r.err)
		}
	}
}
