package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// sessionFlags are those of answers that are part of something longer.
type sessionFlags struct {
	Session         string `help:"Go on with the conversation that this file holds, or with the text where there is no chat template, and save it there when the answer has ended; a file that is not there is made. Without a prompt the last answer goes on where it was left." placeholder:"FILE"`
	Overflow        string `help:"What is done with a text that is longer than the model's context: error, drop-turns, which leaves out the oldest turns of a conversation, or slide, which keeps the first and the last tokens." enum:"error,drop-turns,slide" default:"error" placeholder:"NAME"`
	ReasoningBudget int    `help:"Most tokens of thinking, for models that think in marks; 0 means no bound, -1 none." default:"0" placeholder:"N"`
}

// overflows are the names that --overflow takes.
var overflows = []string{"error", "drop-turns", "slide"}

// overflow is what --overflow means to the library.
func (f *sessionFlags) overflow() generate.Overflow {
	if f.Overflow == "error" {
		return generate.OverflowError
	}
	return generate.Overflow(strings.ReplaceAll(f.Overflow, "-", "_"))
}

// check refuses values out of range.
func (f *sessionFlags) check() error {
	if f.ReasoningBudget < -1 {
		return fmt.Errorf("--reasoning-budget is %d: it must be -1 or more; 0 means no bound, -1 no thinking at all", f.ReasoningBudget)
	}
	return nil
}

// unsavedError is what keeps a session from being saved whose answer is there.
type unsavedError struct{ error }

func (e *unsavedError) Unwrap() error { return e.error }

// answerSession answers as answer does, on the session of --session. A file that holds
// something else is never replaced: it is read first.
func (c *generateCmd) answerSession(ctx context.Context, g *generate.Generator, prompt string, io *streams) (_ *generate.Result, err error) {
	s, found, err := c.openSession(ctx, g)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	opts, err := c.options(g)
	if err != nil {
		return nil, err
	}
	switch {
	case prompt != "":
	case !found:
		return nil, usagef("there is no session %s yet, which needs a prompt to begin with", quoted(c.Session))
	case c.compiled != nil:
		return nil, usagef("%s binds an answer from its beginning, and without a prompt the last one goes on", c.bound())
	}
	stream := c.sessionStream(ctx, s, prompt, opts)
	answer, err := c.show(stream, prompt, g, io)
	if err != nil {
		return nil, c.blame(err)
	}
	if err := s.SaveFile(ctx, c.Session); err != nil {
		return answer, &unsavedError{err}
	}
	return answer, nil
}

// sessionStream starts the answer: to the prompt, or the rest of the last one.
func (c *generateCmd) sessionStream(ctx context.Context, s *generate.Session, prompt string, opts *generate.Options) iter.Seq2[generate.Token, error] {
	if prompt == "" {
		return s.Continue(ctx, opts)
	}
	return s.Send(ctx, prompt, opts)
}

// openSession reads the session, or makes one.
func (c *generateCmd) openSession(ctx context.Context, g *generate.Generator) (s *generate.Session, found bool, err error) {
	// An answer that cannot be saved in the end is not begun.
	if dir := filepath.Dir(c.Session); !onDisk(dir) {
		return nil, false, fmt.Errorf("--session %s: there is no folder %s", quoted(c.Session), quoted(dir))
	}
	switch {
	case !onDisk(c.Session) && c.chats(g):
		s, err = g.NewSession(c.messages("")[:c.systemMessages()]...)
		return s, false, err
	case !onDisk(c.Session):
		s, err = g.NewTextSession()
		return s, false, err
	case c.System != "":
		return nil, false, usagef("--system is for a new session, and %s has begun already", quoted(c.Session))
	}
	if s, err = g.RestoreSessionFile(ctx, c.Session, nil); err != nil {
		return nil, false, fmt.Errorf("--session: %w", err)
	}
	if chat := c.chats(g); s.IsText() == chat {
		what, other := "a conversation", "continues a text"
		if s.IsText() {
			what, other = "a text, which --raw continues", "answers messages"
		}
		return nil, false, errors.Join(usagef("--session %s is %s, and this call %s", quoted(c.Session), what, other), s.Close())
	}
	return s, true, nil
}

// systemMessages is how many messages of messages are before the prompt.
func (c *generateCmd) systemMessages() int {
	if c.System == "" {
		return 0
	}
	return 1
}

// goesOn reports whether a call without a prompt goes on with an answer.
func (c *generateCmd) goesOn() bool {
	if c.Session == "" {
		return false
	}
	info, err := os.Stat(c.Session)
	return err == nil && info.Mode().IsRegular()
}
