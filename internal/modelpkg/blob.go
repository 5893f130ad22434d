package modelpkg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
)

// The weight file's layout, version 2, as coremltools' StorageFormat.hpp
// defines it: a header of 64 bytes, then for each blob a metadata record of 64
// bytes and the data, all of them at multiples of 64, so that data is aligned
// for every element type where the file is mapped. Numbers are little-endian.
const (
	blobAlign    = 64
	blobVersion  = 2
	blobSentinel = 0xDEADBEEF
)

// ErrBlob means that a weight file does not hold what the program says it does.
var ErrBlob = errors.New("malformed weight file")

// blobTypes maps the type codes of weight files, which differ from those of
// programs, to element types. The codes are those of the enum BlobDataType in
// that file. Strings, bools and types of 64 bits have none.
var blobTypes = [...]dtype.Type{
	1: dtype.Float16, 2: dtype.Float32, 3: dtype.UInt8, 4: dtype.Int8,
	5: dtype.BFloat16, 6: dtype.Int16, 7: dtype.UInt16, 8: dtype.Int4,
	9: dtype.UInt1, 10: dtype.UInt2, 11: dtype.UInt4, 12: dtype.UInt3,
	13: dtype.UInt6, 14: dtype.Int32, 15: dtype.UInt32,
	16: dtype.Float8E4M3FN, 17: dtype.Float8E5M2,
}

// BlobError says which blob of which weight file is malformed. Offset is that
// of the metadata record, which the program gives.
type BlobError struct {
	File   string
	Offset uint64
	Err    error
}

// Error describes the failure.
func (e *BlobError) Error() string {
	if e.WholeFile() {
		return "weights: " + e.Err.Error() // which names the file
	}
	return fmt.Sprintf("weight file %s, offset %d: %v", storage.Quote(e.File), e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *BlobError) Unwrap() error { return e.Err }

// WholeFile reports whether it is the file that cannot be read, and not this
// blob of it. Then the same error would come for every blob, and the operation
// that asked first is not to blame.
func (e *BlobError) WholeFile() bool {
	switch e.Err.(type) { //nolint:errorlint // as they come from opening the file
	case *storage.WrongFileError, *storage.NotRegularError, *storage.FaultError, *fs.PathError:
		return true
	}
	return false
}

// Blob is a tensor of a weight file.
type Blob struct {
	DType dtype.Type
	// Data is the packed elements. It is valid until the package is closed.
	Data []byte
	// Padding is the number of unused bits at the end of Data for types of less
	// than a byte; -1 when the writer left it out.
	Padding int
}

// Holds reports whether the blob is exactly n elements long. For types of less than a
// byte the padding decides between the numbers that take as many bytes.
func (b Blob) Holds(n int) bool {
	want, ok := b.DType.PackedLen(n)
	if !ok || want != len(b.Data) {
		return false
	}
	return b.Padding < 0 || n*b.DType.Bits()+b.Padding == 8*want
}

// Blob returns the tensor whose metadata record lies at offset of a weight
// file. fileName is as the program gives it: @model_path/weights/weight.bin. It
// is called for every constant of a program that is read, and looks at 64 bytes
// each time; the data itself is not touched.
func (p *Package) Blob(fileName string, offset uint64) (_ Blob, err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	file, err := p.weightFile(fileName)
	if err != nil {
		return Blob{}, &BlobError{File: fileName, Offset: offset, Err: err}
	}
	b, err := readBlob(file.Data(), offset)
	if err != nil {
		if other := p.otherFile(fileName, file.Data()); other != nil {
			return Blob{}, &BlobError{File: fileName, Offset: offset, Err: other}
		}
		return Blob{}, &BlobError{File: fileName, Offset: offset, Err: fmt.Errorf("%w: %w", ErrBlob, err)}
	}
	return b, nil
}

// otherFile says what lies in the place of a weight file, when that is known. A
// pointer of Git LFS or a web page in its place is the usual case.
func (p *Package) otherFile(fileName string, data []byte) error {
	name := path.Join(p.modelDir, strings.TrimPrefix(fileName, "@model_path/"))
	other := storage.Sniff(name, data, "", storage.KindWeights)
	if other == nil {
		return nil
	}
	return p.inside(name, other)
}

// weightFile maps a weight file when it is first asked for. It stays mapped
// until the package is closed, as constants refer to it. The lock is held while
// the file is mapped, so that it is mapped once.
func (p *Package) weightFile(fileName string) (*storage.Bytes, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	return p.files.open(fileName, func() (*storage.Bytes, error) {
		rest, ok := strings.CutPrefix(fileName, "@model_path/")
		if !ok {
			return nil, fmt.Errorf("%w: file name does not begin with @model_path/", ErrBlob)
		}
		clean, err := localPath(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBlob, err)
		}
		name := path.Join(p.modelDir, clean)
		f, err := storage.ReadFile(p.fsys, name)
		if err != nil {
			return nil, p.inside(name, err)
		}
		return f, nil
	})
}

