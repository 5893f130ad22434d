package storage_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestOpenGivesTheFileBehindALink(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if _, err := os.Stat(link); err != nil {
		t.Skipf("links lead nowhere here: %v", err)
	}
	for _, name := range []string{file, link} {
		f, err := storage.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if string(got) != "content" {
			t.Errorf("%s holds %q, want %q", filepath.Base(name), got, "content")
		}
	}
}

func TestOpenRefusesAFolder(t *testing.T) {
	dir := t.TempDir()
	_, err := storage.Open(dir)
	wantNotRegular(t, err, fs.ModeDir)
	_, err = storage.OpenFS(os.DirFS(filepath.Dir(dir)), filepath.Base(dir))
	wantNotRegular(t, err, fs.ModeDir)
}

func TestOpenOfWhatIsNotThereSaysSo(t *testing.T) {
	dir := t.TempDir()
	if _, err := storage.Open(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open: got %v, want an error that is fs.ErrNotExist", err)
	}
	if _, err := storage.OpenFS(os.DirFS(dir), "absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenFS: got %v, want an error that is fs.ErrNotExist", err)
	}
}

func TestReadSmallTakesNoMoreThanItsLimit(t *testing.T) {
	fsys := fstest.MapFS{"file": {Data: []byte("12345")}}
	got, err := storage.ReadSmall(fsys, "file", 5)
	if err != nil || string(got) != "12345" {
		t.Errorf("with room for all: got %q, %v", got, err)
	}
	if _, err = storage.ReadSmall(fsys, "file", 4); !errors.Is(err, storage.ErrTooLong) {
		t.Errorf("with room for less: got %v, want ErrTooLong", err)
	}
}

func wantNotRegular(t *testing.T, err error, kind fs.FileMode) {
	t.Helper()
	refused, ok := errors.AsType[*storage.NotRegularError](err)
	if !ok {
		t.Fatalf("got %v, want a NotRegularError", err)
	}
	if refused.Mode.Type()&kind == 0 {
		t.Errorf("the error is about %v, want %v", refused.Mode, kind)
	}
}
