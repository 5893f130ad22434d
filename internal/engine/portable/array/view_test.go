package array_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// TestReshapesOfViewsAgreeWithReshapesOfCopies shows views of all sorts under
// every shape of the list and compares the order of the elements.
func TestReshapesOfViewsAgreeWithReshapesOfCopies(t *testing.T) {
	shapes := [][]int{
		{48},
		{6, 8},
		{2, 24},
		{4, 12},
		{1, 48, 1},
		{3, 2, 8},
		{2, 3, 2, 4},
		{8, 6},
		{2, 2, 12},
		{16, 3},
		{3, 16},
		{2, 1, 3, 8},
		{4, 3, 4},
		{12, 4},
		{2, 2, 2, 2, 3},
		{24, 2},
		{3, 2, 2, 4},
	}
	ones := []int{1, 1, 1, 1}
	views := map[string]struct{ dims, stride, repeat []int }{
		"swapped outer dimensions":   {[]int{3, 2, 2, 4}, []int{8, 24, 4, 1}, ones},
		"swapped inner dimensions":   {[]int{2, 3, 4, 2}, []int{24, 8, 1, 4}, ones},
		"swapped middle dimensions":  {[]int{2, 2, 3, 4}, []int{24, 4, 8, 1}, ones},
		"reversed dimensions":        {[]int{4, 2, 3, 2}, []int{1, 4, 8, 24}, ones},
		"a part of the rows":         {[]int{2, 3, 2, 4}, []int{48, 16, 8, 1}, ones},
		"every other element":        {[]int{2, 3, 2, 4}, []int{48, 16, 8, 2}, ones},
		"an outer stride of zero":    {[]int{2, 3, 2, 4}, []int{0, 8, 4, 1}, ones},
		"a middle stride of zero":    {[]int{2, 3, 2, 4}, []int{12, 4, 0, 1}, ones},
		"two strides of zero":        {[]int{2, 3, 2, 4}, []int{4, 0, 0, 1}, ones},
		"an inner stride of zero":    {[]int{2, 3, 2, 4}, []int{6, 2, 1, 0}, ones},
		"repeated heads":             {[]int{1, 6, 2, 4}, []int{0, 8, 4, 1}, []int{1, 3, 1, 1}},
		"repeated heads of batches":  {[]int{2, 6, 1, 4}, []int{8, 4, 0, 1}, []int{1, 3, 1, 1}},
		"a repeated inner dimension": {[]int{2, 3, 2, 4}, []int{12, 4, 2, 1}, []int{1, 1, 1, 2}},
	}
	shown := 0
	for name, view := range views {
		mem := numbers(200)
		v := array.Value{Rank: len(view.dims), F32: mem}
		copy(v.Dims[:], view.dims)
		copy(v.Stride[:], view.stride)
		copy(v.Repeat[:], view.repeat)
		want := make([]float32, v.Len())
		v.Widen(nil, want)
		for _, shape := range shapes {
			var w array.Value
			w.Rank = copy(w.Dims[:], shape)
			if w.Len() != v.Len() || !v.Regroup(shape, &w.Stride, &w.Repeat) {
				continue
			}
			shown++
			w.F32 = mem
			got := make([]float32, v.Len())
			w.Widen(nil, got)
			if !slices.Equal(got, want) {
				t.Errorf("%s as %v: got %v, want %v", name, shape, got, want)
			}
		}
		var w array.Value
		if !v.Regroup(view.dims, &w.Stride, &w.Repeat) {
			t.Errorf("%s cannot be shown in its own shape", name)
		}
	}
	if shown < 60 {
		t.Errorf("only %d reshapes were views", shown)
	}
}
