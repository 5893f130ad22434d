package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// space_to_batch(x, block_shape, paddings) and batch_to_space(x, block_shape, crops).
// paddings and crops are matrices: top and bottom, then left and right. Source:
// coremltools, mil/ops/defs/iOS15/tensor_transformation.py, which limits both to four
// dimensions, of which the last two have blocks.
func init() {
	add(
		Operator{Name: "space_to_batch", Params: in("x", "block_shape!", "paddings!"), Shape: toBatchShape, Eval: spaceToBatch, Exact: true},
		Operator{Name: "batch_to_space", Params: in("x", "block_shape!", "crops!"), Shape: fromBatchShape, Eval: batchToSpace, Exact: true},
	)
}

// blocks are the operands of space_to_batch and batch_to_space: the size of a
// block and what is added to or cut from each border. The two undo each other; between
// them converters put a convolution that was dilated in TensorFlow.
type blocks struct{ bh, bw, top, bottom, left, right int }

// blocks reads the operands. x is [batch, channels, height, width], and the block and
// the borders are those of height and width.
func (c *Call) blocks() (b blocks, err error) {
	size, border := c.intsIn(1), c.intsIn(2)
	if c.In(0).Rank != 4 || len(size) != 2 || len(border) != 4 {
		return b, fmt.Errorf("rank %d, %d block sizes and %d border sizes where 4, 2 and 4 are expected", c.In(0).Rank, len(size), len(border))
	}
	for _, v := range border {
		if v < 0 || v > array.MaxElements {
			return b, fmt.Errorf("a border is %d", v)
		}
	}
	if size[0] < 1 || size[1] < 1 || size[0] > 1<<14 || size[1] > 1<<14 {
		return b, fmt.Errorf("blocks are %d by %d", size[0], size[1])
	}
	return blocks{int(size[0]), int(size[1]), int(border[0]), int(border[1]), int(border[2]), int(border[3])}, nil
}

// The shape rules work on sizes that blocks has bounded, so no sum or product of them
// overflows before SetShape looks at it.

// toBatchShape is [batch·block, channels, height/rows, width/columns] of what was
// padded.
func toBatchShape(c *Call) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.In(0)
	h, w := x.Dims[2]+b.top+b.bottom, x.Dims[3]+b.left+b.right
	if h%b.bh != 0 || w%b.bw != 0 {
		return fmt.Errorf("%d by %d does not divide into blocks of %d by %d", h, w, b.bh, b.bw)
	}
	return c.out(0).SetShape(x.Dims[0]*b.bh*b.bw, x.Dims[1], h/b.bh, w/b.bw)
}

// fromBatchShape undoes toBatchShape and cuts the borders off.
func fromBatchShape(c *Call) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.In(0)
	h, w := x.Dims[2]*b.bh-b.top-b.bottom, x.Dims[3]*b.bw-b.left-b.right
	if x.Dims[0]%(b.bh*b.bw) != 0 {
		return fmt.Errorf("batch of %d does not divide into blocks of %d by %d", x.Dims[0], b.bh, b.bw)
	}
	return c.out(0).SetShape(x.Dims[0]/(b.bh*b.bw), x.Dims[1], h, w)
}

// spaceToBatch spreads the places of each block over the batch; the border is
// zero. Every element of the result is written.
func spaceToBatch(c *Call) error { return c.exchangeBlocks(c.out(0), c.In(0), true) }

// batchToSpace undoes spaceToBatch.
func batchToSpace(c *Call) error { return c.exchangeBlocks(c.In(0), c.out(0), false) }

// exchangeBlocks moves the elements of x to output 0. many is the one of the two
// with the larger batch, space the other; spread says that x is space.
func (c *Call) exchangeBlocks(many, space *array.Value, spread bool) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	f, i, err := c.moved(c.In(0))
	if err != nil {
		return err
	}
	out := c.out(0)
	if f == nil {
		exchange(&c.Env.Poller, out.I32, i, many, space, b, spread)
	} else {
		exchange(&c.Env.Poller, out.F32, f, many, space, b, spread)
	}
	return nil
}

// exchange pairs the elements of many (the batch of blocks) with those of space
// and copies in the direction asked for. In the larger batch the place in the block
// counts before the element of the batch: block·n + element.
func exchange[T any](p *array.Poller, dst, src []T, many, space *array.Value, b blocks, toMany bool) {
	n, ch, h, w := max(space.Dims[0], 1), space.Dims[1], space.Dims[2], space.Dims[3]
	at := 0
	work := array.Counter{Poller: p}
	for m := range many.Dims[0] {
		block, element := m/n, m%n
		for k := range ch {
			for r := range many.Dims[2] {
				for q := range many.Dims[3] {
					work.Add(4)
					y := r*b.bh + block/b.bw - b.top
					x := q*b.bw + block%b.bw - b.left
					// What lies in the border is zero on the way there and is lost
					// on the way back.
					inside := y >= 0 && y < h && x >= 0 && x < w
					to := ((element*ch+k)*h+y)*w + x
					switch {
					case toMany && inside:
						dst[at] = src[to]
					case toMany:
						dst[at] = *new(T)
					case inside:
						dst[to] = src[at]
					}
					at++
				}
			}
		}
	}
}
