package hub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gocoreml/coreml/hub"
)

func TestLinksToTheNextPage(t *testing.T) {
	for header, want := range map[string]string{
		"":                                     "",
		`<https://h/api?cursor=1>; rel="next"`: "https://h/api?cursor=1",
		`<https://h/api?cursor=1>;rel=next`:    "https://h/api?cursor=1",
		`</api?a=1,2;3>; rel="next"`:           "/api?a=1,2;3",
		`<a>; rel="prev", <b>; rel="next"`:     "b",
		`<a>; rel=prev,<b>; title="x, <c>; rel=\"next\""; REL="NEXT"`: "b",
		`<a>; rel="first next last"`:                                  "a",
		`<a>; title="; rel=next"`:                                     "",
		`<a>; rel="prev"; rel="next"`:                                 "",
		`<a>; title; rel="next"`:                                      "a",
		`<a>; rel="nextpage"`:                                         "",
		`<a; rel="next"`:                                              "",
		`a>; rel="next"`:                                              "",
		`<>; rel="next"`:                                              "",
		`<a>; rel="next`:                                              "a",
		`<a>; rel*=UTF-8''next`:                                       "",
		`<a>`:                                                         "",
		`<a>, <b>; rel="next"`:                                        "b",
		strings.Repeat(`<a>; rel="prev", `, 1000) + `<b>; rel="next"`: "b",
		`<https://h/x>; rel="xet-auth", <https://h/y>; rel="next"`:    "https://h/y",
	} {
		if got := hub.NextLink([]string{header}); got != want {
			t.Errorf("%q leads to %q, want %q", header, got, want)
		}
	}
	if got := hub.NextLink([]string{`<a>; rel="prev"`, `<b>; rel="next"`}); got != "b" {
		t.Errorf("two headers lead to %q", got)
	}
}

func TestPagesStayAtTheirOrigin(t *testing.T) {
	clearEnvironment(t)
	for link, want := range map[string]string{
		"https://mirror.example/api/x?cursor=2":           "https://mirror.example/api/x?cursor=2",
		"/hf/api/x?cursor=2":                              "https://mirror.example/hf/api/x?cursor=2",
		"?cursor=2":                                       "https://mirror.example/hf/api/x?cursor=2",
		"https://MIRROR.example:443/hf/api/x":             "https://MIRROR.example:443/hf/api/x",
		"https://huggingface.co/api/x?cursor=2":           "https://mirror.example/hf/api/x?cursor=2",
		"https://user:pass@mirror.example/hf/api/x#there": "https://mirror.example/hf/api/x",
		"http://mirror.example/api/x":                     "",
		"https://mirror.example:444/api/x":                "",
		"https://other.example/api/x":                     "",
		"//other.example/api/x":                           "",
		"file:///etc/passwd":                              "",
		"https://mirror.example@other.example/":           "",
		"https://[":                                       "",
	} {
		c := &hub.Client{Endpoint: "https://mirror.example/hf"}
		got, err := hub.NextPage(c, "https://mirror.example/hf/api/x?recursive=true", http.Header{"Link": {"<" + link + `>; rel="next"`}})
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, hub.ErrNotHub) {
			t.Errorf("%s leads to %q, %v; want %q", link, got, err, want)
		}
	}
}

