package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// running is a call of serve that has not ended.
type running struct {
	readyJSON
	interrupt context.CancelFunc
	status    chan int
	errs      *sharedText
	abandoned bool // it is not waited for
}

// sharedText is a buffer that is written and read at once.
type sharedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *sharedText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sharedText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// startServe starts a server on a port that the system chooses, and waits until its models
// are there.
func startServe(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(patient(context.Background()))
	in, out := io.Pipe()
	r := &running{interrupt: cancel, status: make(chan int, 1), errs: &sharedText{}}
	go func() {
		status := run(ctx, append([]string{"serve", "--json", "--addr", "127.0.0.1:0"}, args...), strings.NewReader(""), out, r.errs)
		_ = out.Close()
		r.status <- status
	}()
	line, err := bufio.NewReader(in).ReadBytes('\n')
	if err != nil {
		t.Fatalf("it is not ready: %v: %s", err, r.errs)
	}
	if err := json.Unmarshal(line, &r.readyJSON); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	t.Cleanup(func() { r.end(t) })
	return r
}

// end interrupts the server and returns its exit status.
func (r *running) end(t *testing.T) int {
	t.Helper()
	r.interrupt()
	if r.abandoned {
		return exitOK
	}
	status := <-r.status
	r.status <- status // for another call
	return status
}

// httpReply is what a request was answered with.
type httpReply struct {
	status int
	header http.Header
	body   string
}

