package op

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// slice_update(x, update, begin, end, stride = 1, begin_mask, end_mask, squeeze_mask)
// is slice_by_index the other way round. It came with iOS18 together with states.
// Source: coremltools, mil/ops/defs/iOS18/tensor_transformation.py.
//
// In the decoder of a language model there are two of it in each layer, for keys and
// values, and the cache that they write to is as long as the longest context. A copy
// would cost more than everything else of a token.
func init() {
	add(Operator{
		Name:   "slice_update",
		Params: in("x*", "update*!", "begin!", "end!", "stride", "begin_mask", "end_mask", "squeeze_mask"),
		Shape:  sameShape, Eval: sliceUpdate, Check: checkUpdate, View: true, Exact: true, Local: newNarrow,
	})
}

// sliceUpdate replaces a window of x by update. It is how a model appends to the
// cache that its state holds: where x views a state and the planner has seen that no
// one reads the old content afterwards (Binding.InPlace), it writes the new rows in
// place, as binary16 in a state of that type, and copies nothing else. Anywhere else
// the result is a copy of x.
func sliceUpdate(c *Call) error {
	x, update, out := c.In(0), c.In(1), c.out(0)
	w, n, err := c.updated()
	if err != nil {
		return err
	}
	c.openUpdate(x, out)
	if n == 0 {
		return nil
	}
	// Asking for the update may take memory, which may be refused, so it comes before
	// the first element is written in each case.
	nw := c.updateNest(x, &w)
	switch out.Repr {
	case array.ReprF16:
		src := c.F32(update)
		c.narrow(&nw, w.count[:x.Rank], n, out.F16, src)
	case array.ReprI32:
		src := c.I32(update)
		nw.Start(w.count[:x.Rank], 2)
		array.CopyRows(&nw, out.I32, src)
	default:
		src := c.F32(update)
		nw.Start(w.count[:x.Rank], 2)
		array.CopyRows(&nw, out.F32, src)
	}
	return nil
}

// openUpdate makes the result what the window is written to: x itself in place, else
// a copy.
func (c *Call) openUpdate(x, out *array.Value) {
	switch {
	case c.Step.InPlace && x.Dense && x.Repr != array.ReprWeight:
		c.Env.Changed = true
		out.Alias(x)
	case c.floatOut(0):
		c.copyF32(x)
	default:
		src := c.I32(x)
		array.Copy(&c.Env.Poller, c.newI32(0), src)
	}
}

// updateNest walks the window of the result (memory 0) and the update (memory 1). The
// dimensions of the update need not be those of the window, only their elements.
func (c *Call) updateNest(x *array.Value, w *window) array.Nest {
	nw := c.nest()
	nw.DenseStrides(0, x.Shape())
	nw.DenseStrides(1, w.count[:x.Rank])
	for d := range x.Rank {
		nw.At[0] += w.begin[d] * nw.Stride[0][d]
		nw.Stride[0][d] *= w.step[d]
	}
	return nw
}

// updated returns the window that slice_update replaces and the number of its
// elements, which the update must have.
func (c *Call) updated() (w window, n int, err error) {
	x, update := c.In(0), c.In(1)
	if w, err = c.window(2, x); err != nil {
		return w, 0, err
	}
	n = 1
	for d := range x.Rank {
		n *= w.count[d]
	}
	if n != update.Len() {
		return w, 0, fmt.Errorf("update of shape %v does not fill a window of shape %v of x of shape %v",
			update.ShapeCopy(), slices.Clone(w.count[:x.Rank]), x.ShapeCopy())
	}
	return w, n, nil
}

// checkUpdate looks at the window alone, before any state is written.
func checkUpdate(c *Call) error {
	_, _, err := c.updated()
	return err
}

// narrowRows is CopyRows to half precision. Elements that lie apart are narrowed one
// by one: caches are written in whole rows, so only those need be fast.
func narrowRows(w *array.Nest, dst []uint16, src []float32) {
	for {
		d, s := w.At[0], w.At[1]
		if w.N == 1 || w.Step[0] == 1 && w.Step[1] == 1 {
			kernel.F32ToF16(dst[d:d+w.N], src[s:s+w.N])
		} else {
			for k := range w.N {
				kernel.F32ToF16(dst[d:d+1], src[s+k*w.Step[1]:s+k*w.Step[1]+1])
				d += w.Step[0]
			}
		}
		if !w.Next() {
			return
		}
	}
}
