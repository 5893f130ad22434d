//go:build unix

package storage

import (
	"os"
	"syscall"
)

// watch keeps a mapped file open, to see whether it stays what it was. A
// descriptor of its own is needed, as the file's name may lead elsewhere by
// then.
type watch struct {
	fd   int
	on   bool
	size int64
	full bool // every byte had a block of the disk
}

// block is the unit in which systems count what a file takes.
const block = 512

// newWatch watches f, which may be closed afterwards. A file that cannot be
// watched, as when the process has no descriptors left, is only guarded by its
// mapping. The lock keeps a process that is started meanwhile from inheriting
// the descriptor.
func newWatch(f *os.File) watch {
	syscall.ForkLock.RLock()
	fd, err := syscall.Dup(int(f.Fd()))
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return watch{}
	}
	var s syscall.Stat_t
	if err := fstat(fd, &s); err != nil {
		_ = syscall.Close(fd) // it was not written to
		return watch{}
	}
	return watch{fd: fd, on: true, size: s.Size, full: block*int64(s.Blocks) >= s.Size} //nolint:unconvert // the type depends on the system
}

// changed reports whether the file was shortened, or shortened and then
// lengthened again, which leaves a hole. A fault tells only of pages that are
// read, and of none where a part of the last page is lost. Blocks tell of holes
// only where the file had none to begin with, which full says. A file that
// cannot be asked counts as unchanged.
func (w *watch) changed() bool {
	if !w.on {
		return false
	}
	var s syscall.Stat_t
	if err := fstat(w.fd, &s); err != nil {
		return false
	}
	return s.Size < w.size || w.full && block*int64(s.Blocks) < s.Size //nolint:unconvert // as above
}

// close ends the watch.
func (w *watch) close() error {
	if !w.on {
		return nil
	}
	w.on = false
	return syscall.Close(w.fd)
}

// fstat asks again when a signal interrupts it.
func fstat(fd int, s *syscall.Stat_t) error {
	for {
		if err := syscall.Fstat(fd, s); err != syscall.EINTR { //nolint:errorlint // a system call's own number
			return err
		}
	}
}
