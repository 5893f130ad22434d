//go:build !unix && !windows

package main

import (
	"io"
	"os"
)

// isTerminalFile reports that f is no terminal: the system has none.
func isTerminalFile(*os.File) bool { return false }

// enableStyles reports that nothing obeys escape sequences.
func enableStyles(io.Writer) bool { return false }

// fileSize reports that f has no size.
func fileSize(*os.File) (width, height int) { return 0, 0 }
