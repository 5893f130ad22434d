package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// fileFormat is what a file of values is.
//
// What is read is also what is written, but for JPEG.
type fileFormat int

const (
	formatUnknown fileFormat = iota
	formatNPY
	formatNPZ
	formatSafetensors
	formatJSON
	formatPNG
	formatJPEG
)

// extensions say what a file is where its content does not.
//
// The content counts first: downloads are called anything.
var extensions = map[string]fileFormat{
	".npy": formatNPY, ".npz": formatNPZ, ".safetensors": formatSafetensors, ".json": formatJSON,
	".png": formatPNG, ".jpg": formatJPEG, ".jpeg": formatJPEG,
}

// wanted says of each format what a file that is something else should have been.
var wanted = map[fileFormat]string{
	formatNPY: "an .npy file is wanted", formatNPZ: "an .npz file is wanted", formatSafetensors: "a .safetensors file is wanted",
	formatJSON: "a .json file is wanted", formatPNG: "a picture is wanted", formatJPEG: "a picture is wanted",
	formatUnknown: "values are read from .npy, .npz, .safetensors and .json files and from pictures (.png, .jpeg)",
}

// signatures are how the files of some formats begin.
var signatures = []struct {
	start  string
	format fileFormat
}{
	{"\x89PNG\r\n\x1a\n", formatPNG},
	{"\xff\xd8\xff", formatJPEG},
	{"\x93NUMPY", formatNPY},
	{"PK\x03\x04", formatNPZ},
	{"PK\x05\x06", formatNPZ},
}

// inputFile is an open file that holds values.
type inputFile struct {
	*os.File
	path   string
	size   int64
	format fileFormat
}

// openInput opens a file of a format and finds out which where it is not said: by
// how the file starts, and else by its name. A file that is plainly of another
// kind is refused with what it is.
func openInput(path string, format fileFormat) (*inputFile, error) {
	f, err := storage.Open(path)
	// A pipe would do for most formats and not for those that are read from their
	// ends; it is one rule for all.
	var special *storage.NotRegularError
	if errors.As(err, &special) && special.Mode&fs.ModeNamedPipe != 0 {
		return nil, fmt.Errorf("%w: inputs are read from regular files, not from pipes or <(...): write it to a file first", err)
	}
	if err != nil {
		return nil, err
	}
	in := &inputFile{File: f, path: path, format: format}
	// Nothing is left open by a file that is refused.
	if err := in.identify(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return in, nil
}

// identify sets the size, and the format where it is not known.
func (f *inputFile) identify() error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	// Enough to tell a web page from a picture; see storage.Sniff.
	head := make([]byte, 1024)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	found := formatUnknown
	for _, s := range signatures {
		if strings.HasPrefix(string(head), s.start) {
			found = s.format
		}
	}
	if f.format == formatUnknown {
		f.format = found
	}
	if f.format == formatUnknown {
		f.format = extensions[strings.ToLower(filepath.Ext(f.path))]
	}
	if f.format == found && found != formatUnknown {
		return nil
	}
	return f.refuse(head)
}

// refuse says what a file is that does not begin as its format does, where that
// can be told.
//
// The message names the kind that was found: "is a web page" is what a failed
// download needs.
func (f *inputFile) refuse(head []byte) error {
	allowed := []storage.FileKind{}
	switch f.format {
	case formatSafetensors:
		allowed = append(allowed, storage.KindSafetensors)
	case formatPNG, formatJPEG: // a broken one is told of by who reads it
		allowed = append(allowed, storage.KindPicture)
	case formatJSON: // a number is a text of JSON, and who reads the file says what is wrong with another
		allowed = append(allowed, storage.KindJSON, storage.KindText)
	}
	if err := storage.Sniff(f.path, head, wanted[f.format], allowed...); err != nil {
		return err
	}
	if f.format == formatUnknown {
		return usagef("%s is neither an .npy, .npz, .safetensors or .json file nor a picture (.png, .jpeg)", f.path)
	}
	return nil
}

// all reads the whole file, which may have limit bytes.
func (f *inputFile) all(limit int64) ([]byte, error) {
	if f.size > limit {
		return nil, fmt.Errorf("%s: %w (%d bytes)", f.path, storage.ErrTooLong, limit)
	}
	// The size is asked again by reading: a file may grow meanwhile.
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: %w (%d bytes)", f.path, storage.ErrTooLong, limit)
	}
	return data, err
}
