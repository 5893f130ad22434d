package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/internal/quote"
)

// ErrTooLong means that a file holds more bytes than its reader takes.
var ErrTooLong = errors.New("file is larger than what is read of it")

// NotRegularError means that a name leads to something other than a file with
// bytes in it: a folder, a named pipe, a device, a socket.
type NotRegularError struct {
	Name string
	Mode fs.FileMode
}

// ErrNotRegular is what every [*NotRegularError] is.
var ErrNotRegular = errors.New("not a regular file")

// Error says what the name leads to.
func (e *NotRegularError) Error() string {
	return Quote(e.Name) + " is " + e.What()
}

// What is Error without the name, for those whose message has it already.
func (e *NotRegularError) What() string { return kindOf(e.Mode) + ", not a file" }

// Unwrap returns [ErrNotRegular].
func (e *NotRegularError) Unwrap() error { return ErrNotRegular }

// maxQuoted bounds how much of a name is shown: names come from foreign files too,
// and paths are longer than the names of values.
const maxQuoted = 1024

// Quote makes a name that may come from a file fit to be printed: quoted, without
// control characters, and not too long.
func Quote(name string) string {
	text := quote.Name(name, maxQuoted)
	if filepath.Separator == '\\' {
		// A path with each of its separators doubled would lead nowhere.
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	return text
}

// kindOf names the type of a file for people.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	default:
		return "a special file"
	}
}

// Open opens a regular file of the operating system for reading; links are
// followed. Anything else gives a [*NotRegularError] before it is opened, since
// opening a named pipe waits for its other end and opening a device may do
// things. Permissions and absence are the operating system's own errors.
func Open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(name, info); err != nil {
		return nil, err
	}
	// What lies there may have been replaced since: the flag keeps the open from
	// waiting, and the file itself is asked again.
	f, err := os.OpenFile(name, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	if err := stillRegular(name, f); err != nil {
		return nil, err
	}
	return f, nil
}

// Exists reports whether anything lies under that name, a link that leads to nothing too.
func Exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// OpenFS is [Open] for a file of fsys. A file system that has to open a file to
// tell what it is cannot be kept from doing so.
func OpenFS(fsys fs.FS, name string) (fs.File, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if err := regular(name, info); err != nil {
		return nil, err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	if err := stillRegular(name, f); err != nil {
		return nil, err
	}
	return f, nil
}

// stillRegular asks the opened file itself what it is, and closes it where it
// is not a regular one any more. Between the look at the name and the open
// somebody may have put something else there.
func stillRegular(name string, f fs.File) error {
	info, err := f.Stat()
	if err == nil {
		err = regular(name, info)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// ReadSmall returns the content of a regular file of fsys that is expected to
// be small. More than limit bytes give [ErrTooLong], and no more are ever held.
// A Git LFS pointer gives a [*WrongFileError]. Manifests, metadata and stamps
// are read by it.
func ReadSmall(fsys fs.FS, name string, limit int64) (_ []byte, err error) {
	f, err := OpenFS(fsys, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// What the file says of its size spares growing with each read; it is not
	// trusted with more than some megabytes.
	var buf bytes.Buffer
	if info, err := f.Stat(); err == nil {
		buf.Grow(int(max(min(info.Size(), limit, 16<<20), 0)) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	data := buf.Bytes()
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: %w (%d bytes)", Quote(name), ErrTooLong, limit)
	}
	if err := refusePointer(name, data); err != nil {
		return nil, err
	}
	return data, nil
}

// DanglingError means that a link leads to nothing.
type DanglingError struct {
	Name string
	// Target is what the link says, relative to its own folder unless it is absolute.
	Target string
}

// Error names the link and its target.
func (e *DanglingError) Error() string {
	return fmt.Sprintf("%s is a link to %s, where there is no file", Quote(e.Name), Quote(e.Target))
}

// ReadOptional is [ReadSmall] for a file that need not be there: without it the
// content is nil. A link that dangles gives a [*DanglingError]: who put it there
// meant a file, and would be answered with other results and no word about it. Caches
// of models are folders of such links, and a download that was cut off leaves some.
func ReadOptional(fsys fs.FS, name string, limit int64) ([]byte, error) {
	data, err := ReadSmall(fsys, name, limit)
	if !errors.Is(err, fs.ErrNotExist) {
		if data == nil && err == nil {
			data = []byte{} // the file is there
		}
		return data, err
	}
	return nil, Absent(fsys, name)
}

// Absent returns nil where no file has this name, and a [*DanglingError] where a
// link has it and leads to nothing. It is asked about names under which no file
// was found.
func Absent(fsys fs.FS, name string) error {
	info, err := fs.Lstat(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink == 0:
		return nil // it has come since, or the file system does not tell
	}
	target, err := fs.ReadLink(fsys, name)
	if err != nil {
		return err
	}
	return &DanglingError{Name: name, Target: target}
}

// regular refuses what is no regular file: a pipe or a device may never end.
func regular(name string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return &NotRegularError{Name: name, Mode: info.Mode()}
}
