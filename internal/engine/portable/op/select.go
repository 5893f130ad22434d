package op

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(Operator{
		Name: "select", Params: in("cond", "a*!", "b*!"), Exact: true,
		Shape: func(c *Call) error { return broadcastShape(c, 0, 3) }, Eval: selectOp,
	})
}

// selectOp takes elements of a where cond is true, else of b; all three broadcast. It
// copies and does not compute, so what is not taken may be NaN, as it is in masks that
// are made of -inf. The row is exact, but one of a and b may be a constant of more bits
// than the result has: then the elements are rounded here.
func selectOp(c *Call) error {
	cond, a, b, out := c.In(0), c.In(1), c.In(2), c.out(0)
	w := c.nest()
	flags := c.I32(cond)
	w.DenseStrides(0, out.Shape())
	w.Broadcast(1, cond, out.Rank, true)
	if !c.floatOut(0) {
		dst, x, y := c.newI32(0), c.I32(a), c.I32(b)
		w.Broadcast(2, a, out.Rank, true)
		w.Broadcast(3, b, out.Rank, true)
		selectRows(&w, out.Shape(), dst, flags, x, y)
		return nil
	}
	x, dx := c.floatsOf(a)
	y, dy := c.floatsOf(b)
	w.Broadcast(2, a, out.Rank, dx)
	w.Broadcast(3, b, out.Rank, dy)
	selectRows(&w, out.Shape(), c.newF32(0), flags, x, y)
	if out.DType == dtype.Float16 && (a.DType != dtype.Float16 || b.DType != dtype.Float16) {
		c.roundF16(out.F32[:out.Len()])
	}
	return nil
}

// selectRows walks all four pieces of memory by their strides and takes each element of dst from a where cond is set, else from b.
func selectRows[T any](w *array.Nest, dims []int, dst []T, cond []int32, a, b []T) {
	for ok := w.Start(dims, array.MaxStreams); ok; ok = w.Next() {
		row := dst[w.At[0] : w.At[0]+w.N]
		p, x, y := w.At[1], w.At[2], w.At[3]
		for k := range row {
			if cond[p] != 0 {
				row[k] = a[x]
			} else {
				row[k] = b[y]
			}
			p += w.Step[1]
			x += w.Step[2]
			y += w.Step[3]
		}
	}
}
