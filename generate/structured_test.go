package generate_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// grammarOf returns a grammar.
func grammarOf(t testing.TB) func(g *grammar.Grammar, err error) *grammar.Grammar {
	return func(g *grammar.Grammar, err error) *grammar.Grammar {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
}

// hot is sampling that a grammar has to hold against.
func hot(seed int) *generate.Sampling {
	return &generate.Sampling{Temperature: 1, Seed: new(uint64(seed))}
}

func TestAnswersFitTheirGrammar(t *testing.T) {
	g := openStory(t, nil)
	ok := grammarOf(t)
	jsonGrammar := ok(grammar.JSON())
	for _, c := range []struct {
		name    string
		grammar *grammar.Grammar
		fits    func(text string) bool
	}{
		{"regular", ok(grammar.Regex(`(The|A) [a-z]+ (was|is) ([a-z]+ ){1,3}here\.`)), regexp.MustCompile(`^(The|A) [a-z]+ (was|is) ([a-z]+ ){1,3}here\.$`).MatchString},
		{"choice", ok(grammar.Choice("yes", "no", "yes, but no")), func(s string) bool { return slices.Contains([]string{"yes", "no", "yes, but no"}, s) }},
		{"JSON", jsonGrammar, func(s string) bool { return json.Valid([]byte(s)) }},
		{"recursive", ok(grammar.GBNF("root ::= \"(\" (root | [0-9]{1,3})* \")\"")), func(s string) bool { return strings.Count(s, "(") == strings.Count(s, ")") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range 20 {
				o := &generate.Options{Grammar: c.grammar, Sampling: hot(seed), MaxTokens: 60}
				r, err := g.Generate(t.Context(), "Once upon a time", o)
				if err != nil {
					t.Fatalf("%q: %v", r.Text, err)
				}
				if !c.fits(r.Text) || !c.grammar.Match(r.Text) {
					t.Errorf("seed %d: %q does not fit", seed, r.Text)
				}
			}
		})
	}
}

func TestTheLikeliestAnswerFitsTheGrammar(t *testing.T) {
	g := openStory(t, nil)
	a := grammarOf(t)(grammar.Regex(`[A-Z][a-z]{3,9} and [A-Z][a-z]{3,9}`))
	r, err := g.Generate(t.Context(), "Their names were", &generate.Options{Grammar: a, Sampling: &generate.Sampling{}})
	if err != nil || !a.Match(r.Text) || r.Finish != generate.FinishEnd {
		t.Errorf("got %q, %s (%v)", r.Text, r.Finish, err)
	}
}

func TestAnAnswerThatCannotEndInTimeIsAnError(t *testing.T) {
	g := openStory(t, nil)
	a := grammarOf(t)(grammar.Regex(`([a-z]{5} ){30}`))
	r, err := g.Generate(t.Context(), "Once", &generate.Options{Grammar: a, MaxTokens: 5, Sampling: hot(1)})
	if !errors.Is(err, generate.ErrIncomplete) || r.Text == "" || len(r.Tokens) != 5 {
		t.Errorf("got %q of %d tokens and %v, want the text so far and ErrIncomplete", r.Text, len(r.Tokens), err)
	}
}

func TestAStopStringThatCutsAnAnswerIsAnError(t *testing.T) {
	g := openStory(t, nil)
	a := grammarOf(t)(grammar.Choice("one, two"))
	_, err := g.Generate(t.Context(), "Count", &generate.Options{Grammar: a, Stop: []string{","}})
	if !errors.Is(err, generate.ErrIncomplete) {
		t.Errorf("got %v, want ErrIncomplete", err)
	}
	b := grammarOf(t)(grammar.Regex("one(, two)?"))
	r, err := g.Generate(t.Context(), "Count", &generate.Options{Grammar: b, Stop: []string{","}})
	if err != nil || r.Text != "one" {
		t.Errorf("got %q (%v), want what stands before the stop string, which fits", r.Text, err)
	}
}

func TestABatchFitsItsGrammars(t *testing.T) {
	g := openStory(t, nil)
	ok := grammarOf(t)
	all := []*grammar.Grammar{ok(grammar.Regex(`[0-9]{4}-[0-9]{2}`)), ok(grammar.Choice("left", "right")), ok(grammar.JSON())}
	var prompts []generate.Prompt
	for k := range 9 {
		prompts = append(prompts, generate.Prompt{Text: "Once", Options: &generate.Options{Grammar: all[k%3], Sampling: hot(k), MaxTokens: 30}})
	}
	n := 0
	for r, err := range g.Batch(t.Context(), slices.Values(prompts), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if !all[n%3].Match(r.Text) {
			t.Errorf("answer %d, %q, does not fit", n, r.Text)
		}
		n++
	}
	if n != len(prompts) {
		t.Errorf("%d answers, want %d", n, len(prompts))
	}
}

func TestTheGrammarBeginsBehindTheThinking(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, thinkingTemplate)
	m.next = replies(tok, "<think>so 1 or 2</think>yes")
	a := grammarOf(t)(grammar.Choice("yes", "no"))
	r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Grammar: a}))
	if err != nil || r.Reasoning != "so 1 or 2" || !strings.HasSuffix(r.Text, "</think>yes") {
		t.Errorf("got %q after %q (%v)", r.Text, r.Reasoning, err)
	}
}

func TestWhatIsForcedIsTokenisedAsTheTextIs(t *testing.T) {
	g := openStory(t, nil)
	a := grammarOf(t)(grammar.Regex(`(Once upon a time there was|After the long rain came) a [a-z]{3,6} who lived in the forest\.`))
	jumped := 0
	for seed := range 10 {
		r, err := g.Generate(t.Context(), "The story:", &generate.Options{Grammar: a, Sampling: hot(seed)})
		if err != nil || !a.Match(r.Text) {
			t.Fatalf("%q: %v", r.Text, err)
		}
		if r.Stats.Tokens != len(r.Tokens) {
			t.Errorf("%d tokens are counted, %d came", r.Stats.Tokens, len(r.Tokens))
		}
		jumped += r.Stats.Forced
		if r.Stats.Forced == 0 {
			continue
		}
		ids, err := g.Tokenizer().Encode(" in the forest", false)
		if err != nil {
			t.Fatal(err)
		}
		if !containsRun(r.Tokens, ids) {
			t.Errorf("%q is %v, which has not %v in it", r.Text, r.Tokens, ids)
		}
	}
	if jumped == 0 {
		t.Error("nothing was forced")
	}
}

// containsRun reports whether a list has another one in it.
func containsRun(list, run []int) bool {
	for k := 0; k+len(run) <= len(list); k++ {
		if slices.Equal(list[k:k+len(run)], run) {
			return true
		}
	}
	return false
}
