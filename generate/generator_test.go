package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate"
)

// prompt is what most tests feed.
var prompt = []int{1, 20, 21, 22, 23, 24, 25, 26, 27, 28}

// expected follows the rule without a model.
func expected(next func([]int) int, prompt []int, n int) []int {
	all := slices.Clone(prompt)
	for range n {
		all = append(all, next(all))
	}
	return all[len(prompt):]
}

func TestEveryFamilyAndChunkSizeGivesTheSameTokens(t *testing.T) {
	want := expected(counting, prompt, 12)
	for _, c := range []struct {
		name  string
		model *fakeModel
		chunk int
		sizes []int // of the prompt's predictions
	}{
		{"a cache and one call", &fakeModel{}, -1, []int{10}},
		{"a cache and the default chunk", &fakeModel{}, 0, []int{10}},
		{"a cache and chunks of 4", &fakeModel{}, 4, []int{4, 4, 2}},
		{"a cache and chunks of 5", &fakeModel{}, 5, []int{5, 5}},
		{"a cache and single tokens", &fakeModel{}, 1, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"a cache and logits of the last token only", &fakeModel{last: true}, 3, []int{3, 3, 3, 1}},
		{"no cache", &fakeModel{whole: true}, 4, []int{10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.model
			m.next = counting
			g := newFake(t, m, generate.Config{PrefillChunk: c.chunk})
			r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 12}))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Tokens, want) {
				t.Errorf("got %v, want %v", r.Tokens, want)
			}
			if got := m.sizes[:len(c.sizes)]; !slices.Equal(got, c.sizes) {
				t.Errorf("the prompt went in as %v, want %v", got, c.sizes)
			}
			if r.Finish != generate.FinishLength || r.Stats.Tokens != 12 || r.Stats.PromptTokens != len(prompt) ||
				r.Stats.PrefillCalls != len(c.sizes) {
				t.Errorf("finish %q, stats %+v", r.Finish, r.Stats)
			}
		})
	}
}

func TestAnswersEndForEveryReason(t *testing.T) {
	tok := storyTokenizer(t)
	answer := encode(t, " the fox went home. The end")
	n := len(prompt)
	for _, c := range []struct {
		name   string
		opts   generate.Options
		finish generate.FinishReason
		text   string
		tokens int
	}{
		{"at the end token", generate.Options{}, generate.FinishEnd, " the fox went home. The end", len(answer) + 1},
		{"at the limit", generate.Options{MaxTokens: 2}, generate.FinishLength, tok.Decode(answer[:2], true), 2},
		{"at the limit that is the end token", generate.Options{MaxTokens: len(answer) + 1}, generate.FinishEnd, " the fox went home. The end", len(answer) + 1},
		{"at an end token of the caller", generate.Options{EndTokens: []int{answer[3]}}, generate.FinishEnd, tok.Decode(answer[:3], true), 4},
		{"at a stop string", generate.Options{Stop: []string{"zebra", "home"}}, generate.FinishStop, " the fox went ", -1},
		{"at a stop string over several tokens", generate.Options{Stop: []string{"e. The e"}}, generate.FinishStop, " the fox went hom", -1},
		{"where the context ends", generate.Options{MaxTokens: -1, IgnoreEnd: true}, generate.FinishContext, " the fox went home. The end", fakeContext - n + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newFake(t, &fakeModel{next: script(n, answer)}, generate.Config{})
			r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &c.opts))
			if err != nil {
				t.Fatal(err)
			}
			if r.Finish != c.finish || r.Text != c.text || c.tokens >= 0 && len(r.Tokens) != c.tokens {
				t.Errorf("finish %q, text %q, %d tokens; want %q, %q, %d", r.Finish, r.Text, len(r.Tokens), c.finish, c.text, c.tokens)
			}
		})
	}
}

func TestOnlyTheLastTokenCarriesTheFinish(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	var finishes []bool
	for tok, err := range g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		finishes = append(finishes, tok.Finish != "" && tok.Stats != nil)
	}
	if !slices.Equal(finishes, []bool{false, false, true}) {
		t.Errorf("finishes %v", finishes)
	}
}

