package conformance

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// fields is a request's body.
type fields map[string]any

// chat is a request for a short answer that is the same every time, with more fields or
// others.
func chat(s *target.Server, more fields) fields {
	f := fields{
		"model": s.Model, "messages": []any{fields{"role": "user", "content": "Tell me a story."}},
		"temperature": 0, "max_tokens": 20,
	}
	for name, value := range more {
		f[name] = value
	}
	return f
}

// endless is a streamed chat that ends only when it is stopped.
func endless(s *target.Server) fields {
	return chat(s, fields{"max_tokens": 1_000_000, "ignore_end": true, "overflow": "slide", "stream": true})
}

// reply is the part of a chat completion, of a chunk of one, or of an error, that is looked at.
type reply struct {
	ID      string
	Choices []struct {
		Index   int
		Message struct {
			Role, Content string
		}
		Delta struct {
			Role    string
			Content *string
		}
		FinishReason *string `json:"finish_reason"`
	}
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	}
	Error *apiError
}

// apiError is the object of an error.
type apiError struct {
	Message, Type string
	Param, Code   *string
}

// post sends a request and reads its whole reply.
func post(t *testing.T, s *target.Server, path string, body any) (*http.Response, *reply) {
	t.Helper()
	resp, err := s.Do(t.Context(), http.MethodPost, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, read(t, resp)
}

// read reads the whole of a reply, which has to be JSON.
func read(t *testing.T, resp *http.Response) *reply {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("the reply is of type %q", kind)
	}
	r := new(reply)
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatalf("%v in %.300q", err, text)
	}
	return r
}

// decode reads the whole of a reply of another form.
func decode(t *testing.T, resp *http.Response, into any) {
	t.Helper()
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// text is a whole answer's text.
func text(t *testing.T, s *target.Server, body fields) string {
	t.Helper()
	resp, r := post(t, s, "/v1/chat/completions", body)
	if resp.StatusCode != http.StatusOK || len(r.Choices) == 0 {
		t.Fatalf("status %d, error %+v", resp.StatusCode, r.Error)
	}
	return r.Choices[0].Message.Content
}

// stream is an answer as its events come.
type stream struct {
	*http.Response
	lines *bufio.Reader
}

// openStream asks for a stream.
func openStream(t *testing.T, s *target.Server, body fields) *stream {
	t.Helper()
	resp, err := s.Do(t.Context(), http.MethodPost, "/v1/chat/completions", body)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, error %+v", resp.StatusCode, read(t, resp).Error)
	}
	return &stream{resp, bufio.NewReader(resp.Body)}
}

// next returns the data of the next event, and "" behind the last one.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err == io.EOF && line == "" {
			return ""
		}
		if err != nil {
			t.Fatalf("%v behind %q", err, line)
		}
		line = strings.TrimSuffix(line, "\n")
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return data
		}
		// An empty line ends an event, and a comment keeps the connection open.
		if line != "" && line[0] != ':' {
			t.Fatalf("the stream has the line %q", line)
		}
	}
}

// chunk returns the next chunk of the answer, nil for [DONE].
func (s *stream) chunk(t *testing.T) *reply {
	t.Helper()
	data := s.next(t)
	if data == "[DONE]" {
		return nil
	}
	r := new(reply)
	if err := json.Unmarshal([]byte(data), r); err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	return r
}

// begin reads until the answer's first text has come: it has a state from then on.
func (s *stream) begin(t *testing.T) {
	t.Helper()
	for {
		r := s.chunk(t)
		if r == nil {
			t.Fatal("the answer ended before its first text")
		}
		if len(r.Choices) > 0 && r.Choices[0].Delta.Content != nil && *r.Choices[0].Delta.Content != "" {
			return
		}
	}
}

// drop closes the connection.
func (s *stream) drop(t *testing.T) {
	t.Helper()
	if err := s.Body.Close(); err != nil {
		t.Error(err)
	}
}
