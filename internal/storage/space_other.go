//go:build !(linux || darwin || freebsd || windows)

package storage

// FreeSpace is not known here.
func FreeSpace(string) (free uint64, ok bool) { return 0, false }
