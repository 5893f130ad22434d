package generate_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// acts calls itself at every use, as a processor and as a sampler.
type acts func()

func (a acts) Process([]int, []float32) error { a(); return nil }

func (a acts) Sample([]float32) (int, error) { a(); return 40, nil }

// exits runs f in a goroutine of its own and returns when that has ended, by
// whatever way. It returns the value of a panic.
func exits(f func()) (recovered any) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recovered = recover() }()
		f()
	}()
	<-done
	return recovered
}

var waysOut = map[string]func(){
	"a panic":        func() { panic("the caller's own") },
	"runtime.Goexit": runtime.Goexit,
}

// wantUsable fails unless the generator, whose only state was in the hands of
// somebody who is gone, still answers.
func wantUsable(t *testing.T, g *generate.Generator) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := generate.Collect(g.StreamTokens(ctx, prompt, &generate.Options{MaxTokens: 5}))
	if want := expected(counting, prompt, 5); err != nil || !slices.Equal(r.Tokens, want) {
		t.Errorf("afterwards came %v, %v; want %v", r.Tokens, err, want)
	}
}

func TestStatesComeBackHoweverAStreamIsLeft(t *testing.T) {
	for how, leave := range waysOut {
		for where, c := range map[string]struct {
			step  int // of the stream, or the prediction, that leaves
			cfg   func(act acts) *generate.Options
			inner bool // the model itself
			free  int  // lanes that can be used again
		}{
			"in the loop":                 {free: 1},
			"in a processor":              {cfg: func(a acts) *generate.Options { return &generate.Options{Processors: []generate.Processor{a}} }, free: 1},
			"in a sampler":                {cfg: func(a acts) *generate.Options { return &generate.Options{Sampler: a} }, free: 1},
			"in the model at the prompt":  {inner: true},
			"in the model between tokens": {inner: true, step: 2},
		} {
			t.Run(how+" "+where, func(t *testing.T) {
				m := &fakeModel{next: counting, unrecorded: true}
				g := newFake(t, m, generate.Config{MaxStates: 1})
				at := int(c.step)
				act := acts(func() {
					if at--; at < 0 {
						leave()
					}
				})
				var opts *generate.Options
				if c.cfg != nil {
					opts = c.cfg(act)
				}
				if c.inner {
					m.before = func(context.Context, int) error { act(); return nil }
				}
				for range 2 { // the second finds what the first left
					at = c.step
					exits(func() {
						for range g.StreamTokens(t.Context(), prompt, opts) {
							if c.cfg == nil && !c.inner {
								act()
							}
						}
						t.Error("the stream ended by itself")
					})
					if got := generate.FreeLanes(g); got != c.free {
						t.Errorf("%d lanes can be used again, want %d", got, c.free)
					}
				}
				m.before = nil
				wantUsable(t, g)
			})
		}
	}
}

func TestAPanicOfTheModelReachesTheCaller(t *testing.T) {
	m := &fakeModel{next: counting, before: func(context.Context, int) error { panic("the model's own") }}
	g := newFake(t, m, generate.Config{MaxStates: 1})
	if got := exits(func() { _, _ = generate.Collect(g.StreamTokens(t.Context(), prompt, nil)) }); got != "the model's own" {
		t.Errorf("recovered %v", got)
	}
}

// stateless is a model whose states cannot be made.
type stateless struct {
	fakeModel
	leave func()
}

func (m *stateless) NewState() (*coreml.State, error) {
	m.leave()
	return nil, errors.New("there are no states")
}

