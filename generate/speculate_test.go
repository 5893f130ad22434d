package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// drafting drafts wherever there is something to draft.
func drafting(most int) *generate.Speculation {
	return &generate.Speculation{Always: true, MaxDraft: most}
}

// repeats is a prompt whose continuation the storyteller partly copies.
const repeats = "Tom had a red ball. Tom had a red ball. Tom had a red"

// banning is a processor that rules out the tokens of the last place but three.
type banning struct{}

func (banning) Process(ids []int, logits []float32) error {
	if len(ids) > 3 {
		logits[ids[len(ids)-4]] = float32(math.Inf(-1))
	}
	return nil
}

// second takes the second likeliest token at every third step.
type second struct{ steps int }

func (s *second) Sample(logits []float32) (int, error) {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	if s.steps++; s.steps%3 != 0 {
		return best, nil
	}
	logits[best] = float32(math.Inf(-1))
	return slices.Index(logits, slices.Max(logits)), nil
}

// TestDraftsChangeNoToken compares answers with and without drafts, in every way of
// choosing tokens.
func TestDraftsChangeNoToken(t *testing.T) {
	ways := map[string]func() generate.Options{
		"greedy": func() generate.Options { return generate.Options{Sampling: &generate.Sampling{}} },
		"the model's": func() generate.Options {
			return generate.Options{Sampling: &generate.Sampling{Temperature: 0.7, TopP: 0.9, Seed: new(uint64(3))}}
		},
		"hot": func() generate.Options {
			return generate.Options{Sampling: &generate.Sampling{Temperature: 1.5, TopK: 40, MinP: 0.01, Seed: new(uint64(5))}}
		},
		"penalised": func() generate.Options {
			return generate.Options{Sampling: &generate.Sampling{Temperature: 0.9, RepetitionPenalty: 1.3, Seed: new(uint64(7))}}
		},
		"processed": func() generate.Options {
			return generate.Options{Sampling: &generate.Sampling{}, Processors: []generate.Processor{banning{}}}
		},
		"a sampler of the caller's": func() generate.Options { return generate.Options{Sampler: &second{}} },
		"until a stop string": func() generate.Options {
			return generate.Options{Sampling: &generate.Sampling{}, Stop: []string{"ball. T"}}
		},
	}
	arithmetics := []coreml.Arithmetic{coreml.ArithmeticFast, coreml.ArithmeticWide, coreml.ArithmeticFaithful}
	lengths := []int{1, 3, 7, 20}
	if testing.Short() {
		arithmetics, lengths = arithmetics[:1], lengths[2:3]
	}
	for _, arithmetic := range arithmetics {
		g := openStory(t, &generate.Config{Model: &coreml.Config{Arithmetic: arithmetic, Engine: coreml.EnginePortable}})
		for name, way := range ways {
			opts := way()
			opts.MaxTokens, opts.IgnoreEnd = 60, true
			want, err := g.Generate(t.Context(), repeats, &opts)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range lengths {
				opts := way()
				opts.MaxTokens, opts.IgnoreEnd, opts.Speculation = 60, true, drafting(n)
				got, err := g.Generate(t.Context(), repeats, &opts)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.Tokens, got.Tokens); diff != "" || got.Text != want.Text || got.Finish != want.Finish {
					t.Errorf("%v, %s, drafts of %d: the answer differs (-plain +drafted):\n%s", arithmetic, name, n, diff)
				}
				s := got.Stats.Speculation
				if s == nil || s.Blocks == 0 && opts.Sampler == nil || s.Drafted < s.Accepted || s.Off != "" {
					t.Errorf("%v, %s, drafts of %d: %+v", arithmetic, name, n, s)
				}
				// The first token is the prompt's, and the last is not read.
				if s != nil && s.Blocks+s.Steps+s.Accepted != len(got.Tokens)-1 && got.Finish == generate.FinishLength {
					t.Errorf("%v, %s: %+v for %d tokens", arithmetic, name, s, len(got.Tokens))
				}
			}
		}
	}
}

