package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
)

// Bounds of a download.
const (
	// worthOfATry is how many new bytes make up for a failed attempt. A connection
	// that breaks now and then must not end the download of a large file, and one
	// that brings a byte at a time must.
	worthOfATry = 1 << 20

	// maxUnknown is the most bytes of a file whose size nobody says.
	maxUnknown = 1 << 30
)

// sink is where a body goes: [cache.Partial].
type sink interface {
	io.Writer
	Offset() int64
	Restart() error
}

// fetch brings one file's body into a sink.
type fetch struct {
	s      *settings
	asked  call
	hub    *url.URL // the file at the hub
	body   *url.URL // where the hub has sent us, nil for hub itself
	size   int64    // -1 as long as nobody has said it
	to     sink
	report func(Event)

	etag    string // of the body where it is stored, if it is a strong one
	noRange bool   // the server's ranges are wrong
	last    time.Time
}

// errBadRange is an answer that is not the part that was asked for.
var errBadRange = errors.New("the server sends another part than it was asked for")

// errExpired is an address that is good no more.
var errExpired = errors.New("the address of the body has expired")

// run fetches until the sink has all of it.
func (f *fetch) run(ctx context.Context) error {
	high, failed := f.to.Offset(), 0
	for n := 1; ; n++ {
		err := f.attempt(ctx)
		if err == nil {
			return nil
		}
		failed++
		if got := f.to.Offset(); got >= high+worthOfATry {
			high, failed = got, 1
		}
		wait, again := again(err, failed)
		if !again || failed > f.s.retries {
			return f.asked.fail(err)
		}
		if errors.Is(err, errExpired) || errors.Is(err, errBadRange) {
			wait = 0 // the next request is another one
		}
		f.s.logRetry(ctx, f.asked, n, wait, err)
		f.report(Event{Kind: FileRetried, Done: f.to.Offset(), Size: f.size, Attempt: n, Wait: wait, Err: err})
		if err := f.s.wait(ctx, wait); err != nil {
			return err
		}
	}
}

// attempt makes one request for what is missing.
func (f *fetch) attempt(ctx context.Context) error {
	if f.size >= 0 && f.to.Offset() == f.size {
		return nil
	}
	if f.noRange && f.to.Offset() > 0 {
		if err := f.restart(); err != nil {
			return err
		}
	}
	resp, err := f.s.send(ctx, request{
		method: http.MethodGet, url: f.address(), header: f.header(), silence: f.s.bodyTimeout, follow: followAll,
	})
	if err != nil {
		return fromNetwork(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // what is left of it may be long
	if err := f.accept(resp); err != nil {
		return err
	}
	return f.copy(ctx, resp)
}

// address is where to ask.
func (f *fetch) address() *url.URL {
	if f.body != nil {
		return f.body
	}
	return f.hub
}

// header asks for the part that is missing, of the same body that the rest is of.
func (f *fetch) header() http.Header {
	h := plainHeader()
	if f.body != nil {
		h.Del("X-Hf-Download-Counter") // that is between us and the hub
	}
	if off := f.to.Offset(); off > 0 {
		h.Set("Range", "bytes="+strconv.FormatInt(off, 10)+"-")
		if f.etag != "" {
			h.Set("If-Range", f.etag)
		}
	}
	return h
}

// accept checks that the answer is the body, or the part that was asked for, and
// makes the sink ready for it.
func (f *fetch) accept(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		if f.to.Offset() > 0 {
			if err := f.restart(); err != nil {
				return err
			}
		}
	case http.StatusPartialContent:
		if err := f.acceptPart(resp); err != nil {
			f.noRange = true
			return &passingError{fmt.Errorf("%w: %w", ErrNotHub, err)}
		}
	case http.StatusRequestedRangeNotSatisfiable:
		f.noRange = true
		return &passingError{fmt.Errorf("%w: %w", ErrNotHub, errBadRange)}
	default:
		return f.refused(resp)
	}
	if err := checkEncoding(resp); err != nil {
		return err
	}
	if e := resp.Header.Get("ETag"); strings.HasPrefix(e, `"`) {
		f.etag = e
	} else {
		f.etag = ""
	}
	return f.acceptLength(resp)
}

// acceptPart checks that a part begins where the sink ends, and is of the same body.
func (f *fetch) acceptPart(resp *http.Response) error {
	said := resp.Header.Get("Content-Range")
	first, last, total, ok := parseContentRange(said)
	switch {
	case !ok, first != f.to.Offset(), total >= 0 && f.size >= 0 && total != f.size,
		resp.ContentLength >= 0 && resp.ContentLength != last-first+1:
		return fmt.Errorf("%w: %s", errBadRange, quote.Name(said, maxName))
	case f.etag != "" && resp.Header.Get("ETag") != "" && resp.Header.Get("ETag") != f.etag:
		return fmt.Errorf("%w: the body has changed", errBadRange)
	}
	if f.size < 0 {
		f.size = total
	}
	return nil
}

// acceptLength compares the length of the answer with what is missing.
func (f *fetch) acceptLength(resp *http.Response) error {
	if resp.ContentLength < 0 {
		return nil
	}
	end := f.to.Offset() + resp.ContentLength
	switch {
	case f.size < 0 && resp.StatusCode == http.StatusOK:
		f.size = end
	case f.size < 0:
	case end > f.size, end < f.size && resp.StatusCode == http.StatusOK:
		return fmt.Errorf("%w: the server sends %d bytes, the hub says %d", ErrSize, end, f.size)
	}
	return nil
}

// refused is the error of an answer that is no body. An address that the hub gave
// out may have expired: then the hub is asked for another one.
func (f *fetch) refused(resp *http.Response) error {
	err := f.asked.status(f.s, resp)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		if f.body != nil {
			f.body = nil
			return &passingError{fmt.Errorf("%w: %w", errExpired, err)}
		}
	}
	return err
}

