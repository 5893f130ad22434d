package generate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
)

// Sequence is a text in the making at the level of token ids: it appends tokens
// and gives the logits that follow them. It holds one of its generator's states
// until it is closed. A Sequence that nobody refers to any more gives its state
// back when the garbage collector finds it, at some time or never: call Close.
//
// One call at a time may use a Sequence. A call that finds it in use, by another
// goroutine or by the AppendRows whose visit makes the call, fails at once with
// [ErrBusy] and changes nothing; Close is such a call too. Len, Tokens and Calls
// may be called at any time and tell of what the last whole prediction left. A nil
// or zero Sequence is as one that is closed and has no tokens.
type Sequence struct {
	g       *Generator
	bound   *boundModel
	lease   *lease
	cleanup runtime.Cleanup
	status  atomic.Uint32 // one of the three below
	logits  []float32
	turn    turn
	// draft is the text of the draft model beside this one, nil until there is one.
	draft *Sequence
	// pictures are those that the first prompts had; Append adds none.
	pictures []placed
	// reusable says that another text may begin with what the lane holds when it is given
	// back, and read are the tokens of that where an Append ended before its last one.
	reusable bool
	read     []int

	mu    sync.Mutex // for what others may read while a call is running
	ids   []int
	calls int
}

// The status of a sequence.
const (
	sequenceIdle = iota
	sequenceBusy
	sequenceClosed
)

// NewSequence returns an empty sequence. It waits for a free state, or until
// ctx ends; a nil ctx never ends.
func (g *Generator) NewSequence(ctx context.Context) (*Sequence, error) {
	return g.NewFunctionSequence(ctx, "")
}

// NewFunctionSequence is [Generator.NewSequence] for the function of the package that
// [Options.Function] would name.
func (g *Generator) NewFunctionSequence(ctx context.Context, function string) (*Sequence, error) {
	return g.sequenceOf(ctx, function, nil)
}

// NewAdaptedSequence is [Generator.NewFunctionSequence] with the adapters that
// [Options.Adapters] would name: none is the function alone.
func (g *Generator) NewAdaptedSequence(ctx context.Context, function string, adapters ...coreml.Adapter) (*Sequence, error) {
	return g.sequenceOf(ctx, function, append([]coreml.Adapter{}, adapters...))
}

func (g *Generator) sequenceOf(ctx context.Context, function string, adapters []coreml.Adapter) (*Sequence, error) {
	ctx, g = background(ctx), g.made()
	bound, err := g.function(ctx, function, adapters)
	if err != nil {
		return nil, prefixed(err)
	}
	s, err := g.newSequence(ctx, bound, 0)
	return s, prefixed(err)
}

func (g *Generator) newSequence(ctx context.Context, bound *boundModel, priority int) (*Sequence, error) {
	return g.claimSequence(ctx, claim{of: bound, priority: priority})
}

