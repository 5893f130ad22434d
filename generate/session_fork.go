package generate

import (
	"context"
	"fmt"
	"slices"
)

// turnEnd is how many messages and pictures there were behind a turn.
type turnEnd struct{ messages, pictures int }

// NewTextSession starts a text that goes on: what [Session.Send] is given goes behind what
// there is, the answers with it, without a chat template. It has no messages. All else
// is as in a session of messages: the cache is kept from call to call, and Continue,
// Fork, Save and Close do the same. An end token that the model gave is not part of
// the text that the next call goes on with.
func (g *Generator) NewTextSession() (*Session, error) {
	g = g.made()
	if err := g.check(); err != nil {
		return nil, prefixed(fmt.Errorf("session: %w", err))
	}
	if g.tok == nil {
		return nil, prefixed(fmt.Errorf("session: %w", ErrNoTokenizer))
	}
	return &Session{g: g, text: true}, nil
}

// IsText reports whether the session is one of [Generator.NewTextSession].
func (s *Session) IsText() bool { return s != nil && s.text }

// Fork returns a session with the same conversation that goes its own way: neither sees
// what is said in the other. What the model's cache holds is copied as far as it is
// filled, as [Sequence.Fork] does; a session that holds no state, before its first turn
// or after Close, is copied without one.
//
// The session is in use until Fork returns, and the new one has to be closed by itself.
// It waits for a free state, or until ctx ends; a nil ctx never ends.
func (s *Session) Fork(ctx context.Context) (*Session, error) {
	if err := s.enter(); err != nil {
		return nil, prefixed(fmt.Errorf("fork: %w", err))
	}
	defer s.leave()
	fork := &Session{
		g: s.g, text: s.text, calls: s.calls, generation: s.generation, bound: s.bound, function: s.function, adapters: s.adapters,
		pictures: slices.Clone(s.pictures), turns: slices.Clone(s.turns), last: s.last.clone(), messages: s.Messages(),
		earlier: slices.Clone(s.earlier),
	}
	if s.seq != nil && !s.seq.isClosed() {
		var err error
		if fork.seq, err = s.seq.fork(background(ctx)); err != nil {
			return nil, prefixed(fmt.Errorf("fork: %w", err))
		}
	}
	return fork, nil
}

// Rewind takes the conversation back to its first n messages, to say something else from
// there on. The cache keeps what it has of them, and the pictures of the turns that stay
// do, too. While a turn is running it fails with [ErrBusy] and changes nothing.
//
// In a session of [Generator.NewTextSession], which has no messages, n counts its turns:
// what each Send added with the answer to it, however often that was continued. What a
// session was restored with is one turn.
func (s *Session) Rewind(n int) error {
	if err := s.enter(); err != nil {
		return prefixed(fmt.Errorf("rewind: %w", err))
	}
	s.generation++
	defer s.leave()
	messages := s.Messages()
	switch {
	case s.text:
		return s.rewindText(n)
	case n < 0 || n > len(messages):
		return prefixed(configErrorf("n", "is %d; a conversation of %d messages can go back to 0 to %d", n, len(messages), len(messages)))
	case n == len(messages):
		return nil
	}
	for len(s.turns) > 0 && s.turns[len(s.turns)-1].messages > n {
		s.turns = s.turns[:len(s.turns)-1]
	}
	pictures := 0
	if len(s.turns) > 0 {
		pictures = s.turns[len(s.turns)-1].pictures
	}
	s.pictures, s.last = s.pictures[:min(pictures, len(s.pictures))], nil
	s.set(slices.Clip(messages[:n]))
	return nil
}

// rewindText takes a text back to its first n turns. An answer is never changed behind
// its turn, so that what was remembered then is still right.
func (s *Session) rewindText(n int) error {
	turns := len(s.earlier)
	switch {
	case n < 0 || n > turns:
		return prefixed(configErrorf("n", "is %d; a text of %d turns can go back to 0 to %d", n, turns, turns))
	case n == turns:
		return nil
	}
	s.last, s.earlier = s.earlier[n], slices.Clip(s.earlier[:n])
	return nil
}
