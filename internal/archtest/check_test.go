package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/archtest"
)

const module = "github.com/gocoreml/coreml"

// pkg is the head of a documented package that imports the given paths.
func pkg(name string, imports ...string) string {
	var b strings.Builder
	b.WriteString("// Package " + name + " is part of a made-up tree.\npackage " + name + "\n")
	for _, p := range imports {
		b.WriteString("import _ \"" + p + "\"\n")
	}
	return b.String()
}

// named is like pkg, with one import under its own name and a body.
func named(name, imported, body string) string {
	return strings.Replace(pkg(name, imported), "import _ ", "import ", 1) + body
}

// load makes a module of the files in a temporary directory and reads it.
func load(t *testing.T, files map[string]string) *archtest.Tree {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := archtest.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// write makes a module of the files and checks it.
func write(t *testing.T, files map[string]string) []string {
	t.Helper()
	if _, ok := files["go.mod"]; !ok {
		files["go.mod"] = "module " + module + "\n\ngo 1.26.0\n"
	}
	return load(t, files).Check(archtest.Default())
}

func TestARuleThatIsBrokenIsReported(t *testing.T) {
	const marker = "TO" + "DO"
	tests := []struct {
		name, file, text, want string
	}{
		{"tensor imports coreml", "tensor/a.go", pkg("tensor", module+"/coreml"), "room tensor may not import room coreml"},
		{"tokenizer imports tensor", "tokenizer/a.go", pkg("tokenizer", module+"/tensor"), "room tokenizer may not import room tensor"},
		{"generate imports hub", "generate/a.go", pkg("generate", module+"/hub"), "room generate may not import room hub"},
		{"generate imports an internal package", "generate/a.go", pkg("generate", module+"/internal/mil"), "room generate may not import room internal/mil"},
		{"kernel imports storage", "internal/kernel/a.go", pkg("kernel", module+"/internal/storage"), "room internal/kernel may not import room internal/storage"},
		{"the seam imports an engine", "internal/engine/a.go", pkg("engine", module+"/internal/engine/portable"), "room internal/engine may not import room internal/engine/portable"},
		{"purego outside objc", "coreml/a.go", pkg("coreml", "github.com/ebitengine/purego"), "may not use this module"},
		{"purego in a test outside objc", "coreml/a_test.go", pkg("coreml", "github.com/ebitengine/purego"), "may not use this module"},
		{"an HTTP client outside hub", "generate/a.go", pkg("generate", "net/http"), "may not use this standard package"},
		{"go-cmp outside a test", "tensor/a.go", pkg("tensor", "github.com/google/go-cmp/cmp"), "may not use this module"},
		{"cgo", "internal/kernel/a.go", pkg("kernel", "C"), "may not use this standard package"},
		{"an unknown module", "cmdx/a.go", pkg("cmdx"), "no room in the rules holds the directory cmdx"},
		{"the framework on every system", "coreml/a.go", pkg("coreml", module+"/internal/engine/apple"), "allowed on darwin only"},
		{"the framework on linux", "coreml/a_linux.go", pkg("coreml", module+"/internal/engine/apple"), "allowed on darwin only"},
		{"a finalizer", "tensor/a.go", named("tensor", "runtime", "func f(x *int) { runtime.SetFinalizer(x, nil) }\n"), "uses runtime.SetFinalizer"},
		{"a library that prints", "tensor/a.go", named("tensor", "fmt", "func f() { fmt.Println() }\n"), "uses fmt.Println"},
		{"a library that logs", "tensor/a.go", pkg("tensor", "log"), "may not use this standard package"},
		{"a file that is opened past storage", "coreml/a.go", named("coreml", "os", "func f() { os.Open(\"x\") }\n"), "uses os.Open"},
		{"a file that is read past storage", "generate/a.go", named("generate", "os", "func f() { os.ReadFile(\"x\") }\n"), "uses os.ReadFile"},
		{"a file of a file system that is read past storage", "internal/npy/a.go", named("npy", "io/fs", "func f() { fs.ReadFile(nil, \"x\") }\n"), "uses io/fs.ReadFile"},
		{"a file that is opened for reading where only writing is allowed", "internal/modelpkg/a.go", named("modelpkg", "os", "func f() { os.Open(\"x\") }\n"), "uses os.Open"},
		{"a library that exits", "hub/a.go", named("hub", "os", "func f() { os.Exit(1) }\n"), "uses os.Exit"},
		{"a library with println", "tensor/a.go", pkg("tensor") + "func f() { println() }\n", "builtin println"},
		{"something left for later", "tensor/a.go", pkg("tensor") + "\n// " + marker + ": more\n", "holds " + marker},
		{"something left for later in assembly", "internal/kernel/a_amd64.s", "// " + marker + "\n", "holds " + marker},
		{"a file that is too long", "tensor/a.go", pkg("tensor") + strings.Repeat("\n", 700), "more than 700"},
		{"a package without a comment", "tensor/a.go", "package tensor\n", "has no package comment"},
		{"a function without a comment", "internal/mil/a.go", pkg("mil") + "\nfunc Parse() {}\n", "exported Parse has no doc comment"},
		{"a method without a comment", "tensor/a.go", pkg("tensor") + "\n// T is one.\ntype T struct{}\n\nfunc (t *T) Len() int { return 0 }\n", "exported T.Len has no doc comment"},
		{"a type in a group without a comment", "tensor/a.go", pkg("tensor") + "\n// Types.\ntype (\n\tT struct{}\n)\n", "exported T has no doc comment"},
		{"a constant without a comment", "tensor/a.go", pkg("tensor") + "\nconst Max = 3\n", "exported Max has no doc comment"},
		{"a public field without a comment", "tensor/a.go", pkg("tensor") + "\n// T is one.\ntype T struct {\n\tLen int\n\n\tcap int\n}\n", "exported T.Len has no doc comment"},
		{"a link to a name of old", "tensor/a.go", pkg("tensor") + "\n// Max is as long as [Lenght].\nconst Max = 3\n", "the link [Lenght] leads nowhere"},
		{"a link to a field of old", "tensor/a.go", pkg("tensor") + "\n// T is one, see [T.Size].\ntype T struct {\n\t// Len is a number.\n\tLen int\n}\n", "the link [T.Size] leads nowhere"},
		{"a link to another package's name of old", "generate/a.go", pkg("generate") + "\n// Max is [generate.Most].\nconst Max = 3\n", "the link [generate.Most] leads nowhere"},
		{"a public result of internal type", "tensor/a.go", named("tensor", module+"/internal/dtype", "\n// F is one.\nfunc F() []dtype.Type { return nil }\n"), "tensor.F shows the internal dtype.Type"},
		{"a public field of internal type", "tensor/a.go", named("tensor", module+"/internal/dtype", "\n// T is one.\ntype T struct {\n\t// D is a type.\n\tD map[string]*dtype.Type\n}\n"), "tensor.T.D shows the internal dtype.Type"},
		{"a public alias of internal type", "tensor/a.go", named("tensor", module+"/internal/dtype", "\n// T is one.\ntype T = dtype.Type\n"), "tensor.T shows the internal dtype.Type"},
		{"a public constant of internal type", "tensor/a.go", named("tensor", module+"/internal/dtype", "\n// T is one.\nconst T = dtype.Float16\n"), "tensor.T shows the internal dtype.Float16"},
		{"a public method of an interface", "coreml/a.go", named("coreml", module+"/internal/mil", "\n// I is one.\ntype I interface {\n\t// M is one.\n\tM(mil.Op)\n}\n"), "coreml.I.M shows the internal mil.Op"},
		{"one more dependency", "go.mod", "module " + module + "\n\nrequire example.com/more v1.0.0\n", "requires example.com/more"},
		{"one more dependency in a block", "go.mod", "module " + module + "\n\nrequire (\n\texample.com/more v1.0.0\n)\n", "requires example.com/more"},
		{"a toolchain line", "go.mod", "module " + module + "\n\ntoolchain go1.26.8\n", "toolchain"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := write(t, map[string]string{test.file: test.text})
			if !strings.Contains(strings.Join(found, "\n"), test.want) {
				t.Errorf("want a violation that holds %q, got %q", test.want, found)
			}
		})
	}
}

