package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Errors that a [*WrongFileError] is.
var (
	// ErrWrongFile means that a file is of another kind than the one wanted.
	ErrWrongFile = errors.New("a file of another kind")
	// ErrLFSPointer means that a file is the stand-in that Git LFS leaves where the
	// file itself was not downloaded.
	ErrLFSPointer = errors.New("a Git LFS pointer")
)

// FileKind is what the first bytes of a file say that it is. It is a guess,
// made for error messages; nothing is read by it.
type FileKind string

// The kinds that are told apart. Their texts follow "is ".
const (
	KindUnknown     FileKind = ""
	KindEmpty       FileKind = "an empty file"
	KindLFSPointer  FileKind = "a Git LFS pointer, not the file"
	KindZip         FileKind = "a zip archive"
	KindGzip        FileKind = "a gzip archive"
	KindTar         FileKind = "a tar archive"
	KindArchive     FileKind = "a compressed archive"
	KindHTML        FileKind = "a web page"
	KindJSON        FileKind = "a JSON text"
	KindText        FileKind = "a text file"
	KindSafetensors FileKind = "a safetensors file"
	KindGGUF        FileKind = "a GGUF file"
	KindONNX        FileKind = "an ONNX file"
	KindTFLite      FileKind = "a TensorFlow Lite file"
	KindHDF5        FileKind = "an HDF5 file"
	KindPyTorch     FileKind = "a PyTorch file"
	KindPickle      FileKind = "a Python pickle"
	KindNPY         FileKind = "an .npy file"
	KindPicture     FileKind = "a picture"
	KindSVG         FileKind = "an SVG drawing"
	KindProgram     FileKind = "an executable program"
	KindWeights     FileKind = "the weight file of a model package"
	KindCompiled    FileKind = "a part of a compiled model (.mlmodelc)"
)

// WrongFileError says what a file is that was expected to be something else,
// and what to do about it. The reader that wanted something else fills in Want.
type WrongFileError struct {
	Name string
	Kind FileKind
	// Want says what was expected, in a sentence; empty when Kind says enough.
	Want string
	// OID and Size are what a Git LFS pointer says of the file that it stands for.
	OID  string
	Size int64
}

// Error says what the file is and what to do.
func (e *WrongFileError) Error() string { return Quote(e.Name) + " is " + e.What() }

// What is Error without the name, for those whose message has it already.
func (e *WrongFileError) What() string {
	text := string(e.Kind)
	switch e.Kind {
	case KindLFSPointer:
		return fmt.Sprintf("%s (%s, %d bytes): run git lfs pull in the repository, or download the file itself", text, Quote(e.OID), e.Size)
	case KindZip, KindGzip, KindTar, KindArchive:
		text += ": unpack it first"
	case KindHTML:
		text += ", such as a server sends in place of a file: download it again"
	case KindEmpty:
		text += ": a download may have been cut short"
	}
	if e.Want != "" {
		text += "; " + e.Want
	}
	return text
}

// Unwrap returns [ErrWrongFile], and [ErrLFSPointer] for one of those.
func (e *WrongFileError) Unwrap() []error {
	if e.Kind == KindLFSPointer {
		return []error{ErrWrongFile, ErrLFSPointer}
	}
	return []error{ErrWrongFile}
}

// Also returns an error with the text of err that is the error also too.
// errors.Join would show both texts.
func Also(err, also error) error { return &alsoError{err, also} }

type alsoError struct{ err, also error }

func (e *alsoError) Error() string   { return e.err.Error() }
func (e *alsoError) Unwrap() []error { return []error{e.err, e.also} }

// sniffed is how many of a file's first bytes tell what it is. tar's mark, the
// furthest, ends at 262; text is told the better the more there is of it.
const sniffed = 1024

// Sniff returns a [*WrongFileError] when the first bytes of a file show one of
// the kinds that are known, but for the allowed ones, and nil when they do not.
// It is for readers that have found a file malformed: what a file ought to be
// is tried first. Want says what was expected. A file in which nothing is
// recognised keeps the error that its reader has.
func Sniff(name string, head []byte, want string, allowed ...FileKind) error {
	head = head[:min(len(head), sniffed)]
	kind := KindOf(head)
	if kind == KindUnknown {
		return nil
	}
	for _, k := range allowed {
		if k == kind {
			return nil
		}
	}
	e := &WrongFileError{Name: name, Kind: kind, Want: want}
	if kind == KindLFSPointer {
		e.OID, e.Size, _ = parsePointer(head)
	}
	return e
}

// SniffFile is Sniff for a file of fsys. What cannot be read shows nothing.
func SniffFile(fsys fs.FS, name, want string, allowed ...FileKind) error {
	f, err := OpenFS(fsys, name)
	if err != nil {
		return nil //nolint:nilerr // the caller has an error of its own
	}
	defer f.Close() //nolint:errcheck // it was only read
	head := make([]byte, sniffed)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil //nolint:nilerr // as above
	}
	return Sniff(name, head[:n], want, allowed...)
}

// refusePointer is asked for every file that is read whole: nothing of use
// begins as a pointer does.
func refusePointer(name string, data []byte) error {
	oid, size, ok := parsePointer(data[:min(len(data), sniffed)])
	if !ok {
		return nil
	}
	return &WrongFileError{Name: name, Kind: KindLFSPointer, OID: oid, Size: size}
}

// pointerStart begins the first line of every version of a pointer.
const pointerStart = "version https://git-lfs.github.com/spec/v"

