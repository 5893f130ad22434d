package portable

import "slices"

// maxFolded bounds the elements of a folded constant; what is larger is computed
// in every prediction instead of being kept.
const maxFolded = 1 << 22

// maxFoldWork bounds the work of folding, in elements read and written or
// multiplied: loading a program must not take long.
const maxFoldWork = 1 << 28

// foldProducts are operators whose work grows with the product of their operands;
// foldWindows are those whose work depends on numbers in the program, and are left
// to the prediction, which can be cancelled.
var (
	foldProducts = []string{
		"matmul", "linear", "conv", "conv_quantized", "conv_transpose", "einsum", "scaled_dot_product_attention", "rnn", "gru", "lstm",
	}
	foldWindows = []string{
		"avg_pool", "max_pool", "l2_pool", "resize", "crop_resize", "affine", "resample", "upsample_bilinear", "non_maximum_suppression",
	}
)

// fold runs the steps whose operands are all constants once and replaces their
// results by constants. A step that fails keeps its place: the error belongs to
// the prediction that reaches it.
func (pl *planner) fold() {
	p := pl.p
	foldable := pl.foldable()
	if len(foldable) == 0 {
		return
	}
	scratch := *p
	scratch.steps, scratch.buffers = len(p.body.steps), 0
	for k, st := range p.body.steps {
		st.index = k
	}
	fr := newFrame(&scratch, nil, 1)
	fr.ctx = p.load.ctx
	folded := map[*step]bool{}
	for _, st := range foldable {
		if !pl.foldStep(fr, st) {
			continue
		}
		folded[st] = true
	}
	p.body.steps = slices.DeleteFunc(p.body.steps, func(st *step) bool { return folded[st] })
}

// foldable lists the top-level steps that depend on constants alone.
func (pl *planner) foldable() []*step {
	p := pl.p
	constant := make([]bool, len(p.slots))
	for k := range p.slots {
		constant[k] = p.slots[k].konst != nil
	}
	var list []*step
	for _, st := range p.body.steps {
		if st.state >= 0 || st.blocks != nil || len(st.in) == 0 ||
			slices.Contains(foldWindows, st.def.name) || st.def.random {
			continue
		}
		all := true
		for _, s := range append(slices.Clone(st.in), st.list...) {
			if s >= 0 && !constant[s] {
				all = false
			}
		}
		if !all {
			continue
		}
		for _, s := range st.out {
			constant[s] = true
		}
		list = append(list, st)
	}
	return list
}

// mayFold reports whether a step whose shapes are known is small enough to be
// folded.
func (pl *planner) mayFold(fr *frame, st *step) bool {
	operands, largest, results := 0, 0, 0
	for _, s := range append(slices.Clone(st.in), st.list...) {
		if s >= 0 {
			n := fr.vals[s].len()
			operands, largest = operands+n, max(largest, n)
		}
	}
	for _, s := range st.out {
		n := fr.vals[s].len()
		if n > maxFolded {
			return false
		}
		results += n
	}
	work := operands + results
	if slices.Contains(foldProducts, st.def.name) {
		work = largest * results
	}
	pl.folding += work
	return pl.folding <= maxFoldWork
}

// foldStep runs one step and keeps its results. Results that are views keep
// viewing the constant's memory.
func (pl *planner) foldStep(fr *frame, st *step) (ok bool) {
	for _, s := range st.in {
		if s >= 0 && pl.p.slots[s].konst == nil {
			return false // an operand was not folded
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case ended:
			panic(r)
		default:
			if faulted(r) != nil {
				panic(r) // no mistake of the step's: the plan fails
			}
			ok = false
		}
	}()
	c := &fr.call
	c.st = st
	if st.def.shape != nil {
		for _, s := range st.out {
			fr.vals[s].dense = true
		}
		if err := st.def.shape(c); err != nil {
			return false
		}
	} else if err := c.out(0).setShape(c.in(0).shape()...); err != nil {
		return false
	}
	if !pl.mayFold(fr, st) {
		return false
	}
	if err := fr.step(c, st, false); err != nil {
		return false
	}
	for _, s := range st.out {
		v := fr.vals[s]
		v.wide, v.flat = nil, nil
		pl.p.slots[s].konst = &v
	}
	return true
}
