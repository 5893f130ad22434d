package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// reusing returns a generator over a stand-in that keeps states with what they hold.
func reusing(t *testing.T, m *fakeModel, c generate.Config) *generate.Generator {
	t.Helper()
	c.ReuseStates, m.unrecorded = true, true
	return newFake(t, m, c)
}

// wantCached answers a prompt, and wants the answer that counting gives, with so many
// tokens of the prompt not read again.
func wantCached(t *testing.T, g *generate.Generator, ids []int, n, cached int) []int {
	t.Helper()
	r, err := generate.Collect(g.StreamTokens(t.Context(), ids, &generate.Options{MaxTokens: n, IgnoreEnd: true}))
	if err != nil {
		t.Fatal(err)
	}
	if want := expected(counting, ids, n); !slices.Equal(r.Tokens, want) {
		t.Errorf("behind %v came %v, want %v", ids, r.Tokens, want)
	}
	if r.Stats.CachedTokens != cached || r.Stats.PromptTokens != len(ids) {
		t.Errorf("of %d tokens %d were cached, want %d", r.Stats.PromptTokens, r.Stats.CachedTokens, cached)
	}
	return r.Tokens
}

// textOfKind returns n tokens that begin alike for one kind alone.
func textOfKind(kind, n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = 100*kind + i + 1
	}
	return ids
}

func TestWithoutReuseEveryPromptIsRead(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{})
	for range 3 {
		wantCached(t, g, prompt, 3, 0)
	}
}

func TestAPromptGoesOnFromTheStateThatSharesMost(t *testing.T) {
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1, IdleStates: 3})
	a, b := textOfKind(1, 12), textOfKind(2, 12)
	answer := wantCached(t, g, a, 4, 0)
	wantCached(t, g, b, 4, 0)
	// The last token of an answer was never read.
	more := []int{5, 6, 7, 8}
	longer := slices.Concat(a, answer, more)
	answer = wantCached(t, g, longer, 4, len(a)+3)
	longer = slices.Concat(longer, answer, more)
	wantCached(t, g, longer, 4, len(longer)-5)
	wantCached(t, g, longer, 4, len(longer)-4) // some are read with the last one
	wantCached(t, g, b, 4, len(b)-4)
	if s := g.Stats(); s.States != 0 || s.FreeStates > 3 || s.CachedTokens == 0 {
		t.Errorf("%+v", s)
	}
}

// TestABeginningThatOthersHaveTooIsCopied has conversations with one beginning, each of
// which goes on as if it were alone.
func TestABeginningThatOthersHaveTooIsCopied(t *testing.T) {
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1, IdleStates: 4})
	system := textOfKind(9, 20)
	var talks [3][]int
	for i := range talks {
		cached := 0
		if i > 0 {
			cached = len(system)
		}
		talks[i] = slices.Concat(system, textOfKind(i+1, 8))
		talks[i] = append(talks[i], wantCached(t, g, talks[i], 5, cached)...)
	}
	for i, all := range talks {
		wantCached(t, g, append(all, 50+i, 1, 2, 3), 3, len(all)-1)
	}
}

func TestStatesThatWereUsedLongAgoMakeRoom(t *testing.T) {
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1, IdleStates: 2})
	for kind := range 3 {
		wantCached(t, g, textOfKind(kind+1, 10), 2, 0)
	}
	wantCached(t, g, textOfKind(2, 10), 2, 6)
	wantCached(t, g, textOfKind(4, 10), 2, 0) // in place of the third
	wantCached(t, g, textOfKind(2, 10), 2, 6)
	wantCached(t, g, textOfKind(3, 10), 2, 0)
	if n := generate.FreeLanes(g); n != 2 {
		t.Errorf("%d states are kept, want 2", n)
	}
}

