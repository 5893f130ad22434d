package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http/httptrace"
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
	timer  *time.Timer
	d      time.Duration
	cancel context.CancelCauseFunc
}

// newWatch starts to watch. The context that it returns ends with the silence.
func newWatch(ctx context.Context, d time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watch{timer: time.AfterFunc(d, func() { cancel(&silenceError{d}) }), d: d, cancel: cancel}
}

// heard says that something came.
func (w *watch) heard() { w.timer.Reset(w.d) }

// pause says that it is not the other end that is waited for.
func (w *watch) pause() { w.timer.Stop() }

// end gives all up.
func (w *watch) end() {
	w.timer.Stop()
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
}

// Read reads, and fails when nothing comes for too long.
func (b *watchedBody) Read(p []byte) (int, error) {
	b.w.heard()
	n, err := b.ReadCloser.Read(p)
	b.w.pause()
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.w.cause(b.ctx, plainError(err))
	}
	return n, err
}

// Close ends the request.
func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.w.end()
	return err
}
