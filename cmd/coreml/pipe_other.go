//go:build !unix && !windows

package main

import (
	"errors"
	"io"
)

// ignorePipeSignal does nothing: there is no such signal.
func ignorePipeSignal() {}

// isBrokenPipe reports whether err means that the reader has gone away. The
// system has no error of its own for it.
func isBrokenPipe(err error) bool { return errors.Is(err, io.ErrClosedPipe) }
