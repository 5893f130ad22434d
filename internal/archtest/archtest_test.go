package archtest_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/archtest"
)

// root is the repository's root, seen from this package.
const root = "../.."

func TestTheRepositoryKeepsItsRules(t *testing.T) {
	tree, err := archtest.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 10 {
		t.Fatalf("the tree has %d files: the scan went wrong", len(tree.Files))
	}
	for _, violation := range tree.Check(archtest.Default()) {
		t.Error(violation)
	}
}

// TestWhatImportersLink looks at whole dependency graphs, third-party code
// included, which the scan of source files cannot see.
func TestWhatImportersLink(t *testing.T) {
	if testing.Short() {
		t.Skip("lists packages with the go command")
	}
	libraries := present(t, "coreml", "generate", "tensor", "tokenizer")
	for _, goos := range []string{"linux", "darwin", "windows"} {
		deps := goListDeps(t, goos, libraries)
		banned := []string{"net/http", "net", "github.com/sugarme/tokenizer", "github.com/google/go-cmp/cmp"}
		if goos != "darwin" {
			banned = append(banned, "github.com/ebitengine/purego")
		}
		for _, name := range banned {
			if slices.Contains(deps, name) {
				t.Errorf("on %s the library packages link %s", goos, name)
			}
		}
		if slices.Contains(deps, "runtime/cgo") {
			t.Errorf("on %s the library packages need cgo", goos)
		}
	}
}

// TestNamedBinaryIsStatic looks at the Linux binary that COREML_BINARY names:
// no interpreter and no shared library.
func TestNamedBinaryIsStatic(t *testing.T) {
	name := os.Getenv("COREML_BINARY")
	if name == "" {
		t.Skip("COREML_BINARY names no binary")
	}
	f, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("%s has a %v segment: it is not static", name, segment.Type)
		}
	}
}

// present returns the patterns of those directories that hold a package.
func present(t *testing.T, dirs ...string) []string {
	t.Helper()
	var patterns []string
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) > 0 {
			patterns = append(patterns, "./"+dir)
		}
	}
	return patterns
}

// goListDeps returns the import paths of everything that the packages link.
func goListDeps(t *testing.T, goos string, patterns []string) []string {
	t.Helper()
	if len(patterns) == 0 {
		return nil
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps"}, patterns...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=arm64", "CGO_ENABLED=0", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return strings.Fields(string(out))
}
