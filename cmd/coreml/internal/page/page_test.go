package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestEveryFileIsServedWithThePolicy(t *testing.T) {
	list, err := fs.ReadDir(files, "files")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		target := "/page/" + entry.Name()
		if entry.Name() == "index.html" {
			target = "/"
		}
		resp := get(t, "GET", target)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != types[path.Ext(entry.Name())] {
			t.Errorf("%s: %s, %s", target, resp.Status, resp.Header.Get("Content-Type"))
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; ", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cache-Control": "no-cache",
		} {
			if got := resp.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if again := get(t, "GET", target, "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: asked for again: %s", target, again.Status)
		}
		if head := get(t, "HEAD", target); head.StatusCode != http.StatusOK || head.Header.Get("ETag") != resp.Header.Get("ETag") {
			t.Errorf("HEAD %s: %s", target, head.Status)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, target := range []string{"/page/", "/page/index.html", "/page/../page.go", "/page/nothing.js", "/index.html", "/files/main.js"} {
		if resp := get(t, "GET", target); resp.StatusCode == http.StatusOK {
			t.Errorf("%s: %s", target, resp.Status)
		}
	}
	if resp := get(t, "POST", "/"); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", resp.Status)
	}
}

// What a browser would load from elsewhere, or run without being a file here, is kept from
// it by the policy; it should not be written either.
func TestTheFilesAreAllThereIs(t *testing.T) {
	list, err := fs.ReadDir(files, "files")
	if err != nil {
		t.Fatal(err)
	}
	wrong := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\bstyle=|\bon[a-z]+="|https?://[^w]|@import`)
	names := regexp.MustCompile(`(?:href|src)="(page/[^"]+)"|from '\./([^']+)'`)
	have := map[string]bool{}
	for _, entry := range list {
		have[entry.Name()] = true
	}
	for name := range have {
		data, err := files.ReadFile("files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if found := wrong.FindString(string(data)); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		for _, m := range names.FindAllStringSubmatch(string(data), -1) {
			if used := path.Base(m[1] + m[2]); !have[used] {
				t.Errorf("%s uses %s, which is not there", name, used)
			}
		}
	}
}
