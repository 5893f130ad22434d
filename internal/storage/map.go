package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

// ErrTooLarge means that a file has more bytes than this system can address.
var ErrTooLarge = errors.New("file is too large for this system's address space")

// errNotMappable says that this system, or this file, knows no mapping.
var errNotMappable = errors.New("file cannot be mapped")

// MapFile returns the content of f, mapped into memory for reading where the
// system can do that and read as a whole elsewhere. f may be closed afterwards.
//
// A mapping follows the file: if someone shortens the file while it is mapped,
// the next access to the missing part is a fault, which ends the process unless
// the reader stands between [WatchFaults] and [EndFaults]. Every reader of
// mapped files does. Nothing is read here: pages come from the disk when they
// are touched, and the system may drop them again. So a model may be larger
// than the memory.
func MapFile(f *os.File) (*Bytes, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := regular(f.Name(), info); err != nil {
		return nil, err
	}
	size := info.Size()
	if size == 0 {
		return Wrap(nil, nil), nil
	}
	if size < 0 || size > math.MaxInt {
		return nil, fmt.Errorf("%s: %w", Quote(f.Name()), ErrTooLarge)
	}
	b, err := mapFile(f, int(size))
	if errors.Is(err, errNotMappable) {
		return readAll(f, f.Name(), size)
	}
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", Quote(f.Name()), err)
	}
	return b, nil
}

// mapped returns the bytes of a mapping of f. release unmaps first and closes
// the watch's descriptor then.
func mapped(f *os.File, data []byte, unmap func() error) *Bytes {
	m := newMapping(data, f.Name())
	m.watch = newWatch(f)
	b := Wrap(data, func() error {
		m.forget()
		return errors.Join(unmap(), m.watch.close())
	})
	b.mapped = m
	return b
}

// ReadFile returns the content of a file of fsys. Files of the operating system
// are mapped; all others are read once. A Git LFS pointer gives a
// [*WrongFileError]. The caller releases what it gets.
func ReadFile(fsys fs.FS, name string) (_ *Bytes, err error) {
	b, err := readFile(fsys, name)
	if err != nil {
		return nil, err
	}
	if err := pointerIn(name, b); err != nil {
		return nil, errors.Join(err, b.Release())
	}
	return b, nil
}

// pointerIn is refusePointer for bytes that may be mapped.
func pointerIn(name string, b *Bytes) (err error) {
	defer EndFaults(WatchFaults(), &err)
	return refusePointer(name, b.Data())
}

// readFile maps or reads a regular file. The file is closed in either case; a
// mapping outlives its descriptor.
func readFile(fsys fs.FS, name string) (_ *Bytes, err error) {
	f, err := OpenFS(fsys, name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if osFile, ok := f.(*os.File); ok {
		return MapFile(osFile)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return readAll(f, name, info.Size())
}

// readAll reads a file that claims to hold size bytes. The claim is not trusted
// with an allocation beyond the first few megabytes: memory grows with what is
// really there. The buffer doubles; a file of another length than it claims is
// an error, as it is being written or was cut.
func readAll(r io.Reader, name string, size int64) (*Bytes, error) {
	const trusted = 16 << 20
	if size < 0 || size > math.MaxInt-8 {
		return nil, fmt.Errorf("%s: %w", Quote(name), ErrTooLarge)
	}
	buf := Heap(int(min(size, trusted))).Data()
	n := 0
	for {
		m, err := io.ReadFull(r, buf[n:])
		n += m
		if err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("holds %d bytes where %d were announced: %w", n, size, err)
			}
			return nil, fmt.Errorf("read %s: %w", Quote(name), err)
		}
		if n < len(buf) || int64(n) == size {
			break
		}
		larger := Heap(int(min(size, 2*int64(n)))).Data()
		copy(larger, buf)
		buf = larger
	}
	if int64(n) != size {
		return nil, fmt.Errorf("read %s: holds %d bytes where %d were announced: %w", Quote(name), n, size, io.ErrUnexpectedEOF)
	}
	return Wrap(buf, nil), nil
}
