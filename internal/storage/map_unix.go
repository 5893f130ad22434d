//go:build unix

package storage

import (
	"errors"
	"os"
	"syscall"
)

// mapFile maps the file read-only and shared, so that processes with the same
// model share its memory. Some file systems, mostly network and virtual ones,
// cannot map.
func mapFile(f *os.File, size int) (*Bytes, error) {
	data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) {
		return nil, errNotMappable
	}
	if err != nil {
		return nil, err
	}
	return mapped(f, data, func() error { return syscall.Munmap(data) }), nil
}
