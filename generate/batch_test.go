package generate_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// texts makes prompts of texts.
func texts(list ...string) iter.Seq[generate.Prompt] {
	return func(yield func(generate.Prompt) bool) {
		for _, text := range list {
			if !yield(generate.Prompt{Text: text}) {
				return
			}
		}
	}
}

// outcome is an answer of a batch for comparing.
type outcome struct {
	Tokens []int
	Finish generate.FinishReason
	Err    string
}

func outcomeOf(r *generate.Result, err error) outcome {
	o := outcome{Tokens: r.Tokens, Finish: r.Finish}
	if err != nil {
		o.Err = err.Error()
	}
	return o
}

func TestBatchAnswersInOrderAsEachPromptByItself(t *testing.T) {
	var prompts []string
	for i := range 11 {
		prompts = append(prompts, strings.Repeat("Once upon a time ", 1+i%4)+"there")
	}
	for _, states := range []int{1, 3} {
		m := &fakeModel{next: counting, unrecorded: true}
		g := newFake(t, m, generate.Config{MaxStates: states})
		opts := &generate.Options{MaxTokens: 9, Sampling: &generate.Sampling{Temperature: 0.8, Seed: new(uint64(7))}}
		var got, want []outcome
		for r, err := range g.Batch(t.Context(), texts(prompts...), opts) {
			got = append(got, outcomeOf(r, err))
		}
		for _, p := range prompts {
			want = append(want, outcomeOf(g.Generate(t.Context(), p, opts)))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("with %d states: %s", states, d)
		}
	}
}

func TestBatchTakesAllKindsOfPrompts(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Config{MaxStates: 2, Chat: &tokenizer.ChatOptions{Template: "{{ messages[0].content }}"}})
	opts := &generate.Options{MaxTokens: 3}
	broken := errors.New("a broken record")
	prompts := []generate.Prompt{
		{Text: "Once"},
		{Tokens: []int{400}},
		{Err: broken},
		{Text: strings.Repeat("Once upon a time ", 60)},
		{Messages: []tokenizer.Message{{Role: "user", Content: "Once"}}},
		{Tokens: []int{-1}},
		{Text: "a time"},
	}
	var got []outcome
	var errs []error
	for r, err := range g.Batch(t.Context(), slices.Values(prompts), opts) {
		got, errs = append(got, outcomeOf(r, err)), append(errs, err)
	}
	once, _ := g.Generate(t.Context(), "Once", opts)
	chat, _ := generate.Collect(g.Chat(t.Context(), prompts[4].Messages, opts))
	ids, _ := generate.Collect(g.StreamTokens(t.Context(), []int{400}, opts))
	time, _ := g.Generate(t.Context(), "a time", opts)
	if len(got) != len(prompts) || errs[0] != nil || errs[1] != nil || errs[4] != nil || errs[6] != nil {
		t.Fatalf("%v", errs)
	}
	for i, want := range map[int]*generate.Result{0: once, 1: ids, 4: chat, 6: time} {
		if d := cmp.Diff(outcomeOf(want, nil), got[i]); d != "" {
			t.Errorf("prompt %d: %s", i, d)
		}
	}
	if !errors.Is(errs[2], broken) {
		t.Errorf("the error is %v", errs[2])
	}
	var full *generate.ContextError
	if !errors.As(errs[3], &full) {
		t.Errorf("the error is %v", errs[3])
	}
	var token *generate.TokenError
	if !errors.As(errs[5], &token) {
		t.Errorf("the error is %v", errs[5])
	}
}

func TestBatchTakesPromptsAsTheyAreNeeded(t *testing.T) {
	var running, most atomic.Int64
	m := &fakeModel{next: counting, unrecorded: true, before: func(context.Context, int) error {
		n := running.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		running.Add(-1)
		return nil
	}}
	g := newFake(t, m, generate.Config{MaxStates: 2})
	taken, answered := 0, 0
	endless := func(yield func(generate.Prompt) bool) {
		for yield(generate.Prompt{Text: "Once"}) {
			taken++
		}
	}
	for _, err := range g.Batch(t.Context(), endless, &generate.Options{MaxTokens: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if answered++; taken > answered+4 {
			t.Fatalf("%d prompts were taken for %d answers", taken, answered)
		}
		if answered == 20 {
			break
		}
	}
	if generate.HeldLanes(g) != 0 {
		t.Error("a state is still held")
	}
	if most.Load() > 2 {
		t.Errorf("%d predictions at once, with two states", most.Load())
	}
}

func TestBatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	m := &fakeModel{next: counting, unrecorded: true, before: func(_ context.Context, call int) error {
		if call > 10 {
			once.Do(cancel)
		}
		return nil
	}}
	g := newFake(t, m, generate.Config{MaxStates: 2})
	endless := func(yield func(generate.Prompt) bool) {
		for yield(generate.Prompt{Text: "Once"}) {
		}
	}
	var last error
	n := 0
	for r, err := range g.Batch(ctx, endless, &generate.Options{MaxTokens: 3}) {
		if r == nil {
			t.Fatal("no result")
		}
		last, n = err, n+1
	}
	if !errors.Is(last, context.Canceled) || n > 20 {
		t.Errorf("%d answers, the last error is %v", n, last)
	}
	if generate.HeldLanes(g) != 0 {
		t.Error("a state is still held")
	}
}

func TestBatchWithoutPromptsOrModel(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	for range g.Batch(t.Context(), texts(), nil) {
		t.Error("an answer to no prompt")
	}
	var config *generate.ConfigError
	n := 0
	var none context.Context // which never ends
	for _, err := range g.Batch(none, nil, nil) {
		if n++; !errors.As(err, &config) {
			t.Errorf("the error is %v", err)
		}
	}
	for _, err := range (*generate.Generator)(nil).Batch(t.Context(), texts("Once"), nil) {
		if n++; !errors.Is(err, generate.ErrClosed) {
			t.Errorf("the error is %v", err)
		}
	}
	if n != 2 {
		t.Errorf("%d answers", n)
	}
}
