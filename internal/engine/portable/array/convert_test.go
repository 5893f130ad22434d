package array_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func TestIntegersWrapAround(t *testing.T) {
	for _, test := range []struct {
		x    int64
		t    dtype.Type
		want int32
	}{
		{300, dtype.UInt8, 44},
		{-1, dtype.UInt8, 255},
		{200, dtype.Int8, -56},
		{7, dtype.Bool, 1},
		{0, dtype.Bool, 0},
		{-1, dtype.Bool, 1},
		{1 << 16, dtype.Int16, 0},
		{-1, dtype.UInt16, 65535},
		{1 << 32, dtype.Int32, 0},
		{math.MaxInt32 + 1, dtype.Int32, math.MinInt32},
	} {
		if got := array.Wrap(test.x, test.t); got != test.want {
			t.Errorf("%d as %v is %d, want %d", test.x, test.t, got, test.want)
		}
		if lo, hi := array.IntRange(test.t); int64(test.want) < lo || int64(test.want) > hi {
			t.Errorf("%v: %d is outside %d to %d", test.t, test.want, lo, hi)
		}
	}
}

func TestNumbersSaturate(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, test := range []struct {
		name string
		x    float32
		t    dtype.Type
		want int64
	}{
		{"toward zero from above", 3.99, dtype.Int8, 3},
		{"toward zero from below", -1.9, dtype.Int8, -1},
		{"at the greatest", 300, dtype.Int8, 127},
		{"at the least", -300, dtype.Int8, -128},
		{"at zero where there are no negative numbers", -1, dtype.UInt16, 0},
		{"to true", 5, dtype.Bool, 1},
		{"infinity", inf, dtype.Int32, math.MaxInt32},
		{"minus infinity", -inf, dtype.Int32, math.MinInt32},
		{"2^31, which int32 just does not hold", 1 << 31, dtype.Int32, math.MaxInt32},
		{"NaN", nan, dtype.Int32, 0},
		// Unsigned 32-bit numbers are kept as int32: the upper half is out of reach.
		{"unsigned 32-bit", 4e9, dtype.UInt32, math.MaxInt32},
	} {
		if got := array.Saturate(test.x, test.t); got != test.want {
			t.Errorf("%s: %v as %v is %d, want %d", test.name, test.x, test.t, got, test.want)
		}
	}
}

func TestOnlyTypesNarrowerThanInt32MustBeWrapped(t *testing.T) {
	for _, test := range []struct {
		t      dtype.Type
		narrow bool
		most   int64
	}{
		{dtype.Int32, false, math.MaxInt32},
		{dtype.Bool, true, 1},
		{dtype.Int8, true, 127},
		{dtype.UInt8, true, 255},
		{dtype.Int16, true, 32767},
		{dtype.UInt16, true, 65535},
	} {
		if array.Narrow(test.t) != test.narrow || array.MaxOf(test.t) != test.most {
			t.Errorf("%v: narrow is %v, the greatest %d", test.t, array.Narrow(test.t), array.MaxOf(test.t))
		}
	}
}

// A weight file may put numbers at odd addresses, where the processor must not read
// them as numbers: those are copied.
func TestBytesAreViewedAsNumbersWhereverTheyLie(t *testing.T) {
	room := make([]byte, 32)
	for shift := range 4 {
		b := room[shift : shift+9] // the ninth byte is a number begun
		for k := range b {
			b[k] = byte(k + 1)
		}
		// Little-endian, by hand.
		if got, want := array.Halves(b), []uint16{0x0201, 0x0403, 0x0605, 0x0807}; !slices.Equal(got, want) {
			t.Errorf("shifted by %d: halves are %x, want %x", shift, got, want)
		}
		f := array.Floats(b)
		if len(f) != 2 || math.Float32bits(f[0]) != 0x04030201 || math.Float32bits(f[1]) != 0x08070605 {
			t.Errorf("shifted by %d: floats are %v", shift, f)
		}
	}
	if array.Halves([]byte{1}) != nil || array.Floats([]byte{1, 2, 3}) != nil {
		t.Error("less than a number is one")
	}
	f := []float32{1}
	array.AsInt32(f)[0] = 0x40000000
	if f[0] != 2 {
		t.Errorf("the bits of 2 as an integer are those of %v", f[0])
	}
}
