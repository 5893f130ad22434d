package jinja

import "math/big"

// payKey pays for what hashing a key goes over. The key of a tuple is a copy of
// the texts in it.
func (in *interp) payKey(key Value) error {
	switch key := plainValue(key).(type) {
	case string:
		if len(key) > maxKey {
			return in.stop("a key is too long")
		}
		return in.spend(1 + len(key)>>lookShift)
	case *big.Int:
		return in.touch(bigSize(key))
	case *List:
		if !key.tuple || len(key.Items) > maxTupleKey {
			return nil // not a key
		}
		// Twice the size, since what is doubled may be all of it.
		n := listBytes
		for _, item := range key.Items {
			n += boxBytes + 2*size(item)
		}
		if n > maxKey {
			return in.stop("a key is too long")
		}
		return in.charge(n)
	}
	return nil
}

// payBig pays for an operation on whole numbers beyond 64 bits. They come in with
// tool arguments only, as numbers of up to maxNumber digits, and no operator makes
// them longer.
func (in *interp) payBig(values ...Value) error {
	for _, v := range values {
		if b, ok := v.(*big.Int); ok {
			if err := in.touch(bigSize(b)); err != nil {
				return err
			}
		}
	}
	return nil
}

// get is [Dict.Get] for a key that may be large.
func (in *interp) get(d *Dict, key Value) (Value, bool, error) {
	if err := in.payKey(key); err != nil {
		return nil, false, err
	}
	v, ok := d.Get(key)
	return v, ok, nil
}

// set is [Dict.Set] for a mapping of the template. A new key takes memory; a changed
// value takes the place of the old one.
func (in *interp) set(d *Dict, key, value Value) error {
	if err := in.payKey(key); err != nil {
		return err
	}
	before := d.Len()
	if !d.Set(key, value) {
		return fail(TypeError, "unhashable type: '%s'", typeName(key))
	}
	if d.Len() == before {
		return in.spend(1)
	}
	return in.charge(pairBytes)
}

// copyDict returns a mapping with the same values: a shallow copy, as dict.copy is
// in Python.
func (in *interp) copyDict(d *Dict) (*Dict, error) {
	out := NewDict()
	for i, k := range d.keys {
		if err := in.set(out, k, d.vals[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// viewItems returns what a view shows. Keys and values are the lists of the mapping
// itself and must not be changed; pairs are made for the call.
func (in *interp) viewItems(v *view) ([]Value, error) {
	switch v.kind {
	case "keys":
		return v.dict.keys, nil
	case "values":
		return v.dict.vals, nil
	}
	if err := in.charge((listBytes + 3*itemBytes) * v.dict.Len()); err != nil {
		return nil, err
	}
	out := make([]Value, v.dict.Len())
	for i, k := range v.dict.keys {
		if err := in.spend(1); err != nil {
			return nil, err
		}
		out[i] = newTuple(k, v.dict.vals[i])
	}
	return out, nil
}
