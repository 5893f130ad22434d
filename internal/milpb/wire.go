package milpb

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// Limits of the decoder. A program nests a few dozen messages at most, and takes
// seven to eight bytes of memory for a byte of the file. The budget allows several
// times that, and keeps a hostile file from costing more than a small multiple of
// its own size and, whatever its size, than budgetMost: what is made of the
// messages, by this package's users too, stays below a gigabyte. Tensor data is
// not counted where it is used as it lies in the file.
//
// Metadata, which real packages have kilobytes of, has a budget of its own: it is
// shown, and so copied, many times.
const (
	maxDepth   = 200
	budgetBase = 64 << 20
	// Bytes of memory for a byte of the file.
	budgetPerByte  = 24
	budgetMost     = 128 << 20
	budgetMetadata = 16 << 20
)

// Errors that a FormatError wraps, besides those of the wire format.
var (
	// ErrDepth means that messages are nested too deeply.
	ErrDepth = errors.New("messages are nested too deeply")
	// ErrBudget means that the messages would take far more memory than the file.
	ErrBudget = errors.New("messages take too much memory for the size of the file")
	// ErrMetadata means that texts about the model, which no computation needs, take
	// too much memory.
	ErrMetadata = fmt.Errorf("descriptions and metadata are larger than %d MiB", budgetMetadata>>20)
	errWire     = errors.New("field has an unexpected wire type")
	errUTF8     = errors.New("string is not valid UTF-8")
)

// FormatError says which message of a model file is malformed. Every error of
// this package is one.
type FormatError struct {
	// Message is the innermost message's type, such as Operation.
	Message string
	// Field is the number of the field in it, 0 when none was recognised.
	Field int
	Err   error
}

// Error describes the failure.
func (e *FormatError) Error() string {
	if e.Field == 0 {
		return fmt.Sprintf("malformed %s message: %v", e.Message, e.Err)
	}
	return fmt.Sprintf("malformed %s message, field %d: %v", e.Message, e.Field, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// message is what the codec needs of each type. All three methods of a type
// stand together below its schema, which is quoted in a comment.
type message interface {
	// name is the message's protobuf name. It names the place in errors.
	name() string
	// set stores one field. It ignores numbers that it does not know.
	set(d *decoder, f field) error
	// append adds the fields to b in wire format.
	append(b []byte) []byte
}

// pointer is the constraint of the generic helpers: a *T that is a message.
type pointer[T any] interface {
	*T
	message
}

// field is one field as it lies in the file: number is the value of varint and
// fixed fields, bytes of length-delimited ones. bytes is a part of the file,
// not a copy.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	number uint64
	bytes  []byte
}

// decoder is the work area of one file: what may still be spent on it. It lives
// for one call of DecodeModel and is used by one goroutine.
type decoder struct {
	depth    int   // of the message that is being read
	budget   int64 // bytes that may still be allocated
	metadata int   // what is left for texts about the model
}

// newDecoder makes the decoder of a file of so many bytes.
func newDecoder(size int) *decoder {
	return &decoder{budget: min(budgetBase+budgetPerByte*int64(size), budgetMost), metadata: budgetMetadata}
}

// charge accounts for n bytes of memory about to be allocated. What is charged
// is an upper bound: memory that a growing slice leaves behind counts too.
func (d *decoder) charge(n int) error {
	if d.budget -= int64(n); d.budget < 0 {
		return ErrBudget
	}
	return nil
}

// decode reads the fields of b into m, on top of what m holds: a message that
// occurs twice is merged, as protobuf demands. Fields may come in any order and
// any number of times.
func (d *decoder) decode(b []byte, m message) error {
	// Counted on the way in, so that the error names the message that was too
	// deep.
	if d.depth++; d.depth > maxDepth {
		return &FormatError{Message: m.name(), Err: ErrDepth}
	}
	defer func() { d.depth-- }()
	for len(b) > 0 {
		f, n := consume(b)
		if n < 0 {
			return &FormatError{Message: m.name(), Field: int(f.num), Err: protowire.ParseError(n)}
		}
		b = b[n:]
		if err := m.set(d, f); err != nil {
			var inner *FormatError // the innermost message is named
			if errors.As(err, &inner) {
				return err
			}
			return &FormatError{Message: m.name(), Field: int(f.num), Err: err}
		}
	}
	return nil
}

// consume reads one field from the front of b. The length is negative, an error
// code of protowire, when b is malformed. It never reads beyond b: lengths are
// checked by protowire.
func consume(b []byte) (field, int) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return field{}, n
	}
	f := field{num: num, typ: typ}
	var m int
	switch typ {
	case protowire.VarintType:
		f.number, m = protowire.ConsumeVarint(b[n:])
	case protowire.Fixed32Type:
		var v uint32
		v, m = protowire.ConsumeFixed32(b[n:])
		f.number = uint64(v)
	case protowire.Fixed64Type:
		f.number, m = protowire.ConsumeFixed64(b[n:])
	case protowire.BytesType:
		f.bytes, m = protowire.ConsumeBytes(b[n:])
	default: // groups, which only unknown fields can be; they are skipped with their content
		m = protowire.ConsumeFieldValue(num, typ, b[n:])
	}
	if m < 0 {
		return f, m
	}
	return f, n + m
}

