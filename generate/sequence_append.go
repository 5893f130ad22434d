package generate

import (
	"context"
	"errors"
	"fmt"
)

// visitor is called for each token with its position and the logits that follow
// it.
type visitor func(pos int, logits []float32) error

// Append adds tokens and returns the logits that follow the last of them. The
// slice is valid until the next call and may be changed. Many tokens are taken
// in chunks of Config.PrefillChunk. What can be refused, such as an id that is no
// token of the model or a number of tokens that its shapes do not allow, is
// refused before anything is run. After an error the sequence is as it was
// before, or, when the model failed half-way, empty: look at Len. A nil ctx
// never ends.
func (s *Sequence) Append(ctx context.Context, ids []int) ([]float32, error) {
	logits, err := s.append(background(ctx), ids, nil)
	return logits, prefixed(err)
}

// AppendRows adds tokens and calls visit for each of them in turn with its
// position in the sequence and the logits that follow it. The slice is valid
// until visit returns and may be changed. An error of visit ends AppendRows
// with that error. After an error the sequence is as after one of Append. A nil
// ctx never ends.
func (s *Sequence) AppendRows(ctx context.Context, ids []int, visit func(pos int, logits []float32) error) error {
	if visit == nil {
		return prefixed(configErrorf("visit", "is nil"))
	}
	var visited error
	_, err := s.append(background(ctx), ids, func(pos int, logits []float32) error {
		visited = visit(pos, logits)
		return visited
	})
	if visited != nil {
		return visited // the caller's own, as it is
	}
	return prefixed(err)
}

// append adds tokens in chunks. Without a visitor it returns the logits of the last
// token: once the call has left the sequence, its fields may be another's.
func (s *Sequence) append(ctx context.Context, ids []int, visit visitor) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	if err := s.check(ids, visit != nil); err != nil {
		return nil, err
	}
	if s.turn.served = 0; len(ids) > 1 {
		defer s.forgetTurn()
		defer s.lease.lane.trim()
	}
	before, whole := len(s.ids), false
	defer func() { // for an error, and for a panic of visit
		if !whole {
			read := s.ids
			s.setTokens(s.ids[:min(before, len(s.ids))])
			s.read = read
		}
	}()
	if err := s.appendChunks(ctx, ids, visit); err != nil {
		return nil, err
	}
	whole = true
	return s.logits, nil
}

