package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// fuse replaces groups of steps by one where their pattern is known. Nothing
// depends on it: the plain table runs everything. A group is replaced only when
// nothing else reads what lies between its steps.
func (pl *planner) fuse() {
	f := newFuser(pl)
	counts := map[string]int{}
	for k, st := range pl.p.Body.Steps {
		if f.gone[st] {
			continue
		}
		for _, pattern := range patterns {
			n := pattern.match(f, st)
			if n == nil {
				continue
			}
			n.Op, n.State = st.Op, -1
			pl.p.Body.Steps[k] = n
			for _, s := range n.Out {
				f.producer[s] = n
			}
			counts[pattern.name]++
			break
		}
	}
	pl.p.Body.Steps = slices.DeleteFunc(pl.p.Body.Steps, func(st *Step) bool { return f.gone[st] })
	for _, pattern := range patterns {
		if n := counts[pattern.name]; n > 0 {
			pl.p.Notes = append(pl.p.Notes, fmt.Sprintf("fused: %d %s", n, pattern.name))
		}
	}
}

// separate are the operators that language models have inside the patterns. Where
// one still stands by itself a pattern was missed, or there is none.
var separate = []string{"softmax", "rsqrt", "reduce_mean", "silu", "gelu", "sigmoid", "matmul", "scatter_nd", "tile"}

// noteSeparate says in the listing which of those were not fused, and how often.
func (pl *planner) noteSeparate() {
	counts := map[string]int{}
	for _, st := range pl.p.Body.Steps {
		if st.Matrix() == nil && st.Op != nil && st.Def == op.Table[st.Op.Type] {
			counts[st.Op.Type]++
		}
	}
	var list []string
	for _, name := range separate {
		if n := counts[name]; n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(list) > 0 {
		pl.p.Notes = append(pl.p.Notes, "not fused: "+strings.Join(list, ", "))
	}
}

// patterns are tried in order at every step that could be a group's last. match
// returns the step that replaces the group, having marked the others as gone.
var patterns = []struct {
	name  string
	match func(f *fuser, last *Step) *Step
}{
	{"attention", (*fuser).attention},
	{"RMS norm", (*fuser).rmsNorm},
	{"rotary embedding", (*fuser).rotary},
	{"gated activation", (*fuser).gated},
}

// fuser is the work area of fusion.
type fuser struct {
	pl       *planner
	p        *Plan
	producer map[int32]*Step
	uses     map[int32]int
	gone     map[*Step]bool
}

// newFuser indexes the steps as they are now.
func newFuser(pl *planner) *fuser {
	f := &fuser{pl: pl, p: pl.p, producer: map[int32]*Step{}, uses: map[int32]int{}, gone: map[*Step]bool{}}
	f.index()
	return f
}

// index notes who makes each value and how often it is read. Only values made
// and read at the top level have a producer here.
func (f *fuser) index() {
	var walk func(b *Body, top bool)
	walk = func(b *Body, top bool) {
		for _, st := range b.Steps {
			for k, s := range st.In {
				if k == 0 && len(st.List) > 0 {
					continue // counted below
				}
				f.uses[s]++
			}
			for _, s := range st.List {
				f.uses[s]++
			}
			for _, inner := range st.Blocks {
				walk(inner, false)
			}
			if top {
				for _, s := range st.Out {
					f.producer[s] = st
				}
			}
		}
		for _, s := range b.Outs {
			f.uses[s]++
		}
	}
	walk(&f.p.Body, true)
}

// is reports whether st is a plain step of the operator.
func (st *Step) is(name string) bool { return st != nil && st.Def == op.Table[name] }

// made returns the step of the given operator that makes slot s, or nil; when
// once is set the slot must not be read by anything else.
func (f *fuser) made(s int32, name string, once bool) *Step {
	st := f.producer[s]
	if !st.is(name) || f.gone[st] || (once && f.uses[s] != 1) {
		return nil
	}
	return st
}

// through skips a cast of the floating-point type that only the caller reads and
// returns the slot before it, with the cast for removal.
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

// number returns a constant integer operand of a step.
func (f *fuser) number(st *Step, k, def int) (int, bool) {
	if k >= len(st.In) || st.In[k] < 0 {
		return def, true
	}
	v := f.p.Slots[st.In[k]].Const
	if v == nil || v.Len() != 1 || v.Repr != array.ReprI32 {
		return 0, false
	}
	return int(v.I32[0]), true
}

// faithful reports whether results are rounded as separate operations would round them.
func (f *fuser) faithful() bool { return f.p.Arithmetic == engine.ArithmeticFaithful }

// replace marks the steps of a group as gone and returns the step that stands
// for them, with what the pattern found. Nil steps are skipped.
func (f *fuser) replace(def *op.Operator, data any, last *Step, in []int32, group ...*Step) *Step {
	for _, st := range group {
		if st != nil && st != last {
			f.gone[st] = true
		}
	}
	return &Step{Binding: op.Binding{Def: def, In: in, Out: last.Out, Data: data}}
}
