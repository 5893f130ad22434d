package generate

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// bindModel joins the functions of a model with its driver. Pad is the token for
// padding, -1 where none is known.
func bindModel(ctx context.Context, src functionSource, d *Driver, pad, entries int) (*boundModel, error) {
	b := &boundModel{d: d, context: d.ContextLength, pad: max(pad, 0), freeRewind: math.MaxInt, entries: entries}
	stages := d.expanded()
	b.prefill, b.output = valueOr(d.Prefill, Prefill{}), valueOr(d.Output, Output{Logits: []string{d.Logits}})
	if err := b.bindImage(ctx, src, stages); err != nil {
		return nil, err
	}
	if err := b.bindStages(ctx, src, stages); err != nil {
		return nil, errors.Join(err, b.release())
	}
	b.bindRewind(d)
	b.bindVocabulary()
	return b, nil
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
			for k := range desc.States {
				b.stateBytes = addBytes(b.stateBytes, bytesOf(&desc.States[k]))
			}
			b.states = append(b.states, one.model)
			b.stateFeatures = append(b.stateFeatures, desc.States)
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
			for range 2 { // one goes in, another comes out
				b.stateBytes = addBytes(b.stateBytes, bytesOf(f))
			}
			st.caches = append(st.caches, cache{in: f.Name, out: role.Output, dtype: f.DType, shape: f.Shape, recurrent: role.Recurrent, shift: role.Shift})
		case RoleOutput:
			st.answers = st.answers || role.Row == "last" || role.Output != "" && b.answersOutput(role.Output)
		}
	}
	b.stages = append(b.stages, st)
	return nil
}

// bytesOf returns the memory of a feature of its default shape.
func bytesOf(f *coreml.FeatureDescription) int64 {
	n := int64(f.DType.Size())
	for _, d := range f.Shape {
		if n > math.MaxInt64/int64(max(d, 1)) {
			return math.MaxInt64 // which no state can be made of
		}
		n *= int64(max(d, 1))
	}
	return n
}

// addBytes adds two sizes, neither of which is negative.
func addBytes(a, b int64) int64 { return a + min(b, math.MaxInt64/4-min(a, math.MaxInt64/4)) }

// answersOutput reports whether an output comes from a stage that runs for logits
// alone.
func (b *boundModel) answersOutput(output string) bool {
	at := b.stageWith(output, len(b.stages))
	return at >= 0 && b.stages[at].answers
}

// joinChains bounds the chains, and makes one of two that are the same.
func (b *boundModel) joinChains() error {
	join := func(one *chain, many []*chain) (*chain, []*chain, error) {
		if one == nil {
			return nil, nil, nil
		}
		joined := newChain(one.fns, b.stages)
		for k, c := range many {
			if many[k] = joined; !slices.Equal(one.fns, c.fns) {
				many[k] = newChain(c.fns, b.stages)
			}
			if len(many) > 1 && !many[k].possible() {
				return nil, nil, driverErrorf("stages.0.prefills", "the functions for one of %d numbers of tokens take different ones in the stages", len(many))
			}
		}
		return joined, many, nil
	}
	var err error
	if b.decode, b.prefills, err = join(b.decode, b.prefills); err != nil {
		return err
	}
	if b.rotated, b.rotatedPrefills, err = join(b.rotated, b.rotatedPrefills); err != nil {
		return err
	}
	b.masked = slices.Compact(append([]*chain{b.decode}, b.prefills...))
	// Without any cache every prediction takes the whole text.
	if whole := len(b.states) == 0 && b.prefill.Window == 0 && !slices.ContainsFunc(b.stages, func(s boundStage) bool { return len(s.caches) > 0 }); whole {
		b.prefill.Window, b.prefill.Pad = maxContext, true
	}
	// Where a function for prompts gives no logits, or none of the row that counts,
	// the last token goes through the other.
	b.oneRow = b.prefill.HoldLast || len(b.output.Indices) > 0 && b.decode == b.prefills[0] && b.decode.most == 1
	for i := range b.stages {
		b.oneRow = b.oneRow || b.stages[i].answers
	}
	for _, c := range b.chains() {
		b.bindLastRow(c.fns[len(c.fns)-1])
		b.oneRow = b.oneRow || c.most != 1 && b.givesOneRow(c.fns[len(c.fns)-1])
	}
	return nil
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
		if n := axes.Rank(&fn.outputs[at]); b.output.VocabularyAxis > 0 && b.output.VocabularyAxis != n-1 {
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
