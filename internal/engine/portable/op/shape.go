package op

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// The operators of this file ask for the shape of a value or give it another one.
// None moves an element: the results are views, or copies only where strides cannot
// express the new shape.
//
// Programs compute with shapes: shape, slices of it, concat, reshape. The numbers are
// small constants to the planner where a shape is fixed; where a dimension is the
// length of a prompt the shape rules below read them in every prediction. Sources:
// coremltools, mil/ops/defs, tensor_transformation.py of iOS15 and iOS17.
func init() {
	add(
		Operator{Name: "shape", Params: in("x*"), Shape: shapeShape, Eval: shapeOp, Exact: true, ShapeOnly: true},
		Operator{Name: "reshape", Params: in("x*", "shape!"), Shape: reshapeShape, Eval: reshapeOp, View: true, Exact: true, Note: "0 copies a dimension: counted from the right from iOS17"},
		Operator{Name: "expand_dims", Params: in("x*", "axes!"), Shape: expandShape, Eval: reshapeOp, View: true, Exact: true},
		Operator{Name: "squeeze", Params: in("x*", "axes"), Shape: squeezeShape, Eval: reshapeOp, View: true, Exact: true},
		Operator{Name: "flatten2d", Params: in("x*", "axis"), Shape: flattenShape, Eval: reshapeOp, View: true, Exact: true},
		Operator{Name: "transpose", Params: in("x*", "perm!"), Shape: transposeShape, Eval: transposeOp, View: true, Exact: true},
	)
}

// shapeShape has an element for each dimension of the operand.
func shapeShape(c *Call) error { return c.out(0).SetShape(c.In(0).Rank) }

// shapeOp lists the dimensions of x. A type that is too narrow for one, such as the
// int16 that iOS17 allows, gives its largest number.
func shapeOp(c *Call) error {
	dt := c.out(0).DType
	dst := c.newI32(0)
	for d, n := range c.In(0).Shape() {
		dst[d] = int32(max(0, min(int64(n), array.MaxOf(dt))))
	}
	return nil
}

// reshapeShape resolves the target shape: -1 takes what is left, 0 keeps a
// dimension of x (see kept). Of no elements -1 is 0, which NumPy would refuse: an empty
// cache is reshaped so before its first token.
func reshapeShape(c *Call) error {
	x, target := c.In(0), c.intsIn(1)
	if len(target) > array.MaxRank {
		return fmt.Errorf("shape has %d dimensions, above the limit of %d", len(target), array.MaxRank)
	}
	var dims [array.MaxRank]int
	infer, known := -1, 1 // the dimension of -1, and the product of the others
	for d, n := range target {
		dims[d] = int(n)
		switch {
		case n == -1 && infer >= 0:
			return fmt.Errorf("shape %v has more than one -1", slices.Clone(target))
		case n == -1:
			infer = d
			continue
		case n == 0:
			dims[d] = c.kept(x, d, len(target))
		case n < 0:
			return fmt.Errorf("shape %v has a negative dimension", slices.Clone(target))
		}
		known *= dims[d] // checked each time, so that it cannot overflow
		if known > array.MaxElements {
			return fmt.Errorf("shape %v is too large", slices.Clone(target))
		}
	}
	if infer >= 0 {
		dims[infer] = 0
		if known > 0 {
			dims[infer] = x.Len() / known
		}
		known *= dims[infer]
	}
	if known != x.Len() {
		return fmt.Errorf("x of shape %v does not fit shape %v", x.ShapeCopy(), slices.Clone(target))
	}
	return c.out(0).SetShape(dims[:len(target)]...)
}

// kept returns what a 0 means as dimension d of a target of that rank. Up to iOS16 it
// is the same dimension of x, and a 0 of a shape of another rank stands for itself:
// an empty tensor. From iOS17 on dimensions are paired from the right and a 0 without
// a partner is 1.
func (c *Call) kept(x *array.Value, d, rank int) int {
	if c.opset() < opsetIOS17 {
		if x.Rank == rank {
			return x.Dims[d]
		}
		return 0
	}
	if e := d - rank + x.Rank; e >= 0 {
		return x.Dims[e]
	}
	return 1
}

