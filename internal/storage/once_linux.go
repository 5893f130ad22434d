package storage

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openDirect opens a file once more, to be read past the cache, where the system tells what
// is in the cache (Linux 6.5). It is opened by its descriptor, since its name may lead
// elsewhere by now.
func openDirect(f *os.File) *os.File {
	fd := int(f.Fd())
	if _, err := inCache(fd, 0, 1); err != nil {
		return nil
	}
	direct, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return nil
	}
	// Plain reads would bring what follows into the cache.
	_ = unix.Fadvise(fd, 0, 0, unix.FADV_RANDOM)
	return direct
}

// cached reports whether a range of a file is in the cache as a whole, or nobody knows.
func cached(f *os.File, off int64, n int) bool {
	page := int64(os.Getpagesize())
	pages, err := inCache(int(f.Fd()), off, n)
	return err != nil || int64(pages) > (off+int64(n)-1)/page-off/page
}

// inCache returns how many pages of a range are in the cache.
func inCache(fd int, off int64, n int) (uint64, error) {
	var stat unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{Off: uint64(off), Len: uint64(n)}, &stat, 0)
	return stat.Cache, err
}
