package milpb

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// TensorField says which field of TensorValue holds the elements. Which one a
// type takes is coremltools' convention: halves and types of at most 8 bits are
// in Bytes, packed as in a weight file.
type TensorField int32

// The fields of TensorValue, by number.
const (
	Floats   TensorField = 1
	Ints     TensorField = 2
	Bools    TensorField = 3
	Strings  TensorField = 4
	LongInts TensorField = 5
	Doubles  TensorField = 6
	Bytes    TensorField = 7
)

// TensorValue is the elements of a tensor.
type TensorValue struct {
	// Field is 0 when the file leaves the elements out.
	Field TensorField
	// Data is the elements in little-endian form, whatever the field: 4 bytes
	// for each of Floats and Ints, 8 for Doubles and LongInts, one (0 or 1) for
	// Bools, the raw content for Bytes. It may refer to the decoded file. What
	// is aliased must not be written to, and is valid as long as the file's
	// memory.
	Data []byte
	// Strings is the elements of a string tensor.
	Strings []string
}

// message TensorValue: oneof of seven messages, by the numbers of TensorField, each with
// a repeated field of number 1. Codec and struct leave the inner message out.
func (*TensorValue) name() string { return "TensorValue" }

// An unknown member is skipped, which leaves the value without elements.
func (m *TensorValue) set(d *decoder, f field) error {
	kind := TensorField(f.num)
	if kind < Floats || kind > Bytes {
		return nil
	}
	b, err := f.data()
	if err != nil {
		return err
	}
	if m.Field != kind { // another member of the oneof: the one before is gone
		*m = TensorValue{Field: kind}
	}
	// A member that comes again adds elements: merging two messages joins their
	// repeated fields.
	return d.decode(b, (*tensorElements)(m))
}

func (m *TensorValue) append(b []byte) []byte {
	if m.Field < Floats || m.Field > Bytes {
		return b
	}
	return appendSub(b, protowire.Number(m.Field), (*tensorElements)(m))
}

// tensorElements is the message inside a TensorValue: one repeated field, whose
// element type Field tells. It has TensorValue's memory and its own methods, so
// that nothing is copied between the two.
type tensorElements TensorValue

func (*tensorElements) name() string { return "TensorValue" }

func (m *tensorElements) set(d *decoder, f field) (err error) {
	if f.num != 1 {
		return nil
	}
	switch m.Field {
	case Floats:
		m.Data, err = d.fixed(f, m.Data, protowire.Fixed32Type)
	case Doubles:
		m.Data, err = d.fixed(f, m.Data, protowire.Fixed64Type)
	case Strings:
		m.Strings, err = d.texts(f, m.Strings)
	// Not repeated: a bytes field, of which the last counts.
	case Bytes:
		m.Data, err = f.data()
	default:
		m.Data, err = d.varints(f, m.Data, m.Field)
	}
	return err
}

// fixed appends fixed-width elements. A packed run, the usual case, has the
// wanted form already and is referred to, so that reading a large constant
// costs nothing. Little-endian is protobuf's order and Data's.
func (d *decoder) fixed(f field, data []byte, typ protowire.Type) ([]byte, error) {
	size := 4
	if typ == protowire.Fixed64Type {
		size = 8
	}
	// One by one, as a writer may do who does not pack: the slice grows by doubling, so
	// that an element costs up to four times its size.
	if f.typ == typ {
		if err := d.charge(4 * size); err != nil {
			return data, err
		}
		if size == 4 {
			return binary.LittleEndian.AppendUint32(data, uint32(f.number)), nil
		}
		return binary.LittleEndian.AppendUint64(data, f.number), nil
	}
	b, err := f.data()
	if err != nil {
		return data, err
	}
	// A run that ends within an element was cut.
	if len(b)%size != 0 {
		return data, protowire.ParseError(-1)
	}
	if data == nil { // capped, so that nobody appends into the file
		return b[:len(b):len(b)], nil
	}
	if err := d.charge(2 * (len(data) + len(b))); err != nil {
		return data, err
	}
	return append(data, b...), nil
}

// varints appends integers and bools in little-endian form. Unlike fixed-width
// runs these cannot be referred to.
func (d *decoder) varints(f field, data []byte, kind TensorField) ([]byte, error) {
	// One element alone, not packed. 16 is what it costs with the growth of the
	// slice.
	if f.typ == protowire.VarintType {
		return appendElement(data, kind, f.number), d.charge(16)
	}
	b, err := f.data()
	if err != nil {
		return data, err
	}
	// Counting first allocates once, and exactly: each element ends with a byte
	// below 0x80.
	count := 0
	for _, c := range b {
		if c < 0x80 {
			count++
		}
	}
	size := elementSize(kind)
	if err := d.charge(2*len(data) + count*size); err != nil {
		return data, err
	}
	out := make([]byte, len(data), len(data)+count*size)
	copy(out, data)
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return data, protowire.ParseError(n)
		}
		out = appendElement(out, kind, v)
		b = b[n:]
	}
	return out, nil
}

// elementSize is the width of an element in Data.
func elementSize(kind TensorField) int {
	switch kind {
	case Bools:
		return 1
	case Floats, Ints:
		return 4
	default:
		return 8
	}
}

// appendElement adds an element that was a varint. Protobuf gives negative numbers as
// 64 bits whatever their type: of an int32 the lower half counts.
func appendElement(data []byte, kind TensorField, v uint64) []byte {
	switch kind {
	case Bools:
		return append(data, byte(protowire.EncodeBool(v != 0)))
	case Ints:
		return binary.LittleEndian.AppendUint32(data, uint32(v))
	default:
		return binary.LittleEndian.AppendUint64(data, v)
	}
}

// Numbers are written packed, as proto3 does; strings cannot be.
func (m *tensorElements) append(b []byte) []byte {
	switch m.Field {
	case Strings:
		return appendTexts(b, 1, m.Strings)
	case Floats, Doubles, Bytes:
		if len(m.Data) == 0 {
			return b
		}
		return protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), m.Data)
	}
	if len(m.Data) == 0 {
		return b
	}
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	// One byte for the length, which patchLength widens where it takes more.
	start := len(b)
	b = append(b, 0)
	size := elementSize(m.Field)
	for at := 0; at+size <= len(m.Data); at += size {
		switch size {
		case 1:
			b = append(b, m.Data[at])
		case 4: // negative int32 are written in ten bytes, sign-extended
			b = protowire.AppendVarint(b, uint64(int64(int32(binary.LittleEndian.Uint32(m.Data[at:])))))
		default:
			b = protowire.AppendVarint(b, binary.LittleEndian.Uint64(m.Data[at:]))
		}
	}
	return patchLength(b, start)
}

// texts appends one element of a repeated string field. An empty string is an
// element like any other.
func (d *decoder) texts(f field, list []string) ([]string, error) {
	s, err := d.text(f)
	if err != nil {
		return list, err
	}
	if list, err = grow(d, list); err != nil {
		return list, err
	}
	return append(list, s), nil
}

// appendTexts adds a repeated string field: strings are never packed.
func appendTexts(b []byte, num protowire.Number, list []string) []byte {
	for _, s := range list {
		b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
	}
	return b
}
