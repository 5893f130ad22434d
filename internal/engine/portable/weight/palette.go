package weight

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// lutToDense covers both forms. Up to iOS17 the indices are a flat run of bytes
// with the shape beside them; from iOS18 on they carry type and shape. The
// operand shape is what tells them apart.
func (x *constexpr) lutToDense() ([]*Weight, error) {
	indices, err := x.stored("indices")
	if err != nil {
		return nil, err
	}
	if x.op.Input("shape") != nil {
		return x.flatLUT(indices)
	}
	n, dt, err := x.lookup(indices, indices.Shape)
	if err != nil {
		return nil, err
	}
	return []*Weight{x.result(n.out, dt, n.format(), n)}, nil
}

// format names a palette for people: lut4 /8.
func (n *lutNode) format() string {
	f := fmt.Sprintf("lut%d", n.indices.DType.Bits())
	if n.v > 1 {
		f += fmt.Sprintf(" vector %d", n.v)
	}
	return f + blockText(n.grid)
}

// flatLUT is the form up to iOS17: one table for all, whose number of entries
// says how wide the indices are, and these packed into a run of bytes. The
// indices are packed like any type of so many bits, the lowest first.
func (x *constexpr) flatLUT(indices *mil.Const) ([]*Weight, error) {
	lut, err := x.stored("lut")
	if err != nil {
		return nil, err
	}
	shape, err := x.shapeOperand()
	if err != nil {
		return nil, err
	}
	// Indices of 5 or 7 bits do not exist: coremltools refuses to make them.
	codes := map[int]dtype.Type{2: dtype.UInt1, 4: dtype.UInt2, 8: dtype.UInt3, 16: dtype.UInt4, 64: dtype.UInt6, 256: dtype.UInt8}
	t := codes[lut.Len()]
	need, ok := t.PackedLen(product(shape)) // not ok for a number of entries that is none of these
	if !ok || len(indices.Data) < need {
		return nil, fmt.Errorf("table of %d entries and %d bytes of indices for shape %v", lut.Len(), len(indices.Data), shape)
	}
	// One table for the whole tensor.
	ones := make([]int, len(shape))
	for d := range ones {
		ones[d] = 1
	}
	g, err := newGrid(shape, ones)
	if err != nil {
		return nil, err
	}
	n := &lutNode{
		indices: &mil.Const{DType: t, Shape: shape, Data: indices.Data}, lut: constNode{lut},
		grid: g, size: lut.Len(), v: 1, out: shape,
	}
	if lut.DType == dtype.Float16 {
		n.table16 = lut
	}
	return []*Weight{x.result(shape, lut.DType, n.format(), n)}, nil
}

// shapeOperand reads the operand shape of the forms up to iOS17. The verifier has not
// looked at it: to it the shape is a constant like any other.
func (x *constexpr) shapeOperand() ([]int, error) {
	c, err := x.stored("shape")
	if err != nil {
		return nil, err
	}
	shape, err := c.Ints()
	if err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	if n, ok := dtype.Count(shape); !ok || n > array.MaxElements {
		return nil, fmt.Errorf("shape %v is too large", shape)
	}
	return shape, nil
}

// lookup makes the table look-up for indices of the given dense shape. The
// table's shape is the number of tables along each dimension, then entries,
// then the length of the vectors: [1, 1, 16, 1] is one table of 16 numbers for
// a matrix. The table itself may be compressed, as one of int8 with a scale is.
func (x *constexpr) lookup(indices *mil.Const, shape []int) (*lutNode, dtype.Type, error) {
	lut, ls, dt, err := x.operand("lut")
	if err != nil {
		return nil, 0, err
	}
	if lut == nil || len(ls) != len(shape)+2 {
		return nil, 0, fmt.Errorf("table of shape %v for indices of shape %v", ls, shape)
	}
	k := len(shape)
	// An index of n bits can name 2^n entries and no other number, so that none can lie
	// outside of its table.
	if bits := indices.DType.Bits(); indices.DType.IsSigned() || bits == 0 || bits > 8 || ls[k] != 1<<bits || ls[k+1] < 1 {
		return nil, 0, fmt.Errorf("table of %d entries for indices of type %v", ls[k], indices.DType)
	}
	g, err := newGrid(shape, ls[:k])
	if err != nil {
		return nil, 0, fmt.Errorf("lut: %w", err)
	}
	n := &lutNode{indices: indices, lut: lut, grid: g, size: ls[k], v: ls[k+1], out: shape}
	if c := constOf(lut); c != nil && c.DType == dtype.Float16 {
		n.table16 = c
	}
	if n.v > 1 {
		if err := x.vector(n, shape); err != nil {
			return nil, 0, err
		}
	}
	return n, dt, nil
}

// vector sets the axis along which each index stands for several elements. The
// table's last dimension has given the vectors' length. The result is that many
// times as long along the axis.
func (x *constexpr) vector(n *lutNode, shape []int) error {
	if v := x.op.Input("vector_axis"); v == nil || v.Const == nil {
		return fmt.Errorf("operand vector_axis is missing")
	}
	axis, err := x.axis("vector_axis", len(shape))
	if err != nil {
		return err
	}
	if n.v > array.MaxElements {
		return fmt.Errorf("vectors of %d elements are too large", n.v)
	}
	n.axis = axis
	n.out = append([]int(nil), shape...)
	n.out[axis] *= n.v
	if c, ok := dtype.Count(n.out); !ok || c > array.MaxElements {
		return fmt.Errorf("shape %v is too large", n.out)
	}
	return nil
}
