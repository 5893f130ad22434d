package weight

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// maskOperand reads a mask: stored bits, or the mask result of another
// operator. Up to iOS17 the bits are a flat run of bytes with the shape beside
// them; from iOS18 on they are a tensor of one-bit numbers, which has the
// shape. Bit i stands for element i of the dense tensor, row-major; the lowest
// bit of a byte comes first.
func (x *constexpr) maskOperand(name string) (*bitmask, []int, error) {
	v := x.op.Input(name)
	if v == nil {
		return nil, nil, fmt.Errorf("operand %s is missing", name)
	}
	if w := x.known[v]; w != nil {
		x.cost += w.cost
		if m, ok := w.node.(maskNode); ok {
			return m.mask, w.Shape, nil
		}
		return nil, nil, fmt.Errorf("operand %s is not a mask", name)
	}
	c, err := x.stored(name)
	if err != nil {
		return nil, nil, err
	}
	shape := c.Shape
	if x.op.Input("shape") != nil {
		if shape, err = x.shapeOperand(); err != nil {
			return nil, nil, err
		}
	} else if c.DType != dtype.UInt1 {
		return nil, nil, fmt.Errorf("operand %s is of type %v", name, c.DType)
	}
	m, err := newBitmask(x.Poller, c.Data, product(shape))
	if err != nil {
		return nil, nil, fmt.Errorf("operand %s: %w", name, err)
	}
	return m, shape, nil
}

// count checks that there is a stored value for each one of the mask. Values
// lie in the order of the ones, without gaps.
func (m *bitmask) count(shape []int) error {
	if n := product(shape); n != m.ones() {
		return fmt.Errorf("%d values for a mask with %d ones", n, m.ones())
	}
	return nil
}

// sparseToDense puts the values in the places of a mask. They may be stored, or
// what one of the sparse operators below gives; only this one makes a tensor
// that other operators of a program can read. Places without a one are zero.
func (x *constexpr) sparseToDense() ([]*Weight, error) {
	mask, shape, err := x.maskOperand("mask")
	if err != nil {
		return nil, err
	}
	values, vshape, dt, err := x.operand("nonzero_data")
	if err != nil {
		return nil, err
	}
	if values == nil {
		return nil, fmt.Errorf("operand nonzero_data is missing")
	}
	if err := mask.count(vshape); err != nil {
		return nil, err
	}
	return []*Weight{x.result(shape, dt, "sparse "+dt.String(), &sparseNode{values: values, mask: mask})}, nil
}

// lutToSparse looks up the values of a sparse tensor. Its tables are divided as those of
// the dense tensor, so that the mask's shape decides which table serves an index.
func (x *constexpr) lutToSparse() ([]*Weight, error) {
	mask, shape, err := x.maskOperand("indices_mask")
	if err != nil {
		return nil, err
	}
	indices, err := x.stored("indices_nonzero_data")
	if err != nil {
		return nil, err
	}
	if err := mask.count(indices.Shape); err != nil {
		return nil, err
	}
	n, dt, err := x.lookup(indices, shape)
	if err != nil {
		return nil, err
	}
	// With vectors one index stands for several elements, so that the result has a mask
	// of its own.
	n.mask, n.where = mask, mask
	if n.v > 1 {
		if n.where, err = n.widenMask(x.Poller, mask); err != nil {
			return nil, err
		}
	}
	return x.pair(n.where, n.out, dt, "sparse "+n.format(), n), nil
}

// widenMask repeats the mask of the indices along the vector axis. Every one
// becomes n.v ones, at the positions that the vector of its index fills.
func (n *lutNode) widenMask(poll *array.Poller, mask *bitmask) (*bitmask, error) {
	total := product(n.out)
	bits := make([]byte, (total+7)/8)
	work := array.Counter{Poller: poll}
	for p := range total {
		work.Add(4) // a split costs some divisions
		at, _ := n.split(p)
		bits[p/8] |= mask.data[at/8] >> (at % 8) & 1 << (p % 8)
	}
	return newBitmask(poll, bits, total)
}

// sparseBlockwise scales the values of a sparse tensor. Blocks divide the dense
// shape, which the mask gives; the data is flat.
func (x *constexpr) sparseBlockwise() ([]*Weight, error) {
	mask, shape, err := x.maskOperand("data_mask")
	if err != nil {
		return nil, err
	}
	data, dshape, ddt, err := x.operand("nonzero_data")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, fmt.Errorf("operand nonzero_data is missing")
	}
	if err := mask.count(dshape); err != nil {
		return nil, err
	}
	q, dt, err := x.scaled(data, shape)
	if err != nil {
		return nil, err
	}
	q.where = mask
	return x.pair(mask, shape, dt, fmt.Sprintf("sparse %v%s", ddt, blockText(q.grid)), q), nil
}

// pair makes the two results of a sparse operator: the mask and the values of
// its ones. The first is for the next sparse operator, which takes both.
func (x *constexpr) pair(mask *bitmask, shape []int, dt dtype.Type, format string, n node) []*Weight {
	return []*Weight{
		{Shape: shape, dt: dtype.UInt1, format: "mask", bytes: len(mask.data), node: maskNode{mask}},
		x.result([]int{mask.ones()}, dt, format, n),
	}
}
