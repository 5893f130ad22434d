package plan

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// What patterns ask of a slot or a step. All of them answer "no" where the program
// does not say: sizes may be open and operands computed, and a pattern that does not
// match costs time only.

// is reports whether st is a plain step of the operator. One that a group has become
// keeps its last operation for messages, and is of that operator no more.
func (st *Step) is(name string) bool { return st != nil && st.Def == op.Table[name] }

// operandOf returns the slot of operand k, -1 when it is absent.
func operandOf(st *Step, k int) int32 {
	if k >= len(st.In) {
		return -1
	}
	return st.In[k]
}

// made returns the step of the given operator that makes slot s, or nil; when
// once is set the slot must not be read by anything else.
func (f *fuser) made(s int32, name string, once bool) *Step {
	st := f.maker(s)
	if !st.is(name) || f.gone[st] || (once && f.uses[s] != 1) {
		return nil
	}
	return st
}

// maker returns the step that makes slot s, or nil: for an absent operand, a parameter,
// a constant, and a slot that is younger than the index.
func (f *fuser) maker(s int32) *Step {
	if s < 0 || int(s) >= len(f.producer) {
		return nil
	}
	return f.producer[s]
}

// through skips a cast of the floating-point type that only the caller reads and
// returns the slot before it, with the cast for removal. Converters put one on either
// side of what they compute in fp32; inside of a fused step everything is fp32, and
// what the cast would round is rounded by the flags in the pattern's data.
func (f *fuser) through(s int32) (int32, *Step) {
	c := f.made(s, "cast", true)
	if c == nil || !f.float(s) || !f.float(c.In[0]) {
		return s, nil
	}
	return c.In[0], c
}

// float reports whether a slot holds numbers that are no integers.
func (f *fuser) float(s int32) bool { return f.p.Slots[s].Type.DType.IsFloat() }

// half reports whether a slot is declared fp16.
func (f *fuser) half(s int32) bool { return f.p.Slots[s].Type.DType == dtype.Float16 }

// rank returns the number of dimensions that the program declares of a slot.
func (f *fuser) rank(s int32) int { return len(f.p.Slots[s].Type.Shape) }

// scalar returns a constant slot's single number.
func (f *fuser) scalar(s int32) (float32, bool) {
	if s < 0 {
		return 0, false
	}
	k := f.p.Slots[s].Const
	if k == nil || k.Len() != 1 || k.Repr != array.ReprF32 {
		return 0, false
	}
	return k.F32[0], true
}

// number returns a constant integer operand of a step, def when it is absent.
func (f *fuser) number(st *Step, k, def int) (int, bool) {
	s := operandOf(st, k)
	if s < 0 {
		return def, true
	}
	v := f.p.Slots[s].Const
	if v == nil || v.Len() != 1 || v.Repr != array.ReprI32 {
		return 0, false
	}
	return int(v.I32[0]), true
}

// flag reports whether a boolean operand is the given constant; absent ones are
// false.
func (f *fuser) flag(st *Step, k int, want bool) bool {
	n, ok := f.number(st, k, 0)
	return ok && (n != 0) == want
}

// text returns a constant string, or def for an absent operand.
func (f *fuser) text(s int32, def string) (string, bool) {
	if s < 0 {
		return def, true
	}
	v := f.p.Slots[s].Const
	if v == nil || v.Repr != array.ReprText || len(v.Text) != 1 {
		return "", false
	}
	return v.Text[0], true
}

// ints returns a constant vector of n integers as a function of the index; an
// absent operand is def everywhere.
func (f *fuser) ints(s int32, n, def int) (func(d int) int, bool) {
	if s < 0 {
		return func(int) int { return def }, true
	}
	v := f.p.Slots[s].Const
	if v == nil || v.Repr != array.ReprI32 || !v.Dense || v.Len() != n {
		return nil, false
	}
	return func(d int) int { return int(v.I32[d]) }, true
}

// lastDim returns the last dimension of a slot where it is known.
func (f *fuser) lastDim(s int32) (int, bool) {
	t := f.p.Slots[s].Type
	if t.Variadic || len(t.Shape) == 0 || len(t.Shape) > array.MaxRank {
		return 0, false
	}
	n := t.Shape[len(t.Shape)-1]
	return n, n > 0
}

// isLast reports whether axis names the last of rank dimensions.
func isLast(axis, rank int) bool { return axis == -1 || rank > 0 && axis == rank-1 }
