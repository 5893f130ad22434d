package plan

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
)

// planner is the work area of lowering.
type planner struct {
	p       *Plan
	slotOf  map[*mil.Value]int32 // results, and constants as stored
	wideOf  map[*mil.Value]int32 // constants widened to dense float32 or int32
	weights map[*mil.Value]*weight.Weight
	stateOf map[*mil.Value]int // places in Plan.States
	used    map[*mil.Op]bool   // what markUsed found
	stated  int64              // elements of all states
	widened int                // elements of all constants that are not kept as stored
	folding int                // work done for folding
}

func newPlanner(ctx context.Context, fn *mil.Function, arith engine.Arithmetic, fusion bool) *planner {
	return &planner{
		p:      &Plan{Function: fn, opset: opsetNumber(fn.Opset), Arithmetic: arith, fusion: fusion, load: array.Poller{Ctx: ctx}},
		slotOf: map[*mil.Value]int32{}, wideOf: map[*mil.Value]int32{},
		weights: map[*mil.Value]*weight.Weight{}, stateOf: map[*mil.Value]int{}, used: map[*mil.Op]bool{},
	}
}

// lowerAll turns the function into steps, without those that nothing needs.
func (pl *planner) lowerAll() error {
	if err := pl.parameters(); err != nil {
		return err
	}
	pl.markUsed(pl.p.Function.Body, nil)
	pl.p.Slots = slices.Grow(pl.p.Slots, len(pl.used)) // nearly all have one result
	if err := pl.lower(pl.p.Function.Body, &pl.p.Body); err != nil {
		return err
	}
	pl.p.Outputs = pl.p.Body.Outs
	return nil
}

// opsetNumber reads the number of an opset such as CoreML7: gathers and scatters treat
// indices outside by it. A name without a number is taken for CoreML8, which is what
// converters write for states.
func opsetNumber(name string) int {
	var n int
	if _, err := fmt.Sscanf(name, "CoreML%d", &n); err != nil {
		return 8
	}
	return n
}

// lower turns the operations of a block into steps of b. Values of outer blocks
// have their slots already, as the verifier has seen to it that everything is
// defined before its use.
func (pl *planner) lower(blk *mil.Block, b *Body) error {
	for _, v := range blk.Inputs {
		b.Ins = append(b.Ins, pl.newSlot(v))
	}
	work := array.Counter{Poller: &pl.p.load}
	for _, o := range blk.Ops {
		// An operation costs as much as some hundred elements: programs of millions
		// of operations still end soon after their context.
		work.Add(array.PollEvery / 256)
		if err := pl.lowerOp(o, b); err != nil {
			return pl.p.Fail(o, err)
		}
	}
	return pl.results(blk, b)
}

// lowerOp adds the step of one operation. A constant has none: it gets its slot when
// the first step asks for it, so that one that only dead code reads is never decoded.
// A constexpr operation has none either: its result is a constant.
func (pl *planner) lowerOp(o *mil.Op, b *Body) error {
	if o.Type == "const" {
		return nil
	}
	// Also where the operation is dead: a program with a mode that does not exist
	// was made for another version of Core ML, which its reader should know.
	if err := op.CheckTexts(o); err != nil {
		return err
	}
	if !pl.used[o] {
		return nil
	}
	if weight.IsOperator(o.Type) {
		return pl.compressed(o)
	}
	st, err := pl.step(o)
	if err != nil {
		return err
	}
	b.Steps = append(b.Steps, st)
	return nil
}

// compressed keeps what a constexpr operation gives, as it is stored.
func (pl *planner) compressed(o *mil.Op) error {
	ws, err := weight.New(&pl.p.load, o, pl.weights, pl.p.Arithmetic == engine.ArithmeticFaithful)
	if err != nil {
		return err
	}
	for k, w := range ws {
		w.Fast = pl.p.Arithmetic == engine.ArithmeticFast
		pl.weights[o.Outputs[k]] = w
	}
	return nil
}

// results notes what a block gives back.
func (pl *planner) results(blk *mil.Block, b *Body) error {
	for _, v := range blk.Outputs {
		s, err := pl.operand(v, false)
		if err != nil {
			return fmt.Errorf("function %s: output %s: %w", mil.Plain(pl.p.Function.Name), mil.Plain(v.Name), err)
		}
		b.Outs = append(b.Outs, s)
	}
	b.Results = blk.Outputs
	return nil
}

// step makes the step of one operation. Nested blocks come first: they may not see
// its results.
func (pl *planner) step(o *mil.Op) (*Step, error) {
	st := &Step{Binding: op.Binding{Op: o, Def: op.Lookup(o.Type), State: -1}}
	if o.Opset != "" {
		st.Opset = opsetNumber(o.Opset)
	}
	switch {
	case st.Def == nil:
		return nil, array.ErrUnsupported
	case op.StateOps[o.Type] != nil:
		s, ok := pl.stateOf[o.Input("input")]
		if !ok {
			return nil, fmt.Errorf("operand input is not a state")
		}
		st.State = s
	case op.BlockOps[o.Type] != nil:
		if err := pl.blocks(st); err != nil {
			return nil, err
		}
	}
	for k, p := range st.Def.Params {
		if err := pl.bindOperand(st, k, p); err != nil {
			return nil, err
		}
	}
	return st, pl.makeResults(st)
}

// makeResults gives the results of a step their slots, checked: no step may find
// more or fewer of them than its definition writes.
func (pl *planner) makeResults(st *Step) error {
	for _, v := range st.Op.Outputs {
		if k := v.Type.Kind; k != mil.Tensor && k != mil.List && (k != mil.Dictionary || !st.Def.Dictionary) {
			return fmt.Errorf("result %s is a %v, which is not supported", mil.Plain(v.Name), v.Type)
		}
		st.Out = append(st.Out, pl.newSlot(v))
	}
	if least, most := st.Def.ResultCount(); len(st.Out) < least || len(st.Out) > most {
		return fmt.Errorf("has %d results", len(st.Out))
	}
	return nil
}

// blocks lowers the nested blocks of a step.
func (pl *planner) blocks(st *Step) error {
	for _, blk := range st.Op.Blocks {
		b := &Body{}
		if err := pl.lower(blk, b); err != nil {
			return err
		}
		st.Blocks = append(st.Blocks, b)
	}
	if len(st.Blocks) != 2 {
		return fmt.Errorf("has %d blocks where 2 are expected", len(st.Blocks))
	}
	return nil
}

// bindOperand gives operand k of a step the slots of its values. Only operand 0 can
// be variadic: all its values are in List, and the first of them is In[0] as well, so
// that what looks at one operand need not know that there are more.
func (pl *planner) bindOperand(st *Step, k int, p op.Param) error {
	vs := st.Op.Arg(p.Name)
	if len(vs) == 0 {
		if p.Required {
			return fmt.Errorf("operand %s is missing", p.Name)
		}
		st.In = append(st.In, -1)
		return nil
	}
	for _, v := range vs {
		s, err := pl.operand(v, p.Raw)
		if err != nil {
			return fmt.Errorf("operand %s: %w", p.Name, err)
		}
		if k == 0 {
			st.List = append(st.List, s)
		}
		if len(st.In) == k {
			st.In = append(st.In, s)
		}
	}
	return nil
}
