package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// concat and stack copy their values; a cache that is only appended to is no concat but a
// write to a state, which copies nothing.
func init() {
	add(
		Operator{Name: "concat", Params: in("values*", "axis!", "interleave."), Shape: concatShape, Eval: concat, Exact: true},
		Operator{Name: "stack", Params: in("values*", "axis!"), Shape: stackShape, Eval: stack, Exact: true},
	)
}

// concatShape adds up the sizes along axis. All other sizes must be the same, and
// interleaved values the same altogether.
func concatShape(c *Call) error {
	first := c.item(0)
	if first.Rank == 0 {
		return scalarsShape(c)
	}
	axis, interleave, err := c.concatAxis()
	if err != nil {
		return err
	}
	total := 0
	for k := range c.listLen() {
		v := c.item(k)
		if v.Rank != first.Rank {
			return fmt.Errorf("value %d has rank %d, the first %d", k, v.Rank, first.Rank)
		}
		for d, n := range v.Shape() {
			if n != first.Dims[d] && (d != axis || interleave) {
				return fmt.Errorf("value %d of shape %v does not join %v along axis %d", k, v.ShapeCopy(), first.ShapeCopy(), axis)
			}
		}
		total += v.Dims[axis]
	}
	dims := first.Dims
	dims[axis] = total
	return c.out(0).SetShape(dims[:first.Rank]...)
}

// scalarsShape is concatShape of scalars, which make a vector: the shapes that
// exporters compute are put together so. The axis does not count.
func scalarsShape(c *Call) error {
	for k := range c.listLen() {
		if r := c.item(k).Rank; r != 0 {
			return fmt.Errorf("value %d has rank %d where the first is a scalar", k, r)
		}
	}
	return c.out(0).SetShape(c.listLen())
}

// concatAxis returns axis and interleave.
func (c *Call) concatAxis() (axis int, interleave bool, err error) {
	if first := c.item(0); first.Rank > 0 {
		if axis, err = c.axisIn(1, 0, first); err != nil {
			return 0, false, err
		}
	}
	interleave, err = c.BoolIn(2, false)
	return axis, interleave, err
}

// concat puts the values one after another along axis. Interleaved ones come in turn,
// an index of each: of [a b] and [c d] that is [a c b d].
func concat(c *Call) error {
	axis, interleave, err := c.concatAxis()
	if err != nil {
		return err
	}
	c.newOut(0)
	out := c.out(0)
	at := 0
	for k := range c.listLen() {
		v := c.item(k)
		w := c.nest()
		w.DenseStrides(0, out.Shape())
		step := w.Stride[0][axis]
		w.At[0] = at * step
		if interleave {
			w.Stride[0][axis] *= c.listLen()
			at++
		} else if v.Rank > 0 {
			at += v.Dims[axis]
		} else {
			at++
		}
		c.place(&w, v, v.Rank)
	}
	return nil
}

// newOut gives output k memory of its declared type.
func (c *Call) newOut(k int) {
	if c.floatOut(k) {
		c.newF32(k)
	} else {
		c.newI32(k)
	}
}

// place copies the elements of v into output 0 at the place and strides that the
// nest's memory 0 describes for the dimensions of v. What is stored as binary16 is
// widened on its way, and strided memory is walked where it lies: a cache is often
// joined with the newest keys, and to make it dense first would be one more copy of it.
func (c *Call) place(w *array.Nest, v *array.Value, rank int) {
	out := c.out(0)
	dims := v.Dims[:rank]
	if out.Repr == array.ReprI32 {
		w.DenseStrides(1, dims)
		if src := c.I32(v); w.Start(dims, 2) {
			array.CopyRows(w, out.I32, src)
		}
		return
	}
	v.Strides()
	if v.Repr == array.ReprF16 && v.Walkable() {
		copy(w.Stride[1][:], v.Stride[:rank])
		if w.Start(dims, 2) {
			array.WidenRows(w, out.F32, v.F16)
		}
		return
	}
	src, dense := c.floatsOf(v)
	if dense {
		w.DenseStrides(1, dims)
	} else {
		copy(w.Stride[1][:], v.Stride[:rank])
	}
	if w.Start(dims, 2) {
		array.CopyRows(w, out.F32, src)
	}
}

// stackAxis returns the position of the new dimension. A negative one counts from the
// end of the result, so that -1 puts the values side by side as the last dimension.
func stackAxis(c *Call) (int, error) {
	axis, err := c.intIn(1, 0)
	if err != nil {
		return 0, err
	}
	rank := c.item(0).Rank
	if axis < 0 {
		axis += rank + 1
	}
	if axis < 0 || axis > rank || rank == array.MaxRank {
		return 0, fmt.Errorf("axis %d is outside rank %d", axis, rank+1)
	}
	return axis, nil
}

// stackShape inserts a dimension as long as the list at the axis. All values have one
// shape.
func stackShape(c *Call) error {
	first := c.item(0)
	axis, err := stackAxis(c)
	if err != nil {
		return err
	}
	for k := range c.listLen() {
		v := c.item(k)
		if v.Rank != first.Rank || v.Dims != first.Dims && !equalDims(v, first) {
			return fmt.Errorf("value %d of shape %v does not stack on %v", k, v.ShapeCopy(), first.ShapeCopy())
		}
	}
	var dims [array.MaxRank]int
	copy(dims[:], first.Dims[:axis])
	dims[axis] = c.listLen()
	copy(dims[axis+1:], first.Dims[axis:first.Rank])
	return c.out(0).SetShape(dims[:first.Rank+1]...)
}

// equalDims reports whether two values have the same shape.
func equalDims(a, b *array.Value) bool {
	for d := range a.Rank {
		if a.Dims[d] != b.Dims[d] {
			return false
		}
	}
	return a.Rank == b.Rank
}

// stack joins the values along a new dimension: value k lies where its index is k, with
// the strides of the result's other dimensions.
func stack(c *Call) error {
	axis, err := stackAxis(c)
	if err != nil {
		return err
	}
	c.newOut(0)
	out := c.out(0)
	for k := range c.listLen() {
		w, full := c.nest(), array.Nest{}
		full.DenseStrides(0, out.Shape())
		w.At[0] = k * full.Stride[0][axis]
		copy(w.Stride[0][:], full.Stride[0][:axis])
		copy(w.Stride[0][axis:], full.Stride[0][axis+1:out.Rank])
		v := c.item(k)
		c.place(&w, v, v.Rank)
	}
	return nil
}