// varint returns the value of a field that must be one. A wrong wire type is an error
// here, where protobuf's own readers skip the field: a file in which a known number has
// another type was damaged.
func (f field) varint() (uint64, error) {
	if f.typ != protowire.VarintType {
		return 0, errWire
	}
	return f.number, nil
}

// data returns the content of a length-delimited field, as it lies in the file.
// Whoever keeps it keeps the file's memory in use.
func (f field) data() ([]byte, error) {
	if f.typ != protowire.BytesType {
		return nil, errWire
	}
	return f.bytes, nil
}

// text copies a string out of the file, so that names outlive its mapping.
// proto3 demands UTF-8 of strings; bytes that are none would end up in
// terminals and JSON.
func (d *decoder) text(f field) (string, error) {
	b, err := f.data()
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", errUTF8
	}
	if err := d.charge(len(b)); err != nil {
		return "", err
	}
	return string(b), nil
}

// about copies a text that describes the model.
func (d *decoder) about(f field) (string, error) {
	// The sum counts what an entry of a map costs beside its text.
	const entry = 64
	if d.metadata -= len(f.bytes) + entry; d.metadata < 0 {
		return "", ErrMetadata
	}
	return d.text(f)
}

// ints appends the values of a repeated integer field, packed or not. Packed,
// each element is a byte at least, so that a run cannot make more than eight
// times its length.
func (d *decoder) ints(f field, list []int64) ([]int64, error) {
	if f.typ == protowire.VarintType {
		list, err := grow(d, list)
		return append(list, int64(f.number)), err
	}
	b, err := f.data()
	if err != nil {
		return list, err
	}
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return list, protowire.ParseError(n)
		}
		if list, err = grow(d, list); err != nil {
			return list, err
		}
		list = append(list, int64(v))
		b = b[n:]
	}
	return list, nil
}

// sub decodes an embedded message into old, or into a new one when old is nil.
// The message is charged for by its size in memory; what it refers to is
// charged by those who make it.
func sub[T any, P pointer[T]](d *decoder, f field, old *T) (*T, error) {
	b, err := f.data()
	if err != nil {
		return old, err
	}
	if old == nil { // else it is merged
		old = new(T)
		if err := d.charge(int(unsafe.Sizeof(*old))); err != nil {
			return nil, err
		}
	}
	return old, d.decode(b, P(old))
}

// add decodes an element of a repeated message field to the end of list. A
// slice of values and not of pointers: a program has thousands of operations,
// and an allocation for each would cost more than decoding.
func add[T any, P pointer[T]](d *decoder, f field, list []T) ([]T, error) {
	b, err := f.data()
	if err != nil {
		return list, err
	}
	if list, err = grow(d, list); err != nil {
		return list, err
	}
	var zero T
	list = append(list, zero)
	return list, d.decode(b, P(&list[len(list)-1]))
}

// grow makes room for one more element, doubling, and charges for it. The new
// length is charged in full, as the old memory stays until the collector comes.
func grow[T any](d *decoder, list []T) ([]T, error) {
	if len(list) < cap(list) {
		return list, nil
	}
	var zero T
	n := max(1, len(list)) // many lists have one element
	if err := d.charge((len(list) + n) * int(unsafe.Sizeof(zero))); err != nil {
		return list, err
	}
	return slices.Grow(list, n), nil
}

// appendSub adds an embedded message, nothing when m is nil. An empty message
// that is there is written, with length 0.
func appendSub[T any, P pointer[T]](b []byte, num protowire.Number, m *T) []byte {
	if m == nil {
		return b
	}
	b = protowire.AppendTag(b, num, protowire.BytesType)
	// The length stands before the content and is known after it. One byte is reserved for
	// it, which is enough for most messages.
	start := len(b)
	b = P(m).append(append(b, 0))
	return patchLength(b, start)
}

// patchLength writes the length of b[start+1:] at start, where one byte was
// reserved for it, and shifts the content when it takes more. The shift copies
// what has been written of the message, once for each level that it is nested
// in.
func patchLength(b []byte, start int) []byte {
	n := len(b) - start - 1
	if size := protowire.SizeVarint(uint64(n)); size > 1 {
		b = append(b, make([]byte, size-1)...)
		copy(b[start+size:], b[start+1:start+1+n])
	}
	protowire.AppendVarint(b[:start], uint64(n))
	return b
}

// appendList adds a repeated message field.
func appendList[T any, P pointer[T]](b []byte, num protowire.Number, list []T) []byte {
	for i := range list {
		b = appendSub[T, P](b, num, &list[i])
	}
	return b
}

// appendText adds a string field, nothing when it is empty.
func appendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// appendVarint adds a varint field, nothing when it is zero. proto3 leaves
// fields out that have the default value.
func appendVarint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return appendPresent(b, num, v)
}

// appendPresent adds a varint field even when it is zero, for members of a oneof.
func appendPresent(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// appendBool adds a bool field, nothing when it is false.
func appendBool(b []byte, num protowire.Number, v bool) []byte {
	return appendVarint(b, num, protowire.EncodeBool(v))
}

// appendInts adds a packed repeated integer field.
func appendInts(b []byte, num protowire.Number, list []int64) []byte {
	if len(list) == 0 {
		return b
	}
	b = protowire.AppendTag(b, num, protowire.BytesType)
	start := len(b)
	b = append(b, 0)
	for _, v := range list {
		b = protowire.AppendVarint(b, uint64(v))
	}
	return patchLength(b, start)
}
