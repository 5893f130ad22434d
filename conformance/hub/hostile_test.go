//go:build linux

package hub_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// What an attack may cost a process. The time is the processor's, so that a busy
// machine fails nothing; the worker has a limit for what only waits.
const (
	hostileMemory = 192 << 20
	hostileTime   = 20 * time.Second
)

// attack is what a hub does, and what ours must make of it.
type attack struct {
	faults []hubtest.Fault
	// prepare puts something into the cache before.
	prepare func(t *testing.T, p place)
	// want is the kind of the error, "" for success.
	want string
	// once says that one form of download is enough.
	once bool
}

// at is a fault of one kind of request.
func at(op hubtest.Op, do hubtest.Do) attack {
	return attack{faults: []hubtest.Fault{{Op: op, Do: do}}}
}

// is sets what must come of it.
func (a attack) is(kind string) attack {
	a.want = kind
	return a
}

// listing is an attack of a list of files that has a name in it.
func listing(names ...string) attack {
	return at(hubtest.Tree, hubtest.Do{Listing: &hubtest.Listing{Names: names}})
}

// elsewhere sends requests to the second origin.
var elsewhere = hubtest.Do{Redirect: "{cdn}{path}"}

func header(name, value string) hubtest.Do {
	return hubtest.Do{Header: map[string]string{name: value}}
}

func attacks() map[string]attack {
	list := map[string]attack{
		"ten million files in pages":     at(hubtest.Tree, hubtest.Do{Listing: &hubtest.Listing{Entries: 10_000_000, PageSize: 1000}}).is("too large"),
		"ten million files on a page":    at(hubtest.Tree, hubtest.Do{Listing: &hubtest.Listing{Entries: 10_000_000}}).is("too large"),
		"endless pages":                  at(hubtest.Tree, hubtest.Do{Listing: &hubtest.Listing{Endless: true}}).is("too large"),
		"pages in a circle":              at(hubtest.Tree, header("Link", `<{hub}{path}>; rel="next"`)).is("not a hub"),
		"pages at another origin":        at(hubtest.Tree, header("Link", `<{cdn}{path}>; rel="next"`)).is("not a hub"),
		"endless redirects of info":      at(hubtest.Info, hubtest.Do{Loop: true}).is("not a hub"),
		"endless redirects of the list":  at(hubtest.Tree, hubtest.Do{Loop: true}).is("not a hub"),
		"endless redirects of HEAD":      at(hubtest.Head, hubtest.Do{Loop: true}).is("not a hub"),
		"endless redirects of bodies":    at(hubtest.Body, hubtest.Do{Loop: true}).is("not a hub"),
		"info elsewhere":                 at(hubtest.Info, elsewhere).is("not a hub"),
		"the list elsewhere":             at(hubtest.Tree, elsewhere).is("not a hub"),
		"bodies elsewhere":               {faults: []hubtest.Fault{{Op: hubtest.Body, Origin: hubtest.Hub, Do: elsewhere}, {Op: hubtest.Redirect, Do: elsewhere}}, want: "other"},
		"a length that is too long":      at(hubtest.Body, hubtest.Do{CutAfter: 1, Header: map[string]string{"Content-Length": "3000001"}}).is("size"),
		"a length that is too short":     at(hubtest.Body, header("Content-Length", "10")).is("size"),
		"a length of exabytes":           at(hubtest.Head, hubtest.Do{Header: map[string]string{"X-Linked-Size": "9223372036854775807", "Content-Length": ""}}).is("disk full"),
		"a bomb as info":                 at(hubtest.Info, hubtest.Do{Bomb: 10 << 30}).is("too large"),
		"a bomb as the list":             at(hubtest.Tree, hubtest.Do{Bomb: 10 << 30}).is("too large"),
		"a bomb as a body":               at(hubtest.Body, hubtest.Do{Bomb: 10 << 30}).is("not a hub"),
		"a bomb as an error":             {faults: []hubtest.Fault{{Op: hubtest.Tree, Do: hubtest.Do{Status: 400, Bomb: 10 << 30}}}, want: "too large"},
		"an endless error":               {faults: []hubtest.Fault{{Do: hubtest.Do{Status: 400, Body: "error ", Endless: true}}}, want: "not cached"},
		"an endless body":                at(hubtest.Body, hubtest.Do{Status: 200, Body: "more ", Endless: true}).is("size"),
		"endless headers":                {faults: []hubtest.Fault{{Do: hubtest.Do{Raw: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 1000), Endless: true}}}, want: "not cached"},
		"a commit that is a path":        at(hubtest.Info, hubtest.Do{Status: 200, Body: `{"sha":"../../../evil"}`}).is("not a hub"),
		"a commit that is a path, HEAD":  at(hubtest.Head, header("X-Repo-Commit", "../../../evil")).is("not a hub"),
		"an etag that is a path":         at(hubtest.Head, hubtest.Do{Header: map[string]string{"ETag": `"../../evil"`, "X-Linked-Etag": `"../../evil"`}}).is("unsafe name"),
		"names that differ in case":      {faults: nil, want: ""},
		"a link out of the cache: blobs": {prepare: linkOut("blobs"), want: "other"},
		"a link out of the cache: snaps": {prepare: linkOut("snapshots"), want: "other"},
		"a link out of the cache: refs":  {prepare: linkOut("refs"), want: ""}, // the commit is not noted, and all else is there
		"a link out of the cache: all":   {prepare: linkOut(""), want: "other"},
	}
	for name, path := range map[string]string{
		"..": "../evil", ".. below": "a/../../../evil", "absolute": "/evil", "a drive": `C:\evil`, "UNC": `\\evil\share`, "NUL": "a\x00b",
		"64 KiB": strings.Repeat("a", 64<<10), "64 KiB of folders": strings.Repeat("a/", 32<<10) + "b", "the name of nothing": "",
	} {
		a := listing("config.json", path).is("unsafe name")
		if path == "" {
			a.want = "not a hub"
		}
		list["the name "+name] = a
	}
	for name, a := range list {
		a.once = strings.Contains(name, "million") || strings.Contains(name, "link")
		list[name] = a
	}
	return list
}

