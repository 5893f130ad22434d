package generate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/grammars"
	"github.com/gocoreml/coreml/tokenizer"
)

// grammarCaches are what a generator keeps for answers with grammars.
type grammarCaches struct {
	tokens grammarTokens
	calls  grammars.Cache
}

// maxVocabularies is how many vocabularies a generator keeps.
const maxVocabularies = 4

// grammarTokens are the vocabularies of a generator's tokenizer for grammars, each made
// once: without special tokens, and with those that calls are written with.
type grammarTokens struct {
	mu    sync.Mutex
	marks [][]int
	list  []*grammar.Vocabulary
}

// of returns the vocabulary in which the marks are text. A context that ends while it is
// made leaves it to the next.
func (t *grammarTokens) of(ctx context.Context, tok *tokenizer.Tokenizer, marks []int) (*grammar.Vocabulary, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, known := range t.marks {
		if slices.Equal(known, marks) {
			return t.list[k], nil
		}
	}
	v, err := grammar.NewVocabulary(ctx, tok, marks...)
	if err != nil {
		return nil, err
	}
	if len(t.list) == maxVocabularies {
		t.marks, t.list = t.marks[1:], t.list[1:]
	}
	t.marks, t.list = append(t.marks, marks), append(t.list, v)
	return v, nil
}

// structured binds an answer to a grammar. A nil one binds nothing.
type structured struct {
	grammar *grammar.Grammar
	matcher *grammar.Matcher
	ends    []int // the tokens that end the answer
	calls   bool  // the answer is a call of a function
	// thinking says that the model's thinking comes first, which is free.
	thinking bool
	left     int       // how many tokens there may be, the next one included
	plan     []int     // the tokens that end the answer, where no others do in time
	part     []byte    // what was read and is not yet written: part of a character
	logits   []float32 // those of the step, for a second choice
	scratch  []float32
	recent   []int // the answer so far
	// fromStart says that the grammar begins where the answer does.
	fromStart bool
	stops     bool
	written   strings.Builder // the text so far, where a stop string may cut it
}

// bindGrammar prepares the grammar of an answer, if it has one.
func (r *generation) bindGrammar(ctx context.Context) error {
	g, calls := r.opts.Grammar, r.opts.requiresCall()
	if g == nil && !calls {
		return nil
	}
	var marks []int
	var err error
	if calls {
		if g, marks, err = r.callGrammar(ctx); err != nil {
			return err
		}
	}
	v, err := r.g.grammars.tokens.of(ctx, r.g.tok, marks)
	if err != nil {
		return err
	}
	s := &structured{grammar: g, matcher: grammar.NewMatcher(g, v), calls: calls, stops: len(r.opts.Stop) > 0}
	s.ends = append(slices.Sorted(maps.Keys(r.ends)), r.opts.EndTokens...)
	if r.turnEnd >= 0 {
		s.ends = append(s.ends, r.turnEnd)
	}
	slices.Sort(s.ends)
	s.ends = slices.Compact(s.ends)
	r.sampler.bound = s
	return nil
}

// holdCalls keeps the grammar of a call in the generator's cache until release.
func (r *generation) holdCalls() (release func()) {
	if s := r.sampler.bound; s != nil && s.calls {
		return r.g.grammars.calls.Hold(s.grammar)
	}
	return func() {}
}

// begin is called once the prompt is known. Thinking that it opens is read as ever; an
// answer without any is the grammar's from its first token on.
func (s *structured) begin(r *generation) {
	if s == nil {
		return
	}
	if s.thinking = r.tools.isThinking(); !s.thinking {
		s.fromStart = true
		s.detach(r)
	}
}

// detach leaves the text of the answer as it is, unless it is a call.
func (s *structured) detach(r *generation) {
	if !s.calls {
		r.tools = nil
	}
}

// binds reports whether the grammar says what is next.
func (s *structured) binds() bool { return s != nil && !s.thinking }

// room returns how many tokens an answer may still have behind n tokens of it and its
// prompt, the next one included. A text that is slid along never fills the context.
func (r *generation) room(n int) int {
	if r.opts.Overflow == OverflowSlide {
		return r.limit - r.stats.Tokens
	}
	return min(r.limit-r.stats.Tokens, r.bound.context-n+1)
}

// leave says how many tokens may come.
func (s *structured) leave(n int) {
	if s != nil {
		s.left = n
	}
}

