package op

import "github.com/gocoreml/coreml/internal/engine/portable/array"

// narrowTask writes parts of a window in half precision on the pool, cut along one
// dimension.
type narrowTask struct {
	nest array.Nest // with its strides set, not begun
	dims [array.MaxRank]int
	rank int
	axis int
	dst  []uint16
	src  []float32
}

// newNarrow makes the local of slice_update.
func newNarrow() any { return new(narrowTask) }

// Run writes indices lo to hi-1 of the dimension.
func (t *narrowTask) Run(lo, hi, _ int) {
	w, dims := t.nest, t.dims
	w.Count.Poller.Poll()
	dims[t.axis] = hi - lo
	for k := range 2 {
		w.At[k] += lo * w.Stride[k][t.axis]
	}
	w.Start(dims[:t.rank], 2)
	narrowRows(&w, t.dst, t.src)
}

// narrow writes a window of n elements of these dimensions in half precision, on the pool
// where there are many.
func (c *Call) narrow(w *array.Nest, dims []int, n int, dst []uint16, src []float32) {
	if n < widenFrom {
		w.Start(dims, 2)
		narrowRows(w, dst, src)
		return
	}
	t := localOf[narrowTask](c)
	t.nest, t.rank, t.axis, t.dst, t.src = *w, copy(t.dims[:], dims), 0, dst, src
	for d := range max(len(dims)-1, 0) { // rows of the last one stay whole
		if dims[d] > dims[t.axis] {
			t.axis = d
		}
	}
	rows := dims[t.axis]
	c.Env.Pool.For(t, rows, max(widenUnit*rows/n, 1), c.Env.Threads)
	*t = narrowTask{}
}
