package generate_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/testutil"
)

// familyPackage is a package of one family with PyTorch's answers.
type familyPackage struct {
	name    string
	records []record
	open    func(t *testing.T, c generate.Config) *generate.Generator
}

// familyPackages returns the storyteller, and the packages beside COREML_FIXTURES.
func familyPackages(t *testing.T) []familyPackage {
	t.Helper()
	list := []familyPackage{{
		name: "storyteller", records: records(t, filepath.Join("..", "testdata", "storyteller"))[:3],
		open: func(t *testing.T, c generate.Config) *generate.Generator { return openStory(t, &c) },
	}}
	fixtures := os.Getenv("COREML_FIXTURES")
	root := filepath.Join(fixtures, "..", "families")
	dirs, _ := filepath.Glob(filepath.Join(root, "*", "generation.json"))
	if fixtures == "" || len(dirs) == 0 {
		t.Logf("SKIPPED: %s needs the packages of all families beside COREML_FIXTURES; of them none is tried", t.Name())
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		var family struct{ Model, Tokenizer, Kind string }
		data, err := os.ReadFile(filepath.Join(dir, "family.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &family); err != nil {
			t.Fatal(err)
		}
		if family.Kind != "" {
			t.Logf("SKIPPED: %s is of kind %s", filepath.Base(dir), family.Kind)
			continue
		}
		list = append(list, familyPackage{
			name: filepath.Base(dir), records: records(t, dir),
			open: func(t *testing.T, c generate.Config) *generate.Generator {
				t.Helper()
				c.Tokenizer, c.Driver = filepath.Join(dir, family.Tokenizer), committedDriver(t, filepath.Base(dir))
				c.Model = &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}
				g, err := generate.Open(t.Context(), filepath.Join(dir, family.Model), &c)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := g.Close(); err != nil {
						t.Error(err)
					}
				})
				return g
			},
		})
	}
	return list
}

