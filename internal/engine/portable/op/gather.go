package op

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		Operator{
			Name: "gather", Params: in("x*", "indices!", "axis", "batch_dims", "validate_indices."),
			Shape: gatherShape, Eval: gather, Check: checkGather, View: true, Exact: true,
			Note: "negative indices up to iOS16, and constant ones from iOS17; an index outside is an error",
		},
		Operator{
			Name: "gather_along_axis", Params: in("x", "indices!", "axis", "validate_indices."),
			Shape: alongShape, Eval: gatherAlong, Check: checkAlong, Exact: true,
			Note: "as gather",
		},
		Operator{
			Name: "gather_nd", Params: in("x", "indices!", "batch_dims", "validate_indices."),
			Shape: gatherNDShape, Eval: gatherND, Check: checkGatherND, Exact: true,
			Note: "as gather",
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
func (c *Call) writeRule(k int) (indexRule, error) {
	if c.opset() < opsetIOS17 {
		return indexRule{wrapped: true}, nil
	}
	validate, err := c.BoolIn(k, false)
	return indexRule{dropped: !validate}, err
}

// indexRule reads validate_indices, operand k, of an operator that reads. Up to
// iOS16 negative indices are valid. From iOS17 on they are outside the range, and
// converters that want wrapping add a select; only one that a program has as a
// constant, and does not ask to be validated, is taken from the end all the same.
// Every other index outside is an error: Core ML leaves open what it gives, and a
// token beyond the vocabulary is better refused than answered.
func (c *Call) indexRule(k int) (indexRule, error) {
	if c.opset() < opsetIOS17 {
		return indexRule{wrapped: true}, nil
	}
	validate, err := c.BoolIn(k, false)
	stored := c.Env.Constant[c.Step.In[1]]
	return indexRule{wrapped: stored && !validate}, err
}

// at returns the place that index i of a dimension of n elements names.
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
func (c *Call) gatherAxes() (axis, batch int, err error) {
	x, idx := c.In(0), c.In(1)
	if axis, err = c.axisIn(2, 0, x); err != nil {
		return 0, 0, err
	}
	if batch, err = c.intIn(3, 0); err != nil {
		return 0, 0, err
	}
	if batch < 0 {
		batch += idx.Rank
	}
	if batch < 0 || batch > axis || batch > idx.Rank {
		return 0, 0, fmt.Errorf("batch_dims %d does not fit axis %d and indices of rank %d", batch, axis, idx.Rank)
	}
	for d := range batch {
		if x.Dims[d] != idx.Dims[d] {
			return 0, 0, fmt.Errorf("indices of shape %v do not share %d batch dimensions with x of shape %v", idx.ShapeCopy(), batch, x.ShapeCopy())
		}
	}
	return axis, batch, nil
}

// gatherShape replaces axis by the dimensions of indices that are not batch.
func gatherShape(c *Call) error {
	x, idx := c.In(0), c.In(1)
	axis, batch, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rank := x.Rank - 1 + idx.Rank - batch
	if rank > array.MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, array.MaxRank)
	}
	var dims [array.MaxRank]int
	n := copy(dims[:], x.Dims[:axis])
	n += copy(dims[n:], idx.Dims[batch:idx.Rank])
	copy(dims[n:], x.Dims[axis+1:x.Rank])
	return c.out(0).SetShape(dims[:rank]...)
}

// gather picks slices of x along axis. Rows of a compressed or half-precision
// table are decoded one by one; a single index is a view.
func gather(c *Call) error {
	x, idx := c.In(0), c.In(1)
	axis, batch, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(4)
	if err != nil {
		return err
	}
	if idx.Len() == 1 && batch == 0 && x.Repr != array.ReprWeight {
		return c.gatherOne(x, axis, rule)
	}
	indices := c.I32(idx)
	batches, outer, inner := x.Span(0, batch), x.Span(batch, axis), x.Span(axis+1, x.Rank)
	n, per := x.Dims[axis], idx.Span(batch, idx.Rank)
	rows := rowSource{c: c, x: x}
	c.newOut(0)
	rows.open(inner)
	out := c.out(0)
	at := 0
	work := array.Counter{Poller: &c.Env.Poller}
	for b := range batches {
		for o := range outer {
			for j := range per {
				k, err := rule.at(indices[b*per+j], n)
				if err != nil {
					return err
				}
				rows.copy(out, at, ((b*outer+o)*n+k)*inner, inner)
				at += inner
				work.Add(rows.cost * inner)
			}
		}
	}
	return nil
}

// checkGather looks at the indices alone.
func checkGather(c *Call) error {
	axis, _, err := c.gatherAxes()
	if err != nil {
		return err
	}
	rule, err := c.indexRule(4)
	if err != nil {
		return err
	}
	return c.checkIndices(rule, c.In(0).Dims[axis])
}

// checkAlong is checkGather for gather_along_axis.
func checkAlong(c *Call) error {
	axis, err := c.along(2, c.In(0), c.In(1))
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	return c.checkIndices(rule, c.In(0).Dims[axis])
}

// checkIndices checks the indices, operand 1, against a dimension of n.
func (c *Call) checkIndices(rule indexRule, n int) error {
	for _, i := range c.I32(c.In(1)) {
		if _, err := rule.at(i, n); err != nil {
			return err
		}
	}
	return nil
}

