package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
)

// patterns are tried in order at every step that could be a group's last. match
// returns the step that replaces the group, having marked the others as gone; or nil,
// having marked none. No two patterns match at one step: attention ends in a matmul,
// rotary embedding in an add, and of the two that end in a mul the norm has a constant
// factor and the gate none.
var patterns = []struct {
	name  string
	match func(f *fuser, last *Step) *Step
}{
	{"attention", (*fuser).attention},
	{"RMS norm", (*fuser).rmsNorm},
	{"rotary embedding", (*fuser).rotary},
	{"gated activation", (*fuser).gated},
	{"low-rank adapter", (*fuser).lowRank},
}

// fuse replaces groups of steps by one where their pattern is known. Nothing
// depends on it: the plain table runs everything. A group is replaced only when
// nothing else reads what lies between its steps, as that is never computed then.
// The step that replaces a group takes the place of its last one, where all of its
// operands are known to have been computed.
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
	f.sweep()
	for _, pattern := range patterns {
		if n := counts[pattern.name]; n > 0 {
			pl.p.Notes = append(pl.p.Notes, fmt.Sprintf("fused: %d %s", n, pattern.name))
		}
	}
}

// noteSeparate says in the listing which operators that language models have in groups
// stand by themselves, and how often. Products with constant matrices do so by right.
func (pl *planner) noteSeparate() {
	counts := map[string]int{}
	for _, st := range pl.p.Body.Steps {
		if st.Def.Grouped && st.Matrix() == nil {
			counts[st.Def.Name]++
		}
	}
	if len(counts) == 0 {
		return
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%d %s", counts[name], name))
	}
	pl.p.Notes = append(pl.p.Notes, "not fused: "+strings.Join(list, ", "))
}

// fuser is the work area of fusion.
type fuser struct {
	pl       *planner
	p        *Plan
	producer []*Step        // of each slot, who makes it, of the steps at the top level
	uses     []int          // of each slot, how often it is read, nested blocks and outputs included
	gone     map[*Step]bool // steps that a group has taken in
}

// newFuser indexes the steps as they are now. A pass that adds steps makes a new one.
func newFuser(pl *planner) *fuser {
	f := &fuser{pl: pl, p: pl.p, producer: make([]*Step, len(pl.p.Slots)), uses: make([]int, len(pl.p.Slots)), gone: map[*Step]bool{}}
	f.countUses(&pl.p.Body)
	for _, st := range pl.p.Body.Steps {
		for _, s := range st.Out {
			f.producer[s] = st
		}
	}
	return f
}

// countUses counts how often each slot is read in a body and in what it nests. What
// a block reads is read once for the patterns' purpose: it must not go.
func (f *fuser) countUses(b *Body) {
	for _, st := range b.Steps {
		in := st.In
		if len(st.List) > 0 {
			in = in[1:] // operand 0 is the first of List
		}
		for _, list := range [2][]int32{in, st.List} {
			for _, s := range list {
				if s >= 0 {
					f.uses[s]++
				}
			}
		}
		for _, inner := range st.Blocks {
			f.countUses(inner)
		}
	}
	for _, s := range b.Outs {
		f.uses[s]++
	}
}

// sweep removes the steps that groups have taken in.
func (f *fuser) sweep() {
	f.p.Body.Steps = slices.DeleteFunc(f.p.Body.Steps, func(st *Step) bool { return f.gone[st] })
}

// faithful reports whether results are rounded as separate operations would round them.
func (f *fuser) faithful() bool { return f.p.Arithmetic == engine.ArithmeticFaithful }

// replace marks the steps of a group as gone and returns the step that stands
// for them, with what the pattern found. Nil steps are skipped: optional parts of a
// pattern that the program does not have.
func (f *fuser) replace(def *op.Operator, data any, last *Step, in []int32, group ...*Step) *Step {
	parts := []*Step{last}
	for _, st := range group {
		if st != nil && st != last {
			f.gone[st] = true
			parts = append(parts, st)
		}
	}
	// Slots are numbered as the program makes them.
	slices.SortFunc(parts, func(a, b *Step) int { return cmp.Compare(a.Out[0], b.Out[0]) })
	return &Step{Binding: op.Binding{Def: def, In: in, Out: last.Out, Data: data}, Parts: slices.Compact(parts)}
}
