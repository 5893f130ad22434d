package tensor

import (
	"reflect"
	"unsafe"

	"golang.org/x/exp/constraints"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// DType names the type of a tensor's elements. The zero value is Invalid.
type DType uint8

// The element types. Every one of them can be stored, viewed, sliced, joined,
// compared, converted and computed with; Bool takes no part in arithmetic.
const (
	Invalid DType = iota
	Bool          // one byte, 0 or 1
	Float16       // IEEE 754 binary16, [Half] in Go
	Float32
	Int32
	Int8
	UInt8
	Int16
	UInt16
	Float64
	Int64
	dtypeCount
)

// class says in which Go type the elements of a DType are computed.
type class uint8

const (
	classNone    class = iota
	classInt           // int64: Bool and every integer
	classFloat         // float32: Float16 and Float32
	classFloat64       // float64
)

var dtypeInfos = [dtypeCount]struct {
	name  string
	size  int
	class class
}{
	Invalid: {"invalid", 0, classNone},
	Bool:    {"bool", 1, classInt},
	Float16: {"float16", 2, classFloat},
	Float32: {"float32", 4, classFloat},
	Int32:   {"int32", 4, classInt},
	Int8:    {"int8", 1, classInt},
	UInt8:   {"uint8", 1, classInt},
	Int16:   {"int16", 2, classInt},
	UInt16:  {"uint16", 2, classInt},
	Float64: {"float64", 8, classFloat64},
	Int64:   {"int64", 8, classInt},
}

// String returns the type's name: "float16", "int32", "bool".
func (d DType) String() string {
	if d >= dtypeCount {
		d = Invalid
	}
	return dtypeInfos[d].name
}

// Size returns the width of one element in bytes, 0 for Invalid.
func (d DType) Size() int {
	if d >= dtypeCount {
		return 0
	}
	return dtypeInfos[d].size
}

// IsFloat reports whether d is a floating-point type.
func (d DType) IsFloat() bool { return d.class() == classFloat || d.class() == classFloat64 }

// IsInt reports whether d is an integer type. Bool is not.
func (d DType) IsInt() bool { return d.class() == classInt && d != Bool }

func (d DType) class() class {
	if d >= dtypeCount {
		return classNone
	}
	return dtypeInfos[d].class
}

// Half is the bit pattern of an IEEE 754 binary16 number, the Go element type
// of [Float16].
type Half uint16

// HalfOf rounds f to the nearest Half, ties to even. Values beyond the range
// become infinite.
func HalfOf(f float32) Half { return Half(dtype.Float32ToFloat16(f)) }

// Float32 returns the number that h stands for. It is exact.
func (h Half) Float32() float32 { return dtype.Float16ToFloat32(uint16(h)) }

// HalvesToFloat32 stores the numbers that src stands for in dst, which is at
// least as long, many at a time.
func HalvesToFloat32(dst []float32, src []Half) {
	kernel.F16ToF32(dst, unsafe.Slice((*uint16)(unsafe.SliceData(src)), len(src)))
}

// Element is a Go type that can be an element of a tensor. [Half] stands for
// Float16 and every other type with the underlying type uint16 for UInt16; a
// named type such as
//
//	type TokenID int32
//
// stands for what its underlying type stands for.
type Element interface {
	constraints.Float | ~bool | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16
}

// Number is an [Element] that Go can compute with.
type Number interface {
	constraints.Float | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16
}

// TypeOf returns the DType whose Go element type is T.
func TypeOf[T Element]() DType {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[Half]() {
		return Float16
	}
	switch t.Kind() {
	case reflect.Bool:
		return Bool
	case reflect.Float32:
		return Float32
	case reflect.Float64:
		return Float64
	case reflect.Int8:
		return Int8
	case reflect.Int16:
		return Int16
	case reflect.Int32:
		return Int32
	case reflect.Int64:
		return Int64
	case reflect.Uint8:
		return UInt8
	case reflect.Uint16:
		return UInt16
	default:
		return Invalid
	}
}
