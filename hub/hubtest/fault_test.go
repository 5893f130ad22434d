package hubtest_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// bodyURL is where the weights are.
func bodyURL(t *testing.T, s *hubtest.Server) string {
	t.Helper()
	return get(t, http.StatusFound, http.MethodHead, s.URL()+"/"+repoID+"/resolve/main/"+weight).Header.Get("Location")
}

func configURL(s *hubtest.Server) string { return s.URL() + "/" + repoID + "/resolve/main/config.json" }

func treeURL(s *hubtest.Server) string {
	return s.URL() + "/api/models/" + repoID + "/tree/main?recursive=true"
}

func TestAStatusInsteadOfAnAnswer(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Body, From: 2, To: 3, Do: hubtest.Do{Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: "slow down"}})
	for _, want := range []int{200, 429, 429, 200} {
		r := get(t, want, http.MethodGet, configURL(s))
		if want == 429 && (r.text != "slow down" || r.Header.Get("Retry-After") != "7") {
			t.Errorf("%q %v", r.text, r.Header)
		}
	}
}

func TestFaultsCountEachClientAndEachFile(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Body, To: 1, Do: hubtest.Do{Status: 503}})
	vocabURL := s.URL() + "/" + repoID + "/resolve/main/sub/vocab.txt"
	for _, agent := range []string{"one/1", "two/2"} {
		for _, url := range []string{configURL(s), vocabURL} {
			get(t, 503, http.MethodGet, url, "User-Agent", agent)
			get(t, 200, http.MethodGet, url, "User-Agent", agent)
		}
	}
}

func TestAFaultStrikesWhatItNames(t *testing.T) {
	for name, f := range map[string]hubtest.Fault{
		"operation":  {Op: hubtest.Head},
		"method":     {Method: http.MethodHead},
		"origin":     {Origin: hubtest.CDN},
		"repository": {Repo: "other/*"},
		"file":       {File: "*.bin"},
		"path":       {Path: "/api/*"},
		"client":     {Client: "curl"},
		"condition":  {If: func(r hubtest.Request) bool { return r.Query != "" }},
	} {
		f.Do.Status = 503
		s := serve(t, f)
		get(t, 200, http.MethodGet, configURL(s))
		struck := false
		for _, try := range []struct{ method, url, agent string }{
			{http.MethodHead, configURL(s), "x"},
			{http.MethodGet, s.CDNURL() + "/models/x", "x"},
			{http.MethodGet, s.URL() + "/other/name/resolve/main/x", "x"},
			{http.MethodGet, s.URL() + "/" + repoID + "/resolve/main/" + weight, "x"},
			{http.MethodGet, treeURL(s), "x"},
			{http.MethodGet, configURL(s), "curl/8"},
		} {
			r, err := ask(t, try.method, try.url, "User-Agent", try.agent)
			if err != nil {
				t.Fatal(err)
			}
			struck = struck || r.StatusCode == http.StatusServiceUnavailable
		}
		if !struck {
			t.Errorf("by %s: nothing was struck", name)
		}
	}
}

func TestACutBodyEndsEarlyAndCanBeResumed(t *testing.T) {
	whole := pattern(t, weights)
	for name, test := range map[string]struct {
		do   hubtest.Do
		want int
	}{
		"after a number": {hubtest.Do{CutAfter: 1000}, 1000},
		"at half":        {hubtest.Do{CutHalf: true}, len(whole) / 2},
		"at once":        {hubtest.Do{CutAfter: -1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, hubtest.Fault{Op: hubtest.Body, To: 1, Do: test.do})
			url := bodyURL(t, s)
			r, err := ask(t, http.MethodGet, url)
			if err != nil {
				t.Fatal(err)
			}
			if !errors.Is(r.err, io.ErrUnexpectedEOF) || r.text != whole[:test.want] {
				t.Errorf("%d bytes and %v, want %d and an early end", len(r.text), r.err, test.want)
			}
			header(t, r, "Content-Length", "300000")
			rest := get(t, http.StatusPartialContent, http.MethodGet, url, "Range", "bytes=1000-")
			if rest.text != whole[1000:] {
				t.Error("another rest")
			}
		})
	}
}

func TestRangesCanBeIgnored(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{IgnoreRange: true}})
	r := get(t, http.StatusOK, http.MethodGet, configURL(s), "Range", "bytes=5-")
	if r.text != config {
		t.Errorf("%q", r.text)
	}
	if got := s.Requests()[0].Header.Get("Range"); got != "bytes=5-" {
		t.Errorf("the log lost the range: %q", got)
	}
}

func TestAShortBodyHasAnHonestLength(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Short: 10}})
	r := get(t, http.StatusOK, http.MethodGet, bodyURL(t, s))
	if want := pattern(t, weights); r.text != want[:len(want)-10] {
		t.Errorf("%d bytes", len(r.text))
	}
	header(t, r, "Content-Length", "299990")
}

