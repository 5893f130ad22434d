package generate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

func TestAnswersTokenByTokenAreTheAnswers(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{})
	seed := uint64(40)
	opts := &generate.Options{MaxTokens: 9, Sampling: &generate.Sampling{Temperature: 2, Seed: &seed}}
	p := generate.Prompt{Tokens: prompt}
	var want []*generate.Result
	for r, err := range g.Answers(t.Context(), p, 3, opts) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r)
	}
	ids, texts, last := make([][]int, 3), make([]strings.Builder, 3), 0
	for tok, err := range g.StreamAnswers(t.Context(), p, 3, opts) {
		if err != nil || tok.Answer < last {
			t.Fatalf("answer %d behind %d: %v", tok.Answer, last, err)
		}
		last = tok.Answer
		length, cached := 0, 0 // which the first token of each tells
		if len(ids[last]) == 0 {
			length = len(prompt)
			if cached = length; last == 0 {
				cached = 0
			}
		}
		if tok.PromptTokens != length || tok.CachedTokens != cached {
			t.Errorf("answer %d: a prompt of %d tokens, %d of them cached", last, tok.PromptTokens, tok.CachedTokens)
		}
		ids[last] = append(ids[last], tok.ID)
		texts[last].WriteString(tok.Text)
		if tok.Finish != generate.FinishNone && (tok.Stats == nil || tok.Stats.Seed != seed+uint64(last)) {
			t.Errorf("the measures are %+v", tok.Stats)
		}
	}
	for k, r := range want {
		if !slices.Equal(ids[k], r.Tokens) || texts[k].String() != r.Text {
			t.Errorf("answer %d is %v, want %v", k, ids[k], r.Tokens)
		}
	}
	// Breaking off, within an answer and between two, gives the state back.
	for _, at := range []int{1, 9, 11} {
		n := 0
		for range g.StreamAnswers(t.Context(), p, 3, opts) {
			if n++; n == at {
				break
			}
		}
		if held := generate.HeldLanes(g); n != at || held != 0 {
			t.Errorf("%d tokens, and %d states are held", n, held)
		}
	}
}

func TestAnswersTokenByTokenTellTheirErrorOnce(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, errs := 0, []error{}
	for tok, err := range g.StreamAnswers(ctx, generate.Prompt{Tokens: prompt}, 3, &generate.Options{MaxTokens: 4}) {
		if err != nil {
			errs = append(errs, err)
			if tok.Answer != 1 {
				t.Errorf("the error is answer %d's", tok.Answer)
			}
			continue
		}
		if n++; n == 6 {
			cancel()
		}
	}
	if n != 6 || len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("%d tokens and %v", n, errs)
	}
	for _, c := range []struct {
		n int
		p generate.Prompt
	}{{0, generate.Prompt{Tokens: prompt}}, {2, generate.Prompt{Tokens: []int{-1}}}} {
		errs = nil
		for _, err := range g.StreamAnswers(t.Context(), c.p, c.n, nil) {
			errs = append(errs, err)
		}
		if len(errs) != 1 || !errors.Is(errs[0], generate.ErrConfig) {
			t.Errorf("%v", errs)
		}
	}
}

// An answer that its grammar cannot end in time has an error behind its last token.
func TestAnAnswerTokenByTokenThatCannotBeWhole(t *testing.T) {
	g := openStory(t, nil)
	a := grammarOf(t)(grammar.Regex(`([a-z]{5} ){30}`))
	var finish generate.FinishReason
	var failed error
	for tok, err := range g.StreamAnswers(t.Context(), generate.Prompt{Text: "Once"}, 2, &generate.Options{Grammar: a, MaxTokens: 5, Sampling: hot(1)}) {
		if err != nil {
			failed = err
			continue
		}
		finish = tok.Finish
	}
	if finish != generate.FinishLength || !errors.Is(failed, generate.ErrIncomplete) {
		t.Errorf("%s, %v", finish, failed)
	}
}

// What of an answer is neither thinking nor its marks is its content, however it is cut into
// tokens, and so it is where it goes on.
func TestTheContentOfAnAnswerIsWithoutItsThinking(t *testing.T) {
	g := openStory(t, &generate.Config{Chat: &tokenizer.ChatOptions{Template: "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<think>\n{% endif %}{# </think> #}"}})
	opts := func(n int) *generate.Options {
		return &generate.Options{MaxTokens: n, Sampling: &generate.Sampling{}, ReasoningBudget: 4, Stop: []string{"zzz"}}
	}
	hi := []tokenizer.Message{{Role: "user", Content: "Once upon a time"}}
	whole, err := generate.Collect(g.Chat(t.Context(), hi, opts(24)))
	if err != nil {
		t.Fatal(err)
	}
	if whole.Content == "" || whole.Reasoning == "" || strings.Contains(whole.Content, "think>") || !strings.HasSuffix(whole.Text, whole.Content) || !strings.HasPrefix(whole.Text, whole.Reasoning) {
		t.Errorf("the content is %q, the thinking %q, and all %q", whole.Content, whole.Reasoning, whole.Text)
	}
	for _, n := range []int{1, 3, 6, 9, 12} {
		s, err := g.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		first, err := generate.Collect(s.Send(t.Context(), "Once upon a time", opts(n)))
		if err != nil {
			t.Fatal(err)
		}
		rest, err := generate.Collect(s.Continue(t.Context(), opts(24-n)))
		if err != nil {
			t.Fatal(err)
		}
		if got := first.Content + rest.Content; got != whole.Content {
			t.Errorf("cut behind %d tokens it is %q, want %q", n, got, whole.Content)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	plain, err := g.Generate(t.Context(), "Once upon a time", opts(9))
	if err != nil || plain.Content != plain.Text || plain.StopString != "" {
		t.Errorf("%q and %q (%v)", plain.Content, plain.Text, err)
	}
	stop := plain.Text[len(plain.Text)/2 : len(plain.Text)/2+3]
	stopped, err := g.Generate(t.Context(), "Once upon a time", &generate.Options{MaxTokens: 9, Sampling: &generate.Sampling{}, Stop: []string{"zzz", stop}})
	if err != nil || stopped.Finish != generate.FinishStop || stopped.StopString != stop || stopped.Content != stopped.Text {
		t.Errorf("%+v (%v), want the stop string %q", stopped, err, stop)
	}
}
