package hubtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Content is what a file of an [FS] holds.
type Content interface {
	// Len is the number of bytes.
	Len() int64

	// Reader gives a reader of its own to each caller.
	Reader() io.ReadSeeker
}

// Text is a [Content] of the bytes of a string.
type Text string

// Len is the number of bytes of the text.
func (t Text) Len() int64 { return int64(len(t)) }

// Reader reads the text.
func (t Text) Reader() io.ReadSeeker { return strings.NewReader(string(t)) }

// Pattern is a [Content] of any size that lies nowhere: each byte follows from its
// offset and from Seed. No two stretches of it are alike, so that a reader which
// joins the wrong ones is found out.
type Pattern struct {
	// Size is the number of bytes.
	Size int64 `json:"size"`

	// Seed tells contents of the same size apart.
	Seed uint64 `json:"seed,omitempty"`
}

// Len is the size.
func (p Pattern) Len() int64 { return p.Size }

// Reader reads the pattern.
func (p Pattern) Reader() io.ReadSeeker {
	return io.NewSectionReader(p, 0, p.Size)
}

// ReadAt makes the bytes from off on.
func (p Pattern) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("hubtest: read a pattern at %d", off)
	}
	if off >= p.Size {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), p.Size-off))
	short := n < len(b)
	b = b[:n]
	word := uint64(off) / 8
	if skip := int(off % 8); skip > 0 {
		var first [8]byte
		binary.LittleEndian.PutUint64(first[:], p.word(word))
		b = b[copy(b, first[skip:]):]
		word++
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, p.word(word))
		b = b[8:]
		word++
	}
	if len(b) > 0 {
		var last [8]byte
		binary.LittleEndian.PutUint64(last[:], p.word(word))
		copy(b, last[:])
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

// word is the n-th number of the sequence SplitMix64 that begins with the seed:
// any one can be had without those before it.
func (p Pattern) word(n uint64) uint64 {
	z := p.Seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// FS is a file system by path: FS{"config.json": Text("{}")}. Folders come of the
// paths. It can hold names that [fs.ValidPath] refuses, such as "../x"; those are
// out of reach of [FS.Open], but a [Repo] lists and serves them all the same.
type FS map[string]Content

// Open opens a file or a folder.
func (f FS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if c, ok := f[name]; ok {
		return &openFile{ReadSeeker: c.Reader(), info: fileInfo{name: path.Base(name), size: c.Len()}}, nil
	}
	children := f.children(name)
	if len(children) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openDir{info: fileInfo{name: path.Base(name), dir: true}, left: children}, nil
}

// children are the entries directly below a folder, by name.
func (f FS) children(dir string) []fs.DirEntry {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	found := map[string]fileInfo{}
	for name, c := range f {
		rest, below := strings.CutPrefix(name, prefix)
		if !below || !fs.ValidPath(name) {
			continue
		}
		first, _, nested := strings.Cut(rest, "/")
		info := fileInfo{name: first, dir: nested}
		if !nested {
			info.size = c.Len()
		}
		found[first] = info
	}
	entries := make([]fs.DirEntry, 0, len(found))
	for _, info := range found {
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// fileInfo describes a file or folder of an [FS].
type fileInfo struct {
	name string
	size int64
	dir  bool
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.dir }
func (i fileInfo) Sys() any           { return nil }

func (i fileInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// openFile is a file of an [FS].
type openFile struct {
	io.ReadSeeker
	info fileInfo
}

func (o *openFile) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openFile) Close() error               { return nil }

// openDir is a folder of an [FS] that is being listed.
type openDir struct {
	info fileInfo
	left []fs.DirEntry
}

func (o *openDir) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openDir) Close() error               { return nil }

func (o *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: o.info.name, Err: errors.New("is a directory")}
}

func (o *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(o.left) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(o.left) {
		n = len(o.left)
	}
	head := o.left[:n]
	o.left = o.left[n:]
	return head, nil
}

// seekable opens a file for reading at any offset. A file system whose files cannot
// seek has them read whole.
func seekable(fsys fs.FS, name string) (io.ReadSeeker, func(), error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, nil, err
	}
	if rs, ok := f.(io.ReadSeeker); ok {
		return rs, func() { f.Close() }, nil
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		return nil, nil, err
	}
	return bytes.NewReader(all), func() {}, nil
}
