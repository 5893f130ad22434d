package generate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// TestABudgetOfThinkingGoesWithAllElse ends thinking that repeats itself, so that drafts of
// it are right, by a mark that no draft has.
func TestABudgetOfThinkingGoesWithAllElse(t *testing.T) {
	one, err := grammar.Choice(" the cat", " the dog")
	if err != nil {
		t.Fatal(err)
	}
	messages := []tokenizer.Message{{Role: "user", Content: "hi"}}
	g := fakeChat(t, thinkingTemplate, following(encode(t, " one two one two")), 2)
	for name, opts := range map[string]generate.Options{
		"alone":                  {},
		"a grammar":              {Grammar: one},
		"scores":                 {LogProbs: 1},
		"a grammar, scored":      {Grammar: one, LogProbs: 1},
		"guidance":               {Guidance: &generate.Guidance{Scale: 1.1}},
		"a grammar and guidance": {Grammar: one, Guidance: &generate.Guidance{Scale: 1.1}},
	} {
		t.Run(name, func(t *testing.T) {
			opts.MaxTokens, opts.ReasoningBudget, opts.Sampling = 30, 9, &generate.Sampling{}
			want, err := generate.Collect(g.Chat(t.Context(), messages, &opts))
			if err != nil {
				t.Fatal(err)
			}
			thought, text, ended := strings.Cut(want.Text, "</think>")
			if !ended || !strings.HasPrefix(thought, " one two one") || opts.Grammar != nil && !one.Match(text) {
				t.Errorf("the answer is %q", want.Text)
			}
			if opts.LogProbs > 0 && len(want.LogProbs) != len(want.Tokens) {
				t.Errorf("%d scores for %d tokens", len(want.LogProbs), len(want.Tokens))
			}
			same := func(what string, got *generate.Result) {
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(generate.Result{}, "Stats")); diff != "" || got.Stats.ReasoningTokens != want.Stats.ReasoningTokens {
					t.Errorf("%s: the answer differs (-want +got):\n%s", what, diff)
				}
			}
			for r, err := range g.Answers(t.Context(), generate.Prompt{Messages: messages}, 2, &opts) {
				if err != nil {
					t.Fatal(err)
				}
				same("one of two answers", r)
			}
			opts.Speculation = drafting(5)
			got, err := generate.Collect(g.Chat(t.Context(), messages, &opts))
			if err != nil {
				t.Fatal(err)
			}
			same("with drafts", got)
			if s := got.Stats.Speculation; opts.Grammar == nil && s.Accepted == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestAPanicInATurnLeavesTheConversation panics in the midst of a turn with
// drafts, and sends again.
func TestAPanicInATurnLeavesTheConversation(t *testing.T) {
	m := &fakeModel{unrecorded: true}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "one two one two one two one two")
	opts := &generate.Options{Speculation: drafting(3), Sampling: &generate.Sampling{}}
	say(t, s, "hi", opts)
	before := s.Messages()
	func() {
		defer func() { _ = recover() }()
		n := 0
		broken := *opts
		broken.Processors = []generate.Processor{failing(func() bool {
			if n++; n == 4 {
				panic("the caller's")
			}
			return false
		})}
		for range s.Send(t.Context(), "so", &broken) {
		}
	}()
	if diff := cmp.Diff(before, s.Messages()); diff != "" {
		t.Errorf("the conversation has changed (-before +after):\n%s", diff)
	}
	if r := say(t, s, "so", opts); !strings.Contains(r.Text, "one two") || r.Stats.CachedTokens == 0 {
		t.Errorf("%q, %d tokens in the cache", r.Text, r.Stats.CachedTokens)
	}
}
