package hub_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

const large = "model.safetensors"

// ranges are the Range headers of the requests for the large file's body, in their
// order.
func (r *rig) ranges() (all []string) {
	for _, q := range r.hub.Requests() {
		if q.Op == hubtest.Body && q.File == large {
			all = append(all, q.Header.Get("Range"))
		}
	}
	return all
}

// interrupted is where interrupt stops.
const interrupted = 1_500_000

// interrupt downloads the large file until that many bytes have come, and stops then.
func (r *rig) interrupt(o hub.DownloadOptions) {
	r.t.Helper()
	remove := r.hub.Add(body(0, 0, hubtest.Do{CutAfter: interrupted, Hang: true}))
	defer remove()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil && !inTheMaking(cmp.Or(o.LocalDir, r.dir), interrupted) {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	c, _ := r.newClient()
	if _, err := c.Download(ctx, r.repo, large, &o); !errors.Is(err, context.Canceled) {
		r.t.Fatalf("the error is %v", err)
	}
	r.hub.ClearLog()
}

// inTheMaking says whether a file in the making of this size lies below a folder.
func inTheMaking(dir string, size int64) (found bool) {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".incomplete") {
			info, err := d.Info()
			found = found || err == nil && info.Size() == size
		}
		return nil // what is not there yet is looked for again
	})
	return found
}

func TestADownloadGoesOnWhereAnotherStopped(t *testing.T) {
	for name, local := range map[string]bool{"in the cache": false, "in a folder": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			o := hub.DownloadOptions{}
			if local {
				o.LocalDir = filepath.Join(t.TempDir(), "here")
			}
			r.interrupt(o)
			var resumed int64
			o.Progress = func(e hub.Event) {
				if e.Kind == hub.FileResumed {
					resumed = e.Done
				}
			}
			at, err := r.client.Download(t.Context(), r.repo, large, &o)
			if err != nil {
				t.Fatal(err)
			}
			if ranges := r.ranges(); len(ranges) != 1 || ranges[0] != fmt.Sprintf("bytes=%d-", interrupted) || resumed != interrupted {
				t.Errorf("ranges %q, resumed at %d", ranges, resumed)
			}
			if got, err := os.ReadFile(at); err != nil || len(got) != 3_000_000 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			r.noLeftovers()
		})
	}
}

// TestWhatWasLeftIsChecked has the bytes that an earlier process left spoiled: the
// file is fetched again from its beginning.
func TestWhatWasLeftIsChecked(t *testing.T) {
	r := newRig(t)
	r.interrupt(hub.DownloadOptions{})
	left := r.leftovers()
	if len(left) != 1 {
		t.Fatalf("left: %q", left)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, left[0]), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("spoiled"), 1000)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.Download(t.Context(), r.repo, large, nil); err != nil {
		t.Fatal(err)
	}
	if ranges := r.ranges(); len(ranges) != 2 || ranges[0] == "" || ranges[1] != "" {
		t.Errorf("ranges %q", ranges)
	}
	r.noLeftovers()
}

// TestAFailedDownloadLeavesNothingSmall is the other side: what is sooner fetched
// than understood goes when the network has failed for good.
func TestAFailedDownloadLeavesNothingSmall(t *testing.T) {
	r := newRig(t, hubtest.Repo{ID: "org/big", Files: hubtest.FS{large: hubtest.Pattern{Size: 20 << 20}}})
	r.hub.Add(
		hubtest.Fault{Op: hubtest.Body, Repo: "org/toy", To: 1, Do: hubtest.Do{CutHalf: true}},
		body(0, 1, hubtest.Do{CutAfter: 10 << 20}), body(2, 0, hubtest.Do{Drop: true}))
	if _, err := r.client.Download(t.Context(), r.repo, large, nil); err == nil {
		t.Fatal("no error")
	}
	r.noLeftovers()
	big := hub.Repo{ID: "org/big"}
	if _, err := r.client.Download(t.Context(), big, large, nil); err == nil {
		t.Fatal("no error")
	}
	if left := r.leftovers(); len(left) != 1 {
		t.Errorf("ten of twenty megabytes are worth keeping, but left is %q", left)
	}
	r.hub.ClearFaults()
	r.hub.ClearLog()
	if _, err := r.client.Download(t.Context(), big, large, nil); err != nil {
		t.Fatal(err)
	}
	if ranges := r.ranges(); len(ranges) != 1 || ranges[0] == "" {
		t.Errorf("ranges %q", ranges)
	}
}