func TestStreamedTextIsWholeCharacters(t *testing.T) {
	const text = "Zoë 🦊 said: 你好, naïve fox! 👩‍👩‍👧"
	answer := encode(t, text)
	for name, stop := range map[string][]string{"plain": nil, "with a stop string that begins alike": {"👩‍👩‍👧 and"}} {
		t.Run(name, func(t *testing.T) {
			g := newFake(t, &fakeModel{next: script(len(prompt), answer)}, generate.Config{})
			var all strings.Builder
			for tok, err := range g.StreamTokens(t.Context(), prompt, &generate.Options{Stop: stop}) {
				if err != nil {
					t.Fatal(err)
				}
				if !utf8.ValidString(tok.Text) {
					t.Errorf("%q is cut inside of a character", tok.Text)
				}
				all.WriteString(tok.Text)
			}
			if all.String() != text {
				t.Errorf("got %q, want %q", all.String(), text)
			}
		})
	}
}

func TestTheContextsLimitIsAnError(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	long := slices.Repeat([]int{5}, fakeContext+1)
	if _, err := generate.Collect(g.StreamTokens(t.Context(), long, nil)); !errors.Is(err, generate.ErrContextFull) {
		t.Errorf("got %v, want ErrContextFull", err)
	}
	// A prompt that just fits has room for one token more: the last is not fed.
	r, err := generate.Collect(g.StreamTokens(t.Context(), long[1:], &generate.Options{MaxTokens: -1}))
	if err != nil || r.Finish != generate.FinishContext || len(r.Tokens) != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestLogitsThatAreNotFiniteNameTheStep(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, spoil := range map[string]func(row []float32){
		"a NaN":             func(row []float32) { row[700] = nan },
		"positive infinity": func(row []float32) { row[3] = inf },
		"nothing but minus infinity": func(row []float32) {
			for i := range row {
				row[i] = -inf
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fakeModel{next: counting, spoil: func(call int, row []float32) {
				if call == 3 {
					spoil(row)
				}
			}}
			g := newFake(t, m, generate.Config{})
			r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 9}))
			if !errors.Is(err, generate.ErrNonFinite) || !strings.Contains(err.Error(), "step 3") || len(r.Tokens) != 3 {
				t.Errorf("%d tokens, error %v; want 3 and ErrNonFinite at step 3", len(r.Tokens), err)
			}
		})
	}
	t.Run("minus infinity on some tokens is fine", func(t *testing.T) {
		m := &fakeModel{next: counting, spoil: func(_ int, row []float32) { row[5] = -inf }}
		g := newFake(t, m, generate.Config{})
		if _, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 3})); err != nil {
			t.Error(err)
		}
	})
}

func TestCancellingEndsWithinOneToken(t *testing.T) {
	m := &fakeModel{next: counting}
	g := newFake(t, m, generate.Config{MaxStates: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tokens := 0
	var last error
	for _, err := range g.StreamTokens(ctx, prompt, &generate.Options{MaxTokens: 40}) {
		if last = err; err == nil {
			if tokens++; tokens == 3 {
				cancel()
			}
		}
	}
	if tokens != 3 || !errors.Is(last, context.Canceled) || m.calls.Load() != 3 {
		t.Errorf("%d tokens, %d predictions, error %v", tokens, m.calls.Load(), last)
	}
	// The state is free again and good.
	r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 5}))
	if want := expected(counting, prompt, 5); err != nil || !slices.Equal(r.Tokens, want) {
		t.Errorf("after the cancellation came %v, %v; want %v", r.Tokens, err, want)
	}
}

func TestAFailingPredictionEndsTheStreamOnce(t *testing.T) {
	broken := errors.New("broken")
	m := &fakeModel{next: counting, before: func(_ context.Context, call int) error {
		if call == 4 {
			return broken
		}
		return nil
	}}
	g := newFake(t, m, generate.Config{MaxStates: 1})
	var errs []error
	n := 0
	for _, err := range g.StreamTokens(t.Context(), prompt, nil) {
		n++
		if err != nil {
			errs = append(errs, err)
		}
	}
	if n != 5 || len(errs) != 1 || !errors.Is(errs[0], broken) {
		t.Errorf("%d pairs, errors %v", n, errs)
	}
}

func TestBreakingOutGivesTheStateBack(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	for range 3 {
		for range g.StreamTokens(t.Context(), prompt, nil) {
			break
		}
	}
}

