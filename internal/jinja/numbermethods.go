package jinja

import (
	"math"
	"math/big"
	"math/bits"
)

// numberAttribute returns the attributes that numbers have in Python. A boolean is a
// whole number.
func (in *interp) numberAttribute(v Value, id string) (Value, bool, error) {
	i, isInt := toInt(v)
	f, _ := toFloat(v)
	if isInt {
		v = i // of true and false
	}
	switch id {
	case "real":
		return v, true, nil
	case "imag":
		if isInt {
			return int64(0), true, nil
		}
		return 0.0, true, nil
	case "conjugate":
		return numberMethod(id, func() (Value, error) { return v, nil }), true, nil
	case "as_integer_ratio":
		return numberMethod(id, func() (Value, error) { return in.ratio(v, f) }), true, nil
	}
	if !isInt {
		if id == "is_integer" {
			return numberMethod(id, func() (Value, error) { return f == math.Trunc(f) && !math.IsInf(f, 0), nil }), true, nil
		}
		return nil, false, nil
	}
	switch id {
	case "numerator":
		return v, true, nil
	case "denominator":
		return int64(1), true, nil
	case "bit_length":
		return numberMethod(id, func() (Value, error) { return int64(bits.Len64(magnitude(i))), nil }), true, nil
	case "bit_count":
		return numberMethod(id, func() (Value, error) { return int64(bits.OnesCount64(magnitude(i))), nil }), true, nil
	}
	return nil, false, nil
}

// magnitude is the number without its sign; the most negative one has it in 64 bits.
func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

// numberMethod is a method without arguments.
func numberMethod(id string, f func() (Value, error)) Value {
	return &function{id, func(_ *interp, a *args) (Value, error) {
		if _, err := a.bind(id, 0); err != nil {
			return nil, err
		}
		return f()
	}}
}

// ratio is as_integer_ratio: a number as a pair of whole ones.
func (in *interp) ratio(v Value, f float64) (Value, error) {
	if i, ok := v.(int64); ok {
		return newTuple(i, int64(1)), in.charge(listBytes + 2*itemBytes)
	}
	switch {
	case math.IsInf(f, 0):
		return nil, fail(OverflowError, "cannot convert Infinity to integer ratio")
	case math.IsNaN(f):
		return nil, fail(ValueError, "cannot convert NaN to integer ratio")
	}
	r := new(big.Rat)
	r.SetFloat64(f)
	num, den := r.Num(), r.Denom()
	return newTuple(asNumber(num), asNumber(den)), in.charge(listBytes + 2*itemBytes + bigSize(num) + bigSize(den))
}

// asNumber is a number in 64 bits where it fits.
func asNumber(b *big.Int) Value {
	if b.IsInt64() {
		return b.Int64()
	}
	return b
}

// attribute returns the attributes of a range.
func (r rangeValue) attribute(id string) (Value, bool, error) {
	switch id {
	case "start":
		return r.start, true, nil
	case "stop":
		return r.stop, true, nil
	case "step":
		return r.step, true, nil
	case "index", "count":
		return &function{id, func(in *interp, a *args) (Value, error) {
			if len(a.names) > 0 {
				return nil, fail(TypeError, "range.%s() takes no keyword arguments", id)
			}
			if len(a.pos) != 1 {
				return nil, fail(TypeError, "range.%s() takes exactly one argument (%d given)", id, len(a.pos))
			}
			return r.find(in, id, a.pos[0])
		}}, true, nil
	}
	return nil, false, nil
}

// find is index or count of an item, of which a range has one or none.
func (r rangeValue) find(in *interp, id string, item Value) (Value, error) {
	x, isInt := toInt(item)
	if f, ok := item.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		x, isInt = int64(f), true
	}
	found := isInt && r.has(x)
	if id == "count" {
		return intOf(found), nil
	}
	if !found {
		text, err := in.repr(item)
		if err != nil {
			return nil, err
		}
		if !isInt {
			return nil, fail(ValueError, "sequence.index(x): x not in sequence")
		}
		return nil, fail(ValueError, "%s is not in range", text)
	}
	return (x - r.start) / r.step, nil
}
