package storage

import (
	"context"
	"errors"
	"io"
	"os"
)

// Placing says how [Place] made a file.
type Placing int

// The ways to make a file of another one, the cheapest first that leave both of them
// on their own.
const (
	// Cloned is a file of its own that shares the bytes of the other one on disk until
	// either is written to. APFS, btrfs, XFS and ReFS can, within a volume; here it is
	// asked for on macOS and Linux.
	Cloned Placing = iota + 1
	// Linked is the same file under another name: a hard link. Whoever writes to one
	// writes to the other.
	Linked
	// Copied is a file of its own.
	Copied
)

// Place makes the file to of the file from, whose links are followed, in the first of the
// ways that works: a clone, a hard link or a copy where none is given. Only a copy takes
// time and space for large files.
//
// What lies at to already is not replaced. After an error nothing is left there. The
// folder of to must exist.
func Place(ctx context.Context, from, to string, ways ...Placing) (Placing, error) {
	if len(ways) == 0 {
		ways = []Placing{Cloned, Linked, Copied}
	}
	// Opened in any case: only a regular file is passed on, by whatever way.
	src, err := Open(from)
	if err != nil {
		return 0, err
	}
	defer src.Close() //nolint:errcheck // it was only read
	for _, way := range ways {
		if err = ctx.Err(); err != nil {
			return 0, err
		}
		switch way {
		case Cloned:
			err = clone(src, to)
		case Linked:
			err = link(from, to)
		case Copied:
			err = duplicate(ctx, src, to)
		}
		if err == nil || errors.Is(err, os.ErrExist) {
			return way, err
		}
	}
	return 0, err
}

// link makes a hard link to the file at the end of the links of from.
//
// Systems differ in whether a link to a link is made; a chain is followed here.
func link(from, to string) error {
	target, open, err := follow(from)
	if err != nil {
		return err
	}
	if open {
		return errors.ErrUnsupported // it has no name of its own
	}
	return os.Link(target, to)
}

// copyStep is how much is copied between two looks at the context.
//
// Large enough that the system may share the bytes where its own copying can do that.
const copyStep = 64 << 20

// duplicate copies a file.
func duplicate(ctx context.Context, src *os.File, to string) (err error) {
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, dst.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.CopyN(dst, src, copyStep)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n < copyStep:
			return nil
		}
	}
}
