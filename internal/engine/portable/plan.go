package portable

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// plan is a function lowered to steps. It is immutable once made and shared by
// all frames.
type plan struct {
	fn     *mil.Function
	opset  int
	arith  engine.Arithmetic
	fusion bool

	slots   []slot
	body    body
	steps   int // number of steps, nested ones included
	inputs  []int32
	states  []stateSpec
	outputs []int32
	buffers int // number of physical buffers
	notes   []string
	readers [][]int32 // of each slot, the places of the top-level steps that read it
	gives   []bool    // of each top-level step, whether it makes an output
	load    poller    // while the plan is made
}

// slot is a place for a value in a frame.
type slot struct {
	name   string
	typ    mil.Type
	konst  *value // the content of a constant's slot
	buffer int32  // physical buffer; -1 for constants until they need one
	first  int    // position of the step that defines it
	last   int    // position of the last step that reads it
}

// body is a list of steps with what goes in and out: a function's, or that of a
// block of cond and while_loop.
type body struct {
	steps   []*step
	ins     []int32
	outs    []int32
	outVals []*mil.Value
}

// step is one operation bound to slots.
type step struct {
	op     *mil.Op
	def    *operator
	index  int // among all steps of the plan
	pos    int // execution position for lifetimes
	in     []int32
	list   []int32 // the values of a variadic operand 0
	out    []int32
	blocks []*body
	state  int // of read_state and write_state
	// inPlace lets slice_update write into the state that its operand views.
	inPlace bool
	// copied makes read_state take a copy because a later write would show.
	copied bool
	// mat is a constant weight in the form that the kernels read.
	mat kernel.Mat
	// tail is the output whose last rows a tail step passes on.
	tail int
	// written, rms, products, rotation and gate are what steps that stand for a
	// group know of it.
	written  written
	rms      rms
	products []factor
	rotation rotation
	gate     gate
	// note is what the plan listing says of the step.
	note string
}

type stateSpec struct {
	name  string
	dt    dtype.Type
	shape []int
	count int
}

// OpError is an error at an operation of a program.
type OpError struct {
	Function, Op, Name string
	Err                error
}

func (e *OpError) Error() string {
	return fmt.Sprintf("function %s: %s %s: %v", mil.Plain(e.Function), mil.Plain(e.Op), mil.Quote(e.Name), e.Err)
}

func (e *OpError) Unwrap() error { return e.Err }

// planner is the work area of lowering.
type planner struct {
	p       *plan
	slotOf  map[*mil.Value]int32 // results, and constants as stored
	wideOf  map[*mil.Value]int32 // constants widened to dense float32 or int32
	weights map[*mil.Value]*weight
	stateOf map[*mil.Value]int
	used    map[*mil.Op]bool
	stated  int64 // elements of all states
	widened int   // elements of all constants that are not kept as stored
	folding int   // work done for folding
}

// What a package may make of few stored bytes is bounded: the elements of all
// states together, and those of the constants that are widened while planning.
// Tests lower the second.
const maxStates = int64(1 << 31)

var maxWidened = 1 << 29

// newPlan lowers a function. A fault on the way comes back as an error, so that
// no package can end the process.
func newPlan(ctx context.Context, fn *mil.Function, arith engine.Arithmetic, fusion bool) (_ *plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(ended); ok {
				err = ctx.Err()
				return
			}
			err = fmt.Errorf("function %s: %w: %v", mil.Plain(fn.Name), errFault, r)
		}
	}()
	p := &plan{fn: fn, opset: opsetNumber(fn.Opset), arith: arith, fusion: fusion, load: poller{ctx}}
	defer func() { p.load.ctx = nil }()
	pl := &planner{
		p: p, slotOf: map[*mil.Value]int32{}, wideOf: map[*mil.Value]int32{},
		weights: map[*mil.Value]*weight{}, stateOf: map[*mil.Value]int{}, used: map[*mil.Op]bool{},
	}
	if err := pl.parameters(); err != nil {
		return nil, err
	}
	pl.markUsed(fn.Body, nil)
	if err := pl.lower(fn.Body, &p.body); err != nil {
		return nil, err
	}
	p.outputs = p.body.outs
	if fusion {
		pl.fuse()
	}
	pl.addTails()
	if fusion {
		pl.groupProducts()
	}
	pl.fold()
	if err := pl.prepare(&p.body); err != nil {
		return nil, err
	}
	if fusion {
		pl.noteSeparate()
	}
	pl.number()
	pl.bindStates()
	pl.assignBuffers()
	p.noteReaders()
	return p, nil
}

func opsetNumber(name string) int {
	var n int
	if _, err := fmt.Sscanf(name, "CoreML%d", &n); err != nil {
		return 8
	}
	return n
}

