package generate

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
// be called at any time.
type Session struct {
	g    *Generator
	busy atomic.Bool
	// What follows belongs to whoever has set busy.
	seq   *Sequence
	calls int // of functions so far

	mu       sync.Mutex // for messages, which others may read during a turn
	messages []tokenizer.Message
}

// NewSession starts a conversation with the given messages, such as a system
// message. The state is taken by the first turn.
func (g *Generator) NewSession(messages ...tokenizer.Message) (*Session, error) {
	if g.tok == nil || !g.tok.HasChatTemplate() {
		return nil, fmt.Errorf("generate: session: %w", ErrNoChatTemplate)
	}
	return &Session{g: g, messages: slices.Clone(messages)}, nil
}

// enter takes the session for one turn or change; busy.Store(false) ends it.
func (s *Session) enter() error {
	if s.busy.CompareAndSwap(false, true) {
		return nil
	}
	return fmt.Errorf("generate: session: %w", ErrBusy)
}

// Messages returns a copy of the conversation so far. While a turn is running
// that is the conversation before it.
func (s *Session) Messages() []tokenizer.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// SetMessages replaces the conversation, to shorten or to correct it. The cache
// keeps what the old and the new one share at their beginning. While a turn is
// running it fails with [ErrBusy] and replaces nothing.
func (s *Session) SetMessages(messages []tokenizer.Message) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.busy.Store(false)
	s.set(slices.Clone(messages))
	return nil
}

func (s *Session) set(messages []tokenizer.Message) {
	s.mu.Lock()
	s.messages = messages
	s.mu.Unlock()
}

// Send adds a message of the user and yields the answer, which becomes a
// message of the assistant. An answer that the caller breaks off is kept as far
// as it was yielded. After an error, and after a panic that leaves the loop, the
// conversation is as it was before Send, and Send can be tried again;
// [ErrContextFull] asks for [Session.SetMessages] first. A nil ctx never ends; a
// nil cfg is the zero [Config].
func (s *Session) Send(ctx context.Context, text string, cfg *Config) iter.Seq2[Token, error] {
	return s.SendMessages(ctx, []tokenizer.Message{{Role: "user", Content: text}}, cfg)
}

// SendMessages is [Session.Send] for messages of any role, such as the results
// of the functions that the last answer called: {Role: "tool", Content: …}, with
// the name and the tool_call_id in Extra where the template asks for them.
func (s *Session) SendMessages(ctx context.Context, messages []tokenizer.Message, cfg *Config) iter.Seq2[Token, error] {
	ctx = background(ctx)
	return func(yield func(Token, error) bool) {
		stopped := false
		err := s.exchange(ctx, messages, cfg, func(t Token) bool {
			stopped = !yield(t, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(Token{}, err)
		}
	}
}

// exchange runs one turn and adds it to the conversation when it has ended.
func (s *Session) exchange(ctx context.Context, messages []tokenizer.Message, cfg *Config, emit func(Token) bool) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.busy.Store(false)
	all := append(s.Messages(), messages...)
	var answer strings.Builder
	var calls []tokenizer.ToolCall
	stopped := false
	err := s.turn(ctx, all, cfg, func(t Token) bool {
		answer.WriteString(t.Text)
		calls = append(calls, t.Calls...)
		stopped = !emit(t)
		return !stopped
	})
	if err != nil && !stopped {
		return err
	}
	s.calls += len(calls)
	s.set(append(all, answerMessage(answer.String(), calls)))
	return nil
}

func (s *Session) turn(ctx context.Context, messages []tokenizer.Message, cfg *Config, emit func(Token) bool) error {
	r, err := s.g.newRun(cfg, true, time.Now())
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if r.tools != nil {
		r.tools.calls = s.calls
	}
	ids, err := s.g.encodeChat(ctx, messages, cfg)
	if err == nil {
		err = s.g.checkPrompt(ids)
	}
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if s.seq == nil || s.seq.isClosed() {
		if s.seq, err = s.g.NewSequence(ctx); err != nil {
			return err
		}
	}
	return r.run(ctx, s.seq, ids, emit)
}

// Close gives the state back. The messages stay, and a further Send takes a
// state anew. While a turn is running it fails with [ErrBusy] and gives nothing
// back: end the loop, or its context, first.
func (s *Session) Close() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.busy.Store(false)
	if s.seq == nil {
		return nil
	}
	seq := s.seq
	s.seq = nil
	return seq.Close()
}
