//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"fmt"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// Predict makes one prediction.
func (p *program) Predict(ctx context.Context, inputs, outputs []*tensor.Tensor, st engine.State) error {
	return p.PredictRows(ctx, inputs, outputs, nil, st)
}

// PredictRows makes one prediction and copies the last rows of its outputs. The
// framework computes all of them. The locks are taken in one order: the program
// (enter), the state, the model (turns). They are given back by call.end when
// the framework has finished, which may be after this method has returned.
func (p *program) PredictRows(ctx context.Context, inputs, outputs []*tensor.Tensor, rows []int, st engine.State) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.checkInputs(inputs, outputs); err != nil {
		return &engine.UnchangedError{Err: err}
	}
	if !p.enter() {
		return errClosedProgram
	}
	s, err := p.useState(ctx, st)
	if err != nil {
		p.leave()
		return err
	}
	n := work(inputs)
	alone, err := p.turns.take(ctx, p.prompt(ctx, n), p.async)
	// The state is held from here on, so c.leave must run on every way out.
	c := &call{p: p, s: s, alone: alone, inputs: inputs, outputs: outputs, rows: rows}
	if err != nil {
		c.leave()
		return err
	}
	c.fr = p.takeFrame()
	start := time.Now()
	if alone {
		err = c.sync()
	} else {
		err = c.async(ctx)
	}
	if err != nil {
		return cancelled(ctx, err)
	}
	p.learn(n, time.Since(start))
	return nil // a context that ended meanwhile came too late: the state is whole
}