// TestDraftsChangeNoRecordedPrompt runs every recorded prompt in the default arithmetic,
// whose products of many vectors are not those of one.
func TestDraftsChangeNoRecordedPrompt(t *testing.T) {
	compare := func(t *testing.T, g *generate.Generator, list []record) {
		for _, r := range list {
			want, err := g.Generate(t.Context(), r.Prompt, greedyConfig(len(r.Greedy)))
			if err != nil {
				t.Fatal(err)
			}
			opts := greedyConfig(len(r.Greedy))
			opts.Speculation = drafting(0)
			got, err := g.Generate(t.Context(), r.Prompt, opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Tokens, got.Tokens); diff != "" {
				t.Errorf("%q (-plain +drafted):\n%s", r.Prompt, diff)
			}
		}
	}
	t.Run("storyteller", func(t *testing.T) {
		list := records(t, "../testdata/storyteller")
		if testing.Short() {
			list = list[:2]
		}
		compare(t, openStory(t, nil), list)
	})
	t.Run("smollm2", func(t *testing.T) {
		root := os.Getenv("COREML_FIXTURES")
		if root == "" || testing.Short() {
			t.Skipf("SKIPPED: %s needs COREML_FIXTURES, and takes some seconds", t.Name())
		}
		g, err := generate.Open(t.Context(), filepath.Join(root, "smollm2", "model.mlpackage"), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		compare(t, g, records(t, filepath.Join(root, "smollm2")))
	})
}

// TestDraftsKeepTheDistribution draws from logits that are the same at every step, in
// answers that are drafted all the time, and compares the numbers of tokens with their
// probabilities by Pearson's chi-square.
func TestDraftsKeepTheDistribution(t *testing.T) {
	const tokens, draws, seeds = 5, 40, 100
	logits := []float32{1, 0.5, 0, -0.5, 0.2}
	m := &fakeModel{unrecorded: true, next: func([]int) int { return 10 }, spoil: func(_ int, row []float32) {
		for i := range row {
			row[i] = float32(math.Inf(-1))
		}
		copy(row[20:], logits)
	}}
	g := newFake(t, m, generate.Config{})
	var counts [tokens]float64
	var accepted, drafted int
	for seed := range uint64(seeds) {
		r, err := generate.Collect(g.StreamTokens(t.Context(), []int{20, 21, 22, 20, 21}, &generate.Options{
			MaxTokens: draws, IgnoreEnd: true, Speculation: drafting(4), Sampling: &generate.Sampling{Temperature: 1, Seed: &seed},
		}))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range r.Tokens {
			counts[id-20]++
		}
		accepted, drafted = accepted+r.Stats.Speculation.Accepted, drafted+r.Stats.Speculation.Drafted
	}
	var sum float64
	p := make([]float64, tokens)
	for i, l := range logits {
		p[i] = math.Exp(float64(l))
		sum += p[i]
	}
	var chi2 float64
	for i := range p {
		want := draws * seeds * p[i] / sum
		chi2 += (counts[i] - want) * (counts[i] - want) / want
	}
	// 18.47 is the value that chi-square of 4 degrees of freedom passes once in 1000.
	if chi2 > 18.47 {
		t.Errorf("chi-square is %.2f: %v", chi2, counts)
	}
	if accepted < 200 || drafted <= accepted {
		t.Errorf("%d of %d drafted tokens were accepted: too few to tell anything", accepted, drafted)
	}
}

// TestADraftModelDrafts lets the storyteller draft for itself: every token is right.
func TestADraftModelDrafts(t *testing.T) {
	small := openStory(t, nil)
	g := openStory(t, &generate.Config{Draft: small})
	for _, s := range []*generate.Sampling{{}, {Temperature: 0.8, Seed: new(uint64(4))}} {
		opts := &generate.Options{MaxTokens: 40, Sampling: s, IgnoreEnd: true}
		want, err := g.Generate(t.Context(), "Once upon a time", opts)
		if err != nil {
			t.Fatal(err)
		}
		opts.Speculation = &generate.Speculation{Always: true, NoLookup: true, MaxDraft: 4}
		got, err := g.Generate(t.Context(), "Once upon a time", opts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Tokens, got.Tokens); diff != "" {
			t.Errorf("temperature %v (-plain +drafted):\n%s", s.Temperature, diff)
		}
		d := got.Stats.Speculation
		if d.Drafted == 0 || s.Temperature == 0 && d.AcceptRate() < 0.95 {
			t.Errorf("temperature %v: %+v", s.Temperature, d)
		}
	}
	if n := small.Stats().States; n != 0 {
		t.Errorf("the draft model has %d states in use after the answers", n)
	}
}

func TestADraftModelWithoutAFreeState(t *testing.T) {
	small := openStory(t, &generate.Config{MaxStates: 1})
	g := openStory(t, &generate.Config{Draft: small})
	held, err := small.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	opts := greedyConfig(10)
	opts.Speculation = &generate.Speculation{Always: true, NoLookup: true}
	r, err := g.Generate(t.Context(), "Once", opts)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Stats.Speculation; s.Drafted != 0 || !strings.Contains(s.Off, "states are in use") {
		t.Errorf("%+v", s)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = g.Generate(t.Context(), "Once", opts); err != nil || r.Stats.Speculation.Accepted == 0 {
		t.Errorf("with a free state: %+v, %v", r.Stats.Speculation, err)
	}
}

func TestASessionGoesOnBehindDrafts(t *testing.T) {
	answer := encode(t, "red ball and red ball and red ball and")
	send := func(spec *generate.Speculation) []string {
		m := &fakeModel{unrecorded: true, next: func(tokens []int) int { return answer[len(tokens)%len(answer)] }}
		s, _ := newSession(t, m, plainTemplate)
		var out []string
		for _, text := range []string{"hi", "yo"} {
			r, err := generate.Collect(s.Send(t.Context(), text, &generate.Options{MaxTokens: 12, Speculation: spec, Sampling: &generate.Sampling{}}))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(r.Tokens, r.Stats.CachedTokens))
			if spec != nil && r.Stats.Speculation.Accepted == 0 {
				t.Errorf("%+v", r.Stats.Speculation)
			}
		}
		return out
	}
	if diff := cmp.Diff(send(nil), send(drafting(0))); diff != "" {
		t.Errorf("a session with drafts differs (-plain +drafted):\n%s", diff)
	}
}

// TestDraftsAreOffWhereTheyCannotBeVerified looks at packages of every kind.
func TestDraftsAreOffWhereTheyCannotBeVerified(t *testing.T) {
	on := 0
	for _, f := range tinyFamilies(t) {
		g := f.open(t, generate.Config{})
		for _, r := range f.records[:1] {
			opts := greedyConfig(20)
			opts.IgnoreEnd = true
			run := func() *generate.Result {
				got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, opts))
				if err != nil {
					t.Fatalf("%s: %v", f.name, err)
				}
				return got
			}
			want := run()
			opts.Speculation = drafting(3)
			got := run()
			if diff := cmp.Diff(want.Tokens, got.Tokens); diff != "" {
				t.Errorf("%s (-plain +drafted):\n%s", f.name, diff)
			}
			s := got.Stats.Speculation
			if s.Off != "" && s.Drafted > 0 {
				t.Errorf("%s: %+v", f.name, s)
			}
			t.Logf("%s: %+v", f.name, s)
			if s.Drafted > 0 {
				on++
			}
		}
	}
	if on == 0 {
		t.Error("no family drafts")
	}
}

