package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// surface checks what packages export: that each has a package comment and each
// exported symbol a doc comment, and that public packages show no internal
// type. It goes by the syntax alone.
func (r Rules) surface(t *Tree) []string {
	var found []string
	documented := map[string]bool{}
	seen := map[string]string{}
	for _, f := range t.Files {
		if f.syntax == nil || f.Test {
			continue
		}
		seen[f.Dir] = f.Package
		if f.syntax.Doc != nil {
			documented[f.Dir] = true
		}
		if f.Generated || f.Package == "main" {
			continue
		}
		s := &surfaceScan{file: f, public: public(f.Dir), internal: r.internalNames(f)}
		for _, decl := range f.syntax.Decls {
			s.decl(decl)
		}
		found = append(found, s.found...)
	}
	for dir := range seen {
		if !documented[dir] {
			found = append(found, fmt.Sprintf("%s: package %s has no package comment", dir, seen[dir]))
		}
	}
	return found
}

// public reports whether importers of the module can import the directory. The
// rule is the go command's: no element of the path is internal.
func public(dir string) bool {
	return !slices.Contains(strings.Split(dir, "/"), "internal")
}

// internalNames are the names under which the file knows internal packages. A
// selector on one of them in an exported declaration shows an internal type.
func (r Rules) internalNames(f *File) map[string]bool {
	names := map[string]bool{}
	for p, name := range f.Imports {
		if strings.HasPrefix(p, r.Module+"/") && !public(p) {
			names[name] = true
		}
	}
	return names
}

// surfaceScan collects what is wrong with the exported symbols of one file.
// public says whether internal types matter: inside internal packages they may
// be shown.
type surfaceScan struct {
	file     *File
	public   bool
	internal map[string]bool
	found    []string
}

// decl checks a declaration at the top level.
func (s *surfaceScan) decl(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		s.function(d)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.typ(d, spec)
			case *ast.ValueSpec:
				s.value(d, spec)
			}
		}
	}
}

// function checks a function, or a method of an exported type: others cannot be
// called by name.
func (s *surfaceScan) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	name := d.Name.Name
	if d.Recv != nil {
		receiver := receiverName(d.Recv)
		if !ast.IsExported(receiver) {
			return
		}
		name = receiver + "." + name
	}
	known := d.Recv != nil && wellKnown[d.Name.Name]
	if d.Doc == nil && !known {
		s.undocumented(d.Pos(), name)
	}
	s.exposes(name, d.Type)
}

// wellKnown are methods whose contract the standard library states: the comment
// on the type says what is particular about them.
var wellKnown = map[string]bool{"Error": true, "Unwrap": true}

// receiverName is the name of the method's receiver type without pointer and
// parameters. It is empty for a receiver that does not compile.
func receiverName(recv *ast.FieldList) string {
	expr := recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// typ checks a type. A comment over a group of types, in brackets, does not
// serve a single one.
func (s *surfaceScan) typ(d *ast.GenDecl, spec *ast.TypeSpec) {
	if !spec.Name.IsExported() {
		return
	}
	name := spec.Name.Name
	if spec.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
		s.undocumented(spec.Pos(), name)
	}
	if spec.TypeParams != nil {
		s.exposes(name, spec.TypeParams)
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		s.members(name, t.Fields, false)
	case *ast.InterfaceType:
		s.members(name, t.Methods, true)
	default:
		s.exposes(name, spec.Type)
	}
}

// members checks exported fields or interface methods: those of public packages
// need a comment each, or one that stands over a run of them. The comment on the
// type serves a single member.
func (s *surfaceScan) members(name string, list *ast.FieldList, methods bool) {
	run := false
	line := 0
	for _, field := range list.List {
		start := s.file.fset.Position(field.Pos()).Line
		if field.Doc != nil {
			start = s.file.fset.Position(field.Doc.Pos()).Line
		}
		run = field.Doc != nil || field.Comment != nil || run && start == line+1
		line = s.file.fset.Position(field.End()).Line
		member := fieldName(field)
		if !ast.IsExported(member) {
			if len(field.Names) == 0 && methods {
				s.exposes(name, field.Type) // a constraint's union of types
			}
			continue
		}
		if s.public && !run && len(field.Names) > 0 && len(list.List) > 1 {
			s.undocumented(field.Pos(), name+"."+member)
		}
		s.exposes(name+"."+member, field.Type)
	}
}

// fieldName is the first name of a field, or the type name of an embedded one.
// An embedded type of another package is known by its last part.
func fieldName(field *ast.Field) string {
	if len(field.Names) > 0 {
		return field.Names[0].Name
	}
	expr := field.Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// value checks constants or variables. A comment over their group serves all of
// them.
func (s *surfaceScan) value(d *ast.GenDecl, spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
			s.undocumented(name.Pos(), name.Name)
		}
		if spec.Type != nil {
			s.exposes(name.Name, spec.Type)
		} else if i < len(spec.Values) && !strings.HasPrefix(name.Name, "Err") {
			// A value takes the type of what it is set to. Error values are the
			// exception: their type is error, wherever they come from.
			if sel, ok := spec.Values[i].(*ast.SelectorExpr); ok {
				s.exposes(name.Name, sel)
			}
		}
	}
}

// exposes reports the internal types that the syntax of an exported symbol
// names. Names of packages are compared, as the types are not checked.
func (s *surfaceScan) exposes(name string, node ast.Node) {
	if !s.public {
		return
	}
	ast.Inspect(node, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && s.internal[id.Name] {
			s.found = append(s.found, fmt.Sprintf("%s: %s.%s shows the internal %s.%s",
				s.file.position(sel.Pos()), path.Base(s.file.Dir), name, id.Name, sel.Sel.Name))
		}
		return true
	})
}

// undocumented notes a missing comment.
func (s *surfaceScan) undocumented(pos token.Pos, name string) {
	s.found = append(s.found, fmt.Sprintf("%s: exported %s has no doc comment", s.file.position(pos), name))
}
