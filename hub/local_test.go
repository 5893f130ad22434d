package hub_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// localRig is a rig with a snapshot in a folder.
func localRig(t *testing.T) (*rig, *hub.SnapshotOptions) {
	t.Helper()
	r := newRig(t)
	o := &hub.SnapshotOptions{LocalDir: filepath.Join(t.TempDir(), "here")}
	snap := r.snapshot(o)
	if snap.Dir != o.LocalDir {
		t.Fatalf("it is in %s", snap.Dir)
	}
	r.hub.ClearLog()
	return r, o
}

// plain lists the files of a folder but for the notes of downloads.
func plain(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(filesIn(t, dir), func(name string) bool { return strings.HasPrefix(name, ".cache/") })
}

func TestALocalFolderHasRealFiles(t *testing.T) {
	r, o := localRig(t)
	if names := plain(t, o.LocalDir); len(names) != 5 {
		t.Errorf("it has %q", names)
	}
	info, err := os.Lstat(filepath.Join(o.LocalDir, filepath.FromSlash(weight)))
	if err != nil || !info.Mode().IsRegular() || info.Size() != 1_000_003 {
		t.Errorf("%v, %v", info, err)
	}
	// Only the reference goes into the cache.
	if names := filesIn(t, r.dir); !slices.Equal(names, []string{"models--org--toy/refs/main"}) {
		t.Errorf("the cache has %q", names)
	}
}

func TestALocalFolderIsNotFetchedAgain(t *testing.T) {
	r, o := localRig(t)
	r.snapshot(o)
	if got := r.hub.Requests(); len(got) != 1 || got[0].Op != hubtest.Info {
		t.Errorf("%d requests", len(got))
	}
	off, err := r.offline().Snapshot(t.Context(), r.repo, o)
	if err != nil || off.Dir != o.LocalDir || len(off.Files) != 5 {
		t.Errorf("%+v, %v", off, err)
	}
}

func TestAChangedFileIsPutRight(t *testing.T) {
	r, o := localRig(t)
	for _, name := range []string{"config.json", large} {
		if err := os.WriteFile(filepath.Join(o.LocalDir, name), []byte("changed"), 0o600); err != nil {
			t.Fatal(err)
		}
		// A change that came well after the note of the download.
		later := time0(t, filepath.Join(o.LocalDir, name))
		if err := os.Chtimes(filepath.Join(o.LocalDir, name), later, later); err != nil {
			t.Fatal(err)
		}
	}
	r.snapshot(o)
	if bodies := r.hub.Bodies(); len(bodies) != 2 {
		t.Errorf("fetched: %v", bodies)
	}
	if got, err := os.ReadFile(filepath.Join(o.LocalDir, "config.json")); err != nil || strings.Contains(string(got), "changed") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestAFileIsKnownByItsHash loses all notes: the files are what they should be.
func TestAFileIsKnownByItsHash(t *testing.T) {
	r, o := localRig(t)
	if err := os.RemoveAll(filepath.Join(o.LocalDir, ".cache")); err != nil {
		t.Fatal(err)
	}
	r.snapshot(o)
	if bodies := r.hub.Bodies(); len(bodies) != 0 {
		t.Errorf("fetched: %v", bodies)
	}
}

func TestALocalFolderTakesFromTheCache(t *testing.T) {
	r := newRig(t)
	r.snapshot(nil)
	r.hub.ClearLog()
	o := &hub.SnapshotOptions{LocalDir: filepath.Join(t.TempDir(), "here")}
	r.snapshot(o)
	if bodies := r.hub.Bodies(); len(bodies) != 0 {
		t.Errorf("fetched: %v", bodies)
	}
	if names := plain(t, o.LocalDir); len(names) != 5 {
		t.Errorf("it has %q", names)
	}
}

func TestOneFileInALocalFolder(t *testing.T) {
	r := newRig(t)
	o := &hub.DownloadOptions{LocalDir: filepath.Join(t.TempDir(), "here")}
	for range 2 {
		at, err := r.client.Download(t.Context(), r.repo, "sub/vocab.txt", o)
		if err != nil || at != filepath.Join(o.LocalDir, "sub", "vocab.txt") {
			t.Fatalf("%s, %v", at, err)
		}
	}
	if bodies := r.hub.Bodies(); bodies["org/toy/sub/vocab.txt"] != 1 {
		t.Errorf("fetched: %v", bodies)
	}
	at, err := r.offline().Download(t.Context(), r.repo, "sub/vocab.txt", o)
	if err != nil || at != filepath.Join(o.LocalDir, "sub", "vocab.txt") {
		t.Errorf("%s, %v", at, err)
	}
}

// TestALocalFolderIsNoneOfTheCaches would put files among the cache's own, which are
// then no cache to anybody.
func TestALocalFolderIsNoneOfTheCaches(t *testing.T) {
	r := newRig(t)
	r.snapshot(nil)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(r.dir, "models--org--toy", "blobs"), link); err != nil {
		t.Skip(err)
	}
	before := filesIn(t, r.dir)
	for _, dir := range []string{r.dir, filepath.Join(r.dir, "models--org--toy", "blobs"), filepath.Join(r.dir, "models--org--new"), filepath.Join(r.dir, ".locks", "x"), link} {
		if _, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{LocalDir: dir}); err == nil {
			t.Errorf("%s: no error", dir)
		}
	}
	if after := filesIn(t, r.dir); !slices.Equal(after, before) {
		t.Errorf("the cache has %q", after)
	}
	for _, dir := range []string{filepath.Join(r.dir, "my-model"), filepath.Join(filepath.Dir(r.dir), "beside")} {
		r.isToy(r.localToy(dir))
	}
}

// localToy downloads into a folder, and takes the record out of it.
func (r *rig) localToy(dir string) string {
	r.t.Helper()
	r.snapshot(&hub.SnapshotOptions{LocalDir: dir})
	if err := os.RemoveAll(filepath.Join(dir, ".cache")); err != nil {
		r.t.Fatal(err)
	}
	return dir
}
