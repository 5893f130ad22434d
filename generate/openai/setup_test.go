package openai_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/tokenizer"
)

// chatTemplate is one in the style of Hermes, whose thinking is opened by the prompt.
const chatTemplate = `{% if tools %}<|story|>system: {{ tools | tojson }}{% endif %}` +
	`{% for m in messages %}<|story|>{{ m.role }}: {{ m.content }}` +
	`{% if m.tool_calls %}{% for c in m.tool_calls %}<tool_call>` + "\n" + `{"name": {{ c.function.name | tojson }}, "arguments": {{ c.function.arguments | tojson }}}` + "\n</tool_call>{% endfor %}{% endif %}{% endfor %}" +
	`{% if add_generation_prompt %}<|story|>{% if enable_thinking %}<think>` + "\n{% endif %}{% endif %}{# </think> #}"

// story opens the storyteller with a chat template.
func story(t testing.TB, cfg generate.Config) *generate.Generator {
	t.Helper()
	if cfg.Chat == nil {
		cfg.Chat = &tokenizer.ChatOptions{Template: chatTemplate}
	}
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// server is a handler that listens on loopback.
type server struct {
	t       testing.TB
	g       *generate.Generator
	handler *openai.Handler
	url     string
	client  *http.Client
	records *recorder
}

// recorder notes the measures of requests.
type recorder struct {
	mu   sync.Mutex
	list []openai.RequestStats
	done chan struct{} // has an element for each
}

func (r *recorder) Done(s openai.RequestStats) {
	r.mu.Lock()
	r.list = append(r.list, s)
	r.mu.Unlock()
	r.done <- struct{}{}
}

// next waits for the measures of the next request.
func (r *recorder) next() openai.RequestStats {
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.list[0]
	r.list = r.list[1:]
	return s
}

// serve starts a server with the storyteller, by the name "story".
func serve(t testing.TB, cfg openai.Config, gen generate.Config, models ...openai.Model) *server {
	t.Helper()
	s := &server{t: t, g: story(t, gen), records: &recorder{done: make(chan struct{}, 10000)}}
	if cfg.Metrics == nil {
		cfg.Metrics = s.records
	}
	h, err := openai.New(&cfg, append([]openai.Model{{ID: "story", Generator: s.g}}, models...)...)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = h
	s.listen()
	return s
}

// listen serves the handler on loopback.
func (s *server) listen() {
	listener := httptest.NewServer(s.handler)
	s.t.Cleanup(listener.Close)
	s.url, s.client = listener.URL, listener.Client()
}

// response is a reply that was read.
type response struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request with headers, given as pairs.
func (s *server) do(method, path, body string, headers ...string) response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for k := 0; k+1 < len(headers); k += 2 {
		req.Header.Set(headers[k], headers[k+1])
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, data}
}

// post sends a request and reads the reply of status 200 into v.
func (s *server) post(path, body string, v any, headers ...string) {
	s.t.Helper()
	r := s.do(http.MethodPost, path, body, headers...)
	if r.status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", body, r.status, r.body)
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		s.t.Fatalf("%s: %v", r.body, err)
	}
}

// failure is an error of OpenAI's interface.
type failure struct {
	status  int
	Message string
	Type    string
	Param   string
	Code    string
}

// refused sends a request that is refused.
func (s *server) refused(path, body string, headers ...string) failure {
	s.t.Helper()
	return failureOf(s.t, s.do(http.MethodPost, path, body, headers...))
}

func failureOf(t testing.TB, r response) failure {
	t.Helper()
	var reply struct{ Error failure }
	if err := json.Unmarshal(r.body, &reply); err != nil || r.status < 400 || reply.Error.Message == "" || reply.Error.Type == "" {
		t.Fatalf("%d %s is no error: %v", r.status, r.body, err)
	}
	reply.Error.status = r.status
	return reply.Error
}

// sseEvent is a server-sent event.
type sseEvent struct{ name, data string }

// events reads a stream to its end.
func events(t testing.TB, r io.Reader) (list []sseEvent) {
	t.Helper()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	var e sseEvent
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "" && e != sseEvent{}:
			list = append(list, e)
			e = sseEvent{}
		case strings.HasPrefix(line, "event: "):
			e.name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			e.data = line[len("data: "):]
		case line == "", strings.HasPrefix(line, ":"):
		default:
			t.Errorf("the line %q is none of an event", line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// streamed sends a request of a stream and returns its events.
func (s *server) streamed(path, body string, headers ...string) []sseEvent {
	s.t.Helper()
	r := s.do(http.MethodPost, path, body, headers...)
	if kind := r.header.Get("Content-Type"); r.status != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		s.t.Fatalf("%s: %d %s %s", body, r.status, kind, r.body)
	}
	return events(s.t, strings.NewReader(string(r.body)))
}

// held fails the test if a state of the generator is in use.
func (s *server) held() {
	s.t.Helper()
	if st := s.g.Stats(); st.States != 0 || st.Active != 0 || st.Waiting != 0 {
		s.t.Errorf("%d states are held, %d answers active, %d wait", st.States, st.Active, st.Waiting)
	}
}
