package generate_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// TestAnswersThatSlideAreThoseOfTheirSeeds compares several answers, each longer than the
// context, with those that each seed has by itself.
func TestAnswersThatSlideAreThoseOfTheirSeeds(t *testing.T) {
	g := newFake(t, &fakeModel{fillRow: tableRow, unrecorded: true}, generate.Config{})
	opts := &generate.Options{
		MaxTokens: 2 * fakeContext, IgnoreEnd: true, Overflow: generate.OverflowSlide, KeepTokens: 3,
		Sampling: &generate.Sampling{Temperature: 2, Seed: new(uint64(7))},
	}
	seed := uint64(7)
	for r, err := range g.Answers(t.Context(), generate.Prompt{Tokens: prompt}, 3, opts) {
		if err != nil {
			t.Fatal(err)
		}
		own := *opts
		own.Sampling = &generate.Sampling{Temperature: 2, Seed: new(seed)}
		alone, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &own))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Tokens, alone.Tokens) || r.Stats.Slides != alone.Stats.Slides {
			t.Errorf("seed %d: %v in %d slides, by itself %v in %d", seed, r.Tokens, r.Stats.Slides, alone.Tokens, alone.Stats.Slides)
		}
		seed++
	}
}

// TestAnswersDropTurns asks for answers to a conversation that is too long.
func TestAnswersDropTurns(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	var messages []tokenizer.Message
	for range 12 {
		messages = append(messages, tokenizer.Message{Role: "user", Content: "hello"}, tokenizer.Message{Role: "assistant", Content: "yes"})
	}
	messages = append(messages, tokenizer.Message{Role: "user", Content: "so"})
	opts := &generate.Options{MaxTokens: 4, Overflow: generate.OverflowDropTurns, IgnoreEnd: true}
	want, err := generate.Collect(g.Chat(t.Context(), messages, opts))
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range g.Answers(t.Context(), generate.Prompt{Messages: messages}, 2, opts) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Tokens, want.Tokens) || r.Stats.DroppedMessages != want.Stats.DroppedMessages || want.Stats.DroppedMessages == 0 {
			t.Errorf("%v with %d messages dropped, by itself %v with %d", r.Tokens, r.Stats.DroppedMessages, want.Tokens, want.Stats.DroppedMessages)
		}
	}
	if _, err := g.BeamSearch(t.Context(), generate.Prompt{Messages: messages}, &generate.Beams{N: 2}, opts); err != nil {
		t.Error(err)
	}
	for field, o := range map[string]*generate.Options{
		"Overflow":        {Overflow: generate.OverflowSlide},
		"ReasoningBudget": {ReasoningBudget: 3},
	} {
		_, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: prompt}, &generate.Beams{N: 2}, o)
		wantConfigError(t, err, field, "beam search")
	}
}

// observed counts spans that began and ended, and the errors of answers.
func observed(s *spans) (begun, ended map[string]int, failed int) {
	begun, ended = map[string]int{}, map[string]int{}
	for _, name := range s.begun {
		begun[name]++
	}
	for i, name := range s.ended {
		if ended[name]++; name == "generate" && s.errs[i] != nil {
			failed++
		}
	}
	return begun, ended, failed
}

// TestEveryAnswerIsObserved counts spans and measures of what makes several answers.
func TestEveryAnswerIsObserved(t *testing.T) {
	for _, c := range []struct {
		name                    string
		run                     func(t *testing.T, g *generate.Generator)
		answers, failed, tokens int
	}{
		{"several answers", func(t *testing.T, g *generate.Generator) {
			for _, err := range g.Answers(t.Context(), generate.Prompt{Tokens: prompt}, 3, &generate.Options{MaxTokens: 4}) {
				if err != nil {
					t.Error(err)
				}
			}
		}, 3, 0, 12},
		{"answers of which the second fails", func(t *testing.T, g *generate.Generator) {
			n := 0
			opts := &generate.Options{MaxTokens: 4, Processors: []generate.Processor{failing(func() bool { n++; return n > 5 })}}
			for range g.Answers(t.Context(), generate.Prompt{Tokens: prompt}, 3, opts) {
			}
		}, 2, 1, 5},
		{"beams", func(t *testing.T, g *generate.Generator) {
			found, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: prompt}, &generate.Beams{N: 2, Return: 1}, &generate.Options{MaxTokens: 4, IgnoreEnd: true})
			if err != nil || len(found[0].Tokens) != 4 {
				t.Errorf("%v, %v", found, err)
			}
		}, 1, 0, 4},
		{"a panic in the caller's processor", func(t *testing.T, g *generate.Generator) {
			defer func() { _ = recover() }()
			opts := &generate.Options{Processors: []generate.Processor{failing(func() bool { panic("the caller's") })}}
			_, _ = generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
		}, 1, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &spans{attrs: map[string]string{}}
			g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{Tracer: s})
			c.run(t, g)
			begun, ended, failed := observed(s)
			if diff := cmp.Diff(begun, ended); diff != "" {
				t.Errorf("spans have no end (-begun +ended):\n%s", diff)
			}
			if begun["generate"] != c.answers || begun["generate/generate.prefill"] == 0 || failed != c.failed {
				t.Errorf("%v, %d failed", begun, failed)
			}
			st := g.Stats()
			if st.Answers != uint64(c.answers) || st.Failed != uint64(c.failed) || st.Tokens != uint64(c.tokens) || st.Active != 0 || st.States != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// failing is a processor that fails when it says so.
