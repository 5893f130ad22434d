package openai_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// endless is a request whose answer ends with its reader alone.
const endless = `{"model":"story","max_tokens":100000000,"ignore_eos":true,"overflow":"slide","temperature":0,"stream":true,` + hello + `}`

// signals is a handler of logs that tells of each message.
type signals struct {
	slog.Handler
	c chan string
}

func newSignals() *signals { return &signals{slog.DiscardHandler, make(chan string, 10000)} }

func (s *signals) Enabled(context.Context, slog.Level) bool { return true }

func (s *signals) Handle(_ context.Context, r slog.Record) error {
	s.c <- r.Message
	return nil
}

// wait waits for a message.
func (s *signals) wait(message string) {
	for m := range s.c {
		if m == message {
			return
		}
	}
}

// begun sends a request of a stream and reads its first line. The reply stays open.
func (s *server) begun(path, body string) (*http.Response, *bufio.Reader) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	r := bufio.NewReader(res.Body)
	line, err := r.ReadString('\n')
	if err != nil || res.StatusCode != 200 || !strings.Contains(line, ": ") {
		s.t.Fatalf("%d %q %v", res.StatusCode, line, err)
	}
	return res, r
}

func TestAnAnswerEndsWhenItsReaderGoes(t *testing.T) {
	before := runtime.NumGoroutine()
	s := serve(t, openai.Config{}, generate.Config{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			res, r := s.begun(chatPath, endless)
			for range 6 {
				if _, err := r.ReadString('\n'); err != nil {
					t.Error(err)
				}
			}
			if err := res.Body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range 4 {
		if m := s.records.next(); !m.Cancelled || m.Status != 499 || m.Tokens == 0 {
			t.Errorf("measured %+v", m)
		}
	}
	s.held()
	s.client.CloseIdleConnections()
	for n := 0; runtime.NumGoroutine() > before+10 && n < 12000; n++ {
		time.Sleep(5 * time.Millisecond) // what ends does so by itself
	}
	if now := runtime.NumGoroutine(); now > before+10 {
		t.Errorf("%d goroutines, %d before", now, before)
	}
}

func TestAWholeAnswerEndsWhenItsReaderGoes(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	seq, err := s.g.NewSequence(t.Context()) // so that there is a state to look at
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "POST", s.url+chatPath, strings.NewReader(strings.Replace(endless, `"stream":true,`, "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for s.g.Stats().Active == 0 {
			runtime.Gosched()
		}
		cancel()
	}()
	res, err := s.client.Do(req)
	if err == nil {
		res.Body.Close()
		t.Fatalf("got %d", res.StatusCode)
	}
	if m := s.records.next(); !m.Cancelled {
		t.Errorf("measured %+v", m)
	}
	if err := seq.Close(); err != nil {
		t.Fatal(err)
	}
	s.held()
}

// A reader that takes nothing is cut off, and its answer ends; what waits for it is bounded.
func TestASlowReaderIsCutOff(t *testing.T) {
	s := serve(t, openai.Config{WriteTimeout: time.Second}, generate.Config{})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetReadBuffer(1 << 10); err != nil {
			t.Fatal(err)
		}
	}
	// Long events fill what the system keeps.
	body := strings.Replace(endless, "{", `{"logprobs":true,"top_logprobs":100,`, 1)
	if _, err := io.WriteString(conn, "POST "+chatPath+" HTTP/1.1\r\nHost: x\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	var other chatReply // meanwhile others are served
	s.post(chatPath, `{"model":"story","max_tokens":5,`+hello+`}`, &other)
	for {
		if m := s.records.next(); m.Tokens != 5 {
			if !m.Cancelled {
				t.Errorf("measured %+v", m)
			}
			break
		}
	}
	s.held()
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// A stream is kept alive while its prompt waits, and an error that comes then is an event.
func TestAStreamThatWaitsIsKeptAlive(t *testing.T) {
	s := serve(t, openai.Config{KeepAlive: time.Millisecond}, generate.Config{MaxStates: 1})
	seq, err := s.g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+chatPath, strings.NewReader(`{"model":"story","max_tokens":3,"stream":true,`+hello+`}`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r := bufio.NewReader(res.Body)
	for range 3 {
		line, err := r.ReadString('\n')
		if err != nil || line != ": keep-alive\n" {
			t.Fatalf("%q %v", line, err)
		}
		if line, err = r.ReadString('\n'); err != nil || line != "\n" {
			t.Fatalf("%q %v", line, err)
		}
	}
	if err := seq.Close(); err != nil {
		t.Fatal(err)
	}
	if list := chunks(t, events(t, r)); len(list) < 2 {
		t.Errorf("%v", list)
	}
}

func TestMoreThanTheQueueHoldsAreToldToComeBack(t *testing.T) {
	logs := newSignals()
	s := serve(t, openai.Config{}, generate.Config{MaxStates: 1, MaxQueue: 2, Logger: slog.New(logs)})
	seq, err := s.g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	short := `{"model":"story","max_tokens":3,` + hello + `}`
	for range 2 {
		all.Go(func() {
			if r := s.do("POST", chatPath, short); r.status != 200 {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
		logs.wait("answer waits for a state")
	}
	for _, body := range []string{short, strings.Replace(short, "{", `{"stream":true,`, 1)} {
		r := s.do("POST", chatPath, body)
		if e := failureOf(t, r); e.status != 429 || e.Code != "queue_full" || e.Type != "rate_limit_error" || r.header.Get("Retry-After") == "" {
			t.Errorf("%+v %v", e, r.header)
		}
	}
	if err := seq.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	s.held()
}

func TestARequestThatTakesTooLong(t *testing.T) {
	s := serve(t, openai.Config{Timeout: 50 * time.Millisecond}, generate.Config{})
	if e := s.refused(chatPath, strings.Replace(endless, `"stream":true,`, "", 1)); e.status != 504 || e.Code != "timeout" || e.Type != "timeout_error" {
		t.Errorf("%+v", e)
	}
	if m := s.records.next(); m.Status != 504 || m.Cancelled {
		t.Errorf("measured %+v", m)
	}
	// A stream is told in whatever way it still can be.
	if r := s.do("POST", chatPath, endless); !strings.Contains(string(r.body), `"code":"timeout"`) || strings.Contains(string(r.body), "[DONE]") {
		t.Errorf("the stream ends with %s", r.body)
	}
	if m := s.records.next(); m.Status != 504 || m.Cancelled {
		t.Errorf("measured %+v", m)
	}
	s.held()
}

func TestAShutdownWaitsForAnswers(t *testing.T) {
	logs := newSignals()
	s := serve(t, openai.Config{}, generate.Config{MaxStates: 1, Logger: slog.New(logs)})
	seq, err := s.g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan response, 1)
	go func() { answered <- s.do("POST", chatPath, `{"model":"story","max_tokens":3,"stream":true,`+hello+`}`) }()
	logs.wait("answer waits for a state")
	down := make(chan error, 1)
	go func() { down <- s.handler.Shutdown(t.Context()) }()
	for s.do("GET", "/health", "").status == 200 {
		runtime.Gosched()
	}
	if e := s.refused(chatPath, `{"model":"story",`+hello+`}`); e.status != 503 || e.Code != "shutting_down" {
		t.Errorf("%+v", e)
	}
	select {
	case err := <-down:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	if err := seq.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	if r := <-answered; r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	} else {
		chunks(t, events(t, strings.NewReader(string(r.body))))
	}
}

// cutShort begins a stream and shuts the server down. It returns the rest of the stream.
func cutShort(s *server, path, body string) string {
	s.t.Helper()
	res, r := s.begun(path, body)
	defer res.Body.Close()
	ctx, cancel := context.WithCancel(s.t.Context())
	cancel()
	down := make(chan error, 1)
	go func() { down <- s.handler.Shutdown(ctx) }()
	rest, err := io.ReadAll(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := <-down; !errors.Is(err, context.Canceled) {
		s.t.Error(err)
	}
	s.held()
	return string(rest)
}

func TestAShutdownThatIsTiredOfWaitingCancels(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	rest := cutShort(s, chatPath, endless)
	list := events(t, strings.NewReader("data: "+rest)) // of the first of which the name is read
	var last struct{ Error failure }
	if err := json.Unmarshal([]byte(list[len(list)-1].data), &last); err != nil || last.Error.Code != "shutting_down" || last.Error.Type != "unavailable_error" {
		t.Errorf("the stream ends with %+v (%v)", list[len(list)-1], err)
	}
	if m := s.records.next(); m.Status != 503 || m.Cancelled {
		t.Errorf("measured %+v", m)
	}
}

// panicking is a writer with a fault.
type panicking struct{ *httptest.ResponseRecorder }

func (panicking) WriteHeader(status int) {
	if status == 200 {
		panic("a fault")
	}
}

func TestAFaultEndsARequestAlone(t *testing.T) {
	var log strings.Builder
	h, err := openai.New(&openai.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, openai.Model{ID: "story", Generator: story(t, generate.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	w := panicking{httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/models", nil))
	if !strings.Contains(log.String(), "a fault") || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the log is %q", log.String())
	}
	ok := httptest.NewRecorder()
	h.ServeHTTP(ok, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/models", nil))
	if ok.Code != 200 {
		t.Errorf("the next request gives %d", ok.Code)
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("a request that failed is under way for ever: %v", err)
	}
}

// A handler serves through writers without deadlines, too.
func TestAStreamInARecorder(t *testing.T) {
	h, err := openai.New(nil, openai.Model{ID: "story", Generator: story(t, generate.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", chatPath, strings.NewReader(`{"model":"story","max_tokens":3,"stream":true,`+hello+`}`)))
	if list := chunks(t, events(t, w.Body)); len(list) < 2 || !w.Flushed {
		t.Errorf("%v", list)
	}
}
