//go:build linux

package hub_test

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// usual is a speed at which the largest body takes a second.
const usual = 3_000_000

// slowFiles are those of the slow hub.
var slowFiles = hubtest.FS{
	"config.json":     hubtest.Text("{\"model_type\":\"toy\"}\n"),
	"sub/vocab.txt":   hubtest.Text(strings.Repeat("word\n", 10_000)),
	"sub/same.txt":    hubtest.Text(strings.Repeat("word\n", 10_000)),
	weights:           hubtest.Pattern{Size: 3_000_000},
	"two.safetensors": hubtest.Pattern{Size: 2_000_000, Seed: 2},
	deep:              hubtest.Pattern{Size: 1_000_003, Seed: 7},
}

// slow is a hub whose bodies come with so many bytes a second.
func slow(t *testing.T, rate int64) *hubtest.Server {
	t.Helper()
	server := hubtest.New(t, hubtest.Repo{ID: "org/slow", Files: slowFiles})
	server.Add(hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Rate: rate}})
	return server
}

// clean is what a single undisturbed download leaves.
func clean(t *testing.T, server *hubtest.Server, form string) tree {
	t.Helper()
	p := newPlace(t)
	start(t, ours, server).must(p.in(slowSnapshot(form)))
	server.ClearLog()
	return treeOf(t, p.root)
}

func slowSnapshot(form string) command {
	c := forms[form]
	c.ID = "org/slow"
	return c
}

// race has several processes fetch the same snapshot at once. Each body must be
// fetched once.
func race(t *testing.T, form string, clients ...client) {
	t.Helper()
	want := clean(t, slow(t, 20*usual), form)
	server := slow(t, usual)
	p := newPlace(t)
	var workers []*worker
	for _, c := range clients {
		workers = append(workers, start(t, c, server))
	}
	for _, w := range workers {
		w.send(p.in(slowSnapshot(form)))
	}
	for _, w := range workers {
		if a := w.answer(); a.Error != "" {
			t.Errorf("%s: %s", w.name, a.Text)
		}
	}
	for file, n := range server.Bodies() {
		// A local folder locks places, not contents: the same bytes in two are fetched twice.
		if twice := form == "local" && strings.HasSuffix(file, "same.txt"); n != 1 && !twice {
			t.Errorf("%s was fetched %d times", file, n)
		}
	}
	got := treeOf(t, p.root)
	for _, c := range clients {
		if c.name == "0.36.2" { // which makes lock files of another mode, whoever comes first
			got, want = got.older(), want.older()
		}
	}
	if d := differences(want, got); d != "" {
		t.Errorf("after a single download, and after the race:\n%s", d)
	}
	noLeaks(t, server)
}

func TestProcessesFetchEachBodyOnce(t *testing.T) {
	t.Parallel()
	for form := range forms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			race(t, form, ours, ours, ours)
		})
	}
}

func TestProcessesOfBothKindsFetchEachBodyOnce(t *testing.T) {
	for _, python := range pythons(t) {
		for form := range forms {
			t.Run(python.name+"/"+form, func(t *testing.T) {
				race(t, form, ours, python, ours, python)
			})
		}
	}
}

// unfinished are the sizes of the files in the making below a folder.
func unfinished(t *testing.T, dir string) (sizes []int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".incomplete") {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				sizes = append(sizes, info.Size())
			}
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return sizes
}

