package jinja

import "unicode/utf8"

// length is Python's len(). What is undefined is empty; a generator has no
// length before it is read, and Python says so.
func (in *interp) length(v Value) (int, error) {
	switch v := plainValue(v).(type) {
	case *undefined:
		return 0, nil
	case string:
		return in.runeCount(v)
	case *List:
		return len(v.Items), nil
	case *Dict:
		return v.Len(), nil
	case *view:
		return v.dict.Len(), nil
	case rangeValue:
		return int(v.count), nil
	case *loop:
		return v.length()
	}
	return 0, fail(TypeError, "object of type '%s' has no len()", typeName(v))
}

// iterate returns the items of a value that a loop goes over. Lists are
// returned as they are and not copied: nothing may change them. Of a mapping a
// loop sees the keys. A generator is empty from then on.
func (in *interp) iterate(v Value) ([]Value, error) {
	switch v := plainValue(v).(type) {
	case *undefined:
		return nil, nil
	case *List:
		return v.Items, nil
	case string:
		return in.characters(v)
	case *Dict:
		return v.keys, nil
	case *view:
		return in.viewItems(v)
	case *generator:
		items, err := v.rest()
		v.items = nil
		return items, err
	case rangeValue:
		// A range is short when it is made and long when it is gone over.
		if err := in.charge((itemBytes + boxBytes) * int(v.count)); err != nil {
			return nil, err
		}
		out := make([]Value, v.count)
		for i := range out {
			out[i] = v.start + int64(i)*v.step
		}
		return out, nil
	}
	return nil, fail(TypeError, "'%s' object is not iterable", typeName(v))
}

// characters returns the characters of a text as texts. They are code points,
// as in Python: an emoji of several of them falls apart. Each is a part of the
// text's memory.
func (in *interp) characters(s string) ([]Value, error) {
	n, err := in.runeCount(s)
	if err == nil {
		err = in.charge((itemBytes + boxBytes) * n)
	}
	if err != nil {
		return nil, err
	}
	out := make([]Value, 0, n)
	err = in.pieces(s, func(piece string) bool {
		for len(piece) > 0 {
			_, size := utf8.DecodeRuneInString(piece)
			c := piece[:size]
			// A byte that is no character counts as one and is replaced, so
			// that it is not joined with its neighbours to something else.
			if !utf8.ValidString(c) {
				c = string(utf8.RuneError)
			}
			out = append(out, c)
			piece = piece[size:]
		}
		return true
	})
	return out, err
}
