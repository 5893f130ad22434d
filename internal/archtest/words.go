package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// size checks the number of lines of a hand-written Go file. Assembly and
// generated files may be of any size.
func (r Rules) size(f *File) []string {
	if f.Generated || f.syntax == nil || f.Lines <= r.MaxLines {
		return nil
	}
	return []string{fmt.Sprintf("%s: %d lines, more than %d: split it", f.Path, f.Lines, r.MaxLines)}
}

// markers checks that nothing is left for later. Only what stands behind // on
// a line is looked at.
func (r Rules) markers(f *File) []string {
	var found []string
	n := 0
	for line := range strings.Lines(f.Text) {
		n++
		at := strings.Index(line, "//")
		if at < 0 {
			continue
		}
		for _, marker := range r.Markers {
			if hasWord(line[at:], marker) {
				found = append(found, fmt.Sprintf("%s:%d: the comment holds %s: do it or open an issue", f.Path, n, marker))
			}
		}
	}
	return found
}

// hasWord reports whether the text holds the word with no letter or digit
// beside it. Case counts, so that a word in a sentence is none.
func hasWord(text, word string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
	}), word)
}

// identifiers checks the selectors and builtins that a file uses. Names are
// resolved by the file's imports, so a local variable of a package's name would
// be taken for it.
func (r Rules) identifiers(f *File) []string {
	room, _ := r.room(f.Dir)
	prints := room.Prints || f.Package == "main"
	banned := slices.Clone(r.Everywhere)
	if !prints && !f.Test {
		banned = append(banned, r.Identifiers...)
	}
	if !f.Test && len(f.Systems) > 0 { // a generator that is built nowhere reads its own files
		for _, name := range r.Opening {
			if !slices.Contains(room.Opens, "*") && !slices.Contains(room.Opens, name) {
				banned = append(banned, name)
			}
		}
	}
	packages := map[string]string{}
	for p, name := range f.Imports {
		packages[name] = p
	}
	var found []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if name := matches(banned, packages, n); name != "" {
				found = append(found, fmt.Sprintf("%s: uses %s", f.position(n.Pos()), name))
			}
		case *ast.CallExpr:
			id, ok := n.Fun.(*ast.Ident)
			if ok && (id.Name == "print" || id.Name == "println") && !prints {
				found = append(found, fmt.Sprintf("%s: uses the builtin %s", f.position(n.Pos()), id.Name))
			}
		}
		return true
	})
	return found
}

// matches returns the selector's full name when the list bans it. A dot import
// would escape it; none is used here.
func matches(banned []string, packages map[string]string, sel *ast.SelectorExpr) string {
	id, ok := sel.X.(*ast.Ident)
	if !ok || packages[id.Name] == "" {
		return ""
	}
	full := packages[id.Name] + "." + sel.Sel.Name
	for _, b := range banned {
		prefix, wild := strings.CutSuffix(b, "*")
		if full == b || wild && strings.HasPrefix(full, prefix) {
			return full
		}
	}
	return ""
}