// fail wraps an error with the place where it happened.
func (pl *plan) fail(op *mil.Op, err error) error {
	return &OpError{Function: pl.fn.Name, Op: op.Type, Name: op.Name, Err: err}
}

func (pl *planner) parameters() error {
	for _, v := range pl.p.fn.Inputs {
		if v.Type.Kind != mil.State {
			pl.p.inputs = append(pl.p.inputs, pl.newSlot(v))
			continue
		}
		n, ok := dtype.Count(v.Type.Shape)
		if !ok || n > maxElements || slices.Contains(v.Type.Shape, mil.Unknown) {
			return fmt.Errorf("function %s: state %s: shape %v is not fixed or too large", mil.Plain(pl.p.fn.Name), mil.Plain(v.Name), v.Type.Shape)
		}
		switch v.Type.DType {
		case dtype.Float16, dtype.Float32, dtype.Int32, dtype.Bool, dtype.Int8, dtype.UInt8, dtype.Int16, dtype.UInt16:
		default:
			return fmt.Errorf("function %s: state %s: element type %v is not supported", mil.Plain(pl.p.fn.Name), mil.Plain(v.Name), v.Type.DType)
		}
		if pl.stated += int64(n); pl.stated > maxStates {
			return fmt.Errorf("function %s: the states have more than %d elements together", mil.Plain(pl.p.fn.Name), maxStates)
		}
		pl.stateOf[v] = len(pl.p.states)
		pl.p.states = append(pl.p.states, stateSpec{name: v.Name, dt: v.Type.DType, shape: v.Type.Shape, count: n})
	}
	return nil
}

// markUsed finds the operations whose results matter: those that an output or a
// write of a state needs. Nested blocks are kept whole.
func (pl *planner) markUsed(b *mil.Block, keep []*mil.Value) {
	work := append(slices.Clone(b.Outputs), keep...)
	for _, op := range b.Ops {
		if op.Type == "write_state" || writesState(op) {
			work = pl.need(op, work)
		}
	}
	for len(work) > 0 {
		v := work[len(work)-1]
		work = work[:len(work)-1]
		if v.Producer != nil {
			work = pl.need(v.Producer, work)
		}
	}
}

func (pl *planner) need(op *mil.Op, work []*mil.Value) []*mil.Value {
	if pl.used[op] {
		return work
	}
	pl.used[op] = true
	for _, a := range op.Inputs {
		work = append(work, a.Values...)
	}
	for _, b := range op.Blocks {
		work = append(work, b.Outputs...)
		for _, inner := range b.Ops {
			work = pl.need(inner, work)
		}
	}
	return work
}

// writesState reports whether a nested block of op writes a state.
func writesState(op *mil.Op) bool {
	for _, b := range op.Blocks {
		for _, inner := range b.Ops {
			if inner.Type == "write_state" || writesState(inner) {
				return true
			}
		}
	}
	return false
}

func (pl *planner) newSlot(v *mil.Value) int32 {
	s := int32(len(pl.p.slots))
	pl.p.slots = append(pl.p.slots, slot{name: v.Name, typ: v.Type, buffer: -1})
	pl.slotOf[v] = s
	return s
}

// lower turns the operations of a block into steps of b.
func (pl *planner) lower(blk *mil.Block, b *body) error {
	for _, v := range blk.Inputs {
		b.ins = append(b.ins, pl.newSlot(v))
	}
	work := counter{p: &pl.p.load}
	for _, op := range blk.Ops {
		work.add(pollEvery / 256)
		if op.Type == "const" {
			continue
		}
		if err := checkTexts(op); err != nil {
			return pl.p.fail(op, err)
		}
		if !pl.used[op] {
			continue
		}
		if isConstexpr(op.Type) {
			ws, err := newWeights(&pl.p.load, op, pl.weights, pl.p.arith == engine.Faithful)
			if err != nil {
				return pl.p.fail(op, err)
			}
			for k, w := range ws {
				w.fast = pl.p.arith == engine.Fast
				pl.weights[op.Outputs[k]] = w
			}
			continue
		}
		st, err := pl.step(op)
		if err != nil {
			return pl.p.fail(op, err)
		}
		b.steps = append(b.steps, st)
	}
	for _, v := range blk.Outputs {
		s, err := pl.operand(v, false)
		if err != nil {
			return fmt.Errorf("function %s: output %s: %w", mil.Plain(pl.p.fn.Name), mil.Plain(v.Name), err)
		}
		b.outs = append(b.outs, s)
	}
	b.outVals = blk.Outputs
	return nil
}

