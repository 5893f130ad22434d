package storage_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestWhatTheDiskHasNoRoomForIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a\x1b[2Jb")
	pkg := filepath.Join(dir, "M.mlpackage")
	if err := storage.Room(filepath.Join(t.TempDir(), "M.mlpackage"), 1); err != nil {
		t.Error(err)
	}
	if _, ok := storage.FreeSpace(t.TempDir()); !ok {
		t.Skip("the system does not tell what is free")
	}
	err := storage.Room(filepath.Join(t.TempDir(), "M.mlpackage"), math.MaxUint64)
	if !errors.Is(err, storage.ErrDiskFull) || !strings.Contains(err.Error(), "up to 18446744073709551615 bytes are needed in ") {
		t.Errorf("got %v, want an ErrDiskFull that says what is needed", err)
	}
	if err := storage.Room(pkg, math.MaxUint64); err != nil && strings.Contains(err.Error(), "\x1b") {
		t.Errorf("the folder's name is not quoted: %v", err)
	}
}
