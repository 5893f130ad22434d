package weight

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// blockwise is constexpr_blockwise_shift_scale, the form from iOS18 on: data may be
// codes or what another operator has made of them, and the scale's shape says into how
// many blocks each dimension is divided.
func (x *constexpr) blockwise() ([]*Weight, error) {
	data, shape, ddt, err := x.operand("data")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, fmt.Errorf("operand data is missing")
	}
	q, dt, err := x.scaled(data, shape)
	if err != nil {
		return nil, err
	}
	// The kernels read integer codes as stored, or a palette with a scale for each row.
	q.codes = constOf(data)
	if q.codes != nil && ddt.IsFloat() {
		q.codes = nil
	}
	q.lut, _ = data.(*lutNode)
	format := fmt.Sprintf("%v%s", ddt, blockText(q.grid))
	if q.lut != nil {
		format = fmt.Sprintf("lut%d + scale", q.lut.indices.DType.Bits())
	}
	return []*Weight{x.result(shape, dt, format, q)}, nil
}

// scaled makes scale·(data-offset) over data of the given dense shape. The
// offset is subtracted in fp32, where codes and offsets of up to 8 bits are
// exact: int8 would overflow. The data's node is read as numbers, so that
// codes, looked-up entries and sparse values are all the same here.
func (x *constexpr) scaled(data node, shape []int) (*quantNode, dtype.Type, error) {
	scale, sshape, dt, err := x.operand("scale")
	if err != nil {
		return nil, 0, err
	}
	if scale == nil {
		return nil, 0, fmt.Errorf("operand scale is missing")
	}
	g, err := newGrid(shape, sshape)
	if err != nil {
		return nil, 0, fmt.Errorf("scale: %w", err)
	}
	q := &quantNode{data: data, scale: scale, grid: g, round: x.rounds(dt), scales: constOf(scale)}
	off, oshape, _, err := x.operand("offset")
	if err != nil {
		return nil, 0, err
	}
	if off != nil {
		// Writers differ in the offset's shape; the number of its elements is what counts.
		if n, _ := dtype.Count(oshape); n != product(sshape) {
			return nil, 0, fmt.Errorf("offset of shape %v for a scale of shape %v", oshape, sshape)
		}
		q.offset, q.offsets = off, constOf(off)
	}
	return q, dt, nil
}

// affine is the form of targets up to iOS17: scale·(q-zero_point) with scalars
// or vectors along axis. zero_point is of the type of the codes. Blocks are
// single indices along axis.
func (x *constexpr) affine() ([]*Weight, error) {
	c, err := x.stored("quantized_data")
	if err != nil {
		return nil, err
	}
	axis, err := x.axis("axis", len(c.Shape))
	if err != nil {
		return nil, err
	}
	coarse := make([]int, len(c.Shape))
	for d := range coarse {
		coarse[d] = 1
	}
	scale, err := x.vectorAlong("scale", c.Shape[axis])
	if err != nil {
		return nil, err
	}
	zero, err := x.vectorAlong("zero_point", c.Shape[axis])
	if err != nil {
		return nil, err
	}
	coarse[axis] = max(1, scale.Len(), zero.Len())
	g, err := newGrid(c.Shape, coarse)
	if err != nil {
		return nil, err
	}
	q := &quantNode{
		data: constNode{c}, grid: g, round: x.rounds(scale.DType), codes: c,
		scale: spread(scale, product(coarse)), offset: spread(zero, product(coarse)),
		scales: scale, offsets: zero,
	}
	if scale.Len() != product(coarse) || zero.Len() != product(coarse) {
		q.scales = nil // a scalar beside a vector: the plain path
	}
	return []*Weight{x.result(c.Shape, scale.DType, c.DType.String()+blockText(g), q)}, nil
}

// vectorAlong returns an operand of one element, or of n: one for each of the
// axis. One element serves the whole axis.
func (x *constexpr) vectorAlong(name string, n int) (*mil.Const, error) {
	k, err := x.stored(name)
	if err == nil && k.Len() != 1 && k.Len() != n {
		err = fmt.Errorf("vector of %d for axis of %d", k.Len(), n)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

// spread reads a constant, repeating its one element when more are wanted. c
// has either one element or n.
func spread(c *mil.Const, n int) node {
	if c.Len() == n {
		return constNode{c}
	}
	return repeatNode{mil.FloatAt(c.Data, c.DType, 0)}
}
