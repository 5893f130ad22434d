package hubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Request is what the log of a [Server] keeps of a request.
type Request struct {
	// Origin says which of the two addresses was asked.
	Origin Origin `json:"origin"`

	// Op is what was asked for; Repo and File are the repository, and the file or folder
	// in it, as far as the request names them.
	Op   Op     `json:"op"`
	Repo string `json:"repo,omitempty"`
	File string `json:"file,omitempty"`

	// Method, Path (without escapes), Query (with them) and Header are the request's own.
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Query  string      `json:"query,omitempty"`
	Header http.Header `json:"header"`

	// Status is that of the answer: 0 while there is none, or where a fault kept it back.
	Status int `json:"status"`

	// BytesSent counts the bytes of the body that went out; it is 0 until the answer has
	// ended.
	BytesSent int64 `json:"bytes_sent"`

	// Faulted is true if a [Fault] had its way with the answer.
	Faulted bool `json:"faulted,omitempty"`

	// Time is when the request came, Took how long the answer took; Done is false while it
	// is being sent. A client that has the end of an answer finds it done.
	Time time.Time     `json:"time"`
	Took time.Duration `json:"took_ns"`
	Done bool          `json:"done"`
}

// Authorized reports whether the request bears what proves who sent it.
func (r Request) Authorized() bool {
	return r.Header.Get("Authorization") != "" || r.Header.Get("Proxy-Authorization") != "" || r.Header.Get("Cookie") != ""
}

// carries reports whether a text is anywhere in the request but in its body.
func (r Request) carries(text string) bool {
	if strings.Contains(r.Path, text) || strings.Contains(r.Query, text) {
		return true
	}
	for _, values := range r.Header {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
			return true
		}
	}
	return false
}

// enter puts a request into the log, and finds the fault that is to happen to it.
func (s *Server) enter(c *call, r *http.Request) (*Do, *Request) {
	entry := &Request{
		Origin: c.origin, Op: c.op, Repo: c.id, File: c.path, Time: time.Now(),
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Header: maps.Clone(r.Header),
	}
	do := s.due(*entry)
	entry.Faulted = do != nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, entry)
	return do, entry
}

// leave notes how a request was answered.
func (s *Server) leave(a *answer, sent int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := a.entry
	e.Status, e.BytesSent, e.Took, e.Done = a.status, sent, time.Since(e.Time), true
}

// Requests is the log: every request since the start or the last [Server.ClearLog],
// at both origins, in the order in which they came.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Request, len(s.log))
	for i, entry := range s.log {
		list[i] = *entry
	}
	return list
}

// ClearLog forgets the requests so far.
func (s *Server) ClearLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Select is the part of the log for which keep is true.
func (s *Server) Select(keep func(Request) bool) []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return !keep(r) })
}

// Count is the number of requests for which keep is true.
func (s *Server) Count(keep func(Request) bool) int { return len(s.Select(keep)) }

// Bodies counts how often the body of each file was asked for, by "org/name/path".
// A client that downloads each file once, and resumes none, has 1 everywhere.
func (s *Server) Bodies() map[string]int {
	counts := map[string]int{}
	for _, r := range s.Requests() {
		if r.Op == Body {
			counts[r.Repo+"/"+r.File]++
		}
	}
	return counts
}

// Leaks are the requests at the second origin that a careful client would not have
// sent: those with an Authorization header or a cookie, and those that carry one of
// the secrets in any header or in the address.
func (s *Server) Leaks(secrets ...string) []Request {
	return s.Select(func(r Request) bool {
		return r.Origin == CDN && (r.Authorized() || slices.ContainsFunc(secrets, r.carries))
	})
}
