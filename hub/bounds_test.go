package hub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// listing is an answer with these entries.
func listing(t *testing.T, op hubtest.Op, v any) hubtest.Fault {
	t.Helper()
	return hubtest.Fault{Op: op, Do: hubtest.Do{Status: 200, Body: string(marshal(t, v)), Header: map[string]string{"Content-Type": "application/json"}}}
}

// TestVeryManyPackagesAreToldOfSoon has as many packages as an answer can name.
func TestVeryManyPackagesAreToldOfSoon(t *testing.T) {
	r := newRig(t)
	const n = 100_000
	var siblings []map[string]string
	var tree []map[string]any
	for i := range n {
		name := fmt.Sprintf("%d.mlpackage/Manifest.json", i)
		siblings = append(siblings, map[string]string{"rfilename": name})
		tree = append(tree, map[string]any{"type": "file", "path": name, "size": 7, "oid": "x"})
	}
	r.hub.Add(
		listing(t, hubtest.Info, map[string]any{"sha": strings.Repeat("a", 40), "siblings": siblings}),
		listing(t, hubtest.Tree, tree),
	)
	start := time.Now()
	_, err := r.client.Resolve(t.Context(), "org/toy", nil)
	several, ok := errors.AsType[*hub.PackagesError](err)
	if !ok || len(several.Packages) != n || several.Packages[n-1].Size != 7 || len(err.Error()) > 20_000 {
		t.Fatalf("%.300v", err)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("it took %v", d)
	}
}

// TestFewNamesOfVeryManyFolders has names that stand for more folders than files: each
// would be an entry in memory and on the disk.
func TestFewNamesOfVeryManyFolders(t *testing.T) {
	r := newRig(t)
	names := make([]string, 20_000)
	for i := range names {
		names[i] = fmt.Sprintf("%d/", i) + strings.Repeat("a/", 150) + "b"
	}
	remove := r.hub.Add(entries(t, names...))
	_, err := r.client.Snapshot(t.Context(), r.repo, nil)
	if !errors.Is(err, hub.ErrTooLarge) {
		t.Errorf("%.300v", err)
	}
	remove()
	r.hub.Add(entries(t, strings.Repeat("a/", 1000)+"b"))
	r.repo.Revision = r.hub.Commit(hubtest.Model, "org/toy", "main")
	r.dir += "2"
	r.client, _ = r.newClient()
	if _, err := r.client.Snapshot(t.Context(), r.repo, nil); !errors.Is(err, hub.ErrUnsafeName) {
		t.Errorf("a thousand folders: %.300v", err)
	}
	if made := filesIn(t, filepath.Join(r.dir, "models--org--toy", "snapshots")); len(made) > 0 {
		t.Errorf("made: %q", made)
	}
}

// TestSizesThatCannotBeCounted add up to less than nothing.
func TestSizesThatCannotBeCounted(t *testing.T) {
	for name, size := range map[string]any{
		"too many together": 1 << 62, "negative": -1, "more than there are": json.Number("1e30"), "half a byte": 0.5, "a text": "3", "none": nil,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			var list []map[string]any
			for _, path := range []string{"a", "b", "config.json"} {
				e := map[string]any{"type": "file", "path": path, "oid": strings.Repeat("1", 40)}
				if size != nil {
					e["size"] = size
				}
				list = append(list, e)
			}
			r.hub.Add(listing(t, hubtest.Tree, list))
			var events []hub.Event
			_, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Progress: func(e hub.Event) { events = append(events, e) }})
			if !errors.Is(err, hub.ErrTooLarge) && !errors.Is(err, hub.ErrNotHub) && !errors.Is(err, hub.ErrEntryNotFound) {
				t.Errorf("%v", err)
			}
			for _, e := range events {
				if e.Bytes < 0 || e.BytesDone < 0 {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

// TestAHubThatContradictsItself names other content in the headers of a file than in
// the listing of the commit, which may be one that was kept.
func TestAHubThatContradictsItself(t *testing.T) {
	r := newRig(t)
	r.hub.Add(hubtest.Fault{Op: hubtest.Head, File: large, Do: hubtest.Do{Header: map[string]string{"X-Linked-Etag": `"` + strings.Repeat("c", 64) + `"`}}})
	_, err := r.client.Snapshot(t.Context(), r.repo, nil)
	if !errors.Is(err, hub.ErrNotHub) || !strings.Contains(err.Error(), "listing") {
		t.Errorf("%v", err)
	}
	if n := len(r.ranges()); n > 0 {
		t.Errorf("%d requests for the body", n)
	}
}

// TestAHashInCapitalsIsAHash changes a byte of what such an etag stands for.
func TestAHashInCapitalsIsAHash(t *testing.T) {
	r := newRig(t)
	content, err := os.ReadFile(filepath.Join(r.snapshot(nil).Dir, large))
	if err != nil {
		t.Fatal(err)
	}
	capitals := hubtest.Do{Header: map[string]string{"X-Linked-Etag": `"` + strings.ToUpper(sha(content)) + `"`}}
	r.hub.Add(hubtest.Fault{Op: hubtest.Head, File: large, Do: capitals})
	r.dir += "2"
	r.client, _ = r.newClient()
	if _, err := r.client.Download(t.Context(), r.repo, large, nil); err != nil {
		t.Fatal(err)
	}
	r.hub.Add(hubtest.Fault{Op: hubtest.Body, File: large, Do: hubtest.Do{Flip: []int64{7}}})
	r.dir += "3"
	r.client, _ = r.newClient()
	if _, err := r.client.Download(t.Context(), r.repo, large, nil); !errors.Is(err, hub.ErrChecksum) {
		t.Errorf("%v", err)
	}
}
