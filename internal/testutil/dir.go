// Package testutil has what the tests of several packages need.
package testutil

import (
	"os"
	"path/filepath"
	"testing"
)

// OpenDir makes a folder that every user may enter, and removes it when the test
// ends. That of testing.T lies in one that its owner alone may enter, and so may the
// folder for temporary files. It skips the test where there is no such place.
func OpenDir(tb testing.TB) string {
	tb.Helper()
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if !open(base) {
			continue
		}
		dir, err := os.MkdirTemp(base, "coreml-test-*")
		if err != nil {
			continue
		}
		tb.Cleanup(func() { _ = os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // others are to enter it
			tb.Fatal(err)
		}
		return dir
	}
	tb.Skipf("SKIPPED: %s: there is no folder for temporary files that every user may enter", tb.Name())
	return ""
}

// open reports whether every user may enter a folder and all those around it.
func open(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o005 != 0o005 {
			return false
		}
		if filepath.Dir(dir) == dir {
			return true
		}
		dir = filepath.Dir(dir)
	}
}
