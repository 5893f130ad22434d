package generate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// TestWhatChoosesTokensGoesWithDrafts compares answers of a generator that drafts wherever
// it can with those of one that does not, for what changes the choice of tokens, or takes
// the sequence to other places than the next one.
func TestWhatChoosesTokensGoesWithDrafts(t *testing.T) {
	words, err := grammar.Regex(`( [A-Z]?[a-z]+[,.]?){5,40}`)
	if err != nil {
		t.Fatal(err)
	}
	seeded := func(s generate.Sampling) *generate.Sampling {
		s.Temperature, s.Seed = 0.9, new(uint64(11))
		return &s
	}
	plain, drafts := openStory(t, &generate.Config{MaxStates: 2}), openStory(t, &generate.Config{MaxStates: 2, Speculation: drafting(7)})
	for name, opts := range map[string]*generate.Options{
		"log-probabilities": {Sampling: &generate.Sampling{}, LogProbs: 3},
		"a grammar":         {Sampling: seeded(generate.Sampling{}), Grammar: words},
		"a grammar, scored": {Sampling: seeded(generate.Sampling{}), Grammar: words, LogProbs: 1},
		"guidance":          {Sampling: seeded(generate.Sampling{}), Guidance: &generate.Guidance{Scale: 1.5}},
		"penalties":         {Sampling: seeded(generate.Sampling{PresencePenalty: 0.4, FrequencyPenalty: 0.2, NoRepeatNgram: 6})},
		"mirostat":          {Sampling: seeded(generate.Sampling{Mirostat: &generate.Mirostat{Tau: 4, Eta: 0.1}})},
		"sliding":           {Sampling: &generate.Sampling{}, Overflow: generate.OverflowSlide, IgnoreEnd: true},
	} {
		opts.MaxTokens = 50
		want, err := plain.Generate(t.Context(), repeats, opts)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := drafts.Generate(t.Context(), repeats, opts)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(generate.Result{}, "Stats")); diff != "" {
			t.Errorf("%s: the answer differs (-plain +drafted):\n%s", name, diff)
		}
		s, none := got.Stats.Speculation, opts.Grammar != nil || opts.Overflow == generate.OverflowSlide
		if s == nil || none != (s.Off != "") {
			t.Errorf("%s: the measures of drafts are %+v", name, s)
		}
	}

	prompt, opts := generate.Prompt{Text: repeats}, &generate.Options{MaxTokens: 30, Sampling: seeded(generate.Sampling{})}
	answers := func(g *generate.Generator) (tokens [][]int) {
		for r, err := range g.Answers(t.Context(), prompt, 3, opts) {
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, r.Tokens)
		}
		return tokens
	}
	if diff := cmp.Diff(answers(plain), answers(drafts)); diff != "" {
		t.Errorf("several answers differ (-plain +drafted):\n%s", diff)
	}
	beams := func(g *generate.Generator) (tokens [][]int) {
		found, err := g.BeamSearch(t.Context(), prompt, &generate.Beams{N: 3, Return: 3}, &generate.Options{MaxTokens: 20, Sampling: &generate.Sampling{}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			tokens = append(tokens, r.Tokens)
		}
		return tokens
	}
	if diff := cmp.Diff(beams(plain), beams(drafts)); diff != "" {
		t.Errorf("beams differ (-plain +drafted):\n%s", diff)
	}
}

// TestAConversationGoesOnWithDrafts cuts answers, goes on with them, forks and takes back.
func TestAConversationGoesOnWithDrafts(t *testing.T) {
	talk := func(cfg *generate.Config) (texts []string) {
		s, err := openStory(t, cfg).NewTextSession()
		if err != nil {
			t.Fatal(err)
		}
		closing(t, s)
		note := func(r *generate.Result, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, r.Text)
		}
		short := &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{}, IgnoreEnd: true}
		note(generate.Collect(s.Send(t.Context(), repeats, short)))
		note(generate.Collect(s.Continue(t.Context(), short)))
		other, err := s.Fork(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		note(generate.Collect(other.Send(t.Context(), " Tom had a red", short)))
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		note(generate.Collect(s.Continue(t.Context(), short)))
		note(generate.Collect(s.Send(t.Context(), " Then Tom had a red ball", short)))
		return texts
	}
	if diff := cmp.Diff(talk(&generate.Config{MaxStates: 2}), talk(&generate.Config{MaxStates: 2, Speculation: drafting(7)})); diff != "" {
		t.Errorf("the conversation differs (-plain +drafted):\n%s", diff)
	}
}
