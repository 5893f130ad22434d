package engine

import (
	"context"

	"github.com/gocoreml/coreml/tensor"
)

// Request is one of several predictions that are made at once. Its fields are what
// [RowProgram.PredictRows] takes, and what it would return.
type Request struct {
	// Context ends this prediction and none of the others.
	Context context.Context //nolint:containedctx // each prediction of several has its own
	Inputs  []*tensor.Tensor
	Outputs []*tensor.Tensor
	Rows    []int
	// Alone asks for rows as they are one by one: see [AloneProgram].
	Alone bool
	State State
	// Err is set by PredictMany.
	Err error
}

// ManyProgram is a Program that makes several predictions at once for less than they
// cost one after another: the decode steps of several texts read the weights once for
// all of them. Of other programs a caller makes the predictions in turn.
type ManyProgram interface {
	Program
	// PredictMany makes every prediction as PredictRows would by itself, to the bit,
	// and sets each request's Err. One that fails or is cancelled does the others no
	// harm. No two requests have one state, and no output buffer is another request's
	// too. It returns when all have ended, and keeps nothing of them.
	PredictMany(requests []Request)
}
