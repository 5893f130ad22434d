//go:build !(linux || darwin || freebsd || windows)

package hub

// freeSpace is not known here.
func freeSpace(string) (free uint64, ok bool) { return 0, false }
