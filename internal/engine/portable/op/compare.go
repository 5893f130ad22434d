package op

// comparison is an operator of two operands whose result is a boolean.
type comparison uint8

// The comparisons come first, then the logical operators.
const (
	isEqual comparison = iota
	isNotEqual
	isLess
	isLessEqual
	isGreater
	isGreaterEqual
	isAnd
	isOr
	isXor
)

// comparisons are their names in a program.
var comparisons = [...]string{
	isEqual: "equal", isNotEqual: "not_equal", isLess: "less", isLessEqual: "less_equal",
	isGreater: "greater", isGreaterEqual: "greater_equal",
	isAnd: "logical_and", isOr: "logical_or", isXor: "logical_xor",
}

func init() {
	for k, name := range comparisons {
		op := comparison(k)
		add(Operator{
			Name: name, Params: in("x*", "y*!"), Exact: true,
			Shape: func(c *Call) error { return broadcastShape(c, 0, 2) }, Eval: func(c *Call) error { return c.compare(op) },
		})
	}
	add(Operator{Name: "logical_not", Params: in("x"), Eval: logicalNot, Exact: true})
}

// compare applies a comparison or a logical operator to operands that broadcast. Two
// operands of integers are compared as such, since float32 does not tell all of them
// apart; an integer meets a number as a number. For the logical operators whatever is
// not zero is true.
func (c *Call) compare(op comparison) error {
	out := c.newI32(0)
	w := c.nest()
	if c.In(0).IsInt() && c.In(1).IsInt() {
		a, b, ok := c.pairInt(&w)
		for ; ok; ok = w.Next() {
			compareRow(op, out[w.At[0]:w.At[0]+w.N], a[w.At[1]:], b[w.At[2]:], w.Step[1], w.Step[2])
		}
		return nil
	}
	a, b, ok := c.pair(&w)
	for ; ok; ok = w.Next() {
		compareRow(op, out[w.At[0]:w.At[0]+w.N], a[w.At[1]:], b[w.At[2]:], w.Step[1], w.Step[2])
	}
	return nil
}

// compareRow compares elements of a, p apart, with elements of b, q apart. There is a
// loop for each operator, not a function called for each element: a mask of a long
// prompt is the square of its length. NaN compares as IEEE 754 says, unequal to all.
func compareRow[T int32 | float32](op comparison, dst []int32, a, b []T, p, q int) {
	switch op {
	case isEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] == b[k*q])
		}
	case isNotEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] != b[k*q])
		}
	case isLess:
		for k := range dst {
			dst[k] = bit(a[k*p] < b[k*q])
		}
	case isLessEqual:
		for k := range dst {
			dst[k] = bit(a[k*p] <= b[k*q])
		}
	case isGreater:
		compareRow(isLess, dst, b, a, q, p)
	case isGreaterEqual:
		compareRow(isLessEqual, dst, b, a, q, p)
	case isAnd:
		for k := range dst {
			dst[k] = bit(a[k*p] != 0 && b[k*q] != 0)
		}
	case isOr:
		for k := range dst {
			dst[k] = bit(a[k*p] != 0 || b[k*q] != 0)
		}
	case isXor:
		for k := range dst {
			dst[k] = bit((a[k*p] != 0) != (b[k*q] != 0))
		}
	}
}

// bit is 1 for true and 0 for false, as booleans are kept.
func bit(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// logicalNot is 1 where x is 0, else 0.
func logicalNot(c *Call) error {
	out := c.newI32(0)
	x := c.I32(c.In(0))
	c.Env.Pieces(len(x), func(lo, hi int) {
		for k, v := range x[lo:hi] {
			out[lo+k] = bit(v == 0)
		}
	})
	return nil
}
