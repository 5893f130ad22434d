package array_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// rowsOf walks a nest over one memory and lists where its rows begin and how long
// they are.
func rowsOf(w *array.Nest, shape []int) (at, n []int) {
	for more := w.Start(shape, 1); more; more = w.Next() {
		at, n = append(at, w.At[0]), append(n, w.N)
	}
	return at, n
}

func TestANestHasAsFewRowsAsItsMemoriesAllow(t *testing.T) {
	for _, test := range []struct {
		name          string
		shape, stride []int
		at, n         []int
	}{
		{"dense memory is one row", []int{2, 3, 4}, []int{12, 4, 1}, []int{0}, []int{24}},
		{"padded rows are rows", []int{2, 3}, []int{5, 1}, []int{0, 5}, []int{3, 3}},
		{"dimensions of one element do not count", []int{2, 1, 3}, []int{3, 99, 1}, []int{0}, []int{6}},
		{"outer dimensions that join are one loop", []int{2, 2, 3}, []int{10, 5, 1}, []int{0, 5, 10, 15}, []int{3, 3, 3, 3}},
		{"turned memory is walked by its strides", []int{3, 2}, []int{1, 3}, []int{0, 1, 2}, []int{2, 2, 2}},
		{"one element is shown again", []int{2, 3}, []int{1, 0}, []int{0, 1}, []int{3, 3}},
		{"a scalar is a row of one", nil, nil, []int{0}, []int{1}},
		{"nothing has no rows", []int{2, 0}, []int{0, 1}, nil, nil},
	} {
		var w array.Nest
		copy(w.Stride[0][:], test.stride)
		if at, n := rowsOf(&w, test.shape); !slices.Equal(at, test.at) || !slices.Equal(n, test.n) {
			t.Errorf("%s: rows at %v of lengths %v, want %v of %v", test.name, at, n, test.at, test.n)
		}
	}
}

// Two memories join dimensions only where both do.
func TestMemoriesOfANestMoveTogether(t *testing.T) {
	dense, turned := numbers(6), make([]float32, 6)
	var w array.Nest
	w.DenseStrides(0, []int{2, 3})
	w.Stride[1] = [array.MaxRank]int{1, 2}
	if !w.Start([]int{2, 3}, 2) {
		t.Fatal("there is no row")
	}
	array.CopyRows(&w, turned, dense)
	if want := []float32{0, 2, 4, 1, 3, 5}; !slices.Equal(turned, want) {
		t.Errorf("turned elements are %v, want %v", turned, want)
	}
}

func TestALongRowComesInPiecesAndGoesBackToItsBeginning(t *testing.T) {
	const n = 2*array.PollEvery + 3
	var w array.Nest
	w.Stride[0] = [array.MaxRank]int{n + 1, 1} // rows do not join
	at, length := rowsOf(&w, []int{2, n})
	wantAt := []int{0, array.PollEvery, 2 * array.PollEvery, n + 1, n + 1 + array.PollEvery, n + 1 + 2*array.PollEvery}
	wantN := []int{array.PollEvery, array.PollEvery, 3, array.PollEvery, array.PollEvery, 3}
	if !slices.Equal(at, wantAt) || !slices.Equal(length, wantN) {
		t.Errorf("pieces at %v of %v, want %v of %v", at, length, wantAt, wantN)
	}
}

func TestRowsOfBinary16AreWidenedWhereTheyAreCopied(t *testing.T) {
	var half []uint16
	for _, x := range []float32{1, 2, 0.5, -4} {
		half = append(half, dtype.Float32ToFloat16(x))
	}
	for name, test := range map[string]struct {
		stride [2]int
		want   []float32
	}{
		"as they lie": {[2]int{2, 1}, []float32{1, 2, 0.5, -4}},
		"turned":      {[2]int{1, 2}, []float32{1, 0.5, 2, -4}},
	} {
		var w array.Nest
		got := make([]float32, 4)
		w.DenseStrides(0, []int{2, 2})
		copy(w.Stride[1][:], test.stride[:])
		w.Start([]int{2, 2}, 2)
		if array.WidenRows(&w, got, half); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
