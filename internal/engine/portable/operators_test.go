package portable

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

var updatePages = flag.Bool("update", false, "write docs/operators.md anew")

// operatorsPage renders docs/operators.md.
func operatorsPage(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/opsets.json")
	if err != nil {
		t.Fatal(err)
	}
	var opsets map[string][]string
	if err := json.Unmarshal(raw, &opsets); err != nil {
		t.Fatal(err)
	}
	names, have := make([]string, 0, len(opsets)), 0
	for name := range opsets {
		names = append(names, name)
		if op.Known(name) {
			have++
		}
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("# Operators of the portable engine\n\n")
	fmt.Fprintf(&b, "The portable engine runs %d of the %d operators of ML Programs, in every opset that has them. A package with another\n", have, len(names))
	b.WriteString("one is refused when it is loaded; the error names it. *Defined* are the opsets in which an operator appeared or changed.\n\n")
	b.WriteString("This page is written by a test from the engine's own table: `go test ./internal/engine/portable -run TableOfOperators -update`.\n\n")
	b.WriteString("| operator | defined | notes |\n|---|---|---|\n")
	for _, name := range names {
		note := ""
		if d := op.Lookup(name); d != nil {
			note = d.Note
		} else if name == "const" {
			note = "a constant: it is never executed"
		}
		if !op.Known(name) {
			note = "**not supported**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, strings.Join(opsets[name], ", "), note)
	}
	for name := range op.Table {
		if opsets[name] == nil {
			t.Errorf("operator %s is in no opset", name)
		}
	}
	return b.String()
}

func TestTheTableOfOperatorsIsUpToDate(t *testing.T) {
	const path = "../../../docs/operators.md"
	want := operatorsPage(t)
	if *updatePages {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from the engine's table: run this test with -update", path)
	}
}
