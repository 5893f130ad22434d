package generate

import (
	"context"
	"fmt"
	"runtime"
	"slices"
)

// Fork returns a sequence with the same tokens that goes its own way: neither sees what
// is done with the other. The model's cache is copied as far as it is filled, which
// takes a small part of the time that reading the tokens took.
//
// Like NewSequence it waits for a free state, or until ctx ends; a nil ctx never ends. A
// generator of one state (Config.MaxStates) has none for a second sequence, which is an
// [ErrConfig]. Where all states are held by sequences that wait for their copies, none
// would ever become free: the last to come fails with [ErrBusy]. The sequence is in use
// until Fork returns.
func (s *Sequence) Fork(ctx context.Context) (*Sequence, error) {
	fork, err := s.fork(background(ctx))
	if err != nil {
		return nil, prefixed(fmt.Errorf("fork: %w", err))
	}
	return fork, nil
}

func (s *Sequence) fork(ctx context.Context) (*Sequence, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	if err := s.g.pool.roomFor(s.bound, 2); err != nil {
		return nil, err
	}
	return s.copied(ctx, claim{holds: true})
}

// forkNow is fork where a state is free now, and else errNotNow.
func (s *Sequence) forkNow(ctx context.Context) (*Sequence, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	return s.copied(ctx, claim{now: true, priority: s.turn.priority})
}

// copied returns a copy of a sequence that the caller has entered.
func (s *Sequence) copied(ctx context.Context, c claim) (*Sequence, error) {
	c.of, c.from = s.bound, s.lease.lane
	list, err := s.g.claimSequences(ctx, c)
	if err != nil {
		return nil, err
	}
	list[0].pictures = s.pictures
	list[0].setTokens(slices.Clone(s.ids))
	return list[0], nil
}

// holdSequence completes a sequence with a lease, which goes back when nobody refers to it.
func (g *Generator) holdSequence(s *Sequence) *Sequence {
	s.g = g
	s.cleanup = runtime.AddCleanup(s, func(l *lease) { _ = l.release() }, s.lease)
	return s
}

// roomFor refuses what takes more states at once than there can be: it would wait for
// ever.
func (p *pool) roomFor(of *boundModel, states int) error {
	switch {
	case p.size < states:
		return configErrorf("MaxStates", "is %d, but the copy of a sequence needs a state beside it: want %d or more", p.size, states)
	case p.most(of) < states:
		return configErrorf("MaxStateBytes", "is %d, but the copy of a sequence needs a state beside it: want %d or more", p.bytes, int64(states)*of.stateBytes)
	}
	return nil
}

// most returns how many states of a function there can be at once.
func (p *pool) most(of *boundModel) int {
	if p.bytes == 0 || of.stateBytes == 0 {
		return p.size
	}
	return int(min(int64(p.size), p.bytes/of.stateBytes))
}