// parsePointer reads a pointer of Git LFS: lines of a key and a value. A
// pointer has some 130 bytes; what is cut or lacks a line is one all the same.
func parsePointer(head []byte) (oid string, size int64, ok bool) {
	if !bytes.HasPrefix(head, []byte(pointerStart)) {
		return "", 0, false
	}
	for line := range strings.Lines(string(head)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "oid":
			oid = value[:min(len(value), 80)]
		case "size":
			size, _ = strconv.ParseInt(value, 10, 64) // 0 stands for one that is not said
		}
	}
	return oid, size, true
}

// signatures are the first bytes of kinds that have fixed ones. The first that
// fits counts.
var signatures = []struct {
	at   int
	text string
	kind FileKind
}{
	{0, pointerStart, KindLFSPointer},
	{0, "\x1f\x8b", KindGzip},
	{257, "ustar", KindTar},
	{0, "7z\xbc\xaf\x27\x1c", KindArchive},
	{0, "\xfd7zXZ\x00", KindArchive},
	{0, "\x28\xb5\x2f\xfd", KindArchive}, // zstd
	{0, "BZh", KindArchive},
	{0, "Rar!\x1a\x07", KindArchive},
	{0, "AA01", KindArchive}, // Apple Archive
	{0, "pbz", KindArchive},  // the same, compressed
	{0, "GGUF", KindGGUF},
	{0, "ggjt", KindGGUF},
	{4, "TFL3", KindTFLite},
	{0, "\x89HDF\r\n\x1a\n", KindHDF5},
	{0, "\x93NUMPY", KindNPY},
	{0, "\x89PNG", KindPicture},
	{0, "\xff\xd8\xff", KindPicture},
	{0, "GIF8", KindPicture},
	{8, "WEBP", KindPicture},
	{0, "\x80\x02\x8a\x0al\xfc\x9cF\xf9", KindPyTorch}, // before version 1.6
	{0, "\x7fELF", KindProgram},
	{0, "\xcf\xfa\xed\xfe", KindProgram},
	{0, "\xca\xfe\xba\xbe", KindProgram},
	{0, "CoreMLModel", KindCompiled},
}

// KindOf says what the first bytes of a file show: the first kilobyte, of which
// head may hold more or, for a short file, less. Kinds without a fixed
// beginning are looked for afterwards, from the surest to the vaguest: text
// comes last.
func KindOf(head []byte) FileKind {
	head = head[:min(len(head), sniffed)]
	if len(head) == 0 {
		return KindEmpty
	}
	for _, s := range signatures {
		if len(head) > s.at && bytes.HasPrefix(head[s.at:], []byte(s.text)) {
			return s.kind
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipKind(head)
	case len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < 1<<28:
		return KindSafetensors
	case len(head) >= 64 && binary.LittleEndian.Uint32(head[4:]) == 2 && allZero(head[8:64]):
		return KindWeights
	case len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return KindPickle
	case looksONNX(head):
		return KindONNX
	}
	return textKind(head)
}

// zipKind tells the zip archives that PyTorch writes from others by the name of
// the first file in them. Numbers in a zip header are little-endian; the length
// of the name is at 26.
func zipKind(head []byte) FileKind {
	const fixed = 30 // bytes of a header before the name
	if len(head) > fixed {
		n := int(binary.LittleEndian.Uint16(head[26:]))
		name := string(head[fixed:min(fixed+n, len(head))])
		if path.Base(name) == "data.pkl" {
			return KindPyTorch
		}
	}
	return KindZip
}

// looksONNX recognises how programs that write ONNX begin: the format's
// version, then the producer's name. 0x08 and 0x12 are the protobuf tags of
// ir_version and producer_name, fields 1 and 2.
func looksONNX(head []byte) bool {
	if len(head) < 8 || head[0] != 0x08 || head[1] > 20 || head[2] != 0x12 {
		return false
	}
	n := int(head[3])
	if n < 2 || n > 64 || len(head) < 5+n {
		return false
	}
	for _, c := range head[4 : 4+n] {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// allZero reports whether bytes are zero, as those that a weight file's header leaves
// unused are.
func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// textKind tells text, and which, from everything else. A control character
// other than those of layout, or a byte that is no UTF-8, makes it no text.
func textKind(head []byte) FileKind {
	text := string(head)
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return KindText // UTF-16
	}
	if len(head) >= sniffed {
		// The last character may have been cut.
		for i := 0; i < utf8.UTFMax && !utf8.ValidString(text); i++ {
			text = text[:len(text)-1]
		}
	}
	control := func(r rune) bool {
		return r < ' ' && !strings.ContainsRune("\t\n\v\f\r\b\x1b", r) || r == utf8.RuneError
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, control) {
		return KindUnknown
	}
	start := strings.ToLower(strings.TrimLeft(text, "\ufeff \t\r\n"))
	if strings.HasPrefix(start, "<svg") || strings.HasPrefix(start, "<!doctype svg") ||
		(strings.HasPrefix(start, "<?xml") || strings.HasPrefix(start, "<!--")) && strings.Contains(start, "<svg") && !strings.Contains(start, "<html") {
		return KindSVG
	}
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<?xml", "<error"} {
		if strings.HasPrefix(start, tag) {
			return KindHTML
		}
	}
	if strings.HasPrefix(start, "{") || strings.HasPrefix(start, "[") {
		return KindJSON
	}
	return KindText
}
