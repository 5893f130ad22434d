package archtest_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/archtest"
)

var update = flag.Bool("update", false, "write the golden files of the exported surface anew")

// TestThePublicFaceChangesOnPurpose compares what each public package exports with
// a golden file, so that a change of it is seen in review: go test
// ./internal/archtest -update writes the files anew.
func TestThePublicFaceChangesOnPurpose(t *testing.T) {
	tree, err := archtest.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	api := tree.API()
	for _, dir := range []string{"coreml", "tensor", "generate", "tokenizer"} {
		if api[dir] == "" {
			t.Errorf("package %s exports nothing: the scan went wrong", dir)
		}
	}
	golden := filepath.Join("testdata", "api")
	if *update {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(golden, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for dir, got := range api {
		name := filepath.Join(golden, strings.ReplaceAll(dir, "/", "-")+".txt")
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("package %s exports something else than %s says (-want +got); if that is right, run go test ./internal/archtest -update:\n%s", dir, name, diff)
		}
	}
	kept, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) != len(api) {
		t.Errorf("%d golden files for %d packages", len(kept), len(api))
	}
}

func TestAPIOfAPackage(t *testing.T) {
	tree := load(t, map[string]string{
		"go.mod": "module " + module + "\n\ngo 1.26.0\n",
		"p/p.go": "package p\n\nconst (\n\tA Kind = iota\n\tB\n\tc\n)\n\ntype Kind uint8\n\nvar E, f error\n\n" +
			"type S struct {\n\tX, y int `json:\"x\"`\n\tOther\n}\ntype Other = S\n\ntype I interface{ M(a, b int) error }\n\n" +
			"func (s *S) Do(x []int,\n\ty ...string) (n int, err error) { return 0, nil }\nfunc (s *S) hidden() {}\n" +
			"func Of[T any](v T) *S { return nil }\ntype small struct{}\nfunc (small) Public() {}\n",
		"p/p_test.go":      "package p\n\nfunc InTest() {}\n",
		"internal/q/q.go":  "package q\n\nfunc Internal() {}\n",
		"cmd/tool/main.go": "package main\n\nfunc Tool() {}\n",
	})
	want := map[string]string{"p": strings.Join([]string{
		"const A Kind", "const B Kind", "embedded S Other", "field S.X int `json:\"x\"`", "func Of[T any](v T) *S",
		"method (*S) Do(x []int, y ...string) (n int, err error)", "type I interface{ M(a, b int) error }", "type Kind uint8",
		"type Other = S", "type S struct", "var E error", "",
	}, "\n")}
	if diff := cmp.Diff(want, tree.API()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