// restart begins anew.
func (f *fetch) restart() error {
	f.etag = ""
	if err := f.to.Restart(); err != nil {
		return fromCache(err, f.asked.path)
	}
	f.report(Event{Kind: FileProgress, Done: 0, Size: f.size})
	return nil
}

// buffers are what bodies are copied through.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// copy writes the body into the sink.
func (f *fetch) copy(ctx context.Context, resp *http.Response) error {
	most := f.size
	if most < 0 {
		most = maxUnknown
	}
	buffer, _ := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		n, err := resp.Body.Read(*buffer)
		if int64(n) > most-f.to.Offset() {
			return f.tooMuch()
		}
		if n > 0 {
			if _, err := f.to.Write((*buffer)[:n]); err != nil {
				return fromCache(err, f.asked.path)
			}
			f.progress()
		}
		switch {
		case resp.ContentLength < 0 && f.to.Offset() == f.size:
			return nil // whether more comes is not worth waiting for: the hash decides
		case err == io.EOF:
			return f.ended(resp)
		case err != nil:
			return fromNetwork(ctx, err)
		}
	}
}

// tooMuch is the error for more bytes than there should be.
func (f *fetch) tooMuch() error {
	if f.size < 0 {
		return fmt.Errorf("%w: a file of unknown size has more than %d bytes", ErrTooLarge, int64(maxUnknown))
	}
	return fmt.Errorf("%w: the server sends more than the %d bytes that the hub says", ErrSize, f.size)
}

// ended says whether the end of an answer is that of the file.
func (f *fetch) ended(resp *http.Response) error {
	switch off := f.to.Offset(); {
	case f.size < 0:
		f.size = off
	case off < f.size && resp.StatusCode == http.StatusPartialContent && resp.ContentLength > 0:
		return &passingError{fmt.Errorf("the server sent a part of %d of %d bytes", off, f.size)}
	case off < f.size:
		return &passingError{io.ErrUnexpectedEOF}
	}
	return nil
}

// progress tells how far it is, not too often.
func (f *fetch) progress() {
	if now := time.Now(); now.Sub(f.last) >= progressEvery {
		f.last = now
		f.report(Event{Kind: FileProgress, Done: f.to.Offset(), Size: f.size})
	}
}

// parseContentRange reads "bytes first-last/total" (RFC 9110, 14.4); total is -1 for
// an asterisk.
func parseContentRange(s string) (first, last, total int64, ok bool) {
	unit, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	span, whole, found := strings.Cut(rest, "/")
	from, to, dash := strings.Cut(span, "-")
	if !strings.EqualFold(unit, "bytes") || !found || !dash {
		return 0, 0, 0, false
	}
	first, ok1 := parseSize(strings.TrimSpace(from))
	last, ok2 := parseSize(strings.TrimSpace(to))
	total, ok3 := parseSize(strings.TrimSpace(whole))
	if strings.TrimSpace(whole) == "*" {
		total, ok3 = -1, true
	}
	if !ok1 || !ok2 || !ok3 || last < first || total >= 0 && last >= total {
		return 0, 0, 0, false
	}
	return first, last, total, true
}
