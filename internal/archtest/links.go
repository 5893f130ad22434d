package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strings"
)

// docLink is a link of a doc comment, as the go command's documentation defines
// it, to a symbol that starts in upper case. Shapes such as [N] or [rows, cols]
// are none: a name has a letter in lower case. Neither is an index, which stands
// behind a word.
var docLink = regexp.MustCompile(`(?:^|\W)\[\*?((?:[a-z]\w*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)\]`)

// links checks that the links in doc comments lead to symbols that exist: after
// a name has changed, go doc prints the old one without a word. Symbols are
// gathered first, from all files, tests included: a comment may name what
// another file declares.
func (r Rules) links(t *Tree) []string {
	symbols := map[string]map[string]bool{}
	for _, f := range t.Files {
		if f.syntax == nil {
			continue
		}
		if symbols[f.Dir] == nil {
			symbols[f.Dir] = map[string]bool{}
		}
		for _, decl := range f.syntax.Decls {
			declared(symbols[f.Dir], decl)
		}
	}
	var found []string
	for _, f := range t.Files {
		if f.syntax == nil || f.Generated {
			continue
		}
		for _, group := range f.syntax.Comments {
			for _, m := range docLink.FindAllStringSubmatch(group.Text(), -1) {
				if !r.resolves(f, symbols, m[1]) {
					found = append(found, fmt.Sprintf("%s: the link [%s] leads nowhere", f.position(group.Pos()), m[1]))
				}
			}
		}
	}
	return found
}

// resolves reports whether the file's package, or one of the module's packages
// that the file imports, declares the symbol. Symbols of other modules pass. A
// name in capitals alone, such as [JSON], is taken for no link. A package that
// the module does not have is not looked into.
func (r Rules) resolves(f *File, symbols map[string]map[string]bool, link string) bool {
	if strings.ToUpper(link) == link || symbols[f.Dir][link] {
		return true
	}
	pkg, name, qualified := strings.Cut(link, ".")
	if !qualified || ast.IsExported(pkg) {
		return false
	}
	for p, known := range f.Imports {
		if known != pkg {
			continue
		}
		dir, own := strings.CutPrefix(p, r.Module+"/")
		return !own || symbols[dir] == nil || symbols[dir][name]
	}
	// Not imported here: go doc needs the whole path then, but a reader does not.
	for dir, names := range symbols {
		if path.Base(dir) == pkg {
			return names[name]
		}
	}
	return true
}

// declared adds the names that a declaration brings, methods and fields as
// Type.Name. Unexported names count too: comments inside the module link to
// them.
func declared(names map[string]bool, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			names[receiverName(d.Recv)+"."+d.Name.Name] = true
			return
		}
		names[d.Name.Name] = true
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return
		}
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = true
				members(names, s)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			}
		}
	}
}

// members adds a struct's fields and an interface's methods. Embedded ones are
// known by their type's name.
func members(names map[string]bool, spec *ast.TypeSpec) {
	var list *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, field := range list.List {
		names[spec.Name.Name+"."+fieldName(field)] = true
		for _, n := range field.Names {
			names[spec.Name.Name+"."+n.Name] = true
		}
	}
}
