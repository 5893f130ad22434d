package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

func remove(t *testing.T, r *cache.Repo, commits ...string) *cache.Deleted {
	t.Helper()
	c, err := cache.Open(filepath.Dir(r.Dir()), cache.Options{})
	must(t, err)
	defer c.Close()
	var targets []cache.Target
	for _, commit := range commits {
		targets = append(targets, cache.Target{Kind: cache.Model, ID: "org/name", Commit: commit})
	}
	done, err := c.Delete(t.Context(), targets...)
	must(t, err)
	return done
}

// twoRevisions makes a repository of two commits that share a blob.
func twoRevisions(t *testing.T) *cache.Repo {
	t.Helper()
	r := open(t, t.TempDir(), cache.Options{})
	for commit, files := range map[string]map[string]string{
		commit1: {"config.json": "shared", "w.bin": "first weights"},
		commit2: {"config.json": "shared", "w.bin": "second weights", "sub/copy.bin": "second weights"},
	} {
		tree := cache.Tree{}
		for name, data := range files {
			put(t, r, commit, name, data)
			tree[name] = cache.TreeEntry{Size: int64(len(data)), BlobID: gitSHA("pointer"), LFSSHA256: sha(data), LFSSize: int64(len(data))}
		}
		must(t, r.SetTree(commit, tree))
	}
	must(t, r.SetRef("main", commit2))
	must(t, r.SetRef("v1", commit1))
	return r
}

func gone(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
}

func there(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

func TestARevisionGoesWithWhatIsItsAlone(t *testing.T) {
	r := twoRevisions(t)
	done := remove(t, r, commit1)
	if done.Freed != int64(len("first weights")) || len(done.Skipped) > 0 {
		t.Errorf("%+v", done)
	}
	gone(t, r.SnapshotDir(commit1), filepath.Join(r.Dir(), "refs", "v1"), r.BlobPath(sha("first weights")))
	there(t, filepath.Join(r.SnapshotDir(commit2), "config.json"), filepath.Join(r.SnapshotDir(commit2), "sub", "copy.bin"), filepath.Join(r.Dir(), "refs", "main"))
	done = remove(t, r, commit2)
	if done.Freed != int64(len("shared")+len("second weights")) || len(done.Skipped) > 0 {
		t.Errorf("%+v", done)
	}
	gone(t, r.Dir())
	there(t, filepath.Join(filepath.Dir(r.Dir()), ".locks", "models--org--name")) // Python never removes it
}

func TestWhatAnotherProcessDownloadsStays(t *testing.T) {
	needLocks(t)
	for name, etag := range map[string]string{"a file of it": sha("first weights"), "a file of its listing": gitSHA("pointer")} {
		t.Run(name, func(t *testing.T) {
			r := twoRevisions(t)
			must(t, r.SetTree(commit2, cache.Tree{}))
			l, err := r.Lock(t.Context(), etag)
			must(t, err)
			done := remove(t, r, commit1, commit2)
			if len(done.Skipped) != 1 || !errors.Is(done.Skipped[0].Err, cache.ErrLocked) || done.Skipped[0].Path != r.SnapshotDir(commit1) {
				t.Errorf("%+v", done)
			}
			there(t, filepath.Join(r.SnapshotDir(commit1), "w.bin"), filepath.Join(r.SnapshotDir(commit1), "config.json"), filepath.Join(r.Dir(), "refs", "v1"))
			gone(t, r.SnapshotDir(commit2), r.BlobPath(sha("second weights")))
			must(t, l.Unlock())
			if done := remove(t, r, commit1); len(done.Skipped) != 0 {
				t.Errorf("%+v", done)
			}
			gone(t, r.Dir())
		})
	}
}

func TestABlobInTheMakingOfAnotherProcessStays(t *testing.T) {
	needLocks(t)
	r := twoRevisions(t)
	cmd := other(t, "write", filepath.Dir(r.Dir()))
	end := ready(t, cmd)
	done := remove(t, r, "")
	// It is in no listing, so it belongs to neither.
	if len(done.Skipped) == 0 {
		t.Errorf("%+v", done)
	}
	for _, s := range done.Skipped {
		if !errors.Is(s.Err, cache.ErrLocked) {
			t.Errorf("%+v", s)
		}
	}
	if !strings.Contains(dump(t, r.Dir()), "incomplete") {
		t.Error("it is gone")
	}
	gone(t, r.SnapshotDir(commit1), r.SnapshotDir(commit2))
	end()
	if done := remove(t, r, ""); len(done.Skipped) != 0 {
		t.Errorf("%+v", done)
	}
	gone(t, r.Dir())
}

func TestARepositoryGoesWithAllThatItsFolderHolds(t *testing.T) {
	r := twoRevisions(t)
	must(t, os.WriteFile(r.BlobPath("orphan"), []byte("0123456789"), 0o644))
	must(t, os.WriteFile(filepath.Join(r.Dir(), "note"), nil, 0o644))
	must(t, os.WriteFile(r.BlobPath(sha("x")+".01234567.incomplete"), []byte("half"), 0o644))
	want := int64(len("shared") + len("first weights") + len("second weights") + 10 + 4)
	if done := remove(t, r, ""); done.Freed != want || len(done.Skipped) > 0 {
		t.Errorf("%+v, want %d bytes", done, want)
	}
	gone(t, r.Dir())
}

func TestARepositoryThatIsNotInOrderCanGo(t *testing.T) {
	r := twoRevisions(t)
	must(t, os.Remove(r.BlobPath(sha("shared"))))
	info := scan(t, filepath.Dir(r.Dir()))
	if len(info.Repos) != 0 || len(info.Warnings) != 1 || info.Warnings[0].ID != "org/name" {
		t.Fatalf("%+v", info)
	}
	plan, err := info.Plan(cache.Target{Kind: cache.Model, ID: "org/name"})
	if err != nil || len(plan.Repos) != 1 {
		t.Fatal(plan, err)
	}
	if done := remove(t, r, commit1); len(done.Skipped) != 1 {
		t.Errorf("a revision of it goes: %+v", done)
	}
	if done := remove(t, r, ""); len(done.Skipped) != 0 {
		t.Errorf("%+v", done)
	}
	gone(t, r.Dir())
}

func TestTargetsThatAreNotThereAreErrors(t *testing.T) {
	r := twoRevisions(t)
	info := scan(t, filepath.Dir(r.Dir()))
	for _, target := range []cache.Target{
		{Kind: cache.Model, ID: "org/other"},
		{Kind: cache.Dataset, ID: "org/name"},
		{Kind: cache.Model, ID: "org/name", Commit: commit3},
	} {
		if _, err := info.Plan(target); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: %v", target, err)
		}
	}
}

