package generate

import (
	"context"
	"fmt"
	"math"
)

// block appends tokens in one forward pass whose rows have the bits that they have one
// by one, and copies the logits that follow each of them to rows. Of the tokens the
// sequence then holds the first alone: the others are a draft, which [Sequence.advance]
// takes over one after another. The next pass writes over those that it did not take.
func (s *Sequence) block(ctx context.Context, ids []int, rows [][]float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	past := len(s.ids)
	a, err := s.forward(ctx, append(s.ids, ids...), len(ids), wantAlone)
	if err != nil {
		return s.cutAfter(ctx, past, err)
	}
	first, err := s.checkRows(a, len(ids), true)
	if err == nil && a.width != int(s.bound.vocabulary.Load()) {
		err = fmt.Errorf("%w: output %s has %d logits for a token, and had %d before", ErrDriver, s.bound.outputName(), a.width, s.bound.vocabulary.Load())
	}
	for i := 0; i < len(ids) && err == nil; i++ {
		rows[i], err = a.read(rows[i], first+i)
	}
	if err != nil {
		return s.resetAfter(past, err)
	}
	s.setTokens(s.ids[:past+1])
	return nil
}

// advance takes over the next token of a draft, which the last pass has read.
func (s *Sequence) advance(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	s.setTokens(s.ids[:len(s.ids)+1])
	return nil
}

// blockLimit returns how many tokens one pass takes whose logits are all wanted, at most
// n of them; 1 where drafts cannot be verified here.
func (s *Sequence) blockLimit(n int) (int, error) {
	m := s.bound
	n = min(n, m.context-len(s.ids))
	if m.noBlocks() != "" || n < 2 {
		return 1, nil
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	// A shape that is refused is no error here: one token may do.
	took, err := s.lease.lane.chunk(len(s.ids), n, n)
	if err != nil || took < 2 {
		return 1, nil
	}
	return took, nil
}

// noBlocks says why the logits of several tokens cannot be had from one pass and tokens
// be taken back at no cost, empty where they can.
func (b *boundModel) noBlocks() string {
	switch {
	case b.oneRow || len(b.output.Indices) > 0:
		return "a prediction of the package gives the logits of one token"
	case b.prefill.Window > 0:
		return "the package runs earlier tokens again with each prediction"
	case b.keeps || b.d.Rewind == RewindNone || b.freeRewind != math.MaxInt:
		return "the package's cache cannot be cut back by a token"
	case len(b.prefills) == 1 && b.prefills[0].most == 1:
		return "a prediction of the package takes one token"
	}
	return ""
}
