package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(Operator{
		Name: "gather_nd", Params: in("x", "indices!", "batch_dims", "validate_indices."),
		Shape: gatherNDShape, Eval: gatherND, Check: checkGatherND, Exact: true,
		Note: "as gather",
	})
}

// deep is how the last dimension of indices addresses slices of x: depth coordinates
// after the batch dimensions. Fewer coordinates than x has dimensions name a slice of
// so many elements; count of them are named, perBatch in each batch.
type deep struct{ batch, depth, slice, count, perBatch int }

// deep checks the operands of gather_nd and scatter_nd.
func (c *Call) deep(x, idx *array.Value, batch int) (d deep, err error) {
	if batch < 0 {
		batch += idx.Rank
	}
	if idx.Rank == 0 || batch < 0 || batch >= idx.Rank {
		return d, fmt.Errorf("indices of rank %d do not hold coordinates after %d batch dimensions", idx.Rank, batch)
	}
	d.batch, d.depth = batch, idx.Dims[idx.Rank-1]
	if d.depth+batch > x.Rank {
		return d, fmt.Errorf("indices of shape %v are too deep for x of rank %d", idx.ShapeCopy(), x.Rank)
	}
	for k := range batch {
		if x.Dims[k] != idx.Dims[k] {
			return d, fmt.Errorf("indices of shape %v do not share %d batch dimensions with x of shape %v", idx.ShapeCopy(), batch, x.ShapeCopy())
		}
	}
	d.slice = x.Span(batch+d.depth, x.Rank)
	d.count = idx.Span(0, idx.Rank-1)
	d.perBatch = idx.Span(batch, idx.Rank-1)
	return d, nil
}

// gatherDeep is deep for gather_nd.
func (c *Call) gatherDeep() (deep, error) {
	batch, err := c.intIn(2, 0)
	if err != nil {
		return deep{}, err
	}
	return c.deep(c.In(0), c.In(1), batch)
}

// offset returns the first element of slice number k: the batch that it belongs to and
// then its coordinates are the digits of a number.
func (d *deep) offset(x *array.Value, indices []int32, k int, rule indexRule) (int, error) {
	at := 0
	if d.batch > 0 {
		at = k / d.perBatch
	}
	for j := range d.depth {
		n := x.Dims[d.batch+j]
		i, err := rule.at(indices[k*d.depth+j], n)
		if err != nil {
			return 0, err
		}
		at = at*n + i
	}
	return at * d.slice, nil
}

// gatherNDShape joins the batch dimensions, those of the indices and those of x that
// the indices do not reach: [batch, places, depth] and x of [batch, named, slice] give
// [batch, places, slice].
func gatherNDShape(c *Call) error {
	x, idx := c.In(0), c.In(1)
	d, err := c.gatherDeep()
	if err != nil {
		return err
	}
	rank := idx.Rank - 1 + x.Rank - d.batch - d.depth
	if rank > array.MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, array.MaxRank)
	}
	var dims [array.MaxRank]int
	n := copy(dims[:], idx.Dims[:idx.Rank-1])
	copy(dims[n:], x.Dims[d.batch+d.depth:x.Rank])
	return c.out(0).SetShape(dims[:rank]...)
}

// gatherND picks the slices of x at the coordinates in the last dimension of indices, as
// tf.gather_nd does.
func gatherND(c *Call) error {
	x := c.In(0)
	d, err := c.gatherDeep()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	indices := c.I32(c.In(1))
	if c.floatOut(0) {
		src := c.F32(x)
		return pickSlices(&c.Env.Poller, c.newF32(0), src, indices, x, &d, rule)
	}
	src := c.I32(x)
	return pickSlices(&c.Env.Poller, c.newI32(0), src, indices, x, &d, rule)
}

// pickSlices is gatherND for one kind of elements.
func pickSlices[T any](p *array.Poller, dst, src []T, indices []int32, x *array.Value, d *deep, rule indexRule) error {
	work := array.Counter{Poller: p}
	for k := range d.count {
		at, err := d.offset(x, indices, k, rule)
		if err != nil {
			return err
		}
		work.Add(d.slice + 1)
		array.Copy(p, dst[k*d.slice:(k+1)*d.slice], src[at:])
	}
	return nil
}

// checkGatherND is checkGather for gather_nd, whose indices are each of another
// dimension.
func checkGatherND(c *Call) error {
	d, err := c.gatherDeep()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	indices := c.I32(c.In(1))
	work := array.Counter{Poller: &c.Env.Poller}
	for k := range d.count {
		work.Add(1)
		if _, err := d.offset(c.In(0), indices, k, rule); err != nil {
			return err
		}
	}
	return nil
}
