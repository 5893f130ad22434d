package cache_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

func openLocal(t *testing.T, dir string) *cache.LocalDir {
	t.Helper()
	l, err := cache.OpenLocal(dir)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// putLocal downloads a file, as it were.
func putLocal(t *testing.T, l *cache.LocalDir, name, data string) {
	t.Helper()
	lock, err := l.Lock(t.Context(), name)
	must(t, err)
	p, err := l.Begin(t.Context(), name, sha(data), int64(len(data)), cache.DigestOf(sha(data)))
	must(t, err)
	defer p.Abort()
	_, err = p.Write([]byte(data))
	must(t, err)
	must(t, p.Commit())
	must(t, lock.Unlock())
	must(t, l.SetMetadata(t.Context(), name, commit, sha(data)))
}

func TestALocalFileIsKnownUntilItChanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "local")
	l := openLocal(t, dir)
	if m, ok, err := l.Metadata(t.Context(), "sub/a.bin"); ok || err != nil {
		t.Fatal(m, ok, err)
	}
	gone(t, dir)
	putLocal(t, l, "sub/a.bin", "data")
	m, ok, err := l.Metadata(t.Context(), "sub/a.bin")
	if !ok || err != nil || m.Commit != commit || m.ETag != sha("data") || time.Since(m.Time) > time.Minute {
		t.Fatal(m, ok, err)
	}
	if size, ok := l.Stat("sub/a.bin"); !ok || size != 4 {
		t.Error(size, ok)
	}
	must(t, l.Verify(t.Context(), "sub/a.bin", cache.DigestOf(sha("data"))))
	var wrong *cache.HashError
	if err := l.Verify(t.Context(), "sub/a.bin", cache.DigestOf(sha("other"))); !errors.As(err, &wrong) {
		t.Error(err)
	}
	later := time.Now().Add(time.Hour)
	must(t, os.Chtimes(l.Path("sub/a.bin"), later, later))
	if _, ok, err := l.Metadata(t.Context(), "sub/a.bin"); ok || err != nil {
		t.Error("a file that has changed is known", err)
	}
	must(t, os.Remove(l.Path("sub/a.bin")))
	if _, ok, err := l.Metadata(t.Context(), "sub/a.bin"); ok || err != nil {
		t.Error("a file that is gone is known", err)
	}
	note := filepath.Join(dir, ".cache", "huggingface", "download", "sub", "a.bin.metadata")
	must(t, os.WriteFile(note, []byte("junk"), 0o644))
	if _, ok, err := l.Metadata(t.Context(), "sub/a.bin"); ok || err != nil {
		t.Error(ok, err)
	}
	gone(t, note)
}

func TestALocalFileIsGoneOnWith(t *testing.T) {
	l := openLocal(t, t.TempDir())
	data := strings.Repeat("0123456789", 100)
	begin := func() *cache.Partial {
		t.Helper()
		p, err := l.Begin(t.Context(), "a", sha(data), 1000, cache.DigestOf(sha(data)))
		must(t, err)
		return p
	}
	p := begin()
	_, err := p.Write([]byte(data[:300]))
	must(t, err)
	must(t, p.Keep())
	if p = begin(); p.Offset() != 300 {
		t.Fatalf("goes on at %d", p.Offset())
	}
	_, err = p.Write([]byte(data[300:]))
	must(t, err)
	must(t, p.Commit())
	if got, err := os.ReadFile(l.Path("a")); err != nil || string(got) != data {
		t.Error(len(got), err)
	}
	if strings.Contains(dump(t, l.Dir()), "incomplete") {
		t.Error(dump(t, l.Dir()))
	}
}

