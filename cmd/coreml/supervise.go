package main

import (
	"context"
	"time"
)

// grace is how long an interrupted command may take to end in order: to close
// what it opened and to remove what it has half written.
const grace = time.Second

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
	select {
	case status := <-done:
		return status
	case <-time.After(grace):
		return exitInterrupted
	}
}
