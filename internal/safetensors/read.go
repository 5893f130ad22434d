package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// File is an open file. It is safe for concurrent use when its reader is, as an
// *os.File is. The header is in memory, the tensors are read when they are
// asked for.
type File struct {
	Header
	r      io.ReaderAt
	close  func() error
	byName map[string]int // places in Entries
}

// Open opens a file of fsys. A file that cannot be read at any place is read
// into memory as a whole. It must be a regular one; a file of another kind gives
// a [*storage.WrongFileError] where the kind is known.
func Open(fsys fs.FS, name string) (*File, error) {
	f, err := storage.OpenFS(fsys, name)
	if err != nil {
		return nil, err
	}
	file, err := open(f)
	if err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, ErrFormat) {
			if other := storage.SniffFile(fsys, name, "a safetensors file is wanted", storage.KindSafetensors); other != nil {
				return nil, storage.Also(other, ErrFormat)
			}
		}
		return nil, fmt.Errorf("%s: %w", storage.Quote(name), err)
	}
	return file, nil
}

// open makes a File of an open file, which belongs to it when there is no error.
func open(f fs.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r, closeAll := io.ReaderAt(nil), f.Close
	switch f := f.(type) {
	case *os.File:
		once := storage.NewOnce(f)
		r, closeAll = once, once.Close
	case io.ReaderAt:
		r = f
	default: // as those of an archive
		r = &sequence{r: f}
	}
	file, err := New(r, info.Size())
	if err != nil {
		return nil, err
	}
	file.close = closeAll
	return file, nil
}

// New returns a File over size bytes of r. It takes no ownership of r. The file
// is refused where it is longer or shorter than its header says: a download
// that broke off is found here.
func New(r io.ReaderAt, size int64) (*File, error) {
	h, err := ReadHeader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	// The entries follow each other without holes: the file ends where the last one does.
	if got := size - h.DataStart; got != h.DataSize {
		return nil, fmt.Errorf("%w: %d bytes of data, the header wants %d", ErrFormat, got, h.DataSize)
	}
	f := &File{Header: *h, r: r, byName: make(map[string]int, len(h.Entries))}
	for i, e := range h.Entries {
		f.byName[e.Name] = i
	}
	return f, nil
}

// Close closes the file. Tensors made from it stay valid.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Names returns the names of the tensors in the order of their bytes.
func (f *File) Names() []string {
	out := make([]string, len(f.Entries))
	for i := range out {
		out[i] = f.Entries[i].Name
	}
	return out
}

// Entry returns what the header says of the tensor of that name, or nil.
func (f *File) Entry(name string) *Entry {
	i, ok := f.byName[name]
	if !ok {
		return nil
	}
	return &f.Entries[i]
}

// Tensor reads the tensor of that name. Its memory is its own. Each call reads
// the file again.
func (f *File) Tensor(name string) (*tensor.Tensor, error) {
	e := f.Entry(name)
	if e == nil {
		return nil, &MissingError{Name: name, Has: f.Names()}
	}
	return e.Read(io.NewSectionReader(f.r, f.DataStart+e.Begin, e.End-e.Begin))
}

// ReadBytes fills dst with the bytes of one of the file's entries from off on, counted
// from the tensor's first byte. It is for tensors that are too large to be read as a
// whole, and for types that have no counterpart.
func (f *File) ReadBytes(e *Entry, off int64, dst []byte) error {
	if off < 0 || int64(len(dst)) > e.End-e.Begin-off {
		return fmt.Errorf("bytes %d to %d of a tensor of %d", off, off+int64(len(dst)), e.End-e.Begin)
	}
	if n, err := f.r.ReadAt(dst, f.DataStart+e.Begin+off); n < len(dst) {
		return noEOF(err)
	}
	return nil
}

// Read reads the tensor's bytes from r, which stands at the first of them. The
// memory for them is taken at once: where r is not known to hold them, check
// the size first. An error leaves r somewhere within the tensor.
func (e *Entry) Read(r io.Reader) (*tensor.Tensor, error) {
	if e.Type() == tensor.Invalid {
		return nil, fmt.Errorf("tensor %q: element type %s: %w", e.Name, e.DType, tensor.ErrDType)
	}
	if e.DType == "BF16" {
		return e.readBFloat16(r)
	}
	t := tensor.New(e.Type(), e.Shape...)
	raw, err := t.Bytes()
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
	}
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("%w: tensor %q: %w", ErrFormat, e.Name, noEOF(err))
	}
	if e.DType == "BOOL" { // the memory becomes Go's bools, of which another byte is none
		for i, b := range raw {
			if b > 1 {
				return nil, fmt.Errorf("%w: tensor %q: element %d is %d, not a bool", ErrFormat, e.Name, i, b)
			}
		}
	}
	return t, nil
}

// readBFloat16 widens the elements, which loses nothing. A bfloat16 is the
// upper half of a float32. No memory beside the tensor's is needed.
func (e *Entry) readBFloat16(r io.Reader) (*tensor.Tensor, error) {
	t := tensor.New(tensor.Float32, e.Shape...)
	raw, err := t.Bytes()
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
	}
	// The narrow elements lie in the back half and are widened front to back:
	// none is overwritten before it has been read.
	half := raw[len(raw)/2:]
	if _, err := io.ReadFull(r, half); err != nil {
		return nil, fmt.Errorf("%w: tensor %q: %w", ErrFormat, e.Name, noEOF(err))
	}
	for i := range len(raw) / 4 {
		v := dtype.BFloat16ToFloat32(binary.LittleEndian.Uint16(half[2*i:]))
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	return t, nil
}

// sequence lets a stream be read at any place by keeping what was read: files
// of an fs.FS need not be seekable, as those of a zip archive are not. It is
// for one goroutine at a time.
type sequence struct {
	r    io.Reader
	data []byte
	err  error
	read bool
}

// ReadAt reads the whole stream on the first call.
func (s *sequence) ReadAt(p []byte, off int64) (int, error) {
	if !s.read {
		s.data, s.err = io.ReadAll(s.r)
		s.read = true
	}
	if s.err != nil {
		return 0, s.err
	}
	if off < 0 || off >= int64(len(s.data)) {
		return 0, io.EOF
	}
	n := copy(p, s.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
