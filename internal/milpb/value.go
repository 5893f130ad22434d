package milpb

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// Value is a stored value: in place, or in a weight file.
type Value struct {
	DocString string
	Type      *ValueType
	// Immediate and Blob are the two places; at most one is set.
	Immediate *ImmediateValue
	Blob      *BlobFileValue
}

// ImmediateValue is a value stored in the program: at most one of its members is
// set.
type ImmediateValue struct {
	Tensor     *TensorValue
	Tuple      *ValueList
	List       *ValueList
	Dictionary *DictionaryValue
}

// ValueList is the content of a tuple or a list.
type ValueList struct{ Values []Value }

// DictionaryValue is the content of a dictionary.
type DictionaryValue struct{ Pairs []KeyValue }

// KeyValue is an entry of a dictionary value.
type KeyValue struct{ Key, Value *Value }

// BlobFileValue names a place in a weight file: Offset is that of the metadata
// record, not of the data.
type BlobFileValue struct {
	FileName string
	Offset   uint64
}

// TensorField says which field of TensorValue holds the elements.
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
	// Data is the elements in little-endian form, whatever the field: 4 bytes for
	// each of Floats and Ints, 8 for Doubles and LongInts, one (0 or 1) for Bools,
	// the raw content for Bytes. It may refer to the decoded file.
	Data []byte
	// Strings is the elements of a string tensor.
	Strings []string
}

func (*Value) name() string { return "Value" }

func (m *Value) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.DocString, err = d.about(f)
	case 2:
		m.Type, err = sub(d, f, m.Type)
	case 3:
		m.Blob = nil
		m.Immediate, err = sub(d, f, m.Immediate)
	case 5:
		m.Immediate = nil
		m.Blob, err = sub(d, f, m.Blob)
	}
	return err
}

func (m *Value) append(b []byte) []byte {
	b = appendText(b, 1, m.DocString)
	b = appendSub(b, 2, m.Type)
	b = appendSub(b, 3, m.Immediate)
	return appendSub(b, 5, m.Blob)
}

func (*ImmediateValue) name() string { return "ImmediateValue" }

func (m *ImmediateValue) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		*m = ImmediateValue{Tensor: m.Tensor}
		m.Tensor, err = sub(d, f, m.Tensor)
	case 2:
		*m = ImmediateValue{Tuple: m.Tuple}
		m.Tuple, err = sub(d, f, m.Tuple)
	case 3:
		*m = ImmediateValue{List: m.List}
		m.List, err = sub(d, f, m.List)
	case 4:
		*m = ImmediateValue{Dictionary: m.Dictionary}
		m.Dictionary, err = sub(d, f, m.Dictionary)
	}
	return err
}

func (m *ImmediateValue) append(b []byte) []byte {
	b = appendSub(b, 1, m.Tensor)
	b = appendSub(b, 2, m.Tuple)
	b = appendSub(b, 3, m.List)
	return appendSub(b, 4, m.Dictionary)
}

func (*ValueList) name() string { return "ListValue" }

func (m *ValueList) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Values, err = add(d, f, m.Values)
	}
	return err
}

func (m *ValueList) append(b []byte) []byte { return appendList(b, 1, m.Values) }

func (*DictionaryValue) name() string { return "DictionaryValue" }

func (m *DictionaryValue) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Pairs, err = add(d, f, m.Pairs)
	}
	return err
}

func (m *DictionaryValue) append(b []byte) []byte { return appendList(b, 1, m.Pairs) }

func (*KeyValue) name() string { return "KeyValuePair" }

func (m *KeyValue) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Key, err = sub(d, f, m.Key)
	case 2:
		m.Value, err = sub(d, f, m.Value)
	}
	return err
}

func (m *KeyValue) append(b []byte) []byte {
	return appendSub(appendSub(b, 1, m.Key), 2, m.Value)
}

func (*BlobFileValue) name() string { return "BlobFileValue" }

func (m *BlobFileValue) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.FileName, err = d.text(f)
	case 2:
		m.Offset, err = f.varint()
	}
	return err
}

func (m *BlobFileValue) append(b []byte) []byte {
	return appendVarint(appendText(b, 1, m.FileName), 2, m.Offset)
}

func (*TensorValue) name() string { return "TensorValue" }

func (m *TensorValue) set(d *decoder, f field) error {
	kind := TensorField(f.num)
	if kind < Floats || kind > Bytes {
		return nil
	}
	b, err := f.data()
	if err != nil {
		return err
	}
	if m.Field != kind {
		*m = TensorValue{Field: kind}
	}
	return d.decode(b, (*tensorElements)(m))
}

func (m *TensorValue) append(b []byte) []byte {
	if m.Field < Floats || m.Field > Bytes {
		return b
	}
	return appendSub(b, protowire.Number(m.Field), (*tensorElements)(m))
}

// tensorElements is the message inside a TensorValue: one repeated field, whose
// element type Field tells.
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
	case Bytes:
		m.Data, err = f.data()
	default:
		m.Data, err = d.varints(f, m.Data, m.Field)
	}
	return err
}

// fixed appends fixed-width elements. A packed run, the usual case, has the wanted
// form already and is referred to.
func (d *decoder) fixed(f field, data []byte, typ protowire.Type) ([]byte, error) {
	size := 4
	if typ == protowire.Fixed64Type {
		size = 8
	}
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
	if len(b)%size != 0 {
		return data, protowire.ParseError(-1)
	}
	if data == nil {
		return b[:len(b):len(b)], nil
	}
	if err := d.charge(2 * (len(data) + len(b))); err != nil {
		return data, err
	}
	return append(data, b...), nil
}

// varints appends integers and bools in little-endian form.
func (d *decoder) varints(f field, data []byte, kind TensorField) ([]byte, error) {
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

// texts appends one element of a repeated string field.
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

func appendTexts(b []byte, num protowire.Number, list []string) []byte {
	for _, s := range list {
		b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
	}
	return b
}
