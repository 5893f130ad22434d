package storage

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Once reads a file of which each byte is wanted once, such as a checkpoint of many
// gigabytes. Where the system can tell what of the file is in its cache, what is not is
// read past the cache: that takes a fraction of the processor's time, and what others have
// in the cache stays there. Everywhere else it reads as the file itself does. It is safe for
// concurrent use.
type Once struct {
	file   *os.File
	direct *os.File    // nil where nothing is read past the cache
	off    atomic.Bool // it has failed once
}

// NewOnce returns a reader of f, which belongs to it.
func NewOnce(f *os.File) *Once {
	return &Once{file: f, direct: openDirect(f)}
}

// Close closes the file.
func (o *Once) Close() error {
	err := o.file.Close()
	if o.direct != nil {
		err = errors.Join(err, o.direct.Close())
	}
	return err
}

const (
	// directAlign is what offsets, lengths and memory of reads past the cache are multiples
	// of: the blocks of all disks in use are no larger.
	directAlign = 4096
	// directPiece is what is read past the cache at once, directLeast what is worth it.
	directPiece = 1 << 20
	directLeast = 64 << 10
)

// directBuffers have a piece, and the rest of the blocks at both of its ends.
var directBuffers = sync.Pool{New: func() any {
	const size = directPiece + 2*directAlign
	b := make([]byte, size+directAlign)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % directAlign
	b = b[skip:][:size]
	return &b
}}

// ReadAt implements [io.ReaderAt].
func (o *Once) ReadAt(dst []byte, off int64) (n int, err error) {
	for n < len(dst) {
		piece := dst[n:min(n+directPiece, len(dst))]
		if !o.readPast(piece, off+int64(n)) {
			m, err := o.file.ReadAt(piece, off+int64(n))
			if n += m; err != nil {
				return n, err
			}
			continue
		}
		n += len(piece)
	}
	return n, nil
}

var _ io.ReaderAt = (*Once)(nil)

// readPast fills dst past the cache, and reports false where it does not, for whatever
// reason: the plain read says what is wrong.
func (o *Once) readPast(dst []byte, off int64) bool {
	if o.direct == nil || len(dst) < directLeast || off < 0 || o.off.Load() || cached(o.file, off, len(dst)) {
		return false
	}
	p, _ := directBuffers.Get().(*[]byte) //nolint:errcheck // nothing else is put there
	defer directBuffers.Put(p)
	lead := int(off % directAlign)
	size := (lead + len(dst) + directAlign - 1) &^ (directAlign - 1)
	n, err := o.direct.ReadAt((*p)[:size], off-int64(lead))
	if n < lead+len(dst) {
		if err != nil && !errors.Is(err, io.EOF) {
			o.off.Store(true) // the file system does not have it
		}
		return false
	}
	copy(dst, (*p)[lead:])
	return true
}
