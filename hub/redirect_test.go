package hub_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

func TestTheTokenGoesToTheEndpointAlone(t *testing.T) {
	r := newRig(t)
	r.snapshot(nil)
	r.leaksNothing()
	for _, q := range r.hub.Requests() {
		if want := q.Origin == hubtest.Hub; (q.Header.Get("Authorization") == "Bearer "+token) != want {
			t.Errorf("%s %s at %s: authorization %q", q.Method, q.Path, q.Origin, q.Header.Get("Authorization"))
		}
		if q.Header.Get("Referer") != "" || q.Header.Get("Cookie") != "" {
			t.Errorf("%s %s tells where it comes from", q.Method, q.Path)
		}
	}
}

// TestTheTokenDoesNotComeHome sends a body's request away and back: from the hub to
// the second origin, and from there to the hub.
func TestTheTokenDoesNotComeHome(t *testing.T) {
	r := newRig(t)
	r.hub.Add(hubtest.Fault{Origin: hubtest.CDN, Op: hubtest.Body, Do: hubtest.Do{Redirect: "{hub}/org/toy/resolve/main/config.json"}})
	_, err := r.client.Download(t.Context(), r.repo, "model.safetensors", nil)
	if err == nil {
		t.Error("another file was taken for the one that was asked for")
	}
	for _, q := range r.hub.Requests() {
		if q.Origin == hubtest.Hub && q.Op == hubtest.Body && q.Header.Get("Authorization") != "" {
			t.Errorf("%s %s has the token, coming from the second origin", q.Method, q.Path)
		}
	}
	r.leaksNothing()
}

// TestAPortIsAnotherOrigin has the metadata of every file redirected to the same
// host at another port, which must not be followed with HEAD.
func TestAPortIsAnotherOrigin(t *testing.T) {
	r := newRig(t)
	snap := r.snapshot(nil)
	r.isToy(snap.Dir)
	if n := r.hub.Count(func(q hubtest.Request) bool { return q.Origin == hubtest.CDN && q.Method == http.MethodHead }); n > 0 {
		t.Errorf("%d HEAD requests went to the second origin", n)
	}
}

// TestOtherAddressesOfAHubGetNoToken uses the names of the real hub, over a transport
// that answers for them.
func TestOtherAddressesOfAHubGetNoToken(t *testing.T) {
	clearEnvironment(t)
	const commit = "0123456789012345678901234567890123456789"
	var mu sync.Mutex
	var seen []string
	answer := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, q.Method+" "+q.URL.String()+" "+q.Header.Get("Authorization"))
		if q.URL.Host == "mirror.example" {
			http.Redirect(w, q, "https://huggingface.co"+q.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("X-Repo-Commit", commit)
		w.Header().Set("ETag", `"c5d39f57c0ccd5bd9a3fbd0a4e4b1b0a4c6cbd6d"`)
		w.Header().Set("Content-Length", "0")
	})
	c := &hub.Client{
		HTTP: &http.Client{Transport: inMemory{answer}}, Endpoint: "https://mirror.example",
		CacheDir: t.TempDir(), Token: token, Network: hub.NetworkOnline, Retries: -1,
	}
	// The empty file's hash is another one, so that the download fails in the end.
	_, err := c.Download(t.Context(), hub.Repo{ID: "org/toy"}, "empty", nil)
	if err == nil || len(seen) < 2 {
		t.Errorf("%v, %q", err, seen)
	}
	for _, q := range seen {
		if want := strings.Contains(q, "mirror.example"); strings.Contains(q, token) != want {
			t.Error(q)
		}
	}
}

// inMemory answers without a network.
type inMemory struct{ h http.Handler }

func (m inMemory) RoundTrip(q *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, q)
	resp := w.Result()
	resp.Request = q
	return resp, nil
}

func TestARenamedRepositoryIsFollowed(t *testing.T) {
	r := newRig(t, hubtest.Repo{ID: "org/old", MovedTo: "org/toy"})
	r.repo.ID = "org/old"
	r.isToy(r.snapshot(nil).Dir)
	at, err := r.client.Download(t.Context(), r.repo, "config.json", &hub.DownloadOptions{Force: true})
	if err != nil || !strings.Contains(at, "models--org--old") {
		t.Errorf("%q, %v", at, err)
	}
}

func TestRevisionsAreOneElementOfAnAddress(t *testing.T) {
	r := newRig(t, hubtest.Repo{ID: "org/revisions", Commits: []hubtest.Commit{
		{Files: hubtest.FS{"a b/ü?#%25.txt": hubtest.Text("one")}, Refs: []string{"refs/pr/1", "refs/tags/v1.0", "refs/heads/feature/x"}},
		{Files: hubtest.FS{"a b/ü?#%25.txt": hubtest.Text("two")}},
	}})
	for revision, want := range map[string]string{"": "two", "main": "two", "refs/pr/1": "one", "v1.0": "one", "feature/x": "one"} {
		at, err := r.client.Download(t.Context(), hub.Repo{ID: "org/revisions", Revision: revision}, "a b/ü?#%25.txt", nil)
		if err != nil {
			t.Errorf("%q: %v", revision, err)
			continue
		}
		if got, err := os.ReadFile(at); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", revision, got, err)
		}
	}
	names := filesIn(t, r.dir)
	for _, ref := range []string{"main", "refs/pr/1", "v1.0", "feature/x"} {
		if !slices.Contains(names, "models--org--revisions/refs/"+ref) {
			t.Errorf("no reference %s in %q", ref, names)
		}
	}
}

func TestDatasetsAndSpacesHaveTheirOwnPlaces(t *testing.T) {
	r := newRig(t,
		hubtest.Repo{Type: hubtest.Dataset, ID: "org/x", Files: hubtest.FS{"a": hubtest.Text("data")}},
		hubtest.Repo{Type: hubtest.Space, ID: "org/x", Files: hubtest.FS{"a": hubtest.Text("space")}})
	for name, want := range map[string]string{"datasets/org/x": "data", "spaces/org/x": "space"} {
		repo, err := hub.ParseRepo(name)
		if err != nil {
			t.Fatal(err)
		}
		snap, err := r.client.Snapshot(t.Context(), repo, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(snap.Dir + "/a"); err != nil || string(got) != want || !strings.Contains(snap.Dir, strings.ReplaceAll(name, "/", "--")) {
			t.Errorf("%q in %s, %v", got, snap.Dir, err)
		}
	}
}
