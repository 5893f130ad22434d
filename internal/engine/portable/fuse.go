package portable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
)

// fuse replaces groups of steps by one where their pattern is known. Nothing
// depends on it: the plain table runs everything. A group is replaced only when
// nothing else reads what lies between its steps.
func (pl *planner) fuse() {
	f := newFuser(pl)
	counts := map[string]int{}
	for k, st := range pl.p.body.steps {
		if f.gone[st] {
			continue
		}
		for _, pattern := range patterns {
			n := pattern.match(f, st)
			if n == nil {
				continue
			}
			n.op, n.state = st.op, -1
			pl.p.body.steps[k] = n
			for _, s := range n.out {
				f.producer[s] = n
			}
			counts[pattern.name]++
			break
		}
	}
	pl.p.body.steps = slices.DeleteFunc(pl.p.body.steps, func(st *step) bool { return f.gone[st] })
	for _, pattern := range patterns {
		if n := counts[pattern.name]; n > 0 {
			pl.p.notes = append(pl.p.notes, fmt.Sprintf("fused: %d %s", n, pattern.name))
		}
	}
}

// separate are the operators that language models have inside the patterns. Where
// one still stands by itself a pattern was missed, or there is none.
var separate = []string{"softmax", "rsqrt", "reduce_mean", "silu", "gelu", "sigmoid", "matmul", "scatter_nd", "tile"}

// noteSeparate says in the listing which of those were not fused, and how often.
func (pl *planner) noteSeparate() {
	counts := map[string]int{}
	for _, st := range pl.p.body.steps {
		if st.matrix() == nil && st.op != nil && st.def == table[st.op.Type] {
			counts[st.op.Type]++
		}
	}
	var list []string
	for _, name := range separate {
		if n := counts[name]; n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(list) > 0 {
		pl.p.notes = append(pl.p.notes, "not fused: "+strings.Join(list, ", "))
	}
}

// patterns are tried in order at every step that could be a group's last. match
// returns the step that replaces the group, having marked the others as gone.
var patterns = []struct {
	name  string
	match func(f *fuser, last *step) *step
}{
	{"attention", (*fuser).attention},
	{"RMS norm", (*fuser).rmsNorm},
	{"rotary embedding", (*fuser).rotary},
	{"gated activation", (*fuser).gated},
}

// fuser is the work area of fusion.
type fuser struct {
	pl       *planner
	p        *plan
	producer map[int32]*step
	uses     map[int32]int
	gone     map[*step]bool
}

func newFuser(pl *planner) *fuser {
	f := &fuser{pl: pl, p: pl.p, producer: map[int32]*step{}, uses: map[int32]int{}, gone: map[*step]bool{}}
	f.index()
	return f
}

// index notes who makes each value and how often it is read. Only values made
// and read at the top level have a producer here.
func (f *fuser) index() {
	var walk func(b *body, top bool)
	walk = func(b *body, top bool) {
		for _, st := range b.steps {
			for k, s := range st.in {
				if k == 0 && len(st.list) > 0 {
					continue // counted below
				}
				f.uses[s]++
			}
			for _, s := range st.list {
				f.uses[s]++
			}
			for _, inner := range st.blocks {
				walk(inner, false)
			}
			if top {
				for _, s := range st.out {
					f.producer[s] = st
				}
			}
		}
		for _, s := range b.outs {
			f.uses[s]++
		}
	}
	walk(&f.p.body, true)
}

// is reports whether st is a plain step of the operator.
func (st *step) is(name string) bool { return st != nil && st.def == table[name] }

// made returns the step of the given operator that makes slot s, or nil; when
// once is set the slot must not be read by anything else.
func (f *fuser) made(s int32, name string, once bool) *step {
	st := f.producer[s]
	if !st.is(name) || f.gone[st] || (once && f.uses[s] != 1) {
		return nil
	}
	return st
}

// through skips a cast of the floating-point type that only the caller reads and
// returns the slot before it, with the cast for removal.
func (f *fuser) through(s int32) (int32, *step) {
	c := f.made(s, "cast", true)
	if c == nil || !f.float(s) || !f.float(c.in[0]) {
		return s, nil
	}
	return c.in[0], c
}

func (f *fuser) float(s int32) bool { return f.p.slots[s].typ.DType.IsFloat() }
func (f *fuser) half(s int32) bool  { return f.p.slots[s].typ.DType == dtype.Float16 }

// scalar returns a constant slot's single number.
func (f *fuser) scalar(s int32) (float32, bool) {
	if s < 0 {
		return 0, false
	}
	k := f.p.slots[s].konst
	if k == nil || k.len() != 1 || k.repr != reprF32 {
		return 0, false
	}
	return k.f[0], true
}

// number returns a constant integer operand of a step.
func (f *fuser) number(st *step, k, def int) (int, bool) {
	if k >= len(st.in) || st.in[k] < 0 {
		return def, true
	}
	v := f.p.slots[st.in[k]].konst
	if v == nil || v.len() != 1 || v.repr != reprI32 {
		return 0, false
	}
	return int(v.i[0]), true
}

func (f *fuser) faithful() bool { return f.p.arith == engine.Faithful }

// replace marks the steps of a group as gone and returns the step that stands
// for them, with what the pattern found. Nil steps are skipped.
func (f *fuser) replace(def *operator, data any, last *step, in []int32, group ...*step) *step {
	for _, st := range group {
		if st != nil && st != last {
			f.gone[st] = true
		}
	}
	return &step{binding: binding{def: def, in: in, out: last.out, data: data}}
}
