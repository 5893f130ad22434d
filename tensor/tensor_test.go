package tensor_test

import (
	"errors"
	"math"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

var allTypes = []tensor.DType{
	tensor.Bool, tensor.Float16, tensor.Float32, tensor.Int32, tensor.Int8,
	tensor.UInt8, tensor.Int16, tensor.UInt16, tensor.Float64, tensor.Int64,
}

// want checks the type, shape and elements of a tensor.
func want[T tensor.Element](t *testing.T, x *tensor.Tensor, shape []int, elements ...T) {
	t.Helper()
	if err := x.Err(); err != nil {
		t.Fatal(err)
	}
	if got := x.DType(); got != tensor.TypeOf[T]() {
		t.Errorf("type %v, want %v", got, tensor.TypeOf[T]())
	}
	if got := x.Shape(); !cmp.Equal(append([]int{}, got...), append([]int{}, shape...)) {
		t.Errorf("shape %v, want %v", got, shape)
	}
	got := values[T](t, x)
	if diff := cmp.Diff(append([]T{}, elements...), append([]T{}, got...)); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
}

// wantErr checks that a tensor carries an error of the given kind.
func wantErr(t *testing.T, x *tensor.Tensor, kind error) {
	t.Helper()
	if err := x.Err(); !errors.Is(err, kind) {
		t.Errorf("got %v (error %v), want the error %q", x, err, kind)
	}
}

type tokenID int32

func TestTypesHaveNamesSizesAndGoTypes(t *testing.T) {
	for _, c := range []struct {
		dtype, of  tensor.DType
		name       string
		size       int
		float, int bool
	}{
		{tensor.Invalid, tensor.Invalid, "invalid", 0, false, false},
		{tensor.Bool, tensor.TypeOf[bool](), "bool", 1, false, false},
		{tensor.Float16, tensor.TypeOf[tensor.Half](), "float16", 2, true, false},
		{tensor.Float32, tensor.TypeOf[float32](), "float32", 4, true, false},
		{tensor.Float64, tensor.TypeOf[float64](), "float64", 8, true, false},
		{tensor.Int8, tensor.TypeOf[int8](), "int8", 1, false, true},
		{tensor.UInt8, tensor.TypeOf[uint8](), "uint8", 1, false, true},
		{tensor.Int16, tensor.TypeOf[int16](), "int16", 2, false, true},
		{tensor.UInt16, tensor.TypeOf[uint16](), "uint16", 2, false, true},
		{tensor.Int32, tensor.TypeOf[tokenID](), "int32", 4, false, true},
		{tensor.Int64, tensor.TypeOf[int64](), "int64", 8, false, true},
		{tensor.DType(200), tensor.DType(200), "invalid", 0, false, false},
	} {
		if c.dtype != c.of || c.dtype.String() != c.name || c.dtype.Size() != c.size ||
			c.dtype.IsFloat() != c.float || c.dtype.IsInt() != c.int {
			t.Errorf("%v (%v): size %d, float %t, int %t", c.dtype, c.of, c.dtype.Size(), c.dtype.IsFloat(), c.dtype.IsInt())
		}
	}
}

func TestEveryHalfSurvivesTheWayThroughWiderTypes(t *testing.T) {
	data := make([]tensor.Half, 1<<16)
	for i := range data {
		data[i] = tensor.Half(i)
		f := data[i].Float32()
		if back := tensor.HalfOf(f); f == f && back != data[i] {
			t.Fatalf("half %#04x became %#04x", i, back)
		}
	}
	x := tensor.Wrap(data, 256, 256)
	for _, wide := range []tensor.DType{tensor.Float32, tensor.Float64} {
		got := values[tensor.Half](t, x.Transpose().To(wide).To(tensor.Float16).Transpose())
		for i, h := range got {
			if f := data[i].Float32(); f == f && h != data[i] {
				t.Fatalf("%v: half %#04x became %#04x", wide, i, h)
			} else if f != f && h.Float32() == h.Float32() {
				t.Fatalf("%v: the NaN %#04x became %#04x", wide, i, h)
			}
		}
	}
	if got := values[tensor.Half](t, x); !cmp.Equal(got, data) {
		t.Error("a copy of halfs changed their bits")
	}
}

func TestNewTensorsAreZeroAndAligned(t *testing.T) {
	for _, d := range allTypes {
		x := tensor.New(d, 3, 5)
		raw, err := x.Bytes()
		if err != nil || len(raw) != 15*d.Size() {
			t.Fatalf("%v: %d bytes, %v", d, len(raw), err)
		}
		if uintptr(unsafe.Pointer(&raw[0]))%8 != 0 {
			t.Errorf("%v: memory is not aligned", d)
		}
		for _, b := range raw {
			if b != 0 {
				t.Fatalf("%v: %v", d, raw)
			}
		}
	}
	want(t, tensor.New(tensor.Int32), nil, int32(0))
	want[int32](t, tensor.New(tensor.Int32, 2, 0), []int{2, 0})
}

func TestSharedMemoryIsSeenByEveryView(t *testing.T) {
	data := []float32{1, 2, 3, 4, 5, 6}
	x := tensor.Wrap(data, 2, 3)
	column := x.Transpose().Slice(tensor.At(1))
	data[4] = 50
	want(t, column, []int{2}, float32(2), 50)

	copied := tensor.FromSlice(data, 6)
	view, err := tensor.Data[float32](x.Reshape(3, 2))
	if err != nil {
		t.Fatal(err)
	}
	view[0] = 10
	if data[0] != 10 {
		t.Error("a write through Data did not reach the slice")
	}
	want(t, copied, []int{6}, float32(1), 2, 3, 4, 50, 6)

	row, err := tensor.Data[float32](x.Slice(tensor.At(1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(row) != 3 || cap(row) != 3 || &row[0] != &data[3] {
		t.Errorf("the second row is %v with capacity %d", row, cap(row))
	}
}

func TestBytesAreCheckedForLengthAndAlignment(t *testing.T) {
	memory, err := tensor.New(tensor.Int64, 3).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	memory[0], memory[9] = 7, 1
	want(t, tensor.FromBytes(tensor.Int32, memory, 3, 2), []int{3, 2}, int32(7), 0, 256, 0, 0, 0)
	want(t, tensor.FromBytes(tensor.UInt8, memory[1:10], 9), []int{9}, uint8(0), 0, 0, 0, 0, 0, 0, 0, 1)
	wantErr(t, tensor.FromBytes(tensor.Float32, memory[2:18], 4), tensor.ErrValue)
	wantErr(t, tensor.FromBytes(tensor.Float32, memory, 5), tensor.ErrShape)
	wantErr(t, tensor.FromBytes(tensor.Float32, memory, -6), tensor.ErrShape)
	wantErr(t, tensor.FromBytes(tensor.Invalid, memory, 24), tensor.ErrDType)
	want[float32](t, tensor.FromBytes(tensor.Float32, nil, 0), []int{0})
}

func TestReadersReturnTheErrorOfATensor(t *testing.T) {
	var none *tensor.Tensor
	bad := tensor.New(tensor.Float32, 2).Add(tensor.New(tensor.Float32, 3))
	for name, c := range map[string]struct {
		x    *tensor.Tensor
		kind error
	}{
		"a nil tensor":         {none, tensor.ErrInvalid},
		"a zero tensor":        {&tensor.Tensor{}, tensor.ErrInvalid},
		"a failed operation":   {bad, tensor.ErrShape},
		"an operation on it":   {bad.Exp().Reshape(2).Slice(tensor.At(0)), tensor.ErrShape},
		"a second operand":     {tensor.New(tensor.Float32, 2).Mul(bad), tensor.ErrShape},
		"a nil second operand": {tensor.New(tensor.Float32, 2).Mul(none), tensor.ErrInvalid},
		"a nil part":           {tensor.Concat(0, tensor.New(tensor.Bool, 2), none), tensor.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			x := c.x
			wantErr(t, x, c.kind)
			for reader, err := range map[string]error{
				"Bytes":  second(x.Bytes()),
				"Data":   second(tensor.Data[float32](x)),
				"Values": second(tensor.Values[float32](x)),
				"Item":   second(tensor.Item[float32](x)),
				"CopyTo": x.CopyTo(tensor.New(tensor.Float32, 2)),
				"to":     tensor.New(tensor.Float32, 2).CopyTo(x),
				"Split":  second(x.Split(0, 1)),
				"even":   second(x.SplitEven(0, 1)),
				"unpack": second(x.Unstack(0)),
			} {
				if !errors.Is(err, c.kind) {
					t.Errorf("%s gave %v", reader, err)
				}
			}
			v, i := x.TopK(1, 0)
			wantErr(t, v, c.kind)
			wantErr(t, i, c.kind)
			if x.Rank() != 0 || x.Len() != 0 || x.Dim(0) != 0 || x.Shape() != nil || x.Strides() != nil ||
				x.IsContiguous() || x.DType() != tensor.Invalid || x.String() == "" {
				t.Errorf("%v has properties", x)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestDataWantsTheExactTypeAndContiguousMemory(t *testing.T) {
	x := tensor.New(tensor.Int32, 2, 3)
	if _, err := tensor.Data[tokenID](x); err != nil {
		t.Error(err)
	}
	if _, err := tensor.Data[float32](x); !errors.Is(err, tensor.ErrDType) {
		t.Error(err)
	}
	if _, err := tensor.Data[uint16](tensor.New(tensor.Float16, 1)); !errors.Is(err, tensor.ErrDType) {
		t.Error(err)
	}
	if _, err := tensor.Data[int32](x.Transpose()); !errors.Is(err, tensor.ErrNotContiguous) {
		t.Error(err)
	}
	if _, err := tensor.Data[bool](tensor.FromBytes(tensor.Bool, []byte{1, 2}, 2)); !errors.Is(err, tensor.ErrValue) {
		t.Error(err)
	}
	want(t, tensor.FromBytes(tensor.Bool, []byte{1, 2, 0}, 3), []int{3}, true, true, false)
}

func TestReadingAllocatesNothing(t *testing.T) {
	x := tensor.New(tensor.Float16, 4, 5)
	var sum int
	if n := testutil.Allocs(100, func() {
		data, err := tensor.Data[tensor.Half](x)
		raw, err2 := x.Bytes()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		sum += len(data) + len(raw) + x.Dim(-1) + x.Len() + x.Rank()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if sum == 0 {
		t.Error("nothing was read")
	}
}

func TestConversionsSaturateAndTruncate(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	x := tensor.Vector(nan, inf, -inf, 1e30, -1e30, 2.9, -2.9, 300, math.Copysign(0, -1))
	n := x.Len()
	want(t, x.To(tensor.Int8), []int{n}, int8(0), 127, -128, 127, -128, 2, -2, 127, 0)
	want(t, x.To(tensor.UInt8), []int{n}, uint8(0), 255, 0, 255, 0, 2, 0, 255, 0)
	want(t, x.To(tensor.Int32), []int{n}, int32(0), math.MaxInt32, math.MinInt32, math.MaxInt32, math.MinInt32, 2, -2, 300, 0)
	want(t, x.To(tensor.Int64), []int{n}, int64(0), math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64, 2, -2, 300, 0)
	want(t, x.To(tensor.Float32).To(tensor.Int64), []int{n}, int64(0), math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64, 2, -2, 300, 0)
	want(t, x.To(tensor.Bool), []int{n}, true, true, true, true, true, true, true, true, false)
	y := tensor.Vector[int64](math.MaxInt64, math.MinInt64, 70000, -1)
	want(t, y.To(tensor.UInt16), []int{4}, uint16(65535), 0, 65535, 0)
	want(t, y.To(tensor.Int16), []int{4}, int16(32767), -32768, 32767, -1)
	want(t, tensor.Vector(true, false).To(tensor.Float16), []int{2}, tensor.HalfOf(1), tensor.HalfOf(0))
	if z := x.To(tensor.Float64); z != x {
		t.Error("a conversion to the same type made a copy")
	}
	wantErr(t, x.To(tensor.Invalid), tensor.ErrDType)
}

func TestCopyToWritesThroughViews(t *testing.T) {
	dst := tensor.New(tensor.Float16, 2, 3)
	if err := tensor.Vector[int32](1, 2).CopyTo(dst.Slice(tensor.All(), tensor.At(1))); err != nil {
		t.Fatal(err)
	}
	want(t, dst.To(tensor.Int32), []int{2, 3}, int32(0), 1, 0, 0, 2, 0)

	x := tensor.Vector[int32](1, 2, 3, 4)
	if err := x.Slice(tensor.Until(3)).CopyTo(x.Slice(tensor.From(1))); err != nil {
		t.Fatal(err)
	}
	want(t, x, []int{4}, int32(1), 1, 2, 3)
	if err := x.Reverse(0).CopyTo(x); err != nil {
		t.Fatal(err)
	}
	want(t, x, []int{4}, int32(3), 2, 1, 1)
	if err := x.CopyTo(tensor.New(tensor.Int32, 1).Broadcast(4)); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("a repeated destination gave %v", err)
	}
	if err := x.CopyTo(tensor.New(tensor.Int32, 2, 2)); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("another shape gave %v", err)
	}
}

func TestShapesBeyondTheLimitsAreRefused(t *testing.T) {
	huge := math.MaxInt
	for name, x := range map[string]*tensor.Tensor{
		"too many elements":     tensor.New(tensor.Float32, huge),
		"an overflowing count":  tensor.New(tensor.UInt8, huge, huge, 2),
		"a hidden dimension":    tensor.New(tensor.UInt8, 0, huge, huge),
		"a negative dimension":  tensor.New(tensor.UInt8, 2, -1),
		"a rank beyond MaxRank": tensor.New(tensor.UInt8, make([]int, tensor.MaxRank+1)...),
		"a broadcast":           tensor.New(tensor.UInt8, 1).Broadcast(1<<20, 1<<20),
		"a tile":                tensor.New(tensor.UInt8, 2).Tile(huge),
		"a pad":                 tensor.New(tensor.UInt8, 2).Pad(0, tensor.PadSize{Before: huge, After: huge}),
		"a reshape":             tensor.New(tensor.UInt8, 2).Reshape(huge, huge),
		"a range":               tensor.Arange[float64](0, math.Inf(1), 1),
		"a long range":          tensor.Arange[int64](0, math.MaxInt64, 1),
		"a line":                tensor.Linspace[float32](0, 1, huge),
		"new axes":              tensor.New(tensor.UInt8, 2).ExpandDims(make([]int, 40)...),
		"a matrix product": tensor.New(tensor.UInt8, 1).Broadcast(tensor.MaxBytes/4, 1).
			MatMul(tensor.New(tensor.UInt8, 1).Broadcast(1, tensor.MaxBytes/4)),
	} {
		t.Run(name, func(t *testing.T) { wantErr(t, x, tensor.ErrShape) })
	}
}

func TestTensorsPrintTheirElements(t *testing.T) {
	for want, x := range map[string]*tensor.Tensor{
		"int32[] 7":                      tensor.Scalar[int32](7),
		"bool[2] [true false]":           tensor.Vector(true, false),
		"float64[2 0] []":                tensor.New(tensor.Float64, 2, 0),
		"float16[1 2] [[0.09998 -1.5]]":  tensor.Vector(tensor.HalfOf(0.1), tensor.HalfOf(-1.5)).ExpandDims(0),
		"float64[1] [0.1]":               tensor.Vector(0.1),
		"uint8[1001] ...":                tensor.New(tensor.UInt8, 1001),
		"error: tensor: invalid tensor":  nil,
		"int8[2 1 2] [[[0 1]] [[2 3]]]":  tensor.Arange[int8](0, 4, 1).Reshape(2, 1, 2),
		"float32[3] [NaN +Inf 1.5]":      tensor.Vector(float32(math.NaN()), float32(math.Inf(1)), 1.5),
		"int32[2 2] [[1 3] [2 4]]":       tensor.FromSlice([]int32{1, 2, 3, 4}, 2, 2).Transpose(),
		"uint16[3] [4 4 4]":              tensor.Full[uint16](4, 3),
		"int16[2] [1 1]":                 tensor.Ones(tensor.Int16, 2),
		"float32[3] [0 0.5 1]":           tensor.Linspace[float32](0, 1, 3),
		"float32[4] [1 0.75 0.5 0.25]":   tensor.Arange[float32](1, 0, -0.25),
		"uint8[3] [250 252 254]":         tensor.Arange[uint8](250, 255, 2),
		"int8[3] [-128 -28 72]":          tensor.Arange[int8](-128, 127, 100),
		"int32[0] []":                    tensor.Arange[int32](5, 1, 1),
		"float32[1] [3]":                 tensor.Linspace[float32](3, 9, 1),
		"int64[1] [9223372036854775807]": tensor.Full[int64](math.MaxInt64, 1),
		"float16[2] [2 2]":               tensor.Fill(tensor.Float16, 2, 2),
		"float16[] 0.7002":               tensor.New(tensor.Float16, 4).Scalar(0.7),
		"error: tensor: fill: dtype 0: " + tensor.ErrDType.Error(): tensor.Fill(tensor.Invalid, 2, 2),
	} {
		if got := x.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