// TestReuseKeepsToTheBoundOfBytes has room for two states in all, of which one may be
// copied to the other.
func TestReuseKeepsToTheBoundOfBytes(t *testing.T) {
	const lane = 2 * 4 * fakeContext
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 4, IdleStates: 4, MaxStateBytes: 2 * lane})
	system := textOfKind(9, 20)
	for i := range 6 {
		cached := len(system)
		if i == 0 {
			cached = 0
		}
		wantCached(t, g, slices.Concat(system, textOfKind(i+1, 8)), 3, cached)
		if s := g.Stats(); s.StateBytes > 2*lane || s.FreeStates > 2 {
			t.Fatalf("after answer %d: %+v", i, s)
		}
	}
	held := hold(t, g, 2)
	if s := g.Stats(); s.StateBytes != 2*lane || s.FreeStates != 0 {
		t.Errorf("%+v", s)
	}
	for _, s := range held {
		if s.Len() != 0 {
			t.Errorf("a new sequence has %d tokens", s.Len())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	wantCached(t, g, prompt, 3, 0)
}

func TestTheLongerOfPrefixAndStateIsTaken(t *testing.T) {
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 2})
	prefix, err := generate.PrefixOf(t.Context(), g, textOfKind(1, 10))
	if err != nil {
		t.Fatal(err)
	}
	defer prefix.Close()
	whole := textOfKind(1, 20)
	wantCached(t, g, whole, 3, 10)
	wantCached(t, g, whole, 3, 16)
	wantCached(t, g, append(textOfKind(1, 10), 5, 6), 3, 10)
}

// TestACancelledPromptKeepsWhatWasRead ends contexts at each chunk.
func TestACancelledPromptKeepsWhatWasRead(t *testing.T) {
	for chunks := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		m := &fakeModel{next: counting}
		m.before = func(ctx context.Context, call int) error {
			if call == chunks {
				cancel()
			}
			return ctx.Err()
		}
		g := reusing(t, m, generate.Config{MaxStates: 1, PrefillChunk: 5})
		long := textOfKind(3, 20)
		if _, err := generate.Collect(g.StreamTokens(ctx, long, nil)); !errors.Is(err, context.Canceled) {
			t.Fatalf("chunk %d: %v", chunks, err)
		}
		m.before = nil
		wantCached(t, g, long, 4, 5*chunks)
	}
}

// TestACancelledTurnKeepsTheConversation ends the context of a turn in the model, at its
// prompt and in its answer: what was there before is not read again.
func TestACancelledTurnKeepsTheConversation(t *testing.T) {
	for call := range 2 {
		m := &fakeModel{unrecorded: true}
		session, tok := newSession(t, m, plainTemplate)
		m.next = replies(tok, "ok")
		opts := &generate.Options{MaxTokens: 3}
		first := say(t, session, "hi", opts)
		ctx, cancel := context.WithCancel(t.Context())
		from := int(m.calls.Load())
		m.before = func(ctx context.Context, n int) error {
			if n == from+call {
				cancel()
			}
			return ctx.Err()
		}
		if _, err := generate.Collect(session.Send(ctx, "yo", opts)); !errors.Is(err, context.Canceled) {
			t.Fatalf("call %d: %v", call, err)
		}
		m.before = nil
		if again := say(t, session, "yo", opts); again.Stats.CachedTokens < first.Stats.PromptTokens {
			t.Errorf("call %d: %d tokens were kept, of at least %d", call, again.Stats.CachedTokens, first.Stats.PromptTokens)
		}
	}
}

// TestDraftsGoOnToo has a draft model keep what it has read of a text.
func TestDraftsGoOnToo(t *testing.T) {
	small := &fakeModel{next: counting, unrecorded: true}
	draft := reusing(t, small, generate.Config{MaxStates: 1})
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1, Draft: draft, Speculation: &generate.Speculation{Always: true}})
	small.unrecorded = false
	answer := wantCached(t, g, prompt, 6, 0)
	if s := draft.Stats(); s.States != 0 || s.FreeStates != 1 || !slices.Contains(small.sizes, len(prompt)+1) {
		t.Errorf("the draft's: %+v, %v", s, small.sizes)
	}
	small.sizes = nil
	ids := slices.Concat(prompt, answer, []int{9})
	wantCached(t, g, ids, 6, len(ids)-4)
	if len(small.sizes) == 0 || slices.Max(small.sizes) > 4 {
		t.Errorf("the draft model has read %v tokens", small.sizes)
	}
}

// TestAnAnswerThatIsLeftKeepsItsState breaks off, and ends contexts in the caller's loop.
func TestAnAnswerThatIsLeftKeepsItsState(t *testing.T) {
	for name, leave := range map[string]func(cancel func()) (goOn bool){
		"by a break":           func(func()) bool { return false },
		"by its context":       func(cancel func()) bool { cancel(); return true },
		"by both":              func(cancel func()) bool { cancel(); return false },
		"by another's context": func(func()) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			ids := textOfKind(1, 30)
			for _, err := range g.StreamTokens(ctx, ids, &generate.Options{MaxTokens: 9}) {
				if n++; err != nil || n == 4 && !leave(cancel) {
					break
				}
			}
			wantCached(t, g, ids, 3, len(ids)-4)
		})
	}
}

