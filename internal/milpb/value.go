package milpb

// Value is a stored value: in place, or in a weight file. The type is needed to
// read either: neither place tells the shape.
type Value struct {
	DocString string
	Type      *ValueType
	// Immediate and Blob are the two places; at most one is set.
	Immediate *ImmediateValue
	Blob      *BlobFileValue
}

// ImmediateValue is a value stored in the program: at most one of its members
// is set. coremltools puts constants of fewer than ten elements here, and those
// of types that weight files lack.
type ImmediateValue struct {
	Tensor     *TensorValue
	Tuple      *ValueList
	List       *ValueList
	Dictionary *DictionaryValue
}

// ValueList is the content of a tuple or a list. The elements carry types of
// their own, which a list's must all be equal to.
type ValueList struct{ Values []Value }

// DictionaryValue is the content of a dictionary.
type DictionaryValue struct{ Pairs []KeyValue }

// KeyValue is an entry of a dictionary value.
type KeyValue struct{ Key, Value *Value }

// BlobFileValue names a place in a weight file: Offset is that of the metadata
// record, not of the data. FileName is "@model_path/weights/weight.bin" in
// every package that coremltools writes.
type BlobFileValue struct {
	FileName string
	Offset   uint64
}

// message Value: string docString = 1; ValueType type = 2; oneof { ImmediateValue
// immediateValue = 3; BlobFileValue blobFileValue = 5; }.
func (*Value) name() string { return "Value" }

// Field 4 is not used by the schema.
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

// Both places are written where both are set, and the reader takes the latter.
func (m *Value) append(b []byte) []byte {
	b = appendText(b, 1, m.DocString)
	b = appendSub(b, 2, m.Type)
	b = appendSub(b, 3, m.Immediate)
	return appendSub(b, 5, m.Blob)
}

// message Value.ImmediateValue: oneof { TensorValue tensor = 1; TupleValue tuple = 2;
// ListValue list = 3; DictionaryValue dictionary = 4; }.
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

// messages TupleValue and ListValue: repeated Value values = 1.
func (*ValueList) name() string { return "ListValue" }

func (m *ValueList) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Values, err = add(d, f, m.Values)
	}
	return err
}

func (m *ValueList) append(b []byte) []byte { return appendList(b, 1, m.Values) }

// message DictionaryValue: repeated KeyValuePair values = 1.
func (*DictionaryValue) name() string { return "DictionaryValue" }

func (m *DictionaryValue) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Pairs, err = add(d, f, m.Pairs)
	}
	return err
}

func (m *DictionaryValue) append(b []byte) []byte { return appendList(b, 1, m.Pairs) }

// message DictionaryValue.KeyValuePair: Value key = 1; Value value = 2. It is no map, as
// keys may be of any type.
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

// message Value.BlobFileValue: string fileName = 1; uint64 offset = 2.
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
