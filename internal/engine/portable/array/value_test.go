package array_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// numbers returns 0, 1, 2 and so on.
func numbers(n int) []float32 {
	f := make([]float32, n)
	for k := range f {
		f[k] = float32(k)
	}
	return f
}

// strided makes a value of random strides and repetitions over counted numbers.
func strided(r *rand.Rand) *array.Value {
	v := &array.Value{Repr: array.ReprF32, Rank: 1 + r.IntN(4), DType: dtype.Float32}
	for d := range v.Rank {
		v.Dims[d], v.Repeat[d], v.Stride[d] = 1+r.IntN(4), 1+r.IntN(3), r.IntN(9)
	}
	v.F32 = numbers(200)
	return v
}

// element is the definition of where an element lies.
func element(v *array.Value, index []int) float32 {
	off := 0
	for d, i := range index {
		off += i / v.Repeat[d] * v.Stride[d]
	}
	return v.F32[off]
}

// indices lists the indices of a shape in row-major order.
func indices(dims []int) [][]int {
	list := [][]int{nil}
	for _, n := range dims {
		var longer [][]int
		for _, head := range list {
			for i := range n {
				longer = append(longer, append(slices.Clone(head), i))
			}
		}
		list = longer
	}
	return list
}

func TestWidenGathersStridedElementsInRowMajorOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		v := strided(r)
		dst := make([]float32, v.Len())
		v.Widen(nil, dst)
		for k, index := range indices(v.Shape()) {
			if want := element(v, index); dst[k] != want {
				t.Fatalf("element %v of strides %v, repeats %v is %v, want %v", index, v.Stride[:v.Rank], v.Repeat[:v.Rank], dst[k], want)
			}
		}
	}
}

func TestRegroupShowsTheSameElementsUnderAnotherShape(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	shapes := [][]int{{24}, {4, 6}, {2, 2, 6}, {2, 3, 4}, {24, 1}, {1, 3, 8}, {2, 12}}
	shown := 0
	for range 2000 {
		from, to := shapes[r.IntN(len(shapes))], shapes[r.IntN(len(shapes))]
		v := &array.Value{Repr: array.ReprF32, F32: numbers(400)}
		v.Rank = copy(v.Dims[:], from)
		for d := range v.Rank {
			v.Stride[d], v.Repeat[d] = r.IntN(7), 1+r.IntN(2)
		}
		if r.IntN(2) == 0 { // often contiguous but for the outermost step
			n := 1
			for d := v.Rank - 1; d >= 0; d-- {
				v.Stride[d], v.Repeat[d] = n, 1
				n *= v.Dims[d]
			}
			v.Stride[0] *= 1 + r.IntN(2)
		}
		w := *v
		if !v.Regroup(to, &w.Stride, &w.Repeat) {
			continue
		}
		shown++
		w.Rank = copy(w.Dims[:], to)
		a, b := make([]float32, 24), make([]float32, 24)
		v.Widen(nil, a)
		w.Widen(nil, b)
		if !slices.Equal(a, b) {
			t.Fatalf("shape %v with strides %v, repeats %v as %v: strides %v, repeats %v show other elements",
				from, v.Stride[:v.Rank], v.Repeat[:v.Rank], to, w.Stride[:w.Rank], w.Repeat[:w.Rank])
		}
	}
	if shown < 100 {
		t.Errorf("only %d reshapes were views", shown)
	}
}

func TestUpdateDenseKnowsRowMajorStrides(t *testing.T) {
	for _, test := range []struct {
		dims, stride, repeat []int
		want                 bool
	}{
		{[]int{2, 3}, []int{3, 1}, []int{1, 1}, true},
		{[]int{2, 3}, []int{4, 1}, []int{1, 1}, false},
		{[]int{1, 3}, []int{99, 1}, []int{1, 1}, true},
		{[]int{2, 3}, []int{3, 1}, []int{2, 1}, false},
		{[]int{3}, []int{0}, []int{1}, false},
		{nil, nil, nil, true},
	} {
		v := array.Value{Dense: !test.want}
		v.Rank = copy(v.Dims[:], test.dims)
		copy(v.Stride[:], test.stride)
		copy(v.Repeat[:], test.repeat)
		if v.UpdateDense(); v.Dense != test.want {
			t.Errorf("shape %v with strides %v, repeats %v: dense is %v", test.dims, test.stride, test.repeat, v.Dense)
		}
	}
}

func TestShapesThatNoMemoryHoldsAreRefused(t *testing.T) {
	for _, dims := range [][]int{{-1}, {1 << 31}, {1 << 16, 1 << 16}, {1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		var v array.Value
		if err := v.SetShape(dims...); err == nil {
			t.Errorf("shape %v was accepted", dims)
		}
	}
	var v array.Value
	if err := v.SetShape(2, 0, 3); err != nil || v.Len() != 0 || !v.Dense {
		t.Errorf("an empty shape: error %v, %d elements, dense %v", err, v.Len(), v.Dense)
	}
}

func TestAxesCountFromEitherEnd(t *testing.T) {
	v := array.Value{Rank: 3}
	for axis, want := range map[int]int{0: 0, 2: 2, -1: 2, -3: 0} {
		if got, err := v.Axis(axis); err != nil || got != want {
			t.Errorf("axis %d is %d, error %v", axis, got, err)
		}
	}
	for _, axis := range []int{3, -4} {
		if _, err := v.Axis(axis); err == nil {
			t.Errorf("axis %d of rank 3 was accepted", axis)
		}
	}
}

func TestAnAliasKeepsItsSlotAndType(t *testing.T) {
	src := array.Value{Slot: 1, DType: dtype.Float16, Repr: array.ReprF32, F32: numbers(3), Own: true, Wide: numbers(3)}
	v := array.Value{Slot: 7, DType: dtype.Float32}
	v.Alias(&src)
	if v.Slot != 7 || v.DType != dtype.Float32 || v.Own || v.Wide != nil || len(v.F32) != 3 {
		t.Errorf("alias is %+v", v)
	}
}

func TestIntegersAreWrappedAndNumbersSaturated(t *testing.T) {
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
		{1 << 16, dtype.Int16, 0},
		{-1, dtype.UInt16, 65535},
		{1 << 32, dtype.Int32, 0},
	} {
		if got := array.Wrap(test.x, test.t); got != test.want {
			t.Errorf("%d as %v is %d, want %d", test.x, test.t, got, test.want)
		}
		if lo, hi := array.IntRange(test.t); int64(test.want) < lo || int64(test.want) > hi {
			t.Errorf("%v: %d is outside %d to %d", test.t, test.want, lo, hi)
		}
	}
	nan := numbers(1)[0] / numbers(1)[0]
	for x, want := range map[float32]int64{-1.9: -1, 300: 127, -300: -128, 3.99: 3} {
		if got := array.Saturate(x, dtype.Int8); got != want {
			t.Errorf("%v saturates to %d, want %d", x, got, want)
		}
	}
	if got := array.Saturate(nan, dtype.Int8); got != 0 {
		t.Errorf("NaN saturates to %d", got)
	}
}
