package portable

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		operator{
			name: "gather", params: in("x*", "indices!", "axis", "batch_dims", "validate_indices"),
			shape: gatherShape, eval: gather, check: checkGather, view: true, exact: true,
		},
		operator{
			name: "gather_along_axis", params: in("x", "indices!", "axis", "validate_indices"),
			shape: alongShape, eval: gatherAlong, check: checkAlong, exact: true,
		},
		operator{
			name: "gather_nd", params: in("x", "indices!", "batch_dims", "validate_indices"),
			shape: gatherNDShape, eval: gatherND, check: checkGatherND, exact: true,
		},
	)
}

// indexRule says what an index outside 0..n-1 means.
type indexRule struct {
	// wrapped lets negative indices count from the end.
	wrapped bool
	// dropped says that elsewhere there is no place: what is written there is lost.
	// Otherwise an index outside is an error.
	dropped bool
}

// errDropped says that an index names no place.
var errDropped = errors.New("index names no place")

// writeRule is indexRule for operators that write: from iOS17 on an index outside
// changes nothing where validation is not asked for.
func (c *call) writeRule(k int) (indexRule, error) {
	if c.opset() < opsetIOS17 {
		return indexRule{wrapped: true}, nil
	}
	validate, err := c.boolIn(k, false)
	return indexRule{dropped: !validate}, err
}

// indexRule reads validate_indices, operand k, of an operator that reads. Up to
// iOS16 negative indices are valid. From iOS17 on they are outside the range, and
// converters that want wrapping add a select; only one that a program has as a
// constant, and does not ask to be validated, is taken from the end all the same.
// Every other index outside is an error: Core ML leaves open what it gives, and a
// token beyond the vocabulary is better refused than answered.
func (c *call) indexRule(k int) (indexRule, error) {
	if c.opset() < opsetIOS17 {
		return indexRule{wrapped: true}, nil
	}
	validate, err := c.boolIn(k, false)
	stored := c.fr.plan.slots[c.st.in[1]].konst != nil
	return indexRule{wrapped: stored && !validate}, err
}

func (r indexRule) at(i int32, n int) (int, error) {
	k := int(i)
	if k < 0 && r.wrapped {
		k += n
	}
	if k >= 0 && k < n {
		return k, nil
	}
	if r.dropped {
		return 0, errDropped
	}
	return 0, fmt.Errorf("index %d is outside a dimension of %d", i, n)
}

// gatherAxes returns axis and batch_dims of a gather.
func (c *call) gatherAxes() (axis, batch int, err error) {
	x, idx := c.in(0), c.in(1)
	if axis, err = c.axisIn(2, 0, x); err != nil {
		return 0, 0, err
	}
	if batch, err = c.intIn(3, 0); err != nil {
		return 0, 0, err
	}
	if batch < 0 {
		batch += idx.rank
	}
	if batch < 0 || batch > axis || batch > idx.rank {
		return 0, 0, fmt.Errorf("batch_dims %d does not fit axis %d and indices of rank %d", batch, axis, idx.rank)
	}
	for d := range batch {
		if x.dims[d] != idx.dims[d] {
			return 0, 0, fmt.Errorf("indices of shape %v do not share %d batch dimensions with x of shape %v", idx.shapeCopy(), batch, x.shapeCopy())
		}
	}
	return axis, batch, nil
}

// gatherShape replaces axis by the dimensions of indices that are not batch.
func gatherShape(c *call) error {
	x, idx := c.in(0), c.in(1)
	axis, batch, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rank := x.rank - 1 + idx.rank - batch
	if rank > maxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, maxRank)
	}
	var dims [maxRank]int
	n := copy(dims[:], x.dims[:axis])
	n += copy(dims[n:], idx.dims[batch:idx.rank])
	copy(dims[n:], x.dims[axis+1:x.rank])
	return c.out(0).setShape(dims[:rank]...)
}

// gather picks slices of x along axis. Rows of a compressed or half-precision
// table are decoded one by one; a single index is a view.
func gather(c *call) error {
	x, idx := c.in(0), c.in(1)
	axis, batch, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(4)
	if err != nil {
		return err
	}
	if idx.len() == 1 && batch == 0 && x.repr != reprWeight {
		return c.gatherOne(x, axis, rule)
	}
	indices := c.i32(idx)
	batches, outer, inner := x.span(0, batch), x.span(batch, axis), x.span(axis+1, x.rank)
	n, per := x.dims[axis], idx.span(batch, idx.rank)
	rows := rowSource{c: c, x: x}
	c.newOut(0)
	rows.open(inner)
	out := c.out(0)
	at := 0
	work := counter{p: &c.fr.poller}
	for b := range batches {
		for o := range outer {
			for j := range per {
				k, err := rule.at(indices[b*per+j], n)
				if err != nil {
					return err
				}
				rows.copy(out, at, ((b*outer+o)*n+k)*inner, inner)
				at += inner
				work.add(rows.cost * inner)
			}
		}
	}
	return nil
}

