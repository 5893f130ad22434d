package storage_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/internal/storage"
)

// onceOver opens a file of so many random bytes, in the cache or, where the system lets go
// of it, not.
func onceOver(t *testing.T, size int, forgotten bool) (*storage.Once, []byte) {
	t.Helper()
	rnd := rand.NewChaCha8([32]byte{1})
	content := make([]byte, size)
	_, _ = rnd.Read(content)
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if forgotten {
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		forget(f)
	}
	o := storage.NewOnce(f)
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o, content
}

func TestAFileThatIsReadOnceHasItsContent(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		o, content := onceOver(t, 3<<20+12345, forgotten)
		var running sync.WaitGroup
		for _, from := range []int{0, 1, 2, 4095, 4096, 4097, 1<<20 - 8, 2<<20 + 10} {
			for _, n := range []int{0, 1, 4096, 64 << 10, 64<<10 + 1, 300_000, 1 << 20, 1<<20 + 77} {
				running.Go(func() {
					got := make([]byte, n)
					if m, err := o.ReadAt(got, int64(from)); m != n || err != nil {
						t.Errorf("forgotten %v: %d bytes from %d on: %d, %v", forgotten, n, from, m, err)
					}
					if !bytes.Equal(got, content[from:from+n]) {
						t.Errorf("forgotten %v: %d bytes from %d on differ", forgotten, n, from)
					}
				})
			}
		}
		running.Wait()
	}
}

func TestTheEndOfAFileThatIsReadOnceIsSeen(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		o, content := onceOver(t, 200_001, forgotten)
		got := make([]byte, 300_000)
		if n, err := o.ReadAt(got, 1); n != 200_000 || !errors.Is(err, io.EOF) || !bytes.Equal(got[:n], content[1:]) {
			t.Errorf("forgotten %v: across the end it read %d bytes: %v", forgotten, n, err)
		}
		if n, err := o.ReadAt(got[:200_000], 1); n != 200_000 || err != nil {
			t.Errorf("forgotten %v: up to the end it read %d bytes: %v", forgotten, n, err)
		}
		if n, err := o.ReadAt(got, 1<<40); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("forgotten %v: behind the end it read %d bytes: %v", forgotten, n, err)
		}
		if _, err := o.ReadAt(got, -1); err == nil {
			t.Errorf("forgotten %v: a place before the file was read", forgotten)
		}
	}
}

func TestWhatIsReadPastTheCacheIsNotKeptThere(t *testing.T) {
	o, content := onceOver(t, 4<<20, true)
	if !storage.ReadsPast(o, 0, len(content)) {
		t.Skipf("SKIPPED: %s: this system, or this disk, cannot tell or let go of what is in its cache", t.Name())
	}
	got := make([]byte, len(content))
	if _, err := o.ReadAt(got, 0); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("it read other bytes: %v", err)
	}
	if !storage.ReadsPast(o, 0, len(content)) {
		t.Error("the file is in the cache now")
	}
}