// familyPlace returns what family.json says of a package's and its tokenizer's place.
func familyPlace(t *testing.T, dir string) (model, tokenizer string) {
	t.Helper()
	var family struct{ Model, Tokenizer string }
	data, err := os.ReadFile(filepath.Join(dir, "family.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &family); err != nil {
		t.Fatal(err)
	}
	return family.Model, family.Tokenizer
}

// committedDriver reads the driver file of a package that needs one.
func committedDriver(t *testing.T, name string) *generate.Driver {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "drivers", name, "driver.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := generate.ReadDriver(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// leastMargin is by how much a recorded token has to lead for every arithmetic to
// agree with it.
const leastMargin = 0.05

// familyBehaviours are what every family has to do as family 1 does it. Each is tried
// on every package.
var familyBehaviours = []struct {
	name string
	try  func(t *testing.T, p familyPackage)
}{
	{"the prompt at once", func(t *testing.T, p familyPackage) { answersAll(t, p, -1) }},
	{"the prompt in blocks of 5", func(t *testing.T, p familyPackage) { answersAll(t, p, 5) }},
	{"the prompt in blocks of 16", func(t *testing.T, p familyPackage) { answersAll(t, p, 16) }},
	{"token by token", func(t *testing.T, p familyPackage) { answersAll(t, p, 1) }},
	{"after rewinds", answersAfterRewinds},
	{"two sequences in turns", answersInTurns},
	{"at the same time", answersTogether},
	{"up to a stop string", stopsAtText},
	{"up to the end of the context", fillsTheContext},
	{"after a cancelled prompt", answersAfterCancel},
	{"without choices that cannot be had", refusesChoices},
	{"without allocations for a token", decodesInPlace},
	{"a conversation whose history changes", changesItsHistory},
	{"several answers from one reading", answersTwice},
	{"beams in one state and in several", searchesAlike},
	{"in forks and after a save", forksAndSaves},
	{"from a prefix that was read before", beginsWithAPrefix},
	{"from states that others have left", reusesStates},
	{"beyond the end of the context", slidesAlong},
}

// shortShare is of how many families one is tried under -short, where the kernels may be
// those in plain Go, or watched for races.
const shortShare = 6

func TestEveryFamilyBehavesAsTheFirst(t *testing.T) {
	for i, p := range familyPackages(t) {
		t.Run(p.name, func(t *testing.T) {
			if testing.Short() && i%shortShare != 0 {
				t.Skip("SKIPPED: one family of some is tried under -short")
			}
			for _, b := range familyBehaviours {
				t.Run(b.name, func(t *testing.T) { b.try(t, p) })
			}
		})
	}
}

// likeliest returns the index of the greatest logit.
func likeliest(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

// wantAnswer appends a prompt to a sequence that holds some of it, and compares the
// tokens that follow, as far as the reference is sure of them.
func wantAnswer(t *testing.T, s *generate.Sequence, r *record) {
	t.Helper()
	logits, err := s.Append(t.Context(), r.IDs[s.Len():])
	if err != nil {
		t.Fatal(err)
	}
	wantContinued(t, s, r, 0, r.sure(leastMargin), logits)
}

// wantContinued compares the tokens of an answer from one on, the logits of which
// are given.
func wantContinued(t *testing.T, s *generate.Sequence, r *record, from, to int, logits []float32) []float32 {
	t.Helper()
	for i := from; i < to; i++ {
		if got := likeliest(logits); got != r.Greedy[i] {
			t.Fatalf("a prompt of %d: token %d is %d, want %d (margin %v)", len(r.IDs), i, got, r.Greedy[i], r.Margin[i])
		}
		var err error
		if i+1 < len(r.Greedy) {
			if logits, err = s.Append(t.Context(), []int{r.Greedy[i]}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return logits
}

func sequenceOf(t *testing.T, g *generate.Generator) *generate.Sequence {
	t.Helper()
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func answersAll(t *testing.T, p familyPackage, chunk int) {
	g := p.open(t, generate.Config{PrefillChunk: chunk})
	for i := range p.records {
		s := sequenceOf(t, g)
		wantAnswer(t, s, &p.records[i])
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// answersAfterRewinds goes back by a token, by the whole answer, into the prompt and
// to the beginning, and to the end of an earlier prompt from another one.
func answersAfterRewinds(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{})
	s := sequenceOf(t, g)
	for i := range p.records {
		r := &p.records[i]
		for _, keep := range []int{len(r.IDs) + 3, len(r.IDs), len(r.IDs) - 1, len(r.IDs) / 2, 1, 0} {
			if err := s.Truncate(min(sharedTokens(s.Tokens(), r.IDs), len(r.IDs)-1)); err != nil {
				t.Fatal(err)
			}
			wantAnswer(t, s, r)
			// Something else, and back.
			if n := g.ContextLength() - s.Len(); n > 2 {
				if _, err := s.Append(t.Context(), []int{7, 11}); err != nil {
					t.Fatal(err)
				}
			}
			if keep > len(r.IDs) && r.sure(leastMargin) > 5 {
				if err := s.Truncate(keep); err != nil {
					t.Fatal(err)
				}
				logits, err := s.Append(t.Context(), []int{r.Greedy[3]})
				if err != nil {
					t.Fatal(err)
				}
				wantContinued(t, s, r, 4, r.sure(leastMargin), logits)
				continue
			}
			if err := s.Truncate(min(keep, len(r.IDs)-1, s.Len())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func sharedTokens(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func answersInTurns(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{MaxStates: 2})
	a, b := &p.records[0], &p.records[len(p.records)-1]
	s, u := sequenceOf(t, g), sequenceOf(t, g)
	x, err := s.Append(t.Context(), a.IDs)
	if err != nil {
		t.Fatal(err)
	}
	y, err := u.Append(t.Context(), b.IDs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range min(a.sure(leastMargin), b.sure(leastMargin)) {
		x = wantContinued(t, s, a, i, i+1, x)
		y = wantContinued(t, u, b, i, i+1, y)
	}
}

func answersTogether(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{MaxStates: 3})
	var wg sync.WaitGroup
	for i := range 3 {
		r := p.records[i%len(p.records)]
		wg.Go(func() {
			n := r.sure(leastMargin)
			if n == 0 {
				return
			}
			got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, &generate.Options{MaxTokens: n, IgnoreEnd: true, Sampling: &generate.Sampling{}}))
			if err != nil || !slices.Equal(got.Tokens, r.Greedy[:n]) {
				t.Errorf("got %v, %v; want %v", got.Tokens, err, r.Greedy[:n])
			}
		})
	}
	wg.Wait()
}

func stopsAtText(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{})
	r := &p.records[0]
	whole, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, &generate.Options{MaxTokens: 12, IgnoreEnd: true, Sampling: &generate.Sampling{}}))
	if err != nil {
		t.Fatal(err)
	}
	text := []rune(whole.Text)
	if len(text) < 4 {
		t.Skipf("the answer is %q, too short for a stop string within it", whole.Text)
	}
	stop := string(text[2:4])
	cut, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, &generate.Options{MaxTokens: 12, IgnoreEnd: true, Stop: []string{stop}, Sampling: &generate.Sampling{}}))
	if err != nil || cut.Finish != generate.FinishStop || len(cut.Text) >= len(whole.Text) {
		t.Errorf("%q ended by %v at %q, %v", cut.Text, cut.Finish, stop, err)
	}
}

func fillsTheContext(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{})
	n := g.ContextLength()
	if n > 512 {
		n = 512 // the storyteller's is long
	}
	r := &p.records[0]
	got, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, &generate.Options{MaxTokens: -1, IgnoreEnd: true, Sampling: &generate.Sampling{}, Processors: nil}))
	if err != nil && g.ContextLength() == n {
		t.Fatal(err)
	}
	if g.ContextLength() == n && (got.Finish != generate.FinishContext || len(r.IDs)+len(got.Tokens) != n+1) {
		t.Errorf("%d tokens behind %d ended by %v, for a context of %d", len(got.Tokens), len(r.IDs), got.Finish, n)
	}
	s := sequenceOf(t, g)
	if _, err := s.Append(t.Context(), make([]int, g.ContextLength()+1)); !errors.Is(err, generate.ErrContextFull) || s.Len() != 0 {
		t.Errorf("more than the context gave %v, and %d tokens", err, s.Len())
	}
	if _, err := s.Append(t.Context(), []int{-1}); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("a negative id gave %v", err)
	}
	if _, err := s.Append(t.Context(), []int{math.MaxInt32}); err == nil {
		t.Error("an id beyond every vocabulary was taken")
	}
	wantAnswer(t, s, r)
}

func answersAfterCancel(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{MaxStates: 1})
	r := &p.records[len(p.records)-1]
	s := sequenceOf(t, g)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, r.IDs); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call gave %v", err)
	}
	// In the midst of a prompt.
	ctx, cancel = context.WithCancel(t.Context())
	err := s.AppendRows(ctx, r.IDs, func(pos int, _ []float32) error {
		if pos >= len(r.IDs)/2 {
			cancel()
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was cancelled half-way gave %v", err)
	}
	cancel()
	if err := s.Truncate(min(s.Len(), len(r.IDs)-1)); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, s, r)
}

