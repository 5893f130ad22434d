package hub_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// full fills a cache with revisions that share files, of repositories of each kind,
// and with what is not in order.
func full(t *testing.T, w *worker, server *hubtest.Server, p place) {
	t.Helper()
	w.t = t
	for _, c := range []command{
		{ID: "org/rich"}, {ID: "org/rich", Revision: "v1.0"}, {ID: "org/rich", Revision: "refs/pr/1"}, {ID: "org/rich", Type: "dataset"},
		{ID: "org/rich", Type: "space", Revision: "feature/x", Allow: []string{"sub/*"}}, {ID: "matrix/none"}, {ID: "matrix/moved"},
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
				full(t, w, server, p)
				mine.t, theirs.t = t, t
				scan := p.in(command{Op: "scan"})
				a, b := asJSON(t, mine.must(scan).Scan), asJSON(t, theirs.must(scan).Scan)
				if a != b {
					t.Errorf("ours:\n%s\n%s:\n%s", a, python.name, b)
				}
				model, first := server.Commit("", "org/rich", "main"), server.Commit("", "org/rich", "v1.0")
				data := server.Commit(hubtest.Dataset, "org/rich", "main")
				for _, commits := range [][]string{{model}, {first}, {model, first}, {data}, {first, data, server.Commit("", "matrix/none", "main")}} {
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
	if a, b := asJSON(t, mine.must(q.in(scan)).Scan), asJSON(t, theirs.must(q.in(scan)).Scan); a != b {
		t.Errorf("after deleting %q ours:\n%s\n%s:\n%s", commits, a, theirs.name, b)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
