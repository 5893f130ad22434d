package generate

import (
	"context"
	"fmt"
	"strings"
)

// resumed is an answer that is gone on with.
type resumed struct {
	last *lastTurn
	// answer is what its tokens come to without the end that it had.
	answer *turnAnswer
	// text and reasoning are what was yielded of it already, beyond that.
	text, reasoning, content overlap
	calls                    int
}

// resume brings the reader of the answer to where its tokens so far have left it.
func (r *generation) resume(ctx context.Context) error {
	s := r.resumed
	// Stop strings that the text has already did not end it.
	r.stop.passes, r.plain.stop.passes = true, true
	defer func() { r.stop.passes, r.plain.stop.passes, r.stats.ReasoningTokens = false, false, 0 }()
	for _, id := range s.last.Answer {
		if err := r.closeThought(ctx, int(r.bound.vocabulary.Load())); err != nil {
			return err
		}
		r.thoughts.saw(id)
		tok, err := r.token(ctx, id, FinishNone)
		if err != nil {
			return fmt.Errorf("the answer so far: %w", err)
		}
		s.answer.add(tok)
	}
	s.text.rest = behind(s.last.Text, s.answer.text.String())
	s.content.rest = behind(s.last.Content, r.plain.text.String())
	s.reasoning.rest = behind(s.last.Reasoning, s.answer.thinking.String())
	s.calls = s.last.Calls - len(s.answer.calls)
	return nil
}

// behind returns what follows a beginning, nothing where it is another one.
func behind(text, beginning string) string {
	if rest, ok := strings.CutPrefix(text, beginning); ok {
		return rest
	}
	return ""
}

// fresh returns a token without what was yielded before.
func (s *resumed) fresh(t Token) Token {
	t.Text, t.Reasoning, t.Content = s.text.cut(t.Text), s.reasoning.cut(t.Reasoning), s.content.cut(t.Content)
	n := min(max(s.calls, 0), len(t.Calls))
	t.Calls, s.calls = t.Calls[n:], s.calls-n
	return t
}
