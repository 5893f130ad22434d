package coreml

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// PredictOptions are the rarely needed parameters of [Model.Predict].
type PredictOptions struct {
	// Outputs are the caller's output buffers by name. Predict writes into the
	// tensors of the map and returns the map itself; with a buffer for every
	// output it allocates nothing once it has run a few times.
	//
	// A buffer is contiguous, of the output's element type and of the result's
	// shape, and shares no memory with an input or another buffer. An output that
	// is not in the map, or whose Value is zero, gets a new tensor, which is put
	// into the map: it serves as the buffer of the next call with the same map.
	// So a map belongs to one call at a time, and an output whose shape changes
	// from call to call, or that goes back in as an input, is taken out of the
	// map or set to the zero Value in between.
	//
	// Nil means that Predict makes a new map with new tensors.
	Outputs Features

	// LastRows limits outputs, by name, to their last rows: the last so many
	// indices of the last dimension but one. Of the logits [1, n, vocabulary] of a
	// prompt only the last row is of use, and an engine that can leaves out the
	// work for the others. A number that is 0, negative or not below what there
	// is means all rows. Buffers have the shape of what is asked for.
	LastRows map[string]int

	// RowsAlone gives each row of a prediction the bits that it has in a prediction of
	// one row: several tokens of a text then have the logits that they have one after
	// another, which is what lets drafts be verified together. Engines that round many
	// rows in another way than one pay for it with speed, as the portable one does in
	// [ArithmeticFast]; elsewhere it costs nothing and changes nothing. Core ML's
	// framework makes no such promise, and does not heed it.
	RowsAlone bool
}

// Predict executes the function once on the inputs and returns its outputs.
//
// in holds a value for every required input and no others. A multi-array of
// another numeric type than the declared one is converted by the rules of
// [tensor.Tensor.To], and one that is not contiguous is copied. Booleans are no
// numbers: an input of a floating-point type refuses them. A tensor of rank 0 stands for one of shape [1]: Core ML has no scalars. Inputs are only
// read, and only during the call. A refused value gives an [*InputError].
//
// st is the state that the function reads and updates. It is nil for a function
// without states and required for one with: see [Model.NewState]. Only one call
// at a time may use it; a second one gets [ErrStateBusy]. A state of another
// function, or another model, will do when its buffers have the same names,
// types and shapes and the same engine made it. A prediction that fails or is
// cancelled after it began to change st leaves it marked as failed: see
// [State.Err].
//
// The outputs own their memory and stay valid after Close, but for buffers that
// opts supplied, which are the caller's. A nil opts is the zero
// [PredictOptions].
//
// Predict returns an error that wraps ctx's soon after ctx ends, and never a result
// after that; a nil ctx is context.Background. The contents of output buffers are
// undefined after an error.
func (m *Model) Predict(ctx context.Context, in Features, st *State, opts *PredictOptions) (Features, error) {
	if opts == nil {
		opts = &noOptions
	}
	out, err := m.program().predict(orBackground(ctx), in, st, opts)
	runtime.KeepAlive(m)
	runtime.KeepAlive(st)
	if err != nil {
		return nil, fail("predict", err)
	}
	return out, nil
}

// noOptions stands for absent ones.
var noOptions PredictOptions

func (p *program) predict(ctx context.Context, in Features, st *State, opts *PredictOptions) (Features, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !p.gate.enter() {
		return nil, fmt.Errorf("model is %w", ErrClosed)
	}
	defer p.gate.leave()

	h, err := p.acquire(st)
	if err != nil {
		return nil, err
	}
	if h != nil {
		defer h.release()
	}
	f := p.frames.get()
	defer p.frames.put(f)

	if err := p.bind(ctx, f, in, opts); err != nil {
		return nil, err
	}
	var out Features
	if h == nil {
		out, err = p.answer(ctx, f, opts.Outputs, p.run(ctx, f, nil))
	} else {
		h.begin()
		out, err = p.answer(ctx, f, opts.Outputs, p.run(ctx, f, h.state))
		h.end(err)
	}
	if err != nil {
		return nil, engineError(err)
	}
	return out, nil
}

