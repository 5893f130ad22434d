package generate

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// Session is a conversation. It keeps the messages and the model's cache, so
// that a turn reads only what is new. It holds one of its generator's states
// until it is closed, and serves one goroutine at a time.
type Session struct {
	g        *Generator
	seq      *Sequence
	messages []tokenizer.Message
	calls    int // of functions so far
}

// NewSession starts a conversation with the given messages, such as a system
// message. The state is taken by the first turn.
func (g *Generator) NewSession(messages ...tokenizer.Message) (*Session, error) {
	if g.tok == nil || !g.tok.HasChatTemplate() {
		return nil, fmt.Errorf("generate: session: %w", ErrNoChatTemplate)
	}
	return &Session{g: g, messages: slices.Clone(messages)}, nil
}

// Messages returns a copy of the conversation so far.
func (s *Session) Messages() []tokenizer.Message { return slices.Clone(s.messages) }

// SetMessages replaces the conversation, to shorten or to correct it. The cache
// keeps what the old and the new one share at their beginning.
func (s *Session) SetMessages(messages []tokenizer.Message) { s.messages = slices.Clone(messages) }

// Send adds a message of the user and yields the answer, which becomes a
// message of the assistant. An answer that the caller breaks off is kept as far
// as it was yielded. After an error the conversation is as it was before Send,
// and Send can be tried again; [ErrContextFull] asks for [Session.SetMessages]
// first. A nil cfg is the zero [Config].
func (s *Session) Send(ctx context.Context, text string, cfg *Config) iter.Seq2[Token, error] {
	return s.SendMessages(ctx, []tokenizer.Message{{Role: "user", Content: text}}, cfg)
}

// SendMessages is [Session.Send] for messages of any role, such as the results
// of the functions that the last answer called: {Role: "tool", Content: …}, with
// the name and the tool_call_id in Extra where the template asks for them.
func (s *Session) SendMessages(ctx context.Context, messages []tokenizer.Message, cfg *Config) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		before := len(s.messages)
		s.messages = append(s.messages, messages...)
		var answer strings.Builder
		var calls []tokenizer.ToolCall
		broken := false
		err := s.turn(ctx, cfg, func(t Token) bool {
			answer.WriteString(t.Text)
			calls = append(calls, t.Calls...)
			broken = !yield(t, nil)
			return !broken
		})
		if err != nil && !broken {
			s.messages = s.messages[:before]
			yield(Token{}, err)
			return
		}
		s.calls += len(calls)
		s.messages = append(s.messages, answerMessage(answer.String(), calls))
	}
}

func (s *Session) turn(ctx context.Context, cfg *Config, emit func(Token) bool) error {
	r, err := s.g.newRun(cfg, true, time.Now())
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if r.tools != nil {
		r.tools.calls = s.calls
	}
	ids, err := s.g.encodeChat(ctx, s.messages, cfg)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if s.seq == nil || s.seq.closed {
		if s.seq, err = s.g.NewSequence(ctx); err != nil {
			return err
		}
	}
	return r.run(ctx, s.seq, ids, emit)
}

// Close gives the state back. The messages stay, and a further Send takes a
// state anew.
func (s *Session) Close() error {
	if s.seq == nil {
		return nil
	}
	seq := s.seq
	s.seq = nil
	return seq.Close()
}
