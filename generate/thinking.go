package generate

import (
	"context"
	"fmt"
)

// TokenKind says what a token is a part of.
type TokenKind string

// The kinds of tokens in answers to messages. Continued texts have the first alone.
const (
	// KindText: the answer itself.
	KindText TokenKind = ""
	// KindReasoning: the model's thinking, and the marks around it.
	KindReasoning TokenKind = "reasoning"
	// KindCall: a call of a function, or what begins like one. Where it turns out to be
	// none its text comes in a later Token.Text.
	KindCall TokenKind = "tool_call"
)

// thoughts bounds the thinking of an answer.
type thoughts struct {
	budget int   // 0 for no bound, -1 for none at all
	spent  int   // tokens of thinking so far
	closed bool  // the mark that ends the thinking under way was asked for
	queue  []int // what is left of it
}

// pick returns the next token: that of the sampler, or of the mark that ends a thought
// which has become too long.
func (r *generation) pick(ctx context.Context, ids []int, logits []float32) (int, error) {
	if err := r.closeThought(ctx, len(logits)); err != nil {
		return 0, err
	}
	if q := r.thoughts.queue; len(q) > 0 {
		r.thoughts.queue = q[1:]
		return q[0], nil
	}
	r.keepThinking()
	return r.sampler.sample(ctx, ids, logits)
}

// saw notes a token of an answer that is gone on with. One that is not of the mark that
// is due was written under another budget.
func (t *thoughts) saw(id int) {
	if len(t.queue) == 0 {
		return
	}
	if t.queue[0] == id {
		t.queue = t.queue[1:]
	} else {
		t.queue, t.closed = nil, false
	}
}

// closeThought fills the queue when the budget is spent.
func (r *generation) closeThought(ctx context.Context, vocabulary int) error {
	t := &r.thoughts
	if t.budget == 0 || r.tools == nil {
		return nil
	}
	mark := r.tools.parser.ThinkingEnd()
	if mark == "" {
		t.closed = false
		return nil
	}
	if t.closed || t.spent < max(t.budget, 0) {
		return nil
	}
	ids, err := r.g.tok.EncodeContext(ctx, mark, false)
	if err != nil {
		return unlessEnded(ctx, fmt.Errorf("the mark that ends thinking: %w", err))
	}
	if err := checkIDs(ids, vocabulary, "the mark that ends thinking"); err != nil {
		return err
	}
	t.closed, t.queue = true, ids
	return nil
}

// kind says what the token is a part of that the reader has just read, and counts
// thinking. Before says where the answer was.
func (r *generation) kind(before TokenKind, calls int) TokenKind {
	after := r.tools.place()
	if after == KindReasoning && before == KindReasoning && len(r.thoughts.queue) == 0 && !r.thoughts.closed {
		r.thoughts.spent++
	}
	switch {
	case before == KindReasoning || after == KindReasoning:
		r.stats.ReasoningTokens++
		return KindReasoning
	case before == KindCall || after == KindCall || calls > 0:
		return KindCall
	}
	return KindText
}

// place says what the answer is in.
func (t *toolReader) place() TokenKind {
	switch {
	case t == nil:
		return KindText
	case t.ended:
		return t.ending
	case t.parser.ThinkingEnd() != "":
		return KindReasoning
	case t.parser.InCall():
		return KindCall
	}
	return KindText
}
