package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// WriteFile writes the file that a user named. A regular file, or one that is not
// there yet, appears under its name only when write has succeeded, is whole then,
// and keeps the permissions that it had; after an error there is what was there
// before. Links stay links: what they lead to is replaced, or made.
//
// Everything else is never replaced but written into: a device, or a named
// pipe, whose reader is waited for. When ctx ends the wait ends, and nothing is
// put in place. A nil ctx counts as [context.Background]. write may be called
// once and gets a writer that it must not keep.
func WriteFile(ctx context.Context, name string, write func(io.Writer) error) error {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		target, _, err := follow(name)
		if err != nil {
			return err
		}
		return replace(ctx, target, nil, write)
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&fs.ModeSocket != 0:
		return &NotRegularError{Name: name, Mode: info.Mode()}
	case !info.Mode().IsRegular():
		return writeThrough(ctx, name, write)
	}
	target, open, err := follow(name)
	if err != nil {
		return err
	}
	if open || hardLinked(info) {
		// Somebody knows the file itself, not its name.
		return overwrite(ctx, name, write)
	}
	err = replace(ctx, target, info, write)
	if errors.Is(err, errNoRoom) {
		return overwrite(ctx, target, write)
	}
	return err
}

// maxLinks bounds a chain of links, as systems do.
const maxLinks = 40

// follow returns the name at the end of a chain of links, whether or not
// something lies there. Open is true when a link stands for a file that a
// process has open, as /dev/stdout does. Each step takes one link of the last
// part; what lies before it is resolved as a whole.
func follow(name string) (target string, open bool, err error) {
	for range maxLinks {
		// Links of folders are followed first: ".." means the real one's parent.
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return "", false, err
		}
		name = filepath.Join(dir, filepath.Base(name))
		to, err := os.Readlink(name)
		if err != nil {
			return name, open, nil //nolint:nilerr // it is no link
		}
		if strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/dev/fd/") {
			return name, true, nil
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		name = to
	}
	return "", false, &fs.PathError{Op: "write", Path: name, Err: errors.New("too many links")}
}

// errNoRoom means that no file can be made beside another one.
var errNoRoom = errors.New("no file can be made in that folder")

// replace writes a file beside target and renames it. Old is what lies there,
// nil for nothing. Either the whole new content is under the name, or the old
// one still is.
func replace(ctx context.Context, target string, old fs.FileInfo, write func(io.Writer) error) (err error) {
	f, err := createBeside(target)
	if err != nil {
		if old != nil && errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w: %w", errNoRoom, err)
		}
		return err
	}
	placed := false
	defer func() { // a panic of write passes here too
		if !placed {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if old != nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
		keepOwner(f, old)
	}
	// Without this a crash of the system may leave the name with an empty file.
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !unsyncable(err) {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return err
	}
	placed = true
	return nil
}

// ignoreClosed drops the error of a file that somebody has closed already.
func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// createBeside makes a new file in target's folder, with the permissions that
// new files have. A rename is atomic within a volume only, so it has to be
// there.
func createBeside(target string) (*os.File, error) {
	for {
		name := filepath.Join(filepath.Dir(target), fmt.Sprintf(".coreml-%016x.part", rand.Uint64()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// overwrite puts content into a file that has to stay what it is. The content
// is made first, so that a failure leaves the file alone. The content is
// spooled to a temporary file. The last step, the copy, is not atomic: a full
// disk may leave half of it.
func overwrite(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	spool, err := os.CreateTemp("", "coreml-*.part")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spool.Close(), os.Remove(spool.Name())) }()
	if err := write(spool); err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if f := standard(name); f != nil {
		// Others have written there, or will: what they wrote is kept.
		_, err := io.Copy(f, spool)
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, spool)
	return errors.Join(err, f.Close())
}

// standard returns the standard output or error stream where a name leads to it
// through a link such as /dev/stdout, nil for every other name. Opening
// /dev/stdout anew would begin at the file's start and overwrite what was
// printed.
func standard(name string) *os.File {
	if _, open, err := follow(name); err != nil || !open {
		return nil
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if sameFile(name, f) {
			return f
		}
	}
	return nil
}

// sameFile reports whether a name leads to a file that is open already, by what the system
// says of both.
func sameFile(name string, f *os.File) bool {
	a, err := os.Stat(name)
	if err != nil {
		return false
	}
	b, err := f.Stat()
	return err == nil && os.SameFile(a, b)
}

// writeThrough writes into a device or a named pipe. What has been written to a
// pipe cannot be taken back, so an error leaves a part of it with the reader.
func writeThrough(ctx context.Context, name string, write func(io.Writer) error) error {
	f, err := openThrough(ctx, name)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { interrupt(f) })
	err = write(f)
	stop()
	if ended := ctx.Err(); err != nil && ended != nil {
		err = ended
	}
	return errors.Join(err, f.Close())
}
