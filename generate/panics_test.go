package generate_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// wantThrown runs a call that ends with a panic in the caller's goroutine, and wants the
// value and the stack of the goroutine that threw it.
func wantThrown(t *testing.T, value any, where string, call func()) {
	t.Helper()
	p, ok := exits(call).(*generate.PanicError)
	if !ok || p.Value != value || !strings.Contains(string(p.Stack), where) {
		t.Fatalf("the call ended with %v, want %v in %s", p, value, where)
	}
	if err, ok := value.(error); ok && !errors.Is(p, err) {
		t.Errorf("%v does not wrap its value", p)
	}
	if text := p.Error(); !strings.Contains(text, where) {
		t.Errorf("the error is %q", text)
	}
}

// wantNothingHeld wants a generator that has forgotten what failed.
func wantNothingHeld(t *testing.T, g *generate.Generator) {
	t.Helper()
	if s := g.Stats(); s.States != 0 || s.Active != 0 || s.Waiting != 0 || s.WaitingPrompts != 0 {
		t.Errorf("afterwards there are %+v", s)
	}
}

// thrower throws at a step of an answer, whatever it is: a processor and a sampler.
type thrower struct{ throw func() }

func (p thrower) Process(ids []int, _ []float32) error {
	if len(ids) > len(prompt)+2 {
		p.throw()
	}
	return nil
}

func (p thrower) Sample(logits []float32) (int, error) {
	p.throw()
	return len(logits), nil
}

// TestAPanicInABatchIsTheCallers throws in the workers of a batch, with prompts before and
// behind the one that it happens to.
func TestAPanicInABatchIsTheCallers(t *testing.T) {
	ten := make([]generate.Prompt, 10)
	for i := range ten {
		ten[i] = generate.Prompt{Tokens: slices.Concat(prompt, textOfKind(i, 2))}
	}
	for name, c := range map[string]struct {
		model func(context.Context, int) error
		opts  generate.Options
		where string
	}{
		"the model at a prompt": {model: at(4, func() error { panic(io.ErrNoProgress) }), where: "fakeModel"},
		"the model at a step":   {model: at(17, func() error { panic(io.ErrNoProgress) }), where: "fakeModel"},
		"a processor":           {opts: generate.Options{Processors: []generate.Processor{thrower{func() { panic(io.ErrNoProgress) }}}}, where: "thrower"},
		"a sampler":             {opts: generate.Options{Sampler: thrower{func() { panic(io.ErrNoProgress) }}}, where: "thrower"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fakeModel{next: counting, unrecorded: true, before: c.model}
			g := newFake(t, m, generate.Config{MaxStates: 3, ReuseStates: true})
			c.opts.MaxTokens, c.opts.IgnoreEnd = 6, true
			wantThrown(t, io.ErrNoProgress, c.where, func() {
				for _, err := range g.Batch(t.Context(), slices.Values(ten), &c.opts) {
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			})
			wantNothingHeld(t, g)
			m.before = nil
			wantUsable(t, g)
		})
	}
}

func TestAPanicInTheRowsOfABatchIsTheCallers(t *testing.T) {
	for name, c := range map[string]struct {
		broken func(int) error
		opts   generate.Options
	}{
		"the model": {broken: func(call int) error {
			if call == 3 {
				panic("thrown")
			}
			return nil
		}},
		"a processor": {opts: generate.Options{Processors: []generate.Processor{thrower{func() { panic("thrown") }}}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fakeBatch{texts: 3, masks: 3, positions: 3, broken: c.broken}
			g := m.open(t, generate.Config{})
			c.opts.MaxTokens, c.opts.IgnoreEnd = 8, true
			wantThrown(t, "thrown", "batch_run.go", func() {
				for range g.Batch(t.Context(), slices.Values(tokenPrompts(10, 12, 11, 14, 9)), &c.opts) { //nolint:revive // it is thrown
				}
			})
			wantNothingHeld(t, g)
			m.broken = nil
			wantUsable(t, g)
		})
	}
}

