package hub_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// token is the secret that no other origin may see.
const token = "hf_secret"

// weight is the path of a file in large-file storage, several folders down.
const weight = "X.mlpackage/Data/com.apple.CoreML/weights/weight.bin"

// toy is a repository with files of both kinds.
func toy() hubtest.Repo {
	return hubtest.Repo{
		ID: "org/toy", PageSize: 2,
		Files: hubtest.FS{
			"config.json":       hubtest.Text("{\"model_type\":\"toy\"}\n"),
			"empty":             hubtest.Text(""),
			"sub/vocab.txt":     hubtest.Text("a\nb\n"),
			"model.safetensors": hubtest.Pattern{Size: 3_000_000},
			weight:              hubtest.Pattern{Size: 1_000_003, Seed: 7},
		},
	}
}

// rig is a hub, a client of it and the client's cache.
type rig struct {
	t      *testing.T
	hub    *hubtest.Server
	client *hub.Client
	repo   hub.Repo
	dir    string
	waits  *hub.Waits
}

// newRig starts a hub with the toy and what else is given.
func newRig(t *testing.T, repos ...hubtest.Repo) *rig {
	t.Helper()
	clearEnvironment(t)
	r := &rig{t: t, hub: hubtest.New(t, append([]hubtest.Repo{toy()}, repos...)...), repo: hub.Repo{ID: "org/toy"}}
	r.dir = filepath.Join(t.TempDir(), "hub")
	r.client, r.waits = r.newClient()
	return r
}

// newClient is another client of the same hub and cache, as another process is. It waits
// for an answer longer than any busy machine takes: tests about silence say what is one.
func (r *rig) newClient() (*hub.Client, *hub.Waits) {
	c := &hub.Client{
		Endpoint: r.hub.URL(), CacheDir: r.dir, Token: token, Network: hub.NetworkOnline,
		HeadTimeout: time.Minute, BodyTimeout: time.Minute,
	}
	return c, hub.NeverWait(c)
}

// offline is a client of the same cache without the network.
func (r *rig) offline() *hub.Client {
	return &hub.Client{Endpoint: r.hub.URL(), CacheDir: r.dir, NoToken: true, Network: hub.NetworkOffline}
}

// clearEnvironment takes away what the tests' own surroundings say.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "HF_") || strings.HasPrefix(name, "HUGGING") || name == "TRANSFORMERS_OFFLINE" || name == "XDG_CACHE_HOME" {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HF_HOME", t.TempDir())
}

// snapshot must succeed, with the right bytes.
func (r *rig) snapshot(o *hub.SnapshotOptions) *hub.Snapshot {
	r.t.Helper()
	snap, err := r.client.Snapshot(r.t.Context(), r.repo, o)
	if err != nil {
		r.t.Fatal(err)
	}
	return snap
}

// isToy checks that a folder has the toy's files and no others.
func (r *rig) isToy(dir string) {
	r.t.Helper()
	files, _ := toy().Files.(hubtest.FS)
	for name, content := range files {
		want, err := io.ReadAll(content.Reader())
		if err != nil {
			r.t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			r.t.Error(err)
			continue
		}
		if sha(got) != sha(want) {
			r.t.Errorf("%s has other bytes: %d in place of %d", name, len(got), len(want))
		}
	}
	if got := filesIn(r.t, dir); len(got) != len(files) {
		r.t.Errorf("the snapshot has %d files, want %d: %q", len(got), len(files), got)
	}
}

// noLeftovers checks that nothing in the making is left in the cache.
func (r *rig) noLeftovers() {
	r.t.Helper()
	if left := r.leftovers(); len(left) > 0 {
		r.t.Errorf("left behind: %q", left)
	}
}

// leftovers are the files in the making.
func (r *rig) leftovers() []string {
	return slices.DeleteFunc(filesIn(r.t, r.dir), func(name string) bool {
		return !strings.HasSuffix(name, ".incomplete") && !strings.HasSuffix(name, ".tmp")
	})
}

// leaksNothing checks that the token stayed at the hub.
func (r *rig) leaksNothing() {
	r.t.Helper()
	for _, leak := range r.hub.Leaks(token) {
		r.t.Errorf("the token went to the second origin: %s %s", leak.Method, leak.Path)
	}
}

// filesIn lists what is in a folder, but for folders.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return names
}

func sha(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
