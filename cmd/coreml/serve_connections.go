package main

import (
	order "container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/gocoreml/coreml/generate/openai"
)

// healthReserve is how many connections there may be beyond the bound, for those who ask how
// the server is.
const healthReserve = 32

// connections bounds the open connections. A new one beyond the bound takes the place of the
// one that has rested longest: that sends no request, whether before its first or behind its
// last. Where all have a request it is one of a small reserve, on which only /health is
// answered. Without a bound, clients that open connections and send nothing would fill the
// memory and the table of files.
type connections struct {
	most int

	mu    sync.Mutex
	all   map[net.Conn]*connection
	rest  order.List // connections without a request, the longest at rest first
	extra int        // those of the reserve
}

// connection is an open connection.
type connection struct {
	c     net.Conn
	place *order.Element // in connections.rest, nil while it has a request
	extra bool
}

// connectionKey is that of a request's connection in its context.
type connectionKey struct{}

func newConnections(most int) *connections {
	return &connections{most: most, all: map[net.Conn]*connection{}}
}

// watch makes a server keep the bound.
func (cs *connections) watch(s *http.Server) {
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, cs.admit(c))
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateActive:
			cs.setResting(c, false)
		case http.StateIdle:
			cs.setResting(c, true)
		case http.StateClosed, http.StateHijacked:
			cs.mu.Lock()
			cs.remove(c)
			cs.mu.Unlock()
		case http.StateNew: // admitted
		}
	}
}

// admit takes in a new connection, or closes it where there is no room at all.
func (cs *connections) admit(c net.Conn) *connection {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	n := &connection{c: c}
	switch {
	case cs.hasRoom():
	case cs.extra < healthReserve || cs.closeResting(true):
		n.extra = true
		cs.extra++
	default:
		closeAtOnce(c) // the server notices when it reads
		return n
	}
	n.place = cs.rest.PushBack(n)
	cs.all[c] = n
	return n
}

// hasRoom reports whether there may be one more connection that is not of the reserve. It may
// close one that rests for it.
func (cs *connections) hasRoom() bool {
	return len(cs.all)-cs.extra < cs.most || cs.closeResting(false)
}

// closeResting closes the connection that has rested longest, of the reserve or of the others,
// and reports whether there was one.
func (cs *connections) closeResting(extra bool) bool {
	for p := cs.rest.Front(); p != nil; p = p.Next() {
		if n, _ := p.Value.(*connection); n.extra == extra {
			cs.remove(n.c)
			closeAtOnce(n.c)
			return true
		}
	}
	return false
}

// closeAtOnce closes a connection without a word, for which TLS would wait.
func closeAtOnce(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.Close() // nobody uses it
}

// setResting notes whether a connection has a request.
func (cs *connections) setResting(c net.Conn, resting bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	n := cs.all[c]
	switch {
	case n == nil || resting == (n.place != nil):
	case resting:
		n.place = cs.rest.PushBack(n)
	default:
		cs.rest.Remove(n.place)
		n.place = nil
	}
}

// remove takes a connection out.
func (cs *connections) remove(c net.Conn) {
	n := cs.all[c]
	if n == nil {
		return
	}
	delete(cs.all, c)
	if n.place != nil {
		cs.rest.Remove(n.place)
		n.place = nil
	}
	if n.extra {
		cs.extra--
	}
}

// isExtra reports whether a request is on a connection of the reserve. One for which there is
// room by now is no more.
func (cs *connections) isExtra(r *http.Request) bool {
	n, _ := r.Context().Value(connectionKey{}).(*connection)
	if n == nil {
		return false
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if n.extra && cs.all[n.c] == n && cs.hasRoom() {
		n.extra = false
		cs.extra--
	}
	return n.extra
}

// handler answers requests on connections of the reserve with status 503, but for /health, and
// ends these connections.
func (cs *connections) handler(next http.Handler) http.Handler {
	refused := openai.BoundBodies(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "too_many_connections", "all connections of the server are in use")
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := next
		if cs.isExtra(r) {
			w.Header().Set("Connection", "close")
			if r.URL.Path != "/health" {
				to = refused
			}
		}
		to.ServeHTTP(w, r)
	})
}
