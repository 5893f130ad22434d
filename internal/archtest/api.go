package archtest

import (
	"bytes"
	"go/ast"
	"go/printer"
	"slices"
	"strings"
)

// API returns what each public package exports, a line a symbol in a fixed
// order: constants, variables, functions, types with their exported fields and
// methods. Two versions of it differ where an importer could notice. The key is
// the package's directory. It is made from the syntax alone, without type
// checking: a type that is left out, as of a variable that is set to a call,
// does not show.
func (t *Tree) API() map[string]string {
	lines := map[string][]string{}
	for _, f := range t.Files {
		if f.syntax == nil || f.Test || f.Package == "main" || !public(f.Dir) {
			continue
		}
		s := &apiScan{file: f}
		for _, decl := range f.syntax.Decls {
			s.decl(decl)
		}
		lines[f.Dir] = append(lines[f.Dir], s.lines...)
	}
	text := map[string]string{}
	for dir, list := range lines {
		slices.Sort(list)
		if list = slices.Compact(list); len(list) > 0 {
			text[dir] = strings.Join(list, "\n") + "\n"
		}
	}
	return text
}

// apiScan collects the exported symbols of one file. The lines come in the
// order of the source and are sorted afterwards.
type apiScan struct {
	file  *File
	lines []string
}

// add makes one line of texts and pieces of syntax.
func (s *apiScan) add(parts ...any) {
	var line []string
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			line = append(line, p)
		case ast.Node:
			line = append(line, s.text(p))
		}
	}
	s.lines = append(s.lines, strings.Join(line, " "))
}

// text prints a node on one line. Line breaks and runs of spaces become one
// space, so that formatting does not count.
func (s *apiScan) text(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, s.file.fset, n); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// decl adds a declaration. Imports have no exported names and add nothing.
func (s *apiScan) decl(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		s.function(d)
	case *ast.GenDecl:
		var last ast.Expr // the type of constants that repeat the one before
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.typ(spec)
			case *ast.ValueSpec:
				if spec.Type != nil || len(spec.Values) > 0 {
					last = spec.Type
				}
				s.value(d.Tok.String(), spec, last)
			}
		}
	}
}

// function adds a function, or a method of an exported type. Names of
// parameters belong to the line: an importer reads them.
func (s *apiScan) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() || d.Recv != nil && !ast.IsExported(receiverName(d.Recv)) {
		return
	}
	signature := strings.TrimPrefix(s.text(d.Type), "func")
	if d.Recv == nil {
		s.add("func " + d.Name.Name + signature)
		return
	}
	s.add("method (" + s.text(d.Recv.List[0].Type) + ") " + d.Name.Name + signature)
}

// typ adds a type: by itself, with what is after an equals sign for an alias,
// or field by field, so that a change of one is a change of one line. An
// interface is one line, as adding a method breaks those who implement it.
func (s *apiScan) typ(spec *ast.TypeSpec) {
	if !spec.Name.IsExported() {
		return
	}
	name := spec.Name.Name
	if spec.TypeParams != nil {
		name += "[" + strings.Trim(s.text(&ast.FuncType{Params: spec.TypeParams}), "func()") + "]"
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		s.add("type", name, "struct")
		s.fields(spec.Name.Name, t.Fields)
	case *ast.InterfaceType:
		s.add("type", name, spec.Type)
	default:
		if spec.Assign.IsValid() {
			name += " ="
		}
		s.add("type", name, spec.Type)
	}
}

// fields adds the exported fields of a struct, with their tags: these change
// what encoding/json writes.
func (s *apiScan) fields(name string, list *ast.FieldList) {
	for _, field := range list.List {
		if len(field.Names) == 0 {
			if ast.IsExported(fieldName(field)) {
				s.add("embedded", name, field.Type)
			}
			continue
		}
		for _, n := range field.Names {
			if n.IsExported() {
				tag := ""
				if field.Tag != nil {
					tag = " " + field.Tag.Value
				}
				s.add("field", name+"."+n.Name, s.text(field.Type)+tag)
			}
		}
	}
}

// value adds constants or variables with their types, where these are written
// down. Values are left out: they may change without breaking an importer.
func (s *apiScan) value(kind string, spec *ast.ValueSpec, last ast.Expr) {
	for _, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		line := kind + " " + name.Name
		if last != nil {
			line += " " + s.text(last)
		}
		s.add(line)
	}
}
