package archtest

import (
	"fmt"
	"go/doc"
	"path"
	"slices"
	"strings"
)

// Floors draws the packages of the module by what they import of each other: a
// package stands on the floor above the highest one that it needs. It returns
// Markdown, the top floor first. Tests and generated imports count for nothing;
// files for any system do. docs/architecture.md holds the result between two
// marks, which the test rewrites when it is asked to.
func (t *Tree) Floors(module string) string {
	b := &building{imports: map[string][]string{}, says: map[string]string{}, floor: map[string]int{}}
	for _, f := range t.Files {
		if f.syntax == nil || f.Test {
			continue
		}
		b.read(module, f)
	}
	top := 0
	for dir := range b.imports {
		top = max(top, b.floorOf(dir))
	}
	var text strings.Builder
	for floor := top; floor >= 0; floor-- {
		fmt.Fprintf(&text, "**Floor %d**\n\n| package | what it is | stands on |\n|---|---|---|\n", floor)
		for _, dir := range b.on(floor) {
			below := make([]string, 0, len(b.imports[dir]))
			for _, other := range b.imports[dir] {
				below = append(below, "`"+short(other)+"`")
			}
			fmt.Fprintf(&text, "| `%s` | %s | %s |\n", short(dir), b.says[dir], strings.Join(below, " "))
		}
		text.WriteString("\n")
	}
	return text.String()
}

// building is what the packages import and say of themselves. All three are by
// directory.
type building struct {
	imports map[string][]string
	says    map[string]string
	floor   map[string]int
}

// read adds a file: what it imports, and the package's first sentence, which
// must not break the table.
func (b *building) read(module string, f *File) {
	if b.imports[f.Dir] == nil {
		b.imports[f.Dir] = []string{}
	}
	if f.syntax.Doc != nil && b.says[f.Dir] == "" {
		text := new(doc.Package).Synopsis(f.syntax.Doc.Text())
		b.says[f.Dir] = strings.ReplaceAll(text, "|", "\\|")
	}
	for p := range f.Imports {
		other, ok := strings.CutPrefix(p, module+"/")
		if ok && !slices.Contains(b.imports[f.Dir], other) {
			b.imports[f.Dir] = append(b.imports[f.Dir], other)
			slices.Sort(b.imports[f.Dir])
		}
	}
}

// floorOf is 0 for a package that needs no other. Imports have no circles. The
// results are kept, so that each package is looked at once.
func (b *building) floorOf(dir string) int {
	if n, ok := b.floor[dir]; ok {
		return n
	}
	n := 0
	for _, other := range b.imports[dir] {
		n = max(n, b.floorOf(other)+1)
	}
	b.floor[dir] = n
	return n
}

// on lists the packages of a floor, by name.
func (b *building) on(floor int) []string {
	var list []string
	for dir := range b.imports {
		if b.floor[dir] == floor {
			list = append(list, dir)
		}
	}
	slices.Sort(list)
	return list
}

// short names a package as the page does: without the folders that say nothing.
// A path without such a prefix stays whole.
func short(dir string) string {
	if dir == "." {
		return "coreml (root)"
	}
	for _, prefix := range []string{"internal/engine/", "internal/"} {
		if rest, ok := strings.CutPrefix(dir, prefix); ok && rest != "" {
			return rest
		}
	}
	return path.Clean(dir)
}
