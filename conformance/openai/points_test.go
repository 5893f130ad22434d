package conformance

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// Point 2: errors are objects of the documented form, whatever was asked.
func TestErrorsAreObjects(t *testing.T) {
	if os.Getenv("ROUTER") != "" {
		t.Skip("the router reads requests itself, and refuses some in its own words")
	}
	s := server(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"no such route", "GET", "/v1/nothing", "", http.StatusNotFound},
		{"a wrong method", "GET", "/v1/chat/completions", "", http.StatusMethodNotAllowed},
		{"an empty body", "POST", "/v1/chat/completions", "", http.StatusBadRequest},
		{"half an object", "POST", "/v1/chat/completions", `{"model":`, http.StatusBadRequest},
		{"a list", "POST", "/v1/chat/completions", `[]`, http.StatusBadRequest},
		{"two objects", "POST", "/v1/chat/completions", `{} {}`, http.StatusBadRequest},
		{"no model", "POST", "/v1/chat/completions", `{"model":"none","messages":[{"role":"user","content":"a"}]}`, http.StatusNotFound},
		{"bytes that are no UTF-8", "POST", "/v1/chat/completions", "{\"model\":\"\xff\"}", http.StatusBadRequest},
		{"a model named as a path", "GET", "/v1/models/..%2f..%2fetc%2fpasswd", "", http.StatusNotFound},
		{"lists in lists", "POST", "/v1/chat/completions", `{"a":` + strings.Repeat("[", 100_000), http.StatusBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			var body any
			if c.body != "" {
				body = strings.NewReader(c.body)
			}
			resp, err := s.Do(t.Context(), c.method, c.path, body)
			if err != nil {
				t.Fatal(err)
			}
			r := read(t, resp)
			if resp.StatusCode != c.status || r.Error == nil || r.Error.Message == "" || r.Error.Type == "" {
				t.Errorf("status %d with the error %+v, want %d", resp.StatusCode, r.Error, c.status)
			}
		})
	}
}

// Point 2: no key, or another, is refused; health needs none.
func TestAKeyIsNeeded(t *testing.T) {
	s := server(t)
	if s.Key == "" {
		t.Skip("the server wants no key")
	}
	stranger := *s
	for key, want := range map[string]int{"": http.StatusUnauthorized, "wrong": http.StatusUnauthorized, s.Key: http.StatusOK} {
		stranger.Key = key
		resp, err := stranger.Do(t.Context(), http.MethodGet, "/v1/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r := read(t, resp); resp.StatusCode != want || (want != http.StatusOK) != (r.Error != nil) {
			t.Errorf("with the key %q the status is %d and the error %+v, want %d", key, resp.StatusCode, r.Error, want)
		}
	}
	stranger.Key = ""
	resp, err := stranger.Do(t.Context(), http.MethodGet, "/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/health is %d", resp.StatusCode)
	}
}

// Point 5: role first, reason last, then usage without choices, then [DONE], then nothing.
func TestAStreamIsInOrder(t *testing.T) {
	s := server(t)
	answer := openStream(t, s, chat(s, fields{"stream": true, "stream_options": fields{"include_usage": true}}))
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Errorf("the stream is of type %q", kind)
	}
	var chunks []*reply
	for r := answer.chunk(t); r != nil; r = answer.chunk(t) {
		chunks = append(chunks, r)
	}
	if rest, err := io.ReadAll(answer.lines); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Errorf("behind [DONE] comes %q (%v)", rest, err)
	}
	if n := len(chunks); n < 4 {
		t.Fatalf("%d chunks", n)
	}
	first, last, usage := chunks[0], chunks[len(chunks)-2], chunks[len(chunks)-1]
	if len(first.Choices) != 1 || first.Choices[0].Delta.Role != "assistant" {
		t.Errorf("the first chunk is %+v", first)
	}
	if len(last.Choices) != 1 || last.Choices[0].FinishReason == nil || *last.Choices[0].FinishReason != "length" {
		t.Errorf("the last chunk of the answer is %+v", last)
	}
	if len(usage.Choices) != 0 || usage.Usage == nil || usage.Usage.CompletionTokens != 20 {
		t.Errorf("the chunk with the usage is %+v", usage)
	}
	for _, r := range chunks {
		if r.ID != first.ID {
			t.Errorf("a chunk has the id %q, the first one %q", r.ID, first.ID)
		}
	}
}

// Point 7: a reader that takes nothing holds up nobody, and loses its answer in time.
func TestASlowReaderHoldsUpNobody(t *testing.T) {
	cfg := config(t)
	cfg.Parallel, cfg.WriteTimeout = 2, time.Second
	s := start(t, cfg)
	if len(s.Generators) == 0 {
		t.Skip("the command's own limit is tried by make serve-soak")
	}
	slow := endless(s)
	// Events of some kilobytes fill what lies between the two sides.
	slow["logprobs"], slow["top_logprobs"] = true, 20
	openStream(t, s, slow).begin(t)
	for range 3 {
		if text(t, s, chat(s, nil)) == "" {
			t.Error("an empty answer")
		}
	}
	eventually(t, "the answer that nobody reads holds its state", func() bool { return s.Generators[0].Stats().States == 0 })
}

// eventually waits for what has to come about.
func eventually(t *testing.T, otherwise string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}