// TestWhatFailedIsNotReused has answers that fail in every way that leaves doubt.
func TestWhatFailedIsNotReused(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		spoil func(m *fakeModel)
		opts  generate.Options
	}{
		"a model that fails at a step":   {spoil: func(m *fakeModel) { m.before = at(3, func() error { return broken }) }},
		"a model that fails at a chunk":  {spoil: func(m *fakeModel) { m.before = at(1, func() error { return broken }) }},
		"a model that panics at a step":  {spoil: func(m *fakeModel) { m.before = at(3, func() error { panic("broken") }) }},
		"a model that panics at a chunk": {spoil: func(m *fakeModel) { m.before = at(1, func() error { panic("broken") }) }},
		"numbers that are none": {spoil: func(m *fakeModel) {
			m.spoil = func(call int, row []float32) {
				if call == 4 {
					row[5] = float32(math.NaN())
				}
			}
		}},
		"a processor that fails":  {opts: generate.Options{Processors: []generate.Processor{failingStep{func() error { return broken }}}}},
		"a processor that panics": {opts: generate.Options{Processors: []generate.Processor{failingStep{func() error { panic("broken") }}}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fakeModel{next: counting}
			if c.spoil != nil {
				c.spoil(m)
			}
			g := reusing(t, m, generate.Config{MaxStates: 1, PrefillChunk: 5})
			c.opts.MaxTokens = 8
			var err error
			thrown := exits(func() { _, err = generate.Collect(g.StreamTokens(t.Context(), prompt, &c.opts)) })
			if err == nil && thrown == nil {
				t.Fatal("nothing went wrong")
			}
			m.before, m.spoil = nil, nil
			wantCached(t, g, prompt, 3, 0)
		})
	}
}

// at is what a stand-in does before one prediction.
func at(call int, do func() error) func(context.Context, int) error {
	return func(_ context.Context, n int) error {
		if n == call {
			return do()
		}
		return nil
	}
}

// failingStep is a processor.
type failingStep struct{ do func() error }

func (f failingStep) Process([]int, []float32) error { return f.do() }

// TestEveryKindOfAnswerReuses has answers by all ways that there are.
func TestEveryKindOfAnswerReuses(t *testing.T) {
	opts := &generate.Options{MaxTokens: 3, IgnoreEnd: true, Sampling: &generate.Sampling{}}
	want := expected(counting, prompt, 3)
	for name, once := range map[string]func(g *generate.Generator) (*generate.Result, error){
		"Stream": func(g *generate.Generator) (*generate.Result, error) {
			return generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
		},
		"Answers": func(g *generate.Generator) (r *generate.Result, err error) {
			for one, failed := range g.Answers(t.Context(), generate.Prompt{Tokens: prompt}, 2, opts) {
				if r == nil {
					r, err = one, failed
				}
			}
			return r, err
		},
		"Batch": func(g *generate.Generator) (r *generate.Result, err error) {
			for r, err = range g.Batch(t.Context(), slices.Values([]generate.Prompt{{Tokens: prompt}}), opts) {
				_ = r
			}
			return r, err
		},
		"BeamSearch": func(g *generate.Generator) (*generate.Result, error) {
			list, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: prompt}, &generate.Beams{N: 1}, opts)
			if err != nil {
				return nil, err
			}
			r := list[0].Result
			return &r, nil
		},
		"guidance": func(g *generate.Generator) (*generate.Result, error) {
			guided := *opts
			guided.Guidance = &generate.Guidance{Scale: 1.5}
			return generate.Collect(g.StreamTokens(t.Context(), prompt, &guided))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 2})
			for i := range 3 {
				r, err := once(g)
				if err != nil {
					t.Fatal(err)
				}
				if cached := min(i, 1) * (len(prompt) - 4); r.Stats.CachedTokens != cached || name != "guidance" && !slices.Equal(r.Tokens, want) {
					t.Errorf("answer %d is %v with %d cached, want %v with %d", i, r.Tokens, r.Stats.CachedTokens, want, cached)
				}
			}
			if n := generate.HeldLanes(g); n != 0 {
				t.Errorf("%d states are held", n)
			}
		})
	}
}

