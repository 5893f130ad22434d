package tensor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheTableOfMLTensorNamesWhatExists checks the right-hand column of the
// table in the package's documentation against its exported names.
func TestTheTableOfMLTensorNamesWhatExists(t *testing.T) {
	exported := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				exported[d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok {
						exported[s.Name.Name] = true
					}
				}
			}
		}
	}
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows, column := 0, 0 // where the right-hand column begins, in runes
	for line := range strings.Lines(string(text)) {
		row := []rune(strings.TrimRight(line, "\n"))
		switch {
		case strings.HasPrefix(line, "//\tMLTensor "):
			column = strings.Index(line, "here")
			continue
		case column == 0 || !strings.HasPrefix(line, "//\t"):
			continue
		case len(row) <= column || row[column-1] != ' ' || row[column] == ' ':
			t.Fatalf("the row %q has no second column", line)
		}
		rows++
		for _, name := range regexp.MustCompile(`\b[A-Z]\w+`).FindAllString(string(row[column:]), -1) {
			if !exported[name] {
				t.Errorf("%q names %s, which does not exist", strings.TrimSpace(line), name)
			}
		}
	}
	if rows < 55 {
		t.Errorf("the table has %d rows", rows)
	}
}