// appendChunks adds tokens that were checked. Each chunk is as long as the shapes
// and Config.PrefillChunk allow at its place.
func (s *Sequence) appendChunks(ctx context.Context, ids []int, visit visitor) error {
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.lease.lane.chunk(len(s.ids), len(ids), s.limit(visit != nil))
		if err != nil {
			return err
		}
		if err := s.appendChunk(ctx, ids[:n], visit, n == len(ids)); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// limit returns the greatest number of tokens in one pass. Where every row of the
// logits is wanted and a pass gives one, it is one token.
func (s *Sequence) limit(every bool) int {
	if every && s.bound.oneRow {
		return 1
	}
	return s.g.chunk
}

// check refuses tokens that cannot be appended, before anything is run.
func (s *Sequence) check(ids []int, every bool) error {
	m := s.bound
	if len(ids) == 0 {
		return configErrorf("ids", "there are no tokens to append")
	}
	if len(ids) > m.context-len(s.ids) {
		return &ContextError{Tokens: len(ids), Before: len(s.ids), ContextLength: m.context}
	}
	if err := m.checkTokens(ids, appended); err != nil {
		return err
	}
	// A chunk in the middle that no shape allows must be found now: later half of
	// the tokens are in the cache.
	for past, end := len(s.ids), len(s.ids)+len(ids); past < end; {
		n, err := s.lease.lane.chunk(past, end-past, s.limit(every))
		if err != nil {
			return err
		}
		past += n
	}
	return nil
}

// appended says in errors where ids came from.
const appended = "the tokens to append"

// appendChunk adds the tokens of one forward pass and reads the logits that are
// wanted: with a visitor all, without one those of the last token, and none
// where further chunks follow.
func (s *Sequence) appendChunk(ctx context.Context, ids []int, visit visitor, last bool) error {
	past, want := len(s.ids), wantNone
	switch {
	case visit != nil:
		want = wantEvery
	case last:
		want = wantLast
	}
	if len(ids) > 1 || want == wantNone || s.turn.more {
		if err := s.takeTurn(ctx, len(ids), want == wantNone); err != nil {
			return err
		}
	}
	a, err := s.forward(ctx, append(s.ids, ids...), len(ids), want)
	if err != nil {
		return s.cutAfter(ctx, past, err)
	}
	if a.rows == 0 && want == wantNone {
		return nil
	}
	first, err := s.checkRows(a, len(ids), visit != nil)
	if err != nil {
		return err
	}
	if err := s.learnVocabulary(a, ids); err != nil {
		return s.resetAfter(past, err)
	}
	switch want {
	case wantEvery:
		return s.visitRows(a, first, past, visit)
	case wantLast:
		return s.readRow(a, first+len(ids)-1)
	}
	return nil
}

// visitRows shows the visitor the rows of the tokens from past on; the first of
// them has row first.
func (s *Sequence) visitRows(a *answer, first, past int, visit visitor) error {
	for pos := past; pos < len(s.ids); pos++ {
		if err := s.readRow(a, first+pos-past); err != nil {
			return err
		}
		if err := visit(pos, s.logits); err != nil {
			return err
		}
	}
	return nil
}

// takeTurn waits for the turn to read n tokens of a prompt. The pass ends it.
// With more a further chunk follows; where none does after all, forgetTurn says so.
func (s *Sequence) takeTurn(ctx context.Context, n int, more bool) error {
	return s.g.turns.enter(ctx, &s.turn, n, s.g.chunk, more)
}

func (s *Sequence) forgetTurn() { s.g.turns.forget(&s.turn, s.g.chunk) }

// forward runs the model over the last n of all, which the sequence holds from
// then on. Until it returns the lane counts as half-written. With it ends the
// sequence's turn, if it has one.
func (s *Sequence) forward(ctx context.Context, all []int, n int, want wanted) (*answer, error) {
	if s.turn.held {
		defer s.g.turns.leave(&s.turn, s.g.chunk)
	}
	s.countCall()
	s.lease.running = true
	a, err := s.lease.lane.forward(ctx, all, n, want)
	s.lease.running = false
	s.setTokens(all)
	return a, err
}

// checkRows refuses logits that have not a row for each of n tokens. A single row
// is that of the last token, which is not enough where every row is wanted. It
// returns the row of the first token, which is negative then.
func (s *Sequence) checkRows(a *answer, n int, every bool) (int, error) {
	switch {
	case a.rows == 1 && n > 1 && every:
		return 0, fmt.Errorf("%w: output %s has logits for the last token only", ErrDriver, s.bound.outputName())
	case a.rows == 1:
		return 1 - n, nil
	case a.rows >= a.first+n:
		return a.first, nil
	}
	return 0, fmt.Errorf("%w: output %s has %d rows for %d tokens", ErrDriver, s.bound.outputName(), a.rows, n)
}

// cutAfter takes the sequence back to what it was before a pass that failed. Where it is
// the context that ended the pass, that is what was there, if the cache allows it; else
// it is nothing. It returns err, with what else went wrong.
func (s *Sequence) cutAfter(ctx context.Context, past int, err error) error {
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		s.lease.running = true
		if s.lease.lane.recover(past) {
			s.lease.running = false
			s.setTokens(s.ids[:past])
			return err
		}
	}
	return s.resetAfter(past, err)
}

// resetAfter puts the sequence into a state that can be used again. A model that
// failed may have left the cache half-written; all of it is dropped then. It
// returns err, with what else went wrong.
func (s *Sequence) resetAfter(past int, err error) error {
	s.setTokens(s.ids[:past])
	s.lease.running = true // until the reset is through
	if rerr := s.lease.lane.reset(); rerr != nil {
		s.status.Store(sequenceClosed)
		return errors.Join(err, rerr, s.release())
	}
	s.lease.running = false
	s.setTokens(s.ids[:0])
	return err
}

// learnVocabulary takes over the number of logits in a row that the model gave.
// It matters where the package did not say it: ids and tokenizer can only be
// compared now. A package that said another number is refused.
func (s *Sequence) learnVocabulary(a *answer, ids []int) error {
	width := a.width
	if int(s.bound.vocabulary.Load()) == width {
		return nil
	}
	name := s.bound.outputName()
	if width <= 0 {
		return fmt.Errorf("%w: output %s has no logits", ErrDriver, name)
	}
	if want := s.bound.declared; want > 0 && width != want {
		return fmt.Errorf("%w: output %s is %v, where the package declares %d logits for a token", ErrDriver, name, a.shape(), want)
	}
	if err := checkVocabulary(s.g.tok, width); err != nil {
		return err
	}
	s.bound.vocabulary.Store(int64(width))
	return s.bound.checkTokens(ids, appended)
}

// readRow copies one row of the logits into s.logits, as float32.
func (s *Sequence) readRow(a *answer, row int) (err error) {
	if s.logits, err = a.read(s.logits, row); err != nil {
		return fmt.Errorf("output %s: %w", s.bound.outputName(), err)
	}
	return nil
}
