package openai

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// clocked notes the deadlines of a reply's connection.
type clocked struct {
	*httptest.ResponseRecorder
	read []time.Time
}

// SetReadDeadline is what http.ResponseController looks for.
func (c *clocked) SetReadDeadline(t time.Time) error {
	c.read = append(c.read, t)
	return nil
}

// What nobody reads of a body net/http reads behind the reply: without a deadline a client
// that sends nothing would hold the connection for ever. With one, a client that waits for an
// answer would be taken for gone.
func TestBodiesThatNobodyReadsHaveADeadline(t *testing.T) {
	h, err := New(&Config{APIKeys: []string{"key"}, MaxBody: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, method, path, key, body string
		status                        int
		bound                         bool
	}{
		{"without a key", "POST", "/v1/chat/completions", "", `{"model":"a"}`, http.StatusUnauthorized, true},
		{"no route", "POST", "/nowhere", "key", `{"model":"a"}`, http.StatusNotFound, true},
		{"too large", "POST", "/v1/chat/completions", "key", strings.Repeat(" ", 200), http.StatusRequestEntityTooLarge, true},
		{"read", "POST", "/v1/chat/completions", "key", `{"model":"a"}`, http.StatusNotFound, false},
		{"no body", "GET", "/v1/models", "key", "", http.StatusOK, false},
		{"no body and no key", "GET", "/v1/models", "", "", http.StatusUnauthorized, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &clocked{ResponseRecorder: httptest.NewRecorder()}
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Header.Set("X-Api-Key", c.key)
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			bound := len(w.read) > 0 && !w.read[len(w.read)-1].IsZero()
			if bound != c.bound {
				t.Errorf("bound: %t, want %t; the deadlines are %v", bound, c.bound, w.read)
			}
		})
	}
}
