package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Slices, updates of slices, crop and reverse all pick a window of a value. The
// operands are resolved once into first index, step and number for each dimension, and
// everything after that works with those: view, copy, and writing to a window.

// window is what a slice picks of a value: for each dimension the first index,
// the step between indices and their number.
type window struct {
	begin, step, count [array.MaxRank]int
	squeeze            [array.MaxRank]bool // the dimension is dropped from the result
}

// window resolves begin, end, stride and the masks, which are the operands from k
// on, against x, as NumPy slices do.
func (c *Call) window(k int, x *array.Value) (w window, err error) {
	var given [6]*array.Value
	for j := range given { // every one of the six has a number for each dimension
		v := c.In(k + j)
		if v != nil && (v.Repr == array.ReprText || v.Len() != x.Rank) {
			return w, fmt.Errorf("%s has %d elements for x of rank %d", c.name(k+j), v.Len(), x.Rank)
		}
		given[j] = v
	}
	var ints [len(given)][]int32
	for j, v := range given {
		if v != nil {
			ints[j] = c.I32(v)
		}
	}
	begin, end, stride, fromStart, toEnd, squeeze := ints[0], ints[1], ints[2], ints[3], ints[4], ints[5]
	for d, n := range x.Shape() {
		b, e, s := int(begin[d]), int(end[d]), 1
		if stride != nil {
			s = int(stride[d])
		}
		switch {
		case s == 0:
			return w, fmt.Errorf("stride of dimension %d is 0", d)
		case marked(squeeze, d):
			if err := w.pick(d, b, n, marked(fromStart, d)); err != nil {
				return w, err
			}
		default:
			w.begin[d], w.step[d], w.count[d] = slicing(b, e, s, n, marked(fromStart, d), marked(toEnd, d))
		}
	}
	return w, nil
}

// marked reports whether a mask, which may be absent, is set for dimension d.
func marked(mask []int32, d int) bool { return mask != nil && mask[d] != 0 }

// pick takes the single index b of dimension d and drops the dimension. A slice that
// begins outside would be empty; an index outside is an error.
func (w *window) pick(d, b, n int, fromStart bool) error {
	i := b
	if fromStart {
		i = 0
	}
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return fmt.Errorf("index %d is outside dimension %d of %d", b, d, n)
	}
	w.begin[d], w.step[d], w.count[d], w.squeeze[d] = i, 1, 1, true
	return nil
}

// slicing resolves one dimension of n elements: indices below 0 count from the
// end and what lies outside is cut off. For a step backward a bound of -1 is that
// before the first element, which no index names: only an open end reaches it. An
// empty window is 0, 1, 0 whatever led to it.
func slicing(begin, end, step, n int, fromStart, toEnd bool) (first, by, count int) {
	first, last := 0, n // the outermost bounds
	if step < 0 {
		first, last = n-1, -1
	}
	b, e := first, last
	if !fromStart {
		b = bounded(begin, n, min(first, last), max(first, last))
	}
	if !toEnd {
		e = bounded(end, n, min(first, last), max(first, last))
	}
	switch {
	case step > 0 && e > b:
		return b, step, (e - b + step - 1) / step
	case step < 0 && e < b:
		return b, step, (b - e - step - 1) / -step
	}
	return 0, 1, 0
}

// bounded returns index i of n elements, counted from the end where it is negative,
// limited to lo..hi.
func bounded(i, n, lo, hi int) int {
	if i < 0 {
		i += n
	}
	return max(lo, min(i, hi))
}

// cut makes output 0 the window of x: a view, but for steps backward and steps
// over repeated elements. tmp has the decoded form of a compressed constant, which
// cannot be viewed as it is stored.
func (c *Call) cut(x *array.Value, w *window) error {
	var tmp array.Value
	x = c.plain(x, &tmp)
	if !w.viewable(x) {
		return c.cutCopy(x, w)
	}
	var stride, repeat [array.MaxRank]int
	rank, off := 0, 0
	for d := range x.Rank {
		if w.count[d] > 0 { // an empty window must not begin behind the memory
			off += w.begin[d] / x.Repeat[d] * x.Stride[d]
		}
		if !w.squeeze[d] {
			stride[rank], repeat[rank] = w.step[d]*x.Stride[d], x.Repeat[d]
			rank++
		}
	}
	c.view(0, x, off, stride[:rank], repeat[:rank])
	return nil
}

// viewable reports whether the window of v has strides of its own. A step backward
// would need a negative one, which the loops over values do not know; of repeated
// elements a window has to begin at the first of its kind and take them one by one.
func (w *window) viewable(v *array.Value) bool {
	for d := range v.Rank {
		if w.step[d] < 0 {
			return false
		}
		if r := v.Repeat[d]; r != 1 && (w.step[d] != 1 || w.begin[d]%r != 0) && w.count[d] > 1 {
			return false
		}
	}
	return true
}

// cutCopy copies the window of x to output 0. Squeezed dimensions have one element
// and change nothing in memory.
func (c *Call) cutCopy(x *array.Value, w *window) error {
	// Both sides are dense; the window's first element and its steps, which may be
	// negative, go into the nest.
	nw := c.nest()
	nw.DenseStrides(0, w.count[:x.Rank])
	nw.DenseStrides(1, x.Shape())
	for d := range x.Rank {
		nw.At[1] += w.begin[d] * nw.Stride[1][d]
		nw.Stride[1][d] *= w.step[d]
	}
	if c.floatOut(0) {
		src := c.F32(x)
		dst := c.newF32(0)
		if nw.Start(w.count[:x.Rank], 2) {
			array.CopyRows(&nw, dst, src)
		}
		return nil
	}
	src := c.I32(x)
	dst := c.newI32(0)
	if nw.Start(w.count[:x.Rank], 2) {
		array.CopyRows(&nw, dst, src)
	}
	return nil
}
