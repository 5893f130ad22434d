package hub_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// pipes are a network in memory, over which time passes as package synctest has it: only
// where everybody waits for it, so that a busy machine changes nothing.
type pipes struct {
	dialed chan net.Conn
	done   chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.dialed <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialed:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

// bubble is a hub with one large file, in a network and a time of its own.
type bubble struct {
	client *hub.Client
	asked  int // for the file's body
}

// inBubble has a client try what needs its own time, with a hub that sends its file in
// pieces of so many bytes, a pause before each.
func inBubble(t *testing.T, piece int, pause time.Duration, try func(t *testing.T, b *bubble)) {
	t.Helper()
	clearEnvironment(t)
	dir, content := t.TempDir(), bytes.Repeat([]byte("0123456789"), 300_000)
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{}
		network := &pipes{dialed: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Repo-Commit", strings.Repeat("a", 40))
			w.Header().Set("ETag", `"`+sha(content)+`"`)
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			if r.Method == http.MethodHead {
				return
			}
			b.asked++
			for at := 0; at < len(content); at += piece {
				time.Sleep(pause)
				if _, err := w.Write(content[at:min(at+piece, len(content))]); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
			}
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(network) }()
		transport := &http.Transport{DialContext: network.dial}
		b.client = &hub.Client{
			HTTP: &http.Client{Transport: transport}, Endpoint: "http://hub.example", CacheDir: dir, NoToken: true, Network: hub.NetworkOnline,
		}
		try(t, b)
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
}

// download fetches the file.
func (b *bubble) download(t *testing.T, progress func(hub.Event)) {
	t.Helper()
	if _, err := b.client.Download(t.Context(), hub.Repo{ID: "org/toy"}, large, &hub.DownloadOptions{Progress: progress}); err != nil {
		t.Error(err)
	}
}

// TestASlowBodyIsNotSilent takes far longer than the longest silence allowed, with pauses
// that are a little shorter.
func TestASlowBodyIsNotSilent(t *testing.T) {
	inBubble(t, 60_000, 390*time.Millisecond, func(t *testing.T, b *bubble) {
		b.client.BodyTimeout = 400 * time.Millisecond
		start := time.Now()
		b.download(t, nil)
		if took := time.Since(start); b.asked != 1 || took < 19*time.Second {
			t.Errorf("%d requests in %v", b.asked, took)
		}
	})
}

// TestWhoWaitsForTheCallerIsNotSilent has the caller's function take longer than any
// silence may.
func TestWhoWaitsForTheCallerIsNotSilent(t *testing.T) {
	inBubble(t, 60_000, 10*time.Millisecond, func(t *testing.T, b *bubble) {
		b.client.BodyTimeout, b.client.Retries = 2*time.Second, -1
		slept := 0
		b.download(t, func(e hub.Event) {
			if e.Kind == hub.FileProgress {
				slept++
				time.Sleep(3 * time.Second)
			}
		})
		if slept == 0 {
			t.Error("nobody waited for the caller")
		}
	})
}

func TestProgressIsNotTooOften(t *testing.T) {
	inBubble(t, 60_000, 10*time.Millisecond, func(t *testing.T, b *bubble) {
		var last time.Time
		n := 0
		b.download(t, func(e hub.Event) {
			if e.Kind != hub.FileProgress {
				return
			}
			if since := time.Since(last); since < 100*time.Millisecond {
				t.Errorf("again after %v", since)
			}
			last = time.Now()
			n++
		})
		if n != 5 { // half a second
			t.Errorf("%d times", n)
		}
	})
}
