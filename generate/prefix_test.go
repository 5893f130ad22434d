package generate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// collected returns the error of a stream.
func collected(r *generate.Result, err error) error { return err }

// TestErrorsNameThePackageOnce calls everything that can fail and leaves the
// package: an error has the prefix at its beginning and nowhere else.
func TestErrorsNameThePackageOnce(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ctx := t.Context()
	broken := &fakeModel{before: func(context.Context, int) error { return errors.New("broken") }}
	broken.next = counting
	session, _ := newSession(t, broken, plainTemplate)
	g := newFake(t, broken, generate.Config{})
	idle, err := g.NewSequence(ctx)
	if err != nil {
		t.Fatal(err)
	}
	shut, err := g.NewSequence(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := shut.Close(); err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	visit := func(int, []float32) error { return nil }
	for name, call := range map[string]func() error{
		"Open without a package":     func() error { _, err := generate.Open(ctx, "nowhere/none.mlpackage", nil); return err },
		"Open under an ended ctx":    func() error { _, err := generate.Open(ended, "x", nil); return err },
		"Open with a bad Config":     func() error { _, err := generate.Open(ctx, "x", &generate.Config{MaxStates: -1}); return err },
		"New":                        func() error { _, err := generate.New(nil, nil, nil); return err },
		"NewSession":                 func() error { _, err := g.NewSession(); return err },
		"NewSequence":                func() error { _, err := g.NewSequence(ended); return err },
		"Append of nothing":          func() error { _, err := idle.Append(ctx, nil); return err },
		"Append under an ended ctx":  func() error { _, err := idle.Append(ended, prompt); return err },
		"Append to a broken model":   func() error { _, err := idle.Append(ctx, prompt); return err },
		"Append to a closed one":     func() error { _, err := shut.Append(ctx, prompt); return err },
		"AppendRows of nothing":      func() error { return idle.AppendRows(ctx, nil, visit) },
		"AppendRows to broken model": func() error { return idle.AppendRows(ctx, prompt, visit) },
		"Truncate":                   func() error { return idle.Truncate(9) },
		"Truncate of a closed one":   func() error { return shut.Truncate(0) },
		"Stream of a broken model":   func() error { return collected(g.Generate(ctx, "Once", nil)) },
		"Stream of nothing":          func() error { return collected(generate.Collect(g.StreamTokens(ctx, nil, nil))) },
		"Stream with bad Options":    func() error { return collected(g.Generate(ctx, "Once", &generate.Options{MaxTokens: -2})) },
		"Chat":                       func() error { return collected(generate.Collect(g.Chat(ctx, nil, nil))) },
		"Send":                       func() error { return collected(generate.Collect(session.Send(ctx, "hi", nil))) },
		"Send under an ended ctx":    func() error { return collected(generate.Collect(session.Send(ended, "hi", nil))) },
		"SendMessages": func() error {
			return collected(generate.Collect(session.SendMessages(ctx, []tokenizer.Message{{Role: "user"}}, &generate.Options{MaxTokens: -2})))
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call()
			if err == nil {
				t.Fatal("there was no error")
			}
			if !strings.HasPrefix(err.Error(), "generate: ") || strings.Count(err.Error(), "generate: ") != 1 {
				t.Errorf("got %q", err)
			}
		})
	}
}

func TestBusyErrorsNameThePackageOnce(t *testing.T) {
	m := &fakeModel{}
	session, tok := newSession(t, m, plainTemplate)
	m.next = replies(tok, "ok")
	for _, err := range session.Send(t.Context(), "hi", nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{session.Close(), session.SetMessages(nil), collected(generate.Collect(session.Send(t.Context(), "a", nil)))} {
			if got, want := err.Error(), "generate: session: in use by another call"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
}

func TestAnErrorOfAVisitComesBackAsItIs(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	own := errors.New("the caller's own")
	if err := s.AppendRows(t.Context(), prompt, func(pos int, _ []float32) error {
		if pos == 2 {
			return own
		}
		return nil
	}); err != own { //nolint:errorlint // it must be the same, not only hold it
		t.Errorf("got %v", err)
	}
	if s.Len() != 0 {
		t.Errorf("%d tokens stayed", s.Len())
	}
}
