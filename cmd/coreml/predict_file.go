package main

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

const (
	// maxUnpackedBytes bounds one array of a compressed file, which may claim a
	// thousand times its own size.
	maxUnpackedBytes = 128 << 20
	// maxTensorHeader bounds the list of a file of tensors: an input's file has few.
	maxTensorHeader = 16 << 20
)

// cutTensor splits FILE.safetensors:TENSOR and FILE.npz:NAME.
func cutTensor(arg string) (path, key string) {
	// The ending belongs to the mark: a path of Windows has a colon behind its
	// drive.
	for _, mark := range []string{".safetensors:", ".npz:"} {
		if i := strings.LastIndex(arg, mark); i >= 0 {
			return arg[:i+len(mark)-1], arg[i+len(mark):]
		}
	}
	return arg, ""
}

// readArrays reads the value of an input from a file that is not of JSON.
func readArrays(ctx context.Context, path, key string, d *coreml.FeatureDescription, opts *imageOptions) (coreml.Value, error) {
	f, err := openInput(path, formatUnknown)
	if err != nil {
		return coreml.Value{}, err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	return f.value(ctx, key, d, opts)
}

// value reads a picture or an array as the value of an input.
func (f *inputFile) value(ctx context.Context, key string, d *coreml.FeatureDescription, opts *imageOptions) (_ coreml.Value, err error) {
	var t *tensor.Tensor
	// The content has told the format, where it could.
	switch f.format {
	case formatPNG, formatJPEG:
		img, err := readPicture(ctx, f, d, opts)
		return coreml.Image(img), err
	case formatNPZ:
		t, err = f.npz(key, arrayRoom(d, opts))
	case formatSafetensors:
		t, err = f.safetensors(key, arrayRoom(d, opts))
	default:
		t, err = f.npy(arrayRoom(d, opts))
	}
	if err != nil {
		return coreml.Value{}, err
	}
	v, err := valueOf(ctx, d, t, opts)
	if err != nil {
		return coreml.Value{}, fmt.Errorf("%s: %w", f.path, err)
	}
	return v, nil
}

func (f *inputFile) npy(room int64) (*tensor.Tensor, error) {
	if f.size > room {
		return nil, overRoom(f.path, f.size, room)
	}
	t, err := npy.Read(f, f.size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return t, nil
}

// npz reads an array of NumPy's archive.
func (f *inputFile) npz(key string, room int64) (*tensor.Tensor, error) {
	archive, err := zip.NewReader(f, f.size)
	if err != nil {
		return nil, fmt.Errorf("%s: malformed npz: %w", f.path, err)
	}
	var found *zip.File
	var names []string
	for _, member := range archive.File {
		name, ok := strings.CutSuffix(member.Name, ".npy")
		switch {
		case !ok:
			continue
		case name == key && found != nil:
			return nil, fmt.Errorf("%s: malformed npz: the array %q comes twice", f.path, key)
		case name == key:
			// Names are looked through to the end: an archive in which one comes
			// twice means two things.
			found = member
		}
		names = append(names, name)
	}
	if found == nil {
		return nil, noTensor(f.path, key, names)
	}
	if found.Method != zip.Store {
		room = min(room, maxUnpackedBytes)
	}
	// What the archive claims, not what it holds: reading stops there.
	size := int64(min(found.UncompressedSize64, 1<<62))
	if size > room {
		return nil, overRoom(fmt.Sprintf("the array %q of %s", key, f.path), size, room)
	}
	r, err := found.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: malformed npz: %w", f.path, err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	t, err := npy.Read(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: array %q: %w", f.path, key, err)
	}
	return t, nil
}

func (f *inputFile) safetensors(key string, room int64) (*tensor.Tensor, error) {
	var length [8]byte
	if n, _ := f.ReadAt(length[:], 0); n == len(length) && binary.LittleEndian.Uint64(length[:]) > maxTensorHeader {
		return nil, fmt.Errorf("%s: %w: a header of more than %d bytes", f.path, safetensors.ErrFormat, maxTensorHeader)
	}
	file, err := safetensors.New(f, f.size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	e := file.Entry(key)
	if e == nil {
		return nil, noTensor(f.path, key, file.Names())
	}
	if size := e.End - e.Begin; size > room {
		return nil, overRoom(fmt.Sprintf("the tensor %q of %s", key, f.path), size, room)
	}
	t, err := file.Tensor(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return t, nil
}

// noTensor says what a file has in place of what was looked for.
func noTensor(path, key string, names []string) error {
	return markedf(fs.ErrNotExist, "%s: the file has no tensor %q; it has %s", path, key, nameList(names))
}

// readNPY reads an array of a request.
func readNPY(path string) (*tensor.Tensor, error) { return readArray(path, "", formatNPY) }

// readSafetensors reads a tensor of a request.
func readSafetensors(path, key string) (*tensor.Tensor, error) {
	return readArray(path, key, formatSafetensors)
}

// readArray is for values whose feature is not known yet, as those of states.
func readArray(path, key string, format fileFormat) (*tensor.Tensor, error) {
	f, err := openInput(path, format)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	if format == formatNPY {
		return f.npy(maxArrayBytes)
	}
	return f.safetensors(key, maxArrayBytes)
}
