package hub_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// TestWhatIsDeletedMeanwhileIsFetchedAgain deletes the repository between two files of
// a snapshot, when nothing in the cache says that somebody is at it.
func TestWhatIsDeletedMeanwhileIsFetchedAgain(t *testing.T) {
	r := newRig(t)
	r.snapshot(&hub.SnapshotOptions{Allow: []string{"*.json", "empty"}})
	r.client.Parallel = 1
	deleted := false
	snap := r.snapshot(&hub.SnapshotOptions{Progress: func(e hub.Event) {
		if e.Kind == hub.FileCached && e.File == "empty" && !deleted {
			deleted = true
			r.delete(t.Context())
		}
		if e.FilesDone > e.Files {
			t.Errorf("%+v", e)
		}
	}})
	if !deleted {
		t.Fatal("nothing was deleted")
	}
	r.isToy(snap.Dir)
	r.client, _ = r.newClient()
	// Again and again is nothing that ends well.
	_, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Progress: func(e hub.Event) {
		if e.Kind == hub.FileCached || e.Kind == hub.FileDone {
			_ = os.RemoveAll(snap.Dir)
		}
	}})
	if !errors.Is(err, hub.ErrIncompleteSnapshot) {
		t.Errorf("%v", err)
	}
}

// delete deletes all of the repository that nobody is at.
func (r *rig) delete(ctx context.Context) {
	info, err := hub.Scan(ctx, r.dir)
	if err != nil {
		return
	}
	if plan, err := info.Plan(r.repo); err == nil {
		_, _ = plan.Run(ctx)
	}
}

// TestDeletingAndDownloadingAtOnce has some download and one delete for a while: what
// comes of a download is whole, or an error, and in the end all works.
func TestDeletingAndDownloadingAtOnce(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			r.delete(ctx)
		}
	})
	for range 3 {
		wg.Go(func() {
			c, _ := r.newClient()
			for ctx.Err() == nil {
				_, err := c.Snapshot(ctx, r.repo, nil)
				if err != nil && ctx.Err() == nil && !errors.Is(err, hub.ErrIncompleteSnapshot) && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()
	r.isToy(r.snapshot(nil).Dir)
	for f, err := range r.offline().Verify(t.Context(), r.repo) {
		if err != nil || f.Status != hub.FileOK {
			t.Errorf("%+v %v", f, err)
		}
	}
}

// TestOneClientForManyAtOnce downloads the same and other files with one client, ends
// some in the middle, and leaves nothing running.
func TestOneClientForManyAtOnce(t *testing.T) {
	r := newRig(t)
	_, err := r.client.Info(t.Context(), r.repo) // what is shared is made now
	if err != nil {
		t.Fatal(err)
	}
	before := goroutines()
	var wg sync.WaitGroup
	for k := range 24 {
		wg.Go(func() {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			mine := errors.New("mine")
			stop := func(e hub.Event) {
				if k%2 == 0 && e.Kind == hub.FileProgress {
					cancel(mine)
				}
			}
			var err error
			if k%3 == 0 {
				_, err = r.client.Snapshot(ctx, r.repo, &hub.SnapshotOptions{Progress: stop})
			} else {
				_, err = r.client.Download(ctx, r.repo, []string{large, weight, "config.json"}[k%3], &hub.DownloadOptions{Progress: stop})
			}
			if err != nil && !errors.Is(err, mine) {
				t.Errorf("%d: %v", k, err)
			}
		})
	}
	wg.Wait()
	r.isToy(r.snapshot(nil).Dir)
	r.noLeftovers()
	settled(t, r, before)
}
