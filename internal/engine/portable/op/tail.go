package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// TailOperator passes on the last rows of its operand: those that the caller
// asks for of an output. It stands before the operations of which each row
// depends on the same row alone, so that a prompt's logits cost one row and not
// all of them. When all rows are wanted it passes everything on.
//
// It is no operator of programs, and the planner alone puts it in: see Operator.Rowwise
// for which operations it can stand before, and Env.Rows for what the caller wants.
var TailOperator = &Operator{Name: "tail", Params: in("x*"), Shape: tailShape, Eval: tail, View: true, Exact: true}

// TailOutput is the data of a tail step: the output whose last rows it passes on.
type TailOutput struct{ Number int }

// tailRows returns how many rows of the operand are wanted, -1 for all. Env.Rows has
// the number for each output, and 0 or more than there are asks for all of them.
func (c *Call) tailRows() int {
	x, out := c.In(0), dataOf[TailOutput](c)
	if out == nil || out.Number >= len(c.Env.Rows) || x.Rank < 2 {
		return -1
	}
	n := c.Env.Rows[out.Number]
	if n <= 0 || n >= x.Dims[x.Rank-2] {
		return -1
	}
	return n
}

// tailShape cuts the last dimension but one to the rows that are wanted. The steps that
// follow take their sizes from it, and so do a row's work.
func tailShape(c *Call) error {
	x, y := c.In(0), c.out(0)
	y.Rank, y.Dims = x.Rank, x.Dims
	if n := c.tailRows(); n > 0 {
		y.Dims[x.Rank-2] = n
	}
	return y.SetShape(y.Shape()...)
}

// tail shows the last rows where they lie. A compressed constant has no rows to show;
// the planner puts no tail before one.
func tail(c *Call) error {
	x, n := c.In(0), c.tailRows()
	if n < 0 {
		c.out(0).Alias(x)
		return nil
	}
	if x.Repr == array.ReprWeight || x.Repr == array.ReprText {
		return array.ErrShape
	}
	x.Strides()
	d := x.Rank - 2
	from := x.Dims[d] - n
	// A view begins at an element of memory, not at the second of its repetitions.
	if x.Repeat[d] > 1 && from%x.Repeat[d] != 0 {
		return c.tailCopied(x, from)
	}
	c.view(0, x, from/x.Repeat[d]*x.Stride[d], x.Stride[:x.Rank], x.Repeat[:x.Rank])
	return nil
}

// tailCopied makes the rows dense where a view cannot begin at them: in the middle of
// a run that repeats one element.
func (c *Call) tailCopied(x *array.Value, from int) error {
	dense := array.Value{Repr: array.ReprF32, Rank: x.Rank, Dims: x.Dims, Dense: true}
	if x.Repr == array.ReprI32 {
		dense.Repr, dense.I32 = array.ReprI32, c.I32(x)
	} else {
		dense.F32 = c.F32(x)
	}
	dense.Strides()
	c.view(0, &dense, from*dense.Stride[x.Rank-2], dense.Stride[:x.Rank], nil)
	return nil
}
