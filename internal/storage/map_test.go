package storage_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gocoreml/coreml/internal/storage"
)

func TestFilesOfEverySourceHaveTheirContent(t *testing.T) {
	for _, size := range []int{0, 1, 4096, 4097, 1 << 20} {
		want := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "f"), want, 0o600); err != nil {
			t.Fatal(err)
		}
		for name, fsys := range map[string]fs.FS{
			"the operating system": os.DirFS(dir),
			"memory":               fstest.MapFS{"f": &fstest.MapFile{Data: want}},
		} {
			b, err := storage.ReadFile(fsys, "f")
			if err != nil {
				t.Fatalf("%s, %d bytes: %v", name, size, err)
			}
			if !bytes.Equal(b.Data(), want) {
				t.Errorf("%s, %d bytes: content differs", name, size)
			}
			if err := b.Release(); err != nil {
				t.Errorf("%s, %d bytes: release: %v", name, size, err)
			}
			if err := b.Release(); err != nil {
				t.Errorf("%s, %d bytes: second release: %v", name, size, err)
			}
		}
	}
}

func TestAMappingOutlivesItsFile(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("content"); err != nil {
		t.Fatal(err)
	}
	b, err := storage.MapFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if string(b.Data()) != "content" {
		t.Errorf("content is %q", b.Data())
	}
	held := b.Retain()
	if err := b.Release(); err != nil {
		t.Fatal(err)
	}
	if string(held.Data()) != "content" {
		t.Errorf("retained content is %q", held.Data())
	}
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, fsys := range map[string]fs.FS{
		"a folder of the operating system": os.DirFS(dir),
		"a folder in memory":               fstest.MapFS{"x/y": &fstest.MapFile{}},
	} {
		if _, err := storage.ReadFile(fsys, "."); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := storage.ReadFile(os.DirFS(dir), "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: error is %v", err)
	}
}

// lying is a file that claims another size than it has.
type lying struct {
	io.Reader
	size int64
}

func (l lying) Open(string) (fs.File, error) { return l, nil }
func (l lying) Stat() (fs.FileInfo, error)   { return l, nil }
func (lying) Close() error                   { return nil }
func (lying) Name() string                   { return "lying" }
func (l lying) Size() int64                  { return l.size }
func (lying) Mode() fs.FileMode              { return 0 }
func (lying) ModTime() time.Time             { return time.Time{} }
func (lying) IsDir() bool                    { return false }
func (lying) Sys() any                       { return nil }

func TestAFileShorterThanItClaimsIsAnErrorAndTakesNoMemory(t *testing.T) {
	for _, size := range []int64{-1, 10, 1 << 62} {
		_, err := storage.ReadFile(lying{bytes.NewReader([]byte("short")), size}, "lying")
		if err == nil {
			t.Errorf("a file that claims %d bytes and has 5 was read", size)
		}
		if size > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("size %d: error is %v", size, err)
		}
	}
}

func TestAFileLargerThanTheTrustedSizeIsReadWhole(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcde"), 3<<20) // 45 MiB, read in steps
	b, err := storage.ReadFile(lying{bytes.NewReader(want), int64(len(want))}, "large")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Data(), want) {
		t.Error("content differs")
	}
}