func TestAFurtherStreamWaitsForAState(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	for range g.StreamTokens(t.Context(), prompt, nil) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := generate.Collect(g.StreamTokens(ctx, prompt, nil)); !errors.Is(err, context.Canceled) {
			t.Errorf("a stream without a state gave %v", err)
		}
		waiting, stop := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := g.NewSequence(waiting)
			done <- err
		}()
		stop(nil)
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the wait ended with %v", err)
		}
		break
	}
}

func TestConcurrentStreamsDoNotDisturbEachOther(t *testing.T) {
	g := newFake(t, &lockedFake, generate.Config{MaxStates: 3})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			p := append([]int{1}, slices.Repeat([]int{30 + i}, 1+i)...)
			r, err := generate.Collect(g.StreamTokens(t.Context(), p, &generate.Options{MaxTokens: 20}))
			if want := expected(counting, p, 20); err != nil || !slices.Equal(r.Tokens, want) {
				t.Errorf("stream %d gave %v, %v; want %v", i, r.Tokens, err, want)
			}
		})
	}
	wg.Wait()
}

// lockedFake serves several sequences at a time, so that it records no sizes.
var lockedFake = fakeModel{next: counting, unrecorded: true}

func TestClosingEndsStreamsAtTheirNextToken(t *testing.T) {
	m := &fakeModel{next: counting}
	drained := 0
	g, err := generate.NewDrained(m, m.description(), storyTokenizer(t), &generate.Config{Driver: m.driver()}, func() error {
		drained++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens := 0
	var last error
	for _, err := range g.StreamTokens(t.Context(), prompt, nil) {
		if last = err; err != nil {
			break
		}
		if tokens++; tokens == 2 {
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			if drained != 0 {
				t.Error("the model was closed under a stream")
			}
		}
	}
	if tokens != 2 || !errors.Is(last, generate.ErrClosed) || drained != 1 {
		t.Errorf("%d tokens, error %v, model closed %d times", tokens, last, drained)
	}
	if _, err := generate.Collect(g.StreamTokens(t.Context(), prompt, nil)); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("a stream of a closed generator gave %v", err)
	}
	if err := g.Close(); err != nil || drained != 1 {
		t.Errorf("closing twice gave %v, model closed %d times", err, drained)
	}
}

func TestSequencesCanBeCutBack(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{PrefillChunk: 4})
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	best := func(ids ...int) int {
		t.Helper()
		logits, err := s.Append(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Index(logits, slices.Max(logits))
	}
	if got, want := best(prompt...), counting(prompt); got != want {
		t.Errorf("after the prompt comes %d, want %d", got, want)
	}
	best(40, 41, 42)
	if err := s.Truncate(len(prompt) + 1); err != nil {
		t.Fatal(err)
	}
	if got, want := best(50, 51), counting(append(slices.Clone(prompt), 40, 50, 51)); got != want {
		t.Errorf("after cutting back comes %d, want %d", got, want)
	}
	if got, want := s.Tokens(), append(slices.Clone(prompt), 40, 50, 51); !slices.Equal(got, want) {
		t.Errorf("the sequence holds %v, want %v", got, want)
	}
	for _, n := range []int{-1, s.Len() + 1} {
		if err := s.Truncate(n); !errors.Is(err, generate.ErrConfig) {
			t.Errorf("cutting %d tokens to %d gave %v", s.Len(), n, err)
		}
	}
	large := math.MaxInt32
	large++ // where an int has 32 bits it is negative, and refused too
	for _, ids := range [][]int{nil, {-1}, {5, large}} {
		if _, err := s.Append(t.Context(), ids); !errors.Is(err, generate.ErrConfig) {
			t.Errorf("appending %v gave %v", ids, err)
		}
	}
}

func TestEveryRowOfASequenceCanBeRead(t *testing.T) {
	for _, m := range []*fakeModel{{next: counting}, {next: counting, whole: true}} {
		t.Run(fmt.Sprintf("whole is %v", m.whole), func(t *testing.T) {
			g := newFake(t, m, generate.Config{PrefillChunk: 4})
			s, err := g.NewSequence(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Append(t.Context(), prompt[:3]); err != nil {
				t.Fatal(err)
			}
			next := 3
			if err := s.AppendRows(t.Context(), prompt[3:], func(pos int, logits []float32) error {
				if pos != next {
					t.Errorf("position %d, want %d", pos, next)
				}
				next++
				if got, want := slices.Index(logits, slices.Max(logits)), counting(prompt[:pos+1]); got != want {
					t.Errorf("after position %d comes %d, want %d", pos, got, want)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if next != len(prompt) {
				t.Errorf("%d rows were read", next-3)
			}
			enough := errors.New("enough")
			err = s.AppendRows(t.Context(), []int{30, 31, 32}, func(pos int, _ []float32) error {
				if pos == len(prompt)+1 {
					return enough
				}
				return nil
			})
			if !errors.Is(err, enough) || s.Len() != len(prompt) {
				t.Errorf("error %v, %d tokens; want the visit's own and %d", err, s.Len(), len(prompt))
			}
		})
	}
}

// forbid is a processor that rules tokens out.
type forbid map[int]bool

func (f forbid) Process(_ []int, logits []float32) error {
	for id := range f {
		logits[id] = float32(math.Inf(-1))
	}
	return nil
}

// always is a sampler that takes one token.
type always int

func (a always) Sample([]float32) (int, error) { return int(a), nil }

func TestProcessorsAndSamplersOfTheCaller(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	first := counting(prompt)
	for _, c := range []struct {
		name string
		opts generate.Options
		ok   func(id int) bool
	}{
		{"a processor rules a token out", generate.Options{Processors: []generate.Processor{forbid{first: true}}}, func(id int) bool { return id != first }},
		{"a sampler decides", generate.Options{Sampler: always(77)}, func(id int) bool { return id == 77 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.MaxTokens = 1
			r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &c.opts))
			if err != nil || !c.ok(r.Tokens[0]) {
				t.Errorf("got %v, %v", r.Tokens, err)
			}
		})
	}
	for name, opts := range map[string]generate.Options{
		"a sampler outside of the vocabulary": {Sampler: always(fakeVocab)},
		"a sampling that makes no sense":      {Sampling: &generate.Sampling{Temperature: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &opts)); err == nil || len(r.Tokens) != 0 {
				t.Errorf("got %v, %v", r.Tokens, err)
			}
		})
	}
}

func TestThePenaltyOfAStreamIsThatOfTheProcessor(t *testing.T) {
	// A model that repeats itself: with a penalty it must stop doing so.
	m := &fakeModel{next: func([]int) int { return 50 }, spoil: func(_ int, row []float32) { row[60] = 9 }}
	g := newFake(t, m, generate.Config{})
	r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 2, Sampling: &generate.Sampling{RepetitionPenalty: 1.2}}))
	if err != nil || !slices.Equal(r.Tokens, []int{50, 60}) {
		t.Errorf("got %v, %v; want 50 once", r.Tokens, err)
	}
}

