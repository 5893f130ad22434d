package cache_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/testutil"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

func sha(data string) string {
	h := sha256.Sum256([]byte(data))
	return hex.EncodeToString(h[:])
}

func gitSHA(data string) string {
	h := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(data), data))
	return hex.EncodeToString(h[:])
}

// open gives a repository of a cache in a folder that is not there yet.
func open(t *testing.T, dir string, o cache.Options) *cache.Repo {
	t.Helper()
	c, err := cache.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	r, err := c.Repo(cache.Model, "org/name")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// must fails on an error of a call that has no other result to look at.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put downloads data, as it were, and links it.
func put(t *testing.T, r *cache.Repo, commit, name, data string) (etag string) {
	t.Helper()
	etag = sha(data)
	l, err := r.Lock(t.Context(), etag)
	must(t, err)
	defer l.Unlock()
	if _, ok := r.HasBlob(etag); ok {
		must(t, r.Link(commit, name, etag))
		return etag
	}
	p, err := r.Begin(t.Context(), etag, int64(len(data)), cache.DigestOf(etag))
	must(t, err)
	defer p.Abort()
	_, err = p.Write([]byte(data))
	must(t, err)
	must(t, p.Commit())
	must(t, r.LinkNew(commit, name, etag))
	return etag
}

// dump lists what lies below a folder: a line for each entry.
func dump(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", filepath.ToSlash(rel), info.Mode())
		if info.Mode()&fs.ModeSymlink != 0 {
			to, _ := os.Readlink(p)
			fmt.Fprintf(&b, " -> %s", filepath.ToSlash(to))
		} else if info.Mode().IsRegular() {
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %d %.8s", len(data), sha(string(data)))
		}
		b.WriteByte('\n')
		return nil
	})
	must(t, err)
	return b.String()
}

func TestOpeningAndReadingMakeNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	r := open(t, dir, cache.Options{})
	if _, err := r.Ref("main"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := r.Tree(commit); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, ok, err := r.Pointer(commit, "a"); ok || err != nil {
		t.Error(ok, err)
	}
	if _, ok := r.HasBlob("abc"); ok || r.Missing(commit, "a") || r.HasSnapshot(commit) {
		t.Error("something is there")
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestADownloadLiesWherePythonPutsIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "cache")
	r := open(t, dir, cache.Options{})
	etag := put(t, r, commit, "m.mlpackage/Data/w.bin", "weights")
	must(t, r.SetRef("main", commit))
	must(t, r.SetRef("refs/pr/1", commit))
	must(t, r.SetRef(commit, commit))
	must(t, r.MarkMissing(commit, "sub/none.json"))
	must(t, r.SetTree(commit, cache.Tree{"m.mlpackage/Data/w.bin": {Size: 7, BlobID: strings.Repeat("a", 40)}}))

	link := filepath.Join(r.SnapshotDir(commit), "m.mlpackage", "Data", "w.bin")
	if to, err := os.Readlink(link); err != nil || filepath.ToSlash(to) != "../../../../blobs/"+etag {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if p, ok, err := r.Pointer(commit, "m.mlpackage/Data/w.bin"); !ok || err != nil || p != link {
		t.Errorf("pointer %q %v %v", p, ok, err)
	}
	if data, err := os.ReadFile(link); err != nil || string(data) != "weights" {
		t.Errorf("%q %v", data, err)
	}
	for name, want := range map[string]string{"main": commit, "refs/pr/1": commit} {
		data, err := os.ReadFile(filepath.Join(r.Dir(), "refs", filepath.FromSlash(name)))
		if err != nil || string(data) != want {
			t.Errorf("ref %s: %q %v", name, data, err)
		}
		if got, err := r.Ref(name); err != nil || got != want {
			t.Errorf("ref %s: %q %v", name, got, err)
		}
	}
	if !r.Missing(commit, "sub/none.json") || !r.HasSnapshot(commit) {
		t.Error("not there")
	}
	if runtime.GOOS != "windows" {
		wantMode(t, filepath.Join(dir, ".locks", "models--org--name", etag+".lock"), 0o664)
		wantMode(t, filepath.Join(r.Dir(), "trees", commit+".json"), 0o600)
	}
	if strings.Contains(dump(t, dir), ".tmp") || strings.Contains(dump(t, dir), "incomplete") {
		t.Errorf("something is left:\n%s", dump(t, dir))
	}
}

func wantMode(t *testing.T, name string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: %v %v, want %v", name, info, err, want)
	}
}

