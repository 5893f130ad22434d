//go:build linux || darwin

package npy_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/storage"
)

func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pipe, folder, device := filepath.Join(dir, "pipe.npy"), filepath.Join(dir, "folder.npy"), filepath.Join(dir, "device.npy")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Mkdir(folder, 0o700), os.Symlink(os.DevNull, device)); err != nil {
		t.Skipf("not here: %v", err)
	}
	for _, name := range []string{"pipe.npy", "folder.npy", "device.npy"} {
		done := make(chan error, 1)
		go func() {
			_, err := npy.Open(os.DirFS(dir), name)
			done <- err
		}()
		select {
		case err := <-done:
			if !errors.Is(err, storage.ErrNotRegular) {
				t.Errorf("%s: got %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: the open waits", name)
		}
	}
}

func TestAFileOfAnotherKindIsToldApart(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 48927\n", "text": "1, 2, 3", "npz": "PK\x03\x04 and so on", "empty": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := npy.Open(os.DirFS(dir), name); !errors.Is(err, storage.ErrWrongFile) || !errors.Is(err, npy.ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
