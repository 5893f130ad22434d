package generate_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

const loraFixture = "../testdata/fixtures/lora-multifunction"

// loraFunctions are the functions of the fixture in the order of its runs.
var loraFunctions = []string{"base", "poet", "coder"}

// countedFS counts how often files are opened, by their base name.
type countedFS struct {
	fs.FS
	mu    sync.Mutex
	opens map[string]int
}

func (c *countedFS) Open(name string) (fs.File, error) {
	c.mu.Lock()
	c.opens[path.Base(name)]++
	c.mu.Unlock()
	return c.FS.Open(name)
}

func (c *countedFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }

func portableConfig() *coreml.Config {
	return &coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticWide}
}

// mappings returns how many mappings of files of that name the process has.
func mappings(t *testing.T, name string) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(data), name+"\n")
}

// TestThreeFunctionsAnswerInTurns has sequences of all functions under way at once, whose
// logits are those that PyTorch recorded, over one mapping of the weights.
func TestThreeFunctionsAnswerInTurns(t *testing.T) {
	dir := t.TempDir() // of a name that no other test maps
	if err := os.CopyFS(filepath.Join(dir, "lora.mlpackage"), os.DirFS(filepath.Join(loraFixture, "model.mlpackage"))); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(dir, "lora.mlpackage", "Data", "com.apple.CoreML", "weights", "weight.bin")
	files := &countedFS{FS: os.DirFS(dir), opens: map[string]int{}}
	m, err := coreml.LoadFS(t.Context(), files, "lora.mlpackage", portableConfig())
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.New(m, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Functions(); !slices.Equal(got, []string{"base", "coder", "poet"}) {
		t.Errorf("the functions are %q", got)
	}
	recorded, err := safetensors.Open(os.DirFS(loraFixture), "tensors.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer recorded.Close()
	var sequences []*generate.Sequence
	for _, name := range loraFunctions {
		s, err := g.NewFunctionSequence(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		sequences = append(sequences, s)
	}
	answers := map[string][]int{}
	for step := range 4 {
		for run, s := range sequences {
			tokens := compareStep(t, s, recorded, "r"+string(rune('0'+run))+".s"+string(rune('0'+step)))
			answers[loraFunctions[run]] = append(answers[loraFunctions[run]], tokens...)
		}
	}
	if len(answers["base"]) != 9 || slices.Equal(answers["base"], answers["poet"]) || slices.Equal(answers["poet"], answers["coder"]) {
		t.Errorf("the functions answer %v", answers)
	}
	if n := files.opens["weight.bin"]; n != 1 {
		t.Errorf("the weight file was opened %d times for three functions, want once", n)
	}
	if n := files.opens["model.mlmodel"]; n != 1 {
		t.Errorf("the model file was opened %d times for three functions, want once", n)
	}
	if runtime.GOOS == "linux" {
		if n := mappings(t, weights); n != 1 {
			t.Errorf("the weights are mapped %d times for three functions, want once", n)
		}
	}
	for _, s := range sequences {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(g.Close(), m.Close()); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "linux" && mappings(t, weights) != 0 {
		t.Error("the weights are still mapped")
	}
}

// compareStep appends the tokens of a recorded step and compares the logits of each. It
// returns the likeliest tokens.
func compareStep(t *testing.T, s *generate.Sequence, recorded *safetensors.File, step string) (tokens []int) {
	t.Helper()
	read := func(name string) *tensor.Tensor {
		x, err := recorded.Tensor(step + name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	ids, err := intsOf(read(".in.inputIds"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := tensor.Values[float32](read(".out.logits"))
	if err != nil {
		t.Fatal(err)
	}
	most := float32(0)
	for _, v := range want {
		most = max(most, v, -v)
	}
	at := 0
	err = s.AppendRows(t.Context(), ids, func(pos int, logits []float32) error {
		row := want[at : at+len(logits)]
		at += len(logits)
		for i, v := range logits {
			if d := v - row[i]; !(max(d, -d) <= 0.01*most) {
				t.Fatalf("%s: logit %d behind token %d is %v, recorded is %v", step, i, pos, v, row[i])
			}
		}
		best, is := slices.Index(row, slices.Max(row)), slices.Index(logits, slices.Max(logits))
		if best != is && row[best]-row[is] >= 0.05 {
			t.Errorf("%s: the token behind %d is %d, recorded is %d", step, pos, is, best)
		}
		tokens = append(tokens, is)
		return nil
	})
	if err != nil || at != len(want) {
		t.Fatalf("%s: %d logits of %d, %v", step, at, len(want), err)
	}
	return tokens
}

// TestAFunctionAnswersAsIfItAloneWereLoaded compares Options.Function with a model of that
// function, in answers of turns.
func TestAFunctionAnswersAsIfItAloneWereLoaded(t *testing.T) {
	tok := wordTokenizer(t, 512, 0, 0)
	want := map[string][]int{}
	for _, name := range loraFunctions {
		cfg := portableConfig()
		cfg.Function = name
		m, err := coreml.Load(t.Context(), filepath.Join(loraFixture, "model.mlpackage"), cfg)
		if err != nil {
			t.Fatal(err)
		}
		g, err := generate.New(m, tok, nil)
		if err != nil {
			t.Fatal(err)
		}
		want[name] = answerOf(t, g, &generate.Options{MaxTokens: 12})
		if err := errors.Join(g.Close(), m.Close()); err != nil {
			t.Fatal(err)
		}
	}
	m, err := coreml.Load(t.Context(), filepath.Join(loraFixture, "model.mlpackage"), portableConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, tok, &generate.Config{MaxStates: 2}) // fewer than functions
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for range 2 {
		for _, name := range append([]string{""}, loraFunctions...) {
			got := answerOf(t, g, &generate.Options{MaxTokens: 12, Function: name})
			if name == "" {
				name = "base"
			}
			if !slices.Equal(got, want[name]) {
				t.Errorf("%s answers %v, and alone %v", name, got, want[name])
			}
			if n := generate.FreeLanes(g); n > 2 {
				t.Errorf("%d states wait, more than MaxStates", n)
			}
		}
	}
	if slices.Equal(want["poet"], want["coder"]) {
		t.Errorf("poet and coder answer alike, %v", want["poet"])
	}
	_, err = generate.Collect(g.StreamTokens(t.Context(), []int{1}, &generate.Options{Function: "dancer"}))
	e, ok := errors.AsType[*generate.FunctionError](err)
	if !ok || !slices.Equal(e.Functions, g.Functions()) || !errors.Is(err, generate.ErrConfig) || !errors.Is(err, coreml.ErrUnknownFunction) {
		t.Errorf("an unknown function gives %v", err)
	}
}

func answerOf(t *testing.T, g *generate.Generator, o *generate.Options) []int {
	t.Helper()
	r, err := generate.Collect(g.StreamTokens(t.Context(), []int{175, 196, 25, 502, 67}, o))
	if err != nil {
		t.Fatal(err)
	}
	return r.Tokens
}

// fakeFunctions is a generator of the functions main, other and short, whose text is half
// as long and whose tokens go in by another name.
type fakeFunctions struct {
	*generate.Generator
	mu    sync.Mutex
	loads map[string]int
	wait  chan struct{} // loading waits for it, where it is set
}

func newFakeFunctions(t *testing.T, tok *tokenizer.Tokenizer, c generate.Config, drained func() error) *fakeFunctions {
	t.Helper()
	f := &fakeFunctions{loads: map[string]int{}}
	names := []string{"main", "other", "prose", "short"}
	describe := func(m *fakeModel, name string) *coreml.Description {
		d := m.description()
		d.Function, d.Functions, d.DefaultFunction = name, names, "main"
		return d
	}
	m := &fakeModel{next: counting, unrecorded: true}
	loaded := map[string]*fakeModel{} // one load at a time
	load := func(ctx context.Context, name string) (generate.Predictor, *coreml.Description, error) {
		if m := loaded[name]; m != nil {
			return m, describe(m, name), nil
		}
		f.mu.Lock()
		f.loads[name]++
		f.mu.Unlock()
		if f.wait != nil {
			select {
			case <-f.wait:
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
		}
		next := &fakeModel{next: func(tokens []int) int { return counting(append([]int{len(name)}, tokens...)) }, unrecorded: true}
		switch name {
		case "prose":
			return next, &coreml.Description{Function: name, Functions: names, Inputs: features{halfs("picture", 1, 3, 8, 8)}, Outputs: features{halfs("label", 1, 4)}}, nil
		case "short":
			next.whole = true
		}
		loaded[name] = next
		return next, describe(next, name), nil
	}
	if c.Driver == nil {
		c.Driver = m.driver()
	}
	var err error
	if f.Generator, err = generate.NewFakeFunctions(m, describe(m, "main"), tok, &c, load, drained); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFunctionsAreLoadedWhenTheyAreAskedFor(t *testing.T) {
	f := newFakeFunctions(t, storyTokenizer(t), generate.Config{MaxStates: 2}, func() error { return nil })
	defer f.Close()
	ask := func(name string) ([]int, error) {
		r, err := generate.Collect(f.StreamTokens(t.Context(), []int{20, 30}, &generate.Options{Function: name, MaxTokens: 5, IgnoreEnd: true}))
		return r.Tokens, err
	}
	main, err := ask("main")
	if err != nil || len(f.loads) != 0 {
		t.Fatalf("%v; %v were loaded for the first function alone", err, f.loads)
	}
	f.wait = make(chan struct{})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			other, err := ask("other")
			if err != nil || slices.Equal(other, main) {
				t.Errorf("other answers %v, main %v, %v", other, main, err)
			}
		})
	}
	// Who does not want to wait for the load need not, and the first function answers.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.NewFunctionSequence(ctx, "other"); !errors.Is(err, context.Canceled) {
		t.Errorf("a load that was cancelled gives %v", err)
	}
	if again, err := ask("main"); err != nil || !slices.Equal(again, main) {
		t.Errorf("during a load main answers %v, %v", again, err)
	}
	close(f.wait)
	wg.Wait()
	if f.loads["other"] > 2 { // the call that was cancelled may have begun
		t.Errorf("%v were loaded", f.loads)
	}
	if f.loads["short"]+f.loads["prose"] != 0 {
		t.Errorf("a function was loaded that nobody asked for: %v", f.loads)
	}
	if n := generate.FreeLanes(f.Generator); n > 2 {
		t.Errorf("%d states wait, more than MaxStates", n)
	}
}

// TestAFunctionHasADriverOfItsOwn has one without a cache beside those with one: the
// caller's driver, which names caches, does not fit it.
func TestAFunctionHasADriverOfItsOwn(t *testing.T) {
	f := newFakeFunctions(t, storyTokenizer(t), generate.Config{}, func() error { return nil })
	defer f.Close()
	r, err := generate.Collect(f.StreamTokens(t.Context(), []int{20, 30}, &generate.Options{Function: "short", MaxTokens: 5, IgnoreEnd: true}))
	tokens := []int{20, 30}
	for range 5 {
		tokens = append(tokens, counting(append([]int{len("short")}, tokens...)))
	}
	if err != nil || !slices.Equal(r.Tokens, tokens[2:]) {
		t.Errorf("got %v, want %v, %v", r.Tokens, tokens[2:], err)
	}
	_, err = f.Generate(t.Context(), "once", &generate.Options{Function: "prose"})
	if _, ok := errors.AsType[*generate.DriverError](err); !ok || !strings.Contains(err.Error(), `function "prose"`) {
		t.Errorf("a function that writes no text gives %v", err)
	}
}

// TestMaxStatesHoldsOverAllFunctions asks for a state of one function while the only one
// is another's.
func TestMaxStatesHoldsOverAllFunctions(t *testing.T) {
	f := newFakeFunctions(t, nil, generate.Config{MaxStates: 1}, func() error { return nil })
	defer f.Close()
	s, err := f.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := f.NewFunctionSequence(ctx, "other")
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a second state was had: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o, err := f.NewFunctionSequence(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil || generate.FreeLanes(f.Generator) != 1 {
		t.Errorf("%d states wait, want that of the last function alone, %v", generate.FreeLanes(f.Generator), err)
	}
}

// TestClosingWaitsForALoad closes a generator while a function is being loaded: the model
// stays until the load is over.
func TestClosingWaitsForALoad(t *testing.T) {
	drained := make(chan struct{})
	f := newFakeFunctions(t, nil, generate.Config{}, func() error { close(drained); return nil })
	f.wait = make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := f.NewFunctionSequence(t.Context(), "other")
		done <- err
	}()
	for n := 0; n == 0; runtime.Gosched() {
		f.mu.Lock()
		n = f.loads["other"]
		f.mu.Unlock()
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-drained:
		t.Error("the model was closed during the load")
	default:
	}
	close(f.wait)
	if err := <-done; !errors.Is(err, generate.ErrClosed) {
		t.Errorf("the load ends with %v", err)
	}
	<-drained
	if _, err := f.NewFunctionSequence(t.Context(), "short"); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("a closed generator loads: %v", err)
	}
}

func TestASessionKeepsItsFunction(t *testing.T) {
	f := newFakeFunctions(t, chatTokenizer(t, plainTemplate), generate.Config{MaxStates: 1}, func() error { return nil })
	defer f.Close()
	s, err := f.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	send := func(name string) (*generate.Result, error) {
		return generate.Collect(s.Send(t.Context(), "hello", &generate.Options{Function: name, MaxTokens: 3, IgnoreEnd: true}))
	}
	// A turn that failed leaves no function behind.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := generate.Collect(s.Send(ctx, "hello", nil)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	first, err := send("other")
	if err != nil {
		t.Fatal(err)
	}
	second, err := send("") // which goes on with the cache of the first
	if err != nil || second.Stats.CachedTokens == 0 {
		t.Errorf("%d tokens were in the cache, %v", second.Stats.CachedTokens, err)
	}
	if _, err := send("other"); err != nil {
		t.Error(err)
	}
	before := len(s.Messages())
	_, err = send("main")
	if e, ok := errors.AsType[*generate.ConfigError](err); !ok || e.Field != "Function" || len(s.Messages()) != before {
		t.Errorf("another function gives %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Another session of another function answers differently to the same message.
	s, err = f.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if main, err := send(""); err != nil || slices.Equal(main.Tokens, first.Tokens) || main.Stats.CachedTokens != 0 {
		t.Errorf("main answers %v, other %v, %v", main.Tokens, first.Tokens, err)
	}
}
