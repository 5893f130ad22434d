package plan

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// planner is the work area of lowering.
type planner struct {
	p       *Plan
	slotOf  map[*mil.Value]int32 // results, and constants as stored
	wideOf  map[*mil.Value]int32 // constants widened to dense float32 or int32
	weights map[*mil.Value]*weight.Weight
	stateOf map[*mil.Value]int
	used    map[*mil.Op]bool
	stated  int64 // elements of all states
	widened int   // elements of all constants that are not kept as stored
	folding int   // work done for folding
}

// maxStates bounds the elements of all states together: a package may declare many
// with few stored bytes.
const maxStates = int64(1 << 31)

// MaxWidened bounds the elements of the constants that are widened while planning,
// for the same reason. Tests lower it.
var MaxWidened = 1 << 29

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
	if err := pl.lower(pl.p.Function.Body, &pl.p.Body); err != nil {
		return err
	}
	pl.p.Outputs = pl.p.Body.Outs
	return nil
}

// opsetNumber reads the number of an opset such as CoreML7, 8 where the name has none.
func opsetNumber(name string) int {
	var n int
	if _, err := fmt.Sscanf(name, "CoreML%d", &n); err != nil {
		return 8
	}
	return n
}

// parameters gives inputs their slots and states their places, checked.
func (pl *planner) parameters() error {
	for _, v := range pl.p.Function.Inputs {
		if v.Type.Kind != mil.State {
			pl.p.Inputs = append(pl.p.Inputs, pl.newSlot(v))
			continue
		}
		n, ok := dtype.Count(v.Type.Shape)
		if !ok || n > array.MaxElements || slices.Contains(v.Type.Shape, mil.Unknown) {
			return fmt.Errorf("function %s: state %s: shape %v is not fixed or too large", mil.Plain(pl.p.Function.Name), mil.Plain(v.Name), v.Type.Shape)
		}
		switch v.Type.DType {
		case dtype.Float16, dtype.Float32, dtype.Int32, dtype.Bool, dtype.Int8, dtype.UInt8, dtype.Int16, dtype.UInt16:
		default:
			return fmt.Errorf("function %s: state %s: element type %v is not supported", mil.Plain(pl.p.Function.Name), mil.Plain(v.Name), v.Type.DType)
		}
		if pl.stated += int64(n); pl.stated > maxStates {
			return fmt.Errorf("function %s: the states have more than %d elements together", mil.Plain(pl.p.Function.Name), maxStates)
		}
		pl.stateOf[v] = len(pl.p.States)
		pl.p.States = append(pl.p.States, op.StateSpec{Name: v.Name, DType: v.Type.DType, Shape: v.Type.Shape, Count: n})
	}
	return nil
}

// newSlot makes the slot of a value.
func (pl *planner) newSlot(v *mil.Value) int32 {
	s := int32(len(pl.p.Slots))
	pl.p.Slots = append(pl.p.Slots, Slot{Name: v.Name, Type: v.Type, buffer: -1})
	pl.slotOf[v] = s
	return s
}

// lower turns the operations of a block into steps of b.
func (pl *planner) lower(blk *mil.Block, b *Body) error {
	for _, v := range blk.Inputs {
		b.Ins = append(b.Ins, pl.newSlot(v))
	}
	work := array.Counter{Poller: &pl.p.load}
	for _, o := range blk.Ops {
		work.Add(array.PollEvery / 256)
		if o.Type == "const" {
			continue
		}
		if err := op.CheckTexts(o); err != nil {
			return pl.p.Fail(o, err)
		}
		if !pl.used[o] {
			continue
		}
		if weight.IsOperator(o.Type) {
			ws, err := weight.New(&pl.p.load, o, pl.weights, pl.p.Arithmetic == engine.ArithmeticFaithful)
			if err != nil {
				return pl.p.Fail(o, err)
			}
			for k, w := range ws {
				w.Fast = pl.p.Arithmetic == engine.ArithmeticFast
				pl.weights[o.Outputs[k]] = w
			}
			continue
		}
		st, err := pl.step(o)
		if err != nil {
			return pl.p.Fail(o, err)
		}
		b.Steps = append(b.Steps, st)
	}
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

// step makes the step of one operation.
func (pl *planner) step(o *mil.Op) (*Step, error) {
	st := &Step{Binding: op.Binding{Op: o, Def: op.Lookup(o.Type), State: -1}}
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
	for _, v := range o.Outputs {
		if k := v.Type.Kind; k != mil.Tensor && k != mil.List && (k != mil.Dictionary || !st.Def.Dictionary) {
			return nil, fmt.Errorf("result %s is a %v, which is not supported", mil.Plain(v.Name), v.Type)
		}
		st.Out = append(st.Out, pl.newSlot(v))
	}
	if least, most := st.Def.ResultCount(); len(st.Out) < least || len(st.Out) > most {
		return nil, fmt.Errorf("has %d results", len(st.Out))
	}
	return st, nil
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

// bindOperand gives operand k of a step the slots of its values.
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
		if k.Repr == array.ReprF16 || k.Repr == array.ReprWeight {
			k.F32 = storage.Unzeroed[float32](k.Len())
			k.Widen(&pl.p.load, k.F32)
			k.Repr, k.F16, k.Stored = array.ReprF32, nil, nil
		}
	}
	s := int32(len(pl.p.Slots))
	pl.p.Slots = append(pl.p.Slots, Slot{Name: v.Name, Type: v.Type, Const: k, buffer: -1})
	known[v] = s
	return s, nil
}

// widen counts the elements of a constant that is about to be copied.
func (pl *planner) widen(v *mil.Value, w *weight.Weight, raw bool) error {
	n := 0
	switch {
	case w != nil:
		if raw {
			return nil
		}
		n = w.Len()
	case v.Const.DType != dtype.Float32:
		n = v.Const.Len()
	}
	if n > array.MaxElements {
		return fmt.Errorf("constant %s of %d elements is too large", mil.Plain(v.Name), n)
	}
	if pl.widened += n; pl.widened > MaxWidened {
		return fmt.Errorf("the constants that must be widened have more than %d elements", MaxWidened)
	}
	return nil
}
