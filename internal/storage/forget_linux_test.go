package storage_test

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget lets the system drop a file from its cache.
func forget(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