func (pl *planner) step(op *mil.Op) (*step, error) {
	st := &step{op: op, state: -1}
	switch op.Type {
	case "read_state", "write_state":
		st.def = stateOps[op.Type]
		s, ok := pl.stateOf[op.Input("input")]
		if !ok {
			return nil, fmt.Errorf("operand input is not a state")
		}
		st.state = s
	case "cond", "while_loop":
		st.def = blockOps[op.Type]
		for _, blk := range op.Blocks {
			b := &body{}
			if err := pl.lower(blk, b); err != nil {
				return nil, err
			}
			st.blocks = append(st.blocks, b)
		}
		if len(st.blocks) != 2 {
			return nil, fmt.Errorf("has %d blocks where 2 are expected", len(st.blocks))
		}
	default:
		st.def = table[op.Type]
	}
	if st.def == nil {
		return nil, errUnsupported
	}
	for k, prm := range st.def.params {
		vs := op.Arg(prm.name)
		if len(vs) == 0 {
			if prm.required {
				return nil, fmt.Errorf("operand %s is missing", prm.name)
			}
			st.in = append(st.in, -1)
			continue
		}
		for _, v := range vs {
			s, err := pl.operand(v, prm.raw)
			if err != nil {
				return nil, fmt.Errorf("operand %s: %w", prm.name, err)
			}
			if k == 0 {
				st.list = append(st.list, s)
			}
			if len(st.in) == k {
				st.in = append(st.in, s)
			}
		}
	}
	for _, v := range op.Outputs {
		if k := v.Type.Kind; k != mil.Tensor && k != mil.List && (k != mil.Dictionary || op.Type != "classify") {
			return nil, fmt.Errorf("result %s is a %v, which is not supported", mil.Plain(v.Name), v.Type)
		}
		st.out = append(st.out, pl.newSlot(v))
	}
	if least, most := st.results(); len(st.out) < least || len(st.out) > most {
		return nil, fmt.Errorf("has %d results", len(st.out))
	}
	return st, nil
}

// operand returns the slot of a value, making one for a constant. raw asks for
// constants as stored; otherwise they are widened.
func (pl *planner) operand(v *mil.Value, raw bool) (int32, error) {
	if v.Type.Kind == mil.State {
		return -1, fmt.Errorf("state %s is used as a tensor", mil.Plain(v.Name))
	}
	w := pl.weights[v]
	if v.Const == nil && w == nil {
		s, ok := pl.slotOf[v]
		if !ok {
			return -1, fmt.Errorf("value %s is not defined here", mil.Plain(v.Name))
		}
		return s, nil
	}
	known := pl.wideOf
	if raw {
		known = pl.slotOf
	}
	if s, ok := known[v]; ok {
		return s, nil
	}
	if err := pl.widen(v, w, raw); err != nil {
		return -1, err
	}
	k, err := constValue(&pl.p.load, v, w)
	if err != nil {
		return -1, err
	}
	if !raw {
		if k.repr == reprF16 || k.repr == reprWeight {
			k.f = storage.Unzeroed[float32](k.len())
			k.widen(&pl.p.load, k.f)
			k.repr, k.h, k.w = reprF32, nil, nil
		}
	}
	s := int32(len(pl.p.slots))
	pl.p.slots = append(pl.p.slots, slot{name: v.Name, typ: v.Type, konst: k, buffer: -1})
	known[v] = s
	return s, nil
}

// results returns the least and the greatest number of results of a step.
func (st *step) results() (least, most int) {
	switch {
	case st.blocks != nil:
		return 0, maxElements // as many as the blocks give
	case st.op.Type == "write_state":
		return 0, 0
	default:
		return resultCount(st.def.name)
	}
}

// widen counts the elements of a constant that is about to be copied.
func (pl *planner) widen(v *mil.Value, w *weight, raw bool) error {
	n := 0
	switch {
	case w != nil:
		if raw {
			return nil
		}
		n = w.len()
	case v.Const.DType != dtype.Float32:
		n = v.Const.Len()
	}
	if n > maxElements {
		return fmt.Errorf("constant %s of %d elements is too large", mil.Plain(v.Name), n)
	}
	if pl.widened += n; pl.widened > maxWidened {
		return fmt.Errorf("the constants that must be widened have more than %d elements", maxWidened)
	}
	return nil
}

// prepare lets operators look at their constants.
func (pl *planner) prepare(b *body) error {
	work := counter{p: &pl.p.load}
	for _, st := range b.steps {
		work.add(pollEvery / 64)
		if st.def.prepare != nil {
			if err := st.def.prepare(pl.p, st); err != nil {
				return pl.p.fail(st.op, err)
			}
		}
		for _, inner := range st.blocks {
			if err := pl.prepare(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// number gives every step its index and its position. A nested step lies
// between its parent's position and the next one's.
func (pl *planner) number() {
	pos := 0
	var walk func(b *body)
	walk = func(b *body) {
		for _, st := range b.steps {
			st.index = pl.p.steps
			pl.p.steps++
			for _, inner := range st.blocks {
				walk(inner)
			}
			pos++
			st.pos = pos
		}
	}
	walk(&pl.p.body)
}