func TestTreesAreBytesOfPython(t *testing.T) {
	x := strings.Repeat
	tree := cache.Tree{
		"config.json": {Size: 519, BlobID: x("a", 40)},
		"a b/<&>'\"é\u2028\U0001f600.bin": {
			Size: 1 << 40, BlobID: x("b", 40), LFSSHA256: x("c", 64), LFSSize: 1 << 40, XetHash: x("d", 64),
		},
		"Z":            {BlobID: x("e", 40), LFSSHA256: x("f", 64)},
		"z/\uffee":     {Size: 1, BlobID: x("1", 40)},
		"z/\U00010000": {Size: 1, BlobID: x("2", 40), XetHash: x("3", 64)},
	}
	r := open(t, t.TempDir(), cache.Options{})
	for golden, tree := range map[string]cache.Tree{"tree.json": tree, "empty.json": {}} {
		must(t, r.SetTree(commit, tree))
		got, err := os.ReadFile(filepath.Join(r.Dir(), "trees", commit+".json"))
		must(t, err)
		want, err := os.ReadFile(filepath.Join("testdata", golden))
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %s", golden, got)
		}
		back, err := r.Tree(commit)
		if err != nil || len(back) != len(tree) {
			t.Fatalf("%s: %v %v", golden, back, err)
		}
		for name, file := range tree {
			if b := back[name]; b != file {
				t.Errorf("%s: %v, want %v", name, b, file)
			}
		}
	}
	other := strings.Repeat("f", 40)
	must(t, r.SetTree(other, cache.Tree{"a": {BlobID: "b", XetHash: "short"}}))
	if _, err := r.Tree(other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a listing with a malformed hash is kept: %v", err)
	}
}

func TestTreesThatCannotBeUsedCountAsMissing(t *testing.T) {
	r := open(t, t.TempDir(), cache.Options{})
	must(t, os.MkdirAll(filepath.Join(r.Dir(), "trees"), 0o755))
	for _, text := range []string{
		"", "null", "[]", "{}", `{"format_version":2,"files":{}}`, `{"format_version":1}`, `{"format_version":1,"files":null}`,
		`{"format_version":1,"files":{"a":{"size":1}}}`, `{"format_version":1,"files":{"a":null}}`,
		`{"format_version":1,"files":{"../a":{"size":1,"blob_id":"b"}}}`, `{"format_version":1,"files":{"a":{"size":-1,"blob_id":"b"}}}`,
		`{"format_version":1,"files":{"a":{"size":1,"blob_id":"b","xet_hash":"x"}}}`, `{"format_version":1,"files":{`,
	} {
		must(t, os.WriteFile(filepath.Join(r.Dir(), "trees", commit+".json"), []byte(text), 0o600))
		if tree, err := r.Tree(commit); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v %v", text, tree, err)
		}
	}
}

func TestAWrongByteNeverGetsAName(t *testing.T) {
	const data = "all the bytes"
	for _, etag := range []string{sha(data), gitSHA(data)} {
		r := open(t, t.TempDir(), cache.Options{})
		p, err := r.Begin(t.Context(), etag, int64(len(data)), cache.DigestOf(etag))
		must(t, err)
		if _, err := p.Write([]byte("all the bites")); err != nil {
			t.Fatal(err)
		}
		var wrong *cache.HashError
		if err := p.Commit(); !errors.As(err, &wrong) || wrong.Want != etag || wrong.Got == etag {
			t.Fatalf("%v", err)
		}
		if _, ok := r.HasBlob(etag); ok || strings.Contains(dump(t, r.Dir()), "incomplete") {
			t.Errorf("something is left:\n%s", dump(t, r.Dir()))
		}
		p, err = r.Begin(t.Context(), etag, int64(len(data)), cache.DigestOf(etag))
		must(t, err)
		_, err = p.Write([]byte("junk"))
		must(t, err)
		must(t, p.Restart())
		if _, err := p.Write([]byte(data)); err != nil || p.Offset() != int64(len(data)) {
			t.Fatal(err)
		}
		must(t, p.Commit())
		must(t, p.Abort())
		if size, ok := r.HasBlob(etag); !ok || size != int64(len(data)) {
			t.Error(size, ok)
		}
	}
}