// bind checks what a prediction is given and puts it into the frame.
func (p *program) bind(ctx context.Context, f *frame, in Features, opts *PredictOptions) error {
	f.alone = opts.RowsAlone
	if err := p.bindInputs(ctx, f, in); err != nil {
		return err
	}
	if err := p.bindRows(f, opts.LastRows); err != nil {
		return err
	}
	return p.bindOutputs(f, opts.Outputs)
}

// answer collects the results of a prediction that gave err. It gives ctx's error
// whenever ctx has ended, so that a caller who gave up never takes a late result for
// one in time.
func (p *program) answer(ctx context.Context, f *frame, out Features, err error) (Features, error) {
	if err == nil {
		out, err = p.collect(ctx, f, out)
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = ended
	}
	return out, err
}

// acquire takes the state for one prediction. It returns nil for a function
// without states.
func (p *program) acquire(st *State) (*stateHandle, error) {
	switch {
	case st == nil && len(p.states) == 0:
		return nil, nil
	case st == nil:
		return nil, fmt.Errorf("%w for %s: make one with NewState", ErrStateRequired, names(p.states))
	}
	h := st.handle()
	if err := h.made(); err != nil {
		return nil, err
	}
	if h.owner != p {
		if err := p.adopt(h); err != nil {
			return nil, err
		}
	}
	if len(p.states) == 0 {
		return nil, nil
	}
	if err := h.acquire(); err != nil {
		return nil, err
	}
	if err := h.err(); err != nil {
		h.release()
		return nil, err
	}
	return h, nil
}

// adopt says whether a state that another program made fits this one.
func (p *program) adopt(h *stateHandle) error {
	if h.engine != p.engine {
		return fmt.Errorf("%w: it was made by engine %s and the model runs on %s", ErrStateMismatch, h.engine, p.engine)
	}
	return sameStates(p.states, h.features)
}

// collect puts the results of a prediction into the caller's map, or a new one.
func (p *program) collect(ctx context.Context, f *frame, out Features) (Features, error) {
	if out == nil {
		out = make(Features, len(p.outputs))
	}
	for i := range p.outputs {
		d, t := &p.outputs[i], f.out[i]
		if err := t.Err(); err != nil {
			return nil, fmt.Errorf("output %s: the engine gave no tensor: %w", mil.Quote(d.Name), err)
		}
		if out[d.Name].tensor == t {
			continue
		}
		v, err := outputValue(ctx, d, t)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", mil.Quote(d.Name), err)
		}
		out[d.Name] = v
	}
	return out, nil
}

// frame holds the tensors of one prediction in the order of the description,
// and how many of each output's last rows are wanted.
type frame struct {
	in, out []*tensor.Tensor
	rows    []int // 0: all
	partial bool  // some rows are not wanted
	alone   bool  // rows have the bits that they have one by one
}

// idle keeps values that are not in use. A sync.Pool would be emptied by
// the garbage collector and make the next prediction allocate; what is kept is so
// small that it may as well stay.
type idle[T any] struct {
	mu   sync.Mutex
	free []*T
}

// take returns one, or nil when there is none.
func (i *idle[T]) take() *T {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := len(i.free)
	if n == 0 {
		return nil
	}
	v := i.free[n-1]
	i.free = i.free[:n-1]
	return v
}

func (i *idle[T]) put(v *T) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.free = append(i.free, v)
}

func (i *idle[T]) drop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.free = nil
}

// frames are those that are not in use.
type frames struct {
	idle[frame]
	inputs, outputs int
}

func (fs *frames) get() *frame {
	if f := fs.take(); f != nil {
		return f
	}
	return &frame{
		in: make([]*tensor.Tensor, fs.inputs), out: make([]*tensor.Tensor, fs.outputs), rows: make([]int, fs.outputs),
	}
}

// put takes back a frame and lets go of its tensors.
func (fs *frames) put(f *frame) {
	clear(f.in)
	clear(f.out)
	clear(f.rows)
	f.partial, f.alone = false, false
	fs.idle.put(f)
}
