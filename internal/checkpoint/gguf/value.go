package gguf

import (
	"encoding/binary"
	"math"
)

// Kind is the type of a value of the metadata, by the format's own numbers.
type Kind uint32

// The types of values.
const (
	Uint8 Kind = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

// size returns the bytes of a value of fixed size, 0 for the others.
func (k Kind) size() int {
	switch k {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16:
		return 2
	case Uint32, Int32, Float32:
		return 4
	case Uint64, Int64, Float64:
		return 8
	default:
		return 0
	}
}

// Value is a value of the metadata: a single one or an array of them. The zero Value is
// that of a key which is not there. Numbers are checked when they are asked for.
type Value struct {
	// Kind is the type of the value, or of the elements when IsArray.
	Kind    Kind
	IsArray bool
	// Len is the number of elements, 1 for a single value, 0 for one that is not there.
	Len int
	// raw holds the elements as the file has them; strings have their length before them.
	raw []byte
}

// number returns the element that raw begins with as an integer or a float; whole tells
// which. A bool counts as 0 or 1.
func (v Value) number(raw []byte) (i int64, f float64, whole, ok bool) {
	switch v.Kind {
	case Uint8, Bool:
		return int64(raw[0]), 0, true, true
	case Int8:
		return int64(int8(raw[0])), 0, true, true
	case Uint16:
		return int64(binary.LittleEndian.Uint16(raw)), 0, true, true
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(raw))), 0, true, true
	case Uint32:
		return int64(binary.LittleEndian.Uint32(raw)), 0, true, true
	case Int32:
		return int64(int32(binary.LittleEndian.Uint32(raw))), 0, true, true
	case Uint64:
		u := binary.LittleEndian.Uint64(raw)
		return int64(u), 0, true, u <= math.MaxInt64
	case Int64:
		return int64(binary.LittleEndian.Uint64(raw)), 0, true, true
	case Float32:
		return 0, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))), false, true
	case Float64:
		return 0, math.Float64frombits(binary.LittleEndian.Uint64(raw)), false, true
	default:
		return 0, 0, false, false
	}
}

// Int returns a single integer, and false for everything else.
func (v Value) Int() (int64, bool) {
	if v.Len != 1 || v.IsArray || v.Kind == Bool {
		return 0, false
	}
	i, _, whole, ok := v.number(v.raw)
	return i, whole && ok
}

// Float returns a single number, and false for everything else.
func (v Value) Float() (float64, bool) {
	if v.Len != 1 || v.IsArray || v.Kind == Bool {
		return 0, false
	}
	i, f, whole, ok := v.number(v.raw)
	if whole {
		f = float64(i)
	}
	return f, ok
}

// Bool returns a single truth value, and false for everything else.
func (v Value) Bool() (b, ok bool) {
	if v.Len != 1 || v.IsArray || v.Kind != Bool {
		return false, false
	}
	return v.raw[0] != 0, true
}

// Text returns a single string, and false for everything else.
func (v Value) Text() (string, bool) {
	if v.Len != 1 || v.IsArray || v.Kind != String {
		return "", false
	}
	return string(v.raw[8:]), true
}

// Ints returns an array of integers or bools, and false for everything else.
func (v Value) Ints() ([]int64, bool) {
	size := v.Kind.size()
	if !v.IsArray || size == 0 || v.Kind == Float32 || v.Kind == Float64 {
		return nil, false
	}
	out := make([]int64, v.Len)
	for n := range out {
		i, _, _, ok := v.number(v.raw[n*size:])
		if !ok {
			return nil, false
		}
		out[n] = i
	}
	return out, true
}

// Floats returns an array of numbers, and false for everything else.
func (v Value) Floats() ([]float64, bool) {
	size := v.Kind.size()
	if !v.IsArray || size == 0 || v.Kind == Bool {
		return nil, false
	}
	out := make([]float64, v.Len)
	for n := range out {
		i, f, whole, ok := v.number(v.raw[n*size:])
		if !ok {
			return nil, false
		}
		if whole {
			f = float64(i)
		}
		out[n] = f
	}
	return out, true
}

// Texts returns an array of strings, and false for everything else.
func (v Value) Texts() ([]string, bool) {
	if !v.IsArray || v.Kind != String {
		return nil, false
	}
	out := make([]string, v.Len)
	raw := v.raw
	for i := range out {
		n := binary.LittleEndian.Uint64(raw)
		out[i] = string(raw[8 : 8+n])
		raw = raw[8+n:]
	}
	return out, true
}

// Bounds of what is read of a file's metadata. Vocabularies have some hundred thousand
// tokens, whose texts and merges take ten megabytes or two.
const (
	maxHeader   = 512 << 20
	maxKeys     = 1 << 16
	maxKey      = 1 << 16
	maxElements = 1 << 23
)

// value walks over a value; its bytes are left where they are.
func (c *cursor) value() Value {
	v := Value{Kind: Kind(c.uint32()), Len: 1}
	if v.Kind == Array {
		v.IsArray = true
		v.Kind = Kind(c.uint32())
		n := c.uint64()
		switch {
		case c.err != nil:
		case v.Kind == Array:
			c.fail("an array of arrays, which nothing in use writes")
		case n > maxElements:
			c.fail("an array of %d elements, at most %d are read", n, maxElements)
		default:
			v.Len = int(n)
		}
	}
	if c.err != nil {
		return Value{}
	}
	start := c.at
	switch size := v.Kind.size(); {
	case size > 0:
		c.take(uint64(size) * uint64(v.Len))
	case v.Kind == String:
		for range v.Len {
			if c.take(c.uint64()); c.err != nil {
				return Value{}
			}
		}
	default:
		c.fail("a value of the unknown type %d", v.Kind)
	}
	if c.err != nil {
		return Value{}
	}
	v.raw = c.data[start:c.at]
	return v
}
