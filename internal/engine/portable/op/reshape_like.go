package op

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// reshape_like(x, ref_tensors, begins, ends, end_masks) gives x the dimensions begins[k]
// up to ends[k] of each reference, one after the other. It lets a program restore a
// shape that is not known when it is converted. Source: coremltools, mil/ops/defs/iOS16/
// tensor_transformation.py.
func init() {
	// The reference tensors come first because only the first operand of a row
	// may be variadic.
	add(Operator{
		Name: "reshape_like", Params: in("ref_tensors*", "x*!"), Exact: true,
		Shape: reshapeLikeShape, Eval: reshapeLike, Local: func() any { return &likeParts{} },
	})
}

// likeParts are the constant operands of one reshape_like, read once. A program gives
// each as a tuple of single values; tuples are not bound to slots but for operand 0,
// so they are read from the operation itself.
type likeParts struct {
	read       bool
	begin, end []int
	toTheEnd   []int // end_masks: not 0 where a part goes on to the last dimension
	err        error
}

// load reads the operands the first time and remembers what was wrong with them.
func (p *likeParts) load(op *mil.Op) error {
	if p.read {
		return p.err
	}
	p.read = true
	for _, a := range []struct {
		name string
		to   *[]int
	}{{"begins", &p.begin}, {"ends", &p.end}, {"end_masks", &p.toTheEnd}} {
		if *a.to, p.err = constantInts(op, a.name); p.err != nil {
			return p.err
		}
	}
	return nil
}

// constantInts returns the integers of a tuple of constants.
func constantInts(op *mil.Op, name string) (list []int, err error) {
	for _, v := range op.Arg(name) {
		if v.Const == nil {
			return nil, fmt.Errorf("%s is not constant", name)
		}
		ns, err := v.Const.Ints()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, ns...)
	}
	return list, nil
}

// part returns the dimensions begin[k] up to end[k] of reference k, as a slice of its
// shape in Python.
func (p *likeParts) part(k int, ref *array.Value) []int {
	b, e := bound(p.begin[k], ref.Rank), bound(p.end[k], ref.Rank)
	if p.toTheEnd[k] != 0 {
		e = ref.Rank
	}
	return ref.Dims[b:max(b, e)]
}

// reshapeLikeShape joins the named parts of the shapes of the references.
func reshapeLikeShape(c *Call) error {
	p := localOf[likeParts](c)
	if err := p.load(c.Step.Op); err != nil {
		return err
	}
	n := c.listLen()
	if len(p.begin) != n || len(p.end) != n || len(p.toTheEnd) != n {
		return fmt.Errorf("%d reference tensors have %d begins, %d ends and %d masks", n, len(p.begin), len(p.end), len(p.toTheEnd))
	}
	var dims [array.MaxRank]int
	rank, count := 0, 1
	for k := range n {
		for _, size := range p.part(k, c.item(k)) {
			if rank == array.MaxRank {
				return fmt.Errorf("the result has more than %d dimensions", array.MaxRank)
			}
			dims[rank] = size
			rank++
			count *= size
		}
	}
	if count != c.In(1).Len() {
		return fmt.Errorf("x of shape %v does not fit shape %v", c.In(1).ShapeCopy(), slices.Clone(dims[:rank]))
	}
	return c.out(0).SetShape(dims[:rank]...)
}

// bound is a slice bound as Python reads it: negative from the end, limited to
// the range.
func bound(a, n int) int {
	if a < 0 {
		a += n
	}
	return max(0, min(a, n))
}

// reshapeLike copies the elements under the joined shape. It is no view because only
// operand 0 can share its memory with a result, and that is a reference.
func reshapeLike(c *Call) error {
	x := c.In(1)
	if c.floatOut(0) {
		c.copyF32(x)
		return nil
	}
	src := c.I32(x)
	array.Copy(&c.Env.Poller, c.newI32(0), src)
	return nil
}
