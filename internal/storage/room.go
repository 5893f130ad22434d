package storage

import (
	"errors"
	"fmt"
	"path/filepath"
)

// ErrDiskFull means that a disk has no room for what is to be written.
var ErrDiskFull = errors.New("not enough room on the disk")

// Room refuses with an ErrDiskFull to begin a package at a path for which its disk lacks
// the room, where the system tells. Need is the most bytes that it takes.
func Room(pkg string, need uint64) error {
	dir := filepath.Dir(filepath.Clean(pkg))
	if free, ok := FreeSpace(dir); ok && need > free {
		return fmt.Errorf("%w: up to %d bytes are needed in %s, and %d are free", ErrDiskFull, need, Quote(dir), free)
	}
	return nil
}
