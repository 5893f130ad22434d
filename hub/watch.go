package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// silenceError means that nothing came for too long.
type silenceError struct{ d time.Duration }

func (e *silenceError) Error() string { return fmt.Sprintf("nothing came for %v", e.d) }

// Timeout makes it a time-out to those who ask as package net does.
func (e *silenceError) Timeout() bool { return true }

// watch ends a request when it has been silent for too long. A bound on the whole
// time would have to be long enough for the largest file, and then be of no use.
type watch struct {
	d      time.Duration
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	state watching
}

// watching is what a watch listens for.
type watching int

const (
	awaiting watching = iota // a sign of life
	paused                   // nothing: we are the ones who are waited for
	last                     // the end, which must come within one more silence
	ended
)

// newWatch starts to watch. The context that it returns ends with the silence.
func newWatch(ctx context.Context, d time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watch{timer: time.AfterFunc(d, func() { cancel(&silenceError{d}) }), d: d, cancel: cancel}
}

// turn goes from one state to another, and lets the silence begin anew if again says so.
func (w *watch) turn(to watching, again bool, from ...watching) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(from, w.state) {
		return
	}
	w.state = to
	w.timer.Stop()
	if again {
		w.timer.Reset(w.d)
	}
}

// heard says that something came. A connection that comes when none is waited for
// any more counts for nothing.
func (w *watch) heard() { w.turn(awaiting, true, awaiting) }

// resume says that it is the other end that is waited for.
func (w *watch) resume() { w.turn(awaiting, true, awaiting, paused) }

// pause says that it is not.
func (w *watch) pause() { w.turn(paused, false, awaiting, paused) }

// hurry allows one more silence for all that may come: what is left is worth no more,
// however steadily it drips.
func (w *watch) hurry() { w.turn(last, true, awaiting, paused) }

// end gives all up.
func (w *watch) end() {
	w.turn(ended, false, awaiting, paused, last)
	w.cancel(nil)
}

// cause is the reason for an error: the end of the context, if that has come.
func (w *watch) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// trace adds the steps that lead to a connection to what counts as signs of life, and
// notes in reached that there is one.
func (w *watch) trace(ctx context.Context, reached *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone:          func(httptrace.DNSDoneInfo) { w.heard() },
		ConnectDone:      func(string, string, error) { w.heard() },
		TLSHandshakeDone: func(tls.ConnectionState, error) { w.heard() },
		GotConn:          func(httptrace.GotConnInfo) { reached.Store(true); w.heard() },
	})
}

// watchedBody is a body whose reads are watched.
type watchedBody struct {
	io.ReadCloser
	w   *watch
	ctx context.Context //nolint:containedctx // the request's own, which ends with it

	spent time.Duration // waiting, since it last brought enough
	came  int           // bytes since then
}

// A body that brings fewer than slowest bytes in slowSpan silences of waiting is
// given up: byte by byte, none of which is late, it would take years.
const (
	slowSpan = 12
	slowest  = 16 << 10
)

// Read reads, and fails when nothing comes for too long, or too little.
func (b *watchedBody) Read(p []byte) (int, error) {
	b.w.resume()
	began := time.Now()
	n, err := b.ReadCloser.Read(p)
	b.w.pause()
	if err != nil && !errors.Is(err, io.EOF) {
		return n, b.w.cause(b.ctx, plainError(err))
	}
	if b.came += n; b.came >= slowest {
		b.came, b.spent = 0, 0
	}
	if b.spent += time.Since(began); b.spent > slowSpan*b.w.d && err == nil {
		err = &dripError{b.came, b.spent}
	}
	return n, err
}

// dripError means that too little came for too long.
type dripError struct {
	n int
	d time.Duration
}

func (e *dripError) Error() string {
	return fmt.Sprintf("only %d bytes came in %v", e.n, e.d.Round(time.Second))
}

// Timeout makes it a time-out to those who ask as package net does.
func (e *dripError) Timeout() bool { return true }

// Close ends the request.
func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.w.end()
	return err
}

// hurry bounds what is left of an answer's body in time: see [watch.hurry].
func hurry(resp *http.Response) {
	if b, ok := resp.Body.(*watchedBody); ok {
		b.w.hurry()
	}
}