// checkGatherND is checkGather for gather_nd.
func checkGatherND(c *Call) error {
	x, idx := c.In(0), c.In(1)
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
	indices := c.I32(idx)
	for k := range d.count {
		if _, err := d.offset(x, indices, k, rule); err != nil {
			return err
		}
	}
	return nil
}

// gatherOne is gather of a single index: a view with axis taken out.
func (c *Call) gatherOne(x *array.Value, axis int, rule indexRule) error {
	k, err := rule.at(c.I32(c.In(1))[0], x.Dims[axis])
	if err != nil {
		return err
	}
	x.Strides()
	var stride, repeat [array.MaxRank]int
	ones := c.In(1).Rank
	for d := range x.Rank {
		switch {
		case d < axis:
			stride[d], repeat[d] = x.Stride[d], x.Repeat[d]
		case d > axis:
			stride[d-1+ones], repeat[d-1+ones] = x.Stride[d], x.Repeat[d]
		}
	}
	for d := range ones {
		stride[axis+d], repeat[axis+d] = 0, 1
	}
	rank := c.out(0).Rank
	c.view(0, x, k/x.Repeat[axis]*x.Stride[axis], stride[:rank], repeat[:rank])
	return nil
}

// rowSource reads runs of consecutive elements of a value as it is stored.
type rowSource struct {
	c *Call
	x *array.Value
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
	case r.c.out(0).Repr == array.ReprI32:
		r.i = r.c.I32(r.x)
	case r.x.Repr == array.ReprWeight && inner > 1:
		r.cost = array.PollEvery / array.DecodeEvery
	case r.x.Repr == array.ReprF16 && r.x.Dense:
	default:
		r.f = r.c.F32(r.x)
	}
}

// copy moves n elements from element at of the source to element to of v.
func (r *rowSource) copy(v *array.Value, to, at, n int) {
	if n > array.DecodeEvery {
		r.c.Env.PiecesOf(n, array.DecodeEvery, func(lo, hi int) { r.copy(v, to+lo, at+lo, hi-lo) })
		return
	}
	switch {
	case r.i != nil:
		copy(v.I32[to:to+n], r.i[at:])
	case r.f != nil:
		copy(v.F32[to:to+n], r.f[at:])
	case r.x.Repr == array.ReprF16:
		kernel.F16ToF32(v.F32[to:to+n], r.x.F16[at:at+n])
	case r.x.Repr == array.ReprWeight:
		r.x.Stored.Decode(v.F32[to:to+n], at)
	}
}

// alongShape checks that x and indices differ only along axis.
func alongShape(c *Call) error {
	x, idx := c.In(0), c.In(1)
	if _, err := c.along(2, x, idx); err != nil {
		return err
	}
	return c.out(0).SetShape(idx.Shape()...)
}

// along returns the axis, operand k, of an operator that pairs x with indices.
func (c *Call) along(k int, x, idx *array.Value) (int, error) {
	axis, err := c.axisIn(k, 0, x)
	if err != nil {
		return 0, err
	}
	if x.Rank != idx.Rank {
		return 0, fmt.Errorf("indices have rank %d, x %d", idx.Rank, x.Rank)
	}
	for d := range x.Rank {
		if d != axis && x.Dims[d] != idx.Dims[d] {
			return 0, fmt.Errorf("indices of shape %v do not fit x of shape %v along axis %d", idx.ShapeCopy(), x.ShapeCopy(), axis)
		}
	}
	return axis, nil
}

// gatherAlong takes for every element the one at the given index of its lane.
func gatherAlong(c *Call) error {
	x, idx := c.In(0), c.In(1)
	axis, err := c.along(2, x, idx)
	if err != nil {
		return err
	}
	rule, err := c.indexRule(3)
	if err != nil {
		return err
	}
	l := lanes{n: x.Dims[axis], m: idx.Dims[axis], inner: x.Span(axis+1, x.Rank), outer: x.Span(0, axis)}
	indices := c.I32(idx)
	if c.floatOut(0) {
		src := c.F32(x)
		return pickLanes(&c.Env.Poller, c.newF32(0), src, indices, l, rule)
	}
	src := c.I32(x)
	return pickLanes(&c.Env.Poller, c.newI32(0), src, indices, l, rule)
}

// lanes describes two values that differ only in one dimension: n elements in
// the one, m in the other.
type lanes struct{ outer, n, m, inner int }

func pickLanes[T any](p *array.Poller, dst, src []T, indices []int32, l lanes, rule indexRule) error {
	at := 0
	work := array.Counter{Poller: p}
	for o := range l.outer {
		for range l.m {
			for j := range l.inner {
				work.Add(1)
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

// offset returns the first element of slice number k.
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
// the indices do not reach.
func gatherNDShape(c *Call) error {
	x, idx := c.In(0), c.In(1)
	batch, err := c.intIn(2, 0)
	if err != nil {
		return err
	}
	d, err := c.deep(x, idx, batch)
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

// gatherND picks the slices of x at the coordinates in the last dimension of
// indices.
func gatherND(c *Call) error {
	x, idx := c.In(0), c.In(1)
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
	indices := c.I32(idx)
	if c.floatOut(0) {
		src := c.F32(x)
		return pickSlices(&c.Env.Poller, c.newF32(0), src, indices, x, &d, rule)
	}
	src := c.I32(x)
	return pickSlices(&c.Env.Poller, c.newI32(0), src, indices, x, &d, rule)
}

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
