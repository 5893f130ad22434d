//go:build linux

package hub_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// full fills a cache with revisions that share files, of repositories of each kind,
// and with what is not in order.
func full(t *testing.T, w *worker, p place) {
	t.Helper()
	w.t = t
	for _, c := range []command{
		{ID: "org/rich"},
		{ID: "org/rich", Revision: "v1.0"},
		{ID: "org/rich", Revision: "refs/pr/1"},
		{ID: "org/rich", Type: "dataset"},
		{ID: "org/rich", Type: "space", Revision: "feature/x", Allow: []string{"sub/*"}},
		{ID: "matrix/none"},
		{ID: "matrix/moved"},
	} {
		c.Op = "snapshot"
		w.must(p.in(c))
	}
	w.do(p.in(command{Op: "download", ID: "org/rich", File: "no.json"}))
	for _, name := range []string{"models--org--empty/refs", "models--org--broken/snapshots/file", "other--org--x", "models--/snapshots"} {
		if err := os.MkdirAll(filepath.Join(p.cache(), name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func serveAll(t *testing.T) *hubtest.Server {
	t.Helper()
	server, _ := serveMatrix(t)
	for _, kind := range []hubtest.Type{hubtest.Model, hubtest.Dataset, hubtest.Space} {
		if err := server.Put(rich("org/rich", kind, false)); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

// copied is a copy of a place, times included.
func copied(t *testing.T, p place) place {
	t.Helper()
	q := newPlace(t)
	if text, err := exec.CommandContext(t.Context(), "cp", "-a", p.root+"/.", q.root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return q
}

func TestScanAndDeleteBesidePython(t *testing.T) {
	for _, python := range pythons(t) {
		server := serveAll(t)
		mine, theirs := start(t, ours, server), start(t, python, server)
		for writer, w := range map[string]*worker{"ours": mine, "python": theirs} {
			t.Run(python.name+"/written-by-"+writer, func(t *testing.T) {
				p := newPlace(t)
				full(t, w, p)
				mine.t, theirs.t = t, t
				scan := p.in(command{Op: "scan"})
				if d := scansDiffer(t, python, mine.must(scan).Scan, theirs.must(scan).Scan); d != "" {
					t.Errorf("the scans of ours and of %s differ:\n%s", python.name, d)
				}
				model, first := server.Commit("", "org/rich", "main"), server.Commit("", "org/rich", "v1.0")
				data := server.Commit(hubtest.Dataset, "org/rich", "main")
				for _, commits := range [][]string{{model}, {model, first}, {first, data, server.Commit("", "matrix/none", "main")}} {
					compareDeletion(t, mine, theirs, p, commits)
				}
			})
		}
	}
}

// compareDeletion deletes the same from two copies of a cache.
func compareDeletion(t *testing.T, mine, theirs *worker, p place, commits []string) {
	t.Helper()
	q, r := copied(t, p), copied(t, p)
	a := mine.must(q.in(command{Op: "delete", Commits: commits}))
	b := theirs.must(r.in(command{Op: "delete", Commits: commits}))
	if a.Freed != b.Freed || a.Freed == 0 {
		t.Errorf("deleting %q: ours frees %d bytes, %s %d", commits, a.Freed, theirs.name, b.Freed)
	}
	if d := differences(treeOf(t, q.root), treeOf(t, r.root)); d != "" {
		t.Errorf("deleting %q leaves by ours, and by %s:\n%s", commits, theirs.name, d)
	}
	scan := command{Op: "scan"}
	if d := scansDiffer(t, theirs.client, mine.must(q.in(scan)).Scan, theirs.must(q.in(scan)).Scan); d != "" {
		t.Errorf("after deleting %q the scans of ours and of %s differ:\n%s", commits, theirs.name, d)
	}
}

// scansDiffer lists what two scans do not share, "" for nothing. The older version of
// Python's client warns of the mark that the newer one leaves.
func scansDiffer(t *testing.T, python client, a, b *scan) string {
	t.Helper()
	if python.name != versions[0] {
		a.Warnings, b.Warnings = 0, 0
	}
	var lines [2][]string
	for i, s := range []*scan{a, b} {
		text, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = strings.Split(string(text), "\n")
	}
	var list []string
	for i := range max(len(lines[0]), len(lines[1])) {
		var pair [2]string
		for k := range pair {
			if i < len(lines[k]) {
				pair[k] = lines[k][i]
			}
		}
		if pair[0] != pair[1] && len(list) < 20 {
			list = append(list, fmt.Sprintf("  line %d: %s, and %s", i+1, pair[0], pair[1]))
		}
	}
	return strings.Join(list, "\n")
}

// TestASecondRunAsksOnce counts the requests for what is there already.
func TestASecondRunAsksOnce(t *testing.T) {
	server := serveStories(t)
	for form, c := range forms {
		for _, w := range []*worker{start(t, ours, server), start(t, ours, server, "HF_HUB_OFFLINE=1")} {
			p := newPlace(t)
			c.ID = "org/rich"
			start(t, ours, server).must(p.in(c))
			server.ClearLog()
			w.must(p.in(c))
			offline := slices.Contains(w.cmd.Env, "HF_HUB_OFFLINE=1")
			want := 1
			if offline {
				want = 0
			}
			if n := len(server.Requests()); n != want {
				t.Errorf("%s, offline %v: %d requests, want %d", form, offline, n, want)
			}
		}
	}
}

// TestWhatIsBeingDownloadedIsNotDeleted deletes a repository in whose folder another
// process is at work.
func TestWhatIsBeingDownloadedIsNotDeleted(t *testing.T) {
	for _, c := range finishers() {
		t.Run(c.name, func(t *testing.T) {
			want := clean(t, slow(t, 20*usual), "cache")
			// No body comes before the deletion is over.
			server, release := slow(t, 20*usual), make(chan struct{})
			over := sync.OnceFunc(func() { close(release) })
			t.Cleanup(over)
			server.Add(hubtest.Fault{Op: hubtest.Body, If: func(r hubtest.Request) bool {
				if r.File != "config.json" {
					<-release
				}
				return false
			}})
			p := newPlace(t)
			w, deleter := start(t, c, server), start(t, ours, server)
			some := slowSnapshot("cache")
			some.Allow = []string{"*.json"}
			w.must(p.in(some))
			w.send(p.in(slowSnapshot("cache")))
			for limit := time.Now().Add(time.Minute); len(unfinished(t, p.root)) < 3; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(limit) {
					t.Fatal("nothing is downloaded")
				}
			}
			a := deleter.do(p.in(command{Op: "delete", Commits: []string{server.Commit("", "org/slow", "main")}}))
			if !strings.Contains(a.Text, "another process is downloading it") {
				t.Errorf("it was deleted: %+v", a)
			}
			over()
			if a := w.answer(); a.Error != "" {
				t.Errorf("the download failed: %s", a.Text)
			}
			deleter.must(p.in(slowSnapshot("cache"))) // what was no longer wanted is there again
			if d := differences(want.older(), treeOf(t, p.root).older()); d != "" {
				t.Errorf("after a single download, and after the deletion:\n%s", d)
			}
		})
	}
}