// linkOut puts a link that leads out of the cache into the repository's folder, or in
// its place.
func linkOut(what string) func(*testing.T, place) {
	return func(t *testing.T, p place) {
		t.Helper()
		outside, link := filepath.Join(p.root, "outside"), filepath.Join(p.cache(), "models--org--toy", what)
		for _, dir := range []string{outside, filepath.Dir(link)} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(outside, link); err != nil {
			t.Skip(err)
		}
	}
}

func TestHostileHubs(t *testing.T) {
	list := attacks()
	t.Run("all", func(t *testing.T) {
		for name, a := range list {
			for form, c := range forms {
				if a.once && form != "cache" {
					continue
				}
				t.Run(strings.ReplaceAll(name, " ", "-")+"/"+form, func(t *testing.T) {
					t.Parallel()
					a.run(t, c)
				})
			}
		}
	})
}

// run downloads from the hostile hub, in a process of its own.
func (a attack) run(t *testing.T, c command) {
	server := hubtest.New(t, hubtest.Repo{ID: "org/toy", Files: hubtest.FS{
		"config.json": hubtest.Text("{}"), "Config.json": hubtest.Text("{ }"), weights: hubtest.Pattern{Size: 3_000_000}, deep: hubtest.Pattern{Size: 100_003, Seed: 7},
	}})
	server.Add(a.faults...)
	p := newPlace(t)
	if a.prepare != nil {
		a.prepare(t, p)
	}
	before := treeOf(t, p.root)
	w := start(t, ours, server)
	c.ID, c.Retries = "org/toy", 1
	got := w.do(p.in(c))
	if got.Error != a.want {
		t.Errorf("got %q (%s), want %q", got.Error, got.Text, a.want)
	}
	state := w.end()
	if memory := maxRSS(state); memory > hostileMemory {
		t.Errorf("it took %d MiB of memory", memory>>20)
	}
	if used := state.UserTime() + state.SystemTime(); used > hostileTime {
		t.Errorf("it took %v of processor time", used)
	}
	t.Logf("%d MiB, %v: %.200s", maxRSS(state)>>20, state.UserTime()+state.SystemTime(), got.Text)
	after := treeOf(t, p.root)
	maps.DeleteFunc(after, func(name, what string) bool {
		return before[name] == what || name == "cache" || name == "local" || strings.HasPrefix(name, "cache/") || strings.HasPrefix(name, "local/")
	})
	for name := range after {
		t.Errorf("it made %q outside of the cache", name)
	}
	valid(t, p.root)
	noLeaks(t, server)
}
