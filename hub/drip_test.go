package hub_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// drip sends one byte after another, none of which is late, until the client goes.
func drip(w http.ResponseWriter, r *http.Request) {
	for {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestWhateverDripsEnds has every part of a download come byte by byte for ever.
func TestWhateverDripsEnds(t *testing.T) {
	for name, body := range map[string]http.HandlerFunc{
		"a body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			drip(w, r)
		},
		"a refusal": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusTeapot)
			drip(w, r)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
			drip(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Repo-Commit", strings.Repeat("a", 40))
				w.Header().Set("ETag", `"`+strings.Repeat("b", 64)+`"`)
				switch {
				case r.Method == http.MethodHead:
					w.Header().Set("Content-Length", "1000000")
				case r.URL.Path == "/elsewhere":
					w.WriteHeader(http.StatusTeapot)
				default:
					body(w, r)
				}
			}))
			defer server.Close()
			c := &hub.Client{
				Endpoint: server.URL, CacheDir: t.TempDir(), NoToken: true, Network: hub.NetworkOnline, Retries: -1,
				HeadTimeout: 10 * time.Second, BodyTimeout: 400 * time.Millisecond,
			}
			start := time.Now()
			_, err := c.Download(t.Context(), hub.Repo{ID: "a/b"}, "x", nil)
			if err == nil || time.Since(start) > 60*time.Second {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			if _, there := errors.AsType[*hub.Error](err); !there {
				t.Errorf("%T: %v", err, err)
			}
		})
	}
}
