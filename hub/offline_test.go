package hub_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

func TestWithoutTheNetworkTheCacheAnswers(t *testing.T) {
	r := newRig(t)
	snap := r.snapshot(nil)
	r.hub.ClearLog()
	off := r.offline()
	for name, ask := range map[string]func() (string, error){
		"a snapshot": func() (string, error) {
			s, err := off.Snapshot(t.Context(), r.repo, nil)
			if err != nil {
				return "", err
			}
			return s.Dir, nil
		},
		"a snapshot that is asked for as local": func() (string, error) {
			s, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{LocalOnly: true})
			if err != nil {
				return "", err
			}
			return s.Dir, nil
		},
		"a file": func() (string, error) {
			at, err := off.Download(t.Context(), r.repo, "config.json", nil)
			return filepath.Dir(at), err
		},
		"a file of a commit": func() (string, error) {
			at, err := off.Download(t.Context(), hub.Repo{ID: "org/toy", Revision: snap.Commit}, "config.json", nil)
			return filepath.Dir(at), err
		},
	} {
		if dir, err := ask(); err != nil || dir != snap.Dir {
			t.Errorf("%s: %s, %v", name, dir, err)
		}
	}
	if n := len(r.hub.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestWithoutTheNetworkNothingElseIsThere(t *testing.T) {
	r := newRig(t)
	off := r.offline()
	_, info := off.Info(t.Context(), r.repo)
	_, refs := off.Refs(t.Context(), r.repo)
	files := lastError(off.Files(t.Context(), r.repo))
	for _, err := range []error{info, refs, files} {
		if !errors.Is(err, hub.ErrOffline) {
			t.Error(err)
		}
	}
	_, snapshot := off.Snapshot(t.Context(), r.repo, nil)
	_, file := off.Download(t.Context(), r.repo, "config.json", nil)
	_, local := r.client.Download(t.Context(), r.repo, "config.json", &hub.DownloadOptions{LocalOnly: true})
	_, folder := off.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{LocalDir: filepath.Join(r.dir, "none")})
	_, forced := off.Download(t.Context(), r.repo, "config.json", &hub.DownloadOptions{Force: true})
	for _, err := range []error{snapshot, file, local, folder} {
		if !errors.Is(err, hub.ErrNotCached) || !errors.Is(err, hub.ErrOffline) {
			t.Error(err)
		}
	}
	if !errors.Is(forced, hub.ErrOffline) {
		t.Error(forced)
	}
	if n := len(r.hub.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
	if _, err := os.Stat(r.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder was made for nothing")
	}
}

func TestAPartOfASnapshotIsNotTheSnapshot(t *testing.T) {
	r := newRig(t)
	r.snapshot(&hub.SnapshotOptions{Allow: []string{"*.json", "sub/"}})
	off := r.offline()
	_, err := off.Snapshot(t.Context(), r.repo, nil)
	e, ok := errors.AsType[*hub.IncompleteError](err)
	if !ok || !errors.Is(err, hub.ErrIncompleteSnapshot) || !errors.Is(err, hub.ErrOffline) {
		t.Fatal(err)
	}
	if want := []string{weight, "empty", "model.safetensors"}; !slices.Equal(e.Missing, want) {
		t.Errorf("missing: %q, want %q", e.Missing, want)
	}
	part, err := off.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Allow: []string{"*.json", "sub/"}})
	if err != nil || len(part.Files) != 2 {
		t.Errorf("the part is there: %v, %v", part, err)
	}
}

// TestAHubThatCannotAnswer has the cache answer in its place, after one attempt.
func TestAHubThatCannotAnswer(t *testing.T) {
	for name, do := range map[string]hubtest.Do{
		"it fails":          {Status: 500},
		"it is gone":        {Drop: true},
		"it is gated now":   say(403, "GatedRepo", "ask"),
		"it wants a token":  say(401, "", "Invalid username or password."),
		"a log-in page":     {Status: 200, Body: "<html>"},
		"it is no hub":      {Status: 404, Body: "<html>"},
		"it asks for hours": {Status: 429, Header: map[string]string{"Retry-After": "7200"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			snap := r.snapshot(nil)
			r.hub.Add(hubtest.Fault{Do: do})
			again := r.snapshot(nil)
			if again.Dir != snap.Dir || len(again.Files) != len(snap.Files) {
				t.Errorf("%+v", again)
			}
			at, err := r.client.Download(t.Context(), r.repo, "config.json", nil)
			if err != nil || filepath.Dir(at) != snap.Dir {
				t.Errorf("%s, %v", at, err)
			}
			if n := len(r.waits.All()); n > 0 {
				t.Errorf("it waited %d times though the answer was there", n)
			}
		})
	}
}

