package milpb

// DataType is an element type, by its number in MIL.proto's enum of that name. The gaps
// between the groups are the format's.
type DataType int32

// The element types.
const (
	Bool         DataType = 1
	String       DataType = 2
	Float16      DataType = 10
	Float32      DataType = 11
	Float64      DataType = 12
	BFloat16     DataType = 13
	Int8         DataType = 21
	Int16        DataType = 22
	Int32        DataType = 23
	Int64        DataType = 24
	Int4         DataType = 25
	UInt8        DataType = 31
	UInt16       DataType = 32
	UInt32       DataType = 33
	UInt64       DataType = 34
	UInt4        DataType = 35
	UInt2        DataType = 36
	UInt1        DataType = 37
	UInt6        DataType = 38
	UInt3        DataType = 39
	Float8E4M3FN DataType = 40
	Float8E5M2   DataType = 41
)

// ValueType is a type: at most one of its members is set. Nearly everything is
// a tensor; states, and what classifiers and lists need, are the rest.
type ValueType struct {
	Tensor     *TensorType
	List       *ListType
	Tuple      *TupleType
	Dictionary *DictionaryType
	// State is the type that a state wraps.
	State *StateType
}

// TensorType is the type of a tensor. Rank repeats the number of dimensions
// where that is known. A scalar has rank 0 and no dimensions.
type TensorType struct {
	DataType DataType
	// Rank is the number of dimensions, negative when it is unknown.
	Rank       int64
	Dimensions []Dimension
	Attributes []NamedValue
}

// ListType is the type of a list. Length is an unknown dimension where it
// depends on the run.
type ListType struct {
	Type   *ValueType
	Length *Dimension
}

// TupleType is the type of a tuple.
type TupleType struct{ Types []ValueType }

// DictionaryType is the type of a dictionary.
type DictionaryType struct{ Key, Value *ValueType }

// StateType is the type of a state. Only tensors can be wrapped, though the
// schema allows any type.
type StateType struct{ Wrapped *ValueType }

// DimensionKind tells constant dimensions from unknown ones.
type DimensionKind uint8

// The kinds of dimension. UnsetDimension is one that the file leaves empty.
const (
	UnsetDimension DimensionKind = iota
	ConstantDimension
	UnknownDimension
	// It stands for any number of dimensions.
	VariadicDimension
)

// Dimension is one dimension of a tensor type.
type Dimension struct {
	Kind DimensionKind
	// Size is the size of a constant dimension.
	Size uint64
}

// message ValueType: oneof { TensorType = 1; ListType = 2; TupleType = 3;
// DictionaryType = 4; StateType = 5; }. A member that comes again adds to the one before,
// another one replaces it.
func (*ValueType) name() string { return "ValueType" }

// Each case clears the other members first, which is what makes it a oneof.
func (m *ValueType) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		*m = ValueType{Tensor: m.Tensor}
		m.Tensor, err = sub(d, f, m.Tensor)
	case 2:
		*m = ValueType{List: m.List}
		m.List, err = sub(d, f, m.List)
	case 3:
		*m = ValueType{Tuple: m.Tuple}
		m.Tuple, err = sub(d, f, m.Tuple)
	case 4:
		*m = ValueType{Dictionary: m.Dictionary}
		m.Dictionary, err = sub(d, f, m.Dictionary)
	case 5:
		*m = ValueType{State: m.State}
		m.State, err = sub(d, f, m.State)
	}
	return err
}

func (m *ValueType) append(b []byte) []byte {
	b = appendSub(b, 1, m.Tensor)
	b = appendSub(b, 2, m.List)
	b = appendSub(b, 3, m.Tuple)
	b = appendSub(b, 4, m.Dictionary)
	return appendSub(b, 5, m.State)
}

// message TensorType: DataType dataType = 1; int64 rank = 2; repeated Dimension
// dimensions = 3; map<string, Value> attributes = 4. A negative rank takes ten bytes.
func (*TensorType) name() string { return "TensorType" }

func (m *TensorType) set(d *decoder, f field) (err error) {
	var v uint64
	switch f.num {
	case 1:
		v, err = f.varint()
		m.DataType = DataType(int32(v))
	case 2:
		v, err = f.varint()
		m.Rank = int64(v)
	case 3:
		m.Dimensions, err = add(d, f, m.Dimensions)
	case 4:
		m.Attributes, err = add(d, f, m.Attributes)
	}
	return err
}

func (m *TensorType) append(b []byte) []byte {
	b = appendVarint(b, 1, uint64(int64(m.DataType)))
	b = appendVarint(b, 2, uint64(m.Rank))
	b = appendList(b, 3, m.Dimensions)
	return appendList(b, 4, m.Attributes)
}

// message ListType: ValueType type = 1; Dimension length = 2.
func (*ListType) name() string { return "ListType" }

func (m *ListType) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Type, err = sub(d, f, m.Type)
	case 2:
		m.Length, err = sub(d, f, m.Length)
	}
	return err
}

func (m *ListType) append(b []byte) []byte {
	return appendSub(appendSub(b, 1, m.Type), 2, m.Length)
}

// message TupleType: repeated ValueType types = 1.
func (*TupleType) name() string { return "TupleType" }

func (m *TupleType) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Types, err = add(d, f, m.Types)
	}
	return err
}

func (m *TupleType) append(b []byte) []byte { return appendList(b, 1, m.Types) }

// message DictionaryType: ValueType keyType = 1; ValueType valueType = 2.
func (*DictionaryType) name() string { return "DictionaryType" }

func (m *DictionaryType) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Key, err = sub(d, f, m.Key)
	case 2:
		m.Value, err = sub(d, f, m.Value)
	}
	return err
}

func (m *DictionaryType) append(b []byte) []byte {
	return appendSub(appendSub(b, 1, m.Key), 2, m.Value)
}

// message StateType: ValueType wrappedType = 1, since iOS18.
func (*StateType) name() string { return "StateType" }

func (m *StateType) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Wrapped, err = sub(d, f, m.Wrapped)
	}
	return err
}

func (m *StateType) append(b []byte) []byte { return appendSub(b, 1, m.Wrapped) }

// message Dimension: oneof { ConstantDimension constant = 1; UnknownDimension unknown = 2; },
// where the first has a uint64 size = 1 and the second a bool variadic = 1. Both are empty
// messages for size 0 and for an open dimension, and must be written all the same.
func (*Dimension) name() string { return "Dimension" }

// A dimension has no zero form: size 0 and none at all differ.
func (m *Dimension) set(d *decoder, f field) error {
	switch f.num {
	case 1:
		size := number{v: m.Size} // merged like any other message
		_, err := sub(d, f, &size)
		*m = Dimension{Kind: ConstantDimension, Size: size.v}
		return err
	case 2:
		var variadic number
		_, err := sub(d, f, &variadic)
		*m = Dimension{Kind: UnknownDimension}
		if variadic.v != 0 {
			m.Kind = VariadicDimension
		}
		return err
	}
	return nil
}

func (m *Dimension) append(b []byte) []byte {
	switch m.Kind {
	case ConstantDimension:
		b = appendSub(b, 1, &number{m.Size})
	case UnknownDimension:
		b = appendSub(b, 2, &number{0})
	case VariadicDimension:
		b = appendSub(b, 2, &number{1})
	}
	return b
}

// number is a message whose only field is a varint.
type number struct{ v uint64 }

func (*number) name() string { return "Dimension" }

func (m *number) set(_ *decoder, f field) (err error) {
	if f.num == 1 {
		m.v, err = f.varint()
	}
	return err
}

func (m *number) append(b []byte) []byte { return appendVarint(b, 1, m.v) }
