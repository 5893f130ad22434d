package jinja

import (
	"math"
	"math/big"
)

// +true is 1 in Python, so a boolean becomes a number by either sign. Minus of
// the smallest whole number has no place in 64 bits.
func negate(op string, v Value) (Value, error) {
	if u, ok := v.(*undefined); ok {
		return nil, u.err()
	}
	sign := int64(1)
	if op == "-" {
		sign = -1
	}
	switch v := v.(type) {
	case float64:
		return v * float64(sign), nil
	case *big.Int:
		return new(big.Int).Mul(v, big.NewInt(sign)), nil
	}
	i, ok := toInt(v)
	if !ok {
		return nil, fail(TypeError, "bad operand type for unary %s: '%s'", op, typeName(v))
	}
	if sign < 0 && i == math.MinInt64 {
		return nil, errBig()
	}
	return i * sign, nil
}

// errBig is what whole numbers fail with where Python's would grow. Growing
// without a bound is an attack by itself, 9**9**9, and no prompt needs it;
// large numbers from outside can be kept and printed, but not computed with.
func errBig() error { return fail(OverflowError, "a whole number does not fit in 64 bits") }

// arith applies a binary operator. The left operand decides, as in Python, but
// for the product: 2 * 'a' is 'a' * 2. A boolean is a number everywhere.
//
// SandboxedEnvironment can intercept operators (intercepted_binops); transformers
// intercepts none. Text and lists are charged for what they become, numbers by
// their length where they are long.
func (in *interp) arith(op string, a, b Value) (Value, error) {
	if err := in.payBig(a, b); err != nil {
		return nil, err
	}
	for _, v := range [2]Value{a, b} {
		// Text formats what is undefined as nothing and does not fail.
		if u, ok := v.(*undefined); ok && !(op == "%" && isText(a)) {
			return nil, u.err()
		}
	}
	if isMarkup(a) || isMarkup(b) {
		if v, ok, err := in.markupOp(op, a, b); ok || err != nil {
			return v, err
		}
	}
	switch a := a.(type) {
	case string:
		if v, ok, err := in.textOp(op, a, b); ok || err != nil {
			return v, err
		}
	case *List:
		if v, ok, err := in.listOp(op, a, b); ok || err != nil {
			return v, err
		}
	}
	if op == "*" {
		switch b.(type) {
		case string, *List:
			if _, ok := toInt(a); ok {
				return in.arith(op, b, a)
			}
		}
	}
	// Two whole numbers stay whole but for /; one float makes both floats.
	x, okA := toInt(a)
	y, okB := toInt(b)
	if okA && okB {
		return intOp(op, x, y)
	}
	f, okA := toFloat(a)
	g, okB := toFloat(b)
	if okA && okB {
		return floatOp(op, f, g)
	}
	// So Python names the operator in its message.
	if op == "**" {
		op = "** or pow()"
	}
	return nil, fail(TypeError, "unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
}

// textOp applies an operator to text on the left; ok is false for those that
// text does not have.
func (in *interp) textOp(op, a string, b Value) (Value, bool, error) {
	switch op {
	case "+":
		s, ok := b.(string)
		if !ok {
			return nil, true, fail(TypeError, "can only concatenate str (not \"%s\") to str", typeName(b))
		}
		if a == "" || s == "" {
			return a + s, true, nil // nothing is copied
		}
		sum, err := in.concat(a, s)
		return sum, true, err
	case "*":
		n, ok := toInt(b)
		if !ok {
			return nil, true, fail(TypeError, "can't multiply sequence by non-int of type '%s'", typeName(b))
		}
		s, err := in.repeat(a, n)
		return s, true, err
	case "%":
		s, err := in.percent(a, b, false)
		return s, true, err
	}
	return nil, false, nil
}

// listOp is textOp for lists and tuples, which cannot be mixed.
func (in *interp) listOp(op string, a *List, b Value) (Value, bool, error) {
	kind := typeName(a)
	switch op {
	case "+":
		l, ok := b.(*List)
		if !ok || l.tuple != a.tuple {
			return nil, true, fail(TypeError, "can only concatenate %s (not \"%s\") to %s", kind, typeName(b), kind)
		}
		items, err := in.copyItems(a.Items, l.Items)
		return &List{Items: items, tuple: a.tuple}, true, err
	case "*":
		n, ok := toInt(b)
		if !ok {
			return nil, true, fail(TypeError, "can't multiply sequence by non-int of type '%s'", typeName(b))
		}
		if n <= 0 || len(a.Items) == 0 {
			return &List{Items: nil, tuple: a.tuple}, true, nil
		}
		// The length is known only to fit an int once it is paid for.
		if err := in.chargeTimes(n, int64(itemBytes*len(a.Items))); err != nil {
			return nil, true, err
		}
		items := make([]Value, len(a.Items)*int(n))
		for i := range items {
			if err := in.every(i); err != nil {
				return nil, true, err
			}
			items[i] = a.Items[i%len(a.Items)]
		}
		return &List{Items: items, tuple: a.tuple}, true, nil
	}
	return nil, false, nil
}

// intOp applies an operator to whole numbers. Results beyond 64 bits fail.
// Division gives a float, as in Python 3, and // and % round down: -7 // 2 is
// -4 and -7 % 2 is 1, where Go's operators cut off toward zero.
func intOp(op string, x, y int64) (Value, error) {
	switch op {
	case "/":
		if y == 0 {
			return nil, fail(ZeroDivision, "division by zero")
		}
		return float64(x) / float64(y), nil
	case "//", "%":
		return floorOp(op, x, y)
	case "**":
		// 2 ** -1 is a float in Python.
		if y < 0 {
			return floatOp(op, float64(x), float64(y))
		}
		// No such power fits, and computing it would take time.
		if y > 64 && (x > 1 || x < -1) {
			return nil, errBig()
		}
	}
	// Sums of numbers this small cannot leave 64 bits.
	const small = 1 << 62
	if -small < x && x < small && -small < y && y < small {
		switch op {
		case "+":
			return x + y, nil
		case "-":
			return x - y, nil
		}
	}
	return checkedOp(op, x, y)
}

// floorOp divides as Python does, which rounds down where Go cuts off toward zero: a
// rest whose sign is not the divisor's moves both results.
func floorOp(op string, x, y int64) (Value, error) {
	if y == 0 {
		return nil, fail(ZeroDivision, "integer division or modulo by zero")
	}
	if x == math.MinInt64 && y == -1 {
		return nil, errBig()
	}
	q, r := x/y, x%y
	if r != 0 && (r < 0) != (y < 0) {
		q, r = q-1, r+y
	}
	if op == "//" {
		return q, nil
	}
	return r, nil
}

// checkedOp goes the slow way, which cannot overflow, and refuses a result that has
// more than 64 bits.
//
// Two numbers of 64 bits cost a step however they are combined: powers have at most
// 64 as the exponent, or the base 0, 1 or -1.
func checkedOp(op string, x, y int64) (Value, error) {
	a, b := big.NewInt(x), big.NewInt(y)
	switch op {
	case "+":
		a.Add(a, b)
	case "-":
		a.Sub(a, b)
	case "*":
		a.Mul(a, b)
	case "**":
		if y > 64 {
			b.SetInt64(2 + y%2) // only the parity matters for -1, 0 and 1
		}
		a.Exp(a, b, nil)
	}
	if !a.IsInt64() {
		return nil, errBig()
	}
	return a.Int64(), nil
}

// Python raises ZeroDivisionError where IEEE 754 has infinity. A rest takes the
// sign of the divisor, which math.Mod does not give it.
func floatOp(op string, f, g float64) (Value, error) {
	switch op {
	case "+":
		return f + g, nil
	case "-":
		return f - g, nil
	case "*":
		return f * g, nil
	case "**":
		if f == 0 && g < 0 {
			return nil, fail(ZeroDivision, "0.0 cannot be raised to a negative power")
		}
		power := pow(f, g)
		if math.IsInf(power, 0) && !math.IsInf(f, 0) && !math.IsInf(g, 0) {
			return nil, fail(OverflowError, "(34, 'Numerical result out of range')")
		}
		return power, nil
	}
	if g == 0 {
		return nil, fail(ZeroDivision, "float division by zero")
	}
	switch op {
	case "/":
		return f / g, nil
	}
	q, r := floatDivMod(f, g)
	if op == "//" {
		return q, nil
	}
	return r, nil
}

// pow is math.Pow to the last digit for small whole exponents, as C's pow has it.
func pow(f, g float64) float64 {
	const most = 1 << 10
	if g != math.Trunc(g) || math.Abs(g) > most || f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return math.Pow(f, g)
	}
	// Ten squarings lose less than twenty of the bits.
	square, power := new(big.Float).SetPrec(128).SetFloat64(f), new(big.Float).SetPrec(128).SetInt64(1)
	for n := int(math.Abs(g)); n > 0; n >>= 1 {
		if n&1 == 1 {
			power.Mul(power, square)
		}
		square.Mul(square, square)
	}
	if g < 0 {
		power.Quo(new(big.Float).SetPrec(128).SetInt64(1), power)
	}
	result, _ := power.Float64()
	return result
}

// floatDivMod divides as Python does, where the quotient is made from the rest: it is
// whole even where f/g would round up to the next number. A rest or a quotient of zero
// keeps a sign.
//
// In CPython this is _float_div_mod.
func floatDivMod(f, g float64) (q, r float64) {
	r = math.Mod(f, g)
	q = (f - r) / g
	if r == 0 {
		r = math.Copysign(0, g)
	} else if (r < 0) != (g < 0) {
		r += g
		q--
	}
	if q == 0 {
		return math.Copysign(0, f/g), r
	}
	whole := math.Floor(q)
	if q-whole > 0.5 {
		whole++
	}
	return whole, r
}