// TestWhatTheHubSaysForCertain is not answered from the cache.
func TestWhatTheHubSaysForCertain(t *testing.T) {
	r := newRig(t)
	r.snapshot(nil)
	r.hub.Add(hubtest.Fault{Do: say(404, "RevisionNotFound", "gone")})
	if _, err := r.client.Snapshot(t.Context(), r.repo, nil); !errors.Is(err, hub.ErrRevisionNotFound) {
		t.Error(err)
	}
	if _, err := r.client.Download(t.Context(), r.repo, "config.json", nil); !errors.Is(err, hub.ErrRevisionNotFound) {
		t.Error(err)
	}
}

func TestAFileThatIsNotThereIsNoted(t *testing.T) {
	r := newRig(t)
	_, err := r.client.Download(t.Context(), r.repo, "no/such", nil)
	if !errors.Is(err, hub.ErrEntryNotFound) {
		t.Fatal(err)
	}
	names := filesIn(t, r.dir)
	commit := r.hub.Commit("", "org/toy", "main")
	for _, want := range []string{"models--org--toy/.no_exist/" + commit + "/no/such", "models--org--toy/refs/main"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %q", want, names)
		}
	}
}

func TestASecondSnapshotAsksOneQuestion(t *testing.T) {
	r := newRig(t)
	snap := r.snapshot(nil)
	r.hub.ClearLog()
	r.snapshot(nil)
	if got := r.hub.Requests(); len(got) != 1 || got[0].Op != hubtest.Info {
		t.Errorf("%d requests", len(got))
	}
	r.hub.ClearLog()
	r.repo.Revision = snap.Commit
	r.snapshot(nil)
	if n := len(r.hub.Requests()); n != 0 {
		t.Errorf("%d requests for a commit, which never changes", n)
	}
}

func TestANewCommitIsFetchedAndWhatItSharesIsNot(t *testing.T) {
	r := newRig(t, hubtest.Repo{ID: "org/two", Commits: []hubtest.Commit{
		{Files: hubtest.FS{"same": hubtest.Text("same"), "other": hubtest.Text("one")}, Refs: []string{"refs/tags/v1"}},
		{Files: hubtest.FS{"same": hubtest.Text("same"), "other": hubtest.Text("two")}},
	}})
	r.repo = hub.Repo{ID: "org/two", Revision: "v1"}
	first := r.snapshot(nil)
	r.repo.Revision = ""
	second := r.snapshot(nil)
	if first.Dir == second.Dir {
		t.Error("one folder for two commits")
	}
	if got := r.hub.Bodies()["org/two/same"]; got != 1 {
		t.Errorf("what both have was fetched %d times", got)
	}
	for dir, want := range map[string]string{first.Dir: "one", second.Dir: "two"} {
		if got, err := os.ReadFile(filepath.Join(dir, "other")); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	r := newRig(t)
	plan := r.snapshot(&hub.SnapshotOptions{DryRun: true, Ignore: []string{"*.safetensors"}})
	if len(plan.Files) != 4 || len(plan.Missing) != 4 {
		t.Errorf("%d of %d missing", len(plan.Missing), len(plan.Files))
	}
	if names := filesIn(t, r.dir); len(names) > 0 {
		t.Errorf("written: %q", names)
	}
	r.snapshot(&hub.SnapshotOptions{Allow: []string{"*.json"}})
	if plan = r.snapshot(&hub.SnapshotOptions{DryRun: true}); len(plan.Files) != 5 || len(plan.Missing) != 4 {
		t.Errorf("%d of %d missing", len(plan.Missing), len(plan.Files))
	}
}

func TestForceFetchesAgain(t *testing.T) {
	r := newRig(t)
	r.snapshot(nil)
	r.hub.ClearLog()
	r.isToy(r.snapshot(&hub.SnapshotOptions{Force: true}).Dir)
	if bodies := r.hub.Bodies(); len(bodies) != 4 { // not the empty one
		t.Errorf("fetched: %v", bodies)
	}
	r.noLeftovers()
}

func TestAHubThatWasNeverReachedIsGivenUpSooner(t *testing.T) {
	for name, c := range map[string]struct {
		before  func(*rig) // the network ends
		retries int
		want    int
	}{
		"no connection ever":          {func(*rig) {}, 0, 2},
		"the caller says how often":   {func(*rig) {}, 4, 4},
		"never again":                 {func(*rig) {}, -1, 0},
		"there was a connection once": {func(r *rig) { r.info() }, 0, 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.client.Retries = c.retries
			cut := r.overNetwork()
			c.before(r)
			cut()
			_, err := r.client.Snapshot(t.Context(), r.repo, nil)
			if !errors.Is(err, hub.ErrNotCached) || !strings.Contains(err.Error(), "not in the cache, and the hub cannot be asked: ") {
				t.Errorf("the error is %v", err)
			}
			if got := len(r.waits.All()); got != c.want {
				t.Errorf("asked again %d times, want %d", got, c.want)
			}
		})
	}
}

