//go:build linux

package attacks_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// connections are hostile uses of connections: what no client of HTTP does.
func connections() []*attack {
	return []*attack{
		serving("headers without end", func(w *website) {
			for what, text := range map[string]string{
				"one that is large": "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 4<<20) + "\r\n\r\n",
				"many":              "GET /health HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: a\r\n", 300_000) + "\r\n",
				"a line":            "GET /" + strings.Repeat("a", 4<<20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
			} {
				if got := w.raw(text); got != "" && !strings.Contains(got, " 431 ") && !strings.Contains(got, " 414 ") && !strings.Contains(got, " 400 ") {
					w.t.Errorf("%s: got %.300q", what, got)
				}
			}
		}),
		serving("what is not HTTP", func(w *website) {
			var all sync.WaitGroup
			for _, text := range []string{
				"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 500), "\x00\x00\x00\x00", "SSH-2.0-a\r\n", "GET\r\n\r\n",
				"GET / HTTP/9.9\r\n\r\n", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
				"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
				"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n",
				"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{",
				"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n",
				"\x1b[31mGET / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: \x1b[31m\r\n\r\n",
			} {
				all.Go(func() {
					got := w.raw(text)
					if got != "" && !strings.HasPrefix(got, "HTTP/1.1 4") && !strings.HasPrefix(got, "HTTP/1.1 5") {
						w.t.Errorf("%.60q: got %.300q", text, got)
					}
					if strings.ContainsRune(got, '\x1b') {
						w.t.Errorf("%.60q: the reply has it", text)
					}
				})
			}
			all.Wait()
		}),
		serving("slow clients", func(w *website) {
			const slow = 300
			begun := []string{
				"", "GET /hea", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nX-A: ",
				"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{\"prompt\":",
				"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"pro",
				// These are refused before their body is read.
				"POST /v1/completions HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 1000\r\n\r\n{\"prompt\":",
				"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{\"prompt\":",
				"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"pro",
				"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{\"prompt\":",
			}
			var list []net.Conn
			for i := range slow {
				c := w.dial()
				if c == nil {
					return
				}
				defer c.Close()
				if _, err := io.WriteString(c, begun[i%len(begun)]); err != nil {
					w.t.Error(err)
				}
				list = append(list, c)
			}
			// They hold up nobody.
			for range 3 {
				w.answers()
			}
			// Who has begun a request and does not go on with it is cut off.
			var cut sync.WaitGroup
			for i, c := range list[:2*len(begun)] {
				if i%len(begun) == 0 {
					continue // said nothing: may stay for a while
				}
				cut.Go(func() {
					_ = c.SetReadDeadline(time.Now().Add(time.Minute))
					if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
						w.t.Errorf("after a minute with %.60q the connection is open", begun[i%len(begun)])
					}
				})
			}
			cut.Wait()
		}),
		serving("readers that leave", func(w *website) {
			body := `{"prompt":"Once","max_tokens":100000,"ignore_end":true,"overflow":"slide","stream":true}`
			request := fmt.Sprintf("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			// More than there are states, each of which would be taken for ever; the queue is
			// bounded, so that they come a few at a time.
			for range 40 {
				var few sync.WaitGroup
				for range 3 {
					few.Go(func() {
						c := w.dial()
						if c == nil {
							return
						}
						_, _ = io.WriteString(c, request)
						_, _ = bufio.NewReader(c).ReadString('\n')
						_ = c.Close()
					})
				}
				few.Wait()
			}
		}),
		serving("many at once", func(w *website) {
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					status, text := w.post("/v1/completions", `{"prompt":"Once","max_tokens":8}`)
					if status != http.StatusOK {
						w.checkRefused("one of many", status, text, http.StatusTooManyRequests)
					}
				})
			}
			all.Wait()
		}),
	}
}

// dial opens a bare connection, nil where that fails.
func (w *website) dial() net.Conn {
	var d net.Dialer
	c, err := d.DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.t.Error(err)
		return nil
	}
	return c
}

// raw sends a text and returns what comes back, up to where the server ends the connection.
func (w *website) raw(text string) string {
	c := w.dial()
	if c == nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	go func() { _, _ = io.WriteString(c, text) }() // the server may not take all of it
	got, err := io.ReadAll(io.LimitReader(c, 1<<20))
	if err != nil && strings.Contains(err.Error(), "timeout") {
		w.t.Errorf("%.60q: it hangs", text)
	}
	return string(got)
}
