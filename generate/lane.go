package generate

import (
	"context"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// predictor is what a lane needs of a *coreml.Model.
type predictor interface {
	Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error)
	NewState() (*coreml.State, error)
}

// lane is what one sequence needs to run the model: the state, or what stands
// for it, and the buffers. One call at a time may use it.
//
// The words of the way down are one for each level: a [Sequence] appends tokens,
// a lane makes forward passes over chunks of them, and a model predicts.
type lane interface {
	// chunk returns how many of n further tokens one forward pass takes, at most
	// limit. Past is the number of tokens before them.
	chunk(past, n, limit int) (int, error)
	// forward runs the model over the last n of all; the lane has seen those
	// before. Row first+i of the logits belongs to token i of these n. With one
	// row for several tokens it is that of the last. Last says that no other row
	// is wanted, which a lane may make use of.
	forward(ctx context.Context, all []int, n int, last bool) (logits *tensor.Tensor, first int, err error)
	// reserve makes what passes of one token up to length n need, so that these
	// allocate nothing.
	reserve(past, n int)
	// trim gives up buffers that only long prompts need.
	trim()
	// reset makes the lane good for a new sequence.
	reset() error
	// close releases the state. The lane is not used again.
	close() error
}

// rowsOf returns the number of rows of logits.
func rowsOf(t *tensor.Tensor) int {
	if v := t.Dim(-1); v > 0 {
		return t.Len() / v
	}
	return 0
}