func TestSizesAreChecked(t *testing.T) {
	const data = "0123456789"
	r := open(t, t.TempDir(), cache.Options{})
	p, err := r.Begin(t.Context(), sha(data), 10, cache.Digest{})
	must(t, err)
	var wrong *cache.SizeError
	_, err = p.Write([]byte("01234567890"))
	if !errors.As(err, &wrong) || wrong.Got != 11 || p.Offset() != 0 {
		t.Errorf("too much: %v, offset %d", err, p.Offset())
	}
	_, err = p.Write([]byte("012"))
	must(t, err)
	if err := p.Commit(); !errors.As(err, &wrong) || *wrong != (cache.SizeError{Want: 10, Got: 3}) {
		t.Errorf("too little: %v", err)
	}
	must(t, p.Abort())
	if _, err := p.Write(nil); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	// Git's hash needs the size first: without it the file is read again.
	etag := gitSHA(data)
	p, err = r.Begin(t.Context(), etag, -1, cache.DigestOf(etag))
	must(t, err)
	_, err = p.Write([]byte(data))
	must(t, err)
	must(t, p.Commit())
}

func TestWhatIsLeftIsGoneOnWith(t *testing.T) {
	data := strings.Repeat("0123456789", 100)
	etag := sha(data)
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	p, err := r.Begin(t.Context(), etag, 1000, cache.DigestOf(etag))
	must(t, err)
	_, err = p.Write([]byte(data[:400]))
	must(t, err)

	// While it is open no other takes it over.
	other, err := open(t, dir, cache.Options{}).Begin(t.Context(), etag, 1000, cache.DigestOf(etag))
	must(t, err)
	if other.Offset() != 0 {
		t.Errorf("a file that is being written was taken over at %d", other.Offset())
	}
	must(t, other.Abort())
	must(t, p.Keep())

	p, err = open(t, dir, cache.Options{}).Begin(t.Context(), etag, 1000, cache.DigestOf(etag))
	must(t, err)
	if p.Offset() != 400 || p.Resumed() != 400 {
		t.Fatalf("goes on at %d", p.Offset())
	}
	_, err = p.Write([]byte(data[400:]))
	must(t, err)
	must(t, p.Commit())
	if got := strings.Count(dump(t, dir), "incomplete"); got != 0 {
		t.Errorf("%d files are left", got)
	}
}

func TestFilesOfOthersAreLeftUntilTheyAreOld(t *testing.T) {
	data := strings.Repeat("x", 100)
	etag := sha(data)
	dir := t.TempDir()
	blobs := filepath.Join(dir, "models--org--name", "blobs")
	must(t, os.MkdirAll(blobs, 0o755))
	names := []string{etag + ".0123abcd.incomplete", etag + ".incomplete", strings.Repeat("b", 40) + ".01234567.incomplete"}
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(blobs, name), []byte("xxx"), 0o644))
	}
	begin := func() {
		t.Helper()
		p, err := open(t, dir, cache.Options{}).Begin(t.Context(), etag, 100, cache.DigestOf(etag))
		must(t, err)
		if p.Offset() != 0 {
			t.Error("a file of Python is written to")
		}
		must(t, p.Abort())
	}
	begin()
	if got := strings.Count(dump(t, blobs), "incomplete"); got != 3 {
		t.Errorf("%d are left of 3", got)
	}
	old := time.Now().Add(-25 * time.Hour)
	for _, name := range names {
		must(t, os.Chtimes(filepath.Join(blobs, name), old, old))
	}
	// Python 0.36 goes on with a file that has no digits, and a lock that is held keeps one.
	l, err := open(t, dir, cache.Options{}).Lock(t.Context(), strings.Repeat("b", 40))
	must(t, err)
	mine, err := open(t, dir, cache.Options{}).Lock(t.Context(), etag) // as who downloads does
	must(t, err)
	begin()
	must(t, mine.Unlock())
	must(t, l.Unlock())
	want := []string{names[1], names[2]}
	for _, name := range names {
		_, err := os.Lstat(filepath.Join(blobs, name))
		if kept := name == want[0] || name == want[1]; kept != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	begin()
	if got := strings.Count(dump(t, blobs), "incomplete"); got != 1 {
		t.Errorf("%d are left of 1", got)
	}
}

