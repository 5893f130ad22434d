package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// Several prompts are answered as each by itself, in their order, however many places there are.
func TestSeveralPromptsAreAnsweredAsEachAlone(t *testing.T) {
	prompts := []string{`"Once upon a time"`, `"There was"`, `[5,6,7]`, `"A dog and a cat"`, `"Once"`}
	for _, cfg := range []generate.Config{{MaxStates: 3}, {MaxStates: 1, MaxQueue: 1}} {
		s := serve(t, openai.Config{}, cfg)
		for _, more := range []string{`"temperature":0`, `"temperature":1,"seed":3,"n":2,"logprobs":1,"echo":true`, `"temperature":1,"seed":3,"best_of":3`, `"max_tokens":0,"echo":true,"logprobs":1`} {
			body := `{"model":"story","max_tokens":9,` + more + `,"prompt":`
			if strings.Contains(more, "max_tokens") {
				body = `{"model":"story",` + more + `,"prompt":`
			}
			var want, got completionReply
			want.Usage = &usage{}
			for _, p := range prompts {
				var one completionReply
				s.post(completionsPath, body+p+`}`, &one)
				for _, c := range one.Choices {
					c.Index = len(want.Choices)
					want.Choices = append(want.Choices, c)
				}
				want.Usage.PromptTokens += one.Usage.PromptTokens
				want.Usage.CompletionTokens += one.Usage.CompletionTokens
			}
			list := body + "[" + strings.Join(prompts, ",") + "]"
			s.post(completionsPath, list+`}`, &got)
			if diff := cmp.Diff(want.Choices, got.Choices); diff != "" {
				t.Errorf("%s: %s", more, diff)
			}
			if got.Usage.PromptTokens != want.Usage.PromptTokens || got.Usage.CompletionTokens != want.Usage.CompletionTokens {
				t.Errorf("%s: counted %+v, want %+v", more, got.Usage, want.Usage)
			}
			if strings.Contains(more, "best_of") {
				continue
			}
			text, last := make([]strings.Builder, len(want.Choices)), 0
			for _, e := range s.streamed(completionsPath, list+`,"stream":true}`) {
				var chunk completionReply
				if e.data == "[DONE]" {
					break
				}
				if err := json.Unmarshal([]byte(e.data), &chunk); err != nil {
					t.Fatalf("%s: %v", e.data, err)
				}
				for _, c := range chunk.Choices {
					if c.Index < last {
						t.Errorf("%s: a chunk of choice %d comes behind one of %d", more, c.Index, last)
					}
					last = c.Index
					text[c.Index].WriteString(c.Text)
				}
			}
			for k := range text {
				if text[k].String() != want.Choices[k].Text {
					t.Errorf("%s: stream %d is %q, want %q", more, k, text[k].String(), want.Choices[k].Text)
				}
			}
		}
		s.held()
	}
}

func TestSeveralPromptsAreAnsweredAtOnceAndEndTogether(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{MaxStates: 3})
	for _, stream := range []string{"", `"stream":true,`} {
		ctx, cancel := context.WithCancel(t.Context())
		body := strings.Replace(`{"model":"story","max_tokens":300000,"overflow":"slide","ignore_eos":true,STREAM"prompt":["Once","A dog","There was"]}`, "STREAM", stream, 1)
		req, err := http.NewRequestWithContext(ctx, "POST", s.url+completionsPath, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			res, err := s.client.Do(req)
			for err == nil {
				_, err = res.Body.Read(make([]byte, 4096))
			}
			ended <- err
		}()
		for s.g.Stats().Active < 3 {
			runtime.Gosched()
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if m := s.records.next(); !m.Cancelled || m.Status != 499 {
			t.Errorf("measured %+v", m)
		}
		s.held()
	}
	// An error of one is that of all.
	f := s.refused(completionsPath, `{"model":"story","max_tokens":300000,"ignore_eos":true,"overflow":"slide","prompt":["Once",[99999999]]}`)
	if f.status != http.StatusBadRequest {
		t.Errorf("%+v", f)
	}
	s.held()
}

// A large request keeps others from being prepared until its prompt is tokens, and not while it
// waits for a place.
func TestLargeRequestsWaitWithoutTheirSlot(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{MaxStates: 1})
	hold, err := s.g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const waiting = 6 // more than are prepared at once
	padding := `,"user":"` + strings.Repeat("x", 300<<10) + `"`
	done := make(chan error)
	for range waiting {
		go func() {
			body := []byte(`{"model":"story","prompt":"Once","max_tokens":2` + padding + `}`)
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+completionsPath, bytes.NewReader(body))
			if err != nil {
				done <- err
				return
			}
			res, err := s.client.Do(req)
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", res.StatusCode)
			}
			if err == nil {
				err = res.Body.Close()
			}
			done <- err
		}()
	}
	for s.g.Stats().Waiting < waiting {
		runtime.Gosched()
	}
	var r any
	s.post("/tokenize", `{"model":"story","prompt":"Once"`+padding+`}`, &r)
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	for range waiting {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
