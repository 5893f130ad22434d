//go:build unix

package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/internal/storage"
)

// readAt reads a byte of a mapping as readers do.
func readAt(b *storage.Bytes, at int) (v byte, err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	return b.Data()[at], nil
}

func mapFile(t *testing.T, size int) (string, *storage.Bytes) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	// Of ones, so that the file has no holes.
	if err := os.WriteFile(name, ones(size), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := storage.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := storage.MapFile(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Release(); err != nil {
			t.Error(err)
		}
	})
	return name, b
}

func ones(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 1
	}
	return b
}

func TestAFaultNamesItsFileAndIsForGood(t *testing.T) {
	name, b := mapFile(t, 1<<17)
	_, other := mapFile(t, 1<<17)
	if _, err := readAt(b, 1<<16); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 0); err != nil {
		t.Fatal(err)
	}
	_, err := readAt(b, 1<<16)
	if e, ok := errors.AsType[*storage.FaultError](err); !ok || e.Name != name || !errors.Is(err, storage.ErrFault) {
		t.Fatalf("got %v, want a FaultError of %s", err, name)
	}
	if err := os.WriteFile(name, ones(1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Err(); !errors.Is(err, storage.ErrFault) {
		t.Errorf("after the file came back: %v", err)
	}
	if err := other.Err(); err != nil {
		t.Errorf("another file: %v", err)
	}
}

func TestWhatNoFaultShowsIsNoticed(t *testing.T) {
	for name, change := range map[string]func(string) error{
		"the last byte is lost":       func(name string) error { return os.Truncate(name, 1<<17-1) },
		"shortened and lengthened":    func(name string) error { return errors.Join(os.Truncate(name, 100), os.Truncate(name, 1<<17)) },
		"emptied, not read meanwhile": func(name string) error { return os.Truncate(name, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			file, b := mapFile(t, 1<<17)
			if info, err := os.Stat(file); err == nil && info.Sys().(*syscall.Stat_t).Blocks < 1<<17/512 { //nolint:errcheck // of this system
				t.Skip("the file system stores files in less than their size")
			}
			if err := change(file); err != nil {
				t.Fatal(err)
			}
			if err := b.Err(); !errors.Is(err, storage.ErrFault) {
				t.Errorf("got %v, want ErrFault", err)
			}
		})
	}
}

func TestAnUntouchedFileIsNotSuspected(t *testing.T) {
	name, b := mapFile(t, 1<<17)
	for _, do := range []func() error{
		func() error { return os.Rename(name, name+"2") },
		func() error { return os.Chmod(name+"2", 0o400) },
		func() error { return os.Remove(name + "2") },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Err(); err != nil {
		t.Errorf("a file that was renamed and removed: %v", err)
	}
	if v, err := readAt(b, 5); v != 1 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}

func TestOtherPanicsGoOn(t *testing.T) {
	for name, do := range map[string]func(){
		"a panic":         func() { panic("x") },
		"a nil reference": func() { var p *int; *p = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			err := func() (err error) {
				defer storage.EndFaults(storage.WatchFaults(), &err)
				do()
				return nil
			}()
			t.Errorf("it became %v", err)
		})
	}
}
