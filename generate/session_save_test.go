package generate_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// savedBytes returns what Save writes.
func savedBytes(t testing.TB, s *generate.Session) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Save(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func restoredFrom(t *testing.T, g *generate.Generator, file []byte) *generate.Session {
	t.Helper()
	s, err := g.RestoreSession(t.Context(), bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, s)
}

func TestARestoredSessionGoesOnWithTheSameTokens(t *testing.T) {
	story, chat := openStory(t, &generate.Config{MaxStates: 3}), fakeChat(t, plainTemplate, counting, 3)
	text, err := story.NewTextSession()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		g *generate.Generator
		s *generate.Session
	}{"a text": {story, closing(t, text)}, "a conversation": {chat, conversationOf(t, chat)}} {
		t.Run(name, func(t *testing.T) {
			opts := &generate.Options{MaxTokens: 5, Sampling: &generate.Sampling{}}
			say(t, c.s, "Once", opts)
			file := filepath.Join(t.TempDir(), "a.session")
			if err := c.s.SaveFile(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			other, err := c.g.RestoreSessionFile(t.Context(), file, nil)
			if err != nil {
				t.Fatal(err)
			}
			closing(t, other)
			if diff := cmp.Diff(c.s.Messages(), other.Messages()); diff != "" || c.s.IsText() != other.IsText() {
				t.Errorf("the messages differ:\n%s", diff)
			}
			want, err := generate.Collect(c.s.Continue(t.Context(), opts))
			if err != nil {
				t.Fatal(err)
			}
			got, err := generate.Collect(other.Continue(t.Context(), opts))
			if err != nil || !slices.Equal(got.Tokens, want.Tokens) || got.Text != want.Text {
				t.Errorf("Continue gave %q, %v; want %q", got.Text, err, want.Text)
			}
			want, got = say(t, c.s, " so", opts), say(t, other, " so", opts)
			if !slices.Equal(got.Tokens, want.Tokens) || got.Stats.CachedTokens != want.Stats.CachedTokens || want.Stats.CachedTokens == 0 {
				t.Errorf("got %v with %d cached, want %v with %d", got.Tokens, got.Stats.CachedTokens, want.Tokens, want.Stats.CachedTokens)
			}
			// What was saved is the same again, byte for byte.
			again := restoredFrom(t, c.g, savedBytes(t, other))
			if !bytes.Equal(savedBytes(t, again), savedBytes(t, other)) {
				t.Error("a restored session is saved otherwise")
			}
		})
	}
}

func TestASessionWithoutAStateIsSavedToo(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	s := conversationOf(t, g, tokenizer.Message{Role: "system", Content: "be"})
	fresh := restoredFrom(t, g, savedBytes(t, s))
	want := say(t, s, "a", &generate.Options{MaxTokens: 3})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := say(t, fresh, "a", &generate.Options{MaxTokens: 3})
	if !slices.Equal(got.Tokens, want.Tokens) {
		t.Errorf("got %v, want %v", got.Tokens, want.Tokens)
	}
	if err := fresh.Close(); err != nil {
		t.Fatal(err)
	}
	closed := restoredFrom(t, g, savedBytes(t, s))
	if diff := cmp.Diff(s.Messages(), closed.Messages()); diff != "" {
		t.Error(diff)
	}
	say(t, closed, "b", nil)
}

func TestASavedSessionOfSomethingElseIsRefused(t *testing.T) {
	open := func(change func(dir string, d *generate.Driver)) *generate.Generator {
		dir := t.TempDir()
		if err := os.CopyFS(dir, storyteller.FS()); err != nil {
			t.Fatal(err)
		}
		d := &generate.Driver{}
		change(dir, d)
		g, err := generate.Open(t.Context(), filepath.Join(dir, storyteller.Package), &generate.Config{Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { g.Close() })
		return g
	}
	add := func(t *testing.T, name string, from int64, b ...byte) {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(b, info.Size()-from); err != nil {
			t.Fatal(err)
		}
	}
	g := open(func(string, *generate.Driver) {})
	s, err := g.NewTextSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	say(t, s, "Once", &generate.Options{MaxTokens: 2})
	file := savedBytes(t, s)
	weights := func(dir string) string {
		list, err := filepath.Glob(filepath.Join(dir, storyteller.Package, "Data", "*", "weights", "weight.bin"))
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0]
	}
	for part, change := range map[string]func(dir string, d *generate.Driver){
		"":          func(string, *generate.Driver) {},
		"model":     func(dir string, _ *generate.Driver) { add(t, weights(dir), 5, 1) },
		"tokenizer": func(dir string, _ *generate.Driver) { add(t, filepath.Join(dir, "tokenizer.json"), 0, '\n') },
		"driver":    func(_ string, d *generate.Driver) { d.ContextLength = 77 },
	} {
		t.Run(part, func(t *testing.T) {
			other := open(change)
			s, err := other.RestoreSession(t.Context(), bytes.NewReader(file), nil)
			if part == "" {
				if err != nil {
					t.Fatal(err)
				}
				s.Close()
				return
			}
			saved, ok := errors.AsType[*generate.SavedError](err)
			if !ok || saved.Part != part || !errors.Is(err, generate.ErrSavedMismatch) {
				t.Errorf("got %v, want the %s named", err, part)
			}
		})
	}
	later := bytes.Clone(file)
	later[16]++ // the version
	if _, err := g.RestoreSession(t.Context(), bytes.NewReader(later), nil); !errors.Is(err, generate.ErrSavedMismatch) {
		t.Errorf("a later version: %v", err)
	}
}

func TestADamagedSessionIsRefused(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 2)
	s := conversationOf(t, g)
	say(t, s, "hi", &generate.Options{MaxTokens: 3})
	file := savedBytes(t, s)
	refused := func(name string, data []byte) {
		t.Helper()
		other, err := g.RestoreSession(t.Context(), bytes.NewReader(data), nil)
		if err == nil {
			other.Close()
			t.Errorf("%s is taken", name)
		} else if !errors.Is(err, generate.ErrSaved) && !errors.Is(err, generate.ErrSavedMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range file {
		refused(fmt.Sprintf("a file of %d bytes", n), file[:n])
		flipped := bytes.Clone(file)
		flipped[n] ^= 4
		refused(fmt.Sprintf("a file with another byte %d", n), flipped)
	}
	name := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(name, append(bytes.Clone(file), 0), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.RestoreSessionFile(t.Context(), name, nil); !errors.Is(err, generate.ErrSaved) {
		t.Errorf("a file that goes on: %v", err)
	}
	if _, err := g.RestoreSessionFile(t.Context(), name+"er", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	// All states are still there.
	a, b := restoredFrom(t, g, file), restoredFrom
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b(t, g, file)
	say(t, a, "yo", nil)
}

func TestASaveThatFailsLeavesTheOldFile(t *testing.T) {
	g := fakeChat(t, plainTemplate, counting, 1)
	s := conversationOf(t, g)
	opts := &generate.Options{MaxTokens: 2}
	say(t, s, "a", opts)
	dir := t.TempDir()
	name := filepath.Join(dir, "s")
	if err := s.SaveFile(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	say(t, s, "b", opts)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SaveFile(ctx, name); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled save: %v", err)
	}
	for _, err := range s.Send(t.Context(), "c", opts) {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SaveFile(t.Context(), name); !errors.Is(err, generate.ErrBusy) {
			t.Errorf("in the midst of a turn: %v", err)
		}
	}
	after, err := os.ReadFile(name)
	if list, _ := os.ReadDir(dir); err != nil || !bytes.Equal(before, after) || len(list) != 1 {
		t.Errorf("the file is another one (%v), among %d", err, len(list))
	}
}

// saverVariable makes the test's program one that saves a session again and again.
const saverVariable = "COREML_TEST_SAVER"

func TestAKilledSaveLeavesTheOldFileOrTheNewOne(t *testing.T) {
	if file := os.Getenv(saverVariable); file != "" {
		saveForever(t, file)
		return
	}
	g := openStory(t, nil)
	file := filepath.Join(t.TempDir(), "killed.session")
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		//nolint:gosec // it is this program
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), saverVariable+"="+file)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 2 + 3*round { // it says when it begins to save, and goes on without an answer
			if !lines.Scan() {
				t.Fatal("the other program has ended")
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // of which nothing but the kill is to be learned
		s, err := g.RestoreSessionFile(t.Context(), file, nil)
		if err != nil {
			t.Fatalf("after %d saves: %v", 2+3*round, err)
		}
		say(t, s, " so", &generate.Options{MaxTokens: 2})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// saveForever saves a session that grows, until it is killed.
func saveForever(t *testing.T, file string) {
	g := openStory(t, nil)
	s, err := g.NewTextSession()
	if err != nil {
		t.Fatal(err)
	}
	for {
		say(t, s, "Once upon a time", &generate.Options{MaxTokens: 8, Overflow: generate.OverflowSlide})
		fmt.Println("saving")
		if err := s.SaveFile(t.Context(), file); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzSavedSession(f *testing.F) {
	m := &fakeModel{next: counting, unrecorded: true}
	g, err := generate.NewFake(m, m.description(), chatTokenizer(f, plainTemplate), &generate.Config{Driver: m.driver(), MaxStates: 1})
	if err != nil {
		f.Fatal(err)
	}
	s, err := g.NewSession()
	if err != nil {
		f.Fatal(err)
	}
	if _, err := generate.Collect(s.Send(f.Context(), "hi", &generate.Options{MaxTokens: 3})); err != nil {
		f.Fatal(err)
	}
	file := savedBytes(f, s)
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	header, body := generate.SplitSaved(file)
	f.Add(header, body)
	f.Add([]byte(`{"tokens":[1,2],"session":{"last":{}}}`), []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 3})
	f.Fuzz(func(t *testing.T, header, body []byte) {
		s, err := g.RestoreSession(t.Context(), bytes.NewReader(generate.JoinSaved(header, body)), nil)
		if err != nil {
			return
		}
		defer s.Close()
		// Whatever was read can be used.
		_, _ = generate.Collect(s.Continue(t.Context(), &generate.Options{MaxTokens: 2}))
		_, _ = generate.Collect(s.Send(t.Context(), "yo", &generate.Options{MaxTokens: 2, Overflow: generate.OverflowDropTurns}))
	})
}
