//go:build linux

package hub_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

const (
	weights = "model.safetensors"
	deep    = "X.mlpackage/Data/com.apple.CoreML/weights/weight.bin"
)

// states are the two commits of a repository with files of every kind.
func states() (first, second hubtest.FS) {
	first = hubtest.FS{
		".gitattributes":        hubtest.Text("*.bin filter=lfs\n"),
		"config.json":           hubtest.Text("{\"model_type\":\"toy\"}\n"),
		"empty":                 hubtest.Text(""),
		"sub/empty.bin":         hubtest.Text(""),
		"sub/vocab.txt":         hubtest.Text("a\nb\n"),
		"sub/same.txt":          hubtest.Text("a\nb\n"),
		"a/b/c/d/e/f/g/deep.md": hubtest.Text("# deep\n"),
		"ünï/日本 語.txt":          hubtest.Text("not ASCII\n"),
		"ünï/😀 <&> \"q'.json":   hubtest.Text("{}"),
		"100% #1?.txt":          hubtest.Text("to be escaped\n"),
		"back\\slash.txt":       hubtest.Text("no folder\n"),
		"trailing. ":            hubtest.Text("not for Windows\n"),
		weights:                 hubtest.Pattern{Size: 300_000},
		"copy.safetensors":      hubtest.Pattern{Size: 300_000},
		deep:                    hubtest.Pattern{Size: 100_003, Seed: 7},
	}
	second = hubtest.FS{}
	for name, content := range first {
		second[name] = content
	}
	delete(second, "sub/same.txt")
	second["config.json"] = hubtest.Text("{\"model_type\":\"another\"}\n")
	second["new/file.txt"] = hubtest.Text("new\n")
	second[weights] = hubtest.Pattern{Size: 300_001, Seed: 1}
	return first, second
}

// rich is a repository with two commits and all kinds of references; before says
// whether its branch is still at the first one.
func rich(id string, kind hubtest.Type, before bool) hubtest.Repo {
	first, second := states()
	r := hubtest.Repo{ID: id, Type: kind, PageSize: 4, Commits: []hubtest.Commit{{Files: first, Refs: []string{"refs/tags/v1.0", "refs/pr/1", "refs/heads/feature/x", "refs/convert/parquet"}}}}
	if before {
		r.Commits[0].Refs = append(r.Commits[0].Refs, "main")
	} else {
		r.Commits = append(r.Commits, hubtest.Commit{Files: second})
	}
	return r
}

// story is what a client is told to do, one thing after another.
type story struct {
	steps []command
	// prepare puts something into the cache before.
	prepare func(t *testing.T, server *hubtest.Server, p place)
	// online says that it cannot be told again without the network.
	online bool
	// loose says that what is left behind may differ: Python makes a local folder before it
	// knows that it has nothing to put there.
	loose bool
}

// moving is a step: the branch of a repository moves on.
const moving = "move"

