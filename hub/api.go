package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
)

// wholeAnswer is how many silences a whole answer in JSON may take. A hub that
// sends it byte by byte would never be silent.
const wholeAnswer = 12

// slowError means that an answer did not end in time.
type slowError struct{ d time.Duration }

func (e *slowError) Error() string { return fmt.Sprintf("the answer took more than %v", e.d) }
func (e *slowError) Timeout() bool { return true }

// getJSON asks a question and gives the answer to read, which may be called again,
// from the start, when an attempt failed on the way. It returns the address that
// answered in the end, and the headers.
func (s *settings) getJSON(ctx context.Context, c call, u *url.URL, p patience, read func(*json.Decoder) error) (at *url.URL, h http.Header, err error) {
	err = s.retry(ctx, c, p, func() (err error) {
		at, h, err = s.getJSONOnce(ctx, c, u, read)
		return err
	})
	if err != nil {
		return nil, nil, c.fail(err)
	}
	return at, h, nil
}

// getJSONOnce is one attempt of getJSON.
func (s *settings) getJSONOnce(ctx context.Context, c call, u *url.URL, read func(*json.Decoder) error) (*url.URL, http.Header, error) {
	whole := wholeAnswer * s.headTimeout
	inTime, cancel := context.WithTimeoutCause(ctx, whole, &slowError{whole})
	defer cancel()
	resp, err := s.send(inTime, request{method: http.MethodGet, url: u, silence: s.headTimeout, follow: followHub})
	if err != nil {
		return nil, nil, fromNetwork(ctx, err)
	}
	defer closeBody(resp)
	if resp.StatusCode != http.StatusOK {
		return nil, nil, c.status(s, resp)
	}
	if coded := coding(resp); coded != "" {
		return nil, nil, fmt.Errorf("%w: an answer in the encoding %s", ErrNotHub, quote.Name(coded, maxName))
	}
	body := &bounded{r: resp.Body, left: MaxPage}
	switch err := read(json.NewDecoder(body)); {
	case body.err != nil:
		return nil, nil, fromNetwork(ctx, body.err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, nil, &passingError{fmt.Errorf("%w: the answer breaks off", ErrNotHub)}
	case err != nil:
		return nil, nil, notJSON(err)
	}
	return resp.Request.URL, resp.Header, nil
}

// notJSON says what is wrong with an answer, unless it is an error of ours.
func notJSON(err error) error {
	if errors.Is(err, ErrNotHub) || errors.Is(err, ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %s", ErrNotHub, quote.Text(err.Error(), maxMessage))
}

// bounded fails with [ErrTooLarge] behind so many bytes. It keeps the first error
// other than the end, since a decoder's own hides it.
type bounded struct {
	r    io.Reader
	left int64
	err  error
}

// Read fills p as far as it can: a decoder looks at all that it has again for each
// read, when that is blanks.
func (b *bounded) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err = io.ReadFull(b.r, p[:min(int64(len(p)), b.left+1)])
	if errors.Is(err, io.ErrUnexpectedEOF) && n < len(p) {
		err = io.EOF
	}
	if b.left -= int64(n); b.left < 0 {
		n, err = n-1, fmt.Errorf("%w: one answer of more than %d bytes", ErrTooLarge, int64(MaxPage))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// list reads a list of at most [MaxFiles] values.
type list[T any] []T

// UnmarshalJSON reads the values one by one, so that a list of very many empty
// ones cannot become a very large one in memory.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	*l = nil
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return err // null, or what counts as none
	}
	for d.More() {
		if len(*l) == MaxFiles {
			return fmt.Errorf("%w: a list of more than %d", ErrTooLarge, MaxFiles)
		}
		var v T
		if err := d.Decode(&v); err != nil {
			return err
		}
		*l = append(*l, v)
	}
	return nil
}

// nextLink is the address of the next page in the Link headers (RFC 8288), ""
// without one.
func nextLink(values []string) string {
	for rest := strings.Join(values, ","); ; {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			return ""
		}
		target, params, ok := strings.Cut(after, ">")
		if !ok {
			return ""
		}
		var rel string
		rel, rest = linkRel(params)
		for name := range strings.FieldsSeq(rel) {
			if strings.EqualFold(name, "next") {
				return target
			}
		}
	}
}

// linkRel reads the parameters of one link: the value of the first that is called
// rel, and what stands behind the comma that ends them.
func linkRel(s string) (rel, rest string) {
	found := false
	for s != "" && s[0] != ',' {
		var name, value string
		end := strings.IndexAny(s, "=;,")
		if end < 0 || s[end] != '=' {
			if end < 0 {
				return rel, ""
			}
			if s = s[end:]; s[0] == ';' {
				s = s[1:]
			}
			continue
		}
		name = strings.Trim(s[:end], "; \t")
		value, s = linkValue(strings.TrimLeft(s[end+1:], " \t"))
		if strings.EqualFold(name, "rel") && !found {
			rel, found = value, true
		}
	}
	return rel, strings.TrimPrefix(s, ",")
}

// linkValue reads a value of a parameter, quoted or not, and returns what stands
// behind it from the next ; or , on.
func linkValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ";,")
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:]
	}
	var b strings.Builder
	for s = s[1:]; s != "" && s[0] != '"'; s = s[1:] {
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		b.WriteByte(s[0])
	}
	if end := strings.IndexAny(s, ";,"); end >= 0 {
		return b.String(), s[end:]
	}
	return b.String(), ""
}

// nextPage is the address of the page behind the one at u, nil behind the last. It
// is of the same origin. What a mirror hands on from the hub that it mirrors is
// asked of the mirror.
func (s *settings) nextPage(u *url.URL, h http.Header) (*url.URL, error) {
	link := nextLink(h.Values("Link"))
	if link == "" {
		return nil, nil
	}
	next, err := u.Parse(link)
	if err != nil {
		return nil, fmt.Errorf("%w: the next page is at %s", ErrNotHub, quote.Name(bareLocation(link), maxName))
	}
	if originOf(next) != originOf(u) && hubs[originOf(next)] && originOf(u) == originOf(s.endpoint) {
		next.Scheme, next.Host = s.endpoint.Scheme, s.endpoint.Host
		next.Path, next.RawPath = s.endpoint.Path+next.Path, ""
	}
	if originOf(next) != originOf(u) {
		return nil, fmt.Errorf("%w: the next page is of another origin, at %s", ErrNotHub, quote.Name(showURL(next), maxName))
	}
	next.User, next.Fragment = nil, ""
	return next, nil
}