// claimSequence returns an empty sequence with the lane that is claimed.
func (g *Generator) claimSequence(ctx context.Context, c claim) (*Sequence, error) {
	list, err := g.claimSequences(ctx, c)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// claimSequences is claimSequence for all lanes of a claim.
func (g *Generator) claimSequences(ctx context.Context, c claim) ([]*Sequence, error) {
	leases, err := g.pool.acquire(ctx, c)
	if err != nil {
		return nil, err
	}
	list := make([]*Sequence, len(leases))
	for i, l := range leases {
		list[i] = g.holdSequence(&Sequence{bound: c.of, lease: l, turn: turn{priority: c.priority}, ids: l.has})
		l.has = nil // it is known again when the sequence gives the lane back
	}
	return list, nil
}

// enter takes the sequence for one call; leave ends the call.
func (s *Sequence) enter() error {
	if s == nil || s.lease == nil { // the zero value, which nothing made
		return fmt.Errorf("sequence: %w", ErrClosed)
	}
	if s.status.CompareAndSwap(sequenceIdle, sequenceBusy) {
		return nil
	}
	if s.isClosed() {
		return fmt.Errorf("sequence: %w", ErrClosed)
	}
	return fmt.Errorf("sequence: %w", ErrBusy)
}

// leave ends a call. When a panic or runtime.Goexit ended it in the midst of a
// forward pass, the state may be half-written: it is taken out of service.
func (s *Sequence) leave() {
	if s.lease.running {
		s.status.Store(sequenceClosed)
		_ = s.release()
		return
	}
	s.status.CompareAndSwap(sequenceBusy, sequenceIdle)
}

// release gives back the state of a sequence whose status is closed.
func (s *Sequence) release() error {
	s.cleanup.Stop()
	s.lease.has = s.worthKeeping()
	err := s.lease.release()
	if s.draft != nil {
		err = errors.Join(err, s.draft.close())
	}
	runtime.KeepAlive(s) // until here the cleanup must not run
	return err
}

func (s *Sequence) isClosed() bool { return s.status.Load() == sequenceClosed }

// expireWith closes the sequence when ctx ends, until the function that it returns is
// called. That waits for a closing under way: whoever has held the sequence may count on
// its state having been given back.
func (s *Sequence) expireWith(ctx context.Context) (end func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		s.expire()
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// expire closes the sequence unless a call is running, which sees for itself
// that its context has ended.
func (s *Sequence) expire() {
	if s.status.CompareAndSwap(sequenceIdle, sequenceClosed) {
		_ = s.release()
	}
}

// Len returns the number of tokens.
func (s *Sequence) Len() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// Tokens returns a copy of the tokens.
func (s *Sequence) Tokens() []int {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids)
}

// Calls returns the number of predictions so far.
func (s *Sequence) Calls() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// setTokens replaces the tokens. Only the call that has entered does so, and it
// may therefore read them without the lock.
func (s *Sequence) setTokens(ids []int) {
	s.mu.Lock()
	s.ids, s.read = ids, nil
	s.mu.Unlock()
}

// countCall counts one prediction more.
func (s *Sequence) countCall() {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
}

// Truncate cuts the sequence back to its first n tokens. What it drops costs
// nothing: the cache is simply written again from there.
func (s *Sequence) Truncate(n int) error { return prefixed(s.truncate(n)) }

// returnTo makes the sequence hold ids alone, and reads what it lacks of them.
func (s *Sequence) returnTo(ctx context.Context, ids []int) error {
	kept := sharedPrefix(s.ids, ids)
	if err := s.truncate(kept); err != nil || kept == len(ids) {
		return err
	}
	_, err := s.append(ctx, ids[kept:], nil)
	return err
}

func (s *Sequence) truncate(n int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if n < 0 || n > len(s.ids) {
		return configErrorf("n", "is %d; a sequence of %s can be cut back to 0 to %d", n, count(len(s.ids)), len(s.ids))
	}
	s.setTokens(s.ids[:n])
	return nil
}

// show replaces the pictures of a sequence that was cut back to what it shares with
// the text of these.
func (s *Sequence) show(pictures []placed) error {
	if len(pictures)+len(s.pictures) == 0 {
		return nil
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	s.pictures = pictures
	s.lease.lane.show(pictures)
	return nil
}

// reserve prepares n further steps of one token.
func (s *Sequence) reserve(n int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	n = min(n, s.bound.context-len(s.ids))
	s.setTokens(slices.Grow(s.ids, max(n, 0)))
	s.lease.lane.reserve(len(s.ids), len(s.ids)+n)
	return nil
}

// Close gives the state back. It is safe to call more than once. While another
// call uses the sequence it fails with [ErrBusy] and nothing is given back.
func (s *Sequence) Close() error { return prefixed(s.close()) }

func (s *Sequence) close() error {
	if s == nil || s.lease == nil {
		return nil
	}
	if !s.status.CompareAndSwap(sequenceIdle, sequenceClosed) {
		if s.isClosed() {
			return nil
		}
		return fmt.Errorf("close sequence: %w", ErrBusy)
	}
	return s.release()
}