// checkGather looks at the indices alone.
func checkGather(c *call) error {
	axis, _, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(4)
	if err != nil {
		return err
	}
	return c.checkIndices(rule, c.in(0).dims[axis])
}

// checkAlong is checkGather for gather_along_axis.
func checkAlong(c *call) error {
	axis, err := c.along(2, c.in(0), c.in(1))
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	return c.checkIndices(rule, c.in(0).dims[axis])
}

// checkIndices checks the indices, operand 1, against a dimension of n.
func (c *call) checkIndices(rule indexRule, n int) error {
	for _, i := range c.i32(c.in(1)) {
		if _, err := rule.at(i, n); err != nil {
			return err
		}
	}
	return nil
}

// checkGatherND is checkGather for gather_nd.
func checkGatherND(c *call) error {
	x, idx := c.in(0), c.in(1)
	batch, err := c.intIn(2, 0)
	if err != nil {
		return err
	}
	d, err := c.deep(x, idx, batch)
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	indices := c.i32(idx)
	for k := range d.count {
		if _, err := d.offset(x, indices, k, rule); err != nil {
			return err
		}
	}
	return nil
}

// gatherOne is gather of a single index: a view with axis taken out.
func (c *call) gatherOne(x *value, axis int, rule indexRule) error {
	k, err := rule.at(c.i32(c.in(1))[0], x.dims[axis])
	if err != nil {
		return err
	}
	x.strides()
	var stride, repeat [maxRank]int
	ones := c.in(1).rank
	for d := range x.rank {
		switch {
		case d < axis:
			stride[d], repeat[d] = x.stride[d], x.repeat[d]
		case d > axis:
			stride[d-1+ones], repeat[d-1+ones] = x.stride[d], x.repeat[d]
		}
	}
	for d := range ones {
		stride[axis+d], repeat[axis+d] = 0, 1
	}
	rank := c.out(0).rank
	c.view(0, x, k/x.repeat[axis]*x.stride[axis], stride[:rank], repeat[:rank])
	return nil
}

// rowSource reads runs of consecutive elements of a value as it is stored.
type rowSource struct {
	c *call
	x *value
	f []float32
	i []int32
	// cost is the work for an element, in copies of one.
	cost int
}

// open prepares for reading; compressed and dense half-precision values stay as
// they are, all others become dense.
func (r *rowSource) open(inner int) {
	r.cost = 1
	switch {
	case r.c.out(0).repr == reprI32:
		r.i = r.c.i32(r.x)
	case r.x.repr == reprWeight && inner > 1:
		r.cost = pollEvery / decodeEvery
	case r.x.repr == reprF16 && r.x.dense:
	default:
		r.f = r.c.f32(r.x)
	}
}

// copy moves n elements from element at of the source to element to of v.
func (r *rowSource) copy(v *value, to, at, n int) {
	if n > decodeEvery {
		r.c.fr.piecesOf(n, decodeEvery, func(lo, hi int) { r.copy(v, to+lo, at+lo, hi-lo) })
		return
	}
	switch {
	case r.i != nil:
		copy(v.i[to:to+n], r.i[at:])
	case r.f != nil:
		copy(v.f[to:to+n], r.f[at:])
	case r.x.repr == reprF16:
		kernel.F16ToF32(v.f[to:to+n], r.x.h[at:at+n])
	case r.x.repr == reprWeight:
		r.x.w.decode(v.f[to:to+n], at)
	}
}

// alongShape checks that x and indices differ only along axis.
func alongShape(c *call) error {
	x, idx := c.in(0), c.in(1)
	if _, err := c.along(2, x, idx); err != nil {
		return err
	}
	return c.out(0).setShape(idx.shape()...)
}

// along returns the axis, operand k, of an operator that pairs x with indices.
func (c *call) along(k int, x, idx *value) (int, error) {
	axis, err := c.axisIn(k, 0, x)
	if err != nil {
		return 0, err
	}
	if x.rank != idx.rank {
		return 0, fmt.Errorf("indices have rank %d, x %d", idx.rank, x.rank)
	}
	for d := range x.rank {
		if d != axis && x.dims[d] != idx.dims[d] {
			return 0, fmt.Errorf("indices of shape %v do not fit x of shape %v along axis %d", idx.shapeCopy(), x.shapeCopy(), axis)
		}
	}
	return axis, nil
}

