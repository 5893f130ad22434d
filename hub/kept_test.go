package hub_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/internal/cache"
)

func (r *rig) scan() *hub.CacheInfo {
	r.t.Helper()
	info, err := r.client.Scan(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return info
}

// verified counts what Verify finds by status.
func (r *rig) verified(repo hub.Repo) map[hub.FileStatus]int {
	r.t.Helper()
	count := map[hub.FileStatus]int{}
	for f, err := range r.client.Verify(r.t.Context(), repo) {
		if err != nil {
			r.t.Fatal(err)
		}
		count[f.Status]++
		if (f.Err != nil) != (f.Status == hub.FileCorrupt) {
			r.t.Errorf("%s is %s with %v", f.Name, f.Status, f.Err)
		}
	}
	return count
}

func TestAScanShowsWhatWasDownloaded(t *testing.T) {
	r := newRig(t)
	if _, err := r.client.Scan(t.Context()); !errors.Is(err, hub.ErrNotCached) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a cache: %v", err)
	}
	snap := r.snapshot(nil)
	info := r.scan()
	if info.Dir != r.dir || len(info.Repos) != 1 || len(info.Warnings) != 0 || len(info.Unfinished) != 0 {
		t.Fatalf("%+v", info)
	}
	got := info.Repos[0]
	if repo, ok := got.Repo(); !ok || repo != r.repo || got.Kind != "model" || got.Blobs != 5 {
		t.Errorf("%+v", got)
	}
	v := info.Revision(r.repo)
	if v == nil || v.Commit != snap.Commit || v.Dir != snap.Dir || !slices.Equal(v.Refs, []string{"main"}) || len(v.Files) != 5 {
		t.Fatalf("%+v", v)
	}
	if want := int64(3_000_000 + 1_000_003 + 21 + 4); v.Size != want || got.Size != want || info.Size != want {
		t.Errorf("sizes %d, %d, %d, want %d", v.Size, got.Size, info.Size, want)
	}
	if info.Revision(hub.Repo{ID: "org/toy", Revision: "other"}) != nil || info.Revision(hub.Repo{ID: "org/other"}) != nil {
		t.Error("a revision that is not there")
	}
}

func TestVerifyTellsWhichFileIsWrong(t *testing.T) {
	r := newRig(t)
	for _, err := range r.client.Verify(t.Context(), r.repo) {
		if !errors.Is(err, hub.ErrNotCached) {
			t.Errorf("without a cache: %v", err)
		}
	}
	snap := r.snapshot(&hub.SnapshotOptions{Ignore: []string{"empty"}})
	if got := r.verified(r.repo); got[hub.FileOK] != 4 || got[hub.FileMissing] != 1 || len(got) != 2 {
		t.Errorf("%v", got)
	}
	name := filepath.Join(snap.Dir, filepath.FromSlash(weight))
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[500_000] ^= 1
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	found := false
	for f, err := range r.client.Verify(t.Context(), hub.Repo{ID: "org/toy", Revision: "main"}) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != weight {
			continue
		}
		found = true
		var wrong *hub.ChecksumError
		if f.Status != hub.FileCorrupt || !errors.As(f.Err, &wrong) || wrong.Path != weight || f.Commit != snap.Commit {
			t.Errorf("%+v", f)
		}
		break // and nothing happens any more
	}
	if !found {
		t.Error("the file is not among them")
	}
}

func TestDeletingTakesTheRevisionThatIsNamed(t *testing.T) {
	r := newRig(t)
	snap := r.snapshot(nil)
	info := r.scan()
	for _, repo := range []hub.Repo{{ID: "org/none"}, {ID: "org/toy", Revision: "v9"}, {Type: hub.Dataset, ID: "org/toy"}} {
		if _, err := info.Plan(repo); !errors.Is(err, hub.ErrNotCached) {
			t.Errorf("%v: %v", repo, err)
		}
	}
	if _, err := info.Plan(hub.Repo{ID: "../x"}); !errors.Is(err, hub.ErrUnsafeName) {
		t.Error(err)
	}
	if _, err := new(hub.CacheInfo).Plan(r.repo); err == nil {
		t.Error("a plan of nothing")
	}
	for _, revision := range []string{"main", snap.Commit, ""} {
		plan, err := info.Plan(hub.Repo{ID: "org/toy", Revision: revision})
		if err != nil {
			t.Fatal(err)
		}
		if plan.Freed != info.Size || len(plan.Repos) != 1 || len(plan.Blobs) != 0 {
			t.Errorf("%q: %+v", revision, plan)
		}
	}
	plan, err := info.Plan(hub.Repo{ID: "org/toy", Revision: "main"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache.Open(r.dir, cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in, err := c.Repo(cache.Model, "org/toy")
	if err != nil {
		t.Fatal(err)
	}
	etag := filepath.Base(info.Revision(r.repo).Files[0].Blob)
	lock, err := in.Lock(t.Context(), etag)
	if err != nil {
		t.Fatal(err)
	}
	done, err := plan.Run(t.Context())
	if err != nil || len(done.Skipped) != 1 || !errors.Is(done.Skipped[0].Err, hub.ErrInUse) || done.Freed != 0 {
		t.Errorf("while it is downloaded: %+v %v", done, err)
	}
	r.isToy(snap.Dir)
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if done, err = plan.Run(t.Context()); err != nil || len(done.Skipped) != 0 || done.Freed != plan.Freed {
		t.Errorf("%+v %v", done, err)
	}
	if left := r.scan(); len(left.Repos) != 0 || left.Size != 0 || len(left.Warnings) != 0 {
		t.Errorf("%+v", left)
	}
	// And it can be fetched again.
	r.isToy(r.snapshot(nil).Dir)
}

func TestAPackageOfLinksBecomesOneOfFiles(t *testing.T) {
	r := newRig(t)
	snap := r.snapshot(nil)
	src := filepath.Join(snap.Dir, "X.mlpackage")
	if linked, err := hub.IsLinked(t.Context(), src); err != nil || !linked {
		t.Error(linked, err)
	}
	for _, o := range []*hub.MaterializeOptions{nil, {Independent: true}} {
		dst := filepath.Join(t.TempDir(), "X.mlpackage")
		if err := hub.Materialize(t.Context(), src, dst, o); err != nil {
			t.Fatal(err)
		}
		if linked, err := hub.IsLinked(t.Context(), dst); err != nil || linked {
			t.Error(linked, err)
		}
		want, err := os.ReadFile(filepath.Join(snap.Dir, filepath.FromSlash(weight)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dst, strings.TrimPrefix(weight, "X.mlpackage/")))
		if err != nil || sha(got) != sha(want) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err := hub.Materialize(t.Context(), filepath.Join(snap.Dir, "sub"), dst, o); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over something else: %v", err)
		}
	}
	if _, err := hub.IsLinked(t.Context(), filepath.Join(snap.Dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
