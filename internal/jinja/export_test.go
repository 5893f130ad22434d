package jinja

import (
	"context"
	"iter"
	"maps"
	"slices"
)

// Cost returns the steps and the bytes that a rendering is charged for.
func Cost(ctx context.Context, t *Template, vars *Dict) (steps, bytes int, err error) {
	const much = 1 << 40
	in := newInterp(ctx, vars, &Options{MaxSteps: much, MaxBytes: much})
	_, err = in.run(t.body)
	return much - in.steps, much - in.bytes, err
}

// Builtin is a function that templates can call by name.
type Builtin struct {
	// Kind is filter, test, method of a text, list or dict, or global.
	Kind, Name string
	// Own says that the function is not charged for the value that it is
	// handed, because it pays for what it touches.
	Own bool
}

// Builtins returns every filter, test, method and global there is.
func Builtins() []Builtin {
	var out []Builtin
	add := func(kind string, names []string, own []string) {
		slices.Sort(names)
		for _, name := range names {
			out = append(out, Builtin{kind, name, slices.Contains(own, name)})
		}
	}
	add("filter", slices.Collect(maps.Keys(filters)), ownFilters)
	add("test", slices.Collect(maps.Keys(tests)), ownTests)
	add("text", slices.Collect(maps.Keys(textMethods)), ownTextMethods)
	add("list", slices.Collect(maps.Keys(listMethods)), nil)
	add("dict", slices.Collect(maps.Keys(dictMethods)), ownDictMethods)
	add("global", slices.Collect(maps.Keys(globals.vars)), nil)
	return out
}

// OwnNames returns the names that are listed as paying for themselves.
func OwnNames() []string { return slices.Concat(ownFilters, ownTests, ownTextMethods, ownDictMethods) }

// All returns the keys and the values of a mapping.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for i, k := range d.keys {
			if !yield(k, d.vals[i]) {
				return
			}
		}
	}
}