// TestSequencesAndScoresLeaveNothingToReuse: only texts that may be gone on with are kept.
func TestSequencesAndScoresLeaveNothingToReuse(t *testing.T) {
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	s := hold(t, g, 1)[0]
	if _, err := s.Append(t.Context(), prompt); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantCached(t, g, prompt, 1, 0)
	if _, err := g.ScoreTokens(t.Context(), prompt, nil); err != nil {
		t.Fatal(err)
	}
	if s := hold(t, g, 1)[0]; s.Len() != 0 || s.Close() != nil {
		t.Error("a new sequence is not empty")
	}
}

func TestASessionLeavesItsStateToOthers(t *testing.T) {
	m := &fakeModel{next: counting, unrecorded: true}
	g, err := generate.NewFake(m, m.description(), chatTokenizer(t, plainTemplate), &generate.Config{Driver: m.driver(), MaxStates: 1, ReuseStates: true})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	opts := &generate.Options{MaxTokens: 2}
	first, second := conversationOf(t, g), conversationOf(t, g)
	const text = "once upon a time there was a cat"
	one := say(t, first, text, opts)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	two := say(t, second, text, opts)
	if !slices.Equal(one.Tokens, two.Tokens) || two.Stats.CachedTokens != two.Stats.PromptTokens-4 {
		t.Errorf("got %v with %d cached, want %v", two.Tokens, two.Stats.CachedTokens, one.Tokens)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	// Without a session the client sends the whole conversation each time.
	messages := second.Messages()
	for turn := range 3 {
		messages = append(messages, tokenizer.Message{Role: "user", Content: fmt.Sprint(turn)})
		r, err := generate.Collect(g.Chat(t.Context(), messages, opts))
		if err != nil || r.Stats.CachedTokens == 0 {
			t.Errorf("turn %d has %d tokens cached, %v", turn, r.Stats.CachedTokens, err)
		}
		messages = append(messages, tokenizer.Message{Role: "assistant", Content: r.Text})
	}
}

// TestWhoWaitsGetsTheStateOfItsConversation has a caller wait for the state that the
// answer before holds.
func TestWhoWaitsGetsTheStateOfItsConversation(t *testing.T) {
	g := reusing(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	var wg sync.WaitGroup
	n := 0
	for tok, err := range g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 5, IgnoreEnd: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			wg.Go(func() { wantCached(t, g, append(slices.Clone(prompt), tok.ID), 3, len(prompt)-3) })
			waitFor(t, "it waits", func() bool { return g.Stats().Waiting == 1 })
		}
	}
	wg.Wait()
}

// TestAdaptersShareNoStates asks one thing of the model and of two scales of an adapter.
func TestAdaptersShareNoStates(t *testing.T) {
	g := openStory(t, &generate.Config{ReuseStates: true, IdleStates: 8})
	var answers [3][]int
	for round := range 2 {
		for i := range answers {
			opts := &generate.Options{MaxTokens: 8, Sampling: &generate.Sampling{}, IgnoreEnd: true}
			if i > 0 {
				opts.Adapters = []coreml.Adapter{{Path: "../testdata/adapters/poet", Scale: new(float64(i))}}
			}
			r, err := g.Generate(t.Context(), "Once upon a time there was a cat. The cat had a red ball. One day the cat saw a big dog.", opts)
			if err != nil {
				t.Fatal(err)
			}
			if want := round * (r.Stats.PromptTokens - 4); r.Stats.CachedTokens != want {
				t.Errorf("round %d of scale %d: %d tokens were cached, want %d", round, i, r.Stats.CachedTokens, want)
			}
			answers[i] = r.Tokens
		}
	}
	if slices.Equal(answers[0], answers[1]) && slices.Equal(answers[1], answers[2]) {
		t.Error("the adapter changes nothing: the test tells nothing")
	}
}

