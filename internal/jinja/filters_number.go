package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// numberText returns a text without the white space around it, and false if it
// is too long for a number.
//
// Reading digits takes the square of their number in the worst case, hence the
// bound; CPython refuses more than 4300 digits for the same reason
// (sys.set_int_max_str_digits).
func (in *interp) numberText(s string) (string, bool, error) {
	s, err := in.trim(s, isSpace)
	if err != nil || len(s) > maxNumber {
		return "", false, err
	}
	return s, true, in.spend(len(s) >> runeShift)
}

// filterInt never fails: what is no number gives the default. jinja2 tries
// int() and then int(float()), so that "3.9" gives 3, and the base counts for
// text only.
//
// In jinja2 this is do_int of filters.py, which catches TypeError and
// ValueError of both tries.
func filterInt(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("int", 0, "default", "base")
	if err != nil {
		return nil, err
	}
	var otherwise Value = int64(0)
	if b.isSet[0] {
		otherwise = b.vals[0]
	}
	base, err := b.int(1, 10)
	if err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case *big.Int:
		return x, nil
	case string:
		x, ok, err := in.numberText(x)
		if err != nil || !ok {
			return otherwise, err
		}
		if i, ok := parseInt(x, base); ok {
			return i, nil
		}
		// The second try, for text with a fraction or an exponent. Infinity and
		// NaN end at the check below.
		if f, ok := parseFloat(x); ok {
			v = f
		}
	}
	if i, ok := toInt(v); ok {
		return i, nil
	}
	if f, ok := v.(float64); ok && math.Abs(f) < 1<<63 {
		return int64(f), nil
	}
	return otherwise, nil
}

// parseInt reads a number to a base, which 0 leaves to its prefix. Python's int takes
// a prefix if it fits the base; strconv takes one only for base 0, where it is left
// on.
func parseInt(text string, base int64) (int64, bool) {
	if base != 0 && (base < 2 || base > 36) {
		return 0, false
	}
	text = strings.ToLower(strings.ReplaceAll(text, "_", ""))
	for prefix, of := range map[string]int64{"0x": 16, "0o": 8, "0b": 2} {
		if of == base {
			text = strings.TrimPrefix(text, prefix)
		}
	}
	i, err := strconv.ParseInt(text, int(base), 64)
	return i, err == nil
}

// filterFloat never fails either. Python's float reads inf, nan and underscores
// between digits, as strconv does, but no hexadecimal floats, which strconv
// would.
//
// In jinja2 this is do_float.
func filterFloat(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("float", 0, "default")
	if err != nil {
		return nil, err
	}
	if s, ok := v.(string); ok {
		s, ok, err := in.numberText(s)
		if err != nil {
			return nil, err
		}
		if f, isNumber := parseFloat(s); ok && isNumber {
			return f, nil
		}
	}
	// Anything that is a number already, a boolean too.
	if f, ok := toFloat(v); ok {
		return f, nil
	}
	if b.isSet[0] {
		return b.vals[0], nil
	}
	return 0.0, nil
}

// filterRound rounds a half to the even neighbour, as Python 3 does, and not
// away from zero. The result is a float for whole numbers of digits too:
// 2.7|round is 3.0.
//
// In jinja2 this is do_round: ceil and floor multiply by a power of ten and divide
// again, with what that costs in the last digit.
func filterRound(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("round", 0, "precision", "method")
	if err != nil {
		return nil, err
	}
	precision, err := b.int(0, 0)
	if err != nil {
		return nil, err
	}
	way, err := b.text(1, "common")
	if err != nil {
		return nil, err
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, fail(TypeError, "type %s doesn't define __round__ method", typeName(v))
	}
	scale := math.Pow(10, float64(precision))
	switch way {
	case "ceil":
		return math.Ceil(f*scale) / scale, nil
	case "floor":
		return math.Floor(f*scale) / scale, nil
	case "common":
		// Python's round keeps the type of a whole number.
		if i, ok := toInt(v); ok && precision >= 0 {
			return i, nil
		}
		return in.roundCommon(f, precision)
	}
	return nil, fail("FilterArgumentError", "method must be common, ceil or floor")
}

// roundCommon is Python's round, which rounds a half to the even digit.
func (in *interp) roundCommon(f float64, precision int64) (Value, error) {
	// Rounding to tens and hundreds, which strconv has no form for. Beyond
	// 300 digits a float has none that could change.
	if precision < 0 || precision > 300 {
		scale := math.Pow(10, float64(precision))
		return math.RoundToEven(f*scale) / scale, nil
	}
	// Many digits take the slow way of strconv.
	if err := in.spend(4 + int(precision)); err != nil {
		return nil, err
	}
	// Through decimal digits, which are exact: 2.675 is a little less than
	// its name, and multiplying by 100 would hide that.
	return strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
}

// filterAbs goes through negate for the sign, which knows the smallest whole
// number that has no opposite and makes a number of a boolean.
//
// abs is Python's own in the table of jinja2.
func filterAbs(_ *interp, v Value, a *args) (Value, error) {
	if _, err := a.bind("abs", 0); err != nil {
		return nil, err
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, fail(TypeError, "bad operand type for abs(): '%s'", typeName(v))
	}
	if f < 0 {
		return negate("-", v)
	}
	return negate("+", v)
}
