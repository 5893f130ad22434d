package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/mil"
)

func init() {
	add(
		operator{name: "shape", params: in("x*"), shape: shapeShape, eval: shapeOp, exact: true, shapeOnly: true},
		operator{name: "reshape", params: in("x*", "shape!"), shape: reshapeShape, eval: reshapeOp, view: true, exact: true},
		operator{name: "expand_dims", params: in("x*", "axes!"), shape: expandShape, eval: reshapeOp, view: true, exact: true},
		operator{name: "squeeze", params: in("x*", "axes"), shape: squeezeShape, eval: reshapeOp, view: true, exact: true},
		operator{name: "flatten2d", params: in("x*", "axis"), shape: flattenShape, eval: reshapeOp, view: true, exact: true},
		operator{name: "transpose", params: in("x*", "perm!"), shape: transposeShape, eval: transposeOp, view: true, exact: true},
		// The reference tensors come first because only the first operand of a row
		// may be variadic.
		operator{
			name: "reshape_like", params: in("ref_tensors*", "x*!"), exact: true,
			shape: reshapeLikeShape, eval: reshapeLike, local: func() any { return &likeParts{} },
		},
	)
}

func shapeShape(c *call) error { return c.out(0).setShape(c.in(0).rank) }

// shapeOp lists the dimensions of x.
func shapeOp(c *call) error {
	dt := c.out(0).dt
	dst := c.newI32(0)
	for d, n := range c.in(0).shape() {
		dst[d] = int32(max(0, min(int64(n), maxOf(dt))))
	}
	return nil
}

// reshapeShape resolves the target shape: -1 takes what is left, 0 keeps a
// dimension of x. Up to iOS16 a 0 needs equal ranks; from iOS17 on dimensions are
// paired from the right and a 0 without a partner is 1.
func reshapeShape(c *call) error {
	x, target := c.in(0), c.intsIn(1)
	if len(target) > maxRank {
		return fmt.Errorf("shape has %d dimensions, above the limit of %d", len(target), maxRank)
	}
	var dims [maxRank]int
	infer, known := -1, 1
	for d, n := range target {
		dims[d] = int(n)
		switch {
		case n == -1 && infer >= 0:
			return fmt.Errorf("shape %v has more than one -1", slices.Clone(target))
		case n == -1:
			infer = d
			continue
		case n == 0 && c.opset() >= opsetIOS17:
			dims[d] = 1
			if e := d - len(target) + x.rank; e >= 0 {
				dims[d] = x.dims[e]
			}
		case n == 0:
			// A 0 of a shape of another rank stands for itself: an empty tensor.
			if x.rank == len(target) {
				dims[d] = x.dims[d]
			}
		case n < 0:
			return fmt.Errorf("shape %v has a negative dimension", slices.Clone(target))
		}
		known *= dims[d]
		if known > maxElements {
			return fmt.Errorf("shape %v is too large", slices.Clone(target))
		}
	}
	if infer >= 0 {
		dims[infer] = 0
		if known > 0 {
			dims[infer] = x.len() / known
		}
		known *= dims[infer]
	}
	if known != x.len() {
		return fmt.Errorf("x of shape %v does not fit shape %v", x.shapeCopy(), slices.Clone(target))
	}
	return c.out(0).setShape(dims[:len(target)]...)
}

// expandShape inserts a dimension of 1 at every position of axes in the result.
func expandShape(c *call) error {
	x, axes := c.in(0), c.intsIn(1)
	rank := x.rank + len(axes)
	if rank > maxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, maxRank)
	}
	var added [maxRank]bool
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
	var dims [maxRank]int
	e := 0
	for d := range rank {
		dims[d] = 1
		if !added[d] {
			dims[d] = x.dims[e]
			e++
		}
	}
	return c.out(0).setShape(dims[:rank]...)
}

// squeezeShape drops the listed dimensions of 1; those of other sizes stay.
// Without axes every dimension of 1 goes.
func squeezeShape(c *call) error {
	x := c.in(0)
	set, err := c.axesIn(1, x)
	if err != nil {
		return err
	}
	var dims [maxRank]int
	rank := 0
	for d, n := range x.shape() {
		if n == 1 && set[d] {
			continue
		}
		dims[rank] = n
		rank++
	}
	return c.out(0).setShape(dims[:rank]...)
}

// flattenShape multiplies the dimensions before and from axis on.
func flattenShape(c *call) error {
	x := c.in(0)
	axis, err := c.intIn(1, 1)
	if err != nil {
		return err
	}
	if axis < 0 {
		axis += x.rank
	}
	if axis < 0 || axis > x.rank {
		return fmt.Errorf("axis %d is outside rank %d", axis, x.rank)
	}
	return c.out(0).setShape(x.span(0, axis), x.span(axis, x.rank))
}

// reshapeOp gives x the shape that the rule has set, without a copy wherever
// strides can express it.
func reshapeOp(c *call) error {
	x, out := c.in(0), c.out(0)
	if x.dense {
		c.reshaped(0, x)
		return nil
	}
	var stride, repeat [maxRank]int
	if x.repr == reprWeight || !x.regroup(out.shape(), &stride, &repeat) {
		c.reshaped(0, x)
		return nil
	}
	c.view(0, x, 0, stride[:out.rank], repeat[:out.rank])
	return nil
}

