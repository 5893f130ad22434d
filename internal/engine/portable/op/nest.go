package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// What operators share that walk several values at once: in which form to take an
// operand, the nest of loops, and the shape that operands have in common.

// plain returns a value of the same content that can be viewed with strides: v
// itself, or its decoded copy when it is a compressed constant. tmp is the
// caller's room for the copy.
func (c *Call) plain(v, tmp *array.Value) *array.Value {
	if v.Repr != array.ReprWeight {
		v.Strides()
		return v
	}
	f := c.F32(v)
	*tmp = *v
	tmp.Repr, tmp.F32, tmp.Stored = array.ReprF32, f, nil
	tmp.Strides()
	return tmp
}

// nest returns a nest that looks at the prediction's context. It lives on the stack of
// the definition that walks it.
func (c *Call) nest() array.Nest { return array.Nest{Count: array.Counter{Poller: &c.Env.Poller}} }

// floatsOf returns v's elements for a nest: in place when v is float32 with
// strides that a nest can walk, else made dense. dense says which strides to give it.
func (c *Call) floatsOf(v *array.Value) (f []float32, dense bool) {
	if v.Repr == array.ReprF32 && !v.Dense && v.Walkable() {
		return v.F32, false
	}
	return c.F32(v), true
}

// broadcastShape gives output 0 the common shape of operands from..to-1, lined up
// from the right as NumPy does: where one has 1 it takes the size of the others.
func broadcastShape(c *Call, from, to int) error {
	var dims [array.MaxRank]int
	rank := 0
	for k := from; k < to; k++ {
		rank = max(rank, c.In(k).Rank)
	}
	for d := range rank {
		dims[d] = 1
	}
	for k := from; k < to; k++ {
		v := c.In(k)
		for e := range v.Rank {
			d := rank - v.Rank + e
			switch {
			case v.Dims[e] == dims[d] || v.Dims[e] == 1:
			case dims[d] == 1:
				dims[d] = v.Dims[e]
			default:
				return fmt.Errorf("shape %v of %s does not broadcast with the other operands", v.ShapeCopy(), c.name(k))
			}
		}
	}
	return c.out(0).SetShape(dims[:rank]...)
}

// plainStrides returns a value of the same content whose elements lie at plain
// strides: v itself, or its dense copy when it repeats elements. tmp is the
// caller's room for the copy and may be v.
func (c *Call) plainStrides(v, tmp *array.Value) *array.Value {
	if v.Walkable() {
		return v
	}
	if v.Repr == array.ReprI32 {
		i := c.I32(v)
		*tmp = *v
		tmp.I32 = i
	} else {
		f := c.F32(v)
		*tmp = *v
		tmp.Repr, tmp.F32 = array.ReprF32, f
	}
	tmp.Dense = true
	tmp.Strides()
	return tmp
}
