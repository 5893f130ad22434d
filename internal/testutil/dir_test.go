package testutil

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestAFolderForEveryUserIsNotWithinAClosedOne(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: permissions are others there")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil { //nolint:gosec // it is the case
		t.Fatal(err)
	}
	within := filepath.Join(closed, "within")
	if err := os.Mkdir(within, 0o755); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	if open(within) {
		t.Errorf("%s is taken for one that every user may enter", within)
	}
	t.Setenv("TMPDIR", within)
	if dir := OpenDir(t); !open(dir) || filepath.Dir(dir) == within {
		t.Errorf("got %s", dir)
	}
}
