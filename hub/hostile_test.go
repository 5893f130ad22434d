package hub_test

import (
	"crypto/sha1" //nolint:gosec // git names files by it
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
	"github.com/gocoreml/coreml/internal/quote"
)

// entries is a listing of files of these names.
func entries(t *testing.T, names ...string) hubtest.Fault {
	t.Helper()
	var list []map[string]any
	for _, name := range names {
		list = append(list, map[string]any{"type": "file", "path": name, "size": 3, "oid": blobOf(name)})
	}
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Status: 200, Body: string(data), Header: map[string]string{"Content-Type": "application/json"}}}
}

// blobOf is git's name for the content of a file of the toy, and zeros for others.
func blobOf(name string) string {
	files, _ := toy().Files.(hubtest.FS)
	content, ok := files[name]
	if !ok {
		return strings.Repeat("0", 40)
	}
	data, err := io.ReadAll(content.Reader())
	if err != nil {
		panic(err)
	}
	h := sha1.New() //nolint:gosec // it is git's
	fmt.Fprintf(h, "blob %d\x00%s", len(data), data)
	return hex.EncodeToString(h.Sum(nil))
}

func TestNamesThatLeadAstrayAreRefused(t *testing.T) {
	for name, path := range map[string]string{
		"up":                       "../evil",
		"up from below":            "a/../../evil",
		"up as Windows has it":     `a\..\..\evil`,
		"absolute":                 "/tmp/evil",
		"a drive":                  `C:\evil`,
		"a folder of a drive":      "C:evil",
		"another computer":         `\\evil\share`,
		"nothing":                  ".",
		"an empty part":            "a//b",
		"a zero byte":              "a\x00b",
		"a line":                   "a\nb",
		"an escape sequence":       "\x1b[2Ja",
		"64 KiB":                   strings.Repeat("a", 64<<10),
		"64 KiB of folders":        strings.Repeat("a/", 32<<10) + "b",
		"a part of 300 bytes":      strings.Repeat("a", 300),
		"the folder of the record": ".cache/huggingface/download/x.metadata",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(entries(t, "config.json", path))
			beside := filepath.Join(filepath.Dir(r.dir), "here")
			o := &hub.SnapshotOptions{LocalDir: beside}
			_, local := r.client.Snapshot(t.Context(), r.repo, o)
			_, cached := r.client.Snapshot(t.Context(), r.repo, nil)
			_, single := r.client.Download(t.Context(), r.repo, path, nil)
			for what, err := range map[string]error{"a folder": local, "the cache": cached, "a file": single} {
				if path == ".cache/huggingface/download/x.metadata" && what != "a folder" {
					continue // in the cache it is a file like others
				}
				if !errors.Is(err, hub.ErrUnsafeName) || len(err.Error()) > 1500 || !quote.Harmless([]byte(err.Error()), "") {
					t.Errorf("%s: %v", what, err)
				}
			}
			for _, made := range filesIn(t, filepath.Dir(r.dir)) {
				if strings.Contains(made, "evil") {
					t.Errorf("made: %s", made)
				}
			}
		})
	}
}

func TestNamesThatAreNotWantedDoNoHarm(t *testing.T) {
	r := newRig(t)
	r.hub.Add(entries(t, "config.json", "../evil"))
	snap, err := r.client.Snapshot(t.Context(), r.repo, &hub.SnapshotOptions{Allow: []string{"*.json"}})
	if err == nil {
		if names := filesIn(t, snap.Dir); len(names) != 1 {
			t.Errorf("%q", names)
		}
	} else {
		t.Error(err)
	}
}

func TestTwinsLieWhereTheyCan(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the file system takes both for one")
	}
	r := newRig(t, hubtest.Repo{ID: "org/twins", Files: hubtest.FS{"Readme": hubtest.Text("one"), "README": hubtest.Text("two")}})
	r.repo.ID = "org/twins"
	if names := filesIn(t, r.snapshot(nil).Dir); len(names) != 2 {
		t.Errorf("%q", names)
	}
}

// TestALinkOutOfTheCacheIsNotFollowed has somebody put links where files go.
func TestALinkOutOfTheCacheIsNotFollowed(t *testing.T) {
	r := newRig(t)
	outside := filepath.Join(filepath.Dir(r.dir), "outside")
	if err := os.MkdirAll(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"models--org--toy/blobs", "models--org--toy/snapshots"} {
		at := filepath.Join(r.dir, filepath.FromSlash(dir))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, at); err != nil {
			t.Skip(err)
		}
	}
	if _, err := r.client.Snapshot(t.Context(), r.repo, nil); err == nil {
		t.Error("no error")
	}
	if made := filesIn(t, outside); len(made) > 0 {
		t.Errorf("made outside: %q", made)
	}
}