func TestDeletingNeverReachesOutOfTheRepository(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "precious"), []byte("x"), 0o644))
	r := twoRevisions(t)
	dir := filepath.Dir(r.Dir())
	victim := filepath.Join(dir, "models--victim", "blobs", "v")
	must(t, os.MkdirAll(filepath.Dir(victim), 0o755))
	must(t, os.WriteFile(victim, []byte("v"), 0o644))
	// A snapshot of links to what is another's, in the cache and out of it.
	must(t, os.Symlink("../../../models--victim/blobs/v", filepath.Join(r.SnapshotDir(commit1), "evil")))
	must(t, os.Symlink("../../../CACHEDIR.TAG", filepath.Join(r.SnapshotDir(commit1), "tag")))
	must(t, os.Symlink(filepath.Dir(victim), filepath.Join(r.SnapshotDir(commit1), "folder")))
	plan, err := scan(t, dir).Plan(cache.Target{Kind: cache.Model, ID: "org/name", Commit: commit1})
	must(t, err)
	if len(plan.Blobs) != 1 || plan.Freed != int64(len("first weights")) {
		t.Errorf("%+v", plan)
	}
	remove(t, r, commit1)
	there(t, victim, filepath.Join(dir, "CACHEDIR.TAG"))
	gone(t, r.SnapshotDir(commit1))

	// Folders that are links.
	for i, name := range []string{"blobs", "snapshots", "refs", "trees"} {
		for _, target := range []string{outside, "../models--victim/blobs"} {
			r := twoRevisions(t)
			dir := filepath.Dir(r.Dir())
			must(t, os.MkdirAll(filepath.Join(dir, "models--victim", "blobs"), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, "models--victim", "blobs", "v"), nil, 0o644))
			must(t, os.RemoveAll(filepath.Join(r.Dir(), name)))
			must(t, os.Symlink(target, filepath.Join(r.Dir(), name)))
			if done := remove(t, r, ""); len(done.Skipped) == 0 || done.Freed != 0 {
				t.Errorf("%d %s: %+v", i, name, done)
			}
			there(t, filepath.Join(dir, "models--victim", "blobs", "v"), filepath.Join(outside, "precious"))
		}
	}
}

