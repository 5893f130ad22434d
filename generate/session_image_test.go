package generate_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

func TestASessionWithPicturesForksGoesBackAndOn(t *testing.T) {
	dir := visionFolder(t)
	pictures := visionPictures(t, dir)
	chat := &tokenizer.ChatOptions{Template: `{% for m in messages %}{{ m.content }}{% endfor %}`}
	g := openVision(t, dir, generate.Config{MaxStates: 2, Chat: chat})
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	opts := func(n int, given int) *generate.Options {
		return &generate.Options{MaxTokens: n, Sampling: &generate.Sampling{}, IgnoreEnd: true, Images: pictures[:given]}
	}
	whole := say(t, s, "Look:<image> Once", opts(8, 1))
	if err := s.Rewind(0); err != nil {
		t.Fatal(err)
	}
	first := say(t, s, "Look:<image> Once", opts(3, 1))
	fork, err := s.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closing(t, fork)
	for name, session := range map[string]*generate.Session{"the session": s, "its fork": fork} {
		rest, err := generate.Collect(session.Continue(t.Context(), opts(5, 0)))
		if err != nil || !slices.Equal(slices.Concat(first.Tokens, rest.Tokens), whole.Tokens) {
			t.Errorf("%s goes on with %v, %v; want %v", name, rest.Tokens, err, whole.Tokens)
		}
	}
	// Back behind the first turn, whose picture stays.
	want := say(t, s, " upon", opts(4, 0))
	if err := s.Rewind(2); err != nil {
		t.Fatal(err)
	}
	if got := say(t, s, " upon", opts(4, 0)); !slices.Equal(got.Tokens, want.Tokens) {
		t.Errorf("after going back %v, want %v", got.Tokens, want.Tokens)
	}
	var file bytes.Buffer
	if err := s.Save(t.Context(), &file); !errors.Is(err, generate.ErrNotSaved) {
		t.Errorf("Save gave %v", err)
	}
	for _, o := range []generate.Overflow{generate.OverflowSlide} {
		with := opts(4, 0)
		with.Overflow = o
		if _, err := generate.Collect(s.Send(t.Context(), " a", with)); !errors.Is(err, generate.ErrConfig) {
			t.Errorf("%s gave %v", o, err)
		}
	}
	// Sessions by name keep the messages of what cannot be saved. They need a state.
	if err := fork.Close(); err != nil {
		t.Fatal(err)
	}
	users, err := g.NewSessions(&generate.SessionsConfig{MaxLive: -1})
	if err != nil {
		t.Fatal(err)
	}
	for turn := range 2 {
		err := users.Do(t.Context(), "a", func(s *generate.Session) error {
			r, err := generate.Collect(s.Send(t.Context(), []string{"Look:<image> Once", " upon"}[turn], opts(4, 1-turn)))
			if turn == 1 && err == nil && len(s.Messages()) != 4 {
				t.Errorf("%d messages, %v", len(s.Messages()), r.Tokens)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := users.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