func TestWhatAHubSaysIsShownAsText(t *testing.T) {
	evil := "\x1b]0;owned\a" + strings.Repeat("long ", 4000)
	r := newRig(t)
	r.hub.Add(hubtest.Fault{Do: hubtest.Do{Status: 418, Header: map[string]string{
		"Content-Type": "application/json", "X-Error-Code": strings.Repeat("Code", 500), "X-Request-Id": strings.Repeat("id", 5000),
	}, Body: `{"error":` + string(marshal(t, evil)) + `}`}})
	_, err := r.client.Info(t.Context(), r.repo)
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || !strings.HasPrefix(e.Message, "\x1b]0;owned") || len(e.Message) > 400 || len(e.Code) > 300 || len(e.RequestID) > 300 {
		t.Fatalf("%+v", e)
	}
	if text := err.Error(); len(text) > 2000 || !quote.Harmless([]byte(text), "") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSecretsOfAddressesAreNotShown has a signed address fail in every way.
func TestSecretsOfAddressesAreNotShown(t *testing.T) {
	for name, do := range map[string]hubtest.Do{
		"a refusal": {Status: 400}, "no answer": {Drop: true}, "nonsense": {Raw: "nonsense\r\n"}, "a loop": {Loop: true},
		"a redirect": {Redirect: "ftp://x/?X-Amz-Signature=secret"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.hub.Add(hubtest.Fault{Origin: hubtest.CDN, Do: do})
			_, err := r.client.Download(t.Context(), r.repo, large, nil)
			if err == nil || strings.Contains(err.Error(), "?") || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error is %v", err)
			}
			r.noLeftovers()
		})
	}
}

func TestEndlessHeadersAreNotRead(t *testing.T) {
	r := newRig(t)
	r.client.Retries = -1
	r.hub.Add(hubtest.Fault{Do: hubtest.Do{Raw: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 1000), Endless: true}})
	start := time.Now()
	_, err := r.client.Info(t.Context(), r.repo)
	if err == nil || time.Since(start) > time.Minute || len(err.Error()) > 1000 {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// TestADripEnds sends an answer byte by byte, which is never silent.
func TestADripEnds(t *testing.T) {
	r := newRig(t)
	r.client.HeadTimeout, r.client.Retries = 100*time.Millisecond, -1
	r.hub.Add(hubtest.Fault{Op: hubtest.Info, Do: hubtest.Do{Status: 200, Body: " ", Endless: true, Rate: 50}})
	start := time.Now()
	_, err := r.client.Info(t.Context(), r.repo)
	if err == nil || time.Since(start) > time.Minute {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestADiskWithoutRoomIsNotBegunOn(t *testing.T) {
	r := newRig(t)
	r.hub.Add(hubtest.Fault{Op: hubtest.Head, Do: hubtest.Do{Header: map[string]string{"X-Linked-Size": "1152921504606846976"}}})
	_, err := r.client.Download(t.Context(), r.repo, large, nil)
	if !errors.Is(err, hub.ErrDiskFull) {
		t.Errorf("the error is %v", err)
	}
	if n := len(r.ranges()); n > 0 {
		t.Errorf("%d requests for the body", n)
	}
	r.noLeftovers()
}

func TestACacheThatCannotBeWrittenTo(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not hold this user back")
	}
	r := newRig(t)
	snap := r.snapshot(&hub.SnapshotOptions{Ignore: []string{"*.safetensors"}})
	err := filepath.WalkDir(r.dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			t.Cleanup(func() { _ = os.Chmod(name, 0o755) }) // for the folder to be removed
			err = os.Chmod(name, 0o555)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	again := r.snapshot(&hub.SnapshotOptions{Ignore: []string{"*.safetensors"}})
	if again.Dir != snap.Dir {
		t.Errorf("%s", again.Dir)
	}
	if _, err := r.client.Snapshot(t.Context(), r.repo, nil); !errors.Is(err, hub.ErrReadOnly) {
		t.Errorf("the error is %v", err)
	}
}

// TestATransportIsTheCallers is asked in place of the network.
func TestATransportIsTheCallers(t *testing.T) {
	clearEnvironment(t)
	refused := errors.New("refused")
	c := &hub.Client{HTTP: &http.Client{Transport: failing{refused}}, Endpoint: "https://x.example", CacheDir: t.TempDir(), Network: hub.NetworkOnline}
	waits := hub.NeverWait(c)
	if _, err := c.Info(t.Context(), hub.Repo{ID: "a/b"}); !errors.Is(err, refused) {
		t.Errorf("the error is %v", err)
	}
	if n := len(waits.All()); n != 5 {
		t.Errorf("%d further attempts", n)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }
