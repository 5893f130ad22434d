package generate

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// Session is a conversation. It keeps the messages and the model's cache, so
// that a turn reads only what is new. It holds one of its generator's states
// until it is closed; one that nobody refers to any more gives it back when the
// garbage collector finds it, at some time or never.
//
// One turn at a time may use a Session. While the loop over a Send runs, every
// other Send, SetMessages and Close fails with [ErrBusy] and changes nothing,
// whether it comes from another goroutine or from within the loop. Messages may
// be called at any time. A nil or zero Session is as one whose generator is closed.
type Session struct {
	g    *Generator
	busy atomic.Bool
	text bool // it goes on with a text, and has no messages
	// What follows is for the call that has set busy alone.
	seq   *Sequence
	calls int       // of functions so far
	last  *lastTurn // nil where the conversation ends otherwise than with an answer of it
	// earlier are what last was before each turn, in a session that goes on with a text.
	earlier []*lastTurn
	// bound is the function of the package that gave the answers, nil before the first
	// one, and function and adapters what Options said.
	bound    *boundModel
	function string
	adapters []coreml.Adapter
	// pictures are those of the messages, and shown those of the turn that runs. Turns are
	// the numbers of messages and pictures that there were behind each turn.
	pictures, shown []*picture
	turns           []turnEnd
	// generation counts the changes of the conversation, or more.
	generation uint64

	mu       sync.Mutex // for messages, which others may read during a turn
	messages []tokenizer.Message
}

// NewSession starts a conversation with the given messages, such as a system
// message. The state is taken by the first turn.
func (g *Generator) NewSession(messages ...tokenizer.Message) (*Session, error) {
	g = g.made()
	if err := g.check(); err != nil {
		return nil, prefixed(fmt.Errorf("session: %w", err))
	}
	if !g.HasChatTemplate() {
		return nil, prefixed(fmt.Errorf("session: %w", ErrNoChatTemplate))
	}
	return &Session{g: g, messages: slices.Clone(messages)}, nil
}

// enter takes the session for one turn or change; leave ends it.
func (s *Session) enter() error {
	if s == nil || s.g == nil { // the zero value, which nothing made
		return fmt.Errorf("session: %w", ErrClosed)
	}
	if s.busy.CompareAndSwap(false, true) {
		return nil
	}
	return fmt.Errorf("session: %w", ErrBusy)
}

func (s *Session) leave() { s.busy.Store(false) }

// Messages returns a copy of the conversation so far. While a turn is running
// that is the conversation before it.
func (s *Session) Messages() []tokenizer.Message {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// SetMessages replaces the conversation, to shorten or to correct it. The cache
// keeps what the old and the new one share at their beginning. The next turn is given
// the pictures of all messages anew ([Options.Images]). While a turn is
// running it fails with [ErrBusy] and replaces nothing.
func (s *Session) SetMessages(messages []tokenizer.Message) error {
	if err := s.enter(); err != nil {
		return prefixed(err)
	}
	defer s.leave()
	if s.text {
		return prefixed(fmt.Errorf("set messages: %w", errTextSession))
	}
	s.pictures, s.turns, s.last = nil, nil, nil
	s.set(slices.Clone(messages))
	return nil
}

// set replaces the conversation. Only the turn or change that has entered does.
func (s *Session) set(messages []tokenizer.Message) {
	s.generation++
	s.mu.Lock()
	s.messages = messages
	s.mu.Unlock()
}

// Close gives the state back. It does not end the conversation: the messages stay,
// and a further Send takes a state anew, reads the messages again and has to be
// followed by another Close. Only after the generator's Close does Send fail, with
// [ErrClosed]. While a turn is running it fails with [ErrBusy] and gives nothing
// back: end the loop, or its context, first.
func (s *Session) Close() error {
	if s == nil || s.g == nil {
		return nil
	}
	if err := s.enter(); err != nil {
		return prefixed(err)
	}
	defer s.leave()
	if s.seq == nil {
		return nil
	}
	seq := s.seq
	s.seq = nil
	return seq.Close()
}
