package jinja

// The filters here put items in order or compare them: what they compare is a
// key of each item, made once.

// foldCase lowers text, so that sorting does not look at case. It is lower() in
// jinja2, not casefold(): ß does not become ss.
//
// In jinja2 this is ignore_case of filters.py. The copy of each text is paid
// for.
func (in *interp) foldCase(v Value) (Value, error) {
	if s, ok := textOf(v); ok {
		return in.mapLower(s, lower)
	}
	return v, nil
}

// sortKeys returns what values are sorted by: a member of each, without its
// case unless sensitive is set.
func (in *interp) sortKeys(items []Value, path Value, sensitive bool) ([]Value, error) {
	get, err := in.getter(path, nil)
	if err != nil {
		return nil, err
	}
	return in.mapItems(items, func(in *interp, item Value) (Value, error) {
		key, err := get(in, item)
		if err == nil && !sensitive {
			return in.foldCase(key)
		}
		return key, err
	})
}

// pick returns items in an order.
func (in *interp) pick(items []Value, order []int) ([]Value, error) {
	if err := in.charge(itemBytes * len(order)); err != nil {
		return nil, err
	}
	out := make([]Value, len(order))
	for i, at := range order {
		if err := in.every(i); err != nil {
			return nil, err
		}
		out[i] = items[at]
	}
	return out, nil
}

