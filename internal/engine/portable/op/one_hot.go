package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// one_hot(indices, one_hot_vector_size, axis = -1, on_value = 1, off_value = 0). The
// size of the new dimension is an operand that may be computed, so the shape rule
// reads its content.
func init() {
	add(Operator{
		Name: "one_hot", Params: in("indices", "one_hot_vector_size!", "axis", "on_value.", "off_value."),
		Shape: oneHotShape, Eval: oneHot,
	})
}

// oneHotAxis returns the position of the new dimension and its size. The axis
// counts in the result, which has one dimension more than the indices: -1 puts the
// classes last.
func oneHotAxis(c *Call) (axis, depth int, err error) {
	rank := c.In(0).Rank
	if depth, err = c.intIn(1, 0); err != nil {
		return 0, 0, err
	}
	if axis, err = c.intIn(2, -1); err != nil {
		return 0, 0, err
	}
	if axis < 0 {
		axis += rank + 1
	}
	if axis < 0 || axis > rank || rank == array.MaxRank || depth < 0 {
		return 0, 0, fmt.Errorf("axis %d of %d elements does not fit indices of rank %d", axis, depth, rank)
	}
	return axis, depth, nil
}

// oneHotShape inserts a dimension for the classes at the axis. A result of all classes
// of a vocabulary is large: SetShape refuses what no memory holds.
func oneHotShape(c *Call) error {
	idx := c.In(0)
	axis, depth, err := oneHotAxis(c)
	if err != nil {
		return err
	}
	var dims [array.MaxRank]int
	copy(dims[:], idx.Dims[:axis])
	dims[axis] = depth
	copy(dims[axis+1:], idx.Dims[axis:idx.Rank])
	return c.out(0).SetShape(dims[:idx.Rank+1]...)
}

// oneHot sets on_value at the index and off_value elsewhere along a new axis. An
// index outside the axis sets nothing, as in TensorFlow: the row is all off_value.
// A negative index is outside; it does not count from the end.
func oneHot(c *Call) error {
	axis, depth, err := oneHotAxis(c)
	if err != nil {
		return err
	}
	idx := c.In(0)
	indices, inner := c.I32(idx), idx.Span(axis, idx.Rank) // inner: indices after the new dimension
	if c.floatOut(0) {
		on, off, err := c.floatPair(3, 1, 0)
		if err != nil {
			return err
		}
		setHot(&c.Env.Poller, c.newF32(0), indices, depth, inner, on, off)
		return nil
	}
	// Integers: a value that the type cannot hold wraps.
	on, err := c.intIn(3, 1)
	if err != nil {
		return err
	}
	off, err := c.intIn(4, 0)
	if err != nil {
		return err
	}
	dt := c.out(0).DType
	setHot(&c.Env.Poller, c.newI32(0), indices, depth, inner, array.Wrap(int64(on), dt), array.Wrap(int64(off), dt))
	return nil
}

// setHot fills [outer, depth, inner] with off and sets on where indices, which is
// [outer, inner], says.
func setHot[T any](p *array.Poller, dst []T, indices []int32, depth, inner int, on, off T) {
	array.Fill(p, dst, off)
	p.Lanes(len(indices), 1, func(k int) {
		if i := int(indices[k]); i >= 0 && i < depth {
			dst[(k/inner*depth+i)*inner+k%inner] = on
		}
	})
}
