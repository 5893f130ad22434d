package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/gocoreml/coreml/generate/internal/grammars"
	"github.com/gocoreml/coreml/generate/internal/promptdone"
	"github.com/gocoreml/coreml/tokenizer"
)

// Send adds a message of the user and yields the answer, which becomes a
// message of the assistant: its text, with the marks that templates find thinking by,
// or without the thinking, which is in reasoning_content then, where the marks are special
// tokens that no text has. An answer that the caller breaks off is kept as far
// as it was yielded. After an error, and after a panic that leaves the loop, the
// conversation is as it was before Send, and Send can be tried again;
// [ErrContextFull] asks for [Options.Overflow] or [Session.SetMessages] first. A nil ctx
// never ends; a nil opts is the zero [Options].
//
// In a session of [Generator.NewTextSession] the text goes behind what there is.
func (s *Session) Send(ctx context.Context, text string, opts *Options) iter.Seq2[Token, error] {
	if s != nil && s.text {
		return s.stream(ctx, func() *sessionTurn { return &sessionTurn{text: text, opts: valueOr(opts, Options{})} })
	}
	return s.SendMessages(ctx, []tokenizer.Message{{Role: "user", Content: text}}, opts)
}

// SendMessages is [Session.Send] for messages of any role, such as the results
// of the functions that the last answer called: {Role: "tool", Content: …}, with
// the name and the tool_call_id in Extra where the template asks for them.
func (s *Session) SendMessages(ctx context.Context, messages []tokenizer.Message, opts *Options) iter.Seq2[Token, error] {
	return s.stream(ctx, func() *sessionTurn {
		return &sessionTurn{messages: append(s.Messages(), messages...), fresh: len(messages), opts: valueOr(opts, Options{})}
	})
}

// Continue goes on with the last answer where it was left: because of MaxTokens, because
// the context was full, or because the caller broke the loop. The tokens are those that
// would have come without the interruption where they are the likeliest ones, and what
// is yielded is what comes now; the message in the conversation grows. An answer that the
// model or a stop string has ended is refused with [ErrFinished], as is a conversation
// without an answer at its end. An answer that [Session.SetMessages] has put there is gone
// on with as the chat template writes it (ChatOptions.ContinueFinalMessage). A Grammar and
// a ToolChoice that requires a call bind an answer from its beginning, and are refused.
//
// What holds for errors and for breaking off is as for [Session.Send].
func (s *Session) Continue(ctx context.Context, opts *Options) iter.Seq2[Token, error] {
	return s.stream(ctx, func() *sessionTurn {
		t := &sessionTurn{messages: s.Messages(), opts: valueOr(opts, Options{}), continues: true}
		if s.last != nil {
			t.resumed = &resumed{last: s.last, answer: &turnAnswer{}}
		}
		return t
	})
}

// stream runs a turn, which make describes once the session is the turn's.
func (s *Session) stream(ctx context.Context, make func() *sessionTurn) iter.Seq2[Token, error] {
	ctx = background(ctx)
	return tokens(func(emit func(Token) bool) error {
		if err := s.enter(); err != nil {
			return err
		}
		defer s.leave()
		return s.exchange(ctx, make(), emit)
	})
}

// sessionTurn is an answer in the making and what it answers.
type sessionTurn struct {
	opts     Options
	messages []tokenizer.Message // of the conversation, those of the turn with them
	fresh    int                 // how many of them are the turn's
	text     string              // of a session without messages
	// continues says that the answer goes on with the last message, and resumed with what
	// of it is known token by token.
	continues bool
	resumed   *resumed

	answer turnAnswer
	r      *generation
}

// exchange runs one turn and adds it to the conversation when it has ended.
func (s *Session) exchange(ctx context.Context, t *sessionTurn, emit func(Token) bool) error {
	if err := s.checkTurn(t); err != nil {
		return err
	}
	stopped := false
	err := s.turn(ctx, t, func(tok Token) bool {
		t.answer.add(tok)
		if t.resumed != nil {
			tok = t.resumed.fresh(tok)
		}
		stopped = !emit(tok)
		return !stopped
	})
	if err != nil && !stopped {
		return err
	}
	s.keep(ctx, t)
	return nil
}

// checkTurn refuses turns that there cannot be.
func (s *Session) checkTurn(t *sessionTurn) error {
	switch {
	case t.opts.Guidance.on():
		return configErrorf("Guidance", "needs a state of its own, and a session has one: want Generator.Chat")
	case t.continues && t.opts.Grammar != nil:
		return configErrorf("Grammar", "binds an answer from its beginning, and this one goes on: want Session.Send")
	case t.continues && t.opts.requiresCall():
		return configErrorf("ToolChoice", "binds an answer from its beginning, and this one goes on: want Session.Send")
	case s.text && !t.continues && t.messages != nil:
		return errTextSession
	case !t.continues:
		return nil
	case t.resumed != nil && (t.resumed.last.Finish == FinishEnd || t.resumed.last.Finish == FinishStop):
		return fmt.Errorf("continue: %w (%s)", ErrFinished, t.resumed.last.Finish)
	case t.resumed == nil && (len(t.messages) == 0 || t.messages[len(t.messages)-1].Role != "assistant"):
		return fmt.Errorf("continue: %w: the conversation does not end with one", ErrFinished)
	}
	return nil
}

