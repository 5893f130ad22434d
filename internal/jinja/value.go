package jinja

import (
	"math/big"
)

// Value is a value of a template: nil (None), bool, int64, *big.Int, float64,
// string, [*List], [*Dict], or one of the types that only templates make, markup among them. It is
// an alias so that values of Go need no conversion: a message's content is the
// string that the caller has.
type Value = any

// List is a list or a tuple. Templates cannot change it. Tuples differ in how
// they print, in comparing equal to tuples only, and in that they can be keys.
type List struct {
	Items []Value
	tuple bool
	group bool // a pair of the filter groupby, which has named members
}

// NewList returns a list of items.
func NewList(items ...Value) *List { return &List{Items: items} }

// newTuple returns a tuple of items.
func newTuple(items ...Value) *List { return &List{Items: items, tuple: true} }

// namespace is what namespace() returns: variables that inner scopes can set.
type namespace struct{ vars *Dict }

// view is what items(), keys() and values() return.
type view struct {
	kind string
	dict *Dict
}

// generator is what filters such as map return: values that are made when they
// are read, and read once. kind is the name of Python's type, which a template
// sees when it prints one.
type generator struct {
	kind  string
	items []Value
	fill  func() ([]Value, error) // makes items, nil once it has
}

// rest returns the values that are left.
func (g *generator) rest() ([]Value, error) {
	if fill := g.fill; fill != nil {
		// Before the call, so that a failing one is not run again.
		g.fill = nil
		var err error
		if g.items, err = fill(); err != nil {
			return nil, err
		}
	}
	return g.items, nil
}

// rangeValue is what range() returns.
type rangeValue struct{ start, stop, step, count int64 }

// has reports whether x is in the range. The distance has to be a multiple of
// the step and within the count.
func (r rangeValue) has(x int64) bool {
	d := x - r.start
	return r.count > 0 && d%r.step == 0 && d/r.step >= 0 && d/r.step < r.count
}

// function is a function or a method that templates can call.
type function struct {
	name string
	call func(in *interp, a *args) (Value, error)
}

// macro is a macro with the scope that it was defined in.
type macro struct {
	def   *macroStmt
	scope *scope
}

// intOf is Python's int() of a boolean.
func intOf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// toInt returns a whole number as Python's __index__ does. A boolean is a
// number there; a float never is.
func toInt(v Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		return intOf(v), true
	}
	return 0, false
}

// toFloat returns a number. Large whole numbers lose digits, where Python would
// compare them exactly.
func toFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	}
	i, ok := toInt(v)
	return float64(i), ok
}

// isText reports whether a value is a text, marked or not.
func isText(v Value) bool { _, ok := textOf(v); return ok }