func TestAFlippedByteStaysWhereItIs(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Flip: []int64{1000, -1}}})
	want := []byte(pattern(t, weights))
	want[1000] ^= 0xff
	want[len(want)-1] ^= 0xff
	url := bodyURL(t, s)
	if r := get(t, http.StatusOK, http.MethodGet, url); r.text != string(want) {
		t.Error("the whole file: other bytes are flipped")
	}
	for _, from := range []string{"999", "1000", "1001"} {
		r := get(t, http.StatusPartialContent, http.MethodGet, url, "Range", "bytes="+from+"-")
		if r.text != string(want[len(want)-len(r.text):]) {
			t.Errorf("from %s: other bytes are flipped", from)
		}
	}
}

func TestALengthCanLie(t *testing.T) {
	for _, length := range []string{"5", "100", "99999999999999999999", "-1", "many"} {
		s := serve(t, hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Header: map[string]string{"Content-Length": length}}})
		text := rawAsk(t, s, "GET /"+repoID+"/resolve/main/config.json HTTP/1.1\r\nHost: x\r\n\r\n")
		head, body, _ := strings.Cut(text, "\r\n\r\n")
		if !strings.Contains(head, "Content-Length: "+length) || body != config {
			t.Errorf("length %s: %q", length, text)
		}
	}
}

// rawAsk sends bytes and reads all that comes back.
func rawAsk(t *testing.T, s *hubtest.Server, request string) string {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestHeadersCanBeSetAndRemoved(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Head, Do: hubtest.Do{
		Weak: true, Header: map[string]string{"X-Repo-Commit": "", "X-Linked-Size": "1", "Location": "{hub}/elsewhere"},
	}})
	r := get(t, http.StatusFound, http.MethodHead, s.URL()+"/"+repoID+"/resolve/main/"+weight)
	header(t, r, "X-Repo-Commit", "")
	header(t, r, "X-Linked-Size", "1")
	header(t, r, "X-Linked-Etag", `W/"`+sha(pattern(t, weights))+`"`)
	header(t, r, "Location", s.URL()+"/elsewhere")
}

func TestRedirects(t *testing.T) {
	s := serve(t,
		hubtest.Fault{Op: hubtest.Info, Do: hubtest.Do{Redirect: "{cdn}{path}", Status: 307}},
		hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Loop: true}})
	r := get(t, http.StatusTemporaryRedirect, http.MethodGet, s.URL()+"/api/models/"+repoID+"?blobs=1")
	header(t, r, "Location", s.CDNURL()+"/api/models/"+repoID+"?blobs=1")
	url := treeURL(s)
	seen := map[string]bool{}
	for range 5 {
		url = s.URL() + get(t, http.StatusFound, http.MethodGet, url).Header.Get("Location")
		if seen[url] {
			t.Errorf("%s again: a client could notice the circle", url)
		}
		seen[url] = true
	}
}

func TestAnswersThatNeverCome(t *testing.T) {
	whole := pattern(t, weights)
	s := serve(t, hubtest.Fault{Op: hubtest.Info, Do: hubtest.Do{Hang: true}},
		hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Hang: true, CutAfter: 1000}},
		hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Drop: true}},
		hubtest.Fault{Op: hubtest.Refs, Do: hubtest.Do{Delay: time.Hour}})
	url := bodyURL(t, s)
	for _, silent := range []string{s.URL() + "/api/models/" + repoID, s.URL() + "/api/models/" + repoID + "/refs"} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, silent, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", silent, err)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	head := make([]byte, 1000)
	if _, err := io.ReadFull(resp.Body, head); err != nil || string(head) != whole[:1000] {
		t.Errorf("other bytes come before the silence, %v", err)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	if more, err := io.ReadAll(resp.Body); len(more) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("in the silence come %d bytes and %v", len(more), err)
	}
	if _, err := ask(t, http.MethodGet, treeURL(s)); err == nil {
		t.Error("a dropped connection was an answer")
	}
}

func TestClosingEndsWhatHangs(t *testing.T) {
	s, err := hubtest.Start(hubtest.Repo{ID: repoID, Files: files()})
	if err != nil {
		t.Fatal(err)
	}
	s.Add(hubtest.Fault{Op: hubtest.Info, Do: hubtest.Do{Hang: true}}, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Raw: "x", Endless: true}})
	var wg sync.WaitGroup
	for _, url := range []string{s.URL() + "/api/models/" + repoID, treeURL(s)} {
		wg.Go(func() { ask(t, http.MethodGet, url) }) // fails when the server closes
	}
	for s.Count(func(hubtest.Request) bool { return true }) < 2 {
		time.Sleep(time.Millisecond)
	}
	s.Close()
	wg.Wait()
	for _, r := range s.Requests() {
		if !r.Done {
			t.Errorf("%s is still being answered", r.Path)
		}
	}
	s.Close()
}

