package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// dialed is a client's side of a connection.
type dialed struct {
	net.Conn
	r *bufio.Reader
}

// ask sends a request and returns the status of its reply, 0 where the connection has ended.
func (d *dialed) ask(t *testing.T, path string) int {
	t.Helper()
	if _, err := fmt.Fprintf(d, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
		return 0
	}
	return d.status(t)
}

// status reads a reply, which has no body that matters.
func (d *dialed) status(t *testing.T) int {
	t.Helper()
	resp, err := http.ReadResponse(d.r, nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := bufio.NewReader(resp.Body).WriteTo(new(strings.Builder)); err != nil {
		return 0
	}
	return resp.StatusCode
}

// bounded starts a server of at most two connections, whose requests for /wait last until
// end is called, and which says when one begins.
func bounded(t *testing.T) (dial func() *dialed, begun chan struct{}, end func(), cs *connections) {
	t.Helper()
	over := make(chan struct{})
	begun, end = make(chan struct{}, 10), sync.OnceFunc(func() { close(over) })
	cs = newConnections(2)
	s := httptest.NewUnstartedServer(cs.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			begun <- struct{}{}
			<-over
		}
		w.WriteHeader(http.StatusOK)
	})))
	cs.watch(s.Config)
	s.Start()
	t.Cleanup(func() {
		end()
		s.Close()
	})
	return func() *dialed {
		t.Helper()
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return &dialed{c, bufio.NewReader(c)}
	}, begun, end, cs
}

// resting waits until n of the connections within the bound rest: a server sends a reply before it notes that.
func (cs *connections) resting(n int) {
	for {
		cs.mu.Lock()
		got := 0
		for p := cs.rest.Front(); p != nil; p = p.Next() {
			if c, _ := p.Value.(*connection); !c.extra {
				got++
			}
		}
		cs.mu.Unlock()
		if got >= n {
			return
		}
		runtime.Gosched()
	}
}

func TestConnectionsThatRestMakeRoom(t *testing.T) {
	dial, _, _, cs := bounded(t)
	first, second := dial(), dial()
	if a, b := first.ask(t, "/"), second.ask(t, "/"); a != http.StatusOK || b != http.StatusOK {
		t.Fatalf("two connections are answered %d and %d", a, b)
	}
	cs.resting(2)
	// Which of the two rests longer is the server's to know: one of them has to go.
	third := dial()
	if got := third.ask(t, "/"); got != http.StatusOK {
		t.Fatalf("the third is answered %d", got)
	}
	left := 0
	for _, c := range []*dialed{first, second} {
		if c.ask(t, "/") == http.StatusOK {
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d of the first two are left, want 1", left)
	}
}

func TestHealthIsAnsweredBeyondTheBound(t *testing.T) {
	dial, begun, end, cs := bounded(t)
	first, second := dial(), dial()
	for _, c := range []*dialed{first, second} {
		if _, err := fmt.Fprint(c, "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-begun
	}
	// Both have a request. Silent connections fill what is kept for health, and make room.
	for range 2 * healthReserve {
		dial()
	}
	if got := dial().ask(t, "/health"); got != http.StatusOK {
		t.Errorf("/health is answered %d", got)
	}
	if got := dial().ask(t, "/v1/models"); got != http.StatusServiceUnavailable {
		t.Errorf("another route is answered %d", got)
	}
	waiting := dial()
	cs.mu.Lock()
	n, extra := len(cs.all), cs.extra
	cs.mu.Unlock()
	if n > 2+healthReserve || extra > healthReserve {
		t.Errorf("%d connections are open, %d of the reserve", n, extra)
	}
	end()
	if a, b := first.status(t), second.status(t); a != http.StatusOK || b != http.StatusOK {
		t.Errorf("those with a request get %d and %d", a, b)
	}
	cs.resting(2)
	if got := waiting.ask(t, "/"); got != http.StatusOK {
		t.Errorf("one that has waited until there is room is answered %d", got)
	}
}
