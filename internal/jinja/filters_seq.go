package jinja

import (
	"strconv"
)

// getter returns a function that reads a member such as a.b.0 of an item; for
// nil it returns the item. This is what the argument attribute of many filters
// means. Parts that are digits are numbers of items, so that a text such as '0'
// can name a place in a list. Dots always separate: there is no way to name a
// key with one.
//
// In jinja2 this is make_attrgetter of filters.py, which calls
// environment.getitem for each part, and puts otherwise, where it is not none, in the
// place of each part that is missing. The parts are charged when the path is read, a
// step for each when it is followed.
func (in *interp) getter(path, otherwise Value) (func(in *interp, item Value) (Value, error), error) {
	var keys []Value
	switch p := plainValue(path).(type) {
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
	// A number, most often: map(attribute=0).
	default:
		keys = []Value{p}
	}
	return func(in *interp, item Value) (Value, error) {
		for _, key := range keys {
			if err := in.spend(1); err != nil {
				return nil, err
			}
			var err error
			// Items come before attributes here, the reverse of a.b in a
			// template.
			if item, err = in.getItem(item, key); err != nil {
				return nil, err
			}
			if _, ok := item.(*undefined); ok && otherwise != nil {
				item = otherwise
			}
		}
		return item, nil
	}, nil
}

// filterJoin writes each item as text, unlike the method join. Without an
// attribute it goes over anything that a loop can.
//
// In jinja2 this is sync_do_join; the separator is the parameter d there.
func filterJoin(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("join", 0, "d", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	// An attribute of none is no attribute, as the default has it.
	if b.vals[1] != nil {
		get, err := in.getter(b.vals[1], nil)
		if err != nil {
			return nil, err
		}
		if items, err = in.mapItems(items, get); err != nil {
			return nil, err
		}
	}
	var sep Value = ""
	if b.isSet[0] {
		sep = b.vals[0]
	}
	if in.autoescape {
		return in.joinEscaped(items, sep)
	}
	text, err := in.str(sep)
	if err != nil {
		return nil, err
	}
	return in.join(items, text)
}

// mapItems returns what f makes of each item, in a new list that is paid for
// beforehand.
//
// The results are charged as items with a box each, whether or not a box is needed:
// what f makes beside that it pays for itself.
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

// filterList copies. A list is returned as another list too, as list() does in
// Python, which the test sameas can tell.
//
// In jinja2 this is sync_do_list.
func filterList(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("list", 0); err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	items, err = in.copyItems(items)
	return NewList(items...), err
}

// filterFirst reads as little as it can. Of a generator it takes one item out
// and leaves the rest, because jinja2 calls next() on it.
//
// In jinja2 this is sync_do_first, which returns environment.undefined where next()
// raises StopIteration.
func filterFirst(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("first", 0); err != nil {
		return nil, err
	}
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

// filterLast calls reversed() in the reference, which a generator refuses: a
// template has to make a list of it first.
//
// In jinja2 this is do_last.
func filterLast(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("last", 0); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		if c, ok, err := in.runeAt(v, -1); ok || err != nil {
			return c, err
		}
	case markup:
		if c, ok, err := in.runeAt(string(v), -1); ok || err != nil {
			return markup(c), err
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

// filterItems is like the method items, but takes what is undefined for an
// empty mapping; jinja2 3.1 has it for just that.
//
// In jinja2 this is do_items.
func filterItems(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("items", 0); err != nil {
		return nil, err
	}
	// It is a generator there: a value of another kind is found when it is read.
	return in.lazily(func() ([]Value, error) {
		switch v := v.(type) {
		case *undefined:
			return nil, nil
		case *Dict:
			return in.viewItems(&view{"items", v})
		}
		return nil, fail(TypeError, "Can only get item pairs from a mapping.")
	})
}

// filterReverse gives text for text, and an iterator for all else:
// [1,2]|reverse prints as an object until list is behind it.
//
// In jinja2 this is do_reverse, whose TypeError becomes a FilterArgumentError. Text
// is turned by characters, for which it is read as a list of them: four bytes each
// are charged.
func filterReverse(in *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("reverse", 0); err != nil {
		return nil, err
	}
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
	// What can be read forward only becomes a list, which is turned.
	if _, ok := v.(*generator); ok {
		items, err = in.pickItems(items, int64(len(items))-1, -1, int64(len(items)))
		return NewList(items...), err
	}
	items, err = in.pickItems(items, int64(len(items))-1, -1, int64(len(items)))
	return &generator{kind: "list_reverseiterator", items: items}, err
}

// filterSum begins with 0 and uses the operator +. It refuses to begin with a text.
//
// In jinja2 this is sync_do_sum.
func filterSum(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("sum", 0, "attribute", "start")
	if err != nil {
		return nil, err
	}
	items, err := in.iterate(v)
	if err != nil {
		return nil, err
	}
	get, err := in.getter(b.vals[0], nil)
	if err != nil {
		return nil, err
	}
	var total Value = int64(0)
	if b.isSet[1] {
		total = b.vals[1]
	}
	if isText(total) {
		return nil, fail(TypeError, "sum() can't sum strings [use ''.join(seq) instead]")
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
