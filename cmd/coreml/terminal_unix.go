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

// fileSize is the size of the terminal that f is, 0 where it has none.
func fileSize(f *os.File) (width, height int) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}
