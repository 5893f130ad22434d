package cache

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unicode"
)

// ErrReadOnly means that a folder may not be written to. What it holds can be read.
var ErrReadOnly = errors.New("the folder cannot be written to")

// ErrDiskFull means that there is no room left for what was to be written.
var ErrDiskFull = errors.New("the disk is full")

// folder is a folder of the file system that need not be there yet. Nothing that
// is done with its root leaves it. Safe for concurrent use.
type folder struct {
	dir string // absolute

	mu     sync.Mutex
	root   *os.Root // nil until the folder is there
	closed bool
}

// newFolder takes note of a folder and makes nothing.
func newFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, errors.New("no folder is named")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return &folder{dir: dir}, nil
}

// Close lets go of the folder.
func (f *folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.root == nil {
		return nil
	}
	root := f.root
	f.root = nil
	return root.Close()
}

// reading returns the folder's root, or [fs.ErrNotExist] where it is not there.
func (f *folder) reading() (*os.Root, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fs.ErrClosed
	}
	if f.root == nil {
		if err := isFolder(f.dir); err != nil {
			return nil, err
		}
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			return nil, err
		}
		f.root = root
	}
	return f.root, nil
}

// isFolder refuses what is there and is no folder, before it is opened: the open of
// a pipe would wait.
func isFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
	}
	return err
}

// ReadDir is os.ReadDir of what is a folder, and does not wait for what is a pipe.
func ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := isFolder(dir); err != nil {
		return nil, err
	}
	return os.ReadDir(dir)
}

// writing returns the folder's root and makes the folder where it is not there.
func (f *folder) writing() (*os.Root, error) {
	root, err := f.reading()
	if !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return nil, trouble(err)
	}
	return f.reading()
}

// path is the absolute path of what lies below the folder under a slashed name.
func (f *folder) path(name string) string {
	return filepath.Join(f.dir, filepath.FromSlash(name))
}

// readSmall returns the content of a regular file that is expected to be small.
func (f *folder) readSmall(name string, limit int64) ([]byte, error) {
	root, err := f.reading()
	if err != nil {
		return nil, err
	}
	file, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &fs.PathError{Op: "read", Path: f.path(name), Err: fmt.Errorf("more than %d bytes", limit)}
	}
	return data, nil
}

// openRegular opens a file for reading, links followed within the root. A pipe
// that somebody put there is refused before it is opened: its open would wait.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := statLinked(root, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNotFile}
	}
	file, err := following(func() (*os.File, error) { return root.OpenFile(name, os.O_RDONLY|noWait, 0) })
	if err != nil {
		return nil, err
	}
	if now, err := file.Stat(); err != nil || !now.Mode().IsRegular() {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: name, Err: errNotFile}, err, file.Close())
	}
	return file, nil
}

// statLinked is root.Stat, links followed within the root.
func statLinked(root *os.Root, name string) (fs.FileInfo, error) {
	return following(func() (fs.FileInfo, error) { return root.Stat(name) })
}

// following tries what follows links again where it came to a circle of them: a link that
// somebody deletes while it is followed looks like one to os.Root. A real one stays.
func following[T any](try func() (T, error)) (T, error) {
	for range followTries - 1 {
		if v, err := try(); !errors.Is(err, syscall.ELOOP) {
			return v, err
		}
	}
	return try()
}

// followTries is more often than a link vanishes in a row, also where it does so half of
// the time.
const followTries = 32

var errNotFile = errors.New("not a regular file")

// replace writes a small file beside its place and renames it. Pattern is the
// temporary name with a '*' where something unique goes.
func (f *folder) replace(name, pattern string, data []byte, mode fs.FileMode) (err error) {
	root, err := f.writing()
	if err != nil {
		return err
	}
	dir := path.Dir(name)
	var file *os.File
	var temp string
	err = within(root, dir, func() (err error) {
		file, temp, err = create(root, dir, func() string { return strings.Replace(pattern, "*", random8(), 1) }, mode)
		return err
	})
	if err != nil {
		return trouble(err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return trouble(errors.Join(err, root.Remove(temp)))
	}
	return nil
}

// within makes a folder and then something in it, again where somebody has deleted the
// folder in between: who makes room in a cache takes empty ones away.
func within(root *os.Root, dir string, make func() error) error {
	var err error
	for range attempts {
		if err = makeDirs(root, dir); err == nil {
			err = make()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// attempts is how often something is made that others may delete meanwhile.
const attempts = 20

// makeDirs makes a folder and those around it. One that vanishes between two looks
// at it is neither there nor can it be made, by what the system says.
func makeDirs(root *os.Root, dir string) error {
	var err error
	for range attempts {
		err = root.MkdirAll(dir, 0o777)
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// create makes a new file under a name that no other has.
func create(root *os.Root, dir string, name func() string, mode fs.FileMode) (*os.File, string, error) {
	for {
		full := path.Join(dir, name())
		file, err := root.OpenFile(full, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return file, full, err
		}
	}
}

// random8 is eight hexadecimal digits that hardly anybody else draws.
func random8() string { return fmt.Sprintf("%08x", rand.Uint32()) }

// trouble tells a full disk and a folder that is not ours to write to apart from
// other errors.
func trouble(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrDiskFull) || errors.Is(err, ErrReadOnly):
		return err
	case errors.Is(err, syscall.ENOSPC) || diskFull(err):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// foldsCase says whether the file system takes names that differ in case alone
// for the same. Known is a name in the folder that may be there.
func (f *folder) foldsCase(known string) bool {
	guess := runtime.GOOS == "windows" || runtime.GOOS == "darwin" || runtime.GOOS == "ios"
	root, err := f.reading()
	if err != nil {
		return guess
	}
	info, err := root.Lstat(known)
	if err != nil {
		return guess
	}
	other, err := root.Lstat(strings.Map(swapCase, known))
	return err == nil && os.SameFile(info, other)
}

// swapCase returns the other case of a letter.
func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}
