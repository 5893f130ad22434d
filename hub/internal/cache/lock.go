package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"
)

// ErrLocked means that another process, or another goroutine, holds a lock.
var ErrLocked = errors.New("another process is using it")

// errNoLocks means that the file system knows no locks.
var errNoLocks = errors.New("the file system knows no locks")

// Lock keeps other processes from what is locked: those of Python's
// huggingface_hub too, which use the same file in the same way. It ends with the
// process, however that ends. It saves work and is not what correctness rests
// on: on some network file systems everybody gets every lock, so each writer
// writes a file of its own and renames it.
type Lock struct {
	file *os.File
	once sync.Once
	err  error
}

// Unlock lets others have it. The file stays, since others may be waiting for it.
// Further calls do nothing, as those of a nil Lock.
func (l *Lock) Unlock() error {
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		unlockFile(l.file, lockOffset)
		l.err = l.file.Close()
	})
	return l.err
}

// Between two attempts we wait this long, ever longer.
const (
	firstWait = 2 * time.Millisecond
	lastWait  = 50 * time.Millisecond // Python's
)

// lock takes a lock file, waiting for it until ctx ends.
func (f *folder) lock(ctx context.Context, name string) (*Lock, error) {
	wait := firstWait
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		l, err := f.tryLock(name)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
		wait = min(2*wait, lastWait)
	}
}

// tryLock takes a lock file that nobody holds, [ErrLocked] otherwise.
func (f *folder) tryLock(name string) (*Lock, error) {
	root, err := f.writing()
	if err != nil {
		return nil, err
	}
	// The file may vanish under us when somebody empties the folder: then the lock
	// would be one that nobody else sees.
	for range 100 {
		if err := makeDirs(root, path.Dir(name)); err != nil {
			return nil, trouble(err)
		}
		file, err := openLock(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, trouble(err)
		}
		ok, err := tryLockFile(file, lockOffset)
		switch {
		case errors.Is(err, errNoLocks):
			return &Lock{file: file}, nil
		case err != nil:
			return nil, errors.Join(&fs.PathError{Op: "lock", Path: f.path(name), Err: err}, file.Close())
		case !ok:
			return nil, errors.Join(ErrLocked, file.Close())
		case still(root, name, file):
			return &Lock{file: file}, nil
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	return nil, &fs.PathError{Op: "lock", Path: f.path(name), Err: errors.New("the file is removed again and again")}
}

// openLock opens a lock file for both to write, and makes it if need be.
func openLock(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o664)
	if err == nil {
		// Others of the group wait for it too, whatever the umask says.
		return file, errors.Join(ignoreUnsupported(file.Chmod(0o664)))
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: errNotFile}
	}
	return root.OpenFile(name, os.O_RDWR|os.O_CREATE|noWait, 0o664)
}

// still says whether an open file is the one that its name leads to.
func still(root *os.Root, name string, file *os.File) bool {
	now, err := root.Lstat(name)
	if err != nil {
		return false
	}
	mine, err := file.Stat()
	return err == nil && os.SameFile(now, mine)
}

// ignoreUnsupported is err, unless modes cannot be changed here or not by us: the lock
// works all the same for this user.
func ignoreUnsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// isErrno says whether an error is one of the system's, wherever it is wrapped.
func isErrno(err error, want syscall.Errno) bool {
	got, ok := errors.AsType[syscall.Errno](err)
	return ok && got == want
}
