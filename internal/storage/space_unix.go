//go:build linux || darwin || freebsd

package storage

import "golang.org/x/sys/unix"

// FreeSpace is how many bytes a user may still write where dir is; ok is false
// where the system does not say.
func FreeSpace(dir string) (free uint64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Blocks == 0 || s.Bsize <= 0 {
		return 0, false
	}
	return uint64(max(0, s.Bavail)) * uint64(s.Bsize), true //nolint:unconvert // its type is another one on each system
}