func TestTimesToWait(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, " 120 ": 2 * time.Minute,
		"Mon, 30 Nov 2026 12:00:30 GMT":    30 * time.Second,
		"Monday, 30-Nov-26 12:00:30 GMT":   30 * time.Second,
		"Mon Nov 30 12:00:30 2026":         30 * time.Second,
		"Mon, 30 Nov 2026 11:00:00 GMT":    0,
		"Mon, 10 Nov 7000 00:00:00 GMT":    100 * 365 * 24 * time.Hour,
		"99999999999999999999999999999999": 100 * 365 * 24 * time.Hour,
		"":                                 -1,
		"-1":                               -1,
		"1.5":                              -1,
		"soon":                             -1,
	} {
		got, ok := hub.ParseRetryAfter(value, now)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q is %v, %v; want %v", value, got, ok, want)
		}
	}
	for value, want := range map[string]string{
		`"api";r=0;t=55`:                     "0 55s true",
		` "api" ; r = 3 ; t = 5 `:            "3 5s true",
		`"resolvers";r=0;t=1, "api";r=5;t=9`: "0 1s true",
		`"";r=0;t=1`:                         "0 1s true",
		`"api";r=0`:                          "0 0s false",
		`api;r=0;t=55`:                       "0 0s false",
		`"api";r=99999999999999999999;t=1`:   "0 0s false",
		``:                                   "0 0s false",
	} {
		r, reset, ok := hub.ParseRateLimit(value)
		if got := fmt.Sprint(r, reset, ok); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestPartsOfABody(t *testing.T) {
	for value, want := range map[string]string{
		"bytes 0-9/10":                    "0 9 10 true",
		"bytes 5-9/*":                     "5 9 -1 true",
		"Bytes  5 - 9 / 10":               "5 9 10 true",
		"bytes 5-9/9":                     "0 0 0 false",
		"bytes 9-5/10":                    "0 0 0 false",
		"bytes */10":                      "0 0 0 false",
		"bytes -1-9/10":                   "0 0 0 false",
		"bytes 0-9":                       "0 0 0 false",
		"lines 0-9/10":                    "0 0 0 false",
		"":                                "0 0 0 false",
		"bytes 0-99999999999999999999/10": "0 0 0 false",
	} {
		first, last, total, ok := hub.ParseContentRange(value)
		if got := fmt.Sprint(first, last, total, ok); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestNamesOfContent(t *testing.T) {
	for value, want := range map[string]string{
		`"abc"`: "abc", `W/"abc"`: "abc", `abc`: "abc", ``: "", `""`: "", `W/""`: "", `WW//"abc"`: "abc", `"a"b"`: `a"b`,
	} {
		if got := hub.NormalizeETag(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

func TestElementsOfAddresses(t *testing.T) {
	for value, want := range map[string]string{
		"refs/pr/1": "refs%2Fpr%2F1", "a b": "a%20b", "ü": "%C3%BC", "a-b_c.d~e": "a-b_c.d~e", "?#%": "%3F%23%25", "\xff": "%FF", "+": "%2B",
	} {
		if got := hub.Escape(value, ""); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
	if got := hub.Escape("a/b c", "/"); got != "a/b%20c" {
		t.Error(got)
	}
}

func FuzzNextLink(f *testing.F) {
	for _, s := range []string{`<a>; rel="next"`, `<a>; rel=prev, <b>; title="\"<c>"; rel="next"`, `<`, `<a>;;=;,`, `<a>; rel="a\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := hub.NextLink([]string{s}); got != "" && !strings.Contains(s, "<"+got+">") {
			t.Fatalf("%q leads to %q", s, got)
		}
		c := &hub.Client{Endpoint: "https://mirror.example/hf", CacheDir: "/x", NoToken: true}
		next, err := hub.NextPage(c, "https://mirror.example/hf/api/x", http.Header{"Link": {s}})
		switch {
		case err != nil:
			if !errors.Is(err, hub.ErrNotHub) || len(err.Error()) > 3000 || !utf8.ValidString(err.Error()) {
				t.Fatalf("%q: %v", s, err)
			}
		case next != "" && !strings.HasPrefix(strings.ToLower(next), "https://mirror.example"):
			t.Fatalf("%q leads to %q", s, next)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	for _, s := range []string{"7", "Mon, 30 Nov 2026 12:00:30 GMT", `"api";r=0;t=55`, "bytes 0-9/10", `W/"abc"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
		if d, ok := hub.ParseRetryAfter(s, now); ok && d < 0 {
			t.Fatalf("%q is %v", s, d)
		}
		if n, d, ok := hub.ParseRateLimit(s); ok && (n < 0 || d < 0) {
			t.Fatalf("%q is %d, %v", s, n, d)
		}
		if d, ok := hub.Asked(http.Header{"Retry-After": {s}, "Ratelimit": {s}}, now); ok && d <= 0 {
			t.Fatalf("%q is %v", s, d)
		}
		first, last, total, ok := hub.ParseContentRange(s)
		if ok && (first < 0 || last < first || total >= 0 && last >= total) {
			t.Fatalf("%q is %d-%d/%d", s, first, last, total)
		}
		if e := hub.NormalizeETag(s); len(e) > len(s) || strings.HasPrefix(e, `"`) {
			t.Fatalf("%q is %q", s, e)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, s := range []string{
		`{"id":"a/b","sha":"x","gated":"auto","siblings":[{"rfilename":"a"}],"tags":["x"],"lastModified":"2026-11-30T12:00:00.000Z"}`,
		`{"id":1,"gated":true,"tags":{},"siblings":null}`,
		`[{"type":"file","path":"a","size":1,"oid":"x","lfs":{"oid":"y","size":1,"pointerSize":3},"xetHash":"z"},{"type":"directory","path":"d"}]`,
		`[{"name":"main","ref":"refs/heads/main","targetCommit":"x"}]`,
		`[[[[`, `{`, `null`, `[{"type":"file","size":-1}]`, `[1]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		decoder := func() *json.Decoder { return json.NewDecoder(strings.NewReader(string(data))) }
		if info, err := hub.ReadInfo(decoder()); err == nil && info.Gated != "" && info.Gated != "auto" && info.Gated != "manual" {
			t.Fatalf("%q", info.Gated)
		}
		_, _ = hub.ReadRefs(data) // it is to end
		page, entries, err := hub.ReadPage(decoder(), 3)
		if err == nil && (entries > 3 || len(page) > entries) {
			t.Fatalf("%d files of %d entries", len(page), entries)
		}
		for _, file := range page {
			if file.Path == "" || file.BlobID == "" || file.Size < 0 {
				t.Fatalf("%+v", file)
			}
		}
	})
}

func FuzzExpandPath(f *testing.F) {
	for _, s := range []string{"~", "~/x", "~nobody/x", "$HOME/${HOME}", "${", "$", "a$1b", "~\\x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := hub.ExpandPath(s); !strings.ContainsAny(s, "~$") && got != s {
			t.Fatalf("%q is %q", s, got)
		}
	})
}
