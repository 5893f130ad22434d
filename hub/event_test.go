package hub_test

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// time0 is ten seconds behind the time of a file.
func time0(t *testing.T, name string) time.Time {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().Add(10 * time.Second)
}

func TestEventsTellWhatHappens(t *testing.T) {
	r := newRig(t)
	r.hub.Add(body(0, 1, hubtest.Do{CutHalf: true}))
	var busy atomic.Int32
	var events []hub.Event
	o := &hub.SnapshotOptions{Progress: func(e hub.Event) {
		if busy.Add(1) != 1 {
			t.Error("two calls at once")
		}
		events = append(events, e)
		busy.Add(-1)
	}}
	r.snapshot(o)
	checkEvents(t, events)
	counts := map[hub.EventKind]int{}
	for _, e := range events {
		counts[e.Kind]++
	}
	if counts[hub.FileStarted] != 5 || counts[hub.FileRetried] != 4 || counts[hub.FileDone] != 5 || counts[hub.FileFailed] != 0 {
		t.Errorf("%v", counts)
	}

	events = nil
	r.snapshot(o)
	checkEvents(t, events)
	if len(events) != 7 { // the listing, five files that are there, the end
		t.Errorf("%d events: %+v", len(events), events)
	}
}

// checkEvents checks what holds for every snapshot that goes well.
func checkEvents(t *testing.T, events []hub.Event) {
	t.Helper()
	first, last := events[0], events[len(events)-1]
	if first.Kind != hub.Listed || first.Files != 5 || first.Bytes != 4_000_028 {
		t.Errorf("first: %+v", first)
	}
	if last.Kind != hub.Done || last.FilesDone != 5 || last.BytesDone != last.Bytes {
		t.Errorf("last: %+v", last)
	}
	sums := map[string]int64{}
	for _, e := range events {
		if e.File == "" {
			continue
		}
		sums[e.File] = e.Done
		var all int64
		for _, n := range sums {
			all += n
		}
		if e.BytesDone != all || e.Done > e.Size || e.BytesDone > e.Bytes {
			t.Errorf("%v of %s: %+v, want %d bytes", e.Kind, e.File, e, all)
		}
		if (e.Err != nil) != (e.Kind == hub.FileRetried || e.Kind == hub.FileFailed) {
			t.Errorf("%v: error %v", e.Kind, e.Err)
		}
	}
}

func TestAFailureIsAnEvent(t *testing.T) {
	r := newRig(t)
	r.hub.Add(body(0, 0, hubtest.Do{Flip: []int64{5}}))
	var failed []hub.Event
	_, err := r.client.Download(t.Context(), r.repo, large, &hub.DownloadOptions{Progress: func(e hub.Event) {
		if e.Kind == hub.FileFailed {
			failed = append(failed, e)
		}
	}})
	if err == nil || len(failed) != 1 || failed[0].Err != err || failed[0].File != large { //nolint:errorlint // it is to be the same one
		t.Errorf("%v, %+v", err, failed)
	}
}

func TestKindsOfEventsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for k := hub.Listed; k <= hub.Done; k++ {
		if seen[k.String()] || k.String() == "" || k.String() == "unknown" {
			t.Errorf("%d is %q", k, k)
		}
		seen[k.String()] = true
	}
	if got := hub.EventKind(99).String(); got != "unknown" {
		t.Error(got)
	}
}
