//go:build linux

package hub_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// matrix is what ours makes of each scenario of matrix.json: the kind of the error,
// "" for success.
var matrix = map[string]string{
	"none":              "",
	"moved":             "",
	"resolve-cache":     "",
	"weak":              "",
	"info-fails-once":   "",
	"list-fails-once":   "",
	"head-fails-once":   "",
	"list-cut-once":     "",
	"unavailable-twice": "",
	"busy-once":         "",
	"cut-twice":         "",
	"cut-no-range":      "",
	"xet":               "",
	"compressed":        "",
	"cut-always":        "other",
	"short":             "size",
	"flipped":           "checksum",
	"gated":             "gated",
	"missing":           "repository",
	"error-always":      "other",
}

// serveMatrix serves matrix.json. Its faults begin anew at each call of the second
// result.
func serveMatrix(t *testing.T) (server *hubtest.Server, again func()) {
	t.Helper()
	f, err := os.Open("matrix.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scenario, err := hubtest.ReadScenario(f, os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	server = hubtest.New(t, scenario.Repos...)
	for _, r := range scenario.Repos {
		name := strings.TrimPrefix(r.ID, "matrix/")
		if _, ok := matrix[name]; !ok && name != "moved-to" {
			t.Errorf("nobody says what is to come of %s", r.ID)
		}
	}
	server.Add(scenario.Faults...)
	return server, func() {
		server.ClearFaults()
		server.Add(scenario.Faults...)
	}
}

// place is a folder for the cache and the local folder of one client.
type place struct{ root string }

func newPlace(t *testing.T) place {
	t.Helper()
	return place{t.TempDir()}
}

func (p place) cache() string { return filepath.Join(p.root, "cache") }
func (p place) local() string { return filepath.Join(p.root, "local") }

// in makes a command one for this place.
func (p place) in(c command) command {
	c.Cache = p.cache()
	if c.LocalDir != "" {
		c.LocalDir = p.local()
	}
	return c
}

// here shortens the paths in an answer to those below the place.
func (p place) here(a answer) string {
	if a.Error != "" {
		return "error: " + a.Error
	}
	return filepath.ToSlash(strings.TrimPrefix(a.Path, p.root))
}

// forms are the two kinds of snapshot.
var forms = map[string]command{
	"cache": {Op: "snapshot"},
	"local": {Op: "snapshot", LocalDir: "here"},
}

func TestFaultMatrix(t *testing.T) {
	server, _ := serveMatrix(t)
	t.Run("all", func(t *testing.T) {
		for name, want := range matrix {
			for form, c := range forms {
				t.Run(name+"/"+form, func(t *testing.T) {
					t.Parallel()
					if want == "other" {
						c.Retries = 1 // there is no use in waiting for half a minute
					}
					p := newPlace(t)
					// Each form is a client of its own, for whom the faults are counted.
					w := start(t, ours, server, "HF_HUB_USER_AGENT_ORIGIN="+form)
					c.ID = "matrix/" + name
					a := w.do(p.in(c))
					if a.Error != want {
						t.Errorf("got %q (%s), want %q", a.Error, a.Text, want)
					}
					valid(t, p.root)
				})
			}
		}
	})
	noLeaks(t, server)
}

// valid checks what has to be true of a cache whatever happened: what has a final
// name is whole, and nothing in the making is left.
func valid(t *testing.T, dir string) {
	t.Helper()
	for name, what := range treeOf(t, dir) {
		switch base := filepath.Base(name); {
		case strings.HasSuffix(base, ".incomplete") || strings.HasSuffix(base, ".tmp"):
			t.Errorf("left behind: %s", name)
		case strings.Contains(name, "--") && strings.Contains(name, "/blobs/") && len(base) == 64 && strings.HasPrefix(what, "file") && !strings.HasSuffix(what, base):
			t.Errorf("%s has other bytes: %s", name, what)
		}
	}
}

// noLeaks checks that the second origin never saw the token, which the hub has seen.
func noLeaks(t *testing.T, server *hubtest.Server) {
	t.Helper()
	if all := server.Requests(); len(all) > 0 && !slices.ContainsFunc(all, hubtest.Request.Authorized) {
		t.Error("no request had a token: there was nothing to leak")
	}
	for _, r := range server.Leaks(token) {
		t.Errorf("the token went to the second origin: %s %s", r.Method, r.Path)
	}
}

func TestFaultMatrixBesidePython(t *testing.T) {
	clients := pythons(t)
	server, again := serveMatrix(t)
	for _, python := range clients {
		theirs, mine := start(t, python, server), start(t, ours, server)
		for _, name := range slices.Sorted(maps.Keys(matrix)) {
			for form, c := range forms {
				if matrix[name] == "other" && form != "cache" {
					continue // it takes half a minute
				}
				t.Run(python.name+"/"+name+"/"+form, func(t *testing.T) {
					c.ID = "matrix/" + name
					p, q := newPlace(t), newPlace(t)
					mine.t, theirs.t = t, t
					again()
					mine.send(p.in(c)) // faults are counted for each client
					b := theirs.do(q.in(c))
					a := mine.answer()
					if a.Error != matrix[name] {
						t.Errorf("ours: %q (%s), want %q", a.Error, a.Text, matrix[name])
					}
					t.Logf("%s: %s", python.name, q.here(b))
					if a.Error == "" && b.Error == "" {
						same(t, python, treeOf(t, p.root), treeOf(t, q.root))
					}
				})
			}
		}
	}
	noLeaks(t, server)
}

// TestStandInBesidePython holds the stand-in to what Python's client reads of it.
func TestStandInBesidePython(t *testing.T) {
	for _, python := range pythons(t) {
		t.Run(python.name, func(t *testing.T) {
			server, _ := serveMatrix(t)
			runPython(t, python, server, "standin_check.py")
		})
	}
}