func TestALinkIntoTheSharedStoreIsReadAndNeverWrittenThrough(t *testing.T) {
	const data = "shared payload"
	dir := t.TempDir()
	store := filepath.Join(dir, "blobs", "ab", strings.Repeat("ab", 32))
	must(t, os.MkdirAll(filepath.Dir(store), 0o755))
	must(t, os.WriteFile(store, []byte(data), 0o444))
	r := open(t, dir, cache.Options{})
	etag := sha(data)
	must(t, os.MkdirAll(filepath.Join(r.Dir(), "blobs"), 0o755))
	must(t, os.Symlink(filepath.Join("..", "..", "blobs", "ab", filepath.Base(store)), r.BlobPath(etag)))
	if size, ok := r.HasBlob(etag); !ok || size != int64(len(data)) {
		t.Error(size, ok)
	}
	must(t, r.Link(commit, "w.bin", etag))
	if _, ok, err := r.Pointer(commit, "w.bin"); !ok || err != nil {
		t.Error(ok, err)
	}
	const other = "other payload!"
	p, err := r.Begin(t.Context(), etag, int64(len(other)), cache.Digest{})
	must(t, err)
	_, err = p.Write([]byte(other))
	must(t, err)
	must(t, p.Commit())
	if got, err := os.ReadFile(store); err != nil || string(got) != data {
		t.Errorf("the store holds %q, %v", got, err)
	}
	if info, err := os.Lstat(r.BlobPath(etag)); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the blob is %v, %v", info, err)
	}
}

func TestNothingOutsideIsReached(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte(commit), 0o600))
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	must(t, os.MkdirAll(r.Dir(), 0o755))
	for _, name := range []string{"refs", "blobs", "snapshots", "trees", ".no_exist"} {
		must(t, os.Symlink(outside, filepath.Join(r.Dir(), name)))
	}
	must(t, os.Symlink(outside, filepath.Join(dir, ".locks")))
	before := dump(t, outside)
	if got, err := r.Ref("secret"); err == nil {
		t.Errorf("read %q", got)
	}
	if _, ok := r.HasBlob("secret"); ok {
		t.Error("the file outside is a blob")
	}
	for what, err := range map[string]error{
		"ref":  r.SetRef("main", commit),
		"tree": r.SetTree(commit, cache.Tree{}),
		"link": r.Link(commit, "a", "abc"),
		"mark": r.MarkMissing(commit, "a"),
		"lock": second(r.Lock(t.Context(), "abc")),
		"part": second(r.Begin(t.Context(), "abc", 1, cache.Digest{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if after := dump(t, outside); after != before {
		t.Errorf("outside there is now\n%s", after)
	}
}

func second[T any](_ T, err error) error { return err }

func TestWithoutLinksFilesAreMovedOrCopied(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, cache.Options{NoLinks: true})
	etag := put(t, r, commit, "sub/a", "data")
	if _, ok := r.HasBlob(etag); ok {
		t.Error("a new blob is copied instead of moved")
	}
	must(t, os.WriteFile(r.BlobPath(etag), []byte("data"), 0o644))
	must(t, r.Link(commit, "sub/b", etag))
	for _, name := range []string{"sub/a", "sub/b"} {
		p, ok, err := r.Pointer(commit, name)
		info, _ := os.Lstat(p)
		if !ok || err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v %v %v", name, ok, err, info)
		}
	}
	if _, ok := r.HasBlob(etag); !ok {
		t.Error("a blob that others may have is moved")
	}
}

func TestALinkIsPutInPlaceOfWhateverIsThere(t *testing.T) {
	r := open(t, t.TempDir(), cache.Options{})
	first := put(t, r, commit, "a", "one")
	must(t, r.Link(commit, "a", first))
	second := put(t, r, commit, "a", "two")
	p, _, _ := r.Pointer(commit, "a")
	if to, err := os.Readlink(p); err != nil || filepath.Base(to) != second {
		t.Errorf("%q %v", to, err)
	}
	must(t, os.Remove(p))
	must(t, os.WriteFile(p, []byte("a file"), 0o644))
	must(t, r.Link(commit, "a", first))
	if data, _ := os.ReadFile(p); string(data) != "one" {
		t.Errorf("%q", data)
	}
	if strings.Contains(dump(t, r.SnapshotDir(commit)), "tmp") {
		t.Error(dump(t, r.SnapshotDir(commit)))
	}
}

func TestACacheThatCannotBeWrittenToIsRead(t *testing.T) {
	dir := testutil.OpenDir(t)
	r := open(t, dir, cache.Options{})
	etag := put(t, r, commit, "a", "data")
	must(t, r.SetRef("main", commit))
	lockDown(t, dir)
	before := dump(t, dir)
	asOrdinaryUser(t, dir, func() {
		r := open(t, dir, cache.Options{})
		if got, err := r.Ref("main"); err != nil || got != commit {
			t.Error(got, err)
		}
		if err := r.SetRef("main", commit); err != nil {
			t.Error(err) // there is nothing to write
		}
		if _, ok, err := r.Pointer(commit, "a"); !ok || err != nil {
			t.Error(ok, err)
		}
		for what, err := range map[string]error{
			"ref":  r.SetRef("other", commit),
			"tree": r.SetTree(commit, cache.Tree{}),
			"link": r.Link(commit, "b", etag),
			"mark": r.MarkMissing(commit, "a"),
			"lock": second(r.Lock(t.Context(), "abc")),
			"part": second(r.Begin(t.Context(), "abc", 1, cache.Digest{})),
		} {
			if !errors.Is(err, cache.ErrReadOnly) {
				t.Errorf("%s: %v", what, err)
			}
		}
		c, err := cache.Open(dir, cache.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if info, err := c.Scan(t.Context()); err != nil || len(info.Repos) != 1 || len(info.Warnings) != 0 {
			t.Error(info, err)
		}
		done, err := c.Delete(t.Context(), cache.Target{Kind: cache.Model, ID: "org/name"})
		if err != nil || len(done.Skipped) == 0 || !errors.Is(done.Skipped[0].Err, cache.ErrReadOnly) {
			t.Errorf("delete: %+v %v", done, err)
		}
		if err := r.Verify(t.Context(), "", func(c cache.Checked) error { return c.Err }); err != nil {
			t.Error(err)
		}
	})
	if after := dump(t, dir); after != before {
		t.Errorf("it has changed:\n%s", after)
	}
}

// lockDown takes the right to write from a folder and all below it, for the test.
func lockDown(t *testing.T, dir string) {
	t.Helper()
	var dirs []string
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if d.IsDir() {
			dirs = append(dirs, p)
		}
		return err
	}))
	for _, d := range dirs {
		must(t, os.Chmod(d, 0o555))
		t.Cleanup(func() { _ = os.Chmod(d, 0o755) })
	}
}

