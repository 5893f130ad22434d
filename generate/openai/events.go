package openai

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// maxUnread is how many bytes of a stream wait for its reader. An answer whose reader is
	// that far behind waits; one that is shorter gives its state back whoever reads it.
	maxUnread = 256 << 10
	// writePiece is how much is written within Config.WriteTimeout.
	writePiece = 16 << 10
)

// eventWriter writes server-sent events. They are written by a goroutine of its own, so that
// an answer does not wait for its reader as long as there is room, and so that a comment can
// be sent while nothing is there. The status is written with the first event or comment:
// until then an error can have one of its own.
type eventWriter struct {
	x       *exchange
	control *http.ResponseController

	mu     sync.Mutex
	buf    []byte
	closed bool  // there will be no more
	err    error // why nothing can be written
	// started says that the status is written, or about to be.
	started bool

	more chan struct{} // something is in buf, or closed; has room for one
	room chan struct{} // buf was taken; has room for one
	over chan struct{} // closed when the goroutine has ended
}

// openStream returns the writer of the events of a reply.
func (x *exchange) openStream() *eventWriter {
	e := &eventWriter{
		x: x, control: http.NewResponseController(x.w),
		more: make(chan struct{}, 1), room: make(chan struct{}, 1), over: make(chan struct{}),
	}
	x.stream = e
	go e.run()
	return e
}

// send adds an event, with a name unless that is empty. It waits for room, or until the
// request ends.
func (e *eventWriter) send(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return e.sendText(name, data)
}

// sendText is send for what is text already, without new lines.
func (e *eventWriter) sendText(name string, data []byte) error {
	for {
		e.mu.Lock()
		if e.err != nil {
			defer e.mu.Unlock()
			return e.err
		}
		if len(e.buf) < maxUnread {
			if name != "" {
				e.buf = append(append(append(e.buf, "event: "...), name...), '\n')
			}
			e.buf = append(append(append(e.buf, "data: "...), data...), "\n\n"...)
			e.mu.Unlock()
			signal(e.more)
			return nil
		}
		e.mu.Unlock()
		select {
		case <-e.room:
		case <-e.x.ctx.Done():
			return context.Cause(e.x.ctx)
		}
	}
}

// signal wakes who waits for a channel with room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// stop writes what is left and ends the goroutine.
func (e *eventWriter) stop() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	signal(e.more)
	<-e.over
}

// abandon is stop for a stream of which nothing was written, and nothing will be: the reply
// can be another one. It reports whether it is one; else it does nothing.
func (e *eventWriter) abandon() bool {
	e.mu.Lock()
	untouched := !e.started && len(e.buf) == 0
	e.closed = e.closed || untouched
	e.mu.Unlock()
	if untouched {
		e.stop()
	}
	return untouched
}

// run writes events as they come, and comments while there are none.
func (e *eventWriter) run() {
	defer close(e.over)
	silence := time.NewTimer(e.x.h.config.KeepAlive)
	defer silence.Stop()
	var spare []byte
	for {
		silent := false
		select {
		case <-e.more:
		case <-silence.C:
			silent = true
		}
		var out []byte
		first := false
		e.mu.Lock()
		closed := e.closed
		switch {
		case len(e.buf) > 0:
			out, e.buf = e.buf, spare[:0]
		case silent && !closed:
			out = append(out, ": keep-alive\n\n"...)
		}
		if len(out) > 0 {
			first, e.started = !e.started, true
		}
		e.mu.Unlock()
		signal(e.room)
		if len(out) > 0 {
			if err := e.write(out, first); err != nil {
				e.fail()
				return
			}
			spare = out
		}
		if closed {
			return
		}
		silence.Reset(e.x.h.config.KeepAlive)
	}
}

// write writes a text in pieces, each within the time that its reader has. The first text of
// a reply comes behind its status.
func (e *eventWriter) write(data []byte, first bool) error {
	timeout := e.x.h.config.WriteTimeout
	if first {
		header := e.x.w.Header()
		header.Set("Content-Type", "text/event-stream; charset=utf-8")
		header.Set("Cache-Control", "no-cache")
		header.Set("X-Accel-Buffering", "no") // for proxies that gather replies
		_ = e.control.SetWriteDeadline(time.Now().Add(timeout))
		e.x.w.WriteHeader(http.StatusOK)
	}
	// Where there are no deadlines the server's own hold.
	defer e.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // see above
	for len(data) > 0 {
		n := min(len(data), writePiece)
		_ = e.control.SetWriteDeadline(time.Now().Add(timeout))
		if _, err := e.x.w.Write(data[:n]); err != nil {
			return err
		}
		if err := e.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		data = data[n:]
	}
	return nil
}

// fail ends the request: nobody reads its reply. Whether the connection is gone or a deadline
// has passed makes no difference.
func (e *eventWriter) fail() {
	e.mu.Lock()
	e.err, e.buf = errSlowReader, nil
	e.mu.Unlock()
	e.x.cancel(errSlowReader)
	signal(e.room)
}

// endStream ends a reply of events, with an error where there is one.
func (x *exchange) endStream(err error) {
	e := x.stream
	if err != nil && e.abandon() {
		x.stream = nil
		x.fail(err)
		return
	}
	x.began = true
	if err != nil {
		if told := x.told(err); told.status != statusClientClosed {
			name, body := "", x.style(told)
			if x.failEvent != nil {
				name, body = x.failEvent(told)
			}
			_ = e.send(name, body) // where nobody reads it there is nobody to tell
		}
		e.stop()
		return
	}
	e.stop()
	x.stats.Status = http.StatusOK
	// A client may go as soon as it has the last event, which ends the context too.
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		x.told(e.err)
	}
}
