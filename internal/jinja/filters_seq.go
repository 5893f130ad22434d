package jinja

import (
	"slices"
	"strconv"
)

// getter returns a function that reads a member such as a.b.0 of an item; for
// nil it returns the item.
func (in *interp) getter(path Value) (func(in *interp, item Value) (Value, error), error) {
	var keys []Value
	switch p := path.(type) {
	case nil:
	case string:
		err := in.each(p, ".", -1, func(part string) error {
			if i, err := strconv.ParseUint(part, 10, 31); err == nil {
				keys = append(keys, int64(i))
			} else {
				keys = append(keys, part)
			}
			return in.charge(itemBytes + boxBytes)
		})
		if err != nil {
			return nil, err
		}
	default:
		keys = []Value{p}
	}
	return func(in *interp, item Value) (Value, error) {
		for _, key := range keys {
			if err := in.spend(1); err != nil {
				return nil, err
			}
			var err error
			if item, err = in.getItem(item, key); err != nil {
				return nil, err
			}
		}
		return item, nil
	}, nil
}

func filterJoin(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("join", 0, "d", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	if b.vals[1] != nil {
		get, err := in.getter(b.vals[1])
		if err != nil {
			return nil, err
		}
		if items, err = in.mapItems(items, get); err != nil {
			return nil, err
		}
	}
	sep, err := in.str(b.vals[0])
	if !b.isSet[0] {
		sep = ""
	}
	if err != nil {
		return nil, err
	}
	return in.join(items, sep)
}

func (in *interp) mapItems(items []Value, f func(in *interp, item Value) (Value, error)) ([]Value, error) {
	if err := in.charge((itemBytes + boxBytes) * len(items)); err != nil {
		return nil, err
	}
	out := make([]Value, len(items))
	for i, item := range items {
		if err := in.spend(1); err != nil {
			return nil, err
		}
		var err error
		if out[i], err = f(in, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func filterList(in *interp, v Value, _ *args) (Value, error) {
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	items, err = in.copyItems(items)
	return NewList(items...), err
}

func filterFirst(in *interp, v Value, _ *args) (Value, error) {
	switch v := v.(type) {
	case string:
		// Not through iterate, which would make a list of all characters.
		if c, ok, err := in.runeAt(v, 0); ok || err != nil {
			return c, err
		}
	case *generator:
		items, err := v.rest()
		if err != nil {
			return nil, err
		}
		if len(items) > 0 {
			v.items = items[1:]
			return items[0], nil
		}
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return &undefined{msg: "No first item, sequence was empty."}, nil
	}
	return items[0], nil
}

func filterLast(in *interp, v Value, _ *args) (Value, error) {
	switch v := v.(type) {
	case string:
		if c, ok, err := in.runeAt(v, -1); ok || err != nil {
			return c, err
		}
	case *generator:
		return nil, fail(TypeError, "'generator' object is not reversible")
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return &undefined{msg: "No last item, sequence was empty."}, nil
	}
	return items[len(items)-1], nil
}

func filterItems(in *interp, v Value, _ *args) (Value, error) {
	switch v := v.(type) {
	case *undefined:
		return &generator{kind: "generator"}, nil
	case *Dict:
		items, err := in.viewItems(&view{"items", v})
		return &generator{kind: "generator", items: items}, err
	}
	return nil, fail(TypeError, "Can only get item pairs from a mapping.")
}

func filterReverse(in *interp, v Value, _ *args) (Value, error) {
	if s, ok := v.(string); ok {
		runes, err := in.runes(s)
		if err != nil {
			return nil, err
		}
		n := int64(len(runes))
		return in.fromRunes(runes, n-1, -1, n)
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, fail("FilterArgumentError", "argument must be iterable")
	}
	items, err = in.pickItems(items, int64(len(items))-1, -1, int64(len(items)))
	return &generator{kind: "list_reverseiterator", items: items}, err
}

func filterSum(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("sum", 0, "attribute", "start")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	get, err := in.getter(b.vals[0])
	if err != nil {
		return nil, err
	}
	var total Value = int64(0)
	if b.isSet[1] {
		total = b.vals[1]
	}
	for _, item := range items {
		if err := in.spend(1); err != nil {
			return nil, err
		}
		x, err := get(in, item)
		if err != nil {
			return nil, err
		}
		if total, err = in.arith("+", total, x); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func filterMap(in *interp, v Value, a *args) (Value, error) {
	var f func(in *interp, item Value) (Value, error)
	if path, ok := a.take("attribute"); ok && len(a.pos) == 0 {
		otherwise, _ := a.take("default")
		if len(a.names) > 0 {
			return nil, fail("FilterArgumentError", "Unexpected keyword argument '%s'", a.names[0])
		}
		get, err := in.getter(path)
		if err != nil {
			return nil, err
		}
		f = func(in *interp, item Value) (Value, error) {
			x, err := get(in, item)
			if _, ok := x.(*undefined); ok && otherwise != nil {
				return otherwise, nil
			}
			return x, err
		}
	} else {
		if len(a.pos) == 0 {
			return nil, fail("FilterArgumentError", "map requires a filter argument")
		}
		id, ok := a.pos[0].(string)
		if !ok {
			return nil, fail(TypeError, "the name of a filter must be a string")
		}
		f = func(in *interp, item Value) (Value, error) {
			// Each item has arguments of its own, because filters take from them.
			if err := in.charge(a.size()); err != nil {
				return nil, err
			}
			return in.filter(id, item, &args{slices.Clone(a.pos[1:]), slices.Clone(a.names), slices.Clone(a.named)})
		}
	}
	return in.lazily(func() ([]Value, error) {
		items, err := in.iterateTrue(v)
		if err != nil {
			return nil, err
		}
		return in.mapItems(items, f)
	})
}

// lazily returns a generator of what fill makes.
func (in *interp) lazily(fill func() ([]Value, error)) (Value, error) {
	return &generator{kind: "generator", fill: fill}, in.charge(2 * pairBytes)
}

// iterateTrue is iterate for filters that take whatever is false for an empty
// list.
func (in *interp) iterateTrue(v Value) ([]Value, error) {
	if !truth(v) {
		return nil, nil
	}
	return in.iterate(v)
}

// filterSelect returns the filters that keep items which pass a test.
func filterSelect(keep, attr bool) filterFunc {
	return func(in *interp, v Value, a *args) (Value, error) {
		return in.lazily(func() ([]Value, error) {
			items, err := in.iterateTrue(v)
			if err != nil || len(items) == 0 {
				return nil, err
			}
			rest := a.pos
			var path Value
			if attr {
				if len(rest) == 0 {
					return nil, fail("FilterArgumentError", "Missing parameter for attribute name")
				}
				path, rest = rest[0], rest[1:]
			}
			get, err := in.getter(path)
			if err != nil {
				return nil, err
			}
			return in.selectItems(items, get, &args{rest, a.names, a.named}, keep)
		})
	}
}

// selectItems returns the items of which the test that a names, or else their
// truth, is keep.
func (in *interp) selectItems(items []Value, get func(*interp, Value) (Value, error), a *args, keep bool) ([]Value, error) {
	var out []Value
	for _, item := range items {
		if err := in.charge(itemBytes); err != nil {
			return nil, err
		}
		if err := in.spend(1); err != nil {
			return nil, err
		}
		x, err := get(in, item)
		if err != nil {
			return nil, err
		}
		ok := truth(x)
		if len(a.pos) > 0 {
			id, isName := a.pos[0].(string)
			if !isName {
				return nil, fail(TypeError, "the name of a test must be a string")
			}
			t, err := in.test(id, x, &args{a.pos[1:], a.names, a.named})
			if err != nil {
				return nil, err
			}
			ok = truth(t)
		}
		if ok == keep {
			out = append(out, item)
		}
	}
	return out, nil
}

func filterBatch(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("batch", 1, "linecount", "fill_with")
	if err != nil {
		return nil, err
	}
	n, err := b.int(0, 1)
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > 1<<20 {
		return nil, fail(ValueError, "batch needs a positive size")
	}
	// The last list is filled up, and each has a header and is an item.
	if err := in.charge(itemBytes*(len(items)+int(n)) + (listBytes+itemBytes)*(len(items)/int(n)+1)); err != nil {
		return nil, err
	}
	var out []Value
	for part := range slices.Chunk(items, int(n)) {
		if err := in.spend(1); err != nil {
			return nil, err
		}
		l := NewList(slices.Clone(part)...)
		for b.vals[1] != nil && len(l.Items) < int(n) {
			l.Items = append(l.Items, b.vals[1])
		}
		out = append(out, l)
	}
	return &generator{kind: "generator", items: out}, nil
}

func filterSlice(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("slice", 1, "slices", "fill_with")
	if err != nil {
		return nil, err
	}
	n, err := b.int(0, 1)
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > 1<<20 {
		return nil, fail(ValueError, "slice needs a positive number")
	}
	if err := in.charge(itemBytes*len(items) + (listBytes+2*itemBytes)*int(n)); err != nil {
		return nil, err
	}
	size, extra := len(items)/int(n), len(items)%int(n)
	var out []Value
	at := 0
	for i := range int(n) {
		end := at + size
		if i < extra {
			end++
		}
		if err := in.spend(1); err != nil {
			return nil, err
		}
		l := NewList(slices.Clone(items[at:end])...)
		if b.vals[1] != nil && i >= extra {
			l.Items = append(l.Items, b.vals[1])
		}
		out = append(out, l)
		at = end
	}
	return &generator{kind: "generator", items: out}, nil
}

func filterAttr(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("attr", 1, "name")
	if err != nil {
		return nil, err
	}
	id, err := b.text(0, "")
	if err != nil {
		return nil, err
	}
	if x, ok, err := in.attribute(v, id); ok || err != nil {
		return x, err
	}
	return &undefined{msg: missing(v, id)}, nil
}