func stories() map[string]story {
	snap := func(c command) command { c.Op = "snapshot"; return named(c) }
	file := func(name string, c command) command { c.Op, c.File = "download", name; return named(c) }
	one := func(steps ...command) story { return story{steps: steps} }
	return map[string]story{
		"snapshot":              one(snap(command{})),
		"snapshot twice":        one(snap(command{}), snap(command{})),
		"snapshot by force":     {steps: []command{snap(command{}), snap(command{Force: true, Revision: "main"})}, online: true},
		"file":                  one(file(weights, command{})),
		"file in folders":       one(file(deep, command{}), file("config.json", command{})),
		"files of odd names":    one(file("ünï/日本 語.txt", command{}), file("100% #1?.txt", command{}), file("ünï/😀 <&> \"q'.json", command{}), file("trailing. ", command{})),
		"empty files":           one(file("empty", command{}), file("sub/empty.bin", command{})),
		"file by force":         {steps: []command{file(weights, command{}), file(weights, command{Force: true})}, online: true},
		"file, then snapshot":   one(file("config.json", command{}), snap(command{})),
		"allow":                 one(snap(command{Allow: []string{"*.json", "X.mlpackage/*"}})),
		"ignore":                one(snap(command{Ignore: []string{"*.safetensors", "sub/"}})),
		"allow and ignore":      one(snap(command{Allow: []string{"sub/*", "ünï/*"}, Ignore: []string{"*[!a-y].txt", "*.bin"}})),
		"allow nothing":         {steps: []command{snap(command{Allow: []string{"no such file"}})}, online: true},
		"more and more":         one(snap(command{Allow: []string{"config.json"}}), snap(command{Allow: []string{"*.json", "sub/*"}}), snap(command{})),
		"branch":                one(snap(command{Revision: "feature/x"})),
		"tag":                   one(snap(command{Revision: "v1.0"}), file("config.json", command{Revision: "v1.0"})),
		"pull request":          one(snap(command{Revision: "refs/pr/1"}), file("config.json", command{Revision: "refs/pr/1"})),
		"conversion":            one(snap(command{Revision: "refs/convert/parquet"})),
		"commit":                one(snap(command{Revision: "first"}), file("config.json", command{Revision: "second"})),
		"two revisions":         one(snap(command{Revision: "v1.0"}), snap(command{})),
		"dataset":               one(snap(command{Type: "dataset"}), file(weights, command{Type: "dataset", Revision: "refs/pr/1"})),
		"space":                 one(snap(command{Type: "space"}), file("config.json", command{Type: "space", Revision: "v1.0"})),
		"missing file":          {steps: []command{file("no.json", command{}), file("no/such/ü.json", command{Revision: "v1.0"}), file("no.json", command{Revision: "first"})}, online: true},
		"missing file, local":   {steps: []command{file("no.json", command{LocalDir: "here"})}, online: true, loose: true},
		"missing revision":      {steps: []command{snap(command{Revision: "no"}), file("config.json", command{Revision: "no"})}, online: true},
		"missing repository":    {steps: []command{{Op: "snapshot", ID: "org/no"}, {Op: "download", ID: "org/no", File: "config.json"}}, online: true},
		"missing, then snap":    {steps: []command{file("no.json", command{}), snap(command{})}, online: true},
		"local":                 one(snap(command{LocalDir: "here"})),
		"local, again":          one(snap(command{LocalDir: "here"}), snap(command{LocalDir: "here"})),
		"local, patterns":       one(snap(command{LocalDir: "here", Allow: []string{"*.json", "sub/"}, Ignore: []string{"*.bin"}})),
		"local, files":          one(file(deep, command{LocalDir: "here"}), file("ünï/日本 語.txt", command{LocalDir: "here"}), file("empty", command{LocalDir: "here"})),
		"local, from the cache": one(snap(command{}), snap(command{LocalDir: "here"})),
		"local, by force":       {steps: []command{snap(command{LocalDir: "here"}), file(weights, command{LocalDir: "here", Force: true})}, online: true},
		"local, other revision": {steps: []command{snap(command{LocalDir: "here", Revision: "v1.0"}), snap(command{LocalDir: "here"})}, online: true},
		"local, dataset":        one(snap(command{LocalDir: "here", Type: "dataset", Revision: "refs/pr/1"})),
		"the branch moves":      one(snap(command{ID: "org/moving"}), command{Op: moving}, snap(command{ID: "org/moving"}), file("new/file.txt", command{ID: "org/moving"})),
		"local, it moves":       {steps: []command{snap(command{ID: "org/moving", LocalDir: "here"}), {Op: moving}, snap(command{ID: "org/moving", LocalDir: "here"})}, online: true},
		"shared store":          {steps: []command{snap(command{})}, prepare: shareWeights},
		"shared store, file":    {steps: []command{file("copy.safetensors", command{}), file(weights, command{})}, prepare: shareWeights},
		"shared store, force":   {steps: []command{file("copy.safetensors", command{Force: true})}, prepare: shareWeights, online: true},
		"shared store, local":   {steps: []command{snap(command{}), snap(command{LocalDir: "here"})}, prepare: shareWeights},
	}
}

