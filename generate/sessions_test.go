package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// keeper opens sessions of a generator, which are closed with the test.
func keeper(t *testing.T, g *generate.Generator, c *generate.SessionsConfig) *generate.Sessions {
	t.Helper()
	s, err := g.NewSessions(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tell adds a turn to a named session and returns the tokens.
func tell(t *testing.T, s *generate.Sessions, name, text string) (tokens []int, cached int) {
	t.Helper()
	err := s.Do(t.Context(), name, func(session *generate.Session) error {
		r, err := generate.Collect(session.Send(t.Context(), text, &generate.Options{MaxTokens: 2}))
		tokens, cached = r.Tokens, r.Stats.CachedTokens
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens, cached
}

func TestSessionsThatRestGoOnWhereverTheyWere(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	dir := t.TempDir()
	s := keeper(t, g, &generate.SessionsConfig{Dir: dir, MaxBytes: 4000})
	const many = 9
	want := map[int][][]int{}
	for i := range many {
		own := conversationOf(t, fakeChat(t, plainTemplate, counting, 1))
		for turn := range 3 {
			want[i] = append(want[i], say(t, own, strconv.Itoa(i*turn), &generate.Options{MaxTokens: 2}).Tokens)
		}
	}
	for turn := range 3 {
		for i := range many {
			got, cached := tell(t, s, fmt.Sprint("../user ", i), strconv.Itoa(i*turn))
			if !slices.Equal(got, want[i][turn]) || turn > 0 && cached == 0 {
				t.Errorf("user %d, turn %d: got %v with %d cached, want %v", i, turn, got, cached, want[i][turn])
			}
		}
		st := s.Stats()
		if st.Live > 1 || st.Bytes > 4000 || st.Forgotten != 0 || st.Evicted == 0 || st.Err != nil {
			t.Errorf("after turn %d there are %+v", turn, st)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != many {
		t.Errorf("%d files, %v", len(list), err)
	}
	if err := s.Do(t.Context(), "x", func(*generate.Session) error { return nil }); !errors.Is(err, generate.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	// A later time finds them in the folder.
	later := keeper(t, g, &generate.SessionsConfig{Dir: dir})
	if st := later.Stats(); st.Files != many || st.DiskBytes == 0 {
		t.Errorf("a later time finds %+v", st)
	}
	if err := later.Do(t.Context(), "../user 3", func(session *generate.Session) error {
		if n := len(session.Messages()); n != 6 {
			t.Errorf("it finds %d messages, want 6", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := later.Delete(t.Context(), "../user 3"); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != many-1 || later.Stats().Files != many-1 {
		t.Errorf("%d files are left", len(list))
	}
}

func TestSessionsWithoutRoomAreForgotten(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	s := keeper(t, g, &generate.SessionsConfig{MaxLive: -1, MaxBytes: 2500})
	for i := range 6 {
		tell(t, s, strconv.Itoa(i), "hi")
	}
	st := s.Stats()
	if st.Live != 0 || st.Bytes > 2500 || st.Forgotten == 0 || st.Waiting+st.Forgotten != 6 {
		t.Errorf("there are %+v", st)
	}
	if _, cached := tell(t, s, "5", "yo"); cached == 0 {
		t.Error("the last one was forgotten")
	}
	if _, cached := tell(t, s, "0", "yo"); cached != 0 {
		t.Error("the first one was not")
	}
	dir := t.TempDir()
	full := keeper(t, g, &generate.SessionsConfig{Dir: dir, MaxLive: -1, MaxBytes: 1, MaxDiskBytes: 3000})
	for i := range 6 {
		tell(t, full, strconv.Itoa(i), "hi")
	}
	if st := full.Stats(); st.DiskBytes > 3000 || st.Forgotten == 0 || st.Files == 0 {
		t.Errorf("on the disk there are %+v", st)
	}
}

func TestSessionsRefuseWhatTheyCannotDo(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	for _, c := range []generate.SessionsConfig{{MaxLive: -2}, {MaxBytes: -1}, {MaxDiskBytes: -1}} {
		if _, err := g.NewSessions(&c); !errors.Is(err, generate.ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := g.NewSessions(&generate.SessionsConfig{Dir: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	broken := errors.New("broken")
	s := keeper(t, g, &generate.SessionsConfig{New: func(context.Context, string) (*generate.Session, error) { return nil, broken }})
	if err := s.Do(t.Context(), "a", func(*generate.Session) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(s.Do(t.Context(), "a", nil)); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("without a use: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	inside := keeper(t, g, nil)
	err := inside.Do(t.Context(), "a", func(*generate.Session) error {
		cancel()
		return inside.Do(ctx, "a", func(*generate.Session) error { return nil })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("one in another: %v", err)
	}
}

// TestManySessionsAtOnce has conversations of many, which are cancelled, broken off,
// forked, saved and edited, and a generator that is closed under them.
func TestManySessionsAtOnce(t *testing.T) {
	many, rounds := 32, 12
	if testing.Short() {
		rounds = 3
	}
	m := &fakeModel{next: counting, unrecorded: true}
	drained := make(chan struct{})
	g, err := generate.NewDrained(m, m.description(), chatTokenizer(t, plainTemplate), &generate.Config{Driver: m.driver(), MaxStates: 5},
		func() error { close(drained); return nil })
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSessions(&generate.SessionsConfig{Dir: t.TempDir(), MaxBytes: 9000})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	finished := make(chan struct{}, many*rounds)
	for i := range many {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			for range rounds {
				if err := manyTurn(t.Context(), g, s, rng); err != nil && !allowed(err) {
					t.Errorf("session %d: %v", i, err)
				}
				finished <- struct{}{}
			}
		})
	}
	for range many * rounds / 2 {
		<-finished
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := s.Close(context.Background()); err != nil && !allowed(err) {
		t.Error(err)
	}
	<-drained // the model is closed once, and no state is held
}

// allowed reports whether an error is what a turn may meet.
func allowed(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, generate.ErrClosed) || errors.Is(err, generate.ErrFinished) || errors.Is(err, generate.ErrContextFull)
}

// manyTurn does one thing with one of some sessions.
func manyTurn(ctx context.Context, g *generate.Generator, s *generate.Sessions, rng *rand.Rand) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, name := rng.IntN(8), strconv.Itoa(rng.IntN(12))
	opts := &generate.Options{MaxTokens: 6, Overflow: generate.OverflowDropTurns}
	consume := func(session *generate.Session) error {
		n := 0
		for _, err := range session.Send(ctx, "go", opts) {
			if err != nil {
				return err
			}
			switch n++; {
			case n == stop:
				cancel()
			case n == stop+2:
				return nil
			}
		}
		return nil
	}
	switch rng.IntN(6) {
	case 0:
		r, err := generate.Collect(g.Chat(ctx, []tokenizer.Message{{Role: "user", Content: "hi"}}, opts))
		if err == nil && len(r.Tokens) == 0 {
			return errors.New("an answer has no tokens")
		}
		return err
	case 1:
		return s.Do(ctx, name, func(session *generate.Session) error { return session.Rewind(len(session.Messages()) / 2) })
	case 2:
		return s.Do(ctx, name, func(session *generate.Session) error {
			_, err := generate.Collect(session.Continue(ctx, opts))
			return err
		})
	case 3:
		return s.Delete(ctx, name)
	}
	return s.Do(ctx, name, consume)
}
