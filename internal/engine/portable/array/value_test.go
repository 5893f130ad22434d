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

// decoder is a compressed constant whose element k is k², and counts its calls.
type decoder struct{ calls int }

func (d *decoder) Decode(dst []float32, start int) {
	d.calls++
	for k := range dst {
		dst[k] = float32((start + k) * (start + k))
	}
}

func TestWidenReadsEveryRepresentation(t *testing.T) {
	strides := func(v array.Value) *array.Value { // [2,2] by columns
		v.Rank = copy(v.Dims[:], []int{2, 2})
		v.Stride, v.Repeat = [array.MaxRank]int{1, 2}, [array.MaxRank]int{1, 1}
		return &v
	}
	dense := func(v array.Value) *array.Value {
		v.Rank, v.Dense = copy(v.Dims[:], []int{2, 2}), true
		return &v
	}
	half := []uint16{0x3c00, 0x4000, 0x4200, 0xbc00} // 1, 2, 3 and -1 of IEEE 754 binary16
	for name, test := range map[string]struct {
		v    *array.Value
		want []float32
	}{
		"float32":               {dense(array.Value{Repr: array.ReprF32, F32: numbers(4)}), []float32{0, 1, 2, 3}},
		"float32 by columns":    {strides(array.Value{Repr: array.ReprF32, F32: numbers(4)}), []float32{0, 2, 1, 3}},
		"integers":              {dense(array.Value{Repr: array.ReprI32, I32: []int32{1, -2, 3, 4}}), []float32{1, -2, 3, 4}},
		"integers by columns":   {strides(array.Value{Repr: array.ReprI32, I32: []int32{1, -2, 3, 4}}), []float32{1, 3, -2, 4}},
		"binary16":              {dense(array.Value{Repr: array.ReprF16, F16: half}), []float32{1, 2, 3, -1}},
		"binary16 by columns":   {strides(array.Value{Repr: array.ReprF16, F16: half}), []float32{1, 3, 2, -1}},
		"a compressed constant": {dense(array.Value{Repr: array.ReprWeight, Stored: new(decoder)}), []float32{0, 1, 4, 9}},
	} {
		got := make([]float32, 4)
		if test.v.Widen(nil, got); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// A decoded element may take a microsecond, so the context is looked at more often.
func TestALongConstantIsDecodedInPieces(t *testing.T) {
	const n = 3*array.DecodeEvery + 1
	d := new(decoder)
	v := array.Value{Repr: array.ReprWeight, Stored: d, Rank: 1, Dense: true}
	v.Dims[0] = n
	got := make([]float32, n)
	v.Widen(nil, got)
	if d.calls != 4 || got[n-1] != (n-1)*(n-1) {
		t.Errorf("%d calls; the last element is %v", d.calls, got[n-1])
	}
}

// A repeated row that is longer than a piece must not begin in the midst of a repetition.
func TestLongRowsOfRepeatedElements(t *testing.T) {
	for _, repeat := range []int{1, 3, array.PollEvery, array.PollEvery + 7} {
		const n = 2*array.PollEvery + 5
		v := array.Value{Repr: array.ReprF32, F32: numbers(n), Rank: 1}
		v.Dims[0], v.Stride[0], v.Repeat[0] = n, 1, repeat
		got := make([]float32, n)
		v.Widen(nil, got)
		for k, x := range got {
			if want := float32(k / repeat); x != want {
				t.Fatalf("repeated %d times: element %d is %v, want %v", repeat, k, x, want)
			}
		}
	}
}

func TestSkipDropsTheFirstElementsOfAnyMemory(t *testing.T) {
	for name, v := range map[string]*array.Value{
		"float32":  {Repr: array.ReprF32, F32: numbers(3)},
		"integers": {Repr: array.ReprI32, I32: []int32{0, 1, 2}},
		"binary16": {Repr: array.ReprF16, F16: []uint16{0, 0x3c00, 0x4000}},
	} {
		v.Rank, v.Dense = 1, true
		v.Skip(1)
		v.Dims[0] = 2
		got := make([]float32, 2)
		if v.Widen(nil, got); got[0] != 1 || got[1] != 2 {
			t.Errorf("%s: behind the first element lie %v", name, got)
		}
	}
}

func TestAForgottenValueKeepsItsShape(t *testing.T) {
	v := array.Value{Repr: array.ReprF32, F32: numbers(6), Rank: 2, Own: true, Wide: numbers(6)}
	v.Dims[0], v.Dims[1] = 2, 3
	v.Forget()
	if v.Repr != array.ReprUnknown || !v.Dense || v.Own || v.Wide != nil || !slices.Equal(v.Shape(), []int{2, 3}) {
		t.Errorf("forgotten: %+v", v)
	}
}

func TestSpanMultipliesDimensions(t *testing.T) {
	v := array.Value{Rank: 3}
	copy(v.Dims[:], []int{2, 3, 4})
	for span, want := range map[[2]int]int{{0, 3}: 24, {1, 2}: 3, {1, 3}: 12, {2, 2}: 1} {
		if got := v.Span(span[0], span[1]); got != want {
			t.Errorf("dimensions %v have %d elements, want %d", span, got, want)
		}
	}
}
