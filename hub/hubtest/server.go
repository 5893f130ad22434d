package hubtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Origin is one of the two addresses that a [Server] answers at.
type Origin string

// The origins of a server.
const (
	Hub Origin = "hub" // the API, and the files that git holds
	CDN Origin = "cdn" // the files of large-file storage
)

// Server is a stand-in hub at two ports of the loopback interface. It serves from
// [Start] to [Server.Close]. All of its methods may be called at any time from any
// goroutine: repositories and faults can change while clients are being answered.
type Server struct {
	hub, cdn string // "http://127.0.0.1:port"
	servers  []*http.Server
	key      []byte        // signs the URLs of the second origin
	done     chan struct{} // closed by Close

	mu       sync.Mutex
	closed   bool
	handlers sync.WaitGroup
	repos    map[string]*hosted // by key
	faults   []*fault
	log      []*Request
}

// TB is what [New] needs of a *testing.T. This package does not import testing, so
// that a program may use it too.
type TB interface {
	// Helper, Cleanup and Fatal are those of testing.TB.
	Helper()
	Cleanup(func())
	Fatal(args ...any)
}

// New starts a server for one test, which fails if it does not start; it is closed
// when the test ends.
func New(t TB, repos ...Repo) *Server {
	t.Helper()
	s, err := Start(repos...)
	if err != nil {
		t.Fatal(err)
		return nil
	}
	t.Cleanup(s.Close)
	return s
}

// Start serves repositories at two free ports. All files are read once before it
// returns, to know their hashes.
func Start(repos ...Repo) (*Server, error) {
	s := &Server{key: make([]byte, 32), done: make(chan struct{}), repos: map[string]*hosted{}}
	if _, err := rand.Read(s.key); err != nil {
		return nil, err
	}
	for _, r := range repos {
		if err := s.Put(r); err != nil {
			return nil, err
		}
	}
	var err error
	if s.hub, err = s.listen(Hub); err == nil {
		s.cdn, err = s.listen(CDN)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// listen opens a port and answers there.
func (s *Server) listen(origin Origin) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("hubtest: %w", err)
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(origin, w, r) }),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			l.Close()
		}
	}()
	return "http://" + l.Addr().String(), nil
}

// Close ends the server and every connection, and waits for the handlers. It may
// be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	for _, server := range s.servers {
		server.Close()
	}
	s.handlers.Wait()
}

// URL is the address of the hub, for HF_ENDPOINT: "http://127.0.0.1:port".
func (s *Server) URL() string { return s.hub }

// CDNURL is the address of the second origin, which serves large-file storage. It
// differs in the port alone: a client that compares hosts takes it for the hub.
func (s *Server) CDNURL() string { return s.cdn }

// Env is what a child process needs in its environment, beside its own, for the
// clients in it to use this server.
func (s *Server) Env() []string {
	return []string{"HF_ENDPOINT=" + s.hub, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1"}
}

// Put adds a repository, or takes the place of the one of the same type and name.
func (s *Server) Put(r Repo) error {
	h, err := host(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repos[repoKey(r.Type, r.ID)] = h
	return nil
}

// Remove forgets a repository, as when its owner has deleted it.
func (s *Server) Remove(t Type, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.repos, repoKey(t, id))
}

// Commit is the name of the commit that a revision stands for: a branch, a tag, a
// full reference such as "refs/pr/1", or a commit. It is empty where there is none.
func (s *Server) Commit(t Type, id, revision string) string {
	if h := s.repo(t, id); h != nil {
		if snap := h.revision(revision); snap != nil {
			return snap.id
		}
	}
	return ""
}

// repo finds a repository, nil if there is none.
func (s *Server) repo(t Type, id string) *hosted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repos[repoKey(t, id)]
}

// repoKey is the key of a repository. The Hub's names are blind to case only when
// they are made; they are not here.
func repoKey(t Type, id string) string { return t.plural() + "/" + id }

// wait pauses a handler until the time is over, and reports false when the client
// has gone or the server is closing.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

// hang holds a handler until the client has gone or the server is closing.
func (s *Server) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.done:
	}
}

// serve answers one request at an origin.
func (s *Server) serve(origin Origin, w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	s.handlers.Add(1)
	s.mu.Unlock()
	defer s.handlers.Done()

	c := s.route(origin, r)
	do, entry := s.enter(c, r)
	a := &answer{server: s, w: w, r: r, do: do, entry: entry}
	defer a.finish()
	if origin == Hub {
		a.Header().Set("X-Request-Id", requestID())
	}
	if do != nil && a.instead(c) {
		return
	}
	if origin == CDN {
		c.cdn(a)
		return
	}
	c.hub(a)
}

// expand puts this server's addresses and the request's own into a text of a fault.
func (s *Server) expand(text string, r *http.Request) string {
	return strings.NewReplacer("{hub}", s.hub, "{cdn}", s.cdn, "{path}", r.URL.RequestURI()).Replace(text)
}
