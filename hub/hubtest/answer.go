package hubtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is the response to one request. It keeps what the log needs, and does to
// the body what the request's fault says.
type answer struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	do     *Do      // nil without a fault
	entry  *Request // in the log

	status int
	sent   int64 // bytes of the body that went out
	total  int64 // bytes of the body that are to go out, -1 if not known

	conn  net.Conn // when the answer is written past net/http
	buf   *bufio.ReadWriter
	start int64 // the offset in the file at which the body begins
	size  int64 // of the file, -1 if not known
	pos   int64 // bytes of the body that the handler has written
	limit int64 // bytes of the body to send, -1 for all
	cut   bool  // whether the connection ends at the limit, rather than the body
}

// Header is that of the answer.
func (a *answer) Header() http.Header { return a.w.Header() }

// whole answers with a body that is known.
func (a *answer) whole(status int, kind string, body []byte) {
	a.Header().Set("Content-Type", kind)
	a.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.WriteHeader(status)
	if a.r.Method != http.MethodHead {
		a.Write(body) //nolint:errcheck // the client has gone: nobody is left to be told
	}
}

// WriteHeader sends status and headers, as the fault changes them.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	a.limit, a.size, a.total = -1, -1, -1
	if n, err := strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64); err == nil {
		a.total = n
	}
	if a.do == nil {
		a.w.WriteHeader(status)
		return
	}
	a.bound()
	if a.do.Weak {
		a.weaken("ETag", "X-Linked-Etag")
	}
	lies := false
	for name, value := range a.do.Header {
		if value == "" {
			a.Header().Del(name)
			continue
		}
		a.Header().Set(name, a.server.expand(value, a.r))
		lies = lies || http.CanonicalHeaderKey(name) == "Content-Length"
	}
	if lies {
		a.lie()
		return
	}
	a.w.WriteHeader(status)
}

// bound finds out how much of the body is to be sent.
func (a *answer) bound() {
	a.place()
	length := a.total
	if a.do.Short > 0 && length >= 0 {
		length = max(0, length-a.do.Short)
		a.limit = length
		a.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	}
	switch {
	case a.do.CutAfter != 0:
		a.limit, a.cut = max(0, a.do.CutAfter), true
	case a.do.CutHalf:
		a.limit, a.cut = max(0, length/2), true
	}
	if a.limit >= 0 {
		a.total = a.limit
	}
}

// weaken makes tags weak.
func (a *answer) weaken(names ...string) {
	for _, name := range names {
		if tag := a.Header().Get(name); strings.HasPrefix(tag, `"`) {
			a.Header().Set(name, "W/"+tag)
		}
	}
}

// place finds out which part of which file the body is.
func (a *answer) place() {
	a.size = a.total
	text, ok := strings.CutPrefix(a.Header().Get("Content-Range"), "bytes ")
	if !ok {
		return
	}
	from, _, _ := strings.Cut(text, "-")
	_, size, _ := strings.Cut(text, "/")
	start, err1 := strconv.ParseInt(from, 10, 64)
	total, err2 := strconv.ParseInt(size, 10, 64)
	if err1 == nil && err2 == nil {
		a.start, a.size = start, total
	}
}

// lie sends headers that net/http would put right.
func (a *answer) lie() {
	if !a.hijack() {
		return
	}
	h := a.Header()
	h.Set("Connection", "close")
	fmt.Fprintf(a.buf, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	h.Write(a.buf) //nolint:errcheck // as with the body
	fmt.Fprint(a.buf, "\r\n")
	a.buf.Flush()
}

// hijack takes the connection over from net/http, and with it the care for its end:
// the request's context ends when the client goes, and the connection when the
// server closes.
func (a *answer) hijack() bool {
	conn, buf, err := http.NewResponseController(a.w).Hijack()
	if err != nil {
		return false
	}
	a.conn, a.buf = conn, buf
	ctx, gone := context.WithCancel(a.r.Context())
	a.r = a.r.WithContext(ctx)
	go func() {
		io.Copy(io.Discard, conn) //nolint:errcheck // until it ends, in whatever way
		gone()
	}()
	go func() {
		select {
		case <-a.server.done:
			conn.Close()
		case <-ctx.Done():
		}
	}()
	return true
}

// out sends bytes of the body as they are. The log is told of the last ones before
// they go: who has the whole answer finds it there.
func (a *answer) out(p []byte) error {
	if sent := a.sent + int64(len(p)); sent == a.total {
		a.server.leave(a, sent)
	}
	var n int
	var err error
	if a.conn != nil {
		n, err = a.conn.Write(p)
	} else {
		n, err = a.w.Write(p)
	}
	a.sent += int64(n)
	return err
}

// Write sends a part of the body, or what the fault leaves of it.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.do == nil {
		return len(p), a.out(p)
	}
	whole := len(p)
	ends := false
	if a.limit >= 0 && a.pos+int64(len(p)) >= a.limit {
		ends = a.cut
		p = p[:max(0, a.limit-a.pos)]
	}
	p = a.flipped(p)
	a.pos += int64(whole)
	if err := a.paced(p); err != nil {
		return 0, err
	}
	if ends {
		a.flush()
		if a.do.Hang {
			a.server.hang(a.r.Context())
		}
		panic(http.ErrAbortHandler)
	}
	return whole, nil
}

// flipped inverts the bytes that the fault names, in a copy.
func (a *answer) flipped(p []byte) []byte {
	copied := false
	for _, off := range a.do.Flip {
		if off < 0 {
			off += a.size
		}
		i := off - a.start - a.pos
		if i < 0 || i >= int64(len(p)) {
			continue
		}
		if !copied {
			p, copied = append([]byte(nil), p...), true
		}
		p[i] ^= 0xff
	}
	return p
}

// paced sends bytes no faster than the fault allows.
func (a *answer) paced(p []byte) error {
	rate := a.do.Rate
	if rate <= 0 {
		return a.out(p)
	}
	step := max(1, rate/50)
	for len(p) > 0 {
		n := min(step, int64(len(p)))
		if err := a.out(p[:n]); err != nil {
			return err
		}
		a.flush()
		p = p[n:]
		if !a.server.wait(a.r.Context(), time.Duration(n)*time.Second/time.Duration(rate)) {
			return io.ErrClosedPipe
		}
	}
	return nil
}

// flush sends what is buffered.
func (a *answer) flush() {
	if a.conn == nil {
		http.NewResponseController(a.w).Flush()
	}
}

// ReadFrom sends the body from a reader, by the short way that the connection offers
// if no fault is in it.
func (a *answer) ReadFrom(src io.Reader) (int64, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	part, limited := src.(*io.LimitedReader)
	rf, ok := a.w.(io.ReaderFrom)
	if !ok || !limited || part.N < 1<<16 || a.do != nil {
		return io.Copy(struct{ io.Writer }{a}, src)
	}
	// The last bytes go the long way, on which the log is told first.
	n, err := rf.ReadFrom(&io.LimitedReader{R: part.R, N: part.N - 1})
	a.sent += n
	part.N -= n
	if err != nil {
		return n, err
	}
	last, err := io.Copy(struct{ io.Writer }{a}, part)
	return n + last, err
}

// finish tells the log, and ends a connection that was taken over from net/http.
func (a *answer) finish() {
	a.server.leave(a, a.sent)
	if a.conn != nil {
		a.conn.Close()
	}
}
