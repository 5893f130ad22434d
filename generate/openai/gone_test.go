package openai_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// leave sends a request and goes away when it has read so many lines of the reply; below 0 it
// goes when reached says so.
func (s *server) leave(path, body string, lines int, reached func() bool, headers ...string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for k := 0; k+1 < len(headers); k += 2 {
		req.Header.Set(headers[k], headers[k+1])
	}
	if lines < 0 {
		go func() {
			for ctx.Err() == nil && !reached() {
				runtime.Gosched()
			}
			cancel()
		}()
	}
	res, err := s.client.Do(req)
	if err != nil {
		return // it left before there was a reply
	}
	defer res.Body.Close()
	reader := bufio.NewReader(res.Body)
	for range lines {
		if _, err := reader.ReadString('\n'); err != nil {
			return
		}
	}
	if lines < 0 {
		_, _ = io.Copy(io.Discard, reader) // until it leaves
	}
}

// Wherever a client leaves, nothing is held afterwards and the next one is answered rightly.
func TestClientsThatLeaveAnywhere(t *testing.T) {
	g := story(t, generate.Config{ReuseStates: true, MaxStates: 2})
	sessions, err := g.NewSessions(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sessions.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "kept", Generator: g, Sessions: sessions})
	long := strings.Repeat("Once upon a time there was a little girl. ", 20)
	chat := func(more string) string {
		return `{"model":"kept","stream":true,"max_tokens":40,"temperature":0,"messages":[{"role":"user","content":"` + long + `"}]` + more + `}`
	}
	kinds := []struct{ name, path, body string }{
		{"plain", chatPath, chat("")},
		{"several", chatPath, chat(`,"n":4`)},
		{"tools", chatPath, chat(`,"tool_choice":"required",` + tools)},
		{"whole", chatPath, strings.Replace(chat(""), `"stream":true`, `"stream":false`, 1)},
		{"messages", messagesPath, chat("")},
		{"responses", responsesPath, `{"model":"kept","stream":true,"max_output_tokens":40,"temperature":0,"input":"` + long + `"}`},
		{"completions", "/v1/completions", `{"model":"kept","stream":true,"max_tokens":40,"temperature":0,"prompt":"` + long + `"}`},
	}
	quiet := func() bool {
		st := g.Stats()
		return st.Active == 0 && st.Waiting == 0 && st.States-sessions.Stats().Live <= 0
	}
	before := runtime.NumGoroutine()
	for _, kind := range kinds {
		for _, session := range []string{"", "a"} {
			for _, phase := range []int{-3, -2, -1, 0, 1, 9, 40, 1000} {
				headers := []string{}
				if session != "" {
					headers = []string{"X-Session-Id", session}
				}
				var inWay func()
				was := g.Stats()
				reached := func() bool { return true } // at once
				switch phase {
				case -2: // while the prompt is read
					reached = func() bool { st := g.Stats(); return st.Active > 0 || st.Answers > was.Answers }
				case -3: // while it waits for a state
					inWay = hold(t, g, 2)
					reached = func() bool { return g.Stats().Waiting > 0 }
				}
				s.leave(kind.path, kind.body, phase, reached, headers...)
				if inWay != nil {
					inWay()
				}
				what := fmt.Sprint(kind.name, " ", session, " ", phase)
				until(t, what, quiet)
			}
			var got, want chatReply
			follow := `"max_tokens":6,"temperature":0,"messages":[{"role":"user","content":"` + long + `"},{"role":"assistant","content":" She"},{"role":"user","content":"x"}]}`
			s.post(chatPath, `{"model":"kept",`+follow, &got, "X-Session-Id", "a")
			s.post(chatPath, `{"model":"story",`+follow, &want)
			if *got.Choices[0].Message.Content != *want.Choices[0].Message.Content {
				t.Errorf("%s: %+v, want %+v", kind.name, got, want)
			}
		}
	}
	s.client.CloseIdleConnections()
	until(t, "goroutines", func() bool { return runtime.NumGoroutine() <= before+4 })
}

// hold takes so many states of a generator until it is called off.
func hold(t *testing.T, g *generate.Generator, n int) func() {
	t.Helper()
	var held []*generate.Sequence
	for range n {
		q, err := g.NewSequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, q)
	}
	return func() {
		for _, q := range held {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// until waits for a condition; how long is the test's own limit.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for !done() {
		select {
		case <-t.Context().Done():
			t.Fatal(what)
		case <-time.After(time.Millisecond):
		}
	}
}
