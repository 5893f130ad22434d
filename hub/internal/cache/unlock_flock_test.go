//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cache

import (
	"strings"
	"syscall"
	"testing"
)

// forked has a file open for as long as the test runs, as a program does that is started
// beside it and is not under way yet.
func forked(t *testing.T, fd uintptr) {
	t.Helper()
	other, err := syscall.Dup(int(fd))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(other) })
}

func TestALockThatIsGivenBackIsFreeAtOnce(t *testing.T) {
	c, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Repo(Model, "org/name")
	if err != nil {
		t.Fatal(err)
	}
	l, err := r.TryLock("etag")
	if err != nil {
		t.Fatal(err)
	}
	forked(t, l.file.Fd())
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	if l, err = r.TryLock("etag"); err != nil {
		t.Errorf("behind Unlock: %v", err)
	}
	defer l.Unlock()

	const size = 100_000
	p, err := r.Begin(t.Context(), "etag", size, Digest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte(strings.Repeat("x", size-1))); err != nil {
		t.Fatal(err)
	}
	forked(t, p.file.Fd())
	if err := p.Keep(); err != nil {
		t.Fatal(err)
	}
	if p, err = r.Begin(t.Context(), "etag", size, Digest{}); err != nil {
		t.Fatal(err)
	}
	defer p.Abort()
	if p.Offset() != size-1 {
		t.Errorf("behind Keep it goes on at %d", p.Offset())
	}
}