// regroup finds strides and repeats that show strided v under other dimensions.
// It pairs the shortest runs of dimensions that hold the same number of elements
// on either side, merges v's run into one dimension and splits that into the
// wanted ones. It reports false where a run cannot be merged or split.
func (v *value) regroup(dims []int, stride, repeat *[maxRank]int) bool {
	for d := range dims {
		stride[d], repeat[d] = 0, 1
	}
	if v.len() == 0 {
		return true
	}
	from, to := 0, 0
	for from < v.rank || to < len(dims) {
		f, t := from, to
		nf, nt := 1, 1
		if f < v.rank {
			nf, f = v.dims[f], f+1
		}
		if t < len(dims) {
			nt, t = dims[t], t+1
		}
		for nf != nt {
			switch {
			case nf < nt && f < v.rank:
				nf, f = nf*v.dims[f], f+1
			case nf > nt && t < len(dims):
				nt, t = nt*dims[t], t+1
			default:
				return false
			}
		}
		s, r, ok := v.merge(from, f)
		if !ok || !split(dims[to:t], stride[to:t], repeat[to:t], s, r) {
			return false
		}
		from, to = f, t
	}
	return true
}

// merge describes dimensions from..to of v as a single one.
func (v *value) merge(from, to int) (stride, repeat int, ok bool) {
	n, s, r := 1, 0, 1
	for d := to - 1; d >= from; d-- {
		nd, sd, rd := v.dims[d], v.stride[d], v.repeat[d]
		switch {
		case nd == 1:
		case n == 1:
			n, s, r = nd, sd, rd
		case s == 0:
			// The inner dimensions show one element: the outer one repeats it.
			n, s, r = n*nd, sd, rd*n
		case rd == 1 && n%r == 0 && sd == n/r*s:
			n *= nd
		default:
			return 0, 0, false
		}
	}
	return s, r, true
}

// split spreads a single dimension over several.
func split(dims, stride, repeat []int, s, r int) bool {
	if s == 0 {
		r = 1
	}
	for d := len(dims) - 1; d >= 0; d-- {
		n := dims[d]
		switch {
		case n == 1:
			stride[d], repeat[d] = 0, 1
		case n%r == 0:
			stride[d], repeat[d] = s, r
			s, r = n/r*s, 1
		case r%n == 0:
			stride[d], repeat[d] = 0, 1
			r /= n
		default:
			return false
		}
	}
	return true
}

func transposeShape(c *call) error {
	x, perm := c.in(0), c.intsIn(1)
	if len(perm) != x.rank {
		return fmt.Errorf("perm %v does not fit rank %d", someInts(perm), x.rank)
	}
	var dims [maxRank]int
	var used [maxRank]bool
	for d, p := range perm {
		a, err := x.axis(int(p))
		if err != nil {
			return err
		}
		if used[a] {
			return fmt.Errorf("perm %v names an axis twice", slices.Clone(perm))
		}
		used[a] = true
		dims[d] = x.dims[a]
	}
	return c.out(0).setShape(dims[:x.rank]...)
}

// transposeOp is always a view.
func transposeOp(c *call) error {
	var tmp value
	x := c.plain(c.in(0), &tmp)
	var stride, repeat [maxRank]int
	for d, p := range c.intsIn(1) {
		a, err := x.axis(int(p))
		if err != nil {
			return err
		}
		stride[d], repeat[d] = x.stride[a], x.repeat[a]
	}
	c.view(0, x, 0, stride[:x.rank], repeat[:x.rank])
	return nil
}

// likeParts are the constant operands of one reshape_like, read once.
type likeParts struct {
	read        bool
	begin, end  []int
	toTheEnd    []int
	shapeErrors error
}

func (p *likeParts) load(op *mil.Op) error {
	if !p.read {
		p.read = true
		for _, a := range []struct {
			name string
			to   *[]int
		}{{"begins", &p.begin}, {"ends", &p.end}, {"end_masks", &p.toTheEnd}} {
			for _, v := range op.Arg(a.name) {
				if v.Const == nil {
					p.shapeErrors = fmt.Errorf("%s is not constant", a.name)
					return p.shapeErrors
				}
				ns, err := v.Const.Ints()
				if err != nil {
					p.shapeErrors = fmt.Errorf("%s: %w", a.name, err)
					return p.shapeErrors
				}
				*a.to = append(*a.to, ns...)
			}
		}
	}
	return p.shapeErrors
}

// reshapeLikeShape joins the named parts of the shapes of the references.
func reshapeLikeShape(c *call) error {
	p, ok := c.local().(*likeParts)
	if !ok {
		p = &likeParts{}
	}
	if err := p.load(c.st.op); err != nil {
		return err
	}
	n := c.listLen()
	if len(p.begin) != n || len(p.end) != n || len(p.toTheEnd) != n {
		return fmt.Errorf("%d reference tensors have %d begins, %d ends and %d masks", n, len(p.begin), len(p.end), len(p.toTheEnd))
	}
	var dims [maxRank]int
	rank, count := 0, 1
	for k := range n {
		ref := c.item(k)
		b, e := bound(p.begin[k], ref.rank), bound(p.end[k], ref.rank)
		if p.toTheEnd[k] != 0 {
			e = ref.rank
		}
		for d := b; d < e; d++ {
			if rank == maxRank {
				return fmt.Errorf("the result has more than %d dimensions", maxRank)
			}
			dims[rank] = ref.dims[d]
			rank++
			count *= ref.dims[d]
		}
	}
	if count != c.in(1).len() {
		return fmt.Errorf("x of shape %v does not fit shape %v", c.in(1).shapeCopy(), slices.Clone(dims[:rank]))
	}
	return c.out(0).setShape(dims[:rank]...)
}

// bound is a slice bound as Python reads it: negative from the end, limited to
// the range.
func bound(a, n int) int {
	if a < 0 {
		a += n
	}
	return max(0, min(a, n))
}

func reshapeLike(c *call) error {
	x := c.in(1)
	if c.floatOut(0) {
		c.copyF32(x)
		return nil
	}
	src := c.i32(x)
	copyPieces(&c.fr.poller, c.newI32(0), src)
	return nil
}
