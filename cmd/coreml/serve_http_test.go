package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate/openai"
)

// clockedReply notes the deadlines of a reply's connection.
type clockedReply struct {
	*httptest.ResponseRecorder
	read []time.Time
}

// SetReadDeadline is what http.ResponseController looks for.
func (c *clockedReply) SetReadDeadline(t time.Time) error {
	c.read = append(c.read, t)
	return nil
}

// Whoever answers a request without reading its body sets a bound to it, and nobody else does.
func TestEveryBodyHasOneBound(t *testing.T) {
	api, err := openai.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	sv := &webServer{cmd: &serveCmd{Page: true}, api: api, addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, metrics: newMetrics(1)}
	h := sv.handler()
	for _, c := range []struct {
		method, url string
		status      int
	}{
		{"GET", "http://localhost/", http.StatusOK},
		{"GET", "http://localhost/page/main.js", http.StatusOK},
		{"GET", "http://localhost/page/none.js", http.StatusNotFound},
		{"GET", "http://localhost/page/../", http.StatusTemporaryRedirect},
		{"GET", "http://localhost/metrics", http.StatusOK},
		{"GET", "http://localhost/health", http.StatusOK},
		{"POST", "http://localhost/", http.StatusNotFound},
		{"POST", "http://localhost/metrics", http.StatusNotFound},
		{"POST", "http://localhost//v1/models", http.StatusNotFound},
		{"GET", "http://evil.example/", http.StatusForbidden},
		{"POST", "http://evil.example/v1/models", http.StatusForbidden},
	} {
		for body, want := range map[string]int{"{}": 1, "": 0} {
			w := &clockedReply{ResponseRecorder: httptest.NewRecorder()}
			h.ServeHTTP(w, httptest.NewRequest(c.method, c.url, strings.NewReader(body)))
			if w.Code != c.status || len(w.read) != want {
				t.Errorf("%s %s with %q: status %d and %d bounds, want %d and %d", c.method, c.url, body, w.Code, len(w.read), c.status, want)
			}
		}
	}
}
