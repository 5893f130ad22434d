//go:build unix

package hub_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// TestPipesInTheCacheHoldNobodyUp puts named pipes, which wait for a writer when they
// are opened, and folders in the place of everything in a cache.
func TestPipesInTheCacheHoldNobodyUp(t *testing.T) {
	const repo = "models--org--toy"
	for _, name := range []string{
		"", repo, repo + "/refs", repo + "/refs/main", repo + "/trees", repo + "/trees/COMMIT.json", repo + "/blobs", repo + "/snapshots",
		repo + "/snapshots/COMMIT", repo + "/snapshots/COMMIT/config.json", repo + "/blobs/ETAG", repo + "/.no_exist", ".locks", ".locks/" + repo, ".locks/" + repo + "/ETAG.lock", "blobs",
	} {
		for kind, put := range map[string]func(string) error{
			"pipe": func(at string) error { return syscall.Mkfifo(at, 0o600) },
			"folder": func(at string) error {
				return os.MkdirAll(filepath.Join(at, "x"), 0o755)
			},
			"loop": func(at string) error { return os.Symlink(filepath.Base(at), at) },
		} {
			t.Run(kind+" "+name, func(t *testing.T) { pipeInCache(t, name, put) })
		}
	}
}

func pipeInCache(t *testing.T, name string, put func(string) error) {
	t.Helper()
	r := newRig(t)
	snap := r.snapshot(nil)
	link, err := os.Readlink(filepath.Join(snap.Dir, "config.json"))
	if err != nil {
		t.Skip(err)
	}
	name = strings.NewReplacer("COMMIT", snap.Commit, "ETAG", filepath.Base(link)).Replace(name)
	at := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.RemoveAll(at); err != nil {
		t.Fatal(err)
	}
	if err := put(at); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		useAll(t.Context(), r)
	}()
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		t.Fatal(stacks())
	}
}

// useAll does all that can be done with a cache; errors are as they may be.
func useAll(ctx context.Context, r *rig) {
	offline := r.offline()
	_, _ = offline.Scan(ctx)
	for range offline.Verify(ctx, r.repo) {
	}
	for range offline.Verify(ctx, hub.Repo{ID: "org/toy", Revision: "main"}) {
	}
	for _, c := range []*hub.Client{offline, r.client} {
		_, _ = c.Download(ctx, r.repo, "config.json", nil)
		_, _ = c.Download(ctx, r.repo, "none", nil)
		_, _ = c.Snapshot(ctx, r.repo, nil)
		_, _ = c.Snapshot(ctx, r.repo, &hub.SnapshotOptions{LocalDir: r.dir + "-local"})
		_, _ = c.Resolve(ctx, "org/toy", nil)
		_, _ = c.ResolveTokenizer(ctx, "org/toy", nil)
	}
	if info, err := offline.Scan(ctx); err == nil {
		if plan, err := info.Plan(r.repo); err == nil {
			_, _ = plan.Run(ctx)
		}
	}
}
