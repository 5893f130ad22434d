//go:build unix

package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pipePoll is how often a named pipe without a reader is tried.
const pipePoll = 10 * time.Millisecond

// openThrough opens a device or a named pipe for writing, and waits for the
// pipe's reader until ctx ends. A named pipe without a reader gives ENXIO to an
// open that does not wait. O_NOCTTY keeps a terminal from becoming the
// process's own.
func openThrough(ctx context.Context, name string) (*os.File, error) {
	for {
		// The plain open waits where nobody can reach it.
		f, err := os.OpenFile(name, os.O_WRONLY|noWait|syscall.O_NOCTTY, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		info, serr := os.Stat(name)
		if serr != nil || info.Mode()&fs.ModeNamedPipe == 0 {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pipePoll):
		}
	}
}

// interrupt ends a write that waits. A file that knows no deadlines does not wait.
func interrupt(f *os.File) { _ = f.SetWriteDeadline(time.Unix(1, 0)) }

// hardLinked reports whether a file has another name. Replacing such a file
// would leave the old content under its other name.
func hardLinked(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && s.Nlink > 1
}

// keepOwner gives f the owner of the file that it replaces, as far as the system
// allows it.
func keepOwner(f *os.File, old fs.FileInfo) {
	if s, ok := old.Sys().(*syscall.Stat_t); ok {
		if f.Chown(int(s.Uid), int(s.Gid)) != nil {
			_ = f.Chown(-1, int(s.Gid)) // a group that the user is in
		}
	}
}

// unsyncable reports whether an error says that the file system has nothing to
// sync.
func unsyncable(err error) bool { return errors.Is(err, syscall.EINVAL) }
