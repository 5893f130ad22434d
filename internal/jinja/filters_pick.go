package jinja

import (
	"slices"
)

// filterMap has two forms: a member of each item by attribute=, or a filter by
// name with its arguments. Nothing is evaluated until something reads the
// generator, so that a mistake in it is reported there.
//
// In jinja2 this is sync_do_map and prepare_map of jinja2/filters.py. The generator
// is charged when it is made, its items when they are.
func filterMap(in *interp, v Value, a *args) (Value, error) {
	return in.lazily(func() ([]Value, error) {
		// jinja2 looks at the arguments only when there is something to go over.
		if !truth(v) {
			return nil, nil
		}
		var f func(in *interp, item Value) (Value, error)
		var err error
		if path, ok := a.take("attribute"); ok && len(a.pos) == 0 {
			f, err = in.mapAttribute(path, a)
		} else {
			f, err = mapFilter(a)
		}
		if err != nil {
			return nil, err
		}
		items, err := in.iterate(v)
		if err != nil {
			return nil, err
		}
		return in.mapItems(items, f)
	})
}

// mapAttribute is map with attribute=. A default of none counts as no default, as in
// jinja2.
func (in *interp) mapAttribute(path Value, a *args) (func(in *interp, item Value) (Value, error), error) {
	otherwise, _ := a.take("default")
	if len(a.names) > 0 {
		return nil, fail("FilterArgumentError", "Unexpected keyword argument '%s'", a.names[0])
	}
	return in.getter(path, otherwise)
}

// mapFilter is map with the name of a filter, which is looked up when an item
// arrives, so that nothing fails for an empty list.
func mapFilter(a *args) (func(in *interp, item Value) (Value, error), error) {
	if len(a.pos) == 0 {
		return nil, fail("FilterArgumentError", "map requires a filter argument")
	}
	id, ok := textOf(a.pos[0])
	if !ok {
		return nil, fail(TypeError, "the name of a filter must be a string")
	}
	return func(in *interp, item Value) (Value, error) {
		// Each item has arguments of its own, because filters take from them.
		if err := in.charge(a.size()); err != nil {
			return nil, err
		}
		return in.filter(id, item, &args{slices.Clone(a.pos[1:]), slices.Clone(a.names), slices.Clone(a.named)})
	}, nil
}

// lazily returns a generator of what fill makes. Laziness shows in templates: a
// generator is empty the second time that it is read, and what it fails with
// comes from the place of reading.
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

// filterSelect returns the filters that keep items which pass a test. keep
// tells select from reject, attr the forms that look at a member of an item
// from those that look at the item. Without a test the truth of the value
// decides.
//
// In jinja2 this is select_or_reject and prepare_select_or_reject.
func filterSelect(keep, attr bool) filterFunc {
	return func(in *interp, v Value, a *args) (Value, error) {
		return in.lazily(func() ([]Value, error) {
			items, err := in.iterateTrue(v)
			// jinja2 looks at the arguments only when there is an item to test.
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
			get, err := in.getter(path, nil)
			if err != nil {
				return nil, err
			}
			return in.selectItems(items, get, &args{rest, a.names, a.named}, keep)
		})
	}
}

// selectItems returns the items of which the test that a names, or else their
// truth, is keep.
//
// Each item is charged as if it were kept, before it is known: a list of results
// grows by doubling.
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
			id, isName := textOf(a.pos[0])
			if !isName {
				return nil, fail(TypeError, "the name of a test must be a string")
			}
			// The test gets the arguments behind its name.
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

// filterBatch cuts a list into rows of so many items: the last may be short,
// unless there is something to fill it with. slice cuts the other way.
//
// In jinja2 this is do_batch. All lists are charged before the first is made.
func filterBatch(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("batch", 1, "linecount", "fill_with")
	if err != nil {
		return nil, err
	}
	return in.lazily(func() ([]Value, error) { return in.rows(v, &b) })
}

// rows cuts items into rows.
func (in *interp) rows(v Value, b *bound) ([]Value, error) {
	items, size, fill, err := in.cutting(v, b)
	if err != nil {
		return nil, err
	}
	// The reference never ends a row for a number below one; that is no use to
	// a template and hides mistakes.
	if size < 1 || size > 1<<20 {
		return nil, fail(ValueError, "batch needs a positive size")
	}
	n := int(size)
	// The last list is filled up, and each has a header and is an item.
	if err := in.charge(itemBytes*(len(items)+n) + (listBytes+itemBytes)*(len(items)/n+1)); err != nil {
		return nil, err
	}
	var out []Value
	for part := range slices.Chunk(items, n) {
		if err := in.spend(1); err != nil {
			return nil, err
		}
		l := NewList(slices.Clone(part)...)
		// Only the last one can be short.
		for fill != nil && len(l.Items) < n {
			l.Items = append(l.Items, fill)
		}
		out = append(out, l)
	}
	return out, nil
}

// cutting returns the items that a filter cuts into lists, the number that it is given,
// and what to fill up with.
func (in *interp) cutting(v Value, b *bound) (items []Value, n int64, fill Value, err error) {
	if n, err = b.int(0, 1); err != nil {
		return nil, 0, nil, err
	}
	items, err = in.iterate(v)
	return items, n, b.vals[1], err
}

// filterSlice cuts a list into so many columns, the first of them longer by one
// where the items do not go round. A value to fill with goes into the shorter
// ones, which makes all equal.
//
// In jinja2 this is sync_do_slice.
func filterSlice(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("slice", 1, "slices", "fill_with")
	if err != nil {
		return nil, err
	}
	return in.lazily(func() ([]Value, error) { return in.columns(v, &b) })
}

// columns cuts items into columns.
func (in *interp) columns(v Value, b *bound) ([]Value, error) {
	items, n, fill, err := in.cutting(v, b)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		// The division by it is in the first round of the loop over the columns.
		return nil, fail(ZeroDivision, "integer division or modulo by zero")
	}
	// A negative number of columns is none at all.
	n = max(n, 0)
	if err := in.chargeTimes(n, listBytes+2*itemBytes); err != nil {
		return nil, err
	}
	if err := in.charge(itemBytes * len(items)); err != nil || n == 0 {
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
		// Where all columns are equally long, extra is 0 and jinja2 fills each
		// of them all the same.
		if fill != nil && i >= extra {
			l.Items = append(l.Items, fill)
		}
		out = append(out, l)
		at = end
	}
	return out, nil
}

// filterAttr reads attributes and never items: jinja2 has it to reach an
// attribute that a key of the same name hides.
//
// In jinja2 this is do_attr, which asks the sandbox about the name as a.b does.
func filterAttr(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("attr", 1, "name")
	if err != nil {
		return nil, err
	}
	id, err := b.text(0, "")
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*undefined); ok {
		return nil, u.err()
	}
	if x, ok, err := in.attribute(v, id); ok || err != nil {
		return x, err
	}
	return &undefined{msg: missing(v, id)}, nil
}