// overNetwork puts the client on a network that can be cut: from then on no connection is
// made. A port that a hub has left is no such thing, since another process may take it.
func (r *rig) overNetwork() (cut func()) {
	var gone atomic.Bool
	network := &http.Transport{DialContext: func(ctx context.Context, name, address string) (net.Conn, error) {
		if gone.Load() {
			return nil, &net.OpError{Op: "dial", Net: name, Err: syscall.ECONNREFUSED}
		}
		return new(net.Dialer).DialContext(ctx, name, address)
	}}
	r.t.Cleanup(network.CloseIdleConnections)
	r.client.HTTP = &http.Client{Transport: network}
	return func() {
		gone.Store(true)
		r.hub.Close() // and with it the connections that are there
	}
}

// info must succeed.
func (r *rig) info() {
	r.t.Helper()
	if _, err := r.client.Info(r.t.Context(), r.repo); err != nil {
		r.t.Fatal(err)
	}
}

func TestWhatEndsBesideAFailureIsStoppedAndNotFailed(t *testing.T) {
	r := newRig(t)
	// The one is in the middle of its body for as long as it is let.
	r.hub.Add(hubtest.Fault{Op: hubtest.Body, File: weight, Do: hubtest.Do{CutAfter: 1000, Hang: true}},
		hubtest.Fault{Op: hubtest.Body, File: "model.safetensors", Do: hubtest.Do{Flip: []int64{0}}})
	ends := map[string]error{}
	_, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Progress: func(e hub.Event) {
		if e.Kind == hub.FileFailed {
			ends[e.File] = e.Err
		}
	}})
	if !errors.Is(err, hub.ErrChecksum) || errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if !errors.Is(ends[weight], context.Canceled) || errors.Is(ends["model.safetensors"], context.Canceled) {
		t.Errorf("the files ended with %v", ends)
	}
}

// The reason why the cache answers is an event, for a snapshot, a file and a package.
func TestTheReasonWhyTheCacheAnswersIsTold(t *testing.T) {
	r := newRig(t)
	snap := r.snapshot(nil)
	r.hub.Add(hubtest.Fault{Do: hubtest.Do{Status: 401}})
	for name, ask := range map[string]func(tell func(hub.Event)) error{
		"a snapshot": func(tell func(hub.Event)) error {
			s, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Progress: tell})
			if err == nil && s.Dir != snap.Dir {
				t.Errorf("got %s", s.Dir)
			}
			return err
		},
		"a file": func(tell func(hub.Event)) error {
			_, err := r.client.Download(t.Context(), r.repo, "config.json", &hub.DownloadOptions{Progress: tell})
			return err
		},
	} {
		var told []error
		err := ask(func(e hub.Event) {
			if e.Kind == hub.CacheAnswers {
				told = append(told, e.Err)
			}
		})
		if err != nil || len(told) != 1 || !errors.Is(told[0], hub.ErrRepositoryNotFound) && !errors.Is(told[0], hub.ErrUnauthorized) {
			t.Errorf("%s: %v, told %v", name, err, told)
		}
	}
}
