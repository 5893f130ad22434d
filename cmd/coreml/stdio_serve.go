package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// lastWords is how long a server that is told to stop goes on writing, to a
// reader who has gone to sleep or who takes a line and sleeps again: tens of
// thousands of requests may wait for their answers. The program itself ends when
// its grace is over.
const lastWords = grace

// service is what a loop does with the lines that it reads.
//
// predict and tokenize are served by one loop, so that what docs/stdio.md says of
// order, cancelling and time-outs holds for both.
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
	// Also a request that cannot be read is answered in its turn: replies are in
	// the order of requests.
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
	waiting := newQueue()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	// Reading cannot be interrupted: it has a goroutine of its own, which is left
	// behind in its read when the server ends.
	go func() {
		r := &lineReader{in: bufio.NewReaderSize(in, 1<<16), limit: maxRequest, large: make(chan struct{}, 1)}
		waiting.close(s.readJobs(reading, ctx, r, waiting))
	}()
	for {
		j, err := waiting.next(ctx)
		switch {
		case ctx.Err() != nil:
			return s.leave(ctx, waiting, out)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("standard input: %w", err)
		}
		if err := s.serveOne(ctx, j, out); err != nil {
			return err
		}
		waiting.done()
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
	// Before the reply is written, which may wait for its reader: the next large
	// request can be read meanwhile.
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
func (s *service) leave(ctx context.Context, waiting *queue, out io.Writer) error {
	for end := time.Now().Add(lastWords); time.Now().Before(end); waiting.done() {
		j := waiting.first()
		if j == nil {
			break
		}
		// Contexts end one by one behind their parent, and this one may not have yet.
		j.cancel(context.Cause(ctx))
		if err := s.serveOne(ctx, j, out); err != nil {
			return err
		}
	}
	return ctx.Err()
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
	// The goroutine is left behind in its write, as the process is about to end.
	case <-time.After(lastWords):
		return ctx.Err()
	}
}

// readJobs reads requests until reading ends, and queues them in order. Cancel
// requests take effect at once, before there is room for them. Each request's
// context is one of parent. It returns why nothing more can be read.
func (s *service) readJobs(reading, parent context.Context, r *lineReader, waiting *queue) error {
	for {
		text, free, err := r.next(reading)
		if err != nil && !errors.Is(err, errLongLine) {
			return err
		}
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		j := s.newJob(parent, text, free, err)
		if j.cancels() {
			j.found = waiting.cancel(idKey(j.Cancel))
		}
		if !waiting.add(reading, j) {
			j.cancel(nil)
			return reading.Err()
		}
	}
}

// newJob makes a job of a line, or of why it could not be read.
func (s *service) newJob(parent context.Context, text []byte, free func(), err error) *job {
	j := &job{request: &request{err: err}}
	if err == nil {
		j.request = s.parse(text)
		j.free = free
	}
	j.key = idKey(j.ID)
	j.cost = requestCost + nameCost*(len(j.Inputs)+len(j.Outputs))
	if free == nil {
		j.cost += len(text) // of large lines there is one anyway
	}
	j.ctx, j.cancel = context.WithCancelCause(parent)
	return j
}
