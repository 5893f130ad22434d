//go:build unix

package main

import (
	"errors"
	"os/signal"
	"syscall"
)

// ignorePipeSignal makes a reader that goes away an error of the next write in
// place of a signal that ends the program.
func ignorePipeSignal() { signal.Ignore(syscall.SIGPIPE) }

// isBrokenPipe reports whether err means that the reader has gone away.
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
