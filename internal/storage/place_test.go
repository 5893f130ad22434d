package storage_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestAFileIsPlacedInEveryWay(t *testing.T) {
	dir := t.TempDir()
	real, linked := filepath.Join(dir, "blob"), filepath.Join(dir, "name")
	content := bytes.Repeat([]byte("weights "), 1<<10)
	if err := os.WriteFile(real, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("blob", linked); err != nil {
		t.Skip("no symbolic links here")
	}
	if _, err := os.Stat(linked); err != nil {
		t.Skipf("SKIPPED: %s: links lead nowhere here, as under Wine: %v", t.Name(), err)
	}
	for name, ways := range map[string][]storage.Placing{
		"any": nil, "link": {storage.Linked}, "copy": {storage.Copied}, "clone or copy": {storage.Cloned, storage.Copied},
	} {
		to := filepath.Join(dir, name)
		way, err := storage.Place(t.Context(), linked, to, ways...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		info, err := os.Lstat(to)
		if err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		before, err := os.Stat(real)
		if err != nil {
			t.Fatal(err)
		}
		if same := os.SameFile(info, before); same != (way == storage.Linked) {
			t.Errorf("%s: placed as %d, and the same file: %v", name, way, same)
		}
		// A second time there is something in the way.
		if _, err := storage.Place(t.Context(), real, to, ways...); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s, again: %v", name, err)
		}
	}
}

func TestNothingIsLeftOfAFileThatCouldNotBePlaced(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "to")
	ended, end := context.WithCancel(t.Context())
	end()
	from := filepath.Join(dir, "from")
	if err := os.WriteFile(from, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		from string
		want error
	}{
		"nothing there":  {t.Context(), filepath.Join(dir, "absent"), fs.ErrNotExist},
		"a folder":       {t.Context(), dir, storage.ErrNotRegular},
		"an ended call":  {ended, from, context.Canceled},
		"no such folder": {t.Context(), from, fs.ErrNotExist},
	} {
		at := to
		if name == "no such folder" {
			at = filepath.Join(dir, "absent", "to")
		}
		if _, err := storage.Place(c.ctx, c.from, at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something is left: %v", name, err)
		}
	}
}