// choose draws a token that the grammar allows.
func (c *samplerChain) choose(ctx context.Context, logits []float32) (int, error) {
	s := c.bound
	if !s.binds() {
		return c.draw(ctx, logits)
	}
	if len(s.plan) > 0 {
		return s.planned(), nil
	}
	mask := s.matcher.Mask()
	if mask.Len() == 0 && (!mask.CanEnd() || len(s.ends) == 0) {
		return 0, fmt.Errorf("%w: the tokenizer, of %d entries, has none that goes on with the text", ErrGrammar, s.matcher.Vocabulary().Size())
	}
	s.scratch = mask.Apply(logits, s.ends, s.scratch)
	if err := checkFinite(logits); err != nil {
		return 0, fmt.Errorf("%w: the processors rule out all that do: %w", ErrGrammar, err)
	}
	s.logits = append(s.logits[:0], logits...)
	id, err := c.draw(ctx, logits)
	if err != nil || s.inTime(id) {
		return id, err
	}
	return c.chooseInTime(ctx, logits)
}

// planned takes the next token of the plan.
func (s *structured) planned() int {
	id := s.plan[0]
	s.plan = s.plan[1:]
	return id
}

// inTime reports whether the answer can still end after a token. Where it cannot even
// before the token, nothing is lost.
func (s *structured) inTime(id int) bool {
	if slices.Contains(s.ends, id) {
		return true
	}
	next := *s.matcher
	if _, err := next.Accept(id); err != nil {
		return true // accept tells
	}
	return next.CanEndWithin(s.left-1) || !s.matcher.CanEndWithin(s.left)
}

// chooseInTime is choose among the tokens after which the answer can end in time.
func (c *samplerChain) chooseInTime(ctx context.Context, logits []float32) (int, error) {
	s := c.bound
	copy(logits, s.logits)
	s.scratch = s.matcher.Ending(s.left).Apply(logits, s.ends, s.scratch)
	if checkFinite(logits) != nil {
		// Behind each of them another ending is the shortest, which takes more tokens; or a
		// processor rules them out.
		if s.plan = s.matcher.Plan(s.left); len(s.plan) > 0 {
			return s.planned(), nil
		}
		copy(logits, s.logits)
	}
	return c.draw(ctx, logits)
}

// accept reads the token that was chosen and returns why it is the last: an answer that
// is whole ends.
func (s *structured) accept(id int, finish FinishReason) (FinishReason, error) {
	if !s.binds() || finish == FinishEnd {
		return finish, nil
	}
	text, err := s.matcher.Accept(id)
	if err != nil {
		return finish, fmt.Errorf("%w: %w", ErrGrammar, err)
	}
	s.part = append(s.part, text...)
	if s.matcher.IsWhole() {
		finish = FinishEnd
	}
	return finish, nil
}

// text returns the whole characters that were read.
func (s *structured) text() string {
	n := len(s.part)
	for back := 1; back < utf8.UTFMax && back <= len(s.part); back++ {
		if c := s.part[len(s.part)-back:]; utf8.RuneStart(c[0]) {
			if !utf8.FullRune(c) {
				n -= back
			}
			break
		}
	}
	text := string(s.part[:n])
	s.part = append(s.part[:0], s.part[n:]...)
	return text
}

// parts tells the parts of an answer apart. Behind the thinking begins the grammar.
func (r *generation) parts(text string, last bool) (tokenizer.AnswerPart, error) {
	s := r.sampler.bound
	part := r.tools.read(text, last)
	if s == nil || !s.thinking || r.tools.isThinking() {
		return part, nil
	}
	s.thinking = false
	s.detach(r)
	s.matcher.Behind()
	// The token that ended the thought may have begun the answer.
	if rest := strings.TrimLeft(part.Text, " \n"); rest != "" {
		if err := s.matcher.Write(rest); err != nil {
			return part, fmt.Errorf("%w: behind the thinking: %w", ErrGrammar, err)
		}
	}
	return part, nil
}

// wrote keeps what a stop string may cut.
func (s *structured) wrote(tok Token) {
	if s.binds() && s.stops {
		s.written.WriteString(tok.Text)
	}
}

// incomplete returns an error if the answer that ends with tok is not whole.
func (s *structured) incomplete(tok Token) error {
	switch {
	case s == nil:
		return nil
	case s.thinking:
		return fmt.Errorf("%w: it ended (%v) in the thinking before it", ErrIncomplete, tok.Finish)
	case tok.Finish == FinishLength && !s.matcher.CanEnd():
		return fmt.Errorf("%w: it ended (%v) before, and more tokens would give it room", ErrIncomplete, tok.Finish)
	case tok.Finish == FinishStop && !s.grammar.Match(s.written.String()),
		tok.Finish != FinishStop && !s.matcher.CanEnd():
		return fmt.Errorf("%w: it ended (%v) before", ErrIncomplete, tok.Finish)
	}
	return nil
}
