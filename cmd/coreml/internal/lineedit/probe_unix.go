//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package lineedit

import (
	"bytes"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// patience is how long a terminal is waited for that is asked where its cursor is. One far
// away may take its time.
const patience = 3 * time.Second

// answers reports whether the terminal says where its cursor is when it is asked, as all
// do that people sit at. The editing cannot do without: it would wait for ever. What was
// typed meanwhile is returned.
func answers() (typed []byte, does bool) {
	in := int(os.Stdin.Fd())
	before, err := term.MakeRaw(in)
	if err != nil {
		return nil, false
	}
	defer term.Restore(in, before) //nolint:errcheck // a terminal that is gone has no settings
	if _, err := os.Stdout.WriteString("\x1b[6n"); err != nil {
		return nil, false
	}
	var read []byte
	for end := time.Now().Add(patience); ; {
		wait := time.Until(end)
		if wait <= 0 {
			return read, false
		}
		ready := []unix.PollFd{{Fd: int32(in), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, int(wait.Milliseconds())+1)
		switch {
		case err == unix.EINTR: //nolint:errorlint // the system's own number
			continue
		case err != nil || n == 0:
			return read, false
		}
		var buf [256]byte
		n, err = unix.Read(in, buf[:])
		if err != nil || n <= 0 {
			return read, false
		}
		read = append(read, buf[:n]...)
		if typed, does = cutAnswer(read); does {
			return typed, true
		}
	}
}

// cutAnswer takes the answer, ESC [ row ; column R, out of what was read.
func cutAnswer(read []byte) (typed []byte, found bool) {
	for at := 0; ; {
		i := bytes.Index(read[at:], []byte("\x1b["))
		if i < 0 {
			return read, false
		}
		begin := at + i
		at = begin + 2
		end := at
		for end < len(read) && (read[end] >= '0' && read[end] <= '9' || read[end] == ';') {
			end++
		}
		if end < len(read) && read[end] == 'R' && bytes.Count(read[at:end], []byte(";")) == 1 {
			return append(bytes.Clone(read[:begin]), read[end+1:]...), true
		}
	}
}
