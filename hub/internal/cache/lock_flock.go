//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cache

import (
	"errors"
	"os"
	"syscall"
)

// Where a file is locked: flock locks the whole of it.
const lockOffset, partialOffset = 0, 0

// unlockFile ends the lock of an open file. To close it is not enough where the program
// starts another one at this moment, which has the file open too until it is under way.
func unlockFile(file *os.File, _ uint64) {
	conn, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _ = syscall.Flock(int(fd), syscall.LOCK_UN) }) // closing ends it too, sooner or later
}

// tryLockFile takes the lock of an open file, which ends when the file is closed.
// It is flock(2) as Python's: locks of fcntl(2) would not be seen by it.
func tryLockFile(file *os.File, _ uint64) (ok bool, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var errno error
	err = conn.Control(func(fd uintptr) {
		for {
			errno = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
			if !errors.Is(errno, syscall.EINTR) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return false, err
	case errno == nil:
		return true, nil
	case errors.Is(errno, syscall.EWOULDBLOCK), errors.Is(errno, syscall.EACCES):
		return false, nil
	case errors.Is(errno, errors.ErrUnsupported), errors.Is(errno, syscall.ENOLCK):
		return false, errNoLocks
	}
	return false, errno
}
