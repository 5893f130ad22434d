package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/tensor"
)

// Sequence is a text in the making at the level of token ids: it appends tokens
// and gives the logits that follow them. It holds one of its generator's states
// until it is closed, and serves one goroutine at a time.
type Sequence struct {
	g      *Generator
	lane   lane
	ids    []int
	logits []float32
	calls  int
	closed bool
}

// NewSequence returns an empty sequence. It waits for a free state, or until
// ctx ends.
func (g *Generator) NewSequence(ctx context.Context) (*Sequence, error) {
	l, err := g.pool.acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return &Sequence{g: g, lane: l}, nil
}

// Len returns the number of tokens.
func (s *Sequence) Len() int { return len(s.ids) }

// Tokens returns a copy of the tokens.
func (s *Sequence) Tokens() []int { return slices.Clone(s.ids) }

// Calls returns the number of predictions so far.
func (s *Sequence) Calls() int { return s.calls }

// Append adds tokens and returns the logits that follow the last of them. The
// slice is valid until the next call and may be changed. Many tokens are fed in
// chunks of Options.PrefillChunk. After an error the sequence is as it was
// before, or, when the model failed half-way, empty: look at Len.
func (s *Sequence) Append(ctx context.Context, ids []int) ([]float32, error) {
	if err := s.feed(ctx, ids, nil); err != nil {
		return nil, err
	}
	return s.logits, nil
}

// AppendRows adds tokens and calls visit for each of them in turn with its
// position in the sequence and the logits that follow it. The slice is valid
// until visit returns and may be changed. An error of visit ends AppendRows
// with that error. After an error the sequence is as after one of Append.
func (s *Sequence) AppendRows(ctx context.Context, ids []int, visit func(pos int, logits []float32) error) error {
	return s.feed(ctx, ids, visit)
}

func (s *Sequence) feed(ctx context.Context, ids []int, visit func(int, []float32) error) error {
	switch {
	case s.closed:
		return fmt.Errorf("generate: sequence: %w", ErrClosed)
	case len(ids) == 0:
		return fmt.Errorf("generate: %w: no tokens to append", ErrConfig)
	case len(s.ids)+len(ids) > s.g.prog.context:
		return fmt.Errorf("generate: %w: %d tokens and %d more, of %d", ErrContextFull, len(s.ids), len(ids), s.g.prog.context)
	}
	for _, id := range ids {
		if id < 0 || id > math.MaxInt32 {
			return fmt.Errorf("generate: %w: token id %d", ErrConfig, id)
		}
	}
	if len(ids) > 1 {
		defer func(l lane) {
			if !s.closed {
				l.trim()
			}
		}(s.lane)
	}
	before := len(s.ids)
	err := s.feedChunks(ctx, ids, visit)
	if err != nil {
		s.ids = s.ids[:min(before, len(s.ids))]
	}
	return err
}

func (s *Sequence) feedChunks(ctx context.Context, ids []int, visit func(int, []float32) error) error {
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("generate: %w", err)
		}
		n, err := s.lane.take(len(s.ids), len(ids), s.g.chunk)
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
	s.ids = append(s.ids, ids...)
	s.calls++
	t, first, err := s.lane.feed(ctx, s.ids, len(ids), visit == nil)
	if err != nil {
		return fmt.Errorf("generate: %w", s.fail(past, err))
	}
	rows := rowsOf(t)
	if rows == 1 && len(ids) > 1 {
		if visit != nil {
			return fmt.Errorf("generate: %w: output %s has logits for the last token only", ErrDriver, s.g.prog.d.Logits)
		}
		first = 1 - len(ids)
	} else if rows < first+len(ids) {
		if terr := t.Err(); terr != nil {
			return fmt.Errorf("generate: output %s: %w", s.g.prog.d.Logits, s.fail(past, terr))
		}
		return fmt.Errorf("generate: %w: output %s has %d rows for %d tokens", ErrDriver, s.g.prog.d.Logits, rows, len(ids))
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

// fail puts the sequence into a state that can be used again. A model that
// failed may have left the cache half-written; all of it is dropped then.
func (s *Sequence) fail(past int, err error) error {
	s.ids = s.ids[:past]
	if rerr := s.lane.reset(); rerr != nil {
		l := s.lane
		s.closed, s.lane = true, nil
		return errors.Join(err, rerr, s.g.pool.discard(l))
	}
	s.ids = s.ids[:0]
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
			return fmt.Errorf("generate: output %s: %w", s.g.prog.d.Logits, err)
		}
		tensor.HalvesToFloat32(s.logits, data[row*vocab:(row+1)*vocab])
	case tensor.Float32:
		data, err := tensor.Data[float32](t)
		if err != nil {
			return fmt.Errorf("generate: output %s: %w", s.g.prog.d.Logits, err)
		}
		copy(s.logits, data[row*vocab:])
	default:
		return fmt.Errorf("generate: %w: logits of type %v", ErrDriver, t.DType())
	}
	return nil
}

// Truncate cuts the sequence back to its first n tokens. What it drops costs
// nothing: the cache is simply written again from there.
func (s *Sequence) Truncate(n int) error {
	if s.closed {
		return fmt.Errorf("generate: sequence: %w", ErrClosed)
	}
	if n < 0 || n > len(s.ids) {
		return fmt.Errorf("generate: %w: truncate %d tokens to %d", ErrConfig, len(s.ids), n)
	}
	s.ids = s.ids[:n]
	return nil
}

// reserve prepares n further steps of one token.
func (s *Sequence) reserve(n int) {
	n = min(n, s.g.prog.context-len(s.ids))
	s.ids = slices.Grow(s.ids, max(n, 0))
	s.lane.reserve(len(s.ids), len(s.ids)+n)
}

// Close gives the state back. It is safe to call more than once.
func (s *Sequence) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	l := s.lane
	s.lane = nil
	return s.g.pool.release(l)
}
