package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// cloneFile makes to share the bytes of from, where the file system can do that.
func cloneFile(to, from *os.File) error {
	conn, err := to.SyscallConn()
	if err != nil {
		return err
	}
	other, err := from.SyscallConn()
	if err != nil {
		return err
	}
	var fault error
	err = conn.Control(func(dst uintptr) {
		err := other.Control(func(src uintptr) { fault = unix.IoctlFileClone(int(dst), int(src)) })
		if fault == nil {
			fault = err
		}
	})
	if err != nil {
		return err
	}
	return fault
}
