package array_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// ends reports whether f gives up because its context has ended.
func ends(t *testing.T, f func(p *array.Poller)) (ended bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer func() {
		if r := recover(); r != nil {
			if _, ended = r.(array.Ended); !ended {
				panic(r)
			}
		}
	}()
	f(&array.Poller{Ctx: ctx})
	return false
}

func TestLongLoopsEndWithTheirContext(t *testing.T) {
	const n = 3 * array.PollEvery
	loops := map[string]func(p *array.Poller){
		"pieces": func(p *array.Poller) { p.Pieces(n, func(int, int) {}) },
		"lanes":  func(p *array.Poller) { p.Lanes(n, 1, func(int) {}) },
		"copy":   func(p *array.Poller) { array.Copy(p, make([]int, n), make([]int, n)) },
		"fill":   func(p *array.Poller) { array.Fill(p, make([]int, n), 1) },
		"widen": func(p *array.Poller) {
			v := array.Value{Repr: array.ReprI32, I32: make([]int32, n), Rank: 1, Dense: true}
			v.Dims[0] = n
			v.Widen(p, make([]float32, n))
		},
		"nest": func(p *array.Poller) {
			w := array.Nest{Count: array.Counter{Poller: p}}
			w.DenseStrides(0, []int{n})
			for more := w.Start([]int{n}, 1); more; more = w.Next() {
			}
		},
	}
	for name, loop := range loops {
		if !ends(t, loop) {
			t.Errorf("%s went on", name)
		}
		loop(nil) // without a context it runs to its end
	}
}

func TestPiecesCoverEveryElementOnce(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 24, 25} {
		var p *array.Poller
		at := 0
		p.PiecesOf(n, 8, func(lo, hi int) {
			if lo != at || hi <= lo || hi-lo > 8 {
				t.Errorf("%d elements: piece %d to %d after %d", n, lo, hi, at)
			}
			at = hi
		})
		if at != n {
			t.Errorf("%d elements: the pieces end at %d", n, at)
		}
	}
}

func TestANestWalksWhatBroadcastsAndLongRows(t *testing.T) {
	const long = 2*array.PollEvery + 3
	for _, test := range []struct{ dims, small []int }{
		{[]int{2, 3, 4}, []int{3, 1}},
		{[]int{2, 3, 4}, []int{4}},
		{[]int{1, 5}, nil},
		{[]int{2, long}, []int{2, 1}},
	} {
		v := array.Value{Repr: array.ReprF32, F32: numbers(24), Dense: true}
		v.Rank = copy(v.Dims[:], test.small)
		v.Strides()
		var w array.Nest
		w.DenseStrides(0, test.dims)
		w.Broadcast(1, &v, len(test.dims), true)
		n := 1
		for _, d := range test.dims {
			n *= d
		}
		got := make([]float32, n)
		if !w.Start(test.dims, 2) {
			t.Fatalf("shape %v has no row", test.dims)
		}
		array.CopyRows(&w, got, v.F32)
		want := make([]float32, n)
		for k := range want {
			at, mul, rest := 0, 1, k
			for d := len(test.dims) - 1; d >= 0; d-- {
				i := rest % test.dims[d]
				rest /= test.dims[d]
				if e := d - (len(test.dims) - v.Rank); e >= 0 {
					if v.Dims[e] != 1 {
						at += i * mul
					}
					mul *= v.Dims[e]
				}
			}
			want[k] = v.F32[at]
		}
		if !slices.Equal(got, want) {
			t.Errorf("shape %v over %v: wrong elements", test.small, test.dims)
		}
	}
	var w array.Nest
	if w.Start([]int{3, 0}, 1) {
		t.Error("a nest over nothing has a row")
	}
}