func TestOneTokenPerPredictionWhereTheMaskHasOneRow(t *testing.T) {
	m := &fakeModel{next: counting}
	desc := m.description()
	desc.Inputs[1] = halfs("causalMask", 1, 1, 1, -fakeContext)
	g, err := generate.NewFake(m, desc, storyTokenizer(t), &generate.Config{Driver: m.driver(), PrefillChunk: -1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 4}))
	if want := expected(counting, prompt, 4); err != nil || !slices.Equal(r.Tokens, want) || r.Stats.PrefillCalls != len(prompt) {
		t.Errorf("got %v, %v, %d calls; want %v", r.Tokens, err, r.Stats.PrefillCalls, want)
	}
}

func TestChunksKeepToEnumeratedShapes(t *testing.T) {
	m := &fakeModel{next: counting}
	desc := m.description()
	desc.Inputs[0] = enumerated(desc.Inputs[0], []int{1, 1}, []int{1, 4}, []int{1, 8})
	g, err := generate.NewFake(m, desc, storyTokenizer(t), &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := generate.Collect(g.StreamTokens(t.Context(), append(slices.Clone(prompt), 40, 41, 42), &generate.Options{MaxTokens: 1}))
	if err != nil || !slices.Equal(m.sizes, []int{8, 4, 1}) {
		t.Errorf("the prompt went in as %v, %v; got %v", m.sizes, err, r.Tokens)
	}
}
