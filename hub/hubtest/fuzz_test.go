package hubtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// FuzzRoute asks for whatever: every address has an answer, and none of them is an
// error of the server's.
func FuzzRoute(f *testing.F) {
	for _, path := range []string{
		"/", "//", "/api", "/api/", "/api/models", "/api/models/", "/api/models/org/name/tree", "/api/models/org/name/tree/main/sub",
		"/org/name/resolve/main/config.json", "/org/name/resolve/refs%2Fpr%2F1/x", "/org/name/resolve/refs/", "/resolve/resolve/resolve/resolve",
		"/api/datasets/org/name/paths-info/main", "/models/org/name/0123456789012345678901234567890123456789/w.bin?Signature=1",
		"/api/models/old/name?cursor=AAAA&limit=-1&expand=true",
	} {
		f.Add(path, true)
		f.Add(path, false)
	}
	s, err := Start(Repo{ID: "org/name", Files: FS{"config.json": Text("{}"), "sub/w.bin": Text("x")}}, Repo{ID: "old/name", MovedTo: "org/name"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, path string, hub bool) {
		u, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") {
			t.Skip()
		}
		defer s.ClearLog()
		origin := CDN
		if hub {
			origin = Hub
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
			r.URL, r.RequestURI = u, path
			w := httptest.NewRecorder()
			s.serve(origin, w, r)
			if w.Code < 200 || w.Code >= 500 {
				t.Errorf("%s %q: %d %s", method, path, w.Code, w.Body)
			}
		}
	})
}

// FuzzGlob compares with regular expressions.
func FuzzGlob(f *testing.F) {
	f.Add("*.bin", "a/b.bin")
	f.Add("a*b*c", "abcbc")
	f.Add("?", "")
	f.Add("**", "x")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if pattern == "" || len(pattern) > 50 || !isASCII(pattern+text) {
			t.Skip()
		}
		quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)^(?:` + quoted + `)$`).MatchString(text)
		if got := glob(pattern, text); got != want {
			t.Errorf("glob(%q, %q) = %v", pattern, text, got)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}
