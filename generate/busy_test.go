package generate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// first drops all but the error.
func first(_ *generate.Result, err error) error { return err }

func TestNothingOfASessionWorksWithinItsTurn(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "ok", "no")
	if _, err := generate.Collect(s.Send(t.Context(), "hi", nil)); err != nil {
		t.Fatal(err)
	}
	before := s.Messages()
	attempts := map[string]func() error{
		"Send":         func() error { return first(generate.Collect(s.Send(t.Context(), "mixed in", nil))) },
		"SendMessages": func() error { return first(generate.Collect(s.SendMessages(t.Context(), before, nil))) },
		"SetMessages":  func() error { return s.SetMessages(nil) },
		"Close":        s.Close,
	}
	try := func(t *testing.T) {
		for name, attempt := range attempts {
			if err := attempt(); !errors.Is(err, generate.ErrBusy) {
				t.Errorf("%s during a turn gave %v, want ErrBusy", name, err)
			}
		}
		if diff := cmp.Diff(before, s.Messages()); diff != "" {
			t.Errorf("messages during a turn differ from those before it (-want +got):\n%s", diff)
		}
	}
	tokens := 0
	for _, err := range s.Send(t.Context(), "yo", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if tokens++; tokens == 1 {
			try(t)
			done := make(chan struct{})
			go func() { defer close(done); try(t) }()
			<-done
		}
	}
	want := append(slices.Clone(before), tokenizer.Message{Role: "user", Content: "yo"}, tokenizer.Message{Role: "assistant", Content: "no"})
	if diff := cmp.Diff(want, s.Messages()); diff != "" {
		t.Errorf("messages after the turn differ (-want +got):\n%s", diff)
	}
	if err := s.SetMessages(nil); err != nil || len(s.Messages()) != 0 {
		t.Errorf("after the turn SetMessages gave %v", err)
	}
}

func TestAnErrorIsYieldedWhenTheSessionIsFreeAgain(t *testing.T) {
	m := &fakeModel{before: func(_ context.Context, call int) error {
		if call == 0 {
			return errors.New("broken")
		}
		return nil
	}}
	s, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "ok")
	for _, err := range s.Send(t.Context(), "hi", nil) {
		if err == nil {
			t.Fatal("no error came")
		}
		if r, err := generate.Collect(s.Send(t.Context(), "hi", nil)); err != nil || r.Text != "ok" {
			t.Errorf("a second try in the loop gave %v, %v", r, err)
		}
	}
}

func TestNothingOfASequenceWorksWithinItsVisit(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Options{MaxStates: 1})
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	attempts := map[string]func() error{
		"Append": func() error { _, err := s.Append(t.Context(), []int{5}); return err },
		"AppendRows": func() error {
			return s.AppendRows(t.Context(), []int{5}, func(int, []float32) error { return nil })
		},
		"Truncate": func() error { return s.Truncate(0) },
		"Close":    s.Close,
	}
	if err := s.AppendRows(t.Context(), prompt, func(pos int, _ []float32) error {
		for name, attempt := range attempts {
			if err := attempt(); !errors.Is(err, generate.ErrBusy) {
				t.Errorf("%s during AppendRows gave %v, want ErrBusy", name, err)
			}
		}
		if s.Len() != len(prompt) || !slices.Equal(s.Tokens(), prompt) || s.Calls() != 1 {
			t.Errorf("at position %d there are %d tokens after %d predictions", pos, s.Len(), s.Calls())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	delete(attempts, "Close")
	for name, attempt := range attempts {
		if err := attempt(); !errors.Is(err, generate.ErrClosed) {
			t.Errorf("%s after Close gave %v, want ErrClosed", name, err)
		}
	}
}

// TestManyGoroutinesOnOneSession is for the race detector: whoever is refused is
// told so, and the conversation stays one of whole turns.
func TestManyGoroutinesOnOneSession(t *testing.T) {
	m := &fakeModel{unrecorded: true, next: func([]int) int { return 1 }}
	s, _ := newSession(t, m, plainTemplate)
	allowed := func(err error) bool {
		return err == nil || errors.Is(err, generate.ErrBusy) || errors.Is(err, generate.ErrContextFull)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				var err error
				switch i {
				case 0:
					err = s.Close()
				case 1:
					err = s.SetMessages(nil)
				case 2:
					messages := s.Messages()
					for k, m := range messages {
						if want := []string{"user", "assistant"}[k%2]; m.Role != want {
							t.Errorf("message %d of %v is of %s", k, messages, m.Role)
						}
					}
				default:
					_, err = generate.Collect(s.Send(t.Context(), strings.Repeat("x", i), nil))
				}
				if !allowed(err) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestManyGoroutinesOnOneSequence(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting, unrecorded: true}, generate.Options{MaxStates: 1})
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for round := range 40 {
				var err error
				switch i {
				case 0:
					err = s.Truncate(0)
				case 1:
					if n := s.Len(); n > fakeContext || len(s.Tokens()) > fakeContext || s.Calls() < 0 {
						t.Errorf("%d tokens", n)
					}
				case 2:
					if round == 39 {
						err = s.Close()
					}
				default:
					_, err = s.Append(t.Context(), prompt[:i])
				}
				if err != nil && !errors.Is(err, generate.ErrBusy) && !errors.Is(err, generate.ErrContextFull) &&
					!errors.Is(err, generate.ErrClosed) && !errors.Is(err, generate.ErrConfig) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wantUsable(t, g)
}
