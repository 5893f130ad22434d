//go:build linux || darwin

package storage_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
)

const hang = time.Minute

// text writes s.
func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// put writes a file of the test.
func put(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// holds compares a file's content.
func holds(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(name), got, err, want)
	}
}

// isLink wants a link that leads where it led.
func isLink(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.Readlink(name); err != nil || got != want {
		t.Errorf("%s is a link to %q, %v; want %q", filepath.Base(name), got, err, want)
	}
}

// nothingElse wants a folder to hold these names alone.
func nothingElse(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestAFileIsReplacedWholeAndKeepsItsMode(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "out")
	if err := storage.WriteFile(t.Context(), name, text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, name, "new")
	put(t, name, "old", 0o640)
	var none context.Context // counts as one that does not end
	if err := storage.WriteFile(none, name, text("newer")); err != nil {
		t.Fatal(err)
	}
	holds(t, name, "newer")
	info, err := os.Stat(name)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("mode is %v, %v; want 0640", info.Mode(), err)
	}
	nothingElse(t, dir, "out")
}

func TestAFailedWriteLeavesWhatWasThere(t *testing.T) {
	broken := errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		ctx   context.Context //nolint:containedctx // a table
		write func(io.Writer) error
		want  error
	}{
		"an error":                              {t.Context(), func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken }, broken},
		"an end of the context while it writes": {ended, func(w io.Writer) error { cancel(); return text("half")(w) }, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			old, fresh := filepath.Join(dir, "old"), filepath.Join(dir, "fresh")
			put(t, old, "old", 0o600)
			for _, name := range []string{old, fresh} {
				if err := storage.WriteFile(c.ctx, name, c.write); !errors.Is(err, c.want) {
					t.Errorf("%s: got %v, want %v", filepath.Base(name), err, c.want)
				}
			}
			holds(t, old, "old")
			nothingElse(t, dir, "old")
		})
	}
	t.Run("a panic", func(t *testing.T) {
		dir := t.TempDir()
		func() {
			defer func() { _ = recover() }()
			_ = storage.WriteFile(t.Context(), filepath.Join(dir, "f"), func(io.Writer) error { panic("broken") })
		}()
		nothingElse(t, dir)
	})
}

func TestLinksStayLinks(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	target, first, second := filepath.Join(sub, "target"), filepath.Join(dir, "first"), filepath.Join(dir, "second")
	put(t, target, "old", 0o600)
	link(t, "sub/target", first)
	link(t, first, second)
	if err := storage.WriteFile(t.Context(), second, text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, target, "new")
	isLink(t, first, "sub/target")
	isLink(t, second, first)

	dangling := filepath.Join(dir, "dangling")
	link(t, "sub/absent", dangling)
	if err := storage.WriteFile(t.Context(), dangling, text("made")); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(sub, "absent"), "made")
	isLink(t, dangling, "sub/absent")
	nothingElse(t, dir, "dangling", "first", "second", "sub")
	nothingElse(t, sub, "absent", "target")

	other := filepath.Join(dir, "other") // a second name of the same file
	if err := os.Link(target, other); err != nil {
		t.Fatal(err)
	}
	if err := storage.WriteFile(t.Context(), target, text("for both")); err != nil {
		t.Fatal(err)
	}
	holds(t, other, "for both")

	loop := filepath.Join(dir, "loop")
	link(t, "loop", loop)
	if err := storage.WriteFile(t.Context(), loop, text("x")); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a loop: got %v", err)
	}
	isLink(t, loop, "loop")
	if err := storage.WriteFile(t.Context(), sub, text("x")); !errors.Is(err, storage.ErrNotRegular) {
		t.Errorf("a folder: got %v", err)
	}
	link(t, "no-such-folder/x", filepath.Join(dir, "lost"))
	if err := storage.WriteFile(t.Context(), filepath.Join(dir, "lost"), text("x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a link into no folder: got %v", err)
	}
}

func TestPipesAndSocketsAreNotReplaced(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	toPipe := filepath.Join(dir, "to-pipe")
	link(t, "pipe", toPipe)
	long := strings.Repeat("0123456789", 50_000) // more than a pipe holds
	for _, name := range []string{pipe, toPipe} {
		got := make(chan string, 1)
		go func() {
			data, err := os.ReadFile(pipe)
			if err != nil {
				t.Error(err)
			}
			got <- string(data)
		}()
		if err := storage.WriteFile(t.Context(), name, text(long)); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-got:
			if s != long {
				t.Errorf("%d bytes came through, want %d", len(s), len(long))
			}
		case <-time.After(hang):
			t.Fatal("the reader hangs")
		}
	}
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no sockets here: %v", err)
	}
	defer listener.Close() //nolint:errcheck // the test is over
	if err := storage.WriteFile(t.Context(), socket, text("x")); !errors.Is(err, storage.ErrNotRegular) {
		t.Errorf("a socket: got %v", err)
	}
	for name, kind := range map[string]os.FileMode{pipe: os.ModeNamedPipe, toPipe: os.ModeSymlink, socket: os.ModeSocket} {
		if info, err := os.Lstat(name); err != nil || info.Mode()&kind == 0 {
			t.Errorf("%s is %v, %v now", filepath.Base(name), info.Mode(), err)
		}
	}
	nothingElse(t, dir, "pipe", "socket", "to-pipe")
}

func TestAPipeWithoutAReaderObeysTheContext(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	for name, reads := range map[string]bool{"nobody opens it": false, "nobody empties it": true} {
		t.Run(name, func(t *testing.T) {
			if reads {
				f, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close() //nolint:errcheck // nothing was read
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- storage.WriteFile(ctx, pipe, text(strings.Repeat("x", 1<<20))) }()
			select {
			case err := <-done:
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			case <-time.After(hang):
				t.Fatal("the write hangs")
			}
		})
	}
}