// expandShape inserts a dimension of 1 at every position of axes in the result. They
// count in the result and not in x, so that two new dimensions can be neighbours.
func expandShape(c *Call) error {
	x, axes := c.In(0), c.intsIn(1)
	rank := x.Rank + len(axes)
	if rank > array.MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, array.MaxRank)
	}
	var added [array.MaxRank]bool
	for _, a := range axes {
		d := int(a)
		if d < 0 {
			d += rank
		}
		if d < 0 || d >= rank || added[d] {
			return fmt.Errorf("axes %v do not fit rank %d", slices.Clone(axes), rank)
		}
		added[d] = true
	}
	var dims [array.MaxRank]int
	e := 0 // the next dimension of x
	for d := range rank {
		dims[d] = 1
		if !added[d] {
			dims[d] = x.Dims[e]
			e++
		}
	}
	return c.out(0).SetShape(dims[:rank]...)
}

// squeezeShape drops the listed dimensions of 1; those of other sizes stay, as in
// PyTorch, where NumPy refuses them. Without axes every dimension of 1 goes.
func squeezeShape(c *Call) error {
	x := c.In(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	rank := 0
	for d, n := range x.Shape() {
		if n == 1 && set[d] {
			continue
		}
		dims[rank] = n
		rank++
	}
	return c.out(0).SetShape(dims[:rank]...)
}

// flattenShape multiplies the dimensions before and from axis on: the result has two
// whatever the rank of x. An axis at either end leaves 1 there.
func flattenShape(c *Call) error {
	x := c.In(0)
	axis, err := c.intIn(1, 1)
	if err != nil {
		return err
	}
	if axis < 0 {
		axis += x.Rank
	}
	if axis < 0 || axis > x.Rank {
		return fmt.Errorf("axis %d is outside rank %d", axis, x.Rank)
	}
	return c.out(0).SetShape(x.Span(0, axis), x.Span(axis, x.Rank))
}

// reshapeOp gives x the shape that the rule has set, without a copy wherever
// strides can express it. Splitting a dimension always can be; merging two can only
// where they lie one inside the other. A compressed constant has no strides.
func reshapeOp(c *Call) error {
	x, out := c.In(0), c.out(0)
	if x.Dense {
		c.reshaped(0, x)
		return nil
	}
	var stride, repeat [array.MaxRank]int
	// What cannot be shown is copied into a dense value, which always can be.
	if x.Repr == array.ReprWeight || !x.Regroup(out.Shape(), &stride, &repeat) {
		c.reshaped(0, x)
		return nil
	}
	c.view(0, x, 0, stride[:out.Rank], repeat[:out.Rank])
	return nil
}

// transposeShape puts the dimensions in the order of perm: dimension d of the result is
// dimension perm[d] of x, as in NumPy.
func transposeShape(c *Call) error {
	x, perm := c.In(0), c.intsIn(1)
	if len(perm) != x.Rank {
		return fmt.Errorf("perm %v does not fit rank %d", someInts(perm), x.Rank)
	}
	var dims [array.MaxRank]int
	var used [array.MaxRank]bool
	for d, p := range perm {
		a, err := x.Axis(int(p))
		if err != nil {
			return err
		}
		if used[a] {
			return fmt.Errorf("perm %v names an axis twice", slices.Clone(perm))
		}
		used[a] = true
		dims[d] = x.Dims[a]
	}
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// transposeOp is always a view. Whoever needs the elements in order, a matrix product
// for instance, makes them dense when it asks for them.
func transposeOp(c *Call) error {
	var tmp array.Value
	x := c.plain(c.In(0), &tmp)
	var stride, repeat [array.MaxRank]int
	for d, p := range c.intsIn(1) {
		a, err := x.Axis(int(p))
		if err != nil {
			return err
		}
		stride[d], repeat[d] = x.Stride[a], x.Repeat[a]
	}
	c.view(0, x, 0, stride[:x.Rank], repeat[:x.Rank])
	return nil
}
