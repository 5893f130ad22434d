package main

import (
	"context"
	"sync/atomic"
	"time"
)

// grace is how long an interrupted command may take to end in order: to close
// what it opened and to remove what it has half written.
const grace = time.Second

// graceKey is the place in a context of how long the command may take to end where that
// is more than the grace.
type graceKey struct{}

// patient returns a context in which a command may ask for more time ([allow]).
func patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, graceKey{}, new(atomic.Int64))
}

// allow asks for more time than the grace to end after an interrupt, for a command that
// ends what others began.
func allow(ctx context.Context, d time.Duration) {
	if more, ok := ctx.Value(graceKey{}).(*atomic.Int64); ok {
		more.Store(int64(d))
	}
}

// supervise runs a command. When ctx ends and the command does not end within
// the grace, because it waits inside the system for something that does not
// come, supervise stops waiting for it: an interrupt always ends the program.
func supervise(ctx context.Context, grace time.Duration, command func() int) int {
	done := make(chan int, 1)
	go func() { done <- command() }()
	select {
	case status := <-done:
		return status
	case <-ctx.Done():
	}
	if status, ended := await(done, grace); ended {
		return status
	}
	if more, ok := ctx.Value(graceKey{}).(*atomic.Int64); ok {
		if status, ended := await(done, time.Duration(more.Load())-grace); ended {
			return status
		}
	}
	return exitInterrupted
}

// await waits for a command for a time.
func await(done <-chan int, d time.Duration) (status int, ended bool) {
	select {
	case status = <-done:
		return status, true
	case <-time.After(d):
		return 0, false
	}
}
