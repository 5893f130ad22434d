package generate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gocoreml/coreml/tensor"
)

// Sequence is a text in the making at the level of token ids: it appends tokens
// and gives the logits that follow them. It holds one of its generator's states
// until it is closed. A Sequence that nobody refers to any more gives its state
// back when the garbage collector finds it, at some time or never: call Close.
//
// One call at a time may use a Sequence. A call that finds it in use, by another
// goroutine or by the AppendRows whose visit makes the call, fails at once with
// [ErrBusy] and changes nothing; Close is such a call too. Len, Tokens and Calls
// may be called at any time and tell of what the last whole prediction left.
type Sequence struct {
	g       *Generator
	hold    *lease
	cleanup runtime.Cleanup
	status  atomic.Uint32 // one of the three below
	logits  []float32

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
	l, err := g.pool.acquire(background(ctx))
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	s := &Sequence{g: g, hold: l}
	s.cleanup = runtime.AddCleanup(s, func(l *lease) { _ = l.give() }, l)
	return s, nil
}

// giveBack returns the state of a sequence whose status is closed.
func (s *Sequence) giveBack() error {
	s.cleanup.Stop()
	err := s.hold.give()
	runtime.KeepAlive(s)
	return err
}

// enter takes the sequence for one call; leave ends the call.
func (s *Sequence) enter() error {
	if s.status.CompareAndSwap(sequenceIdle, sequenceBusy) {
		return nil
	}
	if s.isClosed() {
		return fmt.Errorf("generate: sequence: %w", ErrClosed)
	}
	return fmt.Errorf("generate: sequence: %w", ErrBusy)
}

// leave ends a call. When a panic or runtime.Goexit ended it in the midst of a
// prediction, the state may be half-written: it is taken out of service.
func (s *Sequence) leave() {
	if s.hold.running {
		s.status.Store(sequenceClosed)
		_ = s.giveBack()
		return
	}
	s.status.CompareAndSwap(sequenceBusy, sequenceIdle)
}

func (s *Sequence) isClosed() bool { return s.status.Load() == sequenceClosed }

// expire closes the sequence unless a call is running, which sees for itself
// that its context has ended.
func (s *Sequence) expire() {
	if s.status.CompareAndSwap(sequenceIdle, sequenceClosed) {
		_ = s.giveBack()
	}
}

// Len returns the number of tokens.
func (s *Sequence) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// Tokens returns a copy of the tokens.
func (s *Sequence) Tokens() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids)
}

// Calls returns the number of predictions so far.
func (s *Sequence) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// set replaces the tokens. Only the call that has entered does so.
func (s *Sequence) set(ids []int) {
	s.mu.Lock()
	s.ids = ids
	s.mu.Unlock()
}

// Append adds tokens and returns the logits that follow the last of them. The
// slice is valid until the next call and may be changed. Many tokens are fed in
// chunks of Config.PrefillChunk. What can be refused, such as an id that is no
// token of the model or a number of tokens that its shapes do not allow, is
// refused before anything is run. After an error the sequence is as it was
// before, or, when the model failed half-way, empty: look at Len. A nil ctx
// never ends.
func (s *Sequence) Append(ctx context.Context, ids []int) ([]float32, error) {
	if err := s.feed(background(ctx), ids, nil); err != nil {
		return nil, err
	}
	return s.logits, nil
}

// AppendRows adds tokens and calls visit for each of them in turn with its
// position in the sequence and the logits that follow it. The slice is valid
// until visit returns and may be changed. An error of visit ends AppendRows
// with that error. After an error the sequence is as after one of Append. A nil
// ctx never ends.
func (s *Sequence) AppendRows(ctx context.Context, ids []int, visit func(pos int, logits []float32) error) error {
	return s.feed(background(ctx), ids, visit)
}

func (s *Sequence) feed(ctx context.Context, ids []int, visit func(int, []float32) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.check(ids); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if len(ids) > 1 {
		defer s.hold.lane.trim()
	}
	before, whole := len(s.ids), false
	defer func() { // for an error, and for a panic of visit
		if !whole {
			s.set(s.ids[:min(before, len(s.ids))])
		}
	}()
	err := s.feedChunks(ctx, ids, visit)
	whole = err == nil
	return err
}

// check refuses tokens that cannot be fed, before anything is run.
func (s *Sequence) check(ids []int) error {
	prog := s.g.bound
	if len(ids) == 0 {
		return &ConfigError{Field: "ids", Reason: "there are no tokens to append"}
	}
	if len(ids) > prog.context-len(s.ids) {
		return &ContextError{Tokens: len(ids), Before: len(s.ids), ContextLength: prog.context}
	}
	if err := prog.checkTokens(ids, "the tokens to append"); err != nil {
		return err
	}
	for past, end := len(s.ids), len(s.ids)+len(ids); past < end; {
		n, err := s.hold.lane.chunk(past, end-past, s.g.chunk)
		if err != nil {
			return err
		}
		past += n
	}
	return nil
}

func (s *Sequence) feedChunks(ctx context.Context, ids []int, visit func(int, []float32) error) error {
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("generate: %w", err)
		}
		n, err := s.hold.lane.chunk(len(s.ids), len(ids), s.g.chunk)
		if err != nil {
			return fmt.Errorf("generate: %w", err)
		}
		if err := s.predict(ctx, ids[:n], visit, n == len(ids)); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// predict feeds one chunk.
