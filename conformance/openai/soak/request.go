package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// request is what is asked.
type request map[string]any

// ask is a chat whose answer depends on the seed alone.
func ask(s *target.Server, question string, seed, tokens int) request {
	return request{
		"model": s.Model, "messages": []any{request{"role": "user", "content": question}},
		"temperature": 0.8, "seed": seed, "max_tokens": tokens, "stream": true,
	}
}

// statusError is a reply that is no answer.
type statusError struct {
	status  int
	after   string // Retry-After
	kind    string // the error's type
	message string
}

func (e *statusError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.kind, e.message) }

// answer is a stream of which the first event has not come yet.
type answer struct {
	body  io.ReadCloser
	lines *bufio.Reader
}

// begin asks for a stream.
func begin(ctx context.Context, s *target.Server, r request) (*answer, error) {
	resp, err := s.Do(ctx, http.MethodPost, "/v1/chat/completions", r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return &answer{resp.Body, bufio.NewReader(resp.Body)}, nil
	}
	defer resp.Body.Close()
	var said struct {
		Error struct{ Message, Type string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return nil, fmt.Errorf("status %d with a body that is no JSON: %w", resp.StatusCode, err)
	}
	return nil, &statusError{resp.StatusCode, resp.Header.Get("Retry-After"), said.Error.Type, said.Error.Message}
}

// errCut is a stream that ended before its last event.
var errCut = errors.New("the stream was cut")

// next returns the text of the next event, and io.EOF behind the last one.
func (a *answer) next() (string, error) {
	for {
		line, err := a.lines.ReadString('\n')
		if err == io.EOF {
			err = errCut
		}
		if err != nil {
			return "", err
		}
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok {
			continue
		}
		if data == "[DONE]" {
			return "", io.EOF
		}
		var e struct {
			Choices []struct{ Delta struct{ Content string } }
			Error   *struct{ Message, Type string }
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return "", err
		}
		if e.Error != nil {
			return "", &statusError{kind: e.Error.Type, message: e.Error.Message}
		}
		if len(e.Choices) == 0 {
			return "", nil
		}
		return e.Choices[0].Delta.Content, nil
	}
}

// text reads an answer to its end, with a pause behind each event.
func (a *answer) text(pause time.Duration) (string, error) {
	var b strings.Builder
	for {
		piece, err := a.next()
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		b.WriteString(piece)
		time.Sleep(pause)
	}
}

func (a *answer) close() { _ = a.body.Close() }
