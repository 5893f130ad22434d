package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"
)

const (
	opCancel = "cancel"
	// maxWaiting bounds the requests that are read and not yet carried out.
	maxWaiting = 64
	// smallRequest is the length up to which requests are read while others wait.
	// Of longer ones one at a time is in memory.
	smallRequest = 1 << 20
	// hugeRequest is the length from which memory goes back to the system once a
	// request has been read.
	hugeRequest = 32 << 20
	// lastWords is how long a server that is told to stop goes on writing.
	lastWords = time.Second
)

// errLongLine is the error about a line above the limit.
var errLongLine = fmt.Errorf("the request is longer than %d bytes: pass large arrays as files", maxRequest)

// errCancelled ends the context of a request that a cancel request names.
var errCancelled = &codedError{codeCancelled, errors.New("the request was cancelled")}

// job is a request that waits for its turn or is being carried out.
type job struct {
	*request
	ctx    context.Context //nolint:containedctx // of this request alone: it ends when the request is cancelled
	cancel context.CancelCauseFunc
	found  int   // of a cancel request: how many requests it ended
	last   error // nothing more can be read, and why; there is no request then
}

// jobs are those that are read and not yet answered.
type jobs struct {
	mu   sync.Mutex
	list []*job
}

func (js *jobs) add(j *job) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.list = append(js.list, j)
}

// done takes out the first job, which is the one that has been answered.
func (js *jobs) done() {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.list[0].cancel(nil)
	js.list[0] = nil
	js.list = js.list[1:]
}

// cancel ends the requests of this id and returns how many there were. Cancel
// requests themselves are not ended.
func (js *jobs) cancel(id []byte) int {
	js.mu.Lock()
	defer js.mu.Unlock()
	n := 0
	for _, j := range js.list {
		if j.Op != opCancel && j.ctx.Err() == nil && sameID(j.ID, id) {
			j.cancel(errCancelled)
			n++
		}
	}
	return n
}

// service is what a loop does with the lines that it reads.
type service struct {
	// parse reads a line. What is wrong with it is in the request.
	parse func(text []byte) *request
	// do carries out a request.
	do func(ctx context.Context, q *request) (reply, error)
	// encode builds the line of a reply, without its end.
	encode func(id json.RawMessage, r reply, err error) []byte
	// timeout is of requests that name none; 0 means no limit.
	timeout time.Duration
}

// answer carries out one request and returns the reply.
func (s *service) answer(ctx context.Context, q *request) []byte {
	if q.err != nil {
		return s.encode(q.ID, nil, badInput(q.err))
	}
	limit := s.timeout
	if q.Timeout != nil {
		limit = *q.Timeout
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &codedError{codeTimeout, fmt.Errorf("there was no result within %v", limit)})
		defer cancel()
	}
	r, err := s.do(ctx, q)
	// Every error counts that came after the end of ctx and speaks of it.
	if err != nil && ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = stopped(ctx)
	}
	return s.encode(q.ID, r, err)
}

// stopped says why ctx ended.
func stopped(ctx context.Context) error {
	cause := context.Cause(ctx)
	var coded *codedError
	if errors.As(cause, &coded) {
		return coded
	}
	return &codedError{codeCancelled, fmt.Errorf("the request was cancelled: %w", cause)}
}

// serve answers requests, one after the other, until in or ctx ends. Requests
// are read while others are carried out, so that a cancel request is heard.
func (s *service) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	queue := make(chan *job, maxWaiting)
	pending := &jobs{}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	// Reading cannot be interrupted: it has a goroutine of its own.
	go func() {
		r := &lineReader{in: bufio.NewReaderSize(in, 1<<16), limit: maxRequest, large: make(chan struct{}, 1)}
		s.readJobs(reading, ctx, r, queue, pending)
	}()
	for {
		select {
		case <-ctx.Done():
			return s.leave(ctx, queue, out)
		case j := <-queue:
			if j.last != nil {
				if errors.Is(j.last, io.EOF) {
					return nil
				}
				return fmt.Errorf("standard input: %w", j.last)
			}
			if err := s.serveOne(ctx, j, out); err != nil {
				return err
			}
			pending.done()
		}
	}
}