func TestAFileOfTheCacheIsCopied(t *testing.T) {
	dir := t.TempDir()
	r := open(t, filepath.Join(dir, "cache"), cache.Options{})
	put(t, r, commit, "sub/a", "data")
	l := openLocal(t, filepath.Join(dir, "local"))
	must(t, l.Copy(t.Context(), "sub/a", r, commit))
	info, err := os.Lstat(l.Path("sub/a"))
	if err != nil || !info.Mode().IsRegular() {
		t.Fatal(info, err)
	}
	must(t, os.WriteFile(l.Path("sub/a"), []byte("mine"), 0o644))
	if size, ok := r.HasBlob(sha("data")); !ok || size != 4 {
		t.Error(size, ok)
	}
	p, _, _ := r.Pointer(commit, "sub/a")
	if got, _ := os.ReadFile(p); string(got) != "data" {
		t.Errorf("the cache has %q now", got)
	}
	// A link out of the cache.
	secret := filepath.Join(dir, "secret")
	must(t, os.WriteFile(secret, []byte("x"), 0o600))
	must(t, os.Symlink(secret, filepath.Join(r.SnapshotDir(commit), "out")))
	if err := l.Copy(t.Context(), "out", r, commit); err == nil {
		t.Error("what lies outside is copied")
	}
	if err := l.Copy(t.Context(), "none", r, commit); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestFilesDoNotTakeThePlaceOfNotes(t *testing.T) {
	l := openLocal(t, t.TempDir())
	for _, name := range []string{".cache/huggingface/download/a.metadata", ".cache", ".CACHE/HuggingFace/x", "../x"} {
		if _, err := l.Begin(t.Context(), name, "etag", 1, cache.Digest{}); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if err := l.CheckTree([]string{name}); err == nil {
			t.Errorf("%s is accepted in a tree", name)
		}
	}
	must(t, l.CheckTree([]string{".cache/other", "a", "b/c"}))
}

// localPython does to a folder what huggingface_hub does when it downloads.
const localPython = `
import sys
from pathlib import Path
from huggingface_hub._local_folder import get_local_download_paths, read_download_metadata, write_download_metadata
from huggingface_hub._tree_cache import TreeCacheEntry, tree_cache_folder_for_local_dir, write_tree_cache
root, commit, etag = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
for name in sys.argv[4:]:
    paths = get_local_download_paths(root, name)
    read_download_metadata(root, name)
    tmp = paths.incomplete_path(etag)
    tmp.write_text("data")
    tmp.replace(paths.file_path)
    write_download_metadata(root, name, commit, etag)
    m = read_download_metadata(root, name)
    assert m is not None and m.commit_hash == commit and m.etag == etag, name
write_tree_cache(tree_cache_folder_for_local_dir(str(root)), commit, {"a": TreeCacheEntry(4, etag)})
`

var seconds = regexp.MustCompile(`\d+\.\d+\n$`)

// withoutTimes replaces the times in notes.
func withoutTimes(t *testing.T, dir string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(p) != ".metadata" {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if !seconds.Match(text) {
			t.Errorf("%s has no time: %q", p, text)
		}
		return os.WriteFile(p, seconds.ReplaceAll(text, []byte("TIME\n")), 0o644)
	}))
}

func TestALocalFolderIsThatOfPython(t *testing.T) {
	p := python(t)
	names := []string{"a", "noext", ".hidden", "m.mlpackage/Data/w.tar.gz", "a b/é.bin", "x."}
	theirs := filepath.Join(t.TempDir(), "theirs")
	args := append([]string{"-c", localPython, theirs, commit, sha("data")}, names...)
	if out, err := exec.CommandContext(t.Context(), p, args...).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	// Each reads what the other wrote.
	both := openLocal(t, theirs)
	for _, name := range names {
		m, ok, err := both.Metadata(t.Context(), name)
		if !ok || err != nil || m.Commit != commit || m.ETag != sha("data") {
			t.Error(name, m, ok, err)
		}
	}
	mine := filepath.Join(t.TempDir(), "mine")
	l := openLocal(t, mine)
	for _, name := range names {
		putLocal(t, l, name, "data")
	}
	must(t, l.SetTree(commit, cache.Tree{"a": {Size: 4, BlobID: sha("data")}}))
	reader := strings.Replace(localPython, "for name in", "for name in []:\n    pass\nfor name in", 1)
	reader = reader[:strings.Index(reader, "    paths =")] + "    assert read_download_metadata(root, name).commit_hash == commit, name\n"
	args[1], args[2] = reader, mine
	if out, err := exec.CommandContext(t.Context(), p, args...).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	withoutTimes(t, theirs)
	withoutTimes(t, mine)
	if diff := cmp.Diff(dump(t, theirs), dump(t, mine)); diff != "" {
		t.Errorf("(-python +ours)\n%s", diff)
	}
}
