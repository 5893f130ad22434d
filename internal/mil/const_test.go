package mil_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// The bytes are written out by hand: little-endian, and for types of less than a byte a
// stream of bits with the lowest first.
func TestElementsOfEveryIntegerType(t *testing.T) {
	for _, c := range []struct {
		typ  dtype.Type
		data []byte
		want []int
	}{
		{dtype.Bool, []byte{0, 1}, []int{0, 1}},
		{dtype.Int8, []byte{0x7f, 0x80, 0xff}, []int{127, -128, -1}},
		{dtype.UInt8, []byte{0x7f, 0x80, 0xff}, []int{127, 128, 255}},
		{dtype.Int16, []byte{0xff, 0x7f, 0, 0x80}, []int{32767, -32768}},
		{dtype.UInt16, []byte{0, 0x80}, []int{32768}},
		{dtype.Int32, []byte{0xff, 0xff, 0xff, 0xff}, []int{-1}},
		{dtype.UInt32, []byte{0xff, 0xff, 0xff, 0xff}, []int{math.MaxUint32}},
		{dtype.Int64, []byte{0, 0, 0, 0, 1, 0, 0, 0}, []int{1 << 32}},
		{dtype.UInt1, []byte{0b1010_0101}, []int{1, 0, 1, 0, 0, 1, 0, 1}},
		{dtype.UInt2, []byte{0b11_10_01_00}, []int{0, 1, 2, 3}},
		{dtype.Int4, []byte{0x87, 0xf0}, []int{7, -8, 0, -1}},
		{dtype.UInt4, []byte{0x87}, []int{7, 8}},
		{dtype.UInt3, []byte{0b11_010_001, 0b0_101_100_0}, []int{1, 2, 3, 4, 5}}, // 3 begins in one byte and ends in the next
		{dtype.UInt6, []byte{0b10_000001, 0b0011_1000, 0b0}, []int{1, 0b100010, 0b000011}},
	} {
		t.Run(c.typ.String(), func(t *testing.T) {
			k := &mil.Const{DType: c.typ, Shape: []int{len(c.want)}, Data: c.data}
			got, err := k.Ints()
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
			f, err := k.Floats()
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range f {
				if x != float32(c.want[i]) {
					t.Errorf("element %d is %v as a number, want %d", i, x, c.want[i])
				}
			}
		})
	}
}

func TestElementsOfEveryFloatType(t *testing.T) {
	double := binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.1))
	for _, c := range []struct {
		typ  dtype.Type
		data []byte
		want []float32
	}{
		{dtype.Float16, []byte{0, 0x3c, 0, 0xc0, 1, 0}, []float32{1, -2, 5.9604645e-08}}, // the last is 2^-24, the smallest of all
		{dtype.BFloat16, []byte{0x80, 0x3f, 0x49, 0x40}, []float32{1, 3.140625}},
		{dtype.Float32, []byte{0, 0, 0x80, 0x3f}, []float32{1}},
		{dtype.Float64, double, []float32{0.1}},
	} {
		t.Run(c.typ.String(), func(t *testing.T) {
			got, err := (&mil.Const{DType: c.typ, Shape: []int{len(c.want)}, Data: c.data}).Floats()
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestConstantsRefuseWhatTheyAreNot(t *testing.T) {
	half := &mil.Const{DType: dtype.Float16, Shape: []int{2}, Data: []byte{0, 0, 0, 0}}
	short := &mil.Const{DType: dtype.Int32, Shape: []int{2}, Data: []byte{0, 0, 0, 0}}
	pair := &mil.Const{DType: dtype.Int8, Shape: []int{2}, Data: []byte{1, 2}}
	text := &mil.Const{DType: dtype.String, Strings: []string{"a", "b"}}
	for _, c := range []struct {
		name string
		err  func() error
		want string
	}{
		{"integers of halves", func() error { _, err := half.Ints(); return err }, "constant of type fp16 is not an integer"},
		{"integers that are cut short", func() error { _, err := short.Ints(); return err }, "constant of 2 int32 elements holds 4 bytes"},
		{"numbers that are cut short", func() error { _, err := short.Floats(); return err }, "constant of 2 int32 elements holds 4 bytes"},
		{"one of two integers", func() error { _, err := pair.Int(); return err }, "constant holds 2 elements where one is expected"},
		{"one integer of halves", func() error { _, err := half.Int(); return err }, "is not an integer"},
		{"numbers of texts", func() error { _, err := text.Floats(); return err }, "constant of 1 string elements holds 0 bytes"},
		{"one of two texts", func() error { _, err := text.Text(); return err }, "constant of type string is not one string"},
		{"a text of integers", func() error { _, err := pair.Text(); return err }, "constant of type int8 is not one string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.err(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
	if s, err := (&mil.Const{DType: dtype.String, Strings: []string{"fp16"}}).Text(); s != "fp16" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	if n, err := (&mil.Const{DType: dtype.Int32, Data: []byte{5, 0, 0, 0}}).Int(); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestPackingRefusesWhatATypeCannotHold(t *testing.T) {
	for _, c := range []struct {
		typ  dtype.Type
		v    int
		want string
	}{
		{dtype.Int8, 128, "element 0, 128, does not fit int8"},
		{dtype.Int8, -129, "does not fit int8"},
		{dtype.UInt8, -1, "does not fit uint8"},
		{dtype.UInt16, 1 << 16, "does not fit uint16"},
		{dtype.Int4, 8, "does not fit int4"},
		{dtype.Int4, -9, "does not fit int4"},
		{dtype.UInt3, 8, "does not fit uint3"},
		{dtype.Bool, 2, "does not fit bool"},
		{dtype.Float16, 1, "fp16 is not an integer type"},
		{dtype.String, 1, "is not an integer type"},
	} {
		if _, err := mil.PackInts(c.typ, []int{c.v}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d as %v: %v, want %q", c.v, c.typ, err, c.want)
		}
	}
	for _, typ := range []dtype.Type{dtype.Int8, dtype.Float8E5M2, dtype.String} {
		if _, err := mil.PackFloats(typ, []float32{1}); err == nil {
			t.Errorf("1.0 is packed as %v", typ)
		}
	}
}

func TestNumbersAreRoundedToTheTypeThatTheyArePackedIn(t *testing.T) {
	for typ, want := range map[dtype.Type]float32{
		dtype.Float16: 2048, dtype.BFloat16: 2048, dtype.Float32: 2049, dtype.Float64: 2049, // 2049 has 12 bits, halves 11
	} {
		data, err := mil.PackFloats(typ, []float32{2049})
		if err != nil {
			t.Fatal(err)
		}
		if got := mil.FloatAt(data, typ, 0); got != want {
			t.Errorf("2049 as %v is %v, want %v", typ, got, want)
		}
	}
}
