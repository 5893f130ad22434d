// Package dtype names every element type that a Core ML package can store and
// holds the conversions between the floating-point formats among them.
//
// The integer arithmetic of Python that Go lacks is here too: tensors and the engine's
// operators share it.
//
// It lies under every other package: it imports nothing of the project.
package dtype

import "math"

// Type is an element type. The zero value is Invalid.
type Type uint8

// The element types of an ML Program. Sub-byte types are bit-packed in memory:
// element i occupies bits [i*Bits, (i+1)*Bits) of a stream whose bit k is bit
// k%8, least significant first, of byte k/8.
const (
	Invalid Type = iota
	Bool
	String
	Float16
	Float32
	Float64
	BFloat16
	Int8
	Int16
	Int32
	Int64
	Int4
	UInt8
	UInt16
	UInt32
	UInt64
	UInt1
	UInt2
	UInt3
	UInt4
	UInt6
	Float8E4M3FN
	Float8E5M2
	count
)

type info struct {
	name   string
	bits   int
	float  bool
	signed bool
}

var infos = [count]info{
	Invalid:      {name: "invalid"},
	Bool:         {name: "bool", bits: 8},
	String:       {name: "string"},
	Float16:      {name: "fp16", bits: 16, float: true, signed: true},
	Float32:      {name: "fp32", bits: 32, float: true, signed: true},
	Float64:      {name: "fp64", bits: 64, float: true, signed: true},
	BFloat16:     {name: "bf16", bits: 16, float: true, signed: true},
	Int8:         {name: "int8", bits: 8, signed: true},
	Int16:        {name: "int16", bits: 16, signed: true},
	Int32:        {name: "int32", bits: 32, signed: true},
	Int64:        {name: "int64", bits: 64, signed: true},
	Int4:         {name: "int4", bits: 4, signed: true},
	UInt8:        {name: "uint8", bits: 8},
	UInt16:       {name: "uint16", bits: 16},
	UInt32:       {name: "uint32", bits: 32},
	UInt64:       {name: "uint64", bits: 64},
	UInt1:        {name: "uint1", bits: 1},
	UInt2:        {name: "uint2", bits: 2},
	UInt3:        {name: "uint3", bits: 3},
	UInt4:        {name: "uint4", bits: 4},
	UInt6:        {name: "uint6", bits: 6},
	Float8E4M3FN: {name: "fp8e4m3fn", bits: 8, float: true, signed: true},
	Float8E5M2:   {name: "fp8e5m2", bits: 8, float: true, signed: true},
}

func (t Type) info() info {
	if t >= count {
		t = Invalid
	}
	return infos[t]
}

// String returns the name that coremltools prints: fp16, int32, uint4, bool.
func (t Type) String() string { return t.info().name }

// Bits returns the stored width of one element in bits, 0 for String and
// Invalid. A bool takes a byte.
func (t Type) Bits() int { return t.info().bits }

// Size returns the width of one element in bytes, or 0 when an element does not
// fill whole bytes (sub-byte types, String, Invalid).
func (t Type) Size() int {
	if b := t.Bits(); b%8 == 0 {
		return b / 8
	}
	return 0
}

// IsFloat reports whether t is a floating-point type.
func (t Type) IsFloat() bool { return t.info().float }

// IsInt reports whether t is an integer type. Bool is not.
func (t Type) IsInt() bool { return t.Bits() > 0 && !t.IsFloat() && t != Bool }

// IsSigned reports whether t holds negative numbers.
func (t Type) IsSigned() bool { return t.info().signed }

// PackedLen returns how many bytes n packed elements of t take. It returns
// false when t has no width, n is negative, or the count overflows.
func (t Type) PackedLen(n int) (int, bool) {
	bits := t.Bits()
	if bits == 0 || n < 0 || n > (math.MaxInt-7)/bits {
		return 0, false
	}
	return (n*bits + 7) / 8, true
}

// Count returns the number of elements of a shape. It returns false when a
// dimension is negative or the product overflows.
func Count(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > math.MaxInt/d) {
			return 0, false
		}
		n *= d
	}
	return n, true
}