func TestATreeThatKeepsTheRulesIsAccepted(t *testing.T) {
	found := write(t, map[string]string{
		"go.mod":                         "module " + module + "\n\nrequire golang.org/x/sys v0.1.0\n\nrequire example.com/far v1.0.0 // indirect\n",
		"doc.go":                         pkg("coreml"),
		"internal/dtype/a.go":            pkg("dtype") + "\n// Type is one.\ntype Type uint8\n",
		"internal/dtype/z_gen.go":        "// Code generated by gen. DO NOT EDIT.\n\npackage dtype\n\nfunc Made() {}\n" + strings.Repeat("\n", 900),
		"internal/kernel/a.go":           pkg("kernel", module+"/internal/dtype", "golang.org/x/sys/cpu"),
		"internal/objc/a_darwin.go":      pkg("objc", "github.com/ebitengine/purego"),
		"coreml/apple_darwin.go":         pkg("coreml", module+"/internal/engine/apple"),
		"coreml/apple_tag.go":            "//go:build darwin\n\n" + pkg("coreml", module+"/internal/engine/apple"),
		"coreml/a_test.go":               pkg("coreml_test", module+"/tensor", "github.com/google/go-cmp/cmp", "net/http"),
		"tokenizer/gen.go":               "//go:build ignore\n\n" + named("main", "log", "func main() { log.Fatal() }\n"),
		"tensor/link.go":                 pkg("tensor") + "\n// Max is the most of [T.Rows] and of x[True], for shapes [N] and [rows, cols]; see [fmt.Println].\nconst Max = 3\n",
		"coreml/errors.go":               named("coreml", module+"/internal/modelpkg", "\n// ErrX is one.\nvar ErrX = modelpkg.ErrX\n"),
		"hub/a.go":                       pkg("hub", "net/http"),
		"tensor/a.go":                    named("tensor", module+"/internal/dtype", "\n// T is one.\ntype T struct {\n\t// Rows and the columns are counted from 1.\n\tRows int\n\tCols int\n\n\td dtype.Type\n}\n\nfunc f() dtype.Type { return 0 }\n"),
		"cmd/coreml/main.go":             named("main", "fmt", "func main() { fmt.Println() }\n"),
		"examples/hello/testdata/bad.go": "package wrong syntax",
		"internal/kernel/_old/bad.go":    "package wrong syntax",
	})
	for _, violation := range found {
		t.Error(violation)
	}
}

func TestAModuleThatBeginsWithAnUnderscoreKeepsTheRulesToo(t *testing.T) {
	found := write(t, map[string]string{
		"internal/kernel/_asm/go.mod": "module " + module + "/internal/kernel/_asm\n",
		"internal/kernel/_asm/a.go":   pkg("main", module+"/internal/kernel"),
	})
	const want = "room internal/kernel/_asm may not import room internal/kernel"
	if !strings.Contains(strings.Join(found, "\n"), want) {
		t.Errorf("want a violation that holds %q, got %q", want, found)
	}
}

func TestAFileThatDoesNotParseIsAnError(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n", "a.go": "package 3"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := archtest.Load(root); err == nil {
		t.Error("a tree with a broken file loaded")
	}
}
