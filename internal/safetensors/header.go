package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// Limits of a header.
const (
	// maxHeader is the format's own limit.
	maxHeader = 100_000_000
	// The other limits keep a header from taking many times its size in memory:
	// what is said of one tensor, the free metadata, and the number of tensors.
	// A shape of a few dimensions takes some 100 bytes.
	maxEntry    = 64 << 10
	maxMetadata = 16 << 20
	// Large models have some thousands.
	maxEntries  = 1 << 17
	metadataKey = "__metadata__"
)

// ErrFormat is wrapped by every error about a file that breaks the format.
var ErrFormat = errors.New("malformed safetensors")

// Entry is what a header says of one tensor. check has been called for every
// entry of a Header, so its numbers agree with each other.
type Entry struct {
	Name string
	// DType is the format's own name of the element type, such as F16.
	DType string
	Shape []int
	// Begin and End bound the tensor's bytes, counted from the end of the header.
	Begin, End int64
}

// Type returns the element type of the tensors that are made of the entry, and
// Invalid when there is none. BF16, which package tensor lacks, becomes
// Float32.
func (e *Entry) Type() tensor.DType { return types[e.DType].dtype }

// Header is the description at the start of a file. It is what can be known of
// a file without reading a tensor.
type Header struct {
	// Entries are in the order of their bytes.
	Entries []Entry
	// Metadata is the free metadata; nil when there is none.
	Metadata map[string]string
	// DataStart is where the tensors' bytes begin in the file, and DataSize how
	// many there are.
	DataStart, DataSize int64
}

// elementType says how wide an element is and what it becomes.
type elementType struct {
	size  int
	dtype tensor.DType
}

// types are the format's element types, as its library names them. A name that
// is not listed makes the whole file unreadable, as the size of such a tensor
// is not known.
var types = map[string]elementType{
	"BOOL": {1, tensor.Bool},
	"U8":   {1, tensor.UInt8},
	"I8":   {1, tensor.Int8},
	"U16":  {2, tensor.UInt16},
	"I16":  {2, tensor.Int16},
	"F16":  {2, tensor.Float16},
	"BF16": {2, tensor.Float32},
	"I32":  {4, tensor.Int32},
	"F32":  {4, tensor.Float32},
	"I64":  {8, tensor.Int64},
	"F64":  {8, tensor.Float64},
	// Types without a counterpart: such tensors are listed and cannot be read.
	"F8_E4M3": {1, tensor.Invalid},
	"F8_E5M2": {1, tensor.Invalid},
	"F8_E8M0": {1, tensor.Invalid},
	"U32":     {4, tensor.Invalid},
	"U64":     {8, tensor.Invalid},
}

// typeNames is the way back, for writing.
var typeNames = map[tensor.DType]string{
	tensor.Bool: "BOOL", tensor.UInt8: "U8", tensor.Int8: "I8", tensor.UInt16: "U16", tensor.Int16: "I16",
	tensor.Float16: "F16", tensor.Int32: "I32", tensor.Float32: "F32", tensor.Int64: "I64", tensor.Float64: "F64",
}

// ReadHeader reads a header, and nothing behind it, from r. It takes at most a
// small multiple of the bytes that r really gives.
func ReadHeader(r io.Reader) (*Header, error) {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, fmt.Errorf("%w: header's length: %w", ErrFormat, noEOF(err))
	}
	n := binary.LittleEndian.Uint64(length[:]) // of the JSON alone
	if n > maxHeader {
		return nil, fmt.Errorf("%w: header of %d bytes, at most %d", ErrFormat, n, maxHeader)
	}
	// The buffer grows with what really arrives: the length is only claimed.
	var raw bytes.Buffer
	if _, err := io.CopyN(&raw, r, int64(n)); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrFormat, noEOF(err))
	}
	h, err := parseHeader(raw.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	h.DataStart = int64(len(length)) + int64(n)
	return h, nil
}

