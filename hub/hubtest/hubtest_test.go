package hubtest_test

import (
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// The repository that most tests serve: two files in git, one of them nested, and
// one in large-file storage.
const (
	repoID = "org/name"
	config = `{"model_type":"toy"}`
	vocab  = "a\nb\n"
	weight = "X.mlpackage/Data/weights/weight.bin"
)

var weights = hubtest.Pattern{Size: 300_000}

func files() hubtest.FS {
	return hubtest.FS{"config.json": hubtest.Text(config), "sub/vocab.txt": hubtest.Text(vocab), weight: weights}
}

func serve(t *testing.T, faults ...hubtest.Fault) *hubtest.Server {
	t.Helper()
	s := hubtest.New(t, hubtest.Repo{ID: repoID, Files: files()})
	s.Add(faults...)
	return s
}

// reply is a response with its body read.
type reply struct {
	*http.Response
	text string
	err  error // of reading the body
}

// client follows nothing, and asks for no compression.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends a request; headers are name and value in turn.
func ask(t *testing.T, method, url string, headers ...string) (reply, error) {
	t.Helper()
	c := client()
	t.Cleanup(c.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp, string(body), err}, nil
}

// get is ask for a request that must be answered in full with a status.
func get(t *testing.T, status int, method, url string, headers ...string) reply {
	t.Helper()
	r, err := ask(t, method, url, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	if r.err != nil {
		t.Fatalf("%s %s: read the body: %v", method, url, r.err)
	}
	if r.StatusCode != status {
		t.Fatalf("%s %s: %s, want %d; body %.200q", method, url, r.Status, status, r.text)
	}
	return r
}

// decode reads the body as JSON.
func decode[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.text), &v); err != nil {
		t.Fatalf("%q: %v", r.text, err)
	}
	return v
}

// header fails unless the answer has the header.
func header(t *testing.T, r reply, name, want string) {
	t.Helper()
	if got := r.Header.Get(name); got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// gitBlob is the name of a file in git.
func gitBlob(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return hex.EncodeToString(sum[:])
}

// pattern is a pattern's whole content.
func pattern(t *testing.T, p hubtest.Pattern) string {
	t.Helper()
	b, err := io.ReadAll(p.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestAFileInGitComesFromTheHub(t *testing.T) {
	s := serve(t)
	commit := s.Commit(hubtest.Model, repoID, "main")
	url := s.URL() + "/" + repoID + "/resolve/main/sub/vocab.txt"
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		r := get(t, http.StatusOK, method, url)
		header(t, r, "ETag", `"`+gitBlob(vocab)+`"`)
		header(t, r, "X-Repo-Commit", commit)
		header(t, r, "Content-Length", "4")
		header(t, r, "Accept-Ranges", "bytes")
		if r.Header.Get("X-Request-Id") == "" {
			t.Error("no X-Request-Id")
		}
		want := vocab
		if method == http.MethodHead {
			want = ""
		}
		if r.text != want {
			t.Errorf("%s: %q, want %q", method, r.text, want)
		}
	}
}

func TestAFileInLargeFileStorageComesFromTheSecondOrigin(t *testing.T) {
	s := serve(t)
	whole := pattern(t, weights)
	head := get(t, http.StatusFound, http.MethodHead, s.URL()+"/"+repoID+"/resolve/main/"+weight)
	header(t, head, "X-Linked-Etag", `"`+sha(whole)+`"`)
	header(t, head, "X-Linked-Size", fmt.Sprint(len(whole)))
	header(t, head, "X-Repo-Commit", s.Commit(hubtest.Model, repoID, "main"))
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", sha(whole), len(whole))
	header(t, head, "ETag", `"`+gitBlob(pointer)+`"`)
	to := head.Header.Get("Location")
	if !strings.HasPrefix(to, s.CDNURL()+"/") {
		t.Fatalf("Location %q is not at %s", to, s.CDNURL())
	}
	r := get(t, http.StatusOK, http.MethodGet, to)
	if r.text != whole {
		t.Error("another content")
	}
	if strings.Contains(r.Header.Get("ETag"), sha(whole)) {
		t.Error("the store names the object by its sha256")
	}
	part := get(t, http.StatusPartialContent, http.MethodGet, to, "Range", "bytes=299990-")
	if part.text != whole[299990:] {
		t.Error("another part")
	}
	header(t, part, "Content-Range", "bytes 299990-299999/300000")
	get(t, http.StatusRequestedRangeNotSatisfiable, http.MethodGet, to, "Range", "bytes=300000-")
	get(t, http.StatusBadRequest, http.MethodGet, to, "Authorization", "Bearer hf_me")
	get(t, http.StatusForbidden, http.MethodGet, strings.Replace(to, "Signature=", "Signature=0", 1))
	if got := len(s.Leaks()); got != 1 {
		t.Errorf("%d requests with a token reached the second origin, want 1", got)
	}
}

// readAll reads and closes a response.
func readAll(t *testing.T, resp *http.Response) reply {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{Response: resp, text: string(body)}
}

// gunzip unpacks a text.
func gunzip(t *testing.T, text string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
