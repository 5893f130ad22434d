package cache_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

// roleEnv makes a copy of the test's program play a part in a test of another.
const roleEnv = "COREML_CACHE_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		if err := play(role, os.Getenv("COREML_CACHE_TEST_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play is what the other process does. It says "ready" and stays until its input
// ends, or it is killed.
func play(role, dir string) error {
	c, err := cache.Open(dir, cache.Options{})
	if err != nil {
		return err
	}
	r, err := c.Repo(cache.Model, "org/name")
	if err != nil {
		return err
	}
	ctx := context.Background()
	switch role {
	case "hold":
		l, err := r.Lock(ctx, "etag")
		if err != nil {
			return err
		}
		defer l.Unlock()
	case "write":
		data := strings.Repeat("0123456789", 100_000)
		l, err := r.Lock(ctx, sha(data))
		if err != nil {
			return err
		}
		defer l.Unlock()
		p, err := r.Begin(ctx, sha(data), int64(len(data)), cache.DigestOf(sha(data)))
		if err != nil {
			return err
		}
		if _, err := p.Write([]byte(data[:600_000])); err != nil {
			return err
		}
	case "count":
		return count(ctx, r, dir)
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// count adds one to a number in a file, many times, in a way that loses some where
// two do it at once.
func count(ctx context.Context, r *cache.Repo, dir string) error {
	for range 50 {
		l, err := r.Lock(ctx, "etag")
		if err != nil {
			return err
		}
		name := filepath.Join(dir, "count")
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		runtime.Gosched()
		if err := os.WriteFile(name, []byte(strconv.Itoa(n+1)), 0o644); err != nil {
			return err
		}
		if err := l.Unlock(); err != nil {
			return err
		}
	}
	return nil
}

// other starts a copy of this program in a role.
func other(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), roleEnv+"="+role, "COREML_CACHE_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// ready starts a process and waits until it says that it is where it has to be. The
// returned function makes it end.
func ready(t *testing.T, cmd *exec.Cmd) (end func()) {
	t.Helper()
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != "ready" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	var once sync.Once
	end = func() {
		once.Do(func() {
			in.Close()
			_ = cmd.Wait()
		})
	}
	t.Cleanup(end)
	return end
}

func needLocks(t *testing.T) {
	t.Helper()
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "linux", "netbsd", "openbsd", "windows":
	default:
		t.Skip("no locks of files on " + runtime.GOOS)
	}
}

func wantLocked(t *testing.T, r *cache.Repo, want bool) {
	t.Helper()
	l, err := r.TryLock("etag")
	if want && !errors.Is(err, cache.ErrLocked) || !want && err != nil {
		t.Errorf("TryLock: %v, want it locked: %v", err, want)
	}
	if err == nil {
		must(t, l.Unlock())
	}
}

func TestALockKeepsOtherProcessesOut(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	end := ready(t, other(t, "hold", dir))
	wantLocked(t, r, true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Lock(ctx, "etag"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, end)
	l, err := r.Lock(t.Context(), "etag")
	must(t, err)
	wantLocked(t, r, true) // within a process too
	must(t, l.Unlock())
	must(t, l.Unlock())
	wantLocked(t, r, false)
}

func TestALockEndsWithAKilledProcess(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	cmd := other(t, "hold", dir)
	ready(t, cmd)
	wantLocked(t, r, true)
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	wantLocked(t, r, false)
}

func TestProcessesTakeTurns(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "count"), []byte("0"), 0o644))
	var others []*exec.Cmd
	for range 3 {
		cmd := other(t, "count", dir)
		must(t, cmd.Start())
		others = append(others, cmd)
	}
	must(t, count(t.Context(), open(t, dir, cache.Options{}), dir))
	for _, cmd := range others {
		must(t, cmd.Wait())
	}
	if n, err := os.ReadFile(filepath.Join(dir, "count")); err != nil || string(n) != "200" {
		t.Errorf("counted to %s, %v", n, err)
	}
}

func TestALockFileThatIsRemovedIsMadeAnew(t *testing.T) {
	needLocks(t)
	if runtime.GOOS == "windows" {
		t.Skip("an open file is not removed there")
	}
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	file := filepath.Join(dir, ".locks", "models--org--name", "etag.lock")
	l, err := r.Lock(t.Context(), "etag")
	must(t, err)
	must(t, os.Remove(file))
	// The file of that name is another one: who locks it keeps out who comes now.
	second, err := r.TryLock("etag")
	must(t, err)
	must(t, l.Unlock())
	wantLocked(t, r, true)
	must(t, second.Unlock())

	// Somebody who removes it all the time keeps nobody from locking what is there.
	stop := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Remove(file)
			}
		}
	}()
	for range 200 {
		l, err := r.Lock(t.Context(), "etag")
		if err != nil {
			if !strings.Contains(err.Error(), "again and again") {
				t.Error(err)
			}
			continue
		}
		must(t, l.Unlock())
	}
	close(stop)
	<-gone
}

func TestALockIsNeverALink(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	locks := filepath.Join(dir, ".locks", "models--org--name")
	must(t, os.MkdirAll(locks, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "target"), nil, 0o644))
	must(t, os.Symlink("../../target", filepath.Join(locks, "etag.lock")))
	if _, err := r.TryLock("etag"); err == nil {
		t.Error("a link was locked")
	}
}

func TestABlobOfAKilledProcessIsGoneOnWith(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	data := strings.Repeat("0123456789", 100_000)
	r := open(t, dir, cache.Options{})
	cmd := other(t, "write", dir)
	ready(t, cmd)
	if _, err := r.TryLock(sha(data)); !errors.Is(err, cache.ErrLocked) {
		t.Fatal(err)
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	l, err := r.Lock(t.Context(), sha(data))
	must(t, err)
	defer l.Unlock()
	p, err := r.Begin(t.Context(), sha(data), int64(len(data)), cache.DigestOf(sha(data)))
	must(t, err)
	if p.Offset() != 600_000 {
		t.Fatalf("goes on at %d", p.Offset())
	}
	_, err = p.Write([]byte(data[600_000:]))
	must(t, err)
	must(t, p.Commit())
	if strings.Contains(dump(t, dir), "incomplete") {
		t.Error(dump(t, dir))
	}
}

// holder is a program for Python that holds a lock as huggingface_hub does.
const holder = `
import sys
from huggingface_hub.utils import WeakFileLock
with WeakFileLock(sys.argv[1]):
    print("ready", flush=True)
    sys.stdin.read()
`

// taker says whether Python gets a lock at once.
const taker = `
import sys
from filelock import Timeout
from huggingface_hub.utils import WeakFileLock
try:
    with WeakFileLock(sys.argv[1], timeout=0.2):
        print("free")
except Timeout:
    print("locked")
`

func TestPythonAndWeKeepEachOtherOut(t *testing.T) {
	needLocks(t)
	p := python(t)
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	wantLocked(t, r, false) // makes the file
	file := filepath.Join(dir, ".locks", "models--org--name", "etag.lock")
	end := ready(t, exec.CommandContext(t.Context(), p, "-c", holder, file))
	wantLocked(t, r, true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Lock(ctx, "etag"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock: %v", err)
	}
	end()
	l, err := r.Lock(t.Context(), "etag")
	must(t, err)
	for _, want := range []string{"locked", "free"} {
		out, err := exec.CommandContext(t.Context(), p, "-c", taker, file).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("Python finds it %s, %v; want %s", out, err, want)
		}
		must(t, l.Unlock())
	}
}