func (s *Sequence) predict(ctx context.Context, ids []int, visit func(int, []float32) error, last bool) error {
	past := len(s.ids)
	t, first, err := s.run(ctx, append(s.ids, ids...), len(ids), visit == nil)
	if err != nil {
		return fmt.Errorf("generate: %w", s.fail(past, err))
	}
	rows := rowsOf(t)
	if rows == 1 && len(ids) > 1 {
		if visit != nil {
			return fmt.Errorf("generate: %w: output %s has logits for the last token only", ErrDriver, s.g.bound.d.Logits)
		}
		first = 1 - len(ids)
	} else if rows < first+len(ids) {
		if terr := t.Err(); terr != nil {
			return fmt.Errorf("generate: output %s: %w", s.g.bound.d.Logits, s.fail(past, terr))
		}
		return fmt.Errorf("generate: %w: output %s has %d rows for %d tokens", ErrDriver, s.g.bound.d.Logits, rows, len(ids))
	}
	if err := s.g.learn(t.Dim(-1), ids); err != nil {
		return fmt.Errorf("generate: %w", s.fail(past, err))
	}
	if visit == nil {
		if last {
			return s.read(t, first+len(ids)-1)
		}
		return nil
	}
	for i := range ids {
		if err := s.read(t, first+i); err != nil {
			return err
		}
		if err := visit(past+i, s.logits); err != nil {
			return err
		}
	}
	return nil
}

// run makes the prediction over the last n of all, which the sequence holds
// from then on. Until it returns the lane counts as half-written.
func (s *Sequence) run(ctx context.Context, all []int, n int, last bool) (*tensor.Tensor, int, error) {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	s.hold.running = true
	t, first, err := s.hold.lane.forward(ctx, all, n, last)
	s.hold.running = false
	s.set(all)
	return t, first, err
}

// fail puts the sequence into a state that can be used again. A model that
// failed may have left the cache half-written; all of it is dropped then.
func (s *Sequence) fail(past int, err error) error {
	s.set(s.ids[:past])
	s.hold.running = true // until the reset is through
	if rerr := s.hold.lane.reset(); rerr != nil {
		s.status.Store(sequenceClosed)
		return errors.Join(err, rerr, s.giveBack())
	}
	s.hold.running = false
	s.set(s.ids[:0])
	return err
}

// read widens one row of logits.
func (s *Sequence) read(t *tensor.Tensor, row int) error {
	vocab := t.Dim(-1)
	if cap(s.logits) < vocab {
		s.logits = make([]float32, vocab)
	}
	s.logits = s.logits[:vocab]
	switch t.DType() {
	case tensor.Float16:
		data, err := tensor.Data[tensor.Half](t)
		if err != nil {
			return fmt.Errorf("generate: output %s: %w", s.g.bound.d.Logits, err)
		}
		tensor.HalvesToFloat32(s.logits, data[row*vocab:(row+1)*vocab])
	case tensor.Float32:
		data, err := tensor.Data[float32](t)
		if err != nil {
			return fmt.Errorf("generate: output %s: %w", s.g.bound.d.Logits, err)
		}
		copy(s.logits, data[row*vocab:])
	default:
		return fmt.Errorf("generate: %w: logits of type %v", ErrDriver, t.DType())
	}
	return nil
}

// learn takes over the width of logits that the model gave. It matters where
// the package did not say it: ids and tokenizer can only be compared now.
func (g *Generator) learn(width int, ids []int) error {
	if int(g.bound.vocabulary.Load()) == width {
		return nil
	}
	if width <= 0 {
		return fmt.Errorf("%w: output %s has no logits", ErrDriver, g.bound.d.Logits)
	}
	if err := checkVocabulary(g.tok, width); err != nil {
		return err
	}
	g.bound.vocabulary.Store(int64(width))
	return g.bound.checkTokens(ids, "the tokens to append")
}

// Truncate cuts the sequence back to its first n tokens. What it drops costs
// nothing: the cache is simply written again from there.
func (s *Sequence) Truncate(n int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if n < 0 || n > len(s.ids) {
		return fmt.Errorf("generate: %w", &ConfigError{
			Field: "n", Reason: fmt.Sprintf("is %d; a sequence of %s can be cut back to 0 to %d", n, count(len(s.ids)), len(s.ids)),
		})
	}
	s.set(s.ids[:n])
	return nil
}

// reserve prepares n further steps of one token.
func (s *Sequence) reserve(n int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	n = min(n, s.g.bound.context-len(s.ids))
	s.set(slices.Grow(s.ids, max(n, 0)))
	s.hold.lane.reserve(len(s.ids), len(s.ids)+n)
	return nil
}

// Close gives the state back. It is safe to call more than once. While another
// call uses the sequence it fails with [ErrBusy] and nothing is given back.
func (s *Sequence) Close() error {
	if !s.status.CompareAndSwap(sequenceIdle, sequenceClosed) {
		if s.isClosed() {
			return nil
		}
		return fmt.Errorf("generate: close sequence: %w", ErrBusy)
	}
	return s.giveBack()
}
