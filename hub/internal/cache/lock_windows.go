package cache

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Where a file is locked. Python locks the first byte of a lock file. A file in
// the making is locked behind all that it may hold, since a lock on Windows keeps
// other handles from the bytes themselves.
const lockOffset, partialOffset = 0, 1 << 62

// unlockFile ends the lock of an open file. The system ends that of one that is closed
// when it finds the time.
func unlockFile(file *os.File, offset uint64) {
	conn, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(handle uintptr) { // closing ends it too, sooner or later
		at := windows.Overlapped{Offset: uint32(offset), OffsetHigh: uint32(offset >> 32)}
		_ = windows.UnlockFileEx(windows.Handle(handle), 0, 1, 0, &at)
	})
}

// tryLockFile takes the lock of an open file, which ends when the file is closed.
func tryLockFile(file *os.File, offset uint64) (ok bool, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var fault error
	err = conn.Control(func(handle uintptr) {
		at := windows.Overlapped{Offset: uint32(offset), OffsetHigh: uint32(offset >> 32)}
		fault = windows.LockFileEx(windows.Handle(handle),
			windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	})
	switch {
	case err != nil:
		return false, err
	case fault == nil:
		return true, nil
	case errors.Is(fault, windows.ERROR_LOCK_VIOLATION), errors.Is(fault, windows.ERROR_IO_PENDING):
		return false, nil
	case errors.Is(fault, windows.ERROR_INVALID_FUNCTION), errors.Is(fault, windows.ERROR_NOT_SUPPORTED):
		return false, errNoLocks
	}
	return false, fault
}
