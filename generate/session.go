package generate

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	// What follows is for the call that has set busy alone.
	seq   *Sequence
	calls int // of functions so far
	// bound is the function of the package that gave the answers, nil before the first
	// one, and function and adapters what Options said.
	bound    *boundModel
	function string
	adapters []coreml.Adapter
	// pictures are those of the messages, and shown those of the turn that runs.
	pictures, shown []*picture

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
	if !g.chats() {
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
	s.pictures = nil
	s.set(slices.Clone(messages))
	return nil
}

// set replaces the conversation. Only the turn or change that has entered does.
func (s *Session) set(messages []tokenizer.Message) {
	s.mu.Lock()
	s.messages = messages
	s.mu.Unlock()
}

// Send adds a message of the user and yields the answer, which becomes a
// message of the assistant: its text, with the marks that templates find thinking by,
// or without the thinking, which is in reasoning_content then, where the marks are special
// tokens that no text has. An answer that the caller breaks off is kept as far
// as it was yielded. After an error, and after a panic that leaves the loop, the
// conversation is as it was before Send, and Send can be tried again;
// [ErrContextFull] asks for [Session.SetMessages] first. A nil ctx never ends; a
// nil opts is the zero [Options].
func (s *Session) Send(ctx context.Context, text string, opts *Options) iter.Seq2[Token, error] {
	return s.SendMessages(ctx, []tokenizer.Message{{Role: "user", Content: text}}, opts)
}

// SendMessages is [Session.Send] for messages of any role, such as the results
// of the functions that the last answer called: {Role: "tool", Content: …}, with
// the name and the tool_call_id in Extra where the template asks for them.
func (s *Session) SendMessages(ctx context.Context, messages []tokenizer.Message, opts *Options) iter.Seq2[Token, error] {
	ctx = background(ctx)
	return tokens(func(emit func(Token) bool) error { return s.exchange(ctx, messages, opts, emit) })
}

// exchange runs one turn and adds it to the conversation when it has ended.
func (s *Session) exchange(ctx context.Context, messages []tokenizer.Message, opts *Options, emit func(Token) bool) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	all := append(s.Messages(), messages...)
	var answer turnAnswer
	stopped := false
	plain, err := s.turn(ctx, all, opts, func(t Token) bool {
		answer.text.WriteString(t.Text)
		answer.thinking.WriteString(t.Reasoning)
		answer.calls = append(answer.calls, t.Calls...)
		stopped = !emit(t)
		return !stopped
	})
	if err != nil && !stopped {
		return err
	}
	answer.plain = plain
	s.calls += len(answer.calls)
	s.pictures = s.shown
	s.set(append(all, answer.message(ctx, s.g.tok, s.g.chatOptions(opts))))
	return nil
}

// turn runs the answer to messages on the session's sequence, which it makes
// where there is none: before the first turn, and when a panic has taken it. It returns
// the text of the answer without its thinking.
func (s *Session) turn(ctx context.Context, messages []tokenizer.Message, opts *Options, emit func(Token) bool) (plain string, err error) {
	o := valueOr(opts, Options{})
	o.Function = cmp.Or(o.Function, s.function)
	if o.Adapters == nil {
		o.Adapters = s.adapters
	}
	r, err := s.g.newGeneration(ctx, &o, true, time.Now())
	if err != nil {
		return "", err
	}
	if s.bound != nil && r.bound != s.bound && (o.Function == s.function || o.Function == "") {
		return "", configErrorf("Adapters", "are others than before, but a session keeps those of its first answer: a new one can begin with these messages")
	}
	if s.bound != nil && r.bound != s.bound {
		return "", configErrorf("Function", "is %q, but a session keeps the function of its first answer: a new one can begin with these messages", o.Function)
	}
	r.calls = s.calls
	if s.g.chatOptions(opts).ContinueFinalMessage {
		return "", configErrorf("Chat.ContinueFinalMessage", "is set, but the answer of a session is a message of its own")
	}
	prompt, err := s.g.encodeChat(ctx, messages, opts)
	if err != nil {
		return "", err
	}
	if prompt, err = r.place(ctx, prompt, s.pictures); err != nil {
		return "", err
	}
	if err := r.checkPrompt(prompt); err != nil {
		return "", err
	}
	if s.seq != nil && s.seq.bound != r.bound { // of a first turn that failed
		if err := s.seq.close(); err != nil {
			return "", err
		}
		s.seq = nil
	}
	q := s.g.begin(ctx, r)
	defer func() { q.end(err) }()
	s.shown = r.shown
	if s.seq == nil || s.seq.isClosed() {
		if s.seq, err = r.sequence(ctx); err != nil {
			return "", err
		}
	}
	if err = r.run(ctx, s.seq, prompt, emit); err == nil {
		s.bound, s.function, s.adapters = r.bound, o.Function, o.Adapters
	}
	return r.plain.text.String(), err
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