// named gives a command the usual repository.
func named(c command) command {
	if c.ID == "" {
		c.ID = "org/rich"
	}
	return c
}

// shareWeights lays a file into the store that repositories share, and a link to it in
// place of the repository's own, as Python does with what it fetched from Xet.
func shareWeights(t *testing.T, _ *hubtest.Server, p place) {
	t.Helper()
	first, _ := states()
	data, err := io.ReadAll(first["copy.safetensors"].Reader())
	if err != nil {
		t.Fatal(err)
	}
	const name = "ab/ab34567890abcdefab34567890abcdefab34567890abcdefab34567890abcdef"
	etag := strings.Fields(tree{"": mustContent(t, data)}[""])[2]
	blobs := filepath.Join(p.cache(), "models--org--rich", "blobs")
	for _, dir := range []string{filepath.Join(p.cache(), "blobs", "ab"), blobs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{
		".huggingface-shared-blobs": "1\n", name: string(data), name + ".refs": "models--org--rich/blobs/" + etag + "\n", name + ".lock": "",
	} {
		if err := os.WriteFile(filepath.Join(p.cache(), "blobs", file), []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../blobs/"+name, filepath.Join(blobs, etag)); err != nil {
		t.Fatal(err)
	}
}

// mustContent is contentOf, of bytes.
func mustContent(t *testing.T, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := contentOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// serveStories serves what the stories are about.
func serveStories(t *testing.T) *hubtest.Server {
	t.Helper()
	return hubtest.New(t, rich("org/rich", hubtest.Model, false), rich("org/rich", hubtest.Dataset, false), rich("org/rich", hubtest.Space, false))
}

// tell has a client live through a story, and returns what it said.
func tell(t *testing.T, w *worker, server *hubtest.Server, p place, s story) []string {
	t.Helper()
	w.t = t
	put := func(before bool) {
		if err := server.Put(rich("org/moving", hubtest.Model, before)); err != nil {
			t.Fatal(err)
		}
	}
	put(true)
	if s.prepare != nil {
		s.prepare(t, server, p)
	}
	var said []string
	for _, c := range s.steps {
		if c.Op == moving {
			put(false)
			said = nil // what the cache knows of the branch changes with what follows
			continue
		}
		a := w.do(p.in(pinned(server, c)))
		if a.Error != "" {
			t.Logf("%s: %s", w.name, a.Text)
		}
		said = append(said, p.here(a))
	}
	return said
}

// pinned puts the commit in the place of its number.
func pinned(server *hubtest.Server, c command) command {
	switch c.Revision {
	case "first":
		c.Revision = server.Commit(hubtest.Type(c.Type), c.ID, "v1.0")
	case "second":
		c.Revision = server.Commit(hubtest.Type(c.Type), c.ID, "main")
	}
	return c
}

// retell has a client without the network do again what came after the last move, in
// the cache that another one has written.
func retell(t *testing.T, w *worker, server *hubtest.Server, p place, s story) []string {
	t.Helper()
	w.t = t
	var said []string
	for _, c := range s.steps {
		if c.Op == moving {
			said = nil
			continue
		}
		a := w.do(p.in(pinned(server, c)))
		if a.Error != "" {
			t.Logf("%s, offline: %s", w.name, a.Text)
		}
		said = append(said, p.here(a))
	}
	return said
}

func TestStoriesBesidePython(t *testing.T) {
	clients := pythons(t)
	server := serveStories(t)
	mine, mineOffline := start(t, ours, server), start(t, ours, server, "HF_HUB_OFFLINE=1")
	for _, python := range clients {
		theirs, theirsOffline := start(t, python, server), start(t, python, server, "HF_HUB_OFFLINE=1")
		for name, s := range stories() {
			t.Run(python.name+"/"+strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				p, q := newPlace(t), newPlace(t)
				said := tell(t, mine, server, p, s)
				if want := tell(t, theirs, server, q, s); !slices.Equal(said, want) {
					t.Errorf("ours said %q, %s %q", said, python.name, want)
				}
				if !s.loose {
					same(t, python, treeOf(t, p.root), treeOf(t, q.root))
				}
				if s.online {
					return
				}
				// Each reads without the network what the other has written.
				before := len(server.Requests())
				for reader, in := range map[*worker]place{theirsOffline: p, mineOffline: q} {
					was := treeOf(t, in.root)
					if got := retell(t, reader, server, in, s); !slices.Equal(got, said) {
						t.Errorf("%s without the network said %q, want %q", reader.name, got, said)
					}
					if d := differences(was, treeOf(t, in.root)); d != "" {
						t.Errorf("%s changed what it read:\n%s", reader.name, d)
					}
				}
				if n := len(server.Requests()) - before; n > 0 {
					t.Errorf("%d requests were made without the network", n)
				}
			})
		}
	}
	noLeaks(t, server)
}

// TestStories has ours live through the stories alone.
func TestStories(t *testing.T) {
	server := serveStories(t)
	mine, offline := start(t, ours, server), start(t, ours, server, "HF_HUB_OFFLINE=1")
	for name, s := range stories() {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			p := newPlace(t)
			said := tell(t, mine, server, p, s)
			for _, answer := range said {
				if missing := strings.HasPrefix(name, "missing"); strings.HasPrefix(answer, "error") != missing && !strings.Contains(name, "then") {
					t.Errorf("it said %q", answer)
				}
			}
			valid(t, p.root)
			if s.online {
				return
			}
			before := len(server.Requests())
			if got := retell(t, offline, server, p, s); !slices.Equal(got, said) {
				t.Errorf("without the network it said %q, want %q", got, said)
			}
			if n := len(server.Requests()) - before; n > 0 {
				t.Errorf("%d requests were made without the network", n)
			}
		})
	}
	noLeaks(t, server)
}