func refusesChoices(t *testing.T, p familyPackage) {
	g := p.open(t, generate.Config{})
	greedy := choosesItself(g)
	r := &p.records[0]
	for _, o := range []*generate.Options{
		{MaxTokens: 2, Sampling: &generate.Sampling{Temperature: 0.7}},
		{MaxTokens: 2, Sampling: &generate.Sampling{RepetitionPenalty: 1.3}},
		{MaxTokens: 2, Processors: []generate.Processor{nothing{}}},
		{MaxTokens: 2, Sampling: &generate.Sampling{LogitBias: map[int]float64{3: 1}}},
		{MaxTokens: 2, Sampling: &generate.Sampling{MinNewTokens: 2}},
		{MaxTokens: 2, LogProbs: 1},
		{MaxTokens: 2, Guidance: &generate.Guidance{Scale: 2}},
	} {
		_, err := generate.Collect(g.StreamTokens(t.Context(), r.IDs, o))
		if refused := errors.Is(err, generate.ErrConfig); refused != greedy {
			t.Errorf("%+v gave %v, with a package that chooses by itself: %v", o, err, greedy)
		}
	}
}

// nothing is a processor that changes nothing.
type nothing struct{}

func (nothing) Process([]int, []float32) error { return nil }

// decodesInPlace counts what a step of decoding allocates once a text is under way.
func decodesInPlace(t *testing.T, p familyPackage) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	g := p.open(t, generate.Config{})
	s := sequenceOf(t, g)
	r := &p.records[0]
	if _, err := s.Append(t.Context(), r.IDs); err != nil {
		t.Fatal(err)
	}
	if err := generate.Reserve(s, 24); err != nil {
		t.Fatal(err)
	}
	next, ids := 0, [1]int{}
	step := func() {
		ids[0] = r.Greedy[next%len(r.Greedy)]
		next++
		if _, err := s.Append(t.Context(), ids[:]); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		step()
	}
	if n := testutil.Allocs(3, step); n > 0 {
		t.Errorf("%v allocations for a token", n)
	}
}
