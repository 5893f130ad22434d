package generate_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// within is how soon a call has to return after its context has ended. It is
// meant to be 50 ms, which a busy machine cannot promise.
const within = time.Minute

func TestANilContextNeverEnds(t *testing.T) {
	var ctx context.Context // nil
	m := &fakeModel{}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "ok")
	if r, err := generate.Collect(s.Send(ctx, "hi", nil)); err != nil || r.Text != "ok" {
		t.Errorf("Send gave %v, %v", r, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := generate.Collect(s.SendMessages(ctx, []tokenizer.Message{{Role: "user", Content: "hi"}}, nil)); err != nil {
		t.Errorf("SendMessages gave %v", err)
	}
	for name, open := range map[string]func() (*generate.Generator, error){
		"OpenFS": func() (*generate.Generator, error) {
			return generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
		},
		"Open": func() (*generate.Generator, error) {
			return generate.Open(ctx, "../examples/storyteller/model/"+storyteller.Package, nil)
		},
	} {
		g, err := open()
		if err != nil {
			t.Fatalf("%s gave %v", name, err)
		}
		opts := &generate.Options{MaxTokens: 1}
		if _, err := g.Generate(ctx, "Once", opts); err != nil {
			t.Errorf("Generate gave %v", err)
		}
		if _, err := generate.Collect(g.Stream(ctx, "Once", opts)); err != nil {
			t.Errorf("Stream gave %v", err)
		}
		if _, err := generate.Collect(g.StreamTokens(ctx, prompt, opts)); err != nil {
			t.Errorf("StreamTokens gave %v", err)
		}
		if _, err := generate.Collect(g.Chat(ctx, nil, opts)); !errors.Is(err, generate.ErrNoChatTemplate) {
			t.Errorf("Chat gave %v", err)
		}
		q, err := g.NewSequence(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Append(ctx, prompt); err != nil {
			t.Errorf("Append gave %v", err)
		}
		if err := q.AppendRows(ctx, prompt, func(int, []float32) error { return nil }); err != nil {
			t.Errorf("AppendRows gave %v", err)
		}
		if err := errors.Join(q.Close(), g.Close()); err != nil {
			t.Error(err)
		}
	}
}

// ended measures how long work goes on after its context has ended.
func ended(t *testing.T, after time.Duration, work func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	time.Sleep(after)
	start := time.Now()
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the work ended with %v", err)
		}
		t.Logf("the end of the context was heeded after %v", time.Since(start))
	case <-time.After(within):
		t.Errorf("the work goes on %v after its context has ended", within)
	}
}

