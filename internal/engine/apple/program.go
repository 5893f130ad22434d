//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

// maxIdle bounds the frames that wait for the next prediction. Each holds
// memory for all inputs; more than so many predictions of one model at once are
// rare.
const maxIdle = 8

// promptly is how soon after the end of its context a prediction is to return.
// Those that take longer by experience are made asynchronously.
const promptly = 50 * time.Millisecond

// program is a loaded function. It implements engine.PlannedProgram and
// engine.RowProgram. Fields above turns are set by loadCompiled and never
// change. mu guards inside, ended and idle; the plan is guarded by planning.
type program struct {
	model  *model
	desc   *engine.Description
	info   engine.Info
	config *objc.Object // what the model was loaded with
	dir    string       // of the compiled model
	own    bool         // whether dir goes with the program
	backed bool         // whether output buffers are handed to the framework
	in     names        // of the inputs
	out    names        // of the outputs

	turns    turns
	async    bool          // whether the system has asynchronous predictions
	promptly time.Duration // the constant, but in tests
	quick    atomic.Int64  // the most work that was done promptly

	given, taken atomic.Int64 // output buffers handed over, and used

	mu     sync.Mutex
	inside int
	ended  chan struct{} // made by Close, closed when nobody is inside
	idle   []*frame

	planning chan struct{} // holds one value, for who asks for the plan
	plan     []engine.PlannedOperation
	planned  bool
}

// Description returns what the framework says of the function.
func (p *program) Description() *engine.Description { return p.desc }

// Info returns what the engine says of itself. Backings that are never used
// cost memory for nothing, so that the user should hear of it.
func (p *program) Info() engine.Info {
	i := p.info
	i.Devices, i.Notes = slices.Clone(i.Devices), slices.Clone(i.Notes)
	// One prediction may have an internal reason; several in a row tell.
	if n := p.given.Load(); n >= 8 && p.taken.Load() == 0 {
		i.Notes = append(i.Notes, "Core ML does not use the output buffers that it is given")
	}
	return i
}

// enter admits a call; false when the program has been closed. Every method
// that uses the model is between enter and leave. A prediction that nobody
// waits for is inside too.
func (p *program) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return false
	}
	p.inside++
	return true
}

// leave counts a call out. The last one lets a Close that waits go on. After a
// Close has begun enter admits nobody, so the channel is closed once.
func (p *program) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside--
	if p.ended != nil && p.inside == 0 {
		close(p.ended)
	}
}

// takeFrame returns an idle frame or a new one. There are as many frames as
// predictions were ever under way at once.
func (p *program) takeFrame() *frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		fr := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return fr
	}
	return &frame{inputs: make([]inputArray, len(p.desc.Inputs)), backings: make([]backing, len(p.desc.Outputs))}
}

// giveFrame takes a frame back for the next prediction, or closes it when
// enough of them wait already. The frame closes outside of the lock, as that
// sends messages.
func (p *program) giveFrame(fr *frame) {
	p.mu.Lock()
	keep := len(p.idle) < maxIdle
	if keep {
		p.idle = append(p.idle, fr)
	}
	p.mu.Unlock()
	if !keep {
		fr.close()
	}
}

// NewState returns a state whose buffers are zero. Making a state is a message
// to the model, which must not meet a synchronous prediction: so it takes a
// turn as well.
func (p *program) NewState() (engine.State, error) {
	if !p.enter() {
		return nil, errClosedProgram
	}
	defer p.leave()
	alone, err := p.turns.take(context.Background(), false, p.async)
	if err != nil {
		return nil, err
	}
	defer p.turns.give(alone)
	s, err := newState(p.model, p.desc.States)
	if err != nil {
		return nil, err // and no typed nil
	}
	return s, nil
}

// Close waits until the framework has finished every prediction, those that
// nobody waits for too, and gives the memory back. The model stays as long as
// there are states of it. Further calls do nothing. A folder that the cache did
// not take goes with it.
func (p *program) Close() error {
	p.mu.Lock()
	first := p.ended == nil
	if first {
		p.ended = make(chan struct{})
		if p.inside == 0 {
			close(p.ended)
		}
	}
	p.mu.Unlock()
	<-p.ended
	if !first {
		return nil
	}
	// Nobody is inside any more: no lock is needed.
	for _, fr := range p.idle {
		fr.close()
	}
	p.idle = nil
	p.in.close()
	p.out.close()
	p.config.Close()
	if p.model != nil { // it is nil when loading failed
		p.model.release()
	}
	if p.own {
		return os.RemoveAll(p.dir)
	}
	return nil
}

var errClosedProgram = fmt.Errorf("program is %w", ErrClosed)

// names are the names of features as strings of the framework, in order. They
// are immutable and may be used by any number of predictions.
type names []*objc.Object

// newNames makes the names of features once: a prediction asks the framework for each of
// them, and making strings would be most of what it allocates.
func newNames(features []engine.Feature) names {
	n := make(names, len(features))
	objc.WithPool(func() {
		for k := range features {
			n[k] = objc.Retain(objc.String(features[k].Name))
		}
	})
	return n
}

// close gives the names back.
func (n names) close() {
	for _, s := range n {
		s.Close()
	}
}
