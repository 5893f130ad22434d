package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
)

// maxRedirects is how many redirects are followed for one answer, as Python does.
const maxRedirects = 20

// request is one question to a hub, or to where a hub sends us.
type request struct {
	method  string
	url     *url.URL
	header  http.Header
	silence time.Duration
	follow  followRule
}

// followRule says whether a redirect may be followed. One that may not is the
// answer.
type followRule func(s *settings, from, to *url.URL) bool

// followHub follows redirects of a renamed repository, or between the addresses of
// the hub. All others lead to where bodies are stored.
func followHub(s *settings, from, to *url.URL) bool {
	return originOf(to) == originOf(from) || s.isHub(to)
}

// followAll follows redirects to the place where the body is.
func followAll(*settings, *url.URL, *url.URL) bool { return true }

// origin is what a browser means by it: who is on the other end.
type origin struct{ scheme, host, port string }

// originOf is the origin of an address, with its scheme's own port if it has none.
func originOf(u *url.URL) origin {
	o := origin{strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()}
	if o.port == "" {
		o.port = map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	return o
}

// hubs are the origins that are one hub; file_download.py has the same list.
var hubs = map[origin]bool{
	{"https", "huggingface.co", "443"}:        true,
	{"https", "hub-ci.huggingface.co", "443"}: true,
	{"https", "hf.co", "443"}:                 true,
}

// isHub reports whether an address is the endpoint's, or another of a known hub.
func (s *settings) isHub(u *url.URL) bool {
	o := originOf(u)
	return o == originOf(s.endpoint) || hubs[o]
}

// send makes a request and follows redirects as the request says. The token goes
// with it as long as every address so far was of the endpoint's origin: what has
// once been elsewhere does not get it back by coming home.
//
// The answer's body fails when nothing comes for as long as the request's silence,
// and must be closed.
func (s *settings) send(ctx context.Context, r request) (*http.Response, error) {
	if s.offline {
		return nil, ErrOffline
	}
	trusted := true
	for range maxRedirects + 1 {
		trusted = trusted && originOf(r.url) == originOf(s.endpoint)
		resp, err := s.once(ctx, r, trusted)
		if err != nil {
			return nil, err
		}
		to, err := redirect(resp)
		if err != nil {
			closeBody(resp)
			return nil, err
		}
		if to == nil || !r.follow(s, r.url, to) {
			return resp, nil
		}
		closeBody(resp)
		r.url = to
	}
	return nil, fmt.Errorf("%w: more than %d redirects", ErrNotHub, maxRedirects)
}

// redirect is where an answer leads to, nil if it is no redirect.
func redirect(resp *http.Response) (*url.URL, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := resp.Header.Get("Location")
	if location == "" {
		return nil, nil
	}
	to, err := resp.Request.URL.Parse(location)
	if err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return nil, fmt.Errorf("%w: a redirect to %s", ErrNotHub, quote.Name(bareLocation(location), maxName))
	}
	to.User, to.Fragment = nil, ""
	return to, nil
}

// bareLocation is an address without what may be secret in it.
func bareLocation(location string) string {
	bare, _, _ := strings.Cut(location, "?")
	return bare
}

// once makes one request. Its time without a sign of life is bounded.
func (s *settings) once(ctx context.Context, r request, trusted bool) (*http.Response, error) {
	ctx, watch := newWatch(ctx, r.silence)
	req, err := http.NewRequestWithContext(watch.trace(ctx, &s.reached), r.method, r.url.String(), http.NoBody)
	if err != nil {
		watch.end()
		return nil, fmt.Errorf("%w: %w", ErrNotHub, plainError(err))
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", s.userAgent)
	if trusted && s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	s.log.DebugContext(ctx, "request", "method", r.method, "url", showURL(r.url), "token", trusted && s.token != "")
	resp, err := s.http.Do(req)
	if err != nil {
		err = watch.cause(ctx, plainError(err))
		watch.end()
		return nil, err
	}
	s.reached.Store(true) // also where a transport of the caller's own told of no connection
	watch.pause()
	resp.Body = &watchedBody{ReadCloser: resp.Body, w: watch, ctx: ctx}
	return resp, nil
}

// plainError is an error of net/http without the address, which may hold a secret
// and be of any length, and with the rest of it cut and escaped.
func plainError(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return &networkError{err}
}

// networkError is an error of the network, in a form that can be shown.
type networkError struct{ err error }

func (e *networkError) Error() string { return quote.Text(e.err.Error(), maxMessage) }
func (e *networkError) Unwrap() error { return e.err }

// showURL is an address as it may be shown: without user and query.
func showURL(u *url.URL) string {
	bare := *u
	bare.User, bare.RawQuery, bare.Fragment, bare.RawFragment = nil, "", "", ""
	return quote.Cut(bare.String(), maxMessage)
}

// closeBody reads the little that may be left, so that the connection can be used
// again, and closes.
func closeBody(resp *http.Response) {
	const little = 4 << 10
	hurry(resp)
	_, _ = io.CopyN(io.Discard, resp.Body, little) // best effort: closing is what matters
	_ = resp.Body.Close()
}

// escape quotes an element of an address as Python's urllib.parse.quote does: it
// leaves letters, digits, _.-~ and the bytes of safe.
func escape(s, safe string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for k := range len(s) {
		c := s[k]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.-~", c) >= 0, strings.IndexByte(safe, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// address is the endpoint's with escaped elements behind it.
func (s *settings) address(escaped, query string) (*url.URL, error) {
	u, err := s.endpoint.Parse(strings.TrimRight(s.endpoint.EscapedPath(), "/") + "/" + escaped)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsafeName, plainError(err))
	}
	u.RawQuery = query
	return u, nil
}

// apiURL is the address of a question about a repository.
func (s *settings) apiURL(r Repo, rest, query string) (*url.URL, error) {
	return s.address("api/"+r.Type.String()+"s/"+r.ID+rest, query)
}

// fileURL is the address of a file at the repository's revision.
func (s *settings) fileURL(r Repo, path string) (*url.URL, error) {
	return s.address(r.Type.prefix()+r.ID+"/resolve/"+escape(r.revision(), "")+"/"+escape(path, "/"), "")
}