// killed starts a snapshot and kills the process after a while.
func killed(t *testing.T, c client, server *hubtest.Server, p place, form string, after time.Duration) {
	t.Helper()
	w := start(t, c, server)
	w.send(p.in(slowSnapshot(form)))
	time.Sleep(after)
	w.kill()
	// The hub has noticed when it has no request any more that is not over.
	for limit := time.Now().Add(time.Minute); server.Count(func(r hubtest.Request) bool { return !r.Done }) > 0; {
		if time.Now().After(limit) {
			t.Fatal("the hub still sends to a process that is dead")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// whole checks that what has a final name is whole: the kill may have left files in
// the making, and nothing else that is not in a whole download too. A lock file is
// made before it is opened to others.
func whole(t *testing.T, want, got tree) {
	t.Helper()
	for name, what := range got {
		if !strings.HasSuffix(name, ".incomplete") && !strings.HasSuffix(name, ".lock") && !inTheMaking(name) && want[name] != what {
			t.Errorf("there is %q: %s, want %s", name, what, orNothing(want[name]))
		}
	}
}

// inTheMaking says whether a name is that of a small file that was being written when
// its process was killed. It stays, in Python's cache as in ours.
func inTheMaking(name string) bool { return strings.HasSuffix(name, ".tmp") }

// TestKilledDownloadsAreGoneOnWith kills a download at ten random points, and lets
// another process finish it.
func TestKilledDownloadsAreGoneOnWith(t *testing.T) {
	t.Parallel()
	for form := range forms {
		want := clean(t, slow(t, 20*usual), form)
		for n := range 10 {
			t.Run(fmt.Sprintf("%s/%d", form, n), func(t *testing.T) {
				t.Parallel()
				server := slow(t, 2*usual)
				p := newPlace(t)
				after := rand.N(700 * time.Millisecond)
				killed(t, ours, server, p, form, after)
				left := unfinished(t, p.root)
				t.Logf("killed after %v, with files of %d bytes in the making", after, left)
				whole(t, want, treeOf(t, p.root))
				start(t, ours, server).must(p.in(slowSnapshot(form)))
				if d := differences(want.afterKill(), treeOf(t, p.root).afterKill()); d != "" {
					t.Errorf("after a single download, and after going on:\n%s", d)
				}
				resumed := server.Count(func(r hubtest.Request) bool { return r.Op == hubtest.Body && r.Header.Get("Range") != "" })
				if most := len(left); resumed > most {
					t.Errorf("%d files were gone on with, and %d were in the making", resumed, most)
				}
				for file, n := range server.Bodies() {
					if twice := strings.HasSuffix(file, "same.txt") && form == "local"; n > 2 && !twice {
						t.Errorf("%s was asked for %d times: by the process that was killed, and by the other", file, n)
					}
				}
				refetched(t, server, left)
				noLeaks(t, server)
			})
		}
	}
}

// refetched checks that what was in the making was not fetched again: each of these
// files is asked for from where it ended.
func refetched(t *testing.T, server *hubtest.Server, left []int64) {
	t.Helper()
	for _, size := range left {
		want := fmt.Sprintf("bytes=%d-", size)
		if n := server.Count(func(r hubtest.Request) bool { return r.Header.Get("Range") == want }); n == 0 && size > 0 && !isWhole(size) {
			t.Errorf("nobody asked for the rest of the file of which %d bytes were there", size)
		}
	}
}

// isWhole says whether a file in the making has all of the bytes of one of the files: its
// process was killed before it could give it its name.
func isWhole(size int64) bool {
	for _, content := range slowFiles {
		if n, _ := io.Copy(io.Discard, content.Reader()); n == size {
			return true
		}
	}
	return false
}

// TestKilledDownloadsAreFinishedByTheOther has Python finish what ours began, and the
// other way round.
func TestKilledDownloadsAreFinishedByTheOther(t *testing.T) {
	for _, python := range pythons(t) {
		for form := range forms {
			for name, pair := range map[string][2]client{"ours first": {ours, python}, "Python first": {python, ours}} {
				t.Run(python.name+"/"+form+"/"+strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
					want := clean(t, slow(t, 20*usual), form)
					server := slow(t, 2*usual)
					for range 3 {
						p := newPlace(t)
						killed(t, pair[0], server, p, form, rand.N(700*time.Millisecond))
						whole(t, want.older(), treeOf(t, p.root).older())
						start(t, pair[1], server).must(p.in(slowSnapshot(form)))
						// Neither takes what the other has in the making: it stays for a day.
						if d := differences(want.older(), treeOf(t, p.root).older().afterKill()); d != "" {
							t.Errorf("after a single download, and after going on:\n%s", d)
						}
					}
					noLeaks(t, server)
				})
			}
		}
	}
}