// TestAWorkerThatExitsEndsTheCaller: runtime.Goexit, which t.FailNow calls, is no panic.
func TestAWorkerThatExitsEndsTheCaller(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 2})
	leave := []generate.Processor{thrower{runtime.Goexit}}
	for name, call := range map[string]func(){
		"Batch": func() {
			prompts := slices.Values([]generate.Prompt{{Tokens: prompt}, {Tokens: prompt}})
			for range g.Batch(t.Context(), prompts, &generate.Options{MaxTokens: 9, IgnoreEnd: true, Processors: leave}) { //nolint:revive // it exits
			}
		},
		"Stream": func() {
			_, _ = generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 9, IgnoreEnd: true, Processors: leave}))
		},
	} {
		returned := false
		if thrown := exits(func() { call(); returned = true }); thrown != nil || returned {
			t.Errorf("%s returned: %v, threw %v", name, returned, thrown)
		}
		wantNothingHeld(t, g)
	}
	wantUsable(t, g)
}

func TestAPanicOfABeamIsTheCallers(t *testing.T) {
	for _, states := range []int{1, 3} {
		m := &fakeModel{fillRow: tableRow, unrecorded: true}
		m.before = at(9, func() error { panic("thrown") })
		g := newFake(t, m, generate.Config{MaxStates: states, ReuseStates: true})
		wantThrown(t, "thrown", "fakeModel", func() {
			_, _ = g.BeamSearch(t.Context(), generate.Prompt{Tokens: prompt}, &generate.Beams{N: 3}, &generate.Options{MaxTokens: 20, IgnoreEnd: true})
		})
		wantNothingHeld(t, g)
		m.before = nil
		if _, err := g.BeamSearch(t.Context(), generate.Prompt{Tokens: prompt}, &generate.Beams{N: 3}, &generate.Options{MaxTokens: 5}); err != nil {
			t.Error(err)
		}
	}
}

// TestAPanicOfAnAnswerLeavesTheOthersAlone throws in one of several streams, by everything
// that a caller can hand in and by the model.
func TestAPanicOfAnAnswerLeavesTheOthersAlone(t *testing.T) {
	word, err := grammar.Regex(`[a-z ]{1,40}`)
	if err != nil {
		t.Fatal(err)
	}
	throw := func() { panic("thrown") }
	calls := map[string]func(g *generate.Generator){
		"Answers": func(g *generate.Generator) {
			opts := &generate.Options{MaxTokens: 6, IgnoreEnd: true, Processors: []generate.Processor{thrower{throw}}}
			for range g.Answers(t.Context(), generate.Prompt{Tokens: prompt}, 3, opts) { //nolint:revive // it is thrown
			}
		},
		"a processor under a grammar": func(g *generate.Generator) {
			opts := &generate.Options{MaxTokens: 12, Grammar: word, Processors: []generate.Processor{thrower{throw}}}
			_, _ = generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
		},
		"a guided answer": func(g *generate.Generator) {
			opts := &generate.Options{MaxTokens: 6, IgnoreEnd: true, Guidance: &generate.Guidance{Scale: 2}, Processors: []generate.Processor{thrower{throw}}}
			_, _ = generate.Collect(g.StreamTokens(t.Context(), prompt, opts))
		},
		"the caller's loop": func(g *generate.Generator) {
			for range g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 6}) {
				throw()
			}
		},
		"a visit": func(g *generate.Generator) {
			s := hold(t, g, 1)[0]
			defer s.Close()
			_ = s.AppendRows(t.Context(), prompt, func(int, []float32) error { throw(); return nil })
		},
	}
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 4, ReuseStates: true})
	var wg sync.WaitGroup
	for name, call := range calls {
		wg.Go(func() {
			if thrown := exits(func() { call(g) }); thrown != "thrown" {
				t.Errorf("%s ended with %v", name, thrown)
			}
		})
		wg.Go(func() { wantUsable(t, g) })
	}
	wg.Wait()
	wantNothingHeld(t, g)
	wantUsable(t, g)
}

// TestAPanicWhileAPrefixIsReadIsTheCallers throws in the model.
func TestAPanicWhileAPrefixIsReadIsTheCallers(t *testing.T) {
	m := &fakeModel{next: counting, unrecorded: true, before: at(0, func() error { panic("thrown") })}
	g := newFake(t, m, generate.Config{MaxStates: 1})
	if thrown := exits(func() { _, _ = generate.PrefixOf(t.Context(), g, prompt) }); thrown != "thrown" {
		t.Errorf("it ended with %v", thrown)
	}
	wantNothingHeld(t, g)
	m.before = nil
	wantUsable(t, g)
}
