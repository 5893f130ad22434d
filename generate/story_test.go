package generate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// record is an element of generation.json: the reference's greedy continuation
// of a prompt, and by how much each of its tokens led.
type record struct {
	Prompt string
	IDs    []int
	Greedy []int
	Margin []float64
	Text   string
}

// sure is the number of leading tokens on which an arithmetic agrees whose logits are off
// by less than half the margin.
func (r *record) sure(margin float64) int {
	if i := slices.IndexFunc(r.Margin, func(m float64) bool { return m < margin }); i >= 0 {
		return i
	}
	return len(r.Greedy)
}

func records(t testing.TB, dir string) []record {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "generation.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []record
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no records")
	}
	return list
}

func openStory(t testing.TB, o *generate.Config) *generate.Generator {
	t.Helper()
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// greedyConfig is without the sampling that the model's own file asks for.
func greedyConfig(n int) *generate.Options {
	return &generate.Options{MaxTokens: n, Sampling: &generate.Sampling{}}
}

func TestTheStorytellerWritesWhatTheReferenceWrites(t *testing.T) {
	chunks := []int{0, -1, 1, 3}
	if testing.Short() {
		chunks = []int{3}
	}
	for _, chunk := range chunks {
		for _, arithmetic := range []coreml.Arithmetic{coreml.ArithmeticFaithful, coreml.ArithmeticWide} {
			t.Run(fmt.Sprintf("chunk %d, %v", chunk, arithmetic), func(t *testing.T) {
				g := openStory(t, &generate.Config{PrefillChunk: chunk, Model: &coreml.Config{Arithmetic: arithmetic}})
				list := records(t, "../testdata/storyteller")
				if testing.Short() {
					list = list[:(len(list)+2)/3]
				}
				followRecords(t, g, list)
			})
		}
	}
}

// followRecords lets g run freely and compares while the reference was sure: less so
// where inputs are quantised.
func followRecords(t *testing.T, g *generate.Generator, list []record) {
	t.Helper()
	margin := 0.05
	if g.Model().Info().Arithmetic == coreml.ArithmeticFast {
		margin = 0.1
	}
	for _, r := range list {
		got, err := g.Generate(t.Context(), r.Prompt, greedyConfig(len(r.Greedy)))
		if err != nil {
			t.Fatal(err)
		}
		n := r.sure(margin)
		if len(got.Tokens) < n || !slices.Equal(got.Tokens[:n], r.Greedy[:n]) {
			t.Errorf("%q: got %v, want %v", r.Prompt, got.Tokens, r.Greedy[:n])
		}
		if got.Stats.PromptTokens != len(r.IDs) {
			t.Errorf("%q: %d tokens, want %d", r.Prompt, got.Stats.PromptTokens, len(r.IDs))
		}
		if n == len(r.Greedy) && got.Text != r.Text {
			t.Errorf("%q: text %q, want %q", r.Prompt, got.Text, r.Text)
		}
	}
}

func TestALargerModelWritesWhatTheReferenceWrites(t *testing.T) {
	root := os.Getenv("COREML_FIXTURES")
	if root == "" {
		t.Skip("COREML_FIXTURES names no larger fixtures")
	}
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	dir := filepath.Join(root, "smollm2")
	g, err := generate.Open(t.Context(), filepath.Join(dir, "model.mlpackage"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	followRecords(t, g, records(t, dir))
	wide, err := generate.Open(t.Context(), filepath.Join(dir, "model.mlpackage"), &generate.Config{Model: &coreml.Config{Arithmetic: coreml.ArithmeticWide}})
	if err != nil {
		t.Fatal(err)
	}
	defer wide.Close()
	followRecords(t, wide, records(t, dir))

	// A conversation from the cache goes on as one that is read anew.
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, text := range []string{"What is the capital of France? Answer briefly.", "And of Italy?"} {
		messages := append(s.Messages(), tokenizer.Message{Role: "user", Content: text})
		got, err := generate.Collect(s.Send(t.Context(), text, greedyConfig(12)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := generate.Collect(g.Chat(t.Context(), messages, greedyConfig(12)))
		if err != nil || !slices.Equal(got.Tokens, want.Tokens) {
			t.Errorf("turn %d: %q, read anew %q, %v", i, got.Text, want.Text, err)
		}
		if i > 0 && got.Stats.CachedTokens < 40 {
			t.Errorf("turn %d found %d of %d tokens in the cache", i, got.Stats.CachedTokens, got.Stats.PromptTokens)
		}
	}
}

func TestOpenFindsTheFilesBesideThePackage(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	pkg := filepath.Join(dir, storyteller.Package)
	g, err := generate.Open(t.Context(), pkg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if !slices.Equal(g.EndTokens(), []int{0}) || g.ContextLength() != 512 {
		t.Errorf("end tokens %v, context %d", g.EndTokens(), g.ContextLength())
	}
	want := &generate.Sampling{Temperature: 0.6, TopK: 40}
	if s := g.Defaults().Sampling; s == nil || !reflect.DeepEqual(s, want) {
		t.Errorf("sampling %+v, want %+v", s, want)
	}
	if info := g.Model().Info(); info.Arithmetic != coreml.ArithmeticFast {
		t.Errorf("arithmetic %v, want fast", info.Arithmetic)
	}
	followRecords(t, g, records(t, "../testdata/storyteller")[:1])

	if err := os.WriteFile(filepath.Join(dir, "driver.json"), []byte(`{"context": 16}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if limited, err := generate.Open(t.Context(), pkg+"/", nil); err != nil || limited.ContextLength() != 16 {
		t.Errorf("with a driver file: %v", err)
	} else if err := limited.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "driver.json"), []byte(`{"tokens": "nothing"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := generate.Open(t.Context(), pkg, nil); !errors.Is(err, generate.ErrDriver) {
		t.Errorf("a driver file that does not fit gave %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "driver.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := generate.Open(t.Context(), pkg, nil); !errors.Is(err, generate.ErrNoTokenizer) {
		t.Errorf("without a tokenizer: %v", err)
	}
}

func TestASeedRepeatsItsStory(t *testing.T) {
	g := openStory(t, nil)
	length := 60
	if testing.Short() {
		length = 25
	}
	tell := func(seed uint64) *generate.Result {
		t.Helper()
		s := *g.Defaults().Sampling
		s.Seed = &seed
		r, err := g.Generate(t.Context(), "Once upon a time", &generate.Options{MaxTokens: length, Sampling: &s})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if a, b := tell(3), tell(3); !slices.Equal(a.Tokens, b.Tokens) || a.Text != b.Text {
		t.Errorf("seed 3 told %q and then %q", a.Text, b.Text)
	}
	if a, b := tell(3), tell(4); slices.Equal(a.Tokens, b.Tokens) {
		t.Errorf("seeds 3 and 4 both told %q", a.Text)
	}
	// Without a seed the one that was used is told, and repeats the story.
	a, err := g.Generate(t.Context(), "Once upon a time", &generate.Options{MaxTokens: length})
	if err != nil {
		t.Fatal(err)
	}
	if b := tell(a.Stats.Seed); !slices.Equal(a.Tokens, b.Tokens) {
		t.Errorf("seed %d told %q and then %q", a.Stats.Seed, a.Text, b.Text)
	}
}

func TestConcurrentStoriesAreEqual(t *testing.T) {
	g := openStory(t, &generate.Config{MaxStates: 3})
	want, err := g.Generate(t.Context(), "The little fox", greedyConfig(40))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			got, err := g.Generate(t.Context(), "The little fox", greedyConfig(40))
			if err != nil || !slices.Equal(got.Tokens, want.Tokens) {
				t.Errorf("got %q, %v; want %q", got.Text, err, want.Text)
			}
		})
	}
	wg.Wait()
}

func TestAStoryCanBeCancelled(t *testing.T) {
	g := openStory(t, &generate.Config{MaxStates: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tokens := 0
	var last error
	for _, err := range g.Stream(ctx, "Once upon a time", greedyConfig(100)) {
		if last = err; err == nil {
			if tokens++; tokens == 5 {
				cancel()
			}
		}
	}
	if tokens != 5 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d tokens, error %v", tokens, last)
	}
	// A cancellation inside of a prediction leaves the state half-way; the next
	// stream must not see it.
	// The end may fall before the first pass too, and is then no other error.
	times := 200
	if testing.Short() {
		times = 20
	}
	for range times {
		ctx2, cancel2 := context.WithCancel(t.Context())
		go cancel2()
		if _, err := g.Generate(ctx2, "Once upon a time", greedyConfig(-1)); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	followRecords(t, g, records(t, "../testdata/storyteller")[:1])
}

func TestADecodingStepAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	g := openStory(t, nil)
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, ids := t.Context(), []int{300}
	if _, err := s.Append(ctx, []int{1, 474, 473, 260, 415}); err != nil {
		t.Fatal(err)
	}
	if err := generate.Reserve(s, 200); err != nil {
		t.Fatal(err)
	}
	step := func() {
		if _, err := s.Append(ctx, ids); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		step()
	}
	if n := testutil.Allocs(30, step); n > 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

func TestWithoutATokenizerThereAreSequencesOnly(t *testing.T) {
	m, err := coreml.LoadFS(t.Context(), storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := g.Generate(t.Context(), "x", nil); !errors.Is(err, generate.ErrNoTokenizer) {
		t.Errorf("a stream gave %v", err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := records(t, "../testdata/storyteller")[0]
	logits, err := s.Append(t.Context(), r.IDs)
	if err != nil || slices.Index(logits, slices.Max(logits)) != r.Greedy[0] {
		t.Errorf("the first token is not %d, %v", r.Greedy[0], err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Append(t.Context(), r.IDs); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("a closed sequence gave %v", err)
	}
}

func TestABeginTokenInThePromptIsNotDoubled(t *testing.T) {
	g := openStory(t, nil)
	for _, prompt := range []string{"Once upon a time", "<|story|>Once upon a time"} {
		r, err := g.Generate(t.Context(), prompt, greedyConfig(1))
		if err != nil || r.Stats.PromptTokens != 5 {
			t.Errorf("%q has %d tokens, %v; want 5", prompt, r.Stats.PromptTokens, err)
		}
	}
}

// fixturePackages lists the repository's fixture packages and those of
// COREML_FIXTURES.
func fixturePackages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../testdata/fixtures/*/*.mlpackage")
	if err != nil || len(found) == 0 {
		t.Fatalf("the repository's fixtures are missing: %v", err)
	}
	if root := os.Getenv("COREML_FIXTURES"); root != "" {
		more, err := filepath.Glob(filepath.Join(root, "*", "*.mlpackage"))
		if err != nil || len(more) == 0 {
			t.Fatalf("COREML_FIXTURES holds no packages: %v", err)
		}
		found = append(found, more...)
	}
	return found
}

func TestEveryFixtureIsDrivenByItsDescriptionAlone(t *testing.T) {
	for _, pkg := range fixturePackages(t) {
		t.Run(filepath.Base(filepath.Dir(pkg)), func(t *testing.T) {
			m, err := coreml.Load(t.Context(), pkg, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			want := generate.FamilyStateful
			if len(m.Description().States) == 0 {
				want = generate.FamilyIOCache
			}
			d, err := generate.Detect(m.Description(), nil)
			if err != nil || d.Family != want || d.Tokens != "inputIds" || d.Mask != "causalMask" || d.Logits != "logits" {
				t.Fatalf("got %v, %v", d, err)
			}
			chunksAgree(t, m)
		})
	}
}

// chunksAgree feeds the same tokens in different ways and compares the logits.
func chunksAgree(t *testing.T, m *coreml.Model) {
	t.Helper()
	ids := []int{1, 7, 3, 9, 4, 2, 8, 8, 5, 6, 11}
	var first []float32
	chunks := []int{-1, 4, 1}
	if testing.Short() {
		ids, chunks = ids[:6], []int{-1, 2}
	}
	for _, chunk := range chunks {
		g, err := generate.New(m, nil, &generate.Config{PrefillChunk: chunk})
		if err != nil {
			t.Fatal(err)
		}
		s, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		logits, err := s.Append(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = slices.Clone(logits)
		}
		// The fixtures' own tolerance: 1 % of the largest value.
		most := 0.01 * max(slices.Max(first), -slices.Min(first))
		for i := range first {
			if d := first[i] - logits[i]; d > most || -d > most {
				t.Fatalf("chunks of %d: logit %d is %v, in one call %v", chunk, i, logits[i], first[i])
			}
		}
		if err := errors.Join(s.Close(), g.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	g := openStory(b, nil)
	s, err := g.NewSequence(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids := []int{300}
	b.ReportAllocs()
	for b.Loop() {
		if s.Len() > 400 {
			if err := s.Truncate(10); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.Append(b.Context(), ids); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tok/s")
	runtime.KeepAlive(g)
}

func ExampleGenerator_Stream() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	greedy := &generate.Options{MaxTokens: 16, Sampling: &generate.Sampling{}}
	for tok, err := range g.Stream(ctx, "Once upon a time", greedy) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(tok.Text)
	}
	// Output: , in an old garden, there lived a kind child named Tom. He wanted
}

func ExampleGenerator_NewSession() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	_, err = g.NewSession(tokenizer.Message{Role: "system", Content: "Be brief."})
	fmt.Println(errors.Is(err, generate.ErrNoChatTemplate)) // the storyteller cannot chat
	// Output: true
}

func TestAStreamedTokenAllocatesNoMoreThanItsText(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	g := openStory(t, nil)
	seed := uint64(3)
	for name, s := range map[string]*generate.Sampling{
		"greedy":           {},
		"with all filters": {Temperature: 0.8, TopK: 40, TopP: 0.9, MinP: 0.01, RepetitionPenalty: 1.1, Seed: &seed},
		"with all warpers": {Temperature: 0.8, TopNSigma: 3, TypicalP: 0.9, EpsilonCutoff: 1e-4, EtaCutoff: 1e-4, XTC: &generate.XTC{Probability: 0.5}, Seed: &seed},
		"with all penalties": {
			Temperature: 0.8, PresencePenalty: 0.1, FrequencyPenalty: 0.1, DRY: &generate.DRY{Multiplier: 0.8}, NoRepeatNgram: 4, MinNewTokens: 10,
			LogitBias: map[int]float64{5: 1}, SequenceBias: []generate.BiasedSequence{{Tokens: []int{5, 6}, Bias: 1}}, BadWords: [][]int{{7, 8}},
			SuppressTokens: []int{9}, Mirostat: &generate.Mirostat{}, Seed: &seed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			// What a stream needs once is the same for both lengths.
			of := func(n int) float64 {
				return testing.AllocsPerRun(3, func() {
					opts := &generate.Options{MaxTokens: n, Sampling: s, IgnoreEnd: true}
					for _, err := range g.Stream(t.Context(), "Once upon a time", opts) {
						if err != nil {
							t.Fatal(err)
						}
					}
				})
			}
			few, many := 100, 250
			if testing.Short() {
				few, many = 50, 100
			}
			perToken := math.Inf(1)
			for range 3 { // the runtime's own allocations are not in all of them
				if perToken = min(perToken, (of(many)-of(few))/float64(many-few)); perToken <= 1 {
					break
				}
			}
			if perToken > 1 {
				t.Errorf("a token allocates %.2f times", perToken)
			}
		})
	}
}

func TestATokenizerElsewhereLeavesThePackagesOwnFiles(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, other} {
		if err := os.CopyFS(d, storyteller.FS()); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(other, "driver.json"), `{"tokens": "nothing"}`) // not this package's
	write(filepath.Join(other, "generation_config.json"), `{"max_new_tokens": 7}`)
	write(filepath.Join(dir, "model.driver.json"), `{"context": 20}`)
	pkg := filepath.Join(dir, storyteller.Package)
	o := &generate.Config{Tokenizer: filepath.Join(other, "tokenizer.json")}
	for _, c := range []struct {
		name   string
		remove string
		want   int
	}{
		{"the package's generation_config.json counts", "", 0},
		{"without it the tokenizer's does", filepath.Join(dir, "generation_config.json"), 7},
		{"without either there is none", filepath.Join(other, "generation_config.json"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.remove != "" {
				if err := os.Remove(c.remove); err != nil {
					t.Fatal(err)
				}
			}
			g, err := generate.Open(t.Context(), pkg, o)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			if g.ContextLength() != 20 || g.Defaults().MaxTokens != c.want {
				t.Errorf("context %d, %d tokens by default; want 20 and %d", g.ContextLength(), g.Defaults().MaxTokens, c.want)
			}
		})
	}
}