// TestStoriesElsewhereBesidePython tells some of the stories where links cannot be
// made, and to users whose files others may read and write, or not.
func TestStoriesElsewhereBesidePython(t *testing.T) {
	clients := pythons(t)
	server := serveStories(t)
	some := []string{"snapshot", "file in folders", "file by force", "more and more", "two revisions", "missing file", "local", "local, from the cache", "shared store", "the branch moves"}
	for name, c := range map[string]struct {
		env   string
		umask int
	}{
		"without links":       {"HF_HUB_DISABLE_SYMLINKS=1", 0o022},
		"a cache for oneself": {"", 0o077},
		"a cache for a group": {"", 0o002},
	} {
		for _, python := range clients {
			if c.env != "" && python.name != versions[0] {
				continue // it has no such setting
			}
			before := syscall.Umask(c.umask)
			mine, theirs := start(t, ours, server, c.env), start(t, python, server, c.env)
			syscall.Umask(before)
			for _, title := range some {
				if c.env != "" && title == "file by force" {
					continue // Python fetches it and does not put it into the snapshot
				}
				t.Run(strings.ReplaceAll(name+"/"+python.name+"/"+title, " ", "-"), func(t *testing.T) {
					p, q := newPlace(t), newPlace(t)
					s := stories()[title]
					said := tell(t, mine, server, p, s)
					if want := tell(t, theirs, server, q, s); !slices.Equal(said, want) {
						t.Errorf("ours said %q, %s %q", said, python.name, want)
					}
					same(t, python, treeOf(t, p.root), treeOf(t, q.root))
				})
			}
		}
	}
	noLeaks(t, server)
}
