package milpb

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// FeatureDescription is one input, output or state of a model. Predictions bind
// tensors by these names.
type FeatureDescription struct {
	Name, ShortDescription string
	Type                   *FeatureType
}

// message FeatureDescription (Model.proto): string name = 1; string shortDescription = 2;
// FeatureType type = 3.
func (*FeatureDescription) name() string { return "FeatureDescription" }

// The description's text counts as metadata; the name does not.
func (m *FeatureDescription) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Name, err = d.text(f)
	case 2:
		m.ShortDescription, err = d.about(f)
	case 3:
		m.Type, err = sub(d, f, m.Type)
	}
	return err
}

func (m *FeatureDescription) append(b []byte) []byte {
	b = appendText(b, 1, m.Name)
	b = appendText(b, 2, m.ShortDescription)
	return appendSub(b, 3, m.Type)
}

// FeatureKind is the sort of a feature: its field number in FeatureType. A file
// of a later version may have others: they are skipped, and Kind stays 0.
type FeatureKind int32

// The sorts of feature.
const (
	Int64Feature      FeatureKind = 1
	DoubleFeature     FeatureKind = 2
	StringFeature     FeatureKind = 3
	ImageFeature      FeatureKind = 4
	MultiArrayFeature FeatureKind = 5
	DictionaryFeature FeatureKind = 6
	SequenceFeature   FeatureKind = 7
	StateFeature      FeatureKind = 8
)

// FeatureType is the type of a feature.
type FeatureType struct {
	// Kind is 0 when the file leaves the type out.
	Kind     FeatureKind
	Optional bool
	// Array is set for multi-arrays, and for states the array that they hold.
	Array      *ArrayFeatureType
	Image      *ImageFeatureType
	Dictionary *DictionaryFeatureType
	Sequence   *SequenceFeatureType
}

// message FeatureType (FeatureTypes.proto): a oneof by the numbers of FeatureKind, and
// bool isOptional = 1000.
func (*FeatureType) name() string { return "FeatureType" }

// A known member of the oneof that comes after another replaces it; one that
// comes again is merged with itself.
func (m *FeatureType) set(d *decoder, f field) (err error) {
	kind := FeatureKind(f.num)
	if kind >= Int64Feature && kind <= StateFeature && kind != m.Kind {
		*m = FeatureType{Kind: kind, Optional: m.Optional} // the last member of the oneof counts
	}
	switch kind {
	case Int64Feature, DoubleFeature, StringFeature:
		_, err = f.data()
	case ImageFeature:
		m.Image, err = sub(d, f, m.Image)
	case MultiArrayFeature:
		m.Array, err = sub(d, f, m.Array)
	case DictionaryFeature:
		m.Dictionary, err = sub(d, f, m.Dictionary)
	case SequenceFeature:
		m.Sequence, err = sub(d, f, m.Sequence)
	// The message between a state and its array is read into a temporary, as it
	// has no other field.
	case StateFeature:
		st := stateFeatureType{array: m.Array}
		_, err = sub(d, f, &st)
		m.Array = st.array
	case 1000:
		var v uint64
		v, err = f.varint()
		m.Optional = v != 0
	}
	return err
}

func (m *FeatureType) append(b []byte) []byte {
	// Kind 0 writes nothing, which is how it was read.
	num := protowire.Number(m.Kind)
	switch m.Kind {
	case Int64Feature, DoubleFeature, StringFeature:
		b = appendSub(b, num, &empty{})
	case ImageFeature:
		b = appendSub(b, num, orEmpty(m.Image))
	case MultiArrayFeature:
		b = appendSub(b, num, orEmpty(m.Array))
	case DictionaryFeature:
		b = appendSub(b, num, orEmpty(m.Dictionary))
	case SequenceFeature:
		b = appendSub(b, num, orEmpty(m.Sequence))
	case StateFeature:
		b = appendSub(b, num, &stateFeatureType{array: m.Array})
	}
	return appendBool(b, 1000, m.Optional)
}

// orEmpty returns m, or a zero message when it is nil: the member of a oneof is
// written even when it has no content.
func orEmpty[T any](m *T) *T {
	if m == nil {
		return new(T)
	}
	return m
}

// empty is a message without fields of interest.
type empty struct{}

func (*empty) name() string              { return "empty" }
func (*empty) set(*decoder, field) error { return nil }
func (*empty) append(b []byte) []byte    { return b }

// stateFeatureType stands between a state and its array on the wire. It came
// with version 9 of the specification.
type stateFeatureType struct{ array *ArrayFeatureType }

// message StateFeatureType: oneof { ArrayFeatureType arrayType = 1; }.
func (*stateFeatureType) name() string { return "StateFeatureType" }

func (m *stateFeatureType) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.array, err = sub(d, f, m.array)
	}
	return err
}

func (m *stateFeatureType) append(b []byte) []byte { return appendSub(b, 1, m.array) }

// ArrayDataType is the element type of a multi-array feature: 0x10000 for floating
// point, 0x20000 for signed integers, plus the bits of an element.
type ArrayDataType int32

// The element types of multi-arrays.
const (
	// float16 came with version 7 (iOS16); before it arrays of a model's
	// boundary were float32, double or int32.
	ArrayFloat16 ArrayDataType = 65552
	ArrayFloat32 ArrayDataType = 65568
	ArrayDouble  ArrayDataType = 65600
	ArrayInt8    ArrayDataType = 131080
	ArrayInt32   ArrayDataType = 131104
)

