package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestAnOptionalFileMayBeAbsent(t *testing.T) {
	fsys := fstest.MapFS{"there": {Data: []byte("content")}, "empty": {}}
	for name, want := range map[string]string{"there": "content", "empty": "", "absent": "", "no/folder": ""} {
		got, err := storage.ReadOptional(fsys, name, 10)
		if err != nil || string(got) != want || (got != nil) != (name == "there" || name == "empty") {
			t.Errorf("%s: got %q (nil: %v), %v", name, got, got == nil, err)
		}
	}
	if _, err := storage.ReadOptional(fsys, "there", 3); !errors.Is(err, storage.ErrTooLong) {
		t.Errorf("a file that is too long: %v", err)
	}
}

func TestALinkToNothingIsNotAbsent(t *testing.T) {
	dir := t.TempDir()
	for link, target := range map[string]string{"link": "absent", "chain": "link", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skipf("no links here: %v", err)
		}
		if info, err := os.Lstat(filepath.Join(dir, link)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Skipf("a link that was made is none here: %v, %v", info, err) // as under Wine
		}
	}
	for link, want := range map[string]string{"link": "absent", "chain": "link"} {
		_, err := storage.ReadOptional(os.DirFS(dir), link, 10)
		dangling, ok := errors.AsType[*storage.DanglingError](err)
		if !ok || dangling.Name != link || dangling.Target != want || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want a link to %s", link, err, want)
		}
		if ok && err.Error() != `"`+link+`" is a link to "`+want+`", where there is no file` {
			t.Errorf("message %s", err)
		}
	}
	if data, err := storage.ReadOptional(os.DirFS(dir), "loop", 10); err == nil {
		t.Errorf("a link to itself: %q", data)
	}
}

func TestAbsentAsksForLinksWhereTheFileSystemHasThem(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "nothing", "nothing/below"} {
		if err := storage.Absent(os.DirFS(dir), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := storage.Absent(fstest.MapFS{}, "nothing"); err != nil {
		t.Errorf("in memory: %v", err)
	}
}
