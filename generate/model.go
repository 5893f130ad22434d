package generate

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// boundModel is a model whose features have a use. All lanes share it.
type boundModel struct {
	model     predictor
	steps     *joiner
	d         *Driver
	tokens    *coreml.FeatureDescription
	mask      *coreml.FeatureDescription // nil when there is none
	attention *coreml.FeatureDescription // nil when there is none
	constants coreml.Features
	caches    []cache
	maskFill  float32
	pad       int
	context   int // the greatest number of tokens
	outputs   []coreml.FeatureDescription
	// declared is the number of logits in a row that the package declares, 0 where
	// it leaves that open, and vocabulary what it is, 0 until it is known.
	declared   int
	vocabulary atomic.Int64
	zeros      zeroMasks      // the causal masks of single tokens
	lastRow    map[string]int // asks a prediction for one row of the logits
}

// cache is an input and the output that takes its place in the next prediction.
type cache struct {
	in, out string
	dtype   tensor.DType
	shape   []int
}

// bindModel joins a model with its driver. Pad is the token for padding, -1
// where none is known.
func bindModel(ctx context.Context, m predictor, desc *coreml.Description, d *Driver, pad int) (*boundModel, error) {
	b := &boundModel{
		model: m, steps: newJoiner(m), d: d, tokens: desc.Input(d.Tokens), mask: desc.Input(d.Mask), attention: desc.Input(d.AttentionMask),
		constants: coreml.Features{}, maskFill: float32(math.Inf(-1)), pad: max(pad, 0), context: d.ContextLength,
		lastRow: map[string]int{d.Logits: 1},
	}
	if d.MaskFill != nil {
		b.maskFill = float32(*d.MaskFill)
	}
	b.outputs = desc.Outputs
	logits := desc.Output(d.Logits)
	if lo, hi := bounds(logits, -1); lo == hi {
		b.declared = hi
	}
	width := vocabularyOf(m, logits)
	b.vocabulary.Store(int64(width))
	if width > 0 && b.pad >= width {
		b.pad = 0 // no token looks at the padding, but the model has to know it
	}
	if b.mask != nil {
		b.zeros = zeroMasks{dtype: b.mask.DType, limit: b.context}
	}
	for in, out := range d.Caches {
		f := desc.Input(in)
		b.caches = append(b.caches, cache{in: in, out: out, dtype: f.DType, shape: f.Shape})
	}
	return b, b.fillConstants(ctx, desc)
}

// reusable returns the outputs of a pass, or nil where the next one of the same
// shapes cannot write to them: a package may declare other shapes than it gives, and
// a prediction takes no buffer that is not as declared. Last says that the logits
// have one row only, which is always taken.
func (b *boundModel) reusable(out coreml.Features, last bool) coreml.Features {
	for i := range b.outputs {
		f := &b.outputs[i]
		if t := out.Tensor(f.Name); f.Kind == coreml.KindMultiArray && !(last && f.Name == b.d.Logits) && f.Check(t.Shape()...) != nil {
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
		if !canHold(b.tokens.DType, id) {
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

// putTokens writes ids into a tensor of the declared type, and pad into the
// room that is left.
func putTokens(dst *tensor.Tensor, ids []int, pad int) error {
	if err := dst.Err(); err != nil {
		return err
	}
	if dst.Len() < len(ids) {
		return fmt.Errorf("%d tokens for %d places", len(ids), dst.Len())
	}
	switch dst.DType() {
	case tensor.Int32:
		return putPadded(dst, ids, pad, func(id int) int32 { return int32(id) })
	case tensor.Float32:
		return putPadded(dst, ids, pad, func(id int) float32 { return float32(id) })
	default:
		return putPadded(dst, ids, pad, func(id int) tensor.Half { return tensor.HalfOf(float32(id)) })
	}
}

// putPadded is putTokens for one element type.
func putPadded[T tensor.Element](dst *tensor.Tensor, ids []int, pad int, convert func(int) T) error {
	data, err := tensor.Data[T](dst)
	if err != nil {
		return err
	}
	for i, id := range ids {
		data[i] = convert(id)
	}
	for i := len(ids); i < len(data); i++ {
		data[i] = convert(pad)
	}
	return nil
}