// filterSort keeps the order of equal items, downwards too: Python's reverse
// does not turn equal items around, which a sort followed by a reversal would.
//
// In jinja2 this is do_sort, which calls sorted(): a merge that keeps equal items
// in order. Comparisons are paid for one by one, by what of the texts they look at.
func filterSort(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("sort", 0, "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	// Keys are made once for each item, not once for each comparison.
	keys, err := in.tupleKeys(items, b.vals[2], b.truth(1, false))
	if err != nil {
		return nil, err
	}
	order, err := in.sortedOrder(keys, b.truth(0, false))
	if err != nil {
		return nil, err
	}
	sorted, err := in.pick(items, order)
	return NewList(sorted...), err
}

// tupleKeys returns a tuple for each item, of the members that the parts of
// path name. Keys are tuples in any case: equal ones need no order.
// attribute='a,b' sorts by a, and by b where a is equal.
//
// In jinja2 this is make_multi_attrgetter.
func (in *interp) tupleKeys(items []Value, path Value, sensitive bool) ([]Value, error) {
	if err := in.charge((itemBytes + listBytes + itemBytes) * len(items)); err != nil {
		return nil, err
	}
	tuples := make([]Value, len(items))
	for i := range tuples {
		if err := in.every(i); err != nil {
			return nil, err
		}
		tuples[i] = newTuple()
	}
	column := func(path Value) error {
		keys, err := in.sortKeys(items, path, sensitive)
		if err != nil {
			return err
		}
		// A tuple that grows is copied into new memory.
		if err := in.charge(2 * itemBytes * len(items)); err != nil {
			return err
		}
		for i, key := range keys {
			if err := in.every(i); err != nil {
				return err
			}
			if l, ok := tuples[i].(*List); ok {
				l.Items = append(l.Items, key)
			}
		}
		return nil
	}
	if text, ok := textOf(path); ok {
		return tuples, in.each(text, ",", -1, func(part string) error { return column(part) })
	}
	return tuples, column(path)
}

// filterDictSort returns pairs, since a mapping cannot be put in another order.
// It takes mappings only: the error is that of asking another value for its items.
//
// In jinja2 this is do_dictsort.
func filterDictSort(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("dictsort", 0, "case_sensitive", "by", "reverse")
	if err != nil {
		return nil, err
	}
	by, err := b.text(1, "key")
	if err != nil {
		return nil, err
	}
	if by != "key" && by != "value" {
		return nil, fail("FilterArgumentError", "You can only sort by either \"key\" or \"value\"")
	}
	d, ok := v.(*Dict)
	if u, ok := v.(*undefined); ok {
		return nil, u.err()
	}
	if !ok {
		return nil, fail("AttributeError", "'%s' object has no attribute 'items'", typeName(v))
	}
	keys := d.keys
	if by == "value" {
		keys = d.vals
	}
	// A path of nil is the value itself.
	if keys, err = in.sortKeys(keys, nil, b.truth(0, false)); err != nil {
		return nil, err
	}
	order, err := in.sortedOrder(keys, b.truth(2, false))
	if err != nil {
		return nil, err
	}
	items, err := in.viewItems(&view{"items", d})
	if err != nil {
		return nil, err
	}
	sorted, err := in.pick(items, order)
	return NewList(sorted...), err
}

// filterUnique keeps the first of equal items, and the case that it came with.
// Items must be able to be keys, because jinja2 keeps them in a set.
//
// In jinja2 this is sync_do_unique. Each key is paid for as it is hashed, and the
// set as a pair for each item that is kept.
func filterUnique(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("unique", 0, "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	return in.lazily(func() ([]Value, error) { return in.uniqueItems(v, &b) })
}

// uniqueItems returns the first of the items that have one key.
func (in *interp) uniqueItems(v Value, b *bound) ([]Value, error) {
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	keys, err := in.sortKeys(items, b.vals[1], b.truth(0, false))
	if err != nil {
		return nil, err
	}
	// By the form that keys of mappings have, so that 1 and 1.0 are one.
	seen := map[any]bool{}
	var out []Value
	for i, key := range keys {
		if err := in.payKey(key); err != nil {
			return nil, err
		}
		k, ok := hashKey(key)
		if !ok {
			return nil, fail(TypeError, "unhashable type: '%s'", typeName(key))
		}
		if !seen[k] {
			if err := in.charge(pairBytes); err != nil {
				return nil, err
			}
			seen[k] = true
			out = append(out, items[i])
		}
	}
	return out, nil
}

// filterExtreme returns min or max. filterExtreme returns min or max, which
// differ in a sign. Of equal items the first is taken. An empty list gives an
// undefined value and not an error, as Python's min would.
//
// In jinja2 this is _min_or_max.
func filterExtreme(sign int) filterFunc {
	return func(in *interp, v Value, a *args) (Value, error) {
		b, err := a.bind("min", 0, "case_sensitive", "attribute")
		if err != nil {
			return nil, err
		}
		items, err := in.iterate(v)
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			return &undefined{msg: "No aggregated item, sequence was empty."}, nil
		}
		keys, err := in.sortKeys(items, b.vals[1], b.truth(0, false))
		if err != nil {
			return nil, err
		}
		best := 0
		for i := range keys {
			if i == 0 {
				continue // what is alone is compared with nothing
			}
			// NaN has no order and never wins against what came before.
			c, _, err := in.order("<", keys[i], keys[best], 0)
			if err != nil {
				return nil, err
			}
			if c*sign > 0 {
				best = i
			}
		}
		return items[best], nil
	}
}

// filterGroupBy sorts first, so that groups come in the order of their values
// and not of their first items. The value that names a group is that of its
// first item, in its own case.
//
// In jinja2 this is sync_do_groupby, which has case_sensitive since jinja2 3.1.
func filterGroupBy(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("groupby", 1, "attribute", "default", "case_sensitive")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	get, err := in.getter(b.vals[0], b.vals[1])
	if err != nil {
		return nil, err
	}
	raw, err := in.mapItems(items, get)
	if err != nil {
		return nil, err
	}
	// raw keeps the values as they are for the groups' names; keys are those
	// without case.
	keys, err := in.sortKeys(raw, nil, b.truth(2, false))
	if err != nil {
		return nil, err
	}
	order, err := in.sortedOrder(keys, false)
	if err != nil {
		return nil, err
	}
	return in.grouped(items, raw, keys, order)
}

// grouped makes the groups of neighbours with one key, whose name is the value of
// the first of them. A group is charged as a tuple with a list in it, and each item
// for the room that the list may have grown to.
func (in *interp) grouped(items, raw, keys []Value, order []int) (_ Value, err error) {
	var out []Value
	var group *List
	for i, at := range order {
		// Neighbours with one key are a group, since they are sorted.
		same := false
		if i > 0 {
			if same, err = in.equal(keys[order[i-1]], keys[at]); err != nil {
				return nil, err
			}
		}
		if !same {
			if err := in.charge(2*listBytes + 3*itemBytes); err != nil {
				return nil, err
			}
			group = NewList()
			out = append(out, &List{Items: []Value{raw[at], group}, tuple: true, group: true})
		}
		if err := in.charge(2 * itemBytes); err != nil {
			return nil, err
		}
		group.Items = append(group.Items, items[at])
	}
	return NewList(out...), nil
}
