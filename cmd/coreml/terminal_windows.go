package main

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// isTerminalFile reports whether f is a console.
func isTerminalFile(f *os.File) bool {
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}

// enableStyles makes the console obey escape sequences; old ones cannot.
func enableStyles(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return true // a terminal of another kind has no modes to set
	}
	var mode uint32
	h := windows.Handle(f.Fd())
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	const virtual = windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	return mode&virtual != 0 || windows.SetConsoleMode(h, mode|virtual) == nil
}
