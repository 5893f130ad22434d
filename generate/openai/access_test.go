package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

func TestOnlyARightKeyIsLetIn(t *testing.T) {
	s := serve(t, openai.Config{APIKeys: []string{"one", "two"}}, generate.Config{})
	for _, c := range []struct {
		header, value string
		status        int
	}{
		{"Authorization", "Bearer one", 200},
		{"Authorization", "bearer two", 200},
		{"X-Api-Key", "two", 200},
		{"Authorization", "Bearer three", 401},
		{"Authorization", "Bearer on", 401},
		{"Authorization", "one", 401},
		{"X-Api-Key", "", 401},
		{"X-Other", "one", 401},
	} {
		r := s.do("GET", "/v1/models", "", c.header, c.value)
		if r.status != c.status {
			t.Errorf("%s: %s gives %d", c.header, c.value, r.status)
		}
		if c.status == 401 {
			if e := failureOf(t, r); e.Code != "invalid_api_key" || e.Type != "authentication_error" {
				t.Errorf("the error is %+v", e)
			}
		}
	}
	if r := s.do("GET", "/health", ""); r.status != 200 {
		t.Errorf("health gives %d without a key", r.status)
	}
}

func TestWebPages(t *testing.T) {
	s := serve(t, openai.Config{Origins: []string{"https://a.example"}, APIKeys: []string{"k"}}, generate.Config{})
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization, x-stainless-os"}
	r := s.do("OPTIONS", chatPath, "", append(ask, "Origin", "https://a.example")...)
	if h := r.header; r.status != 204 || h.Get("Access-Control-Allow-Origin") != "https://a.example" || h.Get("Access-Control-Allow-Headers") != ask[3] || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("a preflight gives %d %v", r.status, h)
	}
	if r := s.do("GET", "/v1/models", "", "Origin", "https://a.example", "X-Api-Key", "k"); r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != "https://a.example" || r.header.Get("Vary") != "Origin" {
		t.Errorf("a request gives %d %v", r.status, r.header)
	}
	if r := s.do("GET", "/v1/models", "", "Origin", s.url, "X-Api-Key", "k"); r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page of the server itself is given %d %v", r.status, r.header)
	}
	for _, origin := range []string{"https://b.example", "null", "https://a.example.b.example", "http://a.example"} {
		for _, method := range []string{"OPTIONS", "POST", "GET"} {
			r := s.do(method, chatPath, "{}", append(ask, "Origin", origin, "X-Api-Key", "k")...)
			if e := failureOf(t, r); r.status != 403 || e.Code != "origin_not_allowed" || r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s of %s gives %d %+v", method, origin, r.status, e)
			}
		}
	}
	all := serve(t, openai.Config{Origins: []string{"*"}}, generate.Config{})
	if r := all.do("GET", "/v1/models", "", "Origin", "https://c.example"); r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("any page is given %d %v", r.status, r.header)
	}
}

func TestEachReplyHasTheRequestsID(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	if got := s.do("GET", "/health", "", "X-Request-Id", "a-b_c.9").header.Get("X-Request-Id"); got != "a-b_c.9" {
		t.Errorf("the id is %q", got)
	}
	seen := map[string]bool{}
	for _, given := range []string{"", "a b", "<script>", strings.Repeat("x", 129)} {
		id := s.do("GET", "/nothing", "", "X-Request-Id", given).header.Get("X-Request-Id")
		if !strings.HasPrefix(id, "req_") || seen[id] {
			t.Errorf("%q gives the id %q", given, id)
		}
		seen[id] = true
	}
}

func TestRoutesThatThereAreNot(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	if e := failureOf(t, s.do("GET", "/v1/nothing", "")); e.status != 404 || e.Code != "unknown_url" {
		t.Errorf("%+v", e)
	}
	r := s.do("GET", chatPath, "")
	if e := failureOf(t, r); e.status != 405 || r.header.Get("Allow") != "POST" {
		t.Errorf("%+v %v", e, r.header)
	}
	if e := failureOf(t, s.do("POST", "/v1/models/%C2%9B%E2%80%AE"+strings.Repeat("a", 2000), "")); e.status != 405 || strings.ContainsAny(e.Message, "\u009b\u202e") || len(e.Message) > 500 {
		t.Errorf("a hostile path gives %+v", e)
	}
	if m := s.records.next(); m.Route != "other" || m.Status != 404 {
		t.Errorf("measured %+v", m)
	}
}

func TestModels(t *testing.T) {
	g := story(t, generate.Config{})
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "org/name", Generator: g})
	type info struct {
		ID, Object   string
		Created      int64
		MaxModelLen  int `json:"max_model_len"`
		Capabilities []string
	}
	var list struct {
		Object string
		Data   []info
	}
	if err := json.Unmarshal(s.do("GET", "/v1/models", "").body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Data) != 2 || list.Data[0].ID != "story" || list.Data[1].ID != "org/name" || list.Data[0].MaxModelLen != g.ContextLength() || list.Data[0].Created == 0 || list.Object != "list" {
		t.Errorf("%+v", list)
	}
	var one info
	if err := json.Unmarshal(s.do("GET", "/v1/models/org/name", "").body, &one); err != nil || one.ID != "org/name" || one.Object != "model" || strings.Join(one.Capabilities, " ") != "completion chat" {
		t.Errorf("%+v (%v)", one, err)
	}
	// Names are names and no paths.
	for _, name := range []string{"../../etc/passwd", "..%2f..%2fetc%2fpasswd", "storyteller", "story:", "story:x", "org", "%00", "file:%2f%2f%2fetc"} {
		e := failureOf(t, s.do("GET", "/v1/models/"+name, ""))
		if e.status != 404 || e.Code != "model_not_found" && e.Code != "unknown_url" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for _, name := range []string{"../../etc/passwd", "/etc/passwd", "nothing", "story:nothing", "\u0000", "STORY"} {
		text, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if e := s.refused(chatPath, `{"model":`+string(text)+`,`+hello+`}`); e.status != 404 || e.Code != "model_not_found" || e.Param != "model" {
			t.Errorf("%q: %+v", name, e)
		}
	}
	if e := s.refused(chatPath, `{`+hello+`}`); e.status != 400 || e.Param != "model" {
		t.Errorf("without a model: %+v", e)
	}
}

