package hub_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// TestAPanicInProgressIsTheCallers has a function of the caller panic in the middle of
// each way of downloading: who called can recover, nothing is left running or locked,
// and the next download works.
func TestAPanicInProgressIsTheCallers(t *testing.T) {
	for name, run := range map[string]func(*rig, func(hub.Event)) error{
		"snapshot": func(r *rig, f func(hub.Event)) error {
			_, err := r.client.Snapshot(r.t.Context(), r.repo, &hub.SnapshotOptions{Progress: f})
			return err
		},
		"local folder": func(r *rig, f func(hub.Event)) error {
			_, err := r.client.Snapshot(r.t.Context(), r.repo, &hub.SnapshotOptions{Progress: f, LocalDir: r.dir + "-local"})
			return err
		},
		"download": func(r *rig, f func(hub.Event)) error {
			_, err := r.client.Download(r.t.Context(), r.repo, large, &hub.DownloadOptions{Progress: f})
			return err
		},
	} {
		for _, kind := range []hub.EventKind{hub.FileStarted, hub.FileProgress, hub.FileDone} {
			t.Run(name+" "+kind.String(), func(t *testing.T) {
				r := newRig(t)
				before := goroutines()
				recovered := func() (v any) {
					defer func() { v = recover() }()
					_ = run(r, func(e hub.Event) {
						if e.Kind == kind && (kind != hub.FileProgress || e.Done > 0) {
							panic("the caller's")
						}
					})
					return nil
				}()
				if recovered != "the caller's" {
					t.Errorf("recovered %v", recovered)
				}
				if err := run(r, nil); err != nil { // waits for ever where a lock is held
					t.Error(err)
				}
				settled(t, r, before)
			})
		}
	}
}

// settled waits until no more goroutines run than did before.
func settled(t *testing.T, r *rig, before int) {
	t.Helper()
	r.hub.Close()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if goroutines() <= before {
			return
		}
	}
	t.Errorf("%d goroutines in place of %d:\n%s", goroutines(), before, stacks())
}

// goroutines counts those that are no connections and no hub.
func goroutines() int {
	n := 0
	for stack := range strings.SplitSeq(stacks(), "\n\n") {
		if !strings.Contains(stack, "net/http.") {
			n++
		}
	}
	return n
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// TestATestThatFailsInProgressGetsNoSnapshot leaves the goroutine as t.FailNow does: a
// file must not be missing without a word.
func TestATestThatFailsInProgressGetsNoSnapshot(t *testing.T) {
	r := newRig(t)
	came := make(chan bool, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Progress: func(e hub.Event) {
			if e.Kind == hub.FileStarted && e.File == large {
				runtime.Goexit()
			}
		}})
		came <- err == nil
	}()
	<-done
	select {
	case ok := <-came:
		t.Errorf("Snapshot returned, and said that all is well: %v", ok)
	default:
	}
	r.snapshot(nil)
	r.isToy(r.snapshot(nil).Dir)
}
