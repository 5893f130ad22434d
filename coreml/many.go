package coreml

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/gocoreml/coreml/internal/engine"
)

// Request is one of the predictions of [Model.PredictMany]: what [Model.Predict]
// takes, and what it returns.
type Request struct {
	// Context ends this prediction and none of the others. Nil means the context of
	// the call; another one takes its place.
	Context context.Context //nolint:containedctx // each of several predictions has its own
	// Inputs, State and Options are those of Predict. No two requests may have the
	// same State: the second gets [ErrStateBusy]. Nor may an output buffer of one
	// share memory with an input or a buffer of another.
	Inputs  Features
	State   *State
	Options *PredictOptions

	// Outputs and Err are set by PredictMany; what they held before has no meaning.
	Outputs Features
	Err     error
}

// PredictMany makes several predictions at once, such as the next token of several
// texts, and sets Outputs and Err of each request to what [Model.Predict] would return
// for it, to the bit: whatever goes with a prediction, its result is the one that it
// has alone.
//
// The portable engine reads the weights once for up to eight predictions that have one
// row each, which is what the time of such a prediction goes into: four texts gain two
// to three times the tokens per second that one has. More than eight go in groups of
// about the same size. A prediction of many rows, a prompt, gains nothing by company and
// runs by itself behind the others; Core ML's framework makes all of them one after
// another. The inputs need not have the same shapes, and masks seldom do.
//
// A request that is refused, fails or is cancelled does the others no harm, and its
// state is what Predict would have left. PredictMany returns when all have ended: one
// whose context ends is left out from there on, and the others go on.
//
// The error is nil when no request has one, and joins them otherwise. A nil ctx is
// context.Background. PredictMany may be called from any number of goroutines. With
// output buffers for every output, and at most as many requests as before, it allocates
// nothing once it has run a few times.
func (m *Model) PredictMany(ctx context.Context, requests []Request) error {
	closed := m.program().predictMany(orBackground(ctx), requests)
	runtime.KeepAlive(m)
	failed := false
	for i := range requests {
		r := &requests[i]
		runtime.KeepAlive(r.State)
		if r.Err != nil {
			r.Outputs, r.Err, failed = nil, fail("predict", r.Err), true
		}
	}
	if len(requests) == 0 && closed != nil {
		return fail("predict", closed)
	}
	if !failed {
		return nil
	}
	var errs []error
	for i := range requests {
		errs = append(errs, requests[i].Err)
	}
	return errors.Join(errs...)
}

// predictMany is PredictMany with errors that do not say where they come from. It
// returns one only when the model is closed.
func (p *program) predictMany(ctx context.Context, requests []Request) error {
	if !p.gate.enter() {
		err := fmt.Errorf("model is %w", ErrClosed)
		for i := range requests {
			requests[i].Err = err
		}
		return err
	}
	defer p.gate.leave()
	b := p.batches.take()
	if b == nil {
		b = new(batch)
	}
	defer p.batches.put(b)
	defer p.release(b) // whatever is thrown
	for i := range requests {
		p.admit(ctx, b, &requests[i])
	}
	p.runAll(b)
	for i := range b.calls {
		c, err := &b.calls[i], b.requests[i].Err
		var out Features
		if out, err = p.answer(b.requests[i].Context, c.f, c.options().Outputs, err); c.h != nil {
			c.h.end(err)
		}
		if err != nil {
			err = engineError(err)
		}
		c.r.Outputs, c.r.Err = out, err
	}
	return nil
}

// batch is the requests of one call of PredictMany that are not refused.
type batch struct {
	calls    []call
	requests []engine.Request // of each of calls
}

// call is one of them with what it has taken.
type call struct {
	r *Request
	h *stateHandle // nil for a function without states
	f *frame
}

// options returns the options of the call.
func (c *call) options() *PredictOptions {
	if c.r.Options == nil {
		return &noOptions
	}
	return c.r.Options
}

// admit checks a request and adds it to the batch, or sets its error.
func (p *program) admit(ctx context.Context, b *batch, r *Request) {
	r.Outputs = nil
	if r.Context != nil {
		ctx = r.Context
	}
	if r.Err = ctx.Err(); r.Err != nil {
		return
	}
	c := call{r: r}
	if c.h, r.Err = p.acquire(r.State); r.Err != nil {
		return
	}
	c.f = p.frames.get()
	b.calls = append(b.calls, c) // what it has taken is given back from here on
	er := engine.Request{Context: ctx, Inputs: c.f.in, Outputs: c.f.out}
	if c.h != nil {
		er.State = c.h.state
	}
	b.requests = append(b.requests, er)
	if r.Err = p.bind(ctx, c.f, r.Inputs, c.options()); r.Err != nil {
		p.withdraw(b)
		return
	}
	b.requests[len(b.requests)-1].Alone = c.f.alone
	if c.f.partial {
		b.requests[len(b.requests)-1].Rows = c.f.rows
	}
}

// withdraw takes the last request out of the batch and gives back what it has taken.
func (p *program) withdraw(b *batch) {
	last := len(b.calls) - 1
	c := b.calls[last]
	b.calls[last], b.requests[last] = call{}, engine.Request{}
	b.calls, b.requests = b.calls[:last], b.requests[:last]
	p.frames.put(c.f)
	if c.h != nil {
		c.h.release()
	}
}

// release gives back all that a batch has taken.
func (p *program) release(b *batch) {
	for len(b.calls) > 0 {
		p.withdraw(b)
	}
}

// runAll makes the predictions: at once where the engine can, else one after another.
func (p *program) runAll(b *batch) {
	many, ok := p.prog.(engine.ManyProgram)
	if ok && len(b.calls) > 1 {
		for i := range b.calls {
			if h := b.calls[i].h; h != nil {
				h.begin()
			}
		}
		many.PredictMany(b.requests)
		return
	}
	for i := range b.calls {
		r, c := &b.requests[i], &b.calls[i]
		if c.h != nil {
			c.h.begin()
		}
		r.Err = p.run(r.Context, c.f, r.State)
	}
}
