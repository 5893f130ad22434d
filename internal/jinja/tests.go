package jinja

import (
	"math"
	"math/big"
)

// The forms of a comparison by name, by a longer name and by its operator come
// from jinja2 2.10, so that select can be handed any of them.
func init() {
	is := func(f func(v Value) bool) testFunc {
		return func(_ *interp, v Value, a *args) (bool, error) {
			_, err := a.bind("test", 0)
			return f(v), err
		}
	}
	// A test is charged for what it is handed, as a filter is. Those of the kind of
	// a value take no argument, and say so where one is given.
	tests = metered(map[string]testFunc{
		"defined":     is(func(v Value) bool { _, ok := v.(*undefined); return !ok }),
		"undefined":   is(func(v Value) bool { _, ok := v.(*undefined); return ok }),
		"none":        is(func(v Value) bool { return v == nil }),
		"boolean":     is(func(v Value) bool { _, ok := v.(bool); return ok }),
		"true":        is(func(v Value) bool { return v == true }),
		"false":       is(func(v Value) bool { return v == false }),
		"string":      is(isText),
		"mapping":     is(func(v Value) bool { _, ok := v.(*Dict); return ok }),
		"integer":     is(isInteger),
		"float":       is(func(v Value) bool { _, ok := v.(float64); return ok }),
		"number":      is(func(v Value) bool { _, ok := toFloat(v); return ok }),
		"sequence":    is(isSequence),
		"iterable":    is(isIterable),
		"callable":    is(isCallable),
		"lower":       caseTest(isLower, isUpper),
		"upper":       caseTest(isUpper, isLower),
		"escaped":     is(isMarkup),
		"odd":         modTest(func(r int64) bool { return r == 1 }),
		"even":        modTest(func(r int64) bool { return r == 0 }),
		"divisibleby": testDivisibleBy,
		"sameas":      testSameAs,
		"in":          testIn,
		// Templates ask these two before they use what a server may not have.
		"filter": namedTest(func(name string) bool { return filters[name] != nil }),
		"test":   namedTest(func(name string) bool { return tests[name] != nil }),
		"eq":     compareTest("=="), "equalto": compareTest("=="), "==": compareTest("=="),
		"ne": compareTest("!="), "!=": compareTest("!="),
		"lt": compareTest("<"), "lessthan": compareTest("<"), "<": compareTest("<"),
		"le": compareTest("<="), "<=": compareTest("<="),
		"gt": compareTest(">"), "greaterthan": compareTest(">"), ">": compareTest(">"),
		"ge": compareTest(">="), ">=": compareTest(">="),
	}, ownTests...)
}

// namedTest asks a table for a name. What cannot be a key of one is a mistake.
func namedTest(known func(name string) bool) testFunc {
	return func(in *interp, v Value, a *args) (bool, error) {
		if _, err := a.bind("test", 0); err != nil {
			return false, err
		}
		if err := in.payKey(v); err != nil {
			return false, err
		}
		if _, ok := hashKey(v); !ok {
			return false, fail(TypeError, "unhashable type: '%s'", typeName(v))
		}
		s, ok := textOf(v)
		return ok && known(s), nil
	}
}

// compareTest is an operator as a test.
func compareTest(op string) testFunc {
	return func(in *interp, v Value, a *args) (bool, error) {
		b, err := a.bind("test", 1, "other")
		if err != nil {
			return false, err
		}
		return in.compare(op, v, b.vals[0])
	}
}

// testDivisibleBy is x % n == 0, with the errors of a division.
//
// In jinja2 this is test_divisibleby of tests.py; % of a text would format it
// there.
func testDivisibleBy(in *interp, v Value, a *args) (bool, error) {
	b, err := a.bind("divisibleby", 1, "num")
	if err != nil {
		return false, err
	}
	r, err := in.arith("%", v, b.vals[0])
	if err != nil {
		return false, err
	}
	return in.equal(r, int64(0))
}

// testSameAs is Python's `is`. Small values are shared there, which templates ask
// for (x is sameas true); lists and mappings are the same if they are one.
//
// In jinja2 this is test_sameas. What CPython shares beside that, such as whole
// numbers up to 256, no template should ask for: equal numbers and texts count as
// one here.
func testSameAs(in *interp, v Value, a *args) (bool, error) {
	b, err := a.bind("sameas", 1, "other")
	if err != nil {
		return false, err
	}
	if typeName(v) != typeName(b.vals[0]) {
		return false, nil
	}
	switch v.(type) {
	case nil, bool, int64, string:
		return in.equal(v, b.vals[0])
	case *List, *Dict:
		return v == b.vals[0], nil
	}
	return false, nil
}

// testIn is the operator, with the container as the argument.
func testIn(in *interp, v Value, a *args) (bool, error) {
	b, err := a.bind("in", 1, "seq")
	if err != nil {
		return false, err
	}
	return in.contains(b.vals[0], v)
}

// ownTests look at the kind of a value only, or pay for what they compare.
// Comparisons pay in equal and order, which stop at the first difference.
var ownTests = []string{
	"defined", "undefined", "none", "boolean", "true", "false", "string", "mapping", "integer", "float",
	"number", "sequence", "iterable", "callable", "escaped", "odd", "even", "sameas", "in",
	"eq", "equalto", "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">=",
}

// A boolean is a whole number in Python, but not for this test, which jinja2
// has beside the test boolean; for the test number it is.
func isInteger(v Value) bool {
	switch v.(type) {
	case int64, *big.Int:
		return true
	}
	return false
}

// What has a length and items by key is one for jinja2, which is why a mapping
// and text are. Undefined has both.
//
// In jinja2 this is test_sequence, which calls len() and looks for __getitem__.
func isSequence(v Value) bool {
	switch v.(type) {
	case string, markup, *List, *Dict, rangeValue, *undefined:
		return true
	}
	return false
}

// Text can be gone over: a template that tells a list of parts from plain text
// asks `is string` first.
//
// In jinja2 this is test_iterable, which calls iter().
func isIterable(v Value) bool {
	switch v.(type) {
	case *view, *generator, *loop:
		return true
	}
	return isSequence(v)
}

// An undefined value has Python's __call__, which raises; the test does not
// call it.
func isCallable(v Value) bool {
	switch v := v.(type) {
	case *function:
		return v.name != "self" // jinja2's TemplateReference is none
	case *macro, *loop, *undefined:
		return true
	}
	return false
}

// caseTest asks of any value, written as text.
func caseTest(want, other func(rune) bool) testFunc {
	return func(in *interp, v Value, a *args) (bool, error) {
		if _, err := a.bind("test", 0); err != nil {
			return false, err
		}
		s, err := in.str(v)
		if err != nil {
			return false, err
		}
		return in.cased(s, want, other)
	}
}

// modTest makes odd and even, which take floats too: 3.0 is odd and 3.5 is
// neither. What is no number fails, as Python's operator % does.
//
// In jinja2 these are test_odd and test_even, value % 2 == 1 and == 0.
func modTest(f func(r int64) bool) testFunc {
	return func(in *interp, v Value, a *args) (bool, error) {
		if _, err := a.bind("test", 0); err != nil {
			return false, err
		}
		if x, ok := v.(float64); ok {
			r := x - 2*math.Floor(x/2)
			return r == math.Trunc(r) && f(int64(r)), nil
		}
		r, err := in.arith("%", v, int64(2))
		if err != nil {
			return false, err
		}
		i, ok := r.(int64) // a text that is formatted is neither
		return ok && f(i), nil
	}
}
