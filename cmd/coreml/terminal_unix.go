//go:build unix

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// isTerminalFile reports whether f is a terminal: only those have a window.
func isTerminalFile(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// enableStyles reports whether the terminal obeys escape sequences, as all do
// here that do not call themselves dumb.
func enableStyles(io.Writer) bool { return true }
