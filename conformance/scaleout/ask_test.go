package scaleout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
)

// message is one of a conversation.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// answer is what came back for a request.
type answer struct {
	status     int
	retryAfter string
	text       string
	cached     int
}

// ask has a conversation continued by the likeliest tokens; session is the name that
// keeps it on one server, empty for none.
func ask(ctx context.Context, url, session string, tokens int, messages ...message) (*answer, error) {
	body, err := json.Marshal(map[string]any{"model": "model", "messages": messages, "temperature": 0, "max_tokens": tokens})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if session != "" {
		req.Header.Set("X-Session-Id", session)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{status: r.StatusCode, retryAfter: r.Header.Get("Retry-After"), text: string(text)}
	if r.StatusCode != http.StatusOK {
		return a, nil
	}
	var got struct {
		Choices []struct{ Message message }
		Usage   struct {
			Details struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
		}
	}
	if err := json.Unmarshal(text, &got); err != nil || len(got.Choices) != 1 {
		return nil, fmt.Errorf("the answer is %q: %w", text, err)
	}
	a.text, a.cached = got.Choices[0].Message.Content, got.Usage.Details.Cached
	return a, nil
}

// template writes conversations as stories, which the storyteller has learnt.
const template = `{% for m in messages %}{{ m.content }} {% endfor %}`

// chatModel returns a folder with the storyteller and a chat template.
func chatModel(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := storyteller.FS()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err != nil || d.IsDir() {
			return errOr(err, os.MkdirAll(to, 0o755))
		}
		data, err := fs.ReadFile(files, name)
		return errOr(err, os.WriteFile(to, data, 0o644))
	})
	if err := errOr(err, os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o644)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, storyteller.Package)
}

// errOr returns the first error that is one.
func errOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
