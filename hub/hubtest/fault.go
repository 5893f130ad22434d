package hubtest

import (
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong: it says which requests it strikes, and what
// happens to them. A field that is zero matches everything. With several faults that
// a request matches, the first one that is due strikes.
type Fault struct {
	// Op, Method and Origin say what is asked for, how and where.
	Op     Op     `json:"op,omitempty"`
	Method string `json:"method,omitempty"`
	Origin Origin `json:"origin,omitempty"`

	// Repo, File and Path are patterns for the repository's name, the path in it, and the
	// path of the URL without escapes. "*" stands for any text, slashes included, and "?"
	// for one byte.
	Repo string `json:"repo,omitempty"`
	File string `json:"file,omitempty"`
	Path string `json:"path,omitempty"`

	// Client is a part of the User-Agent header.
	Client string `json:"client,omitempty"`

	// If is asked when all else matches.
	If func(Request) bool `json:"-"`

	// From and To are the first and the last request that is struck, counted from 1 for
	// each client (by User-Agent), method and URL path, over the requests that match. 0 is
	// the first one, and without end.
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`

	// Do is what happens.
	Do Do `json:"do"`
}

// Do is what happens to a request that a [Fault] strikes. Most fields can be combined.
//
// In Redirect, Raw, Body and the values of Header, "{hub}" and "{cdn}" stand for the
// addresses of the origins and "{path}" for the request's path and query.
type Do struct {
	// Delay passes before anything else.
	Delay time.Duration `json:"delay,omitempty"`

	// Status, if not 0, is answered instead, with Body.
	Status int `json:"status,omitempty"`

	// Body is the text that Status is answered with.
	Body string `json:"body,omitempty"`

	// Redirect is an address to which the request is sent, with Status or 302.
	Redirect string `json:"redirect,omitempty"`

	// Loop redirects to the same address for ever, with a counter in the query, with
	// Status or 302.
	Loop bool `json:"loop,omitempty"`

	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitempty"`

	// Hang gives no answer until the client goes. With CutAfter or CutHalf the answer
	// stops there, and the connection stays open.
	Hang bool `json:"hang,omitempty"`

	// Raw is sent instead of an answer, be it HTTP or not; then the connection is closed.
	Raw string `json:"raw,omitempty"`

	// Endless repeats Raw or Body until the client goes.
	Endless bool `json:"endless,omitempty"`

	// Bomb answers with so many blanks, compressed to a thousandth, whatever encoding the
	// client accepts. JSON may begin with any number of blanks.
	Bomb int64 `json:"bomb,omitempty"`

	// Listing answers with generated entries, as a page of a listing.
	Listing *Listing `json:"listing,omitempty"`

	// Header is set in the answer, whatever it would have had; an empty value removes the
	// header. A Content-Length may lie: the body is sent whole whatever it says, and then
	// the connection is closed.
	Header map[string]string `json:"header,omitempty"`

	// Weak makes ETag and X-Linked-Etag weak.
	Weak bool `json:"weak,omitempty"`

	// IgnoreRange answers with the whole file where a part was asked for.
	IgnoreRange bool `json:"ignore_range,omitempty"`

	// CutAfter closes the connection after so many bytes of the body; a negative number is
	// none at all.
	CutAfter int64 `json:"cut_after,omitempty"`

	// CutHalf closes the connection after half of the body.
	CutHalf bool `json:"cut_half,omitempty"`

	// Short leaves out so many bytes at the end, with a Content-Length that says so.
	Short int64 `json:"short,omitempty"`

	// Flip inverts the bytes at these offsets in the file, counted from the end if
	// negative. An offset means the same byte in a part of the file.
	Flip []int64 `json:"flip,omitempty"`

	// Rate bounds the speed of the body, in bytes per second.
	Rate int64 `json:"rate,omitempty"`
}

// fault is a fault at work. It is guarded by the server's mutex.
type fault struct {
	Fault
	seen map[string]int // requests that matched, by client, method and URL
}

// Add lets faults happen from now on, after those that were added before. What it
// returns takes these away again.
func (s *Server) Add(faults ...Fault) (remove func()) {
	added := make([]*fault, len(faults))
	for i, f := range faults {
		added[i] = &fault{Fault: f, seen: map[string]int{}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, added...)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(slices.Clone(s.faults), func(f *fault) bool { return slices.Contains(added, f) })
	}
}

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// due finds what is to happen to a request, nil if nothing. Every fault that it
// matches counts it, also those that are not due.
func (s *Server) due(r Request) *Do {
	s.mu.Lock()
	faults := s.faults
	s.mu.Unlock()
	// Matching is done without the lock: If may look at the server.
	faults = slices.DeleteFunc(slices.Clone(faults), func(f *fault) bool { return !f.matches(r) })
	s.mu.Lock()
	defer s.mu.Unlock()
	var do *Do
	for _, f := range faults {
		key := r.Header.Get("User-Agent") + "\n" + r.Method + "\n" + string(r.Origin) + r.Path
		f.seen[key]++
		n := f.seen[key]
		if do == nil && n >= f.From && (f.To == 0 || n <= f.To) {
			do = &f.Do
		}
	}
	return do
}

// matches reports whether the fault is about such a request.
func (f *fault) matches(r Request) bool {
	return (f.Op == "" || f.Op == r.Op) && (f.Method == "" || f.Method == r.Method) && (f.Origin == "" || f.Origin == r.Origin) &&
		glob(f.Repo, r.Repo) && glob(f.File, r.File) && glob(f.Path, r.Path) &&
		strings.Contains(r.Header.Get("User-Agent"), f.Client) && (f.If == nil || f.If(r))
}

// glob matches a pattern of "*" and "?"; an empty one matches everything.
func glob(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	star, mark := -1, 0 // the last star, and where the text after it begins
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
