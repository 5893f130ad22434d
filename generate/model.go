package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// boundModel is a model whose features have a use. All lanes share it.
type boundModel struct {
	d       *Driver // as it was detected
	stages  []boundStage
	states  []predictor // what makes each of a lane's states
	prefill Prefill
	output  Output
	// decode takes one token, or several where prefill is the same chain. The other
	// two take over from the position rotateFrom on, if that is not 0.
	decode, prefills         *chain
	rotated, rotatedPrefills *chain
	rotateFrom               int
	functions                int // the number of functions in all chains
	tables                   []*storage.Bytes
	tokens                   *coreml.FeatureDescription
	pad                      int
	context                  int // the greatest number of tokens
	// freeRewind is how many tokens there may be for a sequence to be cut back by
	// the cursor alone; beyond, copies are gone back to where keeps says so.
	freeRewind int
	keeps      bool
	oneRow     bool // logits are had for one token of a prediction only
	// declared is the number of logits in a row that the package declares, 0 where
	// it leaves that open, and vocabulary what it is, 0 until it is known.
	declared   int
	vocabulary atomic.Int64
	entries    int // of the tokenizer, or 0
}

// chains returns the chains, each once.
func (b *boundModel) chains() []*chain {
	var out []*chain
	for _, c := range []*chain{b.decode, b.prefills, b.rotated, b.rotatedPrefills} {
		if c != nil && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// bindModel joins the functions of a model with its driver. Pad is the token for
// padding, -1 where none is known.
func bindModel(ctx context.Context, src functionSource, d *Driver, pad, entries int) (*boundModel, error) {
	b := &boundModel{d: d, context: d.ContextLength, pad: max(pad, 0), freeRewind: math.MaxInt, entries: entries}
	stages := d.expanded()
	b.prefill, b.output = valueOr(d.Prefill, Prefill{}), valueOr(d.Output, Output{Logits: []string{d.Logits}})
	if err := b.bindStages(ctx, src, stages); err != nil {
		return nil, errors.Join(err, b.release())
	}
	b.bindRewind(d)
	b.bindVocabulary()
	return b, nil
}

// bindStages binds the functions of all stages and joins them to chains.
func (b *boundModel) bindStages(ctx context.Context, src functionSource, stages []Stage) error {
	b.decode, b.prefills = &chain{}, &chain{}
	if r := b.d.Rotation; r != nil {
		b.rotated, b.rotatedPrefills, b.rotateFrom = &chain{}, &chain{}, r.From
	}
	labels := map[string]int{}
	for i := range stages {
		s := &stages[i]
		one, err := b.bindFunction(ctx, src, i, s, s.Function)
		if err != nil {
			return err
		}
		many := one
		if s.Prefill != "" && s.Prefill != s.Function {
			if many, err = b.bindFunction(ctx, src, i, s, s.Prefill); err != nil {
				return err
			}
		}
		b.decode.fns, b.prefills.fns = append(b.decode.fns, one), append(b.prefills.fns, many)
		if b.rotated != nil {
			if err := b.bindRotated(ctx, src, i, s, one, many); err != nil {
				return err
			}
		}
		if err := b.bindStage(ctx, src, s, one, labels); err != nil {
			return err
		}
	}
	b.joinChains()
	return nil
}

// bindRotated binds the functions that take over from those of a stage.
func (b *boundModel) bindRotated(ctx context.Context, src functionSource, i int, s *Stage, one, many *boundFunction) error {
	other := func(fn *boundFunction, name string) (*boundFunction, error) {
		turned, ok := b.d.Rotation.Functions[name]
		if !ok {
			return fn, nil
		}
		return b.bindFunction(ctx, src, i, s, turned)
	}
	a, err := other(one, s.Function)
	if err != nil {
		return err
	}
	c := a
	if many != one {
		if c, err = other(many, s.Prefill); err != nil {
			return err
		}
	}
	b.rotated.fns, b.rotatedPrefills.fns = append(b.rotated.fns, a), append(b.rotatedPrefills.fns, c)
	return nil
}

// bindStage finds what a stage keeps between predictions.
func (b *boundModel) bindStage(ctx context.Context, src functionSource, s *Stage, one *boundFunction, labels map[string]int) error {
	_, desc, err := src.function(ctx, s.Package, s.Function)
	if err != nil {
		return err
	}
	st := boundStage{state: -1, snapshot: s.Snapshot, cursorState: s.CursorState}
	if len(desc.States) > 0 {
		at, ok := labels[s.State]
		if !ok || s.State == "" {
			at = len(b.states)
			b.states = append(b.states, one.model)
			if s.State != "" {
				labels[s.State] = at
			}
		}
		st.state = at
	}
	for i := range desc.Inputs {
		f := &desc.Inputs[i]
		switch role := s.Inputs[f.Name]; role.Role {
		case RoleCache:
			st.caches = append(st.caches, cache{in: f.Name, out: role.Output, dtype: f.DType, shape: f.Shape, recurrent: role.Recurrent, shift: role.Shift})
		case RoleOutput:
			st.answers = st.answers || role.Row == "last" || role.Output != "" && b.answersOutput(role.Output)
		}
	}
	b.stages = append(b.stages, st)
	return nil
}

// answersOutput reports whether an output comes from a stage that runs for logits
// alone.
func (b *boundModel) answersOutput(output string) bool {
	at := b.stageWith(output, len(b.stages))
	return at >= 0 && b.stages[at].answers
}

// joinChains bounds the chains, and makes one of two that are the same.
func (b *boundModel) joinChains() {
	join := func(one, many *chain) (*chain, *chain) {
		if one == nil {
			return nil, nil
		}
		a := newChain(one.fns, b.stages)
		if slices.Equal(one.fns, many.fns) {
			return a, a
		}
		return a, newChain(many.fns, b.stages)
	}
	b.decode, b.prefills = join(b.decode, b.prefills)
	b.rotated, b.rotatedPrefills = join(b.rotated, b.rotatedPrefills)
	// Without any cache every prediction takes the whole text.
	if whole := len(b.states) == 0 && b.prefill.Window == 0 && !slices.ContainsFunc(b.stages, func(s boundStage) bool { return len(s.caches) > 0 }); whole {
		b.prefill.Window, b.prefill.Pad = maxContext, true
	}
	// Where a function for prompts gives no logits, or none of the row that counts,
	// the last token goes through the other.
	b.oneRow = b.prefill.HoldLast || len(b.output.Indices) > 0 && b.decode == b.prefills && b.decode.most == 1
	for i := range b.stages {
		b.oneRow = b.oneRow || b.stages[i].answers
	}
	for _, c := range b.chains() {
		b.bindLastRow(c.fns[len(c.fns)-1])
		b.oneRow = b.oneRow || c.most != 1 && b.givesOneRow(c.fns[len(c.fns)-1])
	}
}

// givesOneRow reports whether it is known that a function gives the logits of one
// token whatever the number of tokens.
func (b *boundModel) givesOneRow(fn *boundFunction) bool {
	for _, name := range b.output.Logits {
		at := slices.IndexFunc(fn.outputs, func(f coreml.FeatureDescription) bool { return f.Name == name })
		if at < 0 {
			return false
		}
		f := &fn.outputs[at]
		shape := f.Shape
		if f.Flexible() {
			return false
		}
		if m, ok := fn.model.(shaped); ok && len(shape) == 0 {
			shape = m.OutputShape(name)
		}
		if len(shape) == 0 {
			return false
		}
		axis := vocabularyAxis(shape, b.output.VocabularyAxis, -1)
		for i, n := range shape {
			if i != axis && n != 1 && (i > 0 || !b.batched()) {
				return false
			}
		}
	}
	return len(b.output.Logits) > 0 && b.prefill.Window == 0
}

// bindLastRow prepares the request for one row of the logits, where their rows lie
// one behind the other.
func (b *boundModel) bindLastRow(fn *boundFunction) {
	rows := map[string]int{}
	for _, name := range b.output.Logits {
		at := slices.IndexFunc(fn.outputs, func(f coreml.FeatureDescription) bool { return f.Name == name })
		if at < 0 {
			return
		}
		if n := rank(&fn.outputs[at]); b.output.VocabularyAxis > 0 && b.output.VocabularyAxis != n-1 {
			return
		}
		if m, ok := fn.model.(shaped); ok {
			if shape := m.OutputShape(name); len(shape) > 0 && vocabularyAxis(shape, b.output.VocabularyAxis, -1) != len(shape)-1 {
				return
			}
		}
		rows[name] = 1
	}
	fn.lastRow = rows
}

// bindRewind finds out how far a sequence can be cut back by the cursor alone.
func (b *boundModel) bindRewind(d *Driver) {
	for i := range b.stages {
		for _, c := range b.stages[i].caches {
			if c.recurrent {
				b.freeRewind = 0
			}
		}
	}
	for _, c := range b.chains() {
		for _, fn := range c.fns {
			for k := range fn.inputs {
				in := &fn.inputs[k]
				if in.role.Role == RoleCausalMask && in.role.Ring {
					b.freeRewind = min(b.freeRewind, in.base[len(in.base)-1])
				}
				if m := in.role.Modulo; m > 0 {
					b.freeRewind = min(b.freeRewind, m)
				}
			}
		}
	}
	switch d.Rewind {
	case RewindSnapshot, RewindNone:
		if b.rotateFrom == 0 && b.freeRewind == math.MaxInt {
			b.freeRewind = 0
		}
	}
	if b.rotateFrom > 0 {
		b.freeRewind = min(b.freeRewind, b.rotateFrom)
	}
	b.keeps = b.freeRewind != math.MaxInt && d.Rewind != RewindNone
}

// bindVocabulary finds out the number of logits in a row, as far as it is known
// before the first prediction.
func (b *boundModel) bindVocabulary() {
	fn := b.decode.fns[len(b.decode.fns)-1]
	width, declared := 0, 0
	for _, name := range b.output.Logits {
		at := slices.IndexFunc(fn.outputs, func(f coreml.FeatureDescription) bool { return f.Name == name })
		if at < 0 {
			return
		}
		f := &fn.outputs[at]
		part, fixed := vocabularyOf(fn.model, f, b.output.VocabularyAxis)
		if part <= 0 {
			width, declared = 0, 0
			break
		}
		width += part
		if fixed {
			declared += part
		}
	}
	if len(b.output.Indices) > 0 {
		width = b.output.Vocabulary
		if width == 0 {
			width = b.entries
		}
	}
	b.declared = declared
	b.vocabulary.Store(int64(width))
	if width > 0 && b.pad >= width {
		b.pad = 0 // no token looks at the padding, but the model has to know it
	}
}

// outputName names the output of logits, or of tokens, in errors.
func (b *boundModel) outputName() string {
	return strings.Join(append(slices.Clone(b.output.Logits), b.output.Indices...), ", ")
}

// greedyOnly reports whether the package chooses tokens itself.
func (b *boundModel) greedyOnly() bool {
	return len(b.output.Indices) > 0 && (len(b.output.Offsets) > 0 || b.output.Greedy)
}

// release gives back what was mapped.
func (b *boundModel) release() error {
	var errs []error
	for _, t := range b.tables {
		errs = append(errs, t.Release())
	}
	b.tables = nil
	return errors.Join(errs...)
}

// reusable returns the outputs of a pass, or nil where the next one of the same
// shapes cannot write to them: a package may declare other shapes than it gives, and
// a prediction takes no buffer that is not as declared. Those in but have one row
// only, which is always taken.
func reusable(outputs []coreml.FeatureDescription, out coreml.Features, but map[string]int) coreml.Features {
	for i := range outputs {
		f := &outputs[i]
		if _, ok := but[f.Name]; !ok && f.Kind == coreml.KindMultiArray && f.Check(out.Tensor(f.Name).Shape()...) != nil {
			return nil
		}
	}
	return out
}

// checkPrompt refuses a prompt that no sequence of the model can take. It is
// asked before a state is waited for.
func (b *boundModel) checkPrompt(prompt []int) error {
	if len(prompt) == 0 {
		return configErrorf("prompt", "the prompt is empty: it has no tokens")
	}
	if len(prompt) > b.context {
		return &ContextError{Tokens: len(prompt), ContextLength: b.context}
	}
	return b.checkTokens(prompt, "the prompt")
}

// checkTokens refuses ids that are no tokens of the model; where says of what
// they are a part. While the vocabulary is not known only what no model has is
// refused.
func (b *boundModel) checkTokens(ids []int, where string) error {
	if err := checkIDs(ids, int(b.vocabulary.Load()), where); err != nil {
		return err
	}
	for _, id := range ids {
		if b.tokens != nil && !canHold(b.tokens.DType, id) {
			return &TokenError{ID: id, Where: where, Reason: fmt.Sprintf("the model's input %s is of type %v, which cannot hold it",
				b.tokens.Name, b.tokens.DType)}
		}
	}
	return nil
}

// canHold reports whether an element type holds an id exactly. Floats hold every
// whole number up to the precision of their fraction, and some beyond.
func canHold(d tensor.DType, id int) bool {
	switch d {
	case tensor.Float16:
		return id <= 1<<11 || float64(tensor.HalfOf(float32(id)).Float32()) == float64(id)
	case tensor.Float32:
		return id <= 1<<24 || int(float32(id)) == id
	}
	return true
}
