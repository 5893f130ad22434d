package generate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// pairCaches pairs inputs with outputs of the same shape and type, by name and then
// in their order.
func (f *filler) pairCaches(s *Stage) {
	b := &binder{desc: f.one, d: new(Driver)}
	for name := range s.Inputs {
		b.d.Constants = setMember(b.d.Constants, name, 0)
	}
	// What an earlier stage gives is no cache, whatever its shape.
	for i := range f.one.Inputs {
		in := &f.one.Inputs[i]
		if role, ok := f.fromEarlier(in); ok && !strings.Contains(strings.ToLower(in.Name), "cache") {
			_ = role
			b.d.Constants = setMember(b.d.Constants, in.Name, 0)
		} else if nameContains(in, "mask", "embeds") || in.Name == "cos" || in.Name == "sin" {
			b.d.Constants = setMember(b.d.Constants, in.Name, 0)
		}
	}
	_ = b.bindCaches()
	length := 0
	for in := range b.d.Caches {
		if shape := f.one.Input(in).Shape; len(shape) >= 4 {
			length = max(length, shape[len(shape)-2])
		}
	}
	for i := range f.one.Inputs {
		if _, width, ok := f.maskAxes(&f.one.Inputs[i]); ok {
			length = max(length, width)
		}
	}
	for _, in := range slices.Sorted(maps.Keys(b.d.Caches)) {
		out, shape := b.d.Caches[in], f.one.Input(in).Shape
		recurrent := len(shape) < 4 || !slices.Contains(shape[max(len(shape)-2, 0):], length) || slices.ContainsFunc(words(in), func(w string) bool {
			return slices.Contains([]string{"conv", "ssm", "rec", "recurrent"}, w)
		})
		s.Inputs[in] = Role{Role: RoleCache, Output: out, Recurrent: recurrent}
		if recurrent {
			f.d.Rewind = cmp.Or(f.d.Rewind, RewindSnapshot)
			f.because("%s and %s are a pair that is not ordered by position: cutting back takes a copy", in, out)
		} else {
			f.because("%s takes what %s gave", in, out)
		}
	}
}

func setMember[V any](m map[string]V, key string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = v
	return m
}

// maskAxes returns the greatest number of rows and the greatest width of an input
// that looks like a causal mask: one of a fixed width has a row for each token of a
// prediction, or says by its name what it is.
func (f *filler) maskAxes(in *coreml.FeatureDescription) (rows, width int, ok bool) {
	if in.Kind != coreml.KindMultiArray || !in.DType.IsFloat() || axes.Rank(in) != 4 || nameContains(in, "cache", "update", "state", "embed", "hidden") {
		return 0, 0, false
	}
	if _, second := axes.Bounds(in, 1); second != 1 {
		return 0, 0, false
	}
	_, rows = axes.Bounds(in, 2)
	lo, hi := axes.Bounds(in, 3)
	if lo != hi || nameContains(in, "mask") && hi > 1 {
		return rows, hi, true
	}
	_, one := queryBounds(f.one)
	_, many := queryBounds(f.many)
	return rows, hi, hi > 1 && hi >= rows && (rows == one || rows == many)
}

// findStates finds the state that counts tokens, and those that are shorter than
// the context.
func (f *filler) findStates(s *Stage) {
	width := 0
	for i := range f.one.Inputs {
		if _, w, ok := f.maskAxes(&f.one.Inputs[i]); ok {
			width = max(width, w)
		}
	}
	for i := range f.one.States {
		st := &f.one.States[i]
		n := 1
		for _, k := range st.Shape {
			n *= k
		}
		if n == 1 && s.CursorState == "" {
			s.CursorState = st.Name
			f.because("state %s is a single number: it counts the tokens", st.Name)
			continue
		}
		if len(st.Shape) >= 2 && s.Snapshot == nil && width > 0 {
			length := max(st.Shape[len(st.Shape)-1], st.Shape[len(st.Shape)-2])
			if length < width && n > 1 {
				s.Snapshot = append(s.Snapshot, st.Name)
				f.d.Rewind = cmp.Or(f.d.Rewind, RewindSnapshot)
				f.because("state %s has %d places for a context of %d: cutting back takes a copy", st.Name, length, width)
			}
		}
	}
}