func TestASlowBodyTakesItsTime(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Body, Do: hubtest.Do{Rate: 1_500_000}})
	url := bodyURL(t, s)
	start := time.Now()
	r := get(t, http.StatusOK, http.MethodGet, url)
	if took := time.Since(start); took < 190*time.Millisecond || r.text != pattern(t, weights) {
		t.Errorf("%d bytes in %v, want 300000 in 0.2 s", len(r.text), took)
	}
}

func TestWhatIsNotHTTP(t *testing.T) {
	s := serve(t, hubtest.Fault{Do: hubtest.Do{Raw: "SSH-2.0\r\n"}})
	if got := rawAsk(t, s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); got != "SSH-2.0\r\n" {
		t.Errorf("%q", got)
	}
	if _, err := ask(t, http.MethodGet, configURL(s)); err == nil {
		t.Error("it was taken for an answer")
	}
}

func TestBodiesWithoutEnd(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Info, Do: hubtest.Do{Status: 200, Body: "[", Endless: true}},
		hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Raw: "HTTP/1.1 200 OK\r\nX: y\r\n", Endless: true}})
	resp, err := client().Get(s.URL() + "/api/models/" + repoID) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.CopyN(io.Discard, resp.Body, 10<<20); err != nil {
		t.Errorf("%d bytes: %v", n, err)
	}
	resp.Body.Close()
	if _, err := ask(t, http.MethodGet, treeURL(s)); err == nil {
		t.Error("headers without end were an answer")
	}
}

func TestABombIsSmallAndValid(t *testing.T) {
	const size = 40<<20 + 12345
	s := serve(t, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Bomb: size}})
	r := get(t, http.StatusOK, http.MethodGet, treeURL(s), "Accept-Encoding", "identity")
	header(t, r, "Content-Encoding", "gzip")
	if len(r.text) > size/500 {
		t.Errorf("%d bytes for %d", len(r.text), size)
	}
	z, err := gzip.NewReader(strings.NewReader(r.text))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); n != size || err != nil {
		t.Errorf("%d bytes and %v, want %d", n, err, size)
	}
}

func TestAGeneratedListing(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Entries: 2500, PageSize: 1000, Names: []string{"../x", "/y"}}}})
	var all []entry
	pages := 0
	for url := treeURL(s); url != ""; pages++ {
		r := get(t, http.StatusOK, http.MethodGet, url)
		all = append(all, decode[[]entry](t, r)...)
		url = ""
		if link := r.Header.Get("Link"); link != "" {
			url, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
		}
	}
	if len(all) != 2502 || pages != 3 || all[0].Path != "../x" || all[2].Path == all[3].Path || all[2].Size != 1 {
		t.Errorf("%d entries on %d pages: %+v", len(all), pages, all[:4])
	}
}

func TestAListingWithoutEnd(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Endless: true}}})
	seen := map[string]bool{}
	url := treeURL(s)
	for range 20 {
		r := get(t, http.StatusOK, http.MethodGet, url)
		if r.text != "[]" || seen[url] {
			t.Fatalf("%s: %q", url, r.text)
		}
		seen[url] = true
		url, _, _ = strings.Cut(strings.TrimPrefix(r.Header.Get("Link"), "<"), ">")
	}
}

func TestALongListingIsMadeAsItIsRead(t *testing.T) {
	const entries = 200_000
	s := serve(t, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Listing: &hubtest.Listing{Entries: entries}}})
	resp, err := client().Get(treeURL(s)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	d := json.NewDecoder(bufio.NewReader(resp.Body))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; d.More(); n++ {
		var e entry
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
	}
	if n != entries {
		t.Errorf("%d entries", n)
	}
}

func TestFaultsComeAndGoWhileItServes(t *testing.T) {
	s := serve(t)
	get(t, 200, http.MethodGet, configURL(s))
	remove := s.Add(hubtest.Fault{Do: hubtest.Do{Status: 500}})
	s.Add(hubtest.Fault{Do: hubtest.Do{Status: 502}})
	get(t, 500, http.MethodGet, configURL(s))
	remove()
	get(t, 502, http.MethodGet, configURL(s))
	s.ClearFaults()
	get(t, 200, http.MethodGet, configURL(s))
}

func TestACutJSONAnswer(t *testing.T) {
	s := serve(t, hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{CutHalf: true}})
	r, err := ask(t, http.MethodGet, treeURL(s))
	if err != nil || r.err == nil || json.Valid([]byte(r.text)) {
		t.Errorf("%v, %v: %q", err, r.err, r.text)
	}
}
