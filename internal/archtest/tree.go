package archtest

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// systems are the operating systems whose files are read. A file that is built
// on none of them (another architecture, an ignored generator) is still checked
// for everything but imports.
var systems = []string{"linux", "darwin", "windows"}

// generatedLine is the marker that the go command's documentation defines.
var generatedLine = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// File is one Go or assembly file of a [Tree]. It is parsed once and read by
// every rule.
type File struct {
	// Path and Dir are relative to the module's root, with forward slashes.
	Path, Dir string

	// Package is the name in the package clause, empty for assembly.
	Package string

	// Systems are the operating systems on which the file is built. Empty for a
	// file that no system builds.
	Systems []string

	// Imports maps import paths to the name under which the file knows them.
	Imports map[string]string

	// Lines is the number of lines; Text the whole file.
	Lines int
	Text  string

	// Test is true for a file that ends in _test.go, Generated for one that says so.
	Test, Generated bool

	syntax *ast.File
	fset   *token.FileSet
}

// Tree is the source of a module and of the modules nested in it. Nested
// modules have the same rules: the workspace is one.
type Tree struct {
	// Files are all Go and assembly files outside testdata and hidden directories.
	Files []*File

	// GoMod is the text of the root module's go.mod.
	GoMod string
}

// Load reads the module at root. Directories named testdata or third_party, and
// those that begin with "_" or ".", are left out, as the go command does; but a
// module of its own may begin with "_", which hides it from importers and not
// from the rules. A file that does not parse is an error, and so is one that
// cannot be read.
func Load(root string) (*Tree, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("archtest: read go.mod: %w", err)
	}
	t := &Tree{GoMod: string(mod)}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && skipDir(name) {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".go" && ext != ".s" {
			return nil
		}
		f, err := readFile(root, name)
		if err != nil {
			return err
		}
		t.Files = append(t.Files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("archtest: read the tree: %w", err)
	}
	return t, nil
}

// skipDir reports whether a directory is left out.
func skipDir(dir string) bool {
	name := filepath.Base(dir)
	if strings.HasPrefix(name, "_") {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		return err != nil
	}
	return name == "testdata" || name == "third_party" || strings.HasPrefix(name, ".")
}

// readFile reads and parses a file. Assembly has no syntax: only its text is
// looked at.
func readFile(root, name string) (*File, error) {
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rel = filepath.ToSlash(rel)
	f := &File{
		Path:      rel,
		Dir:       path.Dir(rel),
		Lines:     strings.Count(string(text), "\n"),
		Text:      string(text),
		Test:      strings.HasSuffix(rel, "_test.go"),
		Generated: generatedLine.Match(text),
		Imports:   map[string]string{},
	}
	if path.Ext(rel) != ".go" {
		return f, nil
	}
	f.fset = token.NewFileSet()
	f.syntax, err = parser.ParseFile(f.fset, rel, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f.Package = f.syntax.Name.Name
	for _, spec := range f.syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", rel, spec.Path.Value, err)
		}
		f.Imports[p] = importName(spec, p)
	}
	f.Systems, err = builtOn(filepath.Dir(name), filepath.Base(name))
	return f, err
}

// importName is the name under which a file knows the import: its own, or the
// last element of the path that is not a major version. The last element is a
// guess, since a package may call itself otherwise; in this module's imports it
// holds.
func importName(spec *ast.ImportSpec, p string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	base := path.Base(p)
	if regexp.MustCompile(`^v[0-9]+$`).MatchString(base) && strings.Contains(p, "/") {
		base = path.Base(path.Dir(p))
	}
	return base
}

// builtOn returns the systems on which the go command would build the file, on
// amd64 or arm64, with or without the tag noasm. Files are matched by their
// names and their build lines, as the go command does it.
func builtOn(dir, name string) ([]string, error) {
	var on []string
	for _, goos := range systems {
		for _, goarch := range []string{"amd64", "arm64"} {
			for _, tags := range [][]string{nil, {"noasm"}} {
				ctx := build.Default
				ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled, ctx.BuildTags = goos, goarch, false, tags
				match, err := ctx.MatchFile(dir, name)
				if err != nil {
					return nil, err
				}
				if match && !slices.Contains(on, goos) {
					on = append(on, goos)
				}
			}
		}
	}
	return on, nil
}

// position names a place in the file as path:line.
func (f *File) position(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", f.Path, f.fset.Position(pos).Line)
}
