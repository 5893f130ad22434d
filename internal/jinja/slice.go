package jinja

import (
	"math"
	"math/big"
	"unicode/utf8"
)

// slice evaluates v[start:stop:step]. Bounds beyond the ends are cut and never
// fail, as in Python; a bound of none is no bound.
//
// A part of a text shares its memory and costs only what of it is counted; a part
// of a list is a new list, and is charged.
func (in *interp) slice(v Value, s *sliceExpr) (Value, error) {
	var bounds [3]*int64
	for i, e := range [3]expr{s.start, s.stop, s.step} {
		if e == nil {
			continue
		}
		b, err := in.eval(e)
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		x, ok := sliceIndex(b)
		if !ok {
			return nil, errSliceIndex()
		}
		bounds[i] = &x
	}
	switch v := v.(type) {
	case *undefined:
		return nil, v.err()
	case string:
		return in.sliceString(v, bounds)
	case markup:
		return marked(in.sliceString(string(v), bounds))
	case *List:
		start, step, n, err := sliceRange(int64(len(v.Items)), bounds)
		if err != nil {
			return nil, err
		}
		items, err := in.pickItems(v.Items, start, step, n)
		return &List{Items: items, tuple: v.tuple}, err
	case rangeValue:
		start, stop, step, n, err := sliceBounds(v.count, bounds)
		if err != nil {
			return nil, err
		}
		// A part of a range is a range.
		part := rangeValue{start: v.start + start*v.step, step: v.step * step, count: n}
		part.stop = v.start + stop*v.step
		return part, nil
	// Python sees an item whose key is a slice, which no key can be.
	case *Dict:
		return nil, fail(TypeError, "unhashable type: 'slice'")
	}
	return nil, fail(TypeError, "'%s' object is not subscriptable", typeName(v))
}

// sliceIndex returns a bound of a slice. A number beyond 64 bits is beyond all ends.
func sliceIndex(v Value) (int64, bool) {
	if b, ok := v.(*big.Int); ok {
		return int64(b.Sign()) * math.MaxInt64, true
	}
	return toInt(v)
}

func errSliceIndex() error {
	return fail(TypeError, "slice indices must be integers or None or have an __index__ method")
}

// pickItems returns n items from start on, step apart, in a new list.
func (in *interp) pickItems(items []Value, start, step, n int64) ([]Value, error) {
	if err := in.charge(listBytes + itemBytes*int(n)); err != nil {
		return nil, err
	}
	out := make([]Value, n)
	for i := range out {
		if err := in.every(i); err != nil {
			return nil, err
		}
		out[i] = items[start+int64(i)*step]
	}
	return out, nil
}

// sliceString returns characters of a text. With a step of 1, which is what
// templates ask for, the result is a part of the same memory.
func (in *interp) sliceString(s string, bounds [3]*int64) (Value, error) {
	if bounds[2] == nil || *bounds[2] == 1 {
		from, to, err := in.span(s, bounds[0], bounds[1])
		if err != nil || from >= to {
			return "", err
		}
		return s[from:to], nil
	}
	runes, err := in.runes(s)
	if err != nil {
		return nil, err
	}
	start, step, n, err := sliceRange(int64(len(runes)), bounds)
	if err != nil {
		return nil, err
	}
	return in.fromRunes(runes, start, step, n)
}

// span returns where s[start:stop] begins and ends in bytes; it is empty where
// it ends before it begins. What is outside of the bounds is not gone over.
func (in *interp) span(s string, start, stop *int64) (from, to int, err error) {
	// Bounds beyond the text end at its ends: offset stops there by itself.
	place := func(b *int64, otherwise int) (int, error) {
		switch {
		case b == nil:
			return otherwise, nil
		case *b < 0:
			at, _, err := in.offsetBack(s, -max(*b, -math.MaxInt64))
			return at, err
		}
		at, _, err := in.offset(s, *b)
		return at, err
	}
	if from, err = place(start, 0); err != nil {
		return 0, 0, err
	}
	to, err = place(stop, len(s))
	return from, to, err
}

// sliceRange returns which of size items Python's slice picks: where it begins,
// the step, which is cut to what the items need, and how many. A step of more
// than the size picks one item whatever its length; cutting it keeps the sums
// below from overflowing.
//
// PySlice_AdjustIndices of CPython.
func sliceRange(size int64, bounds [3]*int64) (start, step, n int64, err error) {
	start, _, step, n, err = sliceBounds(size, bounds)
	return start, step, n, err
}

// sliceBounds is sliceRange with the place where the slice ends.
func sliceBounds(size int64, bounds [3]*int64) (start, stop, step, n int64, err error) {
	step = 1
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return 0, 0, 0, 0, fail(ValueError, "slice step cannot be zero")
	}
	// Going down, the place before the first item is an end of its own.
	lo, hi := int64(0), size
	if step < 0 {
		lo, hi = -1, size-1
	}
	clip := func(b *int64, otherwise int64) int64 {
		if b == nil {
			return otherwise
		}
		x := *b
		if x < 0 {
			x += size
		}
		return min(max(x, lo), hi)
	}
	if step > 0 {
		start, stop, step = clip(bounds[0], 0), clip(bounds[1], size), min(step, size+1)
		n = (stop - start + step - 1) / step
	} else {
		start, stop, step = clip(bounds[0], size-1), clip(bounds[1], -1), max(step, -size-1)
		n = (start - stop - step - 1) / -step
	}
	return start, stop, step, max(n, 0), nil
}

// runeAt returns the character at an index that counts characters, from the end
// if it is negative.
func (in *interp) runeAt(s string, i int64) (string, bool, error) {
	var at int
	var missing int64
	var err error
	if i < 0 {
		// The most negative index has no opposite; no text has as many characters.
		at, missing, err = in.offsetBack(s, -max(i, -math.MaxInt64))
	} else {
		at, missing, err = in.offset(s, i)
	}
	if err != nil || missing > 0 || at >= len(s) {
		return "", false, err
	}
	r, _ := utf8.DecodeRuneInString(s[at:])
	return string(r), true, nil
}
