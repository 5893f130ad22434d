package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// Call is what an operator's rule and definition see of one step in one
// prediction. Its accessors are where representations end: whatever an operand lies in,
// F32 and I32 give dense elements, and a definition that can do better asks for the
// value itself with In.
type Call struct {
	Env  *Env
	Step *Binding
	// rounded says that Eval has rounded the results to their types while it made them:
	// piece by piece, on the thread that has the piece in its cache.
	rounded bool
}

// In returns operand k, or nil when it is absent.
func (c *Call) In(k int) *array.Value {
	if k >= len(c.Step.In) || c.Step.In[k] < 0 {
		return nil
	}
	return &c.Env.Values[c.Step.In[k]]
}

// list returns the number of values bound to the variadic operand, which is
// always operand 0.
func (c *Call) listLen() int { return len(c.Step.List) }

// item returns value k of the variadic operand.
func (c *Call) item(k int) *array.Value { return &c.Env.Values[c.Step.List[k]] }

// out returns output k.
func (c *Call) out(k int) *array.Value { return &c.Env.Values[c.Step.Out[k]] }

// localOf returns what Operator.Local made for this step, as the type that it made. An
// operator that made another is a mistake in the program text, met with zeros
// and found by its tests.
func localOf[T any](c *Call) *T {
	if l, ok := c.Env.Locals[c.Step.Index].(*T); ok {
		return l
	}
	return new(T)
}

// dataOf returns what Operator.Prepare or a pattern found out of this step, nil when
// it is nothing of that type.
func dataOf[T any](c *Call) *T {
	d, _ := c.Step.Data.(*T)
	return d
}

// opset returns the number of the opset: 5 (iOS15) to 8 (iOS18). It is the function's,
// unless the operation has one of its own.
func (c *Call) opset() int {
	if c.Step.Opset != 0 {
		return c.Step.Opset
	}
	return c.Env.Opset
}

// F32 returns the elements of v as dense float32. The slice is valid until the
// prediction ends or the slot's buffer is used again; it must not be written.
//
// What had to be widened or gathered is kept in v.Wide: several steps may read a value,
// and it is brought into this form once. A rehearsal has no content to give and stops
// here, by a panic that Attempt and the engine know.
func (c *Call) F32(v *array.Value) []float32 {
	n := v.Len()
	if v.Repr == array.ReprF32 && v.Dense {
		return v.F32[:n]
	}
	if v.Repr == array.ReprUnknown {
		panic(array.UnknownContent{})
	}
	if v.Wide == nil {
		v.Wide = c.other(v, n)
		c.widen(v, v.Wide)
	}
	return v.Wide[:n]
}

// other returns memory for a second form of v: the slot's own buffer, unless v
// itself lies there. A view leaves its slot's buffer free, and so does a constant.
func (c *Call) other(v *array.Value, n int) []float32 {
	if v.Own {
		return c.Env.Spare(v.Slot, n)
	}
	return c.Env.Buffer(v.Slot, n)
}

// I32 returns the elements of v as dense int32: integers, booleans as 0 and 1,
// and floating-point numbers truncated toward zero. Those beyond int32 become its least
// or greatest, and NaN 0, on every processor; Go leaves such conversions open.
func (c *Call) I32(v *array.Value) []int32 {
	n := v.Len()
	if v.Repr == array.ReprI32 && v.Dense {
		return v.I32[:n]
	}
	if v.Repr == array.ReprUnknown {
		panic(array.UnknownContent{})
	}
	if v.Flat == nil {
		if v.Repr == array.ReprI32 {
			v.Flat = array.AsInt32(c.other(v, n))
			array.CopyStrided(&c.Env.Poller, v, v.Flat, v.I32, array.RowI32)
		} else {
			f := c.F32(v)
			v.Flat = c.Env.flat(v.Slot, n)
			flat := v.Flat
			c.Env.Pieces(n, func(lo, hi int) {
				for k, x := range f[lo:hi] {
					flat[lo+k] = int32(array.Saturate(x, dtype.Int32))
				}
			})
		}
	}
	return v.Flat[:n]
}

// intIn returns the single integer of operand k, or def when it is absent.
func (c *Call) intIn(k, def int) (int, error) {
	v := c.In(k)
	if v == nil {
		return def, nil
	}
	if v.Len() != 1 || v.Repr == array.ReprText {
		return 0, fmt.Errorf("%s holds %d values where one is expected", c.name(k), v.Len())
	}
	return int(c.I32(v)[0]), nil
}

// BoolIn returns the single boolean of operand k, or def when it is absent.
func (c *Call) BoolIn(k int, def bool) (bool, error) {
	d := 0
	if def {
		d = 1
	}
	x, err := c.intIn(k, d)
	return x != 0, err
}