func TestStatesThatCannotBeMadeTakeNoSlot(t *testing.T) {
	desc := (&fakeModel{}).description()
	desc.Inputs, desc.Outputs = desc.Inputs[:2], desc.Outputs[:1]
	desc.States = features{halfs("k", 1, 1, 1, fakeContext, 2)}
	for how, leave := range map[string]func(){"an error": func() {}, "a panic": func() { panic("no memory") }} {
		t.Run(how, func(t *testing.T) {
			m := &stateless{leave: leave}
			g, err := generate.NewFake(m, desc, nil, &generate.Config{MaxStates: 1})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				exits(func() {
					if _, err := g.NewSequence(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("got %v", err)
					}
				})
				cancel()
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPanickingVisitLeavesTheSequenceAsItWas(t *testing.T) {
	for how, leave := range waysOut {
		t.Run(how, func(t *testing.T) {
			g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
			s, err := g.NewSequence(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Append(t.Context(), prompt[:4]); err != nil {
				t.Fatal(err)
			}
			exits(func() {
				_ = s.AppendRows(t.Context(), prompt[4:], func(pos int, _ []float32) error {
					if pos == 6 {
						leave()
					}
					return nil
				})
			})
			if got := s.Tokens(); !slices.Equal(got, prompt[:4]) {
				t.Errorf("the sequence holds %v", got)
			}
			logits, err := s.Append(t.Context(), prompt[4:])
			if err != nil || slices.Index(logits, slices.Max(logits)) != counting(prompt) {
				t.Errorf("afterwards the sequence gives another token, or %v", err)
			}
		})
	}
}

func TestASessionOutlivesAPanicOfItsLoop(t *testing.T) {
	for how, leave := range waysOut {
		for _, inner := range []bool{false, true} {
			name := how + " in the loop"
			if inner {
				name = how + " in the model"
			}
			t.Run(name, func(t *testing.T) {
				m := &fakeModel{}
				s, tok := newSession(t, m, plainTemplate, tokenizer.Message{Role: "system", Content: "b"})
				m.next = replies(tok, "ok", "no")
				if inner {
					m.before = func(_ context.Context, call int) error {
						if call == 1 {
							leave()
						}
						return nil
					}
				}
				exits(func() {
					for range s.Send(t.Context(), "hi", nil) {
						if !inner {
							leave()
						}
					}
				})
				m.before = nil
				if got := s.Messages(); len(got) != 1 {
					t.Errorf("the turn that failed left %v", got)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				r, err := generate.Collect(s.Send(ctx, "yo", nil))
				if err != nil {
					t.Fatal(err)
				}
				want := []tokenizer.Message{
					{Role: "system", Content: "b"}, {Role: "user", Content: "yo"}, {Role: "assistant", Content: r.Text},
				}
				if diff := cmp.Diff(want, s.Messages()); diff != "" {
					t.Errorf("messages differ (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// eventually collects garbage until ok, some seconds at most.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); {
		if time.Since(start) > time.Minute {
			t.Fatal(what)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// dropFour takes four states and lets go of what holds them: in a function of its
// own, so that no variable of the test refers to the last one.
//
//go:noinline
func dropFour(t *testing.T, g *generate.Generator) {
	t.Helper()
	for i := range 4 {
		if i%2 == 0 {
			s, err := g.NewSequence(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Append(t.Context(), prompt); err != nil {
				t.Fatal(err)
			}
			continue
		}
		s, err := g.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := generate.Collect(s.Send(t.Context(), "hi", nil)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDroppedSequencesAndSessionsGiveTheirStatesBack(t *testing.T) {
	m := &fakeModel{}
	tok := chatTokenizer(t, plainTemplate)
	m.next = replies(tok, "ok")
	drained := 0
	g, err := generate.NewDrained(m, m.description(), tok, &generate.Config{Driver: m.driver(), MaxStates: 4}, func() error {
		drained++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dropFour(t, g)
	// There may be fewer than four: the collector gives back the first while others are taken.
	eventually(t, "the states did not come back", func() bool { return generate.HeldLanes(g) == 0 })
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// One that is in use is not given back.
	runtime.GC()
	runtime.GC()
	if _, err := s.Append(t.Context(), prompt); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.Close(), g.Close()); err != nil || drained != 1 {
		t.Errorf("closing gave %v, the model was closed %d times", err, drained)
	}
}

func TestAPullWithoutStopGivesItsStateBackWhenItsContextEnds(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	ctx, cancel := context.WithCancel(t.Context())
	next, stop := iter.Pull2(g.StreamTokens(ctx, prompt, nil))
	defer stop() // after all that follows
	if _, err, ok := next(); err != nil || !ok {
		t.Fatalf("the first token came with %v, %v", err, ok)
	}
	if generate.FreeLanes(g) != 0 {
		t.Error("the state is free while the stream has it")
	}
	cancel()
	wantUsable(t, g)
	if _, err, ok := next(); !ok || !errors.Is(err, context.Canceled) {
		t.Errorf("the stream went on with %v, %v", err, ok)
	}
	if _, _, ok := next(); ok {
		t.Error("the error was not the last")
	}
}

func TestAnErrorOfClosingComesOnceAndFreesTheSlot(t *testing.T) {
	m := &fakeModel{next: counting}
	broken := errors.New("broken")
	g, err := generate.NewDrained(m, m.description(), storyTokenizer(t), &generate.Config{Driver: m.driver(), MaxStates: 1}, func() error {
		return broken
	})
	if err != nil {
		t.Fatal(err)
	}
	var errs []string
	for _, err := range g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 1}) {
		if err != nil {
			errs = append(errs, err.Error())
		} else if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(errs, "; "); got != "generate: broken" {
		t.Errorf("errors %q", got)
	}
}

func TestASequenceWhosePredictionPanickedIsClosed(t *testing.T) {
	m := &fakeModel{next: counting, before: func(context.Context, int) error { panic("the model's own") }}
	g := newFake(t, m, generate.Config{MaxStates: 1})
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exits(func() { _, _ = s.Append(t.Context(), prompt) })
	m.before = nil
	if _, err := s.Append(t.Context(), prompt); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("the half-written state is used again, with %v", err)
	}
	wantUsable(t, g)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestAStateThatPanicsWhenItIsClosedFreesItsSlot(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	exits(func() { _ = generate.DiscardBroken(t.Context(), g) })
	wantUsable(t, g)
}

// TestAnEndedAnswerHasGivenItsStateBack ends contexts while nobody works on the answer:
// who is told that it is over finds its state free, and not about to be.
func TestAnEndedAnswerHasGivenItsStateBack(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 1})
	for i := range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		for _, err := range g.StreamTokens(ctx, prompt, &generate.Options{MaxTokens: 2}) {
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cancel()
		}
		cancel()
		if n := generate.HeldLanes(g); n != 0 {
			t.Fatalf("after answer %d of which the context has ended, %d states are held", i, n)
		}
	}
}
