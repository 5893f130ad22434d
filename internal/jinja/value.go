package jinja

import (
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// Value is a value of a template: nil (None), bool, int64, *big.Int, float64,
// string, [*List], [*Dict], or one of the types that only templates make.
type Value = any

// List is a list or a tuple. Templates cannot change it.
type List struct {
	Items []Value
	tuple bool
	group bool // a pair of the filter groupby, which has named members
}

// NewList returns a list of items.
func NewList(items ...Value) *List { return &List{Items: items} }

func newTuple(items ...Value) *List { return &List{Items: items, tuple: true} }

// Dict is a mapping that keeps the order in which keys were added.
type Dict struct {
	keys  []Value
	vals  []Value
	index map[any]int
}

// NewDict returns an empty mapping.
func NewDict() *Dict { return &Dict{} }

// maxKey is the length in bytes of the longest key. Hashing one cannot be left
// in the middle.
const maxKey = 16 << 20

// maxTupleKey is the length of the longest tuple that can be a key.
const maxTupleKey = 64

// hashKey returns what stands for a key in a Go map: numbers that are equal in
// Python have one key. It reports whether the value can be a key.
func hashKey(v Value) (any, bool) {
	switch v := v.(type) {
	case nil, string, int64:
		return v, true
	case bool:
		return intOf(v), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<62 {
			return int64(v), true
		}
		return v, true
	case *big.Int:
		return "\x00int " + v.String(), true
	case *List:
		if !v.tuple || len(v.Items) > maxTupleKey {
			return nil, false
		}
		var b strings.Builder
		b.WriteString("\x00tuple")
		for _, item := range v.Items {
			if l, ok := item.(*List); ok && l.tuple {
				return nil, false
			}
			k, ok := hashKey(item)
			if !ok {
				return nil, false
			}
			b.WriteByte(0)
			text, isText := k.(string)
			if !isText {
				text = "\x01" + simpleText(k)
			}
			b.WriteString(strings.ReplaceAll(text, "\x00", "\x00\x00"))
		}
		return b.String(), true
	}
	return nil, false
}

// Len returns the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// Set adds a key or changes its value. It reports whether the key can be one.
func (d *Dict) Set(key, value Value) bool {
	k, ok := hashKey(key)
	if !ok {
		return false
	}
	if i, ok := d.index[k]; ok {
		d.vals[i] = value
		return true
	}
	if d.index == nil {
		d.index = make(map[any]int)
	}
	d.index[k] = len(d.keys)
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, value)
	return true
}

// Get returns the value of a key.
func (d *Dict) Get(key Value) (Value, bool) {
	k, ok := hashKey(key)
	if !ok {
		return nil, false
	}
	i, ok := d.index[k]
	if !ok {
		return nil, false
	}
	return d.vals[i], true
}

// payKey pays for what hashing a key goes over. The key of a tuple is a copy of
// the texts in it.
func (in *interp) payKey(key Value) error {
	switch key := key.(type) {
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

// payBig pays for an operation on whole numbers beyond 64 bits.
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

// set is [Dict.Set] for a mapping of the template.
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

// undefined is the value of what does not exist. It may be tested and printed,
// anything else fails with msg.
type undefined struct {
	msg  string
	kind string // the kind of the error, UndefinedError if empty
}

func (u *undefined) err() error {
	if u.kind != "" {
		return fail(u.kind, "%s", u.msg)
	}
	return fail(UndefinedError, "%s", u.msg)
}

// namespace is what namespace() returns: variables that inner scopes can set.
type namespace struct{ vars *Dict }

// view is what items(), keys() and values() return.
type view struct {
	kind string
	dict *Dict
}

// generator is what filters such as map return: values that are made when they
// are read, and read once.
type generator struct {
	kind  string
	items []Value
	fill  func() ([]Value, error) // makes items, nil once it has
}

// rest returns the values that are left.
func (g *generator) rest() ([]Value, error) {
	if fill := g.fill; fill != nil {
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

// has reports whether x is in the range.
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

func intOf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// truth is Python's bool().
func truth(v Value) bool {
	switch v := v.(type) {
	case nil, *undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case string:
		return v != ""
	case *List:
		return len(v.Items) > 0
	case *Dict:
		return v.Len() > 0
	case *view:
		return v.dict.Len() > 0
	case rangeValue:
		return v.count > 0
	}
	return true
}

// typeName returns the name of a value's Python type.
func typeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case *undefined:
		return "Undefined"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case *List:
		if v.tuple {
			return "tuple"
		}
		return "list"
	case *Dict:
		return "dict"
	case *namespace:
		return "Namespace"
	case *view:
		return "dict_" + v.kind
	case *generator:
		return v.kind
	case rangeValue:
		return "range"
	case *macro:
		return "Macro"
	case *loop:
		return "LoopContext"
	}
	return "builtin_function_or_method"
}

// objectName is the name that messages about missing members use.
func objectName(v Value) string {
	if v == nil {
		return "None"
	}
	return typeName(v) + " object"
}

// length is Python's len().
func (in *interp) length(v Value) (int, error) {
	switch v := v.(type) {
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

// iterate returns the items of a value that a loop goes over.
func (in *interp) iterate(v Value) ([]Value, error) {
	switch v := v.(type) {
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

// characters returns the characters of a text as texts.
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
