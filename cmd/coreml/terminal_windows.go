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

// fileSize is the size of the console's window, 0 where f is none.
func fileSize(f *os.File) (width, height int) {
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &info) != nil {
		return 0, 0
	}
	return int(info.Window.Right-info.Window.Left) + 1, int(info.Window.Bottom-info.Window.Top) + 1
}