func TestADeletionEndsWithItsContext(t *testing.T) {
	r := twoRevisions(t)
	before := dump(t, r.Dir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := cache.Open(filepath.Dir(r.Dir()), cache.Options{})
	must(t, err)
	defer c.Close()
	if _, err := c.Delete(ctx, cache.Target{Kind: cache.Model, ID: "org/name"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if diff := cmp.Diff(before, dump(t, r.Dir())); diff != "" {
		t.Error(diff)
	}
}

func TestManyBlobsGoInBatches(t *testing.T) {
	r := open(t, t.TempDir(), cache.Options{})
	for i := range 450 {
		put(t, r, commit1, fmt.Sprint(i), fmt.Sprint("data", i))
	}
	put(t, r, commit2, "7", "data7")
	if done := remove(t, r, commit1); len(done.Skipped) > 0 {
		t.Errorf("%+v", done)
	}
	if n := strings.Count(dump(t, filepath.Join(r.Dir(), "blobs")), "\n"); n != 1 {
		t.Errorf("%d blobs are left", n)
	}
}

// deletePython executes Python's strategy for commits.
const deletePython = `
import sys
from huggingface_hub import scan_cache_dir
scan_cache_dir(sys.argv[1]).delete_revisions(*sys.argv[2:]).execute()
`

func TestDeletingLeavesWhatPythonLeaves(t *testing.T) {
	p := python(t)
	for _, commits := range [][]string{{commit1}, {commit2}, {commit1, commit2}} {
		theirs, mine := twoRevisions(t), twoRevisions(t)
		out, err := exec.CommandContext(t.Context(), p, append([]string{"-c", deletePython, filepath.Dir(theirs.Dir())}, commits...)...).CombinedOutput()
		if err != nil {
			t.Fatal(err, string(out))
		}
		remove(t, mine, commits...)
		if diff := cmp.Diff(dump(t, filepath.Dir(theirs.Dir())), dump(t, filepath.Dir(mine.Dir()))); diff != "" {
			t.Errorf("%v (-python +ours)\n%s", commits, diff)
		}
	}
}

func TestVerifyingFindsWhatIsWrong(t *testing.T) {
	r := twoRevisions(t)
	must(t, os.WriteFile(r.BlobPath(sha("first weights")), []byte("first  eights"), 0o644))
	must(t, os.Remove(filepath.Join(r.SnapshotDir(commit2), "config.json")))
	must(t, os.WriteFile(filepath.Join(r.SnapshotDir(commit2), "note.txt"), []byte("a note"), 0o644))
	must(t, os.WriteFile(r.BlobPath("odd"), []byte("odd"), 0o644))
	must(t, os.WriteFile(r.BlobPath(gitSHA("orphan")), []byte("orphan"), 0o644))
	must(t, os.Symlink("../../../../../../etc/passwd", filepath.Join(r.SnapshotDir(commit2), "out")))
	must(t, os.Symlink("../../blobs/none", filepath.Join(r.SnapshotDir(commit2), "dangling")))
	got := ""
	verify := func(commit string) {
		t.Helper()
		got = ""
		must(t, r.Verify(t.Context(), commit, func(c cache.Checked) error {
			got += fmt.Sprintf("%.4s %s %s %d\n", c.Commit, c.Name, c.Status, c.Size)
			if _, wrong := errors.AsType[*cache.HashError](c.Err); wrong != (c.Name == "w.bin" && c.Commit == commit1) {
				t.Errorf("%s: %v", c.Name, c.Err)
			}
			return nil
		}))
	}
	first := "1111 config.json ok 6\n1111 w.bin corrupt 13\n"
	second := "2222 config.json missing 6\n2222 dangling missing 0\n2222 note.txt unknown 6\n2222 out corrupt 0\n2222 sub/copy.bin ok 14\n2222 w.bin ok 14\n"
	rest := []string{" odd unknown 3\n", " " + gitSHA("orphan") + " ok 6\n"}
	if verify(commit1); got != first {
		t.Errorf("got\n%s", got)
	}
	if verify(commit2); got != second {
		t.Errorf("got\n%s", got)
	}
	verify("")
	if !strings.HasPrefix(got, first+second) || !strings.Contains(got, rest[0]) || !strings.Contains(got, rest[1]) {
		t.Errorf("got\n%s", got)
	}
	if strings.Count(got, "\n") != 10 {
		t.Errorf("got\n%s", got)
	}
	if err := r.Verify(t.Context(), commit3, func(cache.Checked) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	stop := errors.New("stop")
	if err := r.Verify(t.Context(), "", func(cache.Checked) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}
