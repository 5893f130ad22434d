//go:build darwin || freebsd || netbsd

package cache

import (
	"io/fs"
	"syscall"
	"time"
)

// accessed is when a file was last read, as far as the file system notes that.
func accessed(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Atimespec.Unix())
	}
	return info.ModTime()
}
