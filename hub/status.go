package hub

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
)

// passingError marks a failure of the network as one that may not come again.
type passingError struct{ error }

// Unwrap returns the failure.
func (e *passingError) Unwrap() error { return e.error }

// hint is the same mark on an answer's [*Error], with what the hub asks for.
type hint struct {
	wait time.Duration
	ask  bool
}

// fromNetwork marks an error of the network as passing, unless it is one that
// another attempt meets again.
func fromNetwork(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrNotHub), errors.Is(err, ErrTooLarge), errors.Is(err, ErrOffline), errors.Is(err, ErrUnsafeName):
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return err
	}
	return &passingError{err}
}

// call is what an error says of the request that it is about.
type call struct {
	op   string
	repo Repo
	path string
}

// fail makes an [*Error] of what went wrong without an answer.
func (c call) fail(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := err.(*Error); ok { //nolint:errorlint // one that is wrapped says less than all
		return err
	}
	return &Error{Op: c.op, Repo: c.repo, Path: c.path, Err: err}
}

// status makes an error of an answer that is none, and marks it as passing if the
// status is such. It does not close the body.
func (c call) status(s *settings, resp *http.Response) error {
	e := &Error{
		Op: c.op, Repo: c.repo, Path: c.path, URL: showURL(resp.Request.URL), Status: resp.StatusCode,
		Code:      quote.Cut(resp.Header.Get("X-Error-Code"), maxName),
		Message:   quote.Cut(message(resp), maxMessage),
		RequestID: quote.Cut(requestID(resp.Header), maxName),
	}
	if s.isHub(resp.Request.URL) {
		e.Err = meaning(resp)
	}
	if passing(resp.StatusCode) {
		wait, ask := asked(resp.Header, time.Now())
		e.again = &hint{wait, ask}
	}
	return e
}

// meaning is the sentinel for a hub's answer, nil without one. The order is that of
// huggingface_hub's hf_raise_for_status.
func meaning(resp *http.Response) error {
	code, said := resp.Header.Get("X-Error-Code"), resp.Header.Get("X-Error-Message")
	switch {
	case code == "RevisionNotFound":
		return ErrRevisionNotFound
	case code == "EntryNotFound":
		return ErrEntryNotFound
	case code == "GatedRepo":
		return ErrGated
	case said == "Access to this resource is disabled.":
		return ErrDisabled
	case code == "RepoNotFound", resp.StatusCode == http.StatusUnauthorized && said != "Invalid credentials in Authorization header":
		return ErrRepositoryNotFound
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return ErrUnauthorized
	case resp.StatusCode == http.StatusNotFound && code == "", resp.StatusCode < 400:
		return ErrNotHub
	}
	return nil
}

// message is what a hub says of an error, in its header or in its body.
func message(resp *http.Response) string {
	if said := resp.Header.Get("X-Error-Message"); said != "" {
		return said
	}
	if !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return ""
	}
	const most = 64 << 10
	hurry(resp)
	var body struct {
		Error loose[string] `json:"error"`
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil || json.Unmarshal(data, &body) != nil {
		return "" // the status says enough
	}
	return body.Error.value
}

// requestID is the name that a hub, or what stands before it, gave to the request.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// loose reads a value that nothing depends on: one of another type counts as absent.
type loose[T any] struct{ value T }

// UnmarshalJSON never fails.
func (l *loose[T]) UnmarshalJSON(data []byte) error {
	var v T
	if json.Unmarshal(data, &v) == nil {
		l.value = v
	}
	return nil
}

// retry calls try until it succeeds, fails for good or has failed too often. What
// the hub asks to wait is waited, and otherwise what backoff says.
//
// As long as no connection was ever made, it is given up early: a wrong address or
// no network at all is likelier than a failure that passes.
func (s *settings) retry(ctx context.Context, c call, p patience, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		wait, again := again(err, n)
		if !again || n > p.retries || n > s.firstRetries && !s.reached.Load() && unreachable(err) {
			return err
		}
		s.logRetry(ctx, c, n, wait, err)
		if p.note != nil {
			p.note(n, wait, err)
		}
		if err := s.wait(ctx, wait); err != nil {
			return err
		}
	}
}

// unreachable reports whether an error is that of a connection that was not made.
func unreachable(err error) bool {
	if _, ok := errors.AsType[*silenceError](err); ok {
		return true
	}
	e, ok := errors.AsType[*net.OpError](err)
	return ok && e.Op == "dial"
}

// noter is told of a failed attempt, and how long is waited before the next one.
type noter func(attempt int, wait time.Duration, err error)

// patience is how often a question is asked again, and who is told of it.
type patience struct {
	retries int
	note    noter // nil: nobody but the log
}

// again reports whether to try again after the nth failure, and when.
func again(err error, n int) (time.Duration, bool) {
	if e, ok := errors.AsType[*Error](err); ok && e.again != nil && e.again.ask {
		return e.again.wait, e.again.wait <= maxAsked
	}
	return backoff(n), mayPass(err)
}

// mayPass reports whether a failure may not come again.
func mayPass(err error) bool {
	if _, ok := errors.AsType[*passingError](err); ok {
		return true
	}
	e, ok := errors.AsType[*Error](err)
	return ok && e.again != nil
}

// logRetry notes a failed attempt in the log.
func (s *settings) logRetry(ctx context.Context, c call, n int, wait time.Duration, err error) {
	s.log.WarnContext(ctx, "will try again", "op", c.op, "repo", c.repo.String(), "path", c.path, "attempt", n, "wait", wait, "error", err)
}