type failing func() bool

func (f failing) Process([]int, []float32) error {
	if f() {
		return errors.New("broken")
	}
	return nil
}

// TestRowsThatFailAreObserved breaks the first prediction of several texts.
func TestRowsThatFailAreObserved(t *testing.T) {
	s := &spans{attrs: map[string]string{}}
	m := &fakeBatch{texts: 3, masks: 3, positions: 3, broken: func(int) error { return errors.New("broken") }}
	g := m.open(t, generate.Config{Tracer: s, Logger: slog.New(slog.DiscardHandler)})
	prompts := slices.Values([]generate.Prompt{{Tokens: prompt}, {Tokens: prompt[:2]}, {Tokens: prompt[:3]}})
	for _, err := range g.Batch(t.Context(), prompts, &generate.Options{MaxTokens: 4}) {
		if err == nil {
			t.Error("no error")
		}
	}
	begun, ended, failed := observed(s)
	if diff := cmp.Diff(begun, ended); diff != "" || begun["generate"] != 3 || failed != 3 || begun["generate/generate.prefill"] != 3 {
		t.Errorf("%v, %d failed (-begun +ended):\n%s", begun, failed, diff)
	}
	if st := g.Stats(); st.Answers != 3 || st.Failed != 3 || st.Active != 0 {
		t.Errorf("%+v", st)
	}
}

// TestAGrammarGoesOnWhereTheTextIsSlidAlong forces more tokens than the context has.
func TestAGrammarGoesOnWhereTheTextIsSlidAlong(t *testing.T) {
	text := strings.Repeat(" the cat and the dog", 16)
	one, err := grammar.Choice(text)
	if err != nil {
		t.Fatal(err)
	}
	open, err := grammar.Regex(`( [a-z]+){4,90}`)
	if err != nil {
		t.Fatal(err)
	}
	g := newFake(t, &fakeModel{next: following(encode(t, text)), unrecorded: true}, generate.Config{})
	for _, guided := range []bool{false, true} {
		opts := &generate.Options{MaxTokens: 900, Overflow: generate.OverflowSlide, Grammar: one, Sampling: &generate.Sampling{}}
		if guided {
			opts.Guidance = &generate.Guidance{Scale: 1.2}
		}
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
		if err != nil || r.Text != text || r.Stats.Slides == 0 {
			t.Errorf("guided %v: %q in %d slides: %v", guided, r.Text, r.Stats.Slides, err)
		}
		if forced := r.Stats.Forced > 0; forced == guided {
			t.Errorf("guided %v: %d tokens were forced", guided, r.Stats.Forced)
		}
		opts.Grammar = open
		r, err = generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
		if err != nil || len(strings.Fields(r.Text)) != 90 {
			t.Errorf("guided %v: %d words of 90, ended by %q: %v", guided, len(strings.Fields(r.Text)), r.Finish, err)
		}
	}
}

// following is a rule that writes what follows two tokens in a text that repeats itself, and
// its beginning elsewhere.
func following(ids []int) func([]int) int {
	next := map[[2]int]int{}
	for i := range ids[2:] {
		next[[2]int(ids[i:])] = ids[i+2]
	}
	return func(tokens []int) int {
		last := tokens[len(tokens)-1]
		if len(tokens) > 1 {
			if id, ok := next[[2]int{tokens[len(tokens)-2], last}]; ok {
				return id
			}
		}
		if last == ids[0] {
			return ids[1]
		}
		return ids[0]
	}
}
