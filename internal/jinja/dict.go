package jinja

import (
	"math"
	"math/big"
	"strings"
)

// Dict is a mapping that keeps the order in which keys were added. Python's mappings
// keep their order since 3.7, and templates rely on it when they write tools as
// JSON. Keys and values lie in lists of their own, so that keys() and values() need
// no copy. Nothing is ever removed.
type Dict struct {
	keys  []Value
	vals  []Value
	index map[any]int
}

// NewDict returns an empty mapping.
func NewDict() *Dict { return &Dict{} }

// maxKey is the length in bytes of the longest key. Hashing one cannot be left in
// the middle. The hash of Go's map goes over all bytes of a text at once.
const maxKey = 16 << 20

// maxTupleKey is the length of the longest tuple that can be a key. Templates use
// pairs, if any; a bound keeps what hashKey builds small.
const maxTupleKey = 64

// hashKey returns what stands for a key in a Go map: numbers that are equal in
// Python have one key. It reports whether the value can be a key. In Python 1, 1.0
// and True are equal and so one key; a Go map would hold three. Tuples are written
// as text with separators, since a Go map takes no slice for a key. The zero byte at
// the start tells them from texts of a template, and those inside of a tuple are
// doubled so that two parts cannot run into one.
func hashKey(v Value) (any, bool) {
	switch v := v.(type) {
	case nil, string, int64:
		return v, true
	case markup:
		return string(v), true
	case bool:
		return intOf(v), true
	case float64:
		// Beyond that a float may round to a whole number that it does not equal.
		if v == math.Trunc(v) && math.Abs(v) < 1<<62 {
			return int64(v), true
		}
		return v, true
	// Beyond 64 bits no other type has an equal value that matters.
	case *big.Int:
		return "\x00int " + v.String(), true
	case *List:
		if !v.tuple || len(v.Items) > maxTupleKey {
			return nil, false
		}
		var b strings.Builder
		b.WriteString("\x00tuple")
		for _, item := range v.Items {
			// A tuple inside of a tuple is refused. It would have to be bounded in
			// depth, and no template uses one; nor is there one of functions.
			switch item.(type) {
			case *List, *function, *macro, *namespace, *loop, *generator, *view, rangeValue:
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
	// All undefined values are equal, and what has no value of its own is itself.
	case *undefined:
		return "\x00undefined", true
	case *function, *macro, *namespace, *loop, *generator, rangeValue:
		return v, true
	case *view:
		return v, v.kind == "values" // the others compare like sets
	}
	return nil, false
}

// Len returns the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// Set adds a key or changes its value. It reports whether the key can be one. A key
// that is there keeps its place and its first form: after d[1], d[True] changes the
// value of 1, as in Python.
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