func TestFunctionsShareNoStates(t *testing.T) {
	m, err := coreml.Load(t.Context(), loraFixture+"/model.mlpackage", portableConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, wordTokenizer(t, 512, 0, 0), &generate.Config{ReuseStates: true, IdleStates: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for round := range 2 {
		for _, function := range loraFunctions {
			opts := &generate.Options{MaxTokens: 2, Function: function, IgnoreEnd: true, Sampling: &generate.Sampling{}}
			r, err := generate.Collect(g.StreamTokens(t.Context(), textOfKind(1, 12), opts))
			if err != nil {
				t.Fatal(err)
			}
			if r.Stats.CachedTokens != 8*round {
				t.Errorf("round %d of %s: %d tokens were cached", round, function, r.Stats.CachedTokens)
			}
		}
	}
}

func TestPicturesAreReadAnew(t *testing.T) {
	dir := visionFolder(t)
	pictures := visionPictures(t, dir)
	g := openVision(t, dir, generate.Config{ReuseStates: true})
	for i := range 2 {
		opts := &generate.Options{MaxTokens: 3, Sampling: &generate.Sampling{}, IgnoreEnd: true, Images: pictures[i : i+1]}
		for range 2 {
			r, err := g.Generate(t.Context(), "Look:<image> Once", opts)
			if err != nil || r.Stats.CachedTokens != 0 {
				t.Errorf("picture %d: %d tokens were cached, %v", i, r.Stats.CachedTokens, err)
			}
		}
	}
}

// TestManyConversationsShareStates is for the race detector: 32 conversations, more than there are
// states, are cancelled, broken off, gone back in and answered again, and each
// answer is the one that its prompt has by itself.
func TestManyConversationsShareStates(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	faithful := &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}
	g := openStory(t, &generate.Config{Model: faithful, MaxStates: 4, IdleStates: 6, PrefillChunk: 8, ReuseStates: true})
	alone := openStory(t, &generate.Config{Model: faithful, MaxStates: 8})
	ids := encode(t, strings.Repeat("Once upon a time there was a small bear. He had a red ball. ", 3))
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 3))
			talk := slices.Clone(ids[:8+rng.IntN(len(ids)-8)])
			for range rounds {
				ctx, cancel := context.WithCancel(t.Context())
				stop := rng.IntN(20)
				opts := &generate.Options{MaxTokens: 6, IgnoreEnd: true, Sampling: &generate.Sampling{}}
				var got []int
				if stop == 0 {
					cancel()
				}
				for tok, err := range g.StreamTokens(ctx, talk, opts) {
					if err != nil {
						if !errors.Is(err, context.Canceled) {
							t.Errorf("talk %d: %v", i, err)
						}
						break
					}
					if got = append(got, tok.ID); len(got) == stop {
						cancel()
					}
				}
				cancel()
				want, err := generate.Collect(alone.StreamTokens(t.Context(), talk, opts))
				if err != nil || len(got) > len(want.Tokens) || !slices.Equal(got, want.Tokens[:len(got)]) {
					t.Errorf("talk %d: behind %d tokens came %v, want %v, %v", i, len(talk), got, want.Tokens, err)
				}
				if s := g.Stats(); s.States > 4 || s.FreeStates > 6 {
					t.Errorf("%+v", s)
				}
				switch talk = append(talk, got...); rng.IntN(4) {
				case 0: // back
					talk = talk[:1+rng.IntN(len(talk)-1)]
				case 1: // another branch
					talk = append(talk[:len(talk)/2:len(talk)/2], 300+i)
				}
			}
		})
	}
	wg.Wait()
	if s := g.Stats(); s.States != 0 || s.CachedTokens == 0 || s.Active != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAGeneratorIsClosedUnderItsStates(t *testing.T) {
	m := &fakeModel{next: counting, unrecorded: true}
	drained := make(chan struct{})
	c := &generate.Config{Driver: m.driver(), MaxStates: 3, IdleStates: 3, ReuseStates: true}
	g, err := generate.NewDrained(m, m.description(), storyTokenizer(t), c, func() error { close(drained); return nil })
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	begun := make(chan struct{}, 100)
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				_, err := generate.Collect(g.StreamTokens(t.Context(), append(textOfKind(9, 20), 30+i, 31, 32, 33), &generate.Options{MaxTokens: 3}))
				if err != nil && !errors.Is(err, generate.ErrClosed) {
					t.Error(err)
				}
				begun <- struct{}{}
			}
		})
	}
	<-begun
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	<-drained
}