func TestTheEndOfAContextIsHeeded(t *testing.T) {
	t.Run("while waiting for a state", func(t *testing.T) {
		g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
		s, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ended(t, 20*time.Millisecond, func(ctx context.Context) error {
			_, err := generate.Collect(g.StreamTokens(ctx, prompt, nil))
			return err
		})
	})
	// The context ends within the fourth prediction, and none comes after it.
	for name, c := range map[string]struct {
		tokens []int
		cfg    generate.Config
	}{
		"between the chunks of a prompt": {slices.Repeat(prompt, 6), generate.Config{PrefillChunk: 1}},
		"between tokens":                 {prompt, generate.Config{}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			m := &fakeModel{next: counting, before: func(_ context.Context, call int) error {
				if call == 3 {
					cancel()
				}
				return nil
			}}
			g := newFake(t, m, c.cfg)
			if _, err := generate.Collect(g.StreamTokens(ctx, c.tokens, nil)); !errors.Is(err, context.Canceled) {
				t.Errorf("the stream ended with %v", err)
			}
			if n := m.calls.Load(); n != 4 {
				t.Errorf("%d predictions were made", n)
			}
		})
	}
	t.Run("between processors", func(t *testing.T) {
		g := newFake(t, &fakeModel{next: counting}, generate.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		second := false
		_, err := generate.Collect(g.StreamTokens(ctx, prompt, &generate.Options{Processors: []generate.Processor{
			acts(cancel), acts(func() { second = true }),
		}}))
		if !errors.Is(err, context.Canceled) || second {
			t.Errorf("got %v; the second processor ran: %v", err, second)
		}
	})
	t.Run("between the processors and the sampler", func(t *testing.T) {
		g := newFake(t, &fakeModel{next: counting}, generate.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sampled := false
		_, err := generate.Collect(g.StreamTokens(ctx, prompt, &generate.Options{
			Processors: []generate.Processor{acts(cancel)}, Sampler: acts(func() { sampled = true }),
		}))
		if !errors.Is(err, context.Canceled) || sampled {
			t.Errorf("got %v; the sampler was asked: %v", err, sampled)
		}
	})
	t.Run("before a token is given out", func(t *testing.T) {
		g := newFake(t, &fakeModel{next: counting}, generate.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := generate.Collect(g.StreamTokens(ctx, prompt, &generate.Options{Sampler: acts(cancel)}))
		if !errors.Is(err, context.Canceled) || len(r.Tokens) != 0 {
			t.Errorf("got %v, %v", r.Tokens, err)
		}
	})
	t.Run("while drawing from a large vocabulary", func(t *testing.T) {
		logits := make([]float32, 1<<18)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range logits {
			logits[i] = rng.Float32()
		}
		for name, s := range map[string]generate.Sampling{
			"top-p": {Temperature: 0.9, TopP: 0.999999},
			"top-k": {Temperature: 0.9, TopK: 200_000},
			"min-p": {Temperature: 0.9, MinP: 0.1},
		} {
			start := time.Now()
			if err := generate.SampleContext(t.Context(), &s, slices.Clone(logits)); err != nil {
				t.Errorf("%s gave %v", name, err)
			}
			whole := time.Since(start)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			start = time.Now()
			if err := generate.SampleContext(ctx, &s, slices.Clone(logits)); !errors.Is(err, context.Canceled) {
				t.Errorf("%s under an ended context gave %v", name, err)
			}
			t.Logf("%s of 262,144 tokens takes %v, %v under an ended context", name, whole, time.Since(start))
		}
	})
}

// The nucleus of a flat distribution is nearly the whole vocabulary, and its
// order the greatest part of the work: the context is looked at within it.
func TestTheNucleusLooksAtItsContext(t *testing.T) {
	ctx := &countedContext{Context: t.Context(), after: 15}
	logits := make([]float32, 1<<16)
	if err := generate.SampleContext(ctx, &generate.Sampling{Temperature: 1, TopP: 0.999999}, logits); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if ctx.asked > 16 {
		t.Errorf("the work went on over %d looks at the context", ctx.asked)
	}
}

// countedContext ends when it has been asked often enough.
type countedContext struct {
	context.Context
	after, asked int
}

func (c *countedContext) Err() error {
	if c.asked++; c.asked > c.after {
		return context.Canceled
	}
	return nil
}

func TestAnEndedContextIsReportedAsSuch(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	m := &fakeModel{}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "ok")
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Send": func() error { _, err := generate.Collect(s.Send(ctx, "hi", nil)); return err },
		"Chat": func() error {
			_, err := generate.Collect(g.Chat(ctx, []tokenizer.Message{{Role: "user", Content: "hi"}}, nil))
			return err
		},
		"Stream": func() error { _, err := generate.Collect(g.Stream(ctx, "hi", nil)); return err },
	} {
		if err := call(); !errors.Is(err, context.DeadlineExceeded) || err.Error() != "generate: "+context.DeadlineExceeded.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A template that takes long costs New, which has no context, no more than a little.
func TestATemplateThatTakesLongIsNotWaitedForWhenAGeneratorIsMade(t *testing.T) {
	const slow = `{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% set d = a %}{% endfor %}{% endfor %}{% endfor %}` + plainTemplate
	tok := chatTokenizer(t, slow)
	full := time.Now()
	if _, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{{Role: "user", Content: "a"}}, nil); err == nil {
		t.Log("the template ends by itself")
	}
	alone := time.Since(full)
	m := &fakeModel{}
	start := time.Now()
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("the template alone takes %v, New took %v", alone, took)
	// It does a sixtieth of the work.
	if took > alone || g.TurnEnd() != -1 {
		t.Errorf("New took %v of the template's %v and found token %d", took, alone, g.TurnEnd())
	}
}
