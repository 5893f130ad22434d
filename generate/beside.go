package generate

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/internal/storage"
)

// ContradictionError is an [ErrDriver]: a file beside a package says something else than
// the package, and which of them is right nobody can know. A driver file that says it
// holds in place of the other file.
type ContradictionError struct {
	// File is the name of the file, such as meta.yaml, and Field the path of its field.
	File, Field string
	// Says is what the field says, and Is what was found.
	Says, Is string
}

// Error names the field and both values.
func (e *ContradictionError) Error() string {
	return fmt.Sprintf("%s: %s is %s, but %s; correct the file, or write a driver.json, which holds in its place",
		e.File, e.Field, storage.Quote(e.Says), e.Is)
}

// Unwrap returns ErrDriver: the file stands for a driver.
func (e *ContradictionError) Unwrap() error { return ErrDriver }

// beside compares what a file says with the packages beside it. Every check leaves
// alone what the file does not say, and what the packages do not tell.
type beside struct {
	file string // its name, for errors
	set  []packageFunctions
	fsys fs.FS // of the folder dir; nil for none
	dir  string
	// entries are the names of what lies in the folder, and opened that of the package
	// that was opened, empty where the folder was.
	entries []string
	opened  string
}

func (s *source) beside(file string, set []packageFunctions) *beside {
	b := &beside{file: file, set: set, fsys: s.fsys, dir: path.Dir(s.pkg)}
	if !s.folder {
		b.opened = path.Base(s.pkg)
	}
	list, err := fs.ReadDir(s.fsys, path.Dir(s.pkg))
	if err != nil {
		return b // a file system without lists: only the packages that are there count
	}
	for _, e := range list {
		b.entries = append(b.entries, e.Name())
	}
	return b
}

func (b *beside) contradiction(field, says, is string, args ...any) error {
	return &ContradictionError{File: b.file, Field: field, Says: says, Is: fmt.Sprintf(is, args...)}
}

// stemOf returns the name of a package without its form: what is compiled and what is
// not are one package.
func stemOf(name string) string {
	if isPackage(name) {
		return strings.TrimSuffix(name, path.Ext(name))
	}
	return name
}

var chunkSuffix = regexp.MustCompile(`_chunk_\d+of\d+$`)

// hasFile refuses a file that is not there, in either form of a package. With chunks it
// may be there in numbered parts.
func (b *beside) hasFile(field, name string, chunks bool) error {
	if name == "" || name == "none" || len(b.entries) == 0 {
		return nil
	}
	stem := stemOf(path.Base(name))
	if chunks {
		stem = chunkSuffix.ReplaceAllString(stem, "")
	}
	if slices.ContainsFunc(b.entries, func(entry string) bool {
		there := stemOf(entry)
		return there == stem || chunks && chunkSuffix.MatchString(there) && chunkSuffix.ReplaceAllString(there, "") == stem
	}) || b.liesDeeper(name) {
		return nil
	}
	var there []string
	for _, entry := range b.entries {
		if isPackage(entry) {
			there = append(there, entry)
		}
	}
	return b.contradiction(field, name, "no such package lies in the folder; there are %s", strings.Join(there, ", "))
}

// liesDeeper reports whether a file lies in a folder within that of the packages.
func (b *beside) liesDeeper(name string) bool {
	name = path.Clean(name)
	if b.fsys == nil || path.Dir(name) == "." || !fs.ValidPath(name) {
		return false
	}
	for _, form := range append([]string{path.Ext(name)}, packageForms...) {
		if _, err := fs.Stat(b.fsys, path.Join(b.dir, strings.TrimSuffix(name, path.Ext(name))+form)); err == nil {
			return true
		}
	}
	return false
}

// number reads a number that a file says; -1 where it says none.
func (b *beside) number(field, text string) (int, error) {
	if text == "" || text == "none" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxVocabulary {
		return -1, b.contradiction(field, text, "a number from 0 to %d is wanted", maxVocabulary)
	}
	return n, nil
}

// context refuses a context that the masks do not have: another one than that of a mask
// of one width, and a longer one than of a mask that grows.
func (b *beside) context(field string, n int) error {
	for i := range b.set {
		for _, d := range b.set[i].functions {
			f := &filler{one: d, many: d}
			for k := range d.Inputs {
				in := &d.Inputs[k]
				if _, _, ok := f.maskAxes(in); !ok || !nameContains(in, "mask") || nameContains(in, "sliding", "local", "window", "ring") {
					continue
				}
				lo, hi := axes.Bounds(in, 3)
				if hi > 0 && (n > hi || lo == hi && n != hi) {
					return b.contradiction(field, strconv.Itoa(n), "the mask %s of package %s is %d wide", in.Name, b.name(i), hi)
				}
			}
		}
	}
	return nil
}

// name names a package of the set.
func (b *beside) name(i int) string { return cmp.Or(b.set[i].file, b.opened) }

// block refuses a number of tokens that no function for prompts takes.
func (b *beside) block(field string, n int) error {
	for i := range b.set {
		for _, d := range b.set[i].functions {
			if lo, hi := queryBounds(d); hi > 1 && lo == hi && hi != n && strings.Contains(d.Function, "prefill") {
				return b.contradiction(field, strconv.Itoa(n), "function %s of package %s takes %d tokens", d.Function, b.name(i), hi)
			}
		}
	}
	return nil
}

// vocabulary refuses a vocabulary that is greater than that of the logits, in one output
// or in parts. Logits round a number up.
func (b *beside) vocabulary(field string, n int) error {
	for i := range b.set {
		d := b.set[i].functions[0]
		if width := logitsOf(d); width > 0 && n > width {
			return b.contradiction(field, strconv.Itoa(n), "package %s gives %d logits for a token", b.name(i), width)
		}
	}
	return nil
}

// logitsOf returns the number of logits that a function declares for a token, 0 where it
// does not tell.
func logitsOf(d *coreml.Description) int {
	width := 0
	for k := range d.Outputs {
		out := &d.Outputs[k]
		if !out.DType.IsFloat() || !nameContains(out, "logits") {
			continue
		}
		n, _ := vocabularyOf(nil, out, 0)
		if n == 0 {
			return 0
		}
		width += n
	}
	return width
}