// Point 3: what is closed at its third chunk leaves nothing.
func TestAnswersThatAreDroppedLeaveNothing(t *testing.T) {
	s := start(t, config(t))
	for range 3 * parallel {
		answer := openStream(t, s, endless(s))
		answer.begin(t)
		answer.chunk(t)
		answer.chunk(t)
		answer.drop(t)
	}
	// Every answer would hold its state for ever.
	if text(t, s, chat(s, nil)) == "" {
		t.Error("an empty answer")
	}
	for _, g := range s.Generators {
		eventually(t, "an answer holds its state", func() bool { return g.Stats().Active == 0 && g.Stats().States == 0 })
	}
}

// Point 8: so many answers and so many that wait, and of all others each is refused.
func TestTheQueueIsExact(t *testing.T) {
	s := server(t)
	if s.Parallel == 0 || s.Queue == 0 {
		t.Skip("PARALLEL and QUEUE are not known")
	}
	var held []*stream
	for range s.Parallel {
		answer := openStream(t, s, endless(s))
		answer.begin(t)
		held = append(held, answer)
	}
	const more = 5
	statuses := make(chan int, s.Queue+more)
	var all sync.WaitGroup
	for range s.Queue + more {
		all.Go(func() { statuses <- status(t, s) })
	}
	// The states are taken, so that nobody who waits can be answered before all others
	// were refused.
	for range more {
		if got := <-statuses; got != http.StatusTooManyRequests {
			t.Errorf("status %d, want 429", got)
		}
	}
	for _, answer := range held {
		answer.drop(t)
	}
	for range s.Queue {
		if got := <-statuses; got != http.StatusOK {
			t.Errorf("status %d of one that waited, want 200", got)
		}
	}
	all.Wait()
}

// status is that of a short answer; one that is refused has to say when to come again.
func status(t *testing.T, s *target.Server) int {
	resp, err := s.Do(t.Context(), http.MethodPost, "/v1/chat/completions", chat(s, fields{"max_tokens": 1}))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if resp.StatusCode == http.StatusTooManyRequests && (err != nil || seconds < 1) {
		t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
	}
	return resp.StatusCode
}

// Point 10: what a browser asks before it asks.
func TestBrowsersMayAsk(t *testing.T) {
	const friend, stranger = "https://friend.example", "https://stranger.example"
	cfg := config(t)
	cfg.Origins = []string{friend}
	s := start(t, cfg)
	ask := func(method, path, origin string) http.Header {
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		if method == http.MethodOptions {
			req.Header.Set("Access-Control-Request-Method", "POST")
			req.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		} else {
			req.Header.Set("Authorization", "Bearer "+s.Key)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if origin == friend && resp.StatusCode >= 300 {
			t.Errorf("%s %s is %d", method, path, resp.StatusCode)
		}
		return resp.Header
	}
	for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
		h := ask(http.MethodOptions, path, friend)
		allowed := strings.ToLower(h.Get("Access-Control-Allow-Headers"))
		if h.Get("Access-Control-Allow-Origin") != friend || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
			!strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "content-type") {
			t.Errorf("%s: the headers are %v", path, h)
		}
		if got := ask(http.MethodOptions, path, stranger).Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: a stranger is allowed %q", path, got)
		}
	}
	if got := ask(http.MethodGet, "/v1/models", friend).Get("Access-Control-Allow-Origin"); got != friend {
		t.Errorf("the models are for %q", got)
	}
}

// Point 12: an answer is what the library gives.
func TestTheTextIsTheLibrarys(t *testing.T) {
	story, err := model()
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]func(t *testing.T) string{
		target.ModelID: func(*testing.T) string { return story },
		"SmolLM2":      func(t *testing.T) string { return fixture(t, "smollm2/model.mlpackage") },
	}
	for id, path := range models {
		t.Run(id, func(t *testing.T) {
			const tokens = 24
			path := path(t)
			cfg := config(t)
			cfg.Models = []string{id + "=" + path}
			s := start(t, cfg)
			g, err := generate.Open(t.Context(), path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			opts := &generate.Options{MaxTokens: tokens, Sampling: &generate.Sampling{}}
			for _, question := range []string{"Tell me a story.", "What is the capital of France?", "日本 🎉"} {
				want, err := generate.Collect(g.Chat(t.Context(), []tokenizer.Message{{Role: "user", Content: question}}, opts))
				if err != nil {
					t.Fatal(err)
				}
				ask := chat(s, fields{"messages": []any{fields{"role": "user", "content": question}}, "max_tokens": tokens})
				if got := text(t, s, ask); got != want.Text {
					t.Errorf("the server's answer to %q is\n%q, the library's\n%q", question, got, want.Text)
				}
			}
			want, err := g.Generate(t.Context(), "Once upon a time", opts)
			if err != nil {
				t.Fatal(err)
			}
			var got struct{ Choices []struct{ Text string } }
			resp, err := s.Do(t.Context(), http.MethodPost, "/v1/completions", fields{"model": id, "prompt": "Once upon a time", "temperature": 0, "max_tokens": tokens})
			if err != nil {
				t.Fatal(err)
			}
			decode(t, resp, &got)
			if len(got.Choices) != 1 || got.Choices[0].Text != want.Text {
				t.Errorf("the server goes on with %+v, the library with %q", got, want.Text)
			}
		})
	}
}
