package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// listed is what go list says of a package. Export is a file with the package's
// compiled types. DepOnly marks what only others import.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// load type-checks the packages that the patterns name. Imports come from their
// compiled forms, so that only the named packages are read as source. The
// packages must compile.
func load(patterns []string) ([]*pkg, error) {
	list, err := list(patterns)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	// Dependencies are in the list too, for their compiled types.
	for _, l := range list {
		exports[l.ImportPath] = l.Export
	}
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(exports[path])
	})
	var pkgs []*pkg
	for _, l := range list {
		if l.DepOnly || len(l.GoFiles) == 0 {
			continue
		}
		p, err := check(fset, compiled, l)
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

// list asks the go command for the packages and for compiled forms of all that
// they import. -export makes the go command build what is missing, in its
// cache.
func list(patterns []string) ([]listed, error) {
	args := append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly", "--"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
}

// check type-checks one package and gathers the references between its files.
// Where a name is used, go/types says which object is meant, and the object
// where it is defined.
func check(fset *token.FileSet, imports types.Importer, l listed) (*pkg, error) {
	p := &pkg{path: l.ImportPath, files: slices.Clone(l.GoFiles)}
	var syntax []*ast.File
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		syntax = append(syntax, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	own, err := (&types.Config{Importer: imports}).Check(l.ImportPath, fset, syntax, info)
	if err != nil {
		return nil, err
	}
	// A use inside the same file is no reference.
	seen := map[ref]bool{}
	for ident, object := range info.Uses {
		if object.Pkg() != own || !defined(own, object) {
			continue
		}
		r := ref{
			from: filepath.Base(fset.Position(ident.Pos()).Filename),
			to:   filepath.Base(fset.Position(object.Pos()).Filename), name: object.Name(),
		}
		if r.from != r.to && !seen[r] {
			seen[r] = true
			p.refs = append(p.refs, r)
		}
	}
	slices.SortFunc(p.refs, ref.compare)
	return p, nil
}

// defined reports whether the object is a definition of the package itself, or
// a method or field of one: what another file can know by name. Local variables
// are none.
func defined(own *types.Package, object types.Object) bool {
	switch o := object.(type) {
	case *types.Var:
		return o.IsField() || o.Parent() == own.Scope()
	case *types.Func:
		return true
	}
	return object.Parent() == own.Scope()
}
