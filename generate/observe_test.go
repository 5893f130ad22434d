package generate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
)

// spans notes what a tracer is told.
type spans struct {
	mu    sync.Mutex
	begun []string
	ended []string
	errs  []error
	attrs map[string]string
}

type spanKey struct{}

type noted struct {
	s    *spans
	name string
}

func (s *spans) Start(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, generate.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if parent, ok := ctx.Value(spanKey{}).(string); ok {
		name = parent + "/" + name
	}
	s.begun = append(s.begun, name)
	n := &noted{s, name}
	n.set(attributes)
	return context.WithValue(ctx, spanKey{}, name), n
}

func (n *noted) set(attributes []slog.Attr) {
	for _, a := range attributes {
		n.s.attrs[a.Key] = a.Value.String()
	}
}

func (n *noted) SetAttributes(attributes ...slog.Attr) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	n.set(attributes)
}

func (n *noted) End(err error) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	n.s.ended = append(n.s.ended, n.name)
	n.s.errs = append(n.s.errs, err)
}

func TestAnAnswerIsObserved(t *testing.T) {
	s := &spans{attrs: map[string]string{}}
	var log bytes.Buffer
	g := newFake(t, &fakeModel{next: counting}, generate.Config{
		Tracer: s, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	seed := uint64(9)
	if _, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{
		MaxTokens: 3, Sampling: &generate.Sampling{Temperature: 0.5, Seed: &seed}, Priority: 2,
	})); err != nil {
		t.Fatal(err)
	}
	parts := []string{"generate/generate.wait", "generate/generate.prefill", "generate/generate.decode"}
	if diff := cmp.Diff(append([]string{"generate"}, parts...), s.begun); diff != "" {
		t.Errorf("the spans differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(slices.Clone(parts), "generate"), s.ended); diff != "" {
		t.Errorf("the ends of spans differ (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{
		"gen_ai.operation.name": "text_completion", "gen_ai.request.max_tokens": "3", "gen_ai.request.temperature": "0.5", "gen_ai.request.seed": "9",
		"gen_ai.usage.input_tokens": fmt.Sprint(len(prompt)), "gen_ai.usage.output_tokens": "3", "gen_ai.response.finish_reasons": "[length]",
		"gocoreml.priority": "2",
	} {
		if s.attrs[key] != want {
			t.Errorf("%s is %q, want %q", key, s.attrs[key], want)
		}
	}
	for _, want := range []string{"level=DEBUG msg=\"prompt read\" prompt_tokens=", "level=INFO msg=\"answer ended\"", "tokens=3", "finish=length"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}

func TestAnAnswerThatFailsIsObserved(t *testing.T) {
	broken := errors.New("broken")
	s := &spans{attrs: map[string]string{}}
	var log bytes.Buffer
	m := &fakeModel{next: counting, before: func(_ context.Context, call int) error {
		if call == 2 {
			return broken
		}
		return nil
	}}
	g := newFake(t, m, generate.Config{Tracer: s, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 9}))
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if last := s.errs[len(s.errs)-1]; !errors.Is(last, broken) || len(s.begun) != len(s.ended) {
		t.Errorf("the span ended with %v; %d of %d ended", last, len(s.ended), len(s.begun))
	}
	if !strings.Contains(log.String(), "level=WARN msg=\"answer failed\"") || !strings.Contains(log.String(), "broken") {
		t.Errorf("the log is\n%s", log.String())
	}
	want := generate.GeneratorStats{Answers: 1, Failed: 1, PromptTokens: uint64(len(prompt)), Tokens: 2}
	got := g.Stats()
	if got.Answers != want.Answers || got.Failed != want.Failed || got.PromptTokens != want.PromptTokens || got.Tokens != want.Tokens || got.Active != 0 {
		t.Errorf("%+v", got)
	}
}

func TestStatsCountSharedSteps(t *testing.T) {
	j := join(t, 4)
	close(j.model.gate)
	for _, ended := range j.errs {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	if s := j.g.Stats(); s.SharedPasses != 1 || s.SharedSteps != 3 {
		t.Errorf("%+v", s)
	}
	if err := j.g.Close(); err != nil {
		t.Error(err)
	}
	if s := (*generate.Generator)(nil).Stats(); s.States != 0 || s.Answers != 0 {
		t.Errorf("a nil generator: %+v", s)
	}
}
