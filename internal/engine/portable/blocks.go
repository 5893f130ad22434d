package portable

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
)

// maxIterations bounds a while_loop: 2^24 short ones take some seconds. A loop that
// generates text has as many as its context has tokens, a thousandth of that.
const maxIterations = 1 << 24

// block runs cond and while_loop. They are here and not among the operators, as
// they run steps. A nested body's steps use slots of their own in the same
// frame.
func (fr *frame) block(st *plan.Step) error {
	if st.Op.Type == "cond" {
		return fr.cond(st)
	}
	return fr.while(st)
}

// cond runs the block that the predicate takes. Its results are copied: the
// block's own buffers serve when it runs again, in the next iteration of a loop
// around it. The types of both branches are the program's to keep equal; the
// number of values is checked here.
func (fr *frame) cond(st *plan.Step) error {
	fr.call.Step = &st.Binding
	pred, err := fr.call.BoolIn(0, false)
	if err != nil {
		return err
	}
	b := branch(st, pred)
	if len(b.Outs) != len(st.Out) {
		return fmt.Errorf("block gives %d values for %d results", len(b.Outs), len(st.Out))
	}
	if err := fr.steps(b); err != nil {
		return err
	}
	fr.call.Step = &st.Binding
	for k, s := range b.Outs {
		if err := fr.keep(st.Out[k], s); err != nil {
			return err
		}
	}
	return nil
}

// branch returns the block of a cond that its predicate takes. The first block
// is the one for true.
func branch(st *plan.Step, pred bool) *plan.Body {
	if pred {
		return st.Blocks[0]
	}
	return st.Blocks[1]
}

// while runs condition and body until the condition is false. The loop
// variables live in the slots of the results between iterations. In each
// iteration the parameters of both blocks are views of those slots.
func (fr *frame) while(st *plan.Step) error {
	cond, body := st.Blocks[0], st.Blocks[1]
	if err := sameVariables(st); err != nil {
		return err
	}
	// The first values are copied too: a loop without an iteration gives them back.
	for k, s := range st.List {
		if err := fr.keep(st.Out[k], s); err != nil {
			return err
		}
	}
	for range maxIterations {
		for k, s := range st.Out {
			fr.bind(cond.Ins[k], s)
			fr.bind(body.Ins[k], s)
		}
		if err := fr.steps(cond); err != nil {
			return err
		}
		fr.call.Step = &st.Binding
		p := &fr.Values[cond.Outs[0]]
		if p.Len() != 1 {
			return fmt.Errorf("the condition gives %d values", p.Len())
		}
		if fr.call.I32(p)[0] == 0 {
			return nil
		}
		if err := fr.steps(body); err != nil {
			return err
		}
		fr.call.Step = &st.Binding
		if err := fr.keepAll(st, body); err != nil {
			return err
		}
		// An empty body has no step that would look at the context.
		if err := fr.Ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("runs more than %d iterations", maxIterations)
}

// sameVariables checks that all parts of a while_loop have the same loop variables.
func sameVariables(st *plan.Step) error {
	n, cond, body := len(st.List), st.Blocks[0], st.Blocks[1]
	if len(st.Out) != n || len(cond.Ins) != n || len(body.Ins) != n || len(body.Outs) != n || len(cond.Outs) != 1 {
		return fmt.Errorf("the numbers of loop variables of condition, body and results differ")
	}
	return nil
}

// keepAll moves the results of the body to the loop variables. A body may give
// its variables back in another order, so all are copied to memory apart, that
// of the body's parameters, before one is written. Spare gives memory that
// belongs to the parameter's slot, which is only a view while the body runs and
// so leaves it free.
func (fr *frame) keepAll(st *plan.Step, body *plan.Body) error {
	for k, s := range body.Outs {
		from := &fr.Values[s]
		if from.Repr == array.ReprText {
			return errText
		}
		n := from.Len()
		fr.copyOut(&fr.Values[st.Out[k]], from, fr.Spare(body.Ins[k], n), n)
	}
	for _, s := range st.Out { // from there to the variables' own memory
		if err := fr.keep(s, s); err != nil {
			return err
		}
	}
	return nil
}

// errText: strings have no buffers in a frame, so that nothing could keep them.
var errText = errors.New("strings cannot leave a block")

// bind lets slot dst show the content of slot src.
func (fr *frame) bind(dst, src int32) { fr.Values[dst].Alias(&fr.Values[src]) }

// keep copies the content of slot src to slot dst's own memory. src and dst may
// be one slot.
func (fr *frame) keep(dst, src int32) error {
	v, from := &fr.Values[dst], &fr.Values[src]
	if from.Repr == array.ReprText {
		return errText
	}
	n := from.Len()
	mem := fr.Buffer(dst, n)
	fr.copyOut(v, from, mem, n)
	v.Own = true
	return nil
}

// copyOut gives v the shape of from and its n elements, dense, in mem: as int32
// where from holds integers, else as float32. mem must not be src's own memory.
func (fr *frame) copyOut(v, from *array.Value, mem []float32, n int) {
	src := *from // v may be a view of the same slot
	dims, rank := src.Dims, src.Rank
	v.Rank, v.Dims, v.Wide, v.Flat = rank, dims, nil, nil
	if src.Repr == array.ReprI32 {
		array.CopyStrided(&fr.Poller, &src, array.AsInt32(mem)[:n], src.I32, array.RowI32)
		v.Repr, v.I32 = array.ReprI32, array.AsInt32(mem)
	} else {
		src.Widen(&fr.Poller, mem[:n])
		v.Repr, v.F32 = array.ReprF32, mem
	}
	v.Dense, v.Own = true, false
}
