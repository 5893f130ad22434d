package generate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate"
)

// TestRestingSessionsGiveTheirStatesToWhoeverWaits has as many sessions rest with a state
// as there are states.
func TestRestingSessionsGiveTheirStatesToWhoeverWaits(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	s := keeper(t, g, &generate.SessionsConfig{MaxLive: 2})
	for i := range 2 {
		tell(t, s, strconv.Itoa(i), "hi")
	}
	if st := s.Stats(); st.Live != 2 {
		t.Fatalf("%+v", st)
	}
	wantUsable(t, g)
	if st := s.Stats(); st.Live != 1 || st.Waiting != 1 {
		t.Errorf("after a stream: %+v", st)
	}
	held := hold(t, g, 2)
	if st := s.Stats(); st.Live != 0 || st.Waiting != 2 {
		t.Errorf("after two sequences: %+v", st)
	}
	for _, seq := range held {
		if err := seq.Close(); err != nil {
			t.Error(err)
		}
	}
	for i := range 2 {
		if _, cached := tell(t, s, strconv.Itoa(i), "yo"); cached == 0 {
			t.Errorf("session %d was read again", i)
		}
	}
}

// TestASessionThatComesToRestGivesItsStateToWhoeverWaits has a stream wait while sessions
// use all states.
func TestASessionThatComesToRestGivesItsStateToWhoeverWaits(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	s := keeper(t, g, &generate.SessionsConfig{MaxLive: 1})
	var wg sync.WaitGroup
	err := s.Do(t.Context(), "a", func(session *generate.Session) error {
		_, err := generate.Collect(session.Send(t.Context(), "hi", &generate.Options{MaxTokens: 2}))
		wg.Go(func() { wantUsable(t, g) })
		waitFor(t, "it waits", func() bool { return g.Stats().Waiting == 1 })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	// One that has given up waiting has no state set aside.
	ctx, cancel := context.WithCancel(t.Context())
	err = s.Do(t.Context(), "a", func(session *generate.Session) error {
		_, err := generate.Collect(session.Send(t.Context(), "yo", &generate.Options{MaxTokens: 2}))
		wg.Go(func() {
			if _, err := g.NewSequence(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		waitFor(t, "it waits", func() bool { return g.Stats().Waiting == 1 })
		cancel()
		wg.Wait()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantUsable(t, g)
}

// TestSessionsAndStreamsStarveNobody is for the race detector: five sessions and as many
// streams want two states, which the sessions would keep.
func TestSessionsAndStreamsStarveNobody(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	s := keeper(t, g, &generate.SessionsConfig{MaxLive: 2, Dir: t.TempDir(), SaveEachTurn: true})
	var wg sync.WaitGroup
	for i := range 5 {
		own := conversationOf(t, fakeChat(t, plainTemplate, counting, 1))
		wg.Go(func() {
			for turn := range 4 {
				text := strconv.Itoa(turn)
				want, err := generate.Collect(own.Send(t.Context(), text, &generate.Options{MaxTokens: 2}))
				if err != nil {
					t.Error(err)
				}
				err = s.Do(t.Context(), strconv.Itoa(i), func(session *generate.Session) error {
					got, err := generate.Collect(session.Send(t.Context(), text, &generate.Options{MaxTokens: 2}))
					if !slices.Equal(got.Tokens, want.Tokens) {
						t.Errorf("session %d, turn %d: %v, want %v", i, turn, got.Tokens, want.Tokens)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 8 {
				wantUsable(t, g)
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); st.Err != nil || st.Forgotten != 0 || st.Superseded != 0 {
		t.Errorf("%+v", st)
	}
}

// onlyFile returns the file of the one session in a folder.
func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.session"))
	if err != nil || len(list) != 1 {
		t.Fatalf("there are %d files, %v", len(list), err)
	}
	return list[0]
}

// TestAnotherProcessGoesOnWithWhatWasSaved has two keepers of one folder, as two servers
// have, the first of which may be killed behind any turn: its sessions are in the folder.
func TestAnotherProcessGoesOnWithWhatWasSaved(t *testing.T) {
	dir := t.TempDir()
	own := conversationOf(t, fakeChat(t, plainTemplate, counting, 1))
	servers := [2]*generate.Sessions{}
	for i := range servers {
		servers[i] = keeper(t, fakeChat(t, plainTemplate, counting, 2), &generate.SessionsConfig{Dir: dir, SaveEachTurn: true})
	}
	for turn, server := range []int{0, 1, 1, 0, 1} {
		want := say(t, own, strconv.Itoa(turn), &generate.Options{MaxTokens: 2})
		got, cached := tell(t, servers[server], "a", strconv.Itoa(turn))
		if !slices.Equal(got, want.Tokens) || turn > 0 && cached == 0 {
			t.Errorf("turn %d: got %v with %d cached, want %v", turn, got, cached, want.Tokens)
		}
		onlyFile(t, dir)
	}
	// Each has found once that the other one has gone on with what it had.
	for i, want := range []int{1, 1} {
		if st := servers[i].Stats(); st.Superseded != want || st.Err != nil || st.Files != 1 {
			t.Errorf("server %d has %+v, want %d superseded", i, st, want)
		}
	}
	// What one deletes is gone for who has no copy of it.
	if err := servers[0].Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("%d files are left", len(list))
	}
}

// TestAnOlderSessionDoesNotReplaceANewer ends a process that has an old turn in memory.
func TestAnOlderSessionDoesNotReplaceANewer(t *testing.T) {
	dir := t.TempDir()
	old := keeper(t, fakeChat(t, plainTemplate, counting, 2), &generate.SessionsConfig{Dir: dir, SaveEachTurn: true})
	tell(t, old, "a", "one")
	newer := keeper(t, fakeChat(t, plainTemplate, counting, 2), &generate.SessionsConfig{Dir: dir, SaveEachTurn: true})
	tell(t, newer, "a", "two")
	want, err := os.ReadFile(onlyFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(onlyFile(t, dir)); err != nil || !slices.Equal(got, want) {
		t.Errorf("the newer file was replaced, %v", err)
	}
	if st := old.Stats(); st.Superseded != 1 {
		t.Errorf("%+v", st)
	}
}

func TestOnlyWhatHasChangedIsWritten(t *testing.T) {
	dir := t.TempDir()
	g := fakeChat(t, plainTemplate, counting, 2)
	s := keeper(t, g, &generate.SessionsConfig{Dir: dir, SaveEachTurn: true})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Do(t.Context(), "a", func(session *generate.Session) error {
		_, err := generate.Collect(session.Send(ended, "hi", nil))
		return err
	})
	if list, _ := os.ReadDir(dir); !errors.Is(err, context.Canceled) || len(list) != 0 {
		t.Errorf("a turn that failed left %d files, %v", len(list), err)
	}
	tell(t, s, "a", "hi")
	before, err := os.Stat(onlyFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Do(t.Context(), "a", func(session *generate.Session) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(onlyFile(t, dir)); err != nil || !os.SameFile(before, after) {
		t.Errorf("what has not changed was written again, %v", err)
	}
	// A file that somebody has damaged is replaced by what is here.
	if err := os.WriteFile(onlyFile(t, dir), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, cached := tell(t, s, "a", "yo"); cached == 0 {
		t.Error("the session was lost")
	}
	later := keeper(t, g, &generate.SessionsConfig{Dir: dir})
	if _, cached := tell(t, later, "a", "again"); cached == 0 {
		t.Error("the file is not whole")
	}
	if _, err := g.NewSessions(&generate.SessionsConfig{SaveEachTurn: true}); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("without a folder: %v", err)
	}
}

// TestTwoProcessesWriteOneSessionAtOnce leaves a file that is whole, whoever was last.
func TestTwoProcessesWriteOneSessionAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: a file that somebody reads cannot be replaced there")
	}
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 3 {
		s := keeper(t, fakeChat(t, plainTemplate, counting, 2), &generate.SessionsConfig{Dir: dir, SaveEachTurn: true, MaxLive: -1, MaxBytes: 1})
		wg.Go(func() {
			for turn := range 6 {
				err := s.Do(t.Context(), "a", func(session *generate.Session) error {
					_, err := generate.Collect(session.Send(t.Context(), fmt.Sprint(i, turn), &generate.Options{MaxTokens: 1, Overflow: generate.OverflowDropTurns}))
					return err
				})
				if err != nil {
					t.Errorf("process %d, turn %d: %v", i, turn, err)
				}
			}
			if st := s.Stats(); st.Err != nil {
				t.Error(st.Err)
			}
		})
	}
	wg.Wait()
	s := keeper(t, fakeChat(t, plainTemplate, counting, 2), &generate.SessionsConfig{Dir: dir})
	if err := s.Do(t.Context(), "a", func(session *generate.Session) error {
		if len(session.Messages()) == 0 {
			t.Error("the file is not whole")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("%d files are left", len(list))
	}
}