// gatherAlong takes for every element the one at the given index of its lane.
func gatherAlong(c *call) error {
	x, idx := c.in(0), c.in(1)
	axis, err := c.along(2, x, idx)
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	l := lanes{n: x.dims[axis], m: idx.dims[axis], inner: x.span(axis+1, x.rank), outer: x.span(0, axis)}
	indices := c.i32(idx)
	if c.floatOut(0) {
		src := c.f32(x)
		return pickLanes(&c.fr.poller, c.newF32(0), src, indices, l, rule)
	}
	src := c.i32(x)
	return pickLanes(&c.fr.poller, c.newI32(0), src, indices, l, rule)
}

// lanes describes two values that differ only in one dimension: n elements in
// the one, m in the other.
type lanes struct{ outer, n, m, inner int }

func pickLanes[T any](p *poller, dst, src []T, indices []int32, l lanes, rule indexRule) error {
	at := 0
	work := counter{p: p}
	for o := range l.outer {
		for range l.m {
			for j := range l.inner {
				work.add(1)
				k, err := rule.at(indices[at], l.n)
				if err != nil {
					return err
				}
				dst[at] = src[(o*l.n+k)*l.inner+j]
				at++
			}
		}
	}
	return nil
}

// deep is how the last dimension of indices addresses slices of x: depth
// coordinates after the batch dimensions.
type deep struct{ batch, depth, slice, count, perBatch int }

// deep checks the operands of gather_nd (batch_dims at operand k) and scatter_nd.
func (c *call) deep(x, idx *value, batch int) (d deep, err error) {
	if batch < 0 {
		batch += idx.rank
	}
	if idx.rank == 0 || batch < 0 || batch >= idx.rank {
		return d, fmt.Errorf("indices of rank %d do not hold coordinates after %d batch dimensions", idx.rank, batch)
	}
	d.batch, d.depth = batch, idx.dims[idx.rank-1]
	if d.depth+batch > x.rank {
		return d, fmt.Errorf("indices of shape %v are too deep for x of rank %d", idx.shapeCopy(), x.rank)
	}
	for k := range batch {
		if x.dims[k] != idx.dims[k] {
			return d, fmt.Errorf("indices of shape %v do not share %d batch dimensions with x of shape %v", idx.shapeCopy(), batch, x.shapeCopy())
		}
	}
	d.slice = x.span(batch+d.depth, x.rank)
	d.count = idx.span(0, idx.rank-1)
	d.perBatch = idx.span(batch, idx.rank-1)
	return d, nil
}

// offset returns the first element of slice number k.
func (d *deep) offset(x *value, indices []int32, k int, rule indexRule) (int, error) {
	at := 0
	if d.batch > 0 {
		at = k / d.perBatch
	}
	for j := range d.depth {
		n := x.dims[d.batch+j]
		i, err := rule.at(indices[k*d.depth+j], n)
		if err != nil {
			return 0, err
		}
		at = at*n + i
	}
	return at * d.slice, nil
}

func gatherNDShape(c *call) error {
	x, idx := c.in(0), c.in(1)
	batch, err := c.intIn(2, 0)
	if err != nil {
		return err
	}
	d, err := c.deep(x, idx, batch)
	if err != nil {
		return err
	}
	rank := idx.rank - 1 + x.rank - d.batch - d.depth
	if rank > maxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, maxRank)
	}
	var dims [maxRank]int
	n := copy(dims[:], idx.dims[:idx.rank-1])
	copy(dims[n:], x.dims[d.batch+d.depth:x.rank])
	return c.out(0).setShape(dims[:rank]...)
}

// gatherND picks the slices of x at the coordinates in the last dimension of
// indices.
func gatherND(c *call) error {
	x, idx := c.in(0), c.in(1)
	batch, err := c.intIn(2, 0)
	if err != nil {
		return err
	}
	d, err := c.deep(x, idx, batch)
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	indices := c.i32(idx)
	if c.floatOut(0) {
		src := c.f32(x)
		return pickSlices(&c.fr.poller, c.newF32(0), src, indices, x, &d, rule)
	}
	src := c.i32(x)
	return pickSlices(&c.fr.poller, c.newI32(0), src, indices, x, &d, rule)
}

func pickSlices[T any](p *poller, dst, src []T, indices []int32, x *value, d *deep, rule indexRule) error {
	work := counter{p: p}
	for k := range d.count {
		at, err := d.offset(x, indices, k, rule)
		if err != nil {
			return err
		}
		work.add(d.slice + 1)
		copyPieces(p, dst[k*d.slice:(k+1)*d.slice], src[at:])
	}
	return nil
}
