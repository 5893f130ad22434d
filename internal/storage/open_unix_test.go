//go:build unix

package storage_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
)

// TestSpecialFilesAreRefusedWithoutWaiting would hang on the named pipe, whose
// other end nobody holds, were it opened.
func TestSpecialFilesAreRefusedWithoutWaiting(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no sockets here: %v", err)
	}
	defer func() { _ = listener.Close() }()
	for name, kind := range map[string]fs.FileMode{
		pipe: fs.ModeNamedPipe, socket: fs.ModeSocket, os.DevNull: fs.ModeDevice,
	} {
		opens := map[string]func() error{
			"Open":   func() error { _, err := storage.Open(name); return err },
			"OpenFS": func() error { _, err := storage.OpenFS(os.DirFS(filepath.Dir(name)), filepath.Base(name)); return err },
			"ReadSmall": func() error {
				_, err := storage.ReadSmall(os.DirFS(filepath.Dir(name)), filepath.Base(name), 10)
				return err
			},
			"ReadFile": func() error {
				_, err := storage.ReadFile(os.DirFS(filepath.Dir(name)), filepath.Base(name))
				return err
			},
		}
		for opener, open := range opens {
			t.Run(opener+" "+filepath.Base(name), func(t *testing.T) {
				done := make(chan error, 1)
				go func() { done <- open() }()
				select {
				case err := <-done:
					wantNotRegular(t, err, kind)
				case <-time.After(time.Minute):
					t.Fatal("the open waits")
				}
			})
		}
	}
}

func TestNotRegularErrorNamesTheKind(t *testing.T) {
	_, err := storage.Open(os.DevNull)
	if want := `"/dev/null" is a device, not a file`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("the error passes for one of a missing file")
	}
}