func TestBeginEndsWithItsContext(t *testing.T) {
	data := strings.Repeat("x", 1<<20)
	etag := sha(data)
	dir := t.TempDir()
	r := open(t, dir, cache.Options{})
	p, err := r.Begin(t.Context(), etag, 2<<20, cache.DigestOf(etag))
	must(t, err)
	_, err = p.Write([]byte(data))
	must(t, err)
	must(t, p.Keep())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Begin(ctx, etag, 2<<20, cache.DigestOf(etag)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p, err = r.Begin(t.Context(), etag, 2<<20, cache.DigestOf(etag))
	must(t, err)
	if p.Offset() != 1<<20 {
		t.Errorf("goes on at %d: the bytes are lost", p.Offset())
	}
	must(t, p.Abort())
}

func TestALargeFileIsHashedBesideItsWriting(t *testing.T) {
	data := make([]byte, 3<<20+17)
	for i := range data {
		data[i] = byte(i * i >> 5)
	}
	before := runtime.NumGoroutine()
	for _, etag := range []string{sha(string(data)), gitSHA(string(data))} {
		for _, size := range []int64{int64(len(data)), -1} {
			dir := t.TempDir()
			rest := data
			write := func(p *cache.Partial, n int) {
				t.Helper()
				for step := 1; n > 0; step = step*3 + 1 {
					step = min(step, n)
					_, err := p.Write(rest[:step])
					must(t, err)
					rest, n = rest[step:], n-step
				}
			}
			p, err := open(t, dir, cache.Options{}).Begin(t.Context(), etag, size, cache.DigestOf(etag))
			must(t, err)
			write(p, 1<<20)
			must(t, p.Restart())
			rest = data
			write(p, 2<<20)
			must(t, p.Keep())
			r := open(t, dir, cache.Options{})
			p, err = r.Begin(t.Context(), etag, size, cache.DigestOf(etag))
			must(t, err)
			if p.Offset() != 2<<20 {
				t.Fatalf("goes on at %d", p.Offset())
			}
			write(p, len(rest))
			must(t, p.Commit())
			if got, ok := r.HasBlob(etag); !ok || got != int64(len(data)) {
				t.Error(got, ok)
			}
		}
	}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	t.Errorf("%d goroutines became %d", before, runtime.NumGoroutine())
}