// turn runs the answer on the session's sequence, which it makes
// where there is none: before the first turn, and when a panic has taken it.
func (s *Session) turn(ctx context.Context, t *sessionTurn, emit func(Token) bool) error {
	defer func() { t.r.done() }()
	if err := s.begin(ctx, t); err != nil {
		return err
	}
	r := t.r
	prompt, err := s.prompt(ctx, t)
	if err != nil {
		return err
	}
	if t.resumed != nil {
		r.resumed, r.pictures, r.shown = t.resumed, t.resumed.last.pictures, s.pictures
		r.calls = s.calls - t.resumed.last.Calls
	} else if prompt, err = r.place(ctx, prompt, s.pictures); err != nil {
		return err
	}
	if prompt, err = r.fit(ctx, prompt, t.messages); err != nil {
		return err
	}
	promptdone.Signal(ctx)
	if err := r.checkPrompt(prompt); err != nil {
		return err
	}
	if s.seq != nil && s.seq.bound != r.bound { // of a first turn that failed
		if err := s.seq.close(); err != nil {
			return err
		}
		s.seq = nil
	}
	s.shown, r.asked = r.shown, prompt
	if t.resumed != nil {
		t.resumed.answer = &t.answer
	}
	err = r.observed(ctx, func() (err error) {
		if s.seq == nil || s.seq.isClosed() {
			if s.seq, err = r.sequence(ctx); err != nil {
				return err
			}
		}
		return r.run(ctx, s.seq, prompt, emit)
	})
	if s.seq != nil {
		s.seq.reusable = leavesSound(ctx, err) // by others, when the session is closed
	}
	if err == nil {
		s.bound, s.function, s.adapters = r.bound, t.opts.Function, t.opts.Adapters
	}
	return err
}

// begin checks the options and prepares the answer.
func (s *Session) begin(ctx context.Context, t *sessionTurn) (err error) {
	given := t.opts
	t.opts.Function = cmp.Or(t.opts.Function, s.function)
	if t.opts.Adapters == nil {
		t.opts.Adapters = s.adapters
	}
	if t.r, err = s.g.newGeneration(s.withoutRoom(ctx), &t.opts, !s.text, time.Now()); err != nil {
		return err
	}
	t.r.calls = s.calls
	if s.bound != nil && t.r.bound != s.bound {
		if t.opts.Function == s.function || given.Function == "" {
			return configErrorf("Adapters", "are others than before, but a session keeps those of its first answer: a new one can begin with these messages")
		}
		return configErrorf("Function", "is %q, but a session keeps the function of its first answer: a new one can begin with these messages", given.Function)
	}
	if !s.text && s.g.chatOptions(&t.opts).ContinueFinalMessage {
		return configErrorf("Chat.ContinueFinalMessage", "is set, but the answer of a session is a message of its own: Continue goes on with the last one")
	}
	return nil
}

// withoutRoom returns a context under which a grammar does not wait for room: while the session
// has a state, those that have room may wait for it.
func (s *Session) withoutRoom(ctx context.Context) context.Context {
	if s.seq == nil {
		return ctx
	}
	return grammars.AtOnce(ctx)
}

// prompt returns the tokens that the answer follows.
func (s *Session) prompt(ctx context.Context, t *sessionTurn) ([]int, error) {
	if l := s.last; t.resumed != nil && (s.text || t.opts.Overflow != OverflowDropTurns || len(l.Tokens) <= t.r.bound.context) {
		return slices.Clone(l.Tokens), nil
	}
	if !s.text {
		return s.chatPrompt(ctx, t)
	}
	if s.last == nil {
		return s.g.encodeText(ctx, t.text)
	}
	ids, err := s.g.tok.EncodeContext(ctx, t.text, false)
	if err != nil {
		return nil, unlessEnded(ctx, fmt.Errorf("encode prompt: %w", err))
	}
	return append(slices.Clone(s.last.withoutEnd()), ids...), nil
}

// keep adds the turn to the conversation.
func (s *Session) keep(ctx context.Context, t *sessionTurn) {
	a, r := &t.answer, t.r
	a.plain = r.plain.text.String()
	s.generation++
	s.calls = r.calls + len(a.calls)
	s.pictures = s.shown
	before := t.messages
	if !s.text {
		m := a.message(ctx, s.g.tok, s.g.chatOptions(&t.opts))
		if t.continues {
			old := before[len(before)-1]
			before = before[:len(before)-1]
			if t.resumed == nil {
				m.Content = old.Content + m.Content
			}
		}
		s.set(append(before, m))
		s.turns = append(s.turns, turnEnd{len(before) + 1, len(s.pictures)})
	}
	if s.text && !t.continues {
		s.earlier = append(s.earlier, s.last)
	}
	s.last = s.lastOf(t)
}

// lastOf returns what is remembered of an answer. Nil where the sequence is gone.
func (s *Session) lastOf(t *sessionTurn) *lastTurn {
	a := &t.answer
	if len(a.ids) == 0 || s.seq == nil || t.continues && t.resumed == nil {
		return nil
	}
	l := &lastTurn{
		Tokens: append(s.seq.Tokens(), t.r.next...), Opening: t.r.opening, Answer: a.ids,
		Finish: a.finish, Whole: a.finish == FinishEnd && !t.r.isEnd(a.ids[len(a.ids)-1]), Text: a.text.String(), Content: a.plain, Reasoning: a.thinking.String(), Calls: len(a.calls), pictures: t.r.pictures,
	}
	return l
}

// errTextSession refuses messages in a session that has none.
var errTextSession = errors.New("the session goes on with a text and has no messages")