// readBlob checks and reads one metadata record: sentinel, type, size in bytes, offset of
// the data from the start of the file, and padding in bits, of 4, 4, 8, 8 and 8 bytes.
// The header in front of all, of which the count is not needed, has two numbers of four
// bytes: the count of blobs and the version.
func readBlob(file []byte, offset uint64) (Blob, error) {
	size := uint64(len(file))
	if size < 2*blobAlign {
		return Blob{}, fmt.Errorf("file of %d bytes holds no blob", size)
	}
	if v := binary.LittleEndian.Uint32(file[4:]); v != blobVersion {
		return Blob{}, fmt.Errorf("storage version is %d, not %d", v, blobVersion)
	}
	// Offset 0 is the header's place, and the last subtraction cannot go below
	// 0 as the size was checked.
	if offset < blobAlign || offset%blobAlign != 0 || offset > size-blobAlign {
		return Blob{}, fmt.Errorf("no metadata record can lie there in a file of %d bytes", size)
	}
	meta := file[offset : offset+blobAlign]
	if s := binary.LittleEndian.Uint32(meta); s != blobSentinel {
		return Blob{}, fmt.Errorf("metadata begins with %#x, not %#x", s, uint32(blobSentinel))
	}
	code := binary.LittleEndian.Uint32(meta[4:])
	if code == 0 || code >= uint32(len(blobTypes)) {
		return Blob{}, fmt.Errorf("element type %d is not known", code)
	}
	t := blobTypes[code]
	length := binary.LittleEndian.Uint64(meta[8:])
	at := binary.LittleEndian.Uint64(meta[16:])
	if at > size || length > size-at { // in this order nothing overflows
		return Blob{}, fmt.Errorf("data of %d bytes at %d exceeds the file's %d bytes", length, at, size)
	}
	if at < blobAlign {
		return Blob{}, fmt.Errorf("data at %d overlaps the file's header", at)
	}
	// Capped: whoever appends to it must not write into the next blob.
	b := Blob{DType: t, Data: file[at : at+length : at+length], Padding: -1}
	if width := uint64(t.Size()); width > 0 {
		if length%width != 0 {
			return Blob{}, fmt.Errorf("%d bytes are no whole number of %v elements", length, t)
		}
		return b, nil
	}
	// Writers before iOS18 leave garbage in this field.
	if pad := binary.LittleEndian.Uint64(meta[24:]); pad < 8 {
		b.Padding = int(pad)
	}
	return b, nil
}

// WeightFile is the name and size of a file with weights.
type WeightFile struct {
	// Name is the path inside the package.
	Name string
	Size int64
}

// maxWeightFiles bounds how many files of a package are listed: real ones have one or
// two, and an item may be a link to a folder of any size.
const maxWeightFiles = 4096

// Weights lists the files of the package that are not the model file, those
// under the manifest's other items; of a compiled model those that are none of its
// descriptions. It is for showing what a package takes; loading does not ask for it.
func (p *Package) Weights() ([]WeightFile, error) {
	var list []WeightFile
	items := p.items
	if p.compiled {
		items = []string{p.dir}
	}
	for _, item := range items {
		err := fs.WalkDir(p.fsys, item, func(name string, _ fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a manifest may name a folder that was never made
			}
			if err != nil {
				return err
			}
			if base := path.Base(name); p.compiled && (base == dataName || base == ProgramName || base == metadataName) {
				return nil
			}
			info, err := fs.Stat(p.fsys, name) // follows links, as download caches use them
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() {
				return nil
			}
			if len(list) == maxWeightFiles {
				return fs.SkipAll
			}
			list = append(list, WeightFile{Name: strings.TrimPrefix(name, p.dir+"/"), Size: info.Size()})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b WeightFile) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(list), nil
}
