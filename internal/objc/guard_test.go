package objc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is one Go file of the module.
type source struct {
	path string // from the module's root, with slashes
	file *ast.File
}

// parseModule parses every Go file of the module, for any system, once.
var parseModule = sync.OnceValues(func() ([]source, error) {
	root := filepath.Join("..", "..")
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		all = append(all, source{path: filepath.ToSlash(rel), file: file})
		return err
	})
	return all, err
})

// moduleSources returns every Go file of the module.
func moduleSources(t *testing.T) []source {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "..", "go.mod")); err != nil {
		t.Skipf("the module's source is not here: %v", err)
	}
	all, err := parseModule()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// isTable reports whether a file is one of the selector table's.
func isTable(path string) bool { return strings.HasPrefix(path, "internal/objc/table_") }

// mayNameSelectors reports whether a file outside the table may hold a selector
// as text: the tests of this package, which check what the table says.
func mayNameSelectors(path string) bool {
	return strings.HasPrefix(path, "internal/objc/") && strings.HasSuffix(path, "_test.go")
}

func TestNoSelectorStandsOutsideTheTable(t *testing.T) {
	selectors := make(map[string]bool)
	for key := range methodFacts(t) {
		selector := key[strings.LastIndexByte(key, ' ')+1:]
		// Shorter names ("count", "type") are also words of other things; they
		// cannot be sent either, which the next test shows.
		if strings.Contains(selector, ":") {
			selectors[selector] = true
		}
	}
	inTable := 0
	for _, s := range moduleSources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			switch {
			case err != nil || !selectors[text]:
			case isTable(s.path):
				inTable++
			case !mayNameSelectors(s.path):
				t.Errorf("%s holds the selector %q", s.path, text)
			}
			return true
		})
	}
	if inTable < 50 {
		t.Errorf("%d selectors found in the table: the search finds nothing", inTable)
	}
}

// makers are the functions that put rows into the table, with the files that may
// call them beside the table's own.
var makers = map[string][]string{
	"class":    nil,
	"inst":     nil,
	"meta":     nil,
	"function": nil,
	"symbol":   nil,
	"protocol": {"internal/objc/method.go"},
	"row":      {"internal/objc/method.go"},
}

func TestRowsAreMadeInTheTableOnly(t *testing.T) {
	calls := make(map[string]int)
	for _, s := range moduleSources(t) {
		if filepath.ToSlash(filepath.Dir(s.path)) != "internal/objc" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name, ok := n.Fun.(*ast.Ident)
				if !ok {
					return true
				}
				allowed, maker := makers[name.Name]
				if !maker {
					return true
				}
				calls[name.Name]++
				if !isTable(s.path) && !slices.Contains(allowed, s.path) && !strings.HasSuffix(s.path, "_test.go") {
					t.Errorf("%s calls %s", s.path, name.Name)
				}
			case *ast.CompositeLit:
				if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Method" && s.path != "internal/objc/method.go" && !strings.HasSuffix(s.path, "_test.go") {
					t.Errorf("%s makes a Method", s.path)
				}
			}
			return true
		})
	}
	for name := range makers {
		if calls[name] == 0 {
			t.Errorf("no call of %s was found: the search finds nothing", name)
		}
	}
}

func TestOneFunctionRegistersSelectors(t *testing.T) {
	found := 0
	for _, s := range moduleSources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		for _, decl := range s.file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "registerName" && fn.Name.Name != "common" {
					found++
					if fn.Name.Name != "register" || s.path != "internal/objc/load.go" {
						t.Errorf("%s: %s registers a selector", s.path, fn.Name.Name)
					}
				}
				return true
			})
		}
	}
	if found == 0 {
		t.Error("nothing registers selectors: the search finds nothing")
	}
}

func TestPuregoIsImportedHereOnly(t *testing.T) {
	here := 0
	for _, s := range moduleSources(t) {
		for _, imp := range s.file.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil || !strings.HasPrefix(path, "github.com/ebitengine/purego") {
				continue
			}
			switch {
			case strings.HasPrefix(s.path, "internal/objc/"):
				here++
				if path != "github.com/ebitengine/purego" {
					t.Errorf("%s imports %s: only purego's core is used", s.path, path)
				}
			case strings.HasPrefix(s.path, "internal/engine/apple/rig/"):
				// The rig of the tests hands the stand-in framework its callbacks.
			default:
				t.Errorf("%s imports %s", s.path, path)
			}
		}
	}
	if here == 0 {
		t.Error("nothing imports purego: the search finds nothing")
	}
}
