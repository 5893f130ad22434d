package generate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// TestATextGoesOnBehindAGrammar adds to texts whose answers a grammar has ended, or which
// the caller broke off in the midst of what it forces.
func TestATextGoesOnBehindAGrammar(t *testing.T) {
	const text = " the cat and the dog"
	g, err := grammar.Choice(text)
	if err != nil {
		t.Fatal(err)
	}
	say, forced := following(encode(t, text+text)), 0
	for stop := range 7 { // 0 for never
		var seen []int
		m := &fakeModel{unrecorded: true, next: func(tokens []int) int { seen = slices.Clone(tokens); return say(tokens) }}
		s, err := newFake(t, m, generate.Config{}).NewTextSession()
		if err != nil {
			t.Fatal(err)
		}
		closing(t, s)
		want := append([]int{1}, encode(t, "Once")...)
		n := 0
		for tok, err := range s.Send(t.Context(), "Once", &generate.Options{Grammar: g, MaxTokens: 30}) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, tok.ID)
			if tok.Stats != nil {
				forced += tok.Stats.Forced
			}
			if n++; n == stop {
				break
			}
		}
		want = append(want, encode(t, " so")...)
		if _, err := generate.Collect(s.Send(t.Context(), " so", &generate.Options{MaxTokens: 1})); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(seen, want) {
			t.Errorf("broken off behind %d tokens the text goes on from %q, want %q", stop, storyTokenizer(t).Decode(seen, false), storyTokenizer(t).Decode(want, false))
		}
	}
	if forced == 0 {
		t.Error("nothing was forced")
	}
}

// interrupted cuts an answer behind n tokens, goes on with it, and returns all tokens.
func interrupted(t *testing.T, s *generate.Session, n int, opts generate.Options) ([]int, *generate.Result) {
	t.Helper()
	most := opts.MaxTokens
	opts.MaxTokens = n
	first, err := generate.Collect(s.Send(t.Context(), "hi", &opts))
	if err != nil {
		t.Fatal(err)
	}
	opts.MaxTokens = most - n
	rest, err := generate.Collect(s.Continue(t.Context(), &opts))
	if err != nil {
		t.Fatal(err)
	}
	return append(first.Tokens, rest.Tokens...), rest
}

// TestAContinuedAnswerIsTheWholeOne cuts answers at every place, with what looks at more
// than the last tokens.
func TestAContinuedAnswerIsTheWholeOne(t *testing.T) {
	thought := "<think>" + strings.Repeat("one two ", 4) + "</think>so"
	for name, opts := range map[string]generate.Options{
		"penalties": {MaxTokens: 12, IgnoreEnd: true, Sampling: &generate.Sampling{PresencePenalty: 1, FrequencyPenalty: 1}},
		"a budget":  {MaxTokens: 18, IgnoreEnd: true, ReasoningBudget: 4, Sampling: &generate.Sampling{}},
	} {
		t.Run(name, func(t *testing.T) {
			open := func() *generate.Session {
				m := &fakeModel{unrecorded: true}
				s, tok := newSession(t, m, plainTemplate+"{# </think> #}")
				if m.fillRow = tableRow; name == "a budget" {
					m.fillRow, m.next = nil, replies(tok, thought)
				}
				return s
			}
			whole := say(t, open(), "hi", &opts)
			for n := 1; n < opts.MaxTokens; n++ {
				got, rest := interrupted(t, open(), n, opts)
				if !slices.Equal(got, whole.Tokens) {
					t.Errorf("cut behind %d tokens: %v, want %v", n, got, whole.Tokens)
				}
				if rest.Stats.ReasoningTokens > len(rest.Tokens) {
					t.Errorf("cut behind %d tokens: %d of %d are thinking", n, rest.Stats.ReasoningTokens, len(rest.Tokens))
				}
			}
		})
	}
}

// TestAStopStringOfEarlierTextDoesNotCutIt goes on with an answer that has it already.
func TestAStopStringOfEarlierTextDoesNotCutIt(t *testing.T) {
	m := &fakeModel{unrecorded: true}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "the cat and the dog and the fox")
	first := say(t, s, "hi", &generate.Options{MaxTokens: 4})
	if !strings.Contains(first.Text, "the") {
		t.Fatalf("the beginning is %q", first.Text)
	}
	rest, err := generate.Collect(s.Continue(t.Context(), &generate.Options{Stop: []string{"he"}}))
	if err != nil || rest.Finish != generate.FinishStop {
		t.Fatalf("%+v, %v", rest, err)
	}
	messages := s.Messages()
	if got := messages[len(messages)-1].Content; got != first.Text+rest.Text || !strings.HasPrefix("the cat and the dog", got) {
		t.Errorf("the message is %q, of %q and %q", got, first.Text, rest.Text)
	}
}

// TestARequiredCallIsNotGoneOnWith is refused as a grammar is.
func TestARequiredCallIsNotGoneOnWith(t *testing.T) {
	m := &fakeModel{unrecorded: true}
	s, tok := newSession(t, m, callTemplate)
	m.next = replies(tok, "yes")
	say(t, s, "hi", &generate.Options{MaxTokens: 1})
	opts := &generate.Options{ToolChoice: generate.ToolRequired, Tools: []any{map[string]any{"type": "function", "function": map[string]any{"name": "f"}}}}
	_, err := generate.Collect(s.Continue(t.Context(), opts))
	wantConfigError(t, err, "ToolChoice", "goes on")
}
