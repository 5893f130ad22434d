package generate

import (
	"context"
	"fmt"
	"maps"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// call is what a lane keeps of one function from prediction to prediction.
type call struct {
	fn   *boundFunction
	in   coreml.Features
	one  []*tensor.Tensor // the inputs of a pass of one token
	many [][]byte         // the memory of those of longer passes
	laid []*tensor.Tensor // that memory as it was last used
	rows []*tensor.Tensor // the last token's rows of what earlier stages gave
	// decoded are the outputs of the last pass of one token, which serve the next one,
	// and prefilled those of longer passes: with all logits, and with one row of them.
	decoded   coreml.Features
	prefilled [2]prefilled
	last      coreml.Features // of the last pass, for the stages after this one
	shape     []int           // room for a shape
	// opts is a field because values that are passed on by a pointer would be
	// allocated at every step.
	opts coreml.PredictOptions
	step *tokenStep
}

// prefilled are the outputs of a pass of length tokens.
type prefilled struct {
	out    coreml.Features
	length int
}

// longer returns where the outputs of longer passes are, with one row of logits or all.
func (c *call) longer(row bool) *prefilled {
	if row {
		return &c.prefilled[1]
	}
	return &c.prefilled[0]
}

// callOf returns what the lane keeps of a function.
func (l *stageLane) callOf(fn *boundFunction) *call {
	c := l.calls[fn.index]
	if c == nil {
		c = &call{
			fn: fn, in: maps.Clone(fn.constants), one: make([]*tensor.Tensor, len(fn.inputs)), many: make([][]byte, len(fn.inputs)),
			laid: make([]*tensor.Tensor, len(fn.inputs)), rows: make([]*tensor.Tensor, len(fn.inputs)),
			step: newTokenStep(),
		}
		l.calls[fn.index] = c
	}
	return c
}

// trim gives up what only long prompts need. Inputs that refer to it go too.
func (c *call) trim() {
	c.prefilled, c.last = [2]prefilled{}, nil
	clear(c.many)
	clear(c.laid)
	for k := range c.fn.inputs {
		delete(c.in, c.fn.inputs[k].f.Name)
	}
}

// predict makes the prediction of one stage. Last asks for one row of the logits.
func (l *stageLane) predict(ctx context.Context, fn *boundFunction, p pass, last bool) (coreml.Features, error) {
	c, st := l.callOf(fn), &l.m.stages[fn.stage]
	q := p.q
	if st.answers {
		q = 1
	}
	for k := range fn.inputs {
		if err := l.setInput(c, k, p, q); err != nil {
			return nil, err
		}
	}
	last = last && !p.bare && q > 1 && p.past+p.take-p.base == q // a single token has no other row, and padding has the last
	c.prepare(q, last, l.spare[fn.stage], st)
	c.opts.RowsAlone = l.alone
	var state *coreml.State
	if st.state >= 0 {
		state = l.states[st.state]
	}
	var out coreml.Features
	var err error
	if q > 1 {
		out, err = fn.model.Predict(ctx, c.in, state, &c.opts)
	} else {
		// One token may go with those of other sequences.
		c.step.request = coreml.Request{Inputs: c.in, State: state, Options: &c.opts}
		out, err = fn.steps.predict(ctx, c.step)
	}
	if err != nil {
		return nil, err
	}
	for _, k := range st.caches {
		if k.shift == 0 {
			l.spare[fn.stage][k.out], l.held[fn.stage][k.in] = l.held[fn.stage][k.in], out[k.out]
		}
	}
	c.keep(out, q, last)
	return out, nil
}

// setInput sets one input. What one token needs is there already, so that a step of
// decoding allocates nothing.
func (l *stageLane) setInput(c *call, k int, p pass, q int) error {
	in := &c.fn.inputs[k]
	switch in.role.Role {
	case RoleCache:
		c.in[in.f.Name] = l.held[c.fn.stage][in.f.Name]
		return nil
	case RoleOutput:
		t, err := l.outputOf(c, k, p)
		if err == nil && in.pictures && len(l.pictures) > 0 {
			t, err = l.withPictures(t, in)
		}
		c.in[in.f.Name] = coreml.MultiArray(t)
		return err
	}
	w := &l.span
	whole := len(w.ids) == w.q
	var t *tensor.Tensor
	switch {
	case in.views != nil && whole && (q == 1 && w.rows == nil || in.role.Role == RoleAttentionMask):
		c.in[in.f.Name] = coreml.MultiArray(in.views.get(w.past + w.q))
		return nil
	case q == 1 && in.total < 0:
		if t = c.one[k]; t == nil {
			t = tensor.New(in.f.DType, in.shape(nil, w.past, 1)...)
			c.one[k] = t
		}
	default:
		var err error
		if t, err = c.buffer(k, w.past, q); err != nil {
			return err
		}
	}
	c.in[in.f.Name] = coreml.MultiArray(t)
	if err := in.write(t, w); err != nil || !in.pictures || len(l.pictures) == 0 {
		return err
	}
	t, err := l.withPictures(t, in)
	c.in[in.f.Name] = coreml.MultiArray(t)
	return err
}

// withPictures returns the embeddings of a pass with the rows of pictures in their
// places.
func (l *stageLane) withPictures(t *tensor.Tensor, in *boundInput) (*tensor.Tensor, error) {
	axis := in.query
	if axis < 0 { // room for one token
		axis = max(t.Rank()-2, 0)
	}
	return splice(t, axis, l.span.past, len(l.span.ids), l.pictures)
}

// buffer returns a tensor for an input of a longer pass, in memory that grows as
// needed.
func (c *call) buffer(k, past, q int) (*tensor.Tensor, error) {
	in := &c.fn.inputs[k]
	c.shape = in.shape(c.shape, past, q)
	if t := c.laid[k]; t != nil && hasShape(t, c.shape) {
		return t, nil
	}
	need := in.f.DType.Size()
	for _, n := range c.shape {
		if n <= 0 || need > maxMaskBytes/n {
			return nil, fmt.Errorf("%w: input %s of %d tokens is too large", ErrContextFull, in.f.Name, q)
		}
		need *= n
	}
	if need > cap(c.many[k]) {
		fresh, err := tensor.New(in.f.DType, need/in.f.DType.Size()).Bytes()
		if err != nil {
			return nil, err
		}
		c.many[k] = fresh
	}
	c.laid[k] = tensor.FromBytes(in.f.DType, c.many[k][:need], c.shape...)
	return c.laid[k], nil
}

// hasShape reports whether a tensor has a shape.
func hasShape(t *tensor.Tensor, shape []int) bool {
	if t.Rank() != len(shape) {
		return false
	}
	for i, n := range shape {
		if t.Dim(i) != n {
			return false
		}
	}
	return true
}

// outputOf returns what an earlier stage gave for input k, or the row of the last token
// of it.
func (l *stageLane) outputOf(c *call, k int, p pass) (*tensor.Tensor, error) {
	in := &c.fn.inputs[k]
	out := l.callOf(p.chain.fns[in.from]).last
	t := out.Tensor(in.role.Output)
	if err := t.Err(); err != nil {
		return nil, fmt.Errorf("%w: output %s: %w", ErrDriver, in.role.Output, err)
	}
	if in.role.Row != "last" || p.q == 1 {
		return t, nil
	}
	real := p.past + p.take - p.base
	axis := t.Rank() - 2
	if widthOf(in.f) == 1 && t.Dim(-1) == p.q {
		axis = t.Rank() - 1
	}
	if axis < 0 || t.Dim(axis) != p.q {
		return nil, fmt.Errorf("%w: output %s is %v, and has no row for each of %d places", ErrDriver, in.role.Output, t.Shape(), p.q)
	}
	var err error
	c.rows[k], err = rowOf(c.rows[k], t, axis, real-1)
	return c.rows[k], err
}

// prepare sets the options of a pass of q places: the outputs of an earlier pass of
// the same shapes are written to again. Last asks for one row of the logits.
func (c *call) prepare(q int, last bool, spare coreml.Features, st *boundStage) {
	c.opts.Outputs, c.opts.LastRows = nil, nil
	if last {
		c.opts.LastRows = c.fn.lastRow
	}
	reuse := c.decoded
	if q > 1 {
		if reuse = nil; c.longer(last).length == q {
			reuse = c.longer(last).out
		}
	}
	if reuse == nil {
		return
	}
	// Caches are spare from the second pass on; before that there is nothing to
	// write them to.
	for _, k := range st.caches {
		if k.shift != 0 {
			continue
		}
		t, ok := spare[k.out]
		if !ok {
			return
		}
		reuse[k.out] = t
	}
	c.opts.Outputs = reuse
}

// keep stores the outputs of a pass for the next ones.
func (c *call) keep(out coreml.Features, q int, last bool) {
	c.last = out
	if c.opts.Outputs == nil { // those that were written to again have been looked at
		var but map[string]int
		if last {
			but = c.fn.lastRow
		}
		out = reusable(c.fn.outputs, out, but)
	}
	if q == 1 {
		c.decoded = out
	} else {
		*c.longer(last) = prefilled{out, q}
	}
}