// noEOF makes the end of a stream an error where more must follow.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseHeader walks the top level of the JSON by hand, because decoding into a
// map would hide a name that occurs twice. Entries come in the order of the
// JSON and are sorted at the end.
func parseHeader(raw []byte) (*Header, error) {
	if !utf8.Valid(raw) { // encoding/json would replace what is wrong
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	h := &Header{}
	// The reference implementation refuses a name that comes twice; a reader that took
	// the last would show other weights than one that took the first.
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return nil, fmt.Errorf("name %s occurs twice", storage.Quote(name))
		}
		seen[name] = true
		if len(h.Entries) == maxEntries {
			return nil, fmt.Errorf("more than %d tensors", maxEntries)
		}
		if name == metadataKey {
			if err := decodeBounded(dec, maxMetadata, &h.Metadata); err != nil {
				return nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		e, err := parseEntry(dec, name)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", storage.Quote(name), err)
		}
		h.Entries = append(h.Entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return h, h.order()
}

// decodeBounded decodes the next value of a stream, whose text may have limit
// bytes. The text is bounded before it is decoded, since decoding may take many
// times its length.
func decodeBounded(dec *json.Decoder, limit int, into any) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	if len(raw) > limit {
		return fmt.Errorf("%d bytes, at most %d", len(raw), limit)
	}
	return storage.JSONError(json.Unmarshal(raw, into))
}

// parseEntry reads what is said of one tensor: {"dtype": "F16", "shape": [2, 3],
// "data_offsets": [0, 12]}. Other keys are ignored, as the reference implementation does.
func parseEntry(dec *json.Decoder, name string) (Entry, error) {
	var raw struct {
		DType   *string `json:"dtype"`
		Shape   []int   `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := decodeBounded(dec, maxEntry, &raw); err != nil {
		return Entry{}, err
	}
	if raw.DType == nil || raw.Shape == nil || len(raw.Offsets) != 2 {
		return Entry{}, errors.New("dtype, shape or data_offsets is missing")
	}
	e := Entry{Name: name, DType: *raw.DType, Shape: raw.Shape, Begin: raw.Offsets[0], End: raw.Offsets[1]}
	return e, e.check()
}

// check verifies that the entry's bytes are those of its type and shape. A
// shape without dimensions is a scalar, of one element.
func (e *Entry) check() error {
	t, ok := types[e.DType]
	if !ok {
		return fmt.Errorf("unknown element type %s", storage.Quote(e.DType))
	}
	n, ok := dtype.Count(e.Shape)
	if !ok || int64(n) > math.MaxInt64/int64(t.size) {
		return fmt.Errorf("shape %s is negative or too large", shapeText(e.Shape))
	}
	if e.Begin < 0 || e.End < e.Begin || e.End-e.Begin != int64(n)*int64(t.size) {
		return fmt.Errorf("bytes %d to %d for %s of shape %s", e.Begin, e.End, e.DType, shapeText(e.Shape))
	}
	return nil
}

// shapeText shows the first dimensions of a shape that may have many.
func shapeText(shape []int) string {
	const shown = 16
	if len(shape) > shown {
		return fmt.Sprintf("%v and %d more", shape[:shown], len(shape)-shown)
	}
	return fmt.Sprint(shape)
}

// order sorts the entries by place and verifies that they follow each other:
// the format allows no holes and no overlaps, so that no byte of a file goes
// unread or is read twice. Entries of no bytes may share a place with others;
// sorting by the end as well puts them first.
func (h *Header) order() error {
	slices.SortStableFunc(h.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	for i := range h.Entries {
		if e := &h.Entries[i]; e.Begin != h.DataSize {
			return fmt.Errorf("tensor %.100q begins at byte %d, want %d", e.Name, e.Begin, h.DataSize)
		}
		h.DataSize = h.Entries[i].End
	}
	return nil
}
