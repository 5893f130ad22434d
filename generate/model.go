package generate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// boundModel is a model whose features have a use. All lanes share it.
type boundModel struct {
	d      *Driver // as it was detected
	stages []boundStage
	states []predictor // what makes each of a lane's states
	// stateFeatures are the buffers of each of them.
	stateFeatures [][]coreml.FeatureDescription
	prefill       Prefill
	output        Output
	// decode takes one token, or several where prefills is the same chain alone; each
	// of prefills takes other numbers of them. The other two take over from the position
	// rotateFrom on, if that is not 0.
	decode, rotated           *chain
	prefills, rotatedPrefills []*chain
	rotateFrom                int
	masked                    []*chain    // decode and prefills, each once
	image                     *boundImage // nil where no pictures are taken
	functions                 int         // the number of functions in all chains
	tables                    []*storage.Bytes
	tokens                    *coreml.FeatureDescription
	pad                       int
	context                   int // the greatest number of tokens
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
	identified identified
	function   string // that Options named, empty for the one the generator was opened for
	// stateBytes is what the states and the caches of a lane take.
	stateBytes int64
	// costs are what predictions take, and company who writes with them: for drafts.
	costs   costs
	company company
}

// chains returns the chains, each once.
func (b *boundModel) chains() []*chain {
	var out []*chain
	for _, c := range slices.Concat([]*chain{b.decode}, b.prefills, []*chain{b.rotated}, b.rotatedPrefills) {
		if c != nil && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
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