// ArrayFeatureType describes a multi-array. A shape is fixed, or one of a list,
// or bounded dimension by dimension.
type ArrayFeatureType struct {
	// Shape is the default shape. A file may leave it out for an output whose
	// shape depends on the inputs.
	Shape    []int64
	DataType ArrayDataType
	// Enumerated lists the allowed shapes, or Ranges the allowed sizes of each
	// dimension; both nil means that Shape is the only one.
	Enumerated []Shape
	Ranges     []SizeRange
	// Default is what an absent optional input is filled with, as a double, and
	// DefaultField the number of the field that holds it: 41 int32, 51 float, 61
	// double, 0 none.
	Default      float64
	DefaultField int32
}

// Shape is one of the enumerated shapes.
type Shape struct{ Sizes []int64 }

// SizeRange is the allowed sizes of a dimension. A negative Upper means that
// there is no upper bound. Both ends are allowed sizes.
type SizeRange struct {
	Lower uint64
	Upper int64
}

// message ArrayFeatureType: repeated int64 shape = 1, packed or not; ArrayDataType
// dataType = 2; oneof { EnumeratedShapes = 21; ShapeRange = 31; }; and oneof of the default
// value: int32 = 41, float = 51, double = 61.
func (*ArrayFeatureType) name() string { return "ArrayFeatureType" }

func (m *ArrayFeatureType) set(d *decoder, f field) (err error) {
	var v uint64
	switch f.num {
	case 1:
		m.Shape, err = d.ints(f, m.Shape)
	case 2:
		v, err = f.varint()
		m.DataType = ArrayDataType(int32(v))
	// As a oneof demands, list and ranges exclude each other.
	case 21:
		list := shapeList{shapes: m.Enumerated}
		_, err = sub(d, f, &list)
		m.Enumerated, m.Ranges = list.shapes, nil // the last member of the oneof counts
	case 31:
		list := rangeList{ranges: m.Ranges}
		_, err = sub(d, f, &list)
		m.Ranges, m.Enumerated = list.ranges, nil
	case 41:
		v, err = f.varint()
		m.Default, m.DefaultField = float64(int32(v)), 41
	case 51: // a float is four bytes on the wire, a double eight
		if f.typ != protowire.Fixed32Type {
			return errWire
		}
		m.Default, m.DefaultField = float64(math.Float32frombits(uint32(f.number))), 51
	case 61:
		if f.typ != protowire.Fixed64Type {
			return errWire
		}
		m.Default, m.DefaultField = math.Float64frombits(f.number), 61
	}
	return err
}

func (m *ArrayFeatureType) append(b []byte) []byte {
	b = appendInts(b, 1, m.Shape)
	b = appendVarint(b, 2, uint64(int64(m.DataType)))
	if m.Enumerated != nil {
		b = appendSub(b, 21, &shapeList{m.Enumerated})
	}
	if m.Ranges != nil {
		b = appendSub(b, 31, &rangeList{m.Ranges})
	}
	// A default of 0 is written too where the file had one: that it is there
	// says that an absent input is filled.
	switch m.DefaultField {
	case 41:
		b = appendPresent(b, 41, uint64(int64(m.Default)))
	case 51:
		b = protowire.AppendTag(b, 51, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(float32(m.Default)))
	case 61:
		b = protowire.AppendTag(b, 61, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, math.Float64bits(m.Default))
	}
	return b
}

// shapeList and rangeList are messages whose only field is repeated: the
// structs around them hold the slice itself.
type shapeList struct{ shapes []Shape }

// message EnumeratedShapes: repeated Shape shapes = 1.
func (*shapeList) name() string { return "EnumeratedShapes" }

func (m *shapeList) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.shapes, err = add(d, f, m.shapes)
	}
	return err
}

func (m *shapeList) append(b []byte) []byte { return appendList(b, 1, m.shapes) }

// message Shape: repeated int64 shape = 1.
func (*Shape) name() string { return "Shape" }

func (m *Shape) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Sizes, err = d.ints(f, m.Sizes)
	}
	return err
}

func (m *Shape) append(b []byte) []byte { return appendInts(b, 1, m.Sizes) }

type rangeList struct{ ranges []SizeRange }

// message ShapeRange: repeated SizeRange sizeRanges = 1.
func (*rangeList) name() string { return "ShapeRange" }

func (m *rangeList) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.ranges, err = add(d, f, m.ranges)
	}
	return err
}

func (m *rangeList) append(b []byte) []byte { return appendList(b, 1, m.ranges) }

// message SizeRange: uint64 lowerBound = 1; int64 upperBound = 2.
func (*SizeRange) name() string { return "SizeRange" }

func (m *SizeRange) set(_ *decoder, f field) (err error) {
	var v uint64
	switch f.num {
	case 1:
		m.Lower, err = f.varint()
	case 2:
		v, err = f.varint()
		m.Upper = int64(v)
	}
	return err
}

// A negative bound takes ten bytes, as every negative int64 of protobuf does.
func (m *SizeRange) append(b []byte) []byte {
	return appendVarint(appendVarint(b, 1, m.Lower), 2, uint64(m.Upper))
}