func TestModelsThatCannotBeServed(t *testing.T) {
	g := story(t, generate.Config{})
	for _, c := range []struct {
		name   string
		cfg    openai.Config
		models []openai.Model
	}{
		{"no name", openai.Config{}, []openai.Model{{Generator: g}}},
		{"a name with a control character", openai.Config{}, []openai.Model{{ID: "a\x1b[m", Generator: g}}},
		{"a long name", openai.Config{}, []openai.Model{{ID: strings.Repeat("x", 257), Generator: g}}},
		{"no generator", openai.Config{}, []openai.Model{{ID: "a"}}},
		{"one name twice", openai.Config{}, []openai.Model{{ID: "a", Generator: g}, {ID: "a", Generator: g}}},
		{"an empty key", openai.Config{APIKeys: []string{""}}, nil},
		{"a limit below 0", openai.Config{MaxBody: -1}, nil},
		{"a time below 0", openai.Config{Timeout: -1}, nil},
		{"answers below 0", openai.Config{MaxAnswers: -1}, nil},
	} {
		if h, err := openai.New(&c.cfg, c.models...); err == nil || h != nil {
			t.Errorf("%s is served", c.name)
		}
	}
}

func TestHealthAndLoading(t *testing.T) {
	h, err := openai.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	h.SetLoading(true)
	s := &server{t: t, handler: h}
	s.listen()
	if e := failureOf(t, s.do("GET", "/health", "")); e.status != 503 || e.Code != "loading" {
		t.Errorf("%+v", e)
	}
	r := s.do("POST", chatPath, `{"model":"late",`+hello+`}`)
	if e := failureOf(t, r); e.status != 503 || r.header.Get("Retry-After") == "" {
		t.Errorf("%+v", e)
	}
	if err := h.Add(openai.Model{ID: "late", Generator: story(t, generate.Config{})}); err != nil {
		t.Fatal(err)
	}
	h.SetLoading(false)
	h.SetDraining(true)
	if e := failureOf(t, s.do("GET", "/health", "")); e.status != 503 || e.Code != "shutting_down" {
		t.Errorf("%+v", e)
	}
	if r := s.do("POST", chatPath, `{"model":"late","max_tokens":2,`+hello+`}`); r.status != 200 {
		t.Errorf("a draining server answers with %d", r.status)
	}
	h.SetDraining(false)
	if r := s.do("GET", "/health", ""); r.status != 200 || strings.TrimSpace(string(r.body)) != `{"status":"ok"}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := s.do("HEAD", "/health", ""); r.status != 200 {
		t.Errorf("HEAD gives %d", r.status)
	}
	var reply chatReply
	s.post(chatPath, `{"model":"late","max_tokens":2,`+hello+`}`, &reply)
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/health", "/v1/models"} {
		if e := failureOf(t, s.do("GET", path, "")); e.status != 503 || e.Code != "shutting_down" {
			t.Errorf("%s: %+v", path, e)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Shutdown(ended); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a second shutdown: %v", err)
	}
}

func TestBodiesThatAreNoRequests(t *testing.T) {
	s := serve(t, openai.Config{MaxBody: 10_000}, generate.Config{})
	deep := strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)
	lists := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"nothing", "", 400, "invalid_json"},
		{"no JSON", "model=story", 400, "invalid_json"},
		{"half", `{"model":"story"`, 400, "invalid_json"},
		{"two", `{"model":"story"}{}`, 400, "invalid_json"},
		{"a list", `[1]`, 400, "invalid_json"},
		{"a string", `"{}"`, 400, "invalid_json"},
		{"null", `null`, 400, "invalid_json"},
		{"no UTF-8", "{\"model\":\"\xff\xfe\"}", 400, "invalid_json"},
		{"deep objects", `{"x":` + deep + `}`, 400, "invalid_json"},
		{"deep lists", lists, 400, "invalid_json"},
		{"a large one", `{"x":"` + strings.Repeat("y", 20_000) + `"}`, 413, "request_too_large"},
	} {
		for _, path := range []string{chatPath, "/v1/completions", "/v1/responses", "/v1/embeddings", "/tokenize", "/detokenize"} {
			if e := s.refused(path, c.body); e.status != c.status || e.Code != c.code {
				t.Errorf("%s: %s: %+v", path, c.name, e)
			}
		}
	}
	if e := s.refused(chatPath, `{}`, "Content-Encoding", "gzip"); e.status != 415 {
		t.Errorf("a body that is packed: %+v", e)
	}
	// Without a length, too.
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+chatPath, struct{ *strings.Reader }{strings.NewReader(strings.Repeat(" ", 20_000))})
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = -1
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("a large one without a length gives %d", res.StatusCode)
	}
}