// serveOne carries out a request and writes the reply.
func (s *service) serveOne(ctx context.Context, j *job, out io.Writer) error {
	var answer []byte
	if j.err == nil && j.Op == opCancel {
		answer = s.answerCancel(j)
	} else {
		answer = s.answer(j.ctx, j.request)
	}
	j.release()
	return writeReply(ctx, out, answer)
}

// answerCancel tells what a cancel request, which took effect when it was read,
// found.
func (s *service) answerCancel(j *job) []byte {
	if j.Cancel == nil {
		return s.encode(j.ID, nil, badInputf("cancel: name the id of a request as cancel"))
	}
	return s.encode(j.ID, reply{"cancelled": j.found}, nil)
}

// leave tells the requests that are read that they will not be carried out.
func (s *service) leave(ctx context.Context, queue <-chan *job, out io.Writer) error {
	for {
		select {
		case j := <-queue:
			if j.last != nil {
				return ctx.Err()
			}
			if err := s.serveOne(ctx, j, out); err != nil {
				return err
			}
		default:
			return ctx.Err()
		}
	}
}

// writeReply writes a line. When the server is told to stop, a reader who has
// gone to sleep does not keep it.
func writeReply(ctx context.Context, out io.Writer, answer []byte) error {
	written := make(chan error, 1)
	go func() {
		_, err := out.Write(append(answer, '\n'))
		written <- err
	}()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-written:
		return err
	case <-time.After(lastWords):
		return ctx.Err()
	}
}

// readJobs reads requests until reading ends, and sends them in order. Cancel
// requests take effect at once. Each request's context is one of parent.
func (s *service) readJobs(reading, parent context.Context, r *lineReader, queue chan<- *job, pending *jobs) {
	send := func(j *job) bool {
		select {
		case queue <- j:
			return true
		case <-reading.Done():
			return false
		}
	}
	for {
		text, free, err := r.next(reading)
		if err != nil && !errors.Is(err, errLongLine) {
			send(&job{last: err})
			return
		}
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		j := &job{request: &request{err: err}}
		if err == nil {
			j.request = s.parse(text)
			j.free = free
		}
		j.ctx, j.cancel = context.WithCancelCause(parent)
		if j.err == nil && j.Op == opCancel && j.Cancel != nil {
			j.found = pending.cancel(j.Cancel)
		}
		pending.add(j)
		if !send(j) {
			j.cancel(nil)
			return
		}
	}
}

// lineReader reads lines of which only one at a time may be large.
type lineReader struct {
	in    *bufio.Reader
	limit int
	large chan struct{} // holds an element while a large line is in memory
}

// next returns the next line without its end. free is nil for a small line; it
// must be called when a large one is not used any more. A line above the limit is
// skipped and gives errLongLine.
func (r *lineReader) next(ctx context.Context) (text []byte, free func(), err error) {
	text, err = readLineFunc(r.in, nil, r.limit, func() error {
		select {
		case r.large <- struct{}{}:
			free = func() { <-r.large }
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err != nil && free != nil {
		free()
		free = nil
	}
	if len(text) > hugeRequest {
		// The next one must not come on top of what is left of this one.
		let := free
		return text, func() { debug.FreeOSMemory(); let() }, err
	}
	return text, free, err
}

// readLineFunc appends a line to buf. The last one need not end with a newline.
// It asks before it holds more than a small line.
func readLineFunc(b *bufio.Reader, buf []byte, limit int, grow func() error) ([]byte, error) {
	var parts [][]byte // of a large line: one that grew would be copied over and over
	size, tooLong := len(buf), false
	for {
		part, err := b.ReadSlice('\n')
		if size += len(part); !tooLong && size > limit {
			buf, parts, tooLong = nil, nil, true
		}
		switch {
		case tooLong:
		case size <= smallRequest:
			buf = append(buf, part...)
		default:
			if parts == nil {
				if err := grow(); err != nil {
					return nil, err
				}
				parts = append(parts, buf)
			}
			parts = append(parts, bytes.Clone(part))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLongLine
		case parts != nil:
			buf = join(parts, size)
		}
		if errors.Is(err, io.EOF) && len(buf) > 0 {
			return buf, nil
		}
		return buf, err
	}
}

// join puts parts together and lets go of each as it does.
func join(parts [][]byte, size int) []byte {
	out := make([]byte, 0, size)
	for i, part := range parts {
		out = append(out, part...)
		parts[i] = nil
	}
	return out
}