func TestSpeculationIsValidated(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	for field, s := range map[string]generate.Speculation{
		"MaxDraft": {MaxDraft: -1}, "MaxDraft is": {MaxDraft: 64}, "MinMatch": {MinMatch: 1}, "MinMatch is": {MinMatch: -2},
	} {
		_, err := g.Generate(t.Context(), "hi", &generate.Options{Speculation: &s})
		if !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), strings.TrimSuffix(field, " is")) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	other, err := tokenizer.LoadFS(os.DirFS(tinyRoot), "tokenizer")
	if err != nil {
		t.Fatal(err)
	}
	m := &fakeModel{next: counting}
	_, err = generate.NewFake(m, m.description(), other, &generate.Config{Driver: m.driver(), Draft: g})
	if !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "Draft") {
		t.Errorf("a draft model with another tokenizer: %v", err)
	}
}

func TestACancelledDraftGivesEverythingBack(t *testing.T) {
	small := openStory(t, nil)
	g := openStory(t, &generate.Config{Draft: small, MaxStates: 1})
	for stop := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		for tok, err := range g.Stream(ctx, repeats, &generate.Options{MaxTokens: 40, IgnoreEnd: true, Speculation: drafting(3)}) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				break
			}
			if n++; n > stop {
				cancel()
			}
			_ = tok
		}
		cancel()
	}
	waitFor(t, "all states are back", func() bool { return g.Stats().States == 0 && small.Stats().States == 0 })
	if _, err := g.Generate(t.Context(), repeats, greedyConfig(4)); err != nil {
		t.Error(err)
	}
}

// TestRowsAloneHaveTheBitsOfSteps compares the logits of blocks with those of steps, to
// the bit, in the arithmetic in which the products of many vectors are others.
func TestRowsAloneHaveTheBitsOfSteps(t *testing.T) {
	for _, arithmetic := range []coreml.Arithmetic{coreml.ArithmeticFast, coreml.ArithmeticWide, coreml.ArithmeticFaithful} {
		g := openStory(t, &generate.Config{Model: &coreml.Config{Arithmetic: arithmetic, Engine: coreml.EnginePortable}})
		ids := encode(t, repeats)
		one, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		many, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows := make([][]float32, 9)
		for at, n := 0, 1; at < len(ids); at, n = at+n, n%8+1 {
			n = min(n, len(ids)-at)
			if err := generate.Block(many, t.Context(), ids[at:at+n], rows); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				want, err := one.Append(t.Context(), ids[at+i:at+i+1])
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(want, rows[i]) {
					t.Fatalf("%v: the logits behind token %d of %d at %d are not those of a step", arithmetic, i, n, at)
				}
				if i > 0 {
					if err := generate.Advance(many, t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := errors.Join(one.Close(), many.Close()); err != nil {
			t.Error(err)
		}
	}
}