// TestEachBodyIsFetchedOnce has three clients race for one snapshot, as three
// processes would: they share nothing but the folder.
func TestEachBodyIsFetchedOnce(t *testing.T) {
	for name, local := range map[string]bool{"in the cache": false, "in a folder": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(body(0, 0, hubtest.Do{Rate: 4_000_000}))
			var o hub.SnapshotOptions
			if local {
				o.LocalDir = filepath.Join(t.TempDir(), "here")
			}
			var wg sync.WaitGroup
			for range 3 {
				c, _ := r.newClient()
				wg.Go(func() {
					if _, err := c.Snapshot(t.Context(), r.repo, &o); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for file, n := range r.hub.Bodies() {
				if n != 1 {
					t.Errorf("%s was fetched %d times", file, n)
				}
			}
			r.noLeftovers()
		})
	}
}

// TestEndlessProgressOfNothingEnds gives one byte per connection.
func TestEndlessProgressOfNothingEnds(t *testing.T) {
	r := newRig(t)
	r.hub.Add(body(0, 0, hubtest.Do{CutAfter: 1}))
	_, err := r.client.Download(t.Context(), r.repo, large, nil)
	if err == nil {
		t.Fatal("no error")
	}
	if n := len(r.ranges()); n != 6 {
		t.Errorf("%d requests", n)
	}
}

// TestALargeFileOutlivesItsConnections is cut more often than there are retries, but
// moves on each time.
func TestALargeFileOutlivesItsConnections(t *testing.T) {
	r := newRig(t, hubtest.Repo{ID: "org/big", Files: hubtest.FS{large: hubtest.Pattern{Size: 20 << 20}}})
	r.hub.Add(body(0, 9, hubtest.Do{CutAfter: 2 << 20}))
	if _, err := r.client.Download(t.Context(), hub.Repo{ID: "org/big"}, large, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(r.ranges()); n != 10 {
		t.Errorf("%d requests", n)
	}
}

func TestSilenceEndsAnAttempt(t *testing.T) {
	t.Parallel()
	const silence = 2 * time.Second // longer than a busy machine pauses, but for some times
	for name, faults := range map[string][]hubtest.Fault{
		"of questions":            {{Op: hubtest.Info, To: 1, Do: hubtest.Do{Hang: true}}, {Op: hubtest.Tree, To: 1, Do: hubtest.Do{Hang: true}}},
		"of metadata":             {{Op: hubtest.Head, To: 1, Do: hubtest.Do{Hang: true}}},
		"of a body":               {body(0, 1, hubtest.Do{Hang: true})},
		"in the middle of a body": {body(0, 1, hubtest.Do{CutHalf: true, Hang: true})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rig{t: t, hub: hubtest.New(t, toy()), repo: hub.Repo{ID: "org/toy"}, dir: t.TempDir()}
			r.client, r.waits = r.newClient()
			r.client.HeadTimeout, r.client.BodyTimeout = silence, silence
			r.hub.Add(faults...)
			start := time.Now()
			r.isToy(r.snapshot(nil).Dir)
			if took := time.Since(start); took < silence || took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAHubIsGivenTheTimeThatItAsksFor(t *testing.T) {
	soon := time.Now().Add(5 * time.Minute).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	for name, c := range map[string]struct {
		status   int
		header   map[string]string
		min, max time.Duration
	}{
		"seconds":             {429, map[string]string{"Retry-After": "7"}, 8 * time.Second, 8 * time.Second},
		"a date":              {503, map[string]string{"Retry-After": soon}, time.Minute, 5*time.Minute + time.Second},
		"a limit of requests": {429, map[string]string{"RateLimit": `"resolvers";r=0;t=55`}, 56 * time.Second, 56 * time.Second},
		"requests are left":   {429, map[string]string{"RateLimit": `"resolvers";r=3;t=55`}, time.Second / 2, time.Second},
		"nothing":             {500, nil, time.Second / 2, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			for op, ask := range map[hubtest.Op]func(*rig) error{
				hubtest.Body: func(r *rig) error { _, err := r.client.Download(t.Context(), r.repo, large, nil); return err },
				hubtest.Head: func(r *rig) error { _, err := r.client.Download(t.Context(), r.repo, large, nil); return err },
				hubtest.Info: func(r *rig) error { _, err := r.client.Info(t.Context(), r.repo); return err },
			} {
				r := newRig(t)
				r.hub.Add(hubtest.Fault{Op: op, To: 1, Do: hubtest.Do{Status: c.status, Header: c.header}})
				if err := ask(r); err != nil {
					t.Fatal(err)
				}
				waits := r.waits.All()
				if len(waits) != 1 || waits[0] < c.min || waits[0] > c.max {
					t.Errorf("%s: it waited %v", op, waits)
				}
			}
		})
	}
}

func TestAnHourIsNotWaited(t *testing.T) {
	r := newRig(t)
	r.hub.Add(body(0, 0, hubtest.Do{Status: 429, Header: map[string]string{"Retry-After": "3600"}}))
	_, err := r.client.Download(t.Context(), r.repo, large, nil)
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || e.Status != 429 || len(r.waits.All()) > 0 {
		t.Errorf("%v, waited %v", err, r.waits.All())
	}
}

// TestSizesThatNobodySays leaves the size out of the metadata, and then out of the
// body's headers as well.
func TestSizesThatNobodySays(t *testing.T) {
	noSize := map[string]string{"X-Linked-Size": "", "Content-Length": ""}
	for name, faults := range map[string][]hubtest.Fault{
		"in the metadata": {{Op: hubtest.Head, Do: hubtest.Do{Header: noSize}}},
		"anywhere":        {{Op: hubtest.Head, Do: hubtest.Do{Header: noSize}}, body(0, 0, hubtest.Do{Header: noSize})},
		"and a cut":       {{Op: hubtest.Head, Do: hubtest.Do{Header: noSize}}, body(0, 1, hubtest.Do{CutHalf: true})},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(faults...)
			for file, want := range map[string]int64{large: 3_000_000, "sub/vocab.txt": 4} {
				at, err := r.client.Download(t.Context(), r.repo, file, nil)
				if err != nil {
					t.Error(err)
					continue
				}
				if info, err := os.Stat(at); err != nil || info.Size() != want {
					t.Errorf("%v, %v", info, err)
				}
			}
			r.hub.ClearFaults()
			r.hub.Add(hubtest.Fault{Op: hubtest.Head, Do: hubtest.Do{Header: noSize}}, body(0, 0, hubtest.Do{Flip: []int64{1}, Header: noSize}))
			if _, err := r.client.Download(t.Context(), r.repo, "config.json", nil); !errors.Is(err, hub.ErrChecksum) {
				t.Errorf("%s: the error is %v", name, err)
			}
			r.noLeftovers()
		})
	}
}