// floatIn returns the single number of operand k, or def when it is absent.
func (c *Call) floatIn(k int, def float32) (float32, error) {
	v := c.In(k)
	if v == nil {
		return def, nil
	}
	if v.Len() != 1 || v.Repr == array.ReprText {
		return 0, fmt.Errorf("%s holds %d values where one is expected", c.name(k), v.Len())
	}
	return c.F32(v)[0], nil
}

// textIn returns the string of operand k, or def when it is absent.
func (c *Call) textIn(k int, def string) (string, error) {
	v := c.In(k)
	if v == nil {
		return def, nil
	}
	if v.Repr == array.ReprUnknown {
		panic(array.UnknownContent{})
	}
	if v.Repr != array.ReprText || len(v.Text) != 1 {
		return "", fmt.Errorf("%s is not a string", c.name(k))
	}
	return v.Text[0], nil
}

// intsIn returns the integers of operand k, nil when it is absent.
func (c *Call) intsIn(k int) []int32 {
	v := c.In(k)
	if v == nil || v.Repr == array.ReprText {
		return nil
	}
	return c.I32(v)
}

// name returns the name of operand k.
func (c *Call) name(k int) string { return c.Step.Def.Params[k].Name }

// newF32 gives output k memory for its shape as float32.
func (c *Call) newF32(k int) []float32 {
	v := c.out(k)
	n := v.Len()
	v.Repr, v.Dense, v.Own, v.Wide, v.Flat = array.ReprF32, true, true, nil, nil
	v.F32 = c.Env.Buffer(v.Slot, n)
	return v.F32
}

// newI32 gives output k memory for its shape as int32.
func (c *Call) newI32(k int) []int32 {
	v := c.out(k)
	n := v.Len()
	v.Repr, v.Dense, v.Own, v.Wide, v.Flat = array.ReprI32, true, true, nil, nil
	v.I32 = array.AsInt32(c.Env.Buffer(v.Slot, n))
	return v.I32
}

// view makes output k a view of src: the shape that the rule set for the output
// with the given strides and repeats over src's memory from element off on. The
// slices need only live during the call. Only operators whose row says View may do so:
// the planner keeps the memory of what they show.
func (c *Call) view(k int, src *array.Value, off int, stride, repeat []int) {
	v := c.out(k)
	dims, rank := v.Dims, v.Rank
	v.Alias(src)
	v.Dims, v.Rank = dims, rank
	if v.Len() == 0 {
		off = 0
	}
	v.Skip(off)
	copy(v.Stride[:], stride)
	if repeat == nil {
		for d := range rank {
			v.Repeat[d] = 1
		}
	} else {
		copy(v.Repeat[:], repeat)
	}
	v.UpdateDense()
}

// reshaped makes output k the elements of src in row-major order under the shape
// that the rule set, without a copy when src is dense.
func (c *Call) reshaped(k int, src *array.Value) {
	v := c.out(k)
	if src.Dense && src.Repr != array.ReprText {
		dims, rank := v.Dims, v.Rank
		v.Alias(src)
		v.Dims, v.Rank, v.Dense = dims, rank, true
		return
	}
	if src.Repr == array.ReprI32 {
		array.CopyStrided(&c.Env.Poller, src, c.newI32(k), src.I32, array.RowI32)
		return
	}
	c.widen(src, c.newF32(k))
}

// round brings the outputs of a step to the type that the program declares: to fp16, of
// which float32 holds every number. Views never come here, since it would write to the
// memory of another: operators that make them are exact.
func (c *Call) round() {
	if c.rounded {
		return
	}
	for _, s := range c.Step.Out {
		v := &c.Env.Values[s]
		if v.DType == dtype.Float16 && v.Repr == array.ReprF32 && v.Dense {
			c.roundF16(v.F32[:v.Len()])
		}
	}
}

// roundsPieces reports whether the pieces of output 0 are to be rounded to fp16 as they
// are made. All of it must go through what asks: nothing is rounded afterwards.
func (c *Call) roundsPieces() bool {
	c.rounded = !c.Step.Def.Exact && c.out(0).DType == dtype.Float16
	return c.rounded
}

// roundF16 is kernel.RoundF16, to the nearest, ties to even, in pieces.
func (c *Call) roundF16(x []float32) {
	c.Env.Pieces(len(x), func(lo, hi int) { kernel.RoundF16(x[lo:hi]) })
}

// sameShape gives output 0 the shape of operand 0.
func sameShape(c *Call) error { return c.out(0).SetShape(c.In(0).Shape()...) }

// Attempt calls f, which is part of a step. It reports false when f asks for
// content that is not known. Shapes may depend on content, as those of reshape and of
// slices do: a rehearsal tries, and knows afterwards whether it has the answer.
func (c *Call) Attempt(f func(c *Call) error) (ok bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, unknown := r.(array.UnknownContent); !unknown {
				panic(r)
			}
			ok, err = false, nil
		}
	}()
	return true, f(c)
}