// useState takes the state for a prediction. It returns nil for a function
// without states. A state that is busy is an error at once, unless a prediction
// that was given up still has it: that one is waited for.
func (p *program) useState(ctx context.Context, st engine.State) (*state, error) {
	if len(p.desc.States) == 0 {
		return nil, nil
	}
	s, ok := st.(*state)
	if !ok || s == nil {
		return nil, fmt.Errorf("the function has states and needs one of this engine")
	}
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	if err := s.fit(p.model, p.desc.States); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// prompt says whether to predict on the caller's thread: when the caller cannot
// be gone before the end, or that comes soon by experience. Twice the work that
// was done promptly counts as well, as inputs grow from token to token. An
// asynchronous prediction costs a change of threads, which matters for a token
// and not for a prompt.
func (p *program) prompt(ctx context.Context, work int) bool {
	return ctx.Done() == nil || int64(work) <= 2*p.quick.Load()
}

// learn notes how long so much work took. Work up to the value of quick
// finished within promptly. A slow prediction takes the value down to half of
// its work, so that prompt, which admits twice that value, refuses the same
// work next time. Concurrent calls may lose an update, which costs one
// prediction its better choice.
func (p *program) learn(work int, elapsed time.Duration) {
	quick := p.quick.Load()
	switch {
	case elapsed <= p.promptly && int64(work) > quick:
		p.quick.CompareAndSwap(quick, int64(work))
	case elapsed > p.promptly && int64(work) <= 2*quick:
		p.quick.CompareAndSwap(quick, int64(work-1)/2)
	}
}

// call is a prediction under way. It owns a frame, a turn and a state, and
// gives all of them back together.
type call struct {
	p       *program
	s       *state // nil without states
	alone   bool   // has the model to itself
	fr      *frame
	inputs  []*tensor.Tensor
	outputs []*tensor.Tensor
	rows    []int
}

// end gives everything back once the framework has finished. It runs on the
// caller's goroutine, or on the one of outlast. Everything is given back in the
// reverse order of the taking.
func (c *call) end() {
	c.p.giveFrame(c.fr)
	c.p.turns.give(c.alone)
	c.leave()
}

// leave ends a call: the state serves the next one, and the program may be closed.
func (c *call) leave() {
	if c.s != nil {
		c.s.release()
	}
	c.p.leave()
}

// start makes the inputs and the options. It must be called inside a pool.
// Options are made once for a frame. The provider is the caller's to close,
// after the prediction.
func (c *call) start() (*objc.Object, error) {
	if c.fr.options == nil {
		options, err := objc.New(objc.MLPredictionOptions.Init)
		if err != nil {
			return nil, failed("make options", err)
		}
		c.fr.options = options
	}
	if c.p.backed {
		if err := c.p.back(c.fr, c.inputs); err != nil {
			return nil, err
		}
	}
	return c.p.provide(c.fr, c.inputs)
}

// finish copies the results. It must be called inside a pool. The result must
// be retained or borrowed from that pool.
func (c *call) finish(result objc.ID) error {
	if c.p.backed {
		c.p.count(c.fr, result, c.inputs)
	}
	return c.p.collect(result, c.outputs, c.rows)
}

// sync makes the prediction on this thread. The goroutine is locked to its
// thread for the time of the prediction, because the pool is the thread's. A
// context that ends meanwhile is not noticed; prompt therefore chooses this way
// only for short predictions and for contexts that cannot end.
func (c *call) sync() error {
	defer c.end()
	return objc.WithPoolError(func() error {
		provider, err := c.start()
		if err != nil {
			return err
		}
		defer provider.Close()
		var result objc.ID
		if m := c.p.model.obj.ID(); c.s != nil {
			result, err = objc.SendError(m, objc.MLModel.PredictState, provider.Word(), c.s.obj.Word(), c.fr.options.Word())
		} else {
			result, err = objc.SendError(m, objc.MLModel.Predict, provider.Word(), c.fr.options.Word())
		}
		if err != nil {
			return failed("predict", err)
		}
		return c.finish(result)
	})
}

// async makes the prediction on a thread of the framework. When ctx ends it
// returns at once; what the prediction uses is given back when the framework
// has finished with it. The pool is left before waiting: it belongs to a
// thread, and a goroutine that waits may resume on another. What must live
// until the handler is called is owned by the call: the provider, the frame's
// arrays and options, the state.
func (c *call) async(ctx context.Context) error {
	method := objc.MLModel.PredictAsync
	if c.s != nil {
		method = objc.MLModel.PredictStateAsync
	}
	done, err := objc.NewCompletion(method, func(result, e, _ uintptr) (*objc.Object, error) {
		if result == 0 {
			return nil, noResult(objc.ID(e), "outputs")
		}
		return objc.Retain(objc.ID(result)), nil
	}, func(late *objc.Object) { late.Close() })
	if err != nil {
		c.end()
		return failed("predict", err)
	}
	var provider *objc.Object
	err = objc.WithPoolError(func() error {
		if provider, err = c.start(); err != nil {
			return err
		}
		m := c.p.model.obj.ID()
		if c.s != nil {
			objc.Send(m, method, provider.Word(), c.s.obj.Word(), c.fr.options.Word(), done.Word())
		} else {
			objc.Send(m, method, provider.Word(), c.fr.options.Word(), done.Word())
		}
		return nil
	})
	if err != nil {
		// Nothing was sent, so the handler will never be called.
		done.Discard()
		c.end()
		return err
	}
	result, err := done.Wait(ctx)
	if err != nil {
		// Wait also fails when the prediction itself did, and then done is
		// closed already.
		c.outlast(done.Done(), provider)
		return waited(ctx, "predict", err)
	}
	defer c.end()
	defer provider.Close()
	defer result.Close()
	return objc.WithPoolError(func() error { return c.finish(result.ID()) })
}

// outlast gives everything back when the framework has finished, which after
// the end of a context it may not have. A state that is abandoned makes the
// next call wait instead of failing with ErrBusy: its caller cannot know of a
// prediction that was given up. The goroutine lives as long as the framework
// computes; Close of the program waits for it through enter and leave.
func (c *call) outlast(done <-chan struct{}, provider *objc.Object) {
	end := func() {
		provider.Close()
		c.end()
	}
	select {
	case <-done:
		end()
		return
	default:
	}
	if c.s != nil {
		c.s.abandon()
	}
	go func() {
		<-done
		end()
	}()
}
