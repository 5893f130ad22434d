package portable

import (
	"errors"
	"fmt"
)

// blockOps are the operators that run nested blocks.
var blockOps = map[string]*operator{
	"cond":       {name: "cond", params: in("pred"), exact: true},
	"while_loop": {name: "while_loop", params: in("loop_vars*"), exact: true},
}

// maxIterations bounds a while_loop.
const maxIterations = 1 << 24

// block runs cond and while_loop.
func (fr *frame) block(st *step) error {
	if st.op.Type == "cond" {
		return fr.cond(st)
	}
	return fr.while(st)
}

func (fr *frame) cond(st *step) error {
	fr.call.st = st
	pred, err := fr.call.boolIn(0, false)
	if err != nil {
		return err
	}
	b := st.blocks[0]
	if !pred {
		b = st.blocks[1]
	}
	if len(b.outs) != len(st.out) {
		return fmt.Errorf("block gives %d values for %d results", len(b.outs), len(st.out))
	}
	if err := fr.steps(b); err != nil {
		return err
	}
	fr.call.st = st
	for k, s := range b.outs {
		if err := fr.keep(st.out[k], s); err != nil {
			return err
		}
	}
	return nil
}

// while runs condition and body until the condition is false. The loop variables
// live in the slots of the results between iterations.
func (fr *frame) while(st *step) error {
	cond, body := st.blocks[0], st.blocks[1]
	if len(st.out) != len(st.list) || len(cond.ins) != len(st.list) || len(body.ins) != len(st.list) ||
		len(body.outs) != len(st.list) || len(cond.outs) != 1 {
		return fmt.Errorf("the numbers of loop variables of condition, body and results differ")
	}
	for k, s := range st.list {
		if err := fr.keep(st.out[k], s); err != nil {
			return err
		}
	}
	for range maxIterations {
		for k, s := range st.out {
			fr.bind(cond.ins[k], s)
			fr.bind(body.ins[k], s)
		}
		if err := fr.steps(cond); err != nil {
			return err
		}
		fr.call.st = st
		p := &fr.vals[cond.outs[0]]
		if p.len() != 1 {
			return fmt.Errorf("the condition gives %d values", p.len())
		}
		if fr.call.i32(p)[0] == 0 {
			return nil
		}
		if err := fr.steps(body); err != nil {
			return err
		}
		fr.call.st = st
		if err := fr.keepAll(st, body); err != nil {
			return err
		}
		if err := fr.ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("runs more than %d iterations", maxIterations)
}

// keepAll moves the results of the body to the loop variables. A body may give
// its variables back in another order, so all are copied to memory apart, that of
// the body's parameters, before one is written.
func (fr *frame) keepAll(st *step, body *body) error {
	for k, s := range body.outs {
		from := &fr.vals[s]
		if from.repr == reprText {
			return errText
		}
		n := from.len()
		fr.copyOut(&fr.vals[st.out[k]], from, fr.spare(body.ins[k], n), n)
	}
	for _, s := range st.out {
		if err := fr.keep(s, s); err != nil {
			return err
		}
	}
	return nil
}

var errText = errors.New("strings cannot leave a block")

// bind lets slot dst show the content of slot src.
func (fr *frame) bind(dst, src int32) { fr.vals[dst].alias(&fr.vals[src]) }

// keep copies the content of slot src to slot dst's own memory.
func (fr *frame) keep(dst, src int32) error {
	v, from := &fr.vals[dst], &fr.vals[src]
	if from.repr == reprText {
		return errText
	}
	n := from.len()
	mem := fr.buffer(dst, n)
	fr.copyOut(v, from, mem, n)
	v.own = true
	return nil
}

func (fr *frame) copyOut(v, from *value, mem []float32, n int) {
	src := *from // v may be a view of the same slot
	dims, rank := src.dims, src.rank
	v.rank, v.dims, v.wide, v.flat = rank, dims, nil, nil
	if src.repr == reprI32 {
		copyStrided(&fr.poller, &src, asInt32(mem)[:n], src.i, rowI32)
		v.repr, v.i = reprI32, asInt32(mem)
	} else {
		src.widen(&fr.poller, mem[:n])
		v.repr, v.f = reprF32, mem
	}
	v.dense, v.own = true, false
}
