package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/archtest"
)

// TestTheDrawingIsTheImportGraph compares the floors in docs/architecture.md with
// the imports of the source: go test ./internal/archtest -update draws them anew.
func TestTheDrawingIsTheImportGraph(t *testing.T) {
	const begin, end = "<!-- floors: begin -->\n", "<!-- floors: end -->"
	tree, err := archtest.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "docs", "architecture.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	drawn, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the floors", name)
	}
	want := tree.Floors(archtest.Default().Module)
	if *update {
		if err := os.WriteFile(name, []byte(head+begin+want+end+tail), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(drawn, "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("the floors are not those of the imports (-page +source); go test ./internal/archtest -update draws them anew:\n%s", diff)
	}
}

func TestAPackageStandsAboveWhatItNeeds(t *testing.T) {
	tree := load(t, map[string]string{
		"go.mod":          "module m\n\ngo 1.26.0\n",
		"low/low.go":      "// Package low needs nothing. It is small.\npackage low\n",
		"mid/mid.go":      "// Package mid needs low.\npackage mid\n\nimport _ \"m/low\"\n",
		"high/high.go":    "// Package high needs both.\npackage high\n\nimport (\n\t_ \"m/low\"\n\t_ \"m/mid\"\n)\n",
		"low/low_test.go": "package low\n\nimport _ \"m/high\"\n",
	})
	const head = "\n\n| package | what it is | stands on |\n|---|---|---|\n"
	want := "**Floor 2**" + head + "| `high` | Package high needs both. | `low` `mid` |\n\n" +
		"**Floor 1**" + head + "| `mid` | Package mid needs low. | `low` |\n\n" +
		"**Floor 0**" + head + "| `low` | Package low needs nothing. |  |\n\n"
	if diff := cmp.Diff(want, tree.Floors("m")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
