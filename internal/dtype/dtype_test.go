package dtype_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// types is what the format says of each element type: the name that coremltools
// prints, the width in bits, and what kind of number it is.
var types = []struct {
	t                  dtype.Type
	name               string
	bits               int
	float, int, signed bool
}{
	{dtype.Invalid, "invalid", 0, false, false, false},
	{dtype.Bool, "bool", 8, false, false, false},
	{dtype.String, "string", 0, false, false, false},
	{dtype.Float16, "fp16", 16, true, false, true},
	{dtype.Float32, "fp32", 32, true, false, true},
	{dtype.Float64, "fp64", 64, true, false, true},
	{dtype.BFloat16, "bf16", 16, true, false, true},
	{dtype.Int8, "int8", 8, false, true, true},
	{dtype.Int16, "int16", 16, false, true, true},
	{dtype.Int32, "int32", 32, false, true, true},
	{dtype.Int64, "int64", 64, false, true, true},
	{dtype.Int4, "int4", 4, false, true, true},
	{dtype.UInt8, "uint8", 8, false, true, false},
	{dtype.UInt16, "uint16", 16, false, true, false},
	{dtype.UInt32, "uint32", 32, false, true, false},
	{dtype.UInt64, "uint64", 64, false, true, false},
	{dtype.UInt1, "uint1", 1, false, true, false},
	{dtype.UInt2, "uint2", 2, false, true, false},
	{dtype.UInt3, "uint3", 3, false, true, false},
	{dtype.UInt4, "uint4", 4, false, true, false},
	{dtype.UInt6, "uint6", 6, false, true, false},
	{dtype.Float8E4M3FN, "fp8e4m3fn", 8, true, false, true},
	{dtype.Float8E5M2, "fp8e5m2", 8, true, false, true},
}

func TestEveryTypeHasTheNameWidthAndKindOfTheFormat(t *testing.T) {
	for i, c := range types {
		t.Run(c.name, func(t *testing.T) {
			if int(c.t) != i {
				t.Errorf("it is number %d, and number %d of this list", c.t, i)
			}
			if got := c.t.String(); got != c.name {
				t.Errorf("its name is %q", got)
			}
			if got := c.t.Bits(); got != c.bits {
				t.Errorf("it has %d bits, want %d", got, c.bits)
			}
			size := 0
			if c.bits%8 == 0 {
				size = c.bits / 8
			}
			if got := c.t.Size(); got != size {
				t.Errorf("it has %d whole bytes, want %d", got, size)
			}
			if c.t.IsFloat() != c.float || c.t.IsInt() != c.int || c.t.IsSigned() != c.signed {
				t.Errorf("float %v, int %v, signed %v", c.t.IsFloat(), c.t.IsInt(), c.t.IsSigned())
			}
		})
	}
	// The list is complete: what comes behind it is no type.
	for n := len(types); n < 256; n++ {
		if got := dtype.Type(n); got.String() != "invalid" || got.Bits() != 0 {
			t.Errorf("number %d is %s of %d bits and not in the list", n, got, got.Bits())
		}
	}
}

func TestPackedElementsTakeAsManyBytesAsTheirBitsFill(t *testing.T) {
	for _, c := range types {
		for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 1000} {
			got, ok := c.t.PackedLen(n)
			want := 0
			for bits := n * c.bits; bits > 0; bits -= 8 {
				want++
			}
			if got != want || ok != (c.bits > 0) {
				t.Errorf("%d of %s take %d bytes, %v; want %d", n, c.name, got, ok, want)
			}
		}
		for _, n := range []int{-1, math.MinInt, math.MaxInt} {
			if got, ok := c.t.PackedLen(n); ok {
				t.Errorf("%d of %s are said to take %d bytes", n, c.name, got)
			}
		}
	}
	// The largest numbers whose bits, rounded up to a byte, are still a number.
	if n, ok := dtype.UInt1.PackedLen(math.MaxInt - 7); !ok || n != math.MaxInt/8 {
		t.Errorf("the most bits take %d bytes, %v", n, ok)
	}
	if _, ok := dtype.UInt1.PackedLen(math.MaxInt - 6); ok {
		t.Error("a number that overflows when it is rounded up is counted")
	}
}

func TestAShapeHasTheProductOfItsDimensions(t *testing.T) {
	for _, c := range []struct {
		what  string
		shape []int
		want  int
		ok    bool
	}{
		{"a scalar has one element", nil, 1, true},
		{"a vector", []int{7}, 7, true},
		{"a tensor", []int{2, 3, 4}, 24, true},
		{"an empty dimension empties it", []int{5, 0, 3}, 0, true},
		{"before a large one too", []int{0, math.MaxInt, math.MaxInt}, 0, true},
		{"the largest number of elements", []int{math.MaxInt, 1}, math.MaxInt, true},
		{"a product that overflows", []int{math.MaxInt/2 + 1, 2}, 0, false},
		{"one that overflows to a small number", []int{1 << 31, 1 << 31, 4}, 0, false},
		{"a negative dimension", []int{2, -1}, 0, false},
		{"a negative dimension behind an empty one", []int{0, -1}, 0, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got, ok := dtype.Count(c.shape); got != c.want || ok != c.ok {
				t.Errorf("%v has %d elements, %v; want %d, %v", c.shape, got, ok, c.want, c.ok)
			}
		})
	}
}
