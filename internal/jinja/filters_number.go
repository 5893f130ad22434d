package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// numberText returns a text without the white space around it and with ASCII digits,
// and false if it is too long for a number.
//
// Reading digits takes the square of their number in the worst case, hence the
// bound; CPython refuses more than 4300 digits for the same reason
// (sys.set_int_max_str_digits).
func (in *interp) numberText(s string) (string, bool, error) {
	s, err := in.trim(s, isSpace)
	if err != nil || len(s) > maxNumber {
		return "", false, err
	}
	return asciiDigits(s), true, in.spend(len(s) >> runeShift)
}

// filterInt gives the default for what is no number. jinja2 tries int() and then
// int(float()), so that "3.9" gives 3, and the base counts for text only.
//
// In jinja2 this is do_int of filters.py, which catches TypeError and ValueError of
// both tries, and the OverflowError of the second.
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
	case *undefined:
		return nil, x.err()
	case *big.Int:
		return x, nil
	case string:
		return in.readInt(x, base, otherwise)
	case float64:
		if math.IsInf(x, 0) {
			return nil, fail(OverflowError, "cannot convert float infinity to integer")
		}
		return truncated(x, otherwise), nil
	}
	if i, ok := toInt(v); ok {
		return i, nil
	}
	return otherwise, nil
}

// readInt is the filter int of a text.
func (in *interp) readInt(s string, base int64, otherwise Value) (Value, error) {
	s, ok, err := in.numberText(s)
	if err != nil || !ok {
		return otherwise, err
	}
	if i, ok := parseInt(s, base); ok {
		return i, nil // its digits are paid for
	}
	if f, ok := parseFloat(s); ok {
		return truncated(f, otherwise), nil
	}
	return otherwise, nil
}

// truncated is int() of a float; what is not finite has none.
func truncated(f float64, otherwise Value) Value {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return otherwise
	case math.Abs(f) < 1<<63:
		return int64(f)
	}
	whole, _ := big.NewFloat(f).Int(nil)
	return whole
}

// parseInt reads a number to a base, which 0 leaves to its prefix. Python's int takes
// a prefix if it fits the base; package big takes one only for base 0. There Python
// refuses zeros in front of a number, which big takes for those of octal numbers.
func parseInt(text string, base int64) (Value, bool) {
	if base != 0 && (base < 2 || base > 36) {
		return nil, false
	}
	text = strings.ToLower(text)
	sign := ""
	if text != "" && (text[0] == '-' || text[0] == '+') {
		sign, text = text[:1], text[1:]
	}
	for prefix, of := range map[string]int64{"0x": 16, "0o": 8, "0b": 2} {
		if rest, ok := strings.CutPrefix(text, prefix); ok && (base == of || base == 0) {
			// One underscore may stand behind a prefix.
			text, base = strings.TrimPrefix(rest, "_"), of
			break
		}
	}
	text, ok := joinDigits(text, isASCIIAlnum)
	if !ok || text == "" || !isASCIIAlnum(text[0]) {
		return nil, false
	}
	if base == 0 {
		if base = 10; text[0] == '0' && strings.Trim(text, "0") != "" {
			return nil, false
		}
	}
	if i, err := strconv.ParseInt(sign+text, int(base), 64); err == nil {
		return i, true
	}
	i, ok := new(big.Int).SetString(sign+text, int(base))
	return i, ok
}

// filterFloat gives the default for what is no number.
//
// In jinja2 this is do_float.
func filterFloat(in *interp, v Value, a *args) (Value, error) {
	b, err := a.bind("float", 0, "default")
	if err != nil {
		return nil, err
	}
	switch s := v.(type) {
	case *undefined:
		return nil, s.err()
	case string:
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
		if i, ok := toInt(v); ok {
			return roundInt(i, precision)
		}
		return in.roundCommon(f, precision)
	}
	return nil, fail("FilterArgumentError", "method must be common, ceil or floor")
}

// roundInt rounds a whole number to tens, hundreds and so on, a half to the even one.
func roundInt(i, precision int64) (Value, error) {
	switch {
	case precision >= 0:
		return i, nil
	case precision < -18: // 5e18 is the half of ten to the 19
		if precision == -19 && (i > 5e18 || i < -5e18) {
			return nil, errBig()
		}
		return int64(0), nil
	}
	unit := int64(1)
	for range -precision {
		unit *= 10
	}
	rest := i % unit
	i -= rest
	if half := max(rest, -rest) - unit/2; half > 0 || half == 0 && i/unit%2 != 0 {
		sign := int64(1)
		if rest < 0 {
			sign = -1
		}
		return intOp("+", i, sign*unit)
	}
	return i, nil
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
	if x, ok := v.(float64); ok {
		return math.Abs(x), nil // of -0.0 too
	}
	if f < 0 {
		return negate("-", v)
	}
	return negate("+", v)
}
