package cache

import "golang.org/x/sys/windows"

const noWait = 0

// diskFull knows what Windows calls a full disk.
func diskFull(err error) bool {
	return isErrno(err, windows.ERROR_DISK_FULL) || isErrno(err, windows.ERROR_HANDLE_DISK_FULL)
}
