//go:build unix

package storage

import (
	"errors"
	"os"
	"syscall"
)

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
