package jinja

import (
	"cmp"
	"math"
	"math/big"
)

// compare applies a comparison. Values of different kinds are unequal and have
// no order: == never fails, and < does. in has the container on the right.
func (in *interp) compare(op string, a, b Value) (bool, error) {
	switch op {
	case "==":
		return in.equal(a, b)
	case "!=":
		eq, err := in.equal(a, b)
		return !eq, err
	case "in":
		return in.contains(b, a)
	case "not in":
		found, err := in.contains(b, a)
		return !found, err
	}
	c, ok, err := in.order(op, a, b, 0)
	if err != nil || !ok {
		return false, err
	}
	switch op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

// equal is Python's ==.
func (in *interp) equal(a, b Value) (bool, error) { return in.equalDepth(a, b, 0) }

// Numbers of all kinds compare by value, a list and a tuple never, mappings
// whatever the order of their keys. Two undefined values are equal, as in
// jinja2.
func (in *interp) equalDepth(a, b Value, depth int) (bool, error) {
	if err := in.spend(1); err != nil {
		return false, err
	}
	if depth > maxNesting {
		return false, fail(LimitError, "a value is nested too deeply")
	}
	a, b = plainValue(a), plainValue(b)
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case string:
		if y, ok := b.(string); ok {
			return in.equalText(x, y)
		}
		return false, nil
	case *undefined:
		_, ok := b.(*undefined)
		return ok, nil
	case *List:
		y, ok := b.(*List)
		if !ok || x.tuple != y.tuple || len(x.Items) != len(y.Items) {
			return false, nil
		}
		return in.equalItems(x.Items, y.Items, depth)
	case *Dict:
		y, ok := b.(*Dict)
		if !ok || x.Len() != y.Len() {
			return false, nil
		}
		return in.equalEntries(x, y, depth)
	case rangeValue:
		y, ok := b.(rangeValue)
		// Ranges are equal if they have the same items, whatever they were made
		// of.
		return ok && x.count == y.count && (x.count == 0 || x.start == y.start) && (x.count < 2 || x.step == y.step), nil
	case *big.Int:
		if err := in.payBig(a, b); err != nil {
			return false, err
		}
		y, ok := b.(*big.Int)
		return ok && x.Cmp(y) == 0, nil
	case bool, int64, float64:
		return equalNumbers(a, b), nil
	}
	return a == b, nil
}

// equalItems compares lists of one length. A list that holds another many times is
// paid for each time.
func (in *interp) equalItems(x, y []Value, depth int) (bool, error) {
	for i := range x {
		if eq, err := in.equalDepth(x[i], y[i], depth+1); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

// equalEntries compares mappings of one length, in any order: equal lengths and each
// key of one in the other are the same keys.
func (in *interp) equalEntries(x, y *Dict, depth int) (bool, error) {
	for i, k := range x.keys {
		other, ok, err := in.get(y, k)
		if err != nil || !ok {
			return false, err
		}
		if eq, err := in.equalDepth(x.vals[i], other, depth+1); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

// equalNumbers compares a number, of which true and false are 1 and 0 as in Python,
// with another value.
func equalNumbers(a, b Value) bool {
	i, isInt := toInt(a)
	j, isInt2 := toInt(b)
	if isInt && isInt2 {
		return i == j
	}
	f, _ := toFloat(a)
	g, ok := toFloat(b)
	return ok && f == g
}

// order compares two values; ok is false for numbers that have no order. Text
// is compared by code points, which the bytes of UTF-8 sort alike. Lists are
// decided by the first items that differ, and by length if there are none. Only
// NaN has no order among numbers: every comparison with it is false.
func (in *interp) order(op string, a, b Value, depth int) (c int, ok bool, err error) {
	if err := in.spend(1); err != nil {
		return 0, false, err
	}
	if depth > maxNesting {
		return 0, false, fail(LimitError, "a value is nested too deeply")
	}
	for _, v := range [2]Value{a, b} {
		if u, ok := v.(*undefined); ok {
			return 0, false, u.err()
		}
	}
	if x, ok := textOf(a); ok {
		if y, ok := textOf(b); ok {
			c, err := in.compareText(x, y)
			return c, true, err
		}
	}
	if x, ok := a.(*List); ok {
		if y, ok := b.(*List); ok && x.tuple == y.tuple {
			for i := range min(len(x.Items), len(y.Items)) {
				eq, err := in.equalDepth(x.Items[i], y.Items[i], depth+1)
				if err != nil {
					return 0, false, err
				}
				if !eq {
					return in.order(op, x.Items[i], y.Items[i], depth+1)
				}
			}
			return cmp.Compare(len(x.Items), len(y.Items)), true, nil
		}
	}
	if x, okX := toInt(a); okX {
		if y, okY := toInt(b); okY {
			return cmp.Compare(x, y), true, nil
		}
	}
	if err := in.payBig(a, b); err != nil {
		return 0, false, err
	}
	f, okF := toFloat(a)
	g, okG := toFloat(b)
	if okF && okG {
		return cmp.Compare(f, g), !math.IsNaN(f) && !math.IsNaN(g), nil
	}
	return 0, false, fail(TypeError, "'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
}

// contains is Python's in. Of a mapping the keys are asked, of text the parts,
// of anything else the items, one after another.
//
// A search in text is paid for by how far it goes, one in a list by the
// comparisons.
func (in *interp) contains(container, v Value) (bool, error) {
	switch c := plainValue(container).(type) {
	case string:
		s, ok := textOf(v)
		if !ok {
			return false, fail(TypeError, "'in <string>' requires string as left operand, not %s", typeName(v))
		}
		i, err := in.index(c, s, false)
		return i >= 0, err
	case *Dict:
		if err := in.payKey(v); err != nil {
			return false, err
		}
		if _, ok := hashKey(v); !ok {
			return false, fail(TypeError, "unhashable type: '%s'", typeName(v))
		}
		_, ok := c.Get(v)
		return ok, nil
	case rangeValue:
		if x, ok := toInt(v); ok {
			// Without going over the range; a float is compared item by item
			// below.
			return c.has(x), nil
		}
	case *namespace:
		return false, fail(TypeError, "argument of type 'Namespace' is not iterable")
	}
	// A generator is used up by the search, as Python's is.
	items, err := in.iterate(container)
	if err != nil {
		return false, fail(TypeError, "argument of type '%s' is not iterable", typeName(container))
	}
	for _, item := range items {
		if eq, err := in.equal(item, v); err != nil || eq {
			return eq, err
		}
	}
	return false, nil
}