// send sends a request; headers are names and values by turns.
func (r *running) send(t *testing.T, method, path, body string, headers ...string) httpReply {
	t.Helper()
	got, err := r.try(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (r *running) try(ctx context.Context, method, path, body string, headers ...string) (httpReply, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, strings.NewReader(body))
	if err != nil {
		return httpReply{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return httpReply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return httpReply{resp.StatusCode, resp.Header, string(data)}, err
}

// want fails the test unless the reply has a status and a text.
func (r httpReply) want(t *testing.T, status int, text string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, text) {
		t.Errorf("status %d, want %d; body %.600q, want %q", r.status, status, r.body, text)
	}
}

const onceUpon = `{"prompt":"Once upon a time","max_tokens":16,"temperature":0}`

func TestServeAnswersUntilItIsInterrupted(t *testing.T) {
	r := startServe(t)
	if want := []string{storytellerID}; !slices.Equal(r.Models, want) || r.URL != "http://"+r.Addr {
		t.Errorf("ready with %+v", r.readyJSON)
	}
	r.send(t, "GET", "/health", "").want(t, http.StatusOK, "ok")
	r.send(t, "GET", "/v1/models", "").want(t, http.StatusOK, `"id":"storyteller"`)
	got := r.send(t, "POST", "/v1/completions", onceUpon, "X-Request-Id", "mine-1")
	got.want(t, http.StatusOK, `, in an old garden, there lived a kind child named Tom. He wanted`)
	if id := got.header.Get("X-Request-Id"); id != "mine-1" {
		t.Errorf("request id %q", id)
	}
	r.send(t, "POST", "/v1/completions", `{"prompt":"a secret","model":"../etc/passwd"}`).want(t, http.StatusNotFound, "model_not_found")
	if status := r.end(t); status != exitOK {
		t.Errorf("status %d: %s", status, r.errs)
	}
	log := r.errs.String()
	first, _, _ := strings.Cut(log, "\n")
	if want := "coreml: listening on " + r.URL + " (a page for conversations, and the API at /v1)"; first != want {
		t.Errorf("the first line is %q, want %q", first, want)
	}
	for _, want := range []string{"msg=ready", "request=mine-1", "route=/v1/completions", "status=200", "tokens=16", "msg=ending"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	for _, secret := range []string{"Once upon", "secret", "garden", "/health"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
}

func TestServeLogsJSONOrLittle(t *testing.T) {
	r := startServe(t, "--log-format", "json")
	r.send(t, "POST", "/v1/completions", onceUpon)
	r.end(t)
	lines := strings.Split(strings.TrimSpace(r.errs.String()), "\n")
	for _, line := range lines[1:] {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %q", line)
		}
	}
	r = startServe(t, "--quiet")
	r.send(t, "POST", "/v1/completions", onceUpon)
	r.end(t)
	if log := r.errs.String(); strings.Count(log, "\n") != 1 {
		t.Errorf("with --quiet the log has %q", log)
	}
}

// busy sends requests that are worth some seconds of work, and returns when the first of
// their tokens is there.
func busy(t *testing.T, r *running) (first *bufio.Scanner) {
	t.Helper()
	body := `{"prompt":"Once upon a time","max_tokens":500,"ignore_eos":true,"stream":true,"n":%d}`
	for range 16 {
		go func() {
			if resp, err := http.Post(r.URL+"/v1/completions", "application/json", strings.NewReader(fmt.Sprintf(body, 8))); err == nil { //nolint:noctx // it ends with the server
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}()
	}
	resp, err := http.Post(r.URL+"/v1/completions", "application/json", strings.NewReader(fmt.Sprintf(body, 1))) //nolint:noctx // as above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	first = bufio.NewScanner(resp.Body)
	for first.Scan() {
		if strings.HasPrefix(first.Text(), "data:") {
			return first
		}
	}
	t.Fatalf("no token came: %v", first.Err())
	return nil
}

func TestServeLetsAnswersEnd(t *testing.T) {
	r := startServe(t, "--drain", "5m", "--parallel", "2")
	resp, err := http.Post(r.URL+"/v1/completions", "application/json", //nolint:noctx // it ends with the server
		strings.NewReader(`{"prompt":"Once upon a time","max_tokens":400,"ignore_eos":true,"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	r.interrupt()
	data, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(data), "data: [DONE]\n\n") {
		t.Errorf("%v: the answer ends with %q", err, data[max(0, len(data)-80):])
	}
	if status := r.end(t); status != exitOK {
		t.Errorf("status %d: %s", status, r.errs)
	}
}

// What comes after an interrupt is answered until the delay is over, while /health sends
// balancers elsewhere.
func TestServeTakesRequestsUntilBalancersKnow(t *testing.T) {
	r := startServe(t, "--drain-delay", "1h", "--quiet")
	r.interrupt()
	for r.send(t, "GET", "/health", "").status == http.StatusOK {
		runtime.Gosched() // until the interrupt has arrived
	}
	r.send(t, "GET", "/health", "").want(t, http.StatusServiceUnavailable, "shutting_down")
	r.send(t, "POST", "/v1/completions", onceUpon).want(t, http.StatusOK, "Tom")
	r.abandoned = true // the delay is longer than the test
}

func TestServeCutsAnswersOffThatTakeTooLong(t *testing.T) {
	r := startServe(t, "--drain", "0s", "--parallel", "1")
	rest := busy(t, r)
	if status := r.end(t); status != exitFailure {
		t.Errorf("status %d: %s", status, r.errs)
	}
	for rest.Scan() { // until the connection ends
		if strings.Contains(rest.Text(), "[DONE]") {
			t.Error("the answer ends as if it were whole")
		}
	}
	if want := "coreml: --drain 0s was over before all answers were: the others were cut off\n"; !strings.HasSuffix(r.errs.String(), want) {
		t.Errorf("it says %q", r.errs)
	}
}

func TestServeRefusesWhatTheQueueCannotHold(t *testing.T) {
	r := startServe(t, "--parallel", "1", "--queue", "1")
	const requests = 24
	replies := make(chan httpReply, requests)
	for range requests {
		go func() {
			got, err := r.try(t.Context(), "POST", "/v1/completions", `{"prompt":"Once upon a time","max_tokens":500,"ignore_eos":true,"n":2}`)
			if err != nil {
				got.body = err.Error()
			}
			replies <- got
		}()
	}
	answered, refused := 0, 0
	for range requests {
		switch got := <-replies; got.status {
		case http.StatusOK:
			answered++
		case http.StatusTooManyRequests:
			refused++
			if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "queue") {
				t.Errorf("it does not say what to do: %v %s", got.header, got.body)
			}
		default:
			t.Errorf("status %d: %s", got.status, got.body)
		}
	}
	if answered == 0 || refused == 0 {
		t.Errorf("%d requests are answered and %d refused", answered, refused)
	}
}

func TestServeEndsRequestsThatTakeTooLong(t *testing.T) {
	r := startServe(t, "--timeout", "1ms")
	r.send(t, "POST", "/v1/completions", `{"prompt":"Once upon a time","max_tokens":500,"ignore_eos":true,"n":8}`).want(t, http.StatusGatewayTimeout, "time")
}

func TestServeServesSeveralModels(t *testing.T) {
	chat := chatFolder(t, map[string]string{"chat_template.jinja": "{% for m in messages %}{{ m.content }}{% endfor %}"})
	r := startServe(t, "--model", "chat="+model, "-m", "vectors="+encoder("mean-bert"), "--model", model, "--tokenizer", "chat="+chat)
	if want := []string{"chat", "vectors", "model"}; !slices.Equal(r.Models, want) {
		t.Errorf("the models are %v, want %v", r.Models, want)
	}
	r.send(t, "POST", "/v1/chat/completions", `{"model":"chat","messages":[{"role":"user","content":"Once upon a time"}],"max_tokens":16,"temperature":0}`).
		want(t, http.StatusOK, "there lived a kind child named")
	r.send(t, "POST", "/v1/completions", `{"model":"model",`+onceUpon[1:]).want(t, http.StatusOK, "Tom")
	texts, want := recordedVectors(t, "mean-bert")
	body, err := json.Marshal(map[string]any{"model": "vectors", "input": texts[0]})
	if err != nil {
		t.Fatal(err)
	}
	got := r.send(t, "POST", "/v1/embeddings", string(body))
	var list struct {
		Data []struct{ Embedding []float32 }
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || len(list.Data) != 1 || !alike(list.Data[0].Embedding, want[0]) {
		t.Errorf("%v: %.300s", err, got.body)
	}
}

func TestServeTakesAdaptersByName(t *testing.T) {
	const dir = "../../testdata/adapters/poet"
	r := startServe(t, "-m", "base="+model, "--adapter", "poet="+dir+"=4", "--adapter", "base:quiet="+dir+"=0")
	var list struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(r.send(t, "GET", "/v1/models", "").body), &list); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range list.Data {
		ids = append(ids, m.ID)
	}
	if diff := cmp.Diff([]string{"base", "base:poet", "base:quiet"}, ids); diff != "" {
		t.Error(diff)
	}
	plain := r.send(t, "POST", "/v1/completions", `{"model":"base",`+onceUpon[1:])
	adapted := r.send(t, "POST", "/v1/completions", `{"model":"base:poet",`+onceUpon[1:])
	adapted.want(t, http.StatusOK, `"model":"base:poet"`)
	if completionText(t, plain) == completionText(t, adapted) {
		t.Errorf("the adapter changes nothing: %s", adapted.body)
	}
	if quiet := r.send(t, "POST", "/v1/completions", `{"model":"base:quiet",`+onceUpon[1:]); completionText(t, plain) != completionText(t, quiet) {
		t.Errorf("with a scale of nothing the text is another: %s", quiet.body)
	}
}

func TestServeDraftsWithAnotherModel(t *testing.T) {
	r := startServe(t, "--model", model, "--draft", "model="+model)
	r.send(t, "POST", "/v1/completions", onceUpon).want(t, http.StatusOK, "Tom. He wanted")
}

// completionText is the text of a completion.
func completionText(t *testing.T, r httpReply) string {
	t.Helper()
	var c struct{ Choices []struct{ Text string } }
	if err := json.Unmarshal([]byte(r.body), &c); err != nil || len(c.Choices) != 1 {
		t.Fatalf("%v: %s", err, r.body)
	}
	return c.Choices[0].Text
}

func TestServeKeepsConversations(t *testing.T) {
	dir := t.TempDir()
	chat := chatFolder(t, map[string]string{"chat_template.jinja": "{% for m in messages %}{{ m.content }}{% endfor %}"})
	args := []string{"--model", "a/../b=" + model, "--tokenizer", chat, "--session-dir", dir}
	body := `{"messages":[{"role":"user","content":"Once upon a time"}%s],"max_tokens":8,"temperature":0}`
	r := startServe(t, args...)
	got := r.send(t, "POST", "/v1/chat/completions", fmt.Sprintf(body, ""), "X-Session-Id", "../talk")
	got.want(t, http.StatusOK, "old garden")
	if status := r.end(t); status != exitOK {
		t.Fatalf("status %d: %s", status, r.errs)
	}
	files, err := filepath.Glob(filepath.Join(dir, "a%2F..%2Fb", "*"))
	if entries, rerr := os.ReadDir(dir); err != nil || rerr != nil || len(files) != 1 || len(entries) != 1 {
		t.Fatalf("%v: the files are %v in %v", err, files, entries)
	}
	r = startServe(t, args...)
	next := fmt.Sprintf(body, `,{"role":"assistant","content":", in an old garden, there lived"},{"role":"user","content":" and"}`)
	got = r.send(t, "POST", "/v1/chat/completions", next, "X-Session-Id", "../talk")
	var usage struct {
		Usage struct {
			Details struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
		}
	}
	if err := json.Unmarshal([]byte(got.body), &usage); err != nil || usage.Usage.Details.Cached < 8 {
		t.Errorf("%v: nothing was kept over the start: %s", err, got.body)
	}
}

// Where conversations cannot be saved requests are answered, and the end tells it.
func TestServeSaysWhatIsNotSaved(t *testing.T) {
	dir := t.TempDir()
	chat := chatFolder(t, map[string]string{"chat_template.jinja": "{% for m in messages %}{{ m.content }}{% endfor %}"})
	r := startServe(t, "--model", "story="+model, "--tokenizer", chat, "--session-dir", dir)
	ask := func() {
		t.Helper()
		r.send(t, "POST", "/v1/chat/completions", `{"messages":[{"role":"user","content":"Once upon a time"}],"max_tokens":8,"temperature":0}`, "X-Session-Id", "a").
			want(t, http.StatusOK, "old garden")
	}
	ask()
	files, err := filepath.Glob(filepath.Join(dir, "story", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(files[0], "more"), 0o700); err != nil {
		t.Fatal(err)
	}
	ask()
	ask()
	if status := r.end(t); status != exitFailure {
		t.Errorf("status %d", status)
	}
	if log := r.errs.String(); strings.Count(log, "sessions are not kept") != 1 || !strings.Contains(log, `conversations of "story" were not all saved: `) {
		t.Errorf("the log is %s", log)
	}
}

// More conversations than there are states are remembered by their names.
func TestServeRemembersConversationsThatRest(t *testing.T) {
	chat := chatFolder(t, map[string]string{"chat_template.jinja": "{% for m in messages %}{{ m.content }}{% endfor %}"})
	r := startServe(t, "--model", "story="+model, "--tokenizer", chat, "--parallel", "2")
	const first = `{"messages":[{"role":"user","content":"%s"}],"max_tokens":8,"temperature":0}`
	const second = `{"messages":[{"role":"user","content":"%s"},{"role":"assistant","content":%q},{"role":"user","content":" and"}],"max_tokens":2,"temperature":0}`
	names := []string{"Once upon a time", "One morning", "In an old garden", "A small fox", "The wind blew", "They went home"}
	answers := map[string]string{}
	for _, name := range names {
		var got struct {
			Choices []struct{ Message struct{ Content string } }
		}
		reply := r.send(t, "POST", "/v1/chat/completions", fmt.Sprintf(first, name), "X-Session-Id", name)
		if err := json.Unmarshal([]byte(reply.body), &got); err != nil || len(got.Choices) != 1 {
			t.Fatalf("%v: %s", err, reply.body)
		}
		answers[name] = got.Choices[0].Message.Content
	}
	for _, name := range names {
		reply := r.send(t, "POST", "/v1/chat/completions", fmt.Sprintf(second, name, answers[name]), "X-Session-Id", name)
		if reply.status != http.StatusOK || strings.Contains(reply.body, `"cached_tokens":0`) {
			t.Errorf("%s is forgotten: %s", name, reply.body)
		}
	}
}

func TestServeTakesModelsOfAHub(t *testing.T) {
	newUser(t, hubtest.Repo{ID: "org/story", Files: storyteller.FS()})
	t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
	r := startServe(t, "--model", "org/story")
	r.send(t, "GET", "/v1/models/org/story", "").want(t, http.StatusOK, `"id":"org/story"`)
	r.send(t, "POST", "/v1/completions", `{"model":"org/story",`+onceUpon[1:]).want(t, http.StatusOK, "Tom")
	r.end(t)
	r = startServe(t, "--model", "story=org/story@main", "--offline")
	r.send(t, "POST", "/v1/completions", `{"model":"story",`+onceUpon[1:]).want(t, http.StatusOK, "Tom")
}