// reusesStates has answers go on from what others have left, in a family's package: equal
// ones, longer ones, and those that go another way in the midst.
func reusesStates(t *testing.T, p familyPackage) {
	if p.name == "" {
		t.Fatal("the package has no name")
	}
	g := p.open(t, generate.Config{MaxStates: 1, IdleStates: 3, ReuseStates: true, PrefillChunk: 16})
	fresh := p.open(t, generate.Config{MaxStates: 1, PrefillChunk: 16})
	if g.Tokenizer() == nil {
		t.Skip("SKIPPED: there is no tokenizer")
	}
	opts := &generate.Options{MaxTokens: 6, IgnoreEnd: true, Sampling: &generate.Sampling{}}
	cached := 0
	ask := func(ids []int) []int {
		want, err := generate.Collect(fresh.StreamTokens(t.Context(), ids, opts))
		if err != nil {
			t.Fatal(err)
		}
		got, err := generate.Collect(g.StreamTokens(t.Context(), ids, opts))
		if err != nil || !slices.Equal(got.Tokens, want.Tokens) {
			t.Errorf("behind %d tokens, %d cached: %v, %v; a fresh run gives %v", len(ids), got.Stats.CachedTokens, got.Tokens, err, want.Tokens)
		}
		cached += got.Stats.CachedTokens
		return want.Tokens
	}
	for i := range min(len(p.records), 3) {
		ids := p.records[i].IDs
		ids = ids[:min(len(ids), g.ContextLength()-20)]
		answer := ask(ids)
		ask(ids)
		longer := slices.Concat(ids, answer, []int{7, 11})
		ask(longer)
		ask(slices.Concat(ids[:len(ids)/2], []int{12, 9}))
		ask(append(longer, 13))
	}
	// Whatever a prompt has read when its context ends, in the midst of a pass too, is what
	// its tokens give.
	for i := range 10 {
		r := &p.records[i%len(p.records)]
		ids := r.IDs[:min(len(r.IDs), g.ContextLength()-20)]
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Microsecond<<i)
		_, err := generate.Collect(g.StreamTokens(ctx, append(slices.Clone(ids), 20+i, 21), opts))
		if cancel(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		ask(append(slices.Clone(ids), 20+i, 21, 9))
	}
	if d := g.Driver(); cached == 0 && d.Rewind != generate.RewindNone && len(d.Stages) > 0 && g.Stats().StateBytes > 0 {
		t.Error("nothing was ever reused")
	}
}

// TestAPromptThatComesAgainHasTheSameBits is for the arithmetic in which products of few
// rows round more finely: what a state holds of a prompt, and the pass that reads the rest, are
// as those of the prompt by itself. The storyteller's weights make no such products.
func TestAPromptThatComesAgainHasTheSameBits(t *testing.T) {
	fast := generate.Config{Model: &coreml.Config{Arithmetic: coreml.ArithmeticFast}, MaxStates: 1, IdleStates: 1, PrefillChunk: 16, ReuseStates: true}
	t.Run("the storyteller", func(t *testing.T) { hasTheSameBits(t, openStory(t, &fast), 1) })
	t.Run("smollm2", func(t *testing.T) {
		dir := os.Getenv("COREML_FIXTURES")
		if dir == "" {
			t.Skipf("SKIPPED: %s needs smollm2 of COREML_FIXTURES", t.Name())
		}
		g, err := generate.Open(t.Context(), filepath.Join(dir, "smollm2", "model.mlpackage"), &fast)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		hasTheSameBits(t, g, 3)
	})
}

// hasTheSameBits asks prompts of every length that is a multiple of step twice.
func hasTheSameBits(t *testing.T, g *generate.Generator, step int) {
	opts := &generate.Options{MaxTokens: 3, IgnoreEnd: true, LogProbs: 8, Sampling: &generate.Sampling{}}
	ask := func(ids []int) *generate.Result {
		r, err := generate.Collect(g.StreamTokens(t.Context(), ids, opts))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for n := 16; n < 52; n += step {
		ids := make([]int, n)
		for i := range ids {
			ids[i] = 30 + (7*n+i*37)%400
		}
		want, got := ask(ids), ask(ids)
		if got.Stats.CachedTokens == 0 || want.Stats.CachedTokens != 0 {
			t.Errorf("%d tokens: %d were cached", n, got.Stats.CachedTokens)
		}
		if diff := cmp.Diff(want.LogProbs, got.LogProbs); diff != "" {
			t.Errorf("%d tokens, %d cached: the probabilities differ (-want +got):\n%s", n, got.Stats.CachedTokens, diff)
		}
	}
}
