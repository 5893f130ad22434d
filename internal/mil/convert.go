package mil

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
)

// MaxRank is the largest number of dimensions that is accepted. Core ML itself
// limits most operators to 5; look-up tables add 2 to their weight's. 16 bounds
// what a file can ask for and is above both.
const MaxRank = 16

// sortFunctions and sortArguments put entries in the order of their names. They
// are maps in the format, whose order means nothing and differs from writer to
// writer.
func sortFunctions(list []*Function) {
	slices.SortFunc(list, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
}

func sortArguments(list []Argument) {
	slices.SortFunc(list, func(a, b Argument) int { return strings.Compare(a.Name, b.Name) })
}

// convertType reads a declared type. What the engine computes with is tensors
// and states; of lists, tuples and dictionaries only so much is kept as
// descriptions need.
func convertType(m *milpb.ValueType) (Type, error) {
	switch {
	case m == nil:
		return Type{}, bad(ErrType, "it is missing")
	case m.Tensor != nil:
		return tensorType(m.Tensor)
	case m.State != nil:
		if m.State.Wrapped == nil || m.State.Wrapped.Tensor == nil {
			return Type{}, bad(ErrType, "a state must wrap a tensor")
		}
		t, err := tensorType(m.State.Wrapped.Tensor)
		t.Kind = State
		return t, err
	case m.List != nil:
		if m.List.Type == nil || m.List.Type.Tensor == nil {
			return Type{Kind: List}, nil
		}
		t, err := tensorType(m.List.Type.Tensor)
		t.Kind = List
		return t, err
	case m.Tuple != nil:
		return Type{Kind: Tuple}, nil
	case m.Dictionary != nil:
		t := Type{Kind: Dictionary}
		if k := m.Dictionary.Key; k != nil && k.Tensor != nil {
			t.DType = dtypes[k.Tensor.DataType]
		}
		return t, nil
	default:
		return Type{}, bad(ErrType, "it is empty")
	}
}

// tensorType reads the type of a tensor. The rank stands beside the dimensions
// in the format, and a negative one means that nothing is known of them. Shape
// and rank must agree, as both are used further on.
func tensorType(m *milpb.TensorType) (Type, error) {
	t := Type{DType: dtypes[m.DataType], Variadic: m.Rank < 0}
	if t.DType == dtype.Invalid {
		return t, bad(ErrType, "element type %d is not known", m.DataType)
	}
	if len(m.Dimensions) > MaxRank {
		return t, bad(ErrType, "%d dimensions are more than %d", len(m.Dimensions), MaxRank)
	}
	for _, d := range m.Dimensions {
		switch d.Kind {
		case milpb.ConstantDimension:
			if d.Size > math.MaxInt {
				return t, bad(ErrType, "dimension of size %d", d.Size)
			}
			t.Shape = append(t.Shape, int(d.Size))
		case milpb.UnknownDimension:
			t.Shape = append(t.Shape, Unknown)
		case milpb.VariadicDimension: // any number of dimensions in the place of one
			t.Variadic = true
		default:
			return t, bad(ErrType, "dimension without a size")
		}
	}
	if !t.Variadic && m.Rank != int64(len(t.Shape)) {
		return t, bad(ErrType, "rank %d with %d dimensions", m.Rank, len(t.Shape))
	}
	return t, nil
}

// convertValue reads a stored value. The content is referred to and not copied
// wherever the file has the form of Const.Data already, so that weights of
// gigabytes cost nothing here.
func convertValue(ctx context.Context, m *milpb.Value, blobs BlobSource) (Type, *Const, error) {
	if m == nil {
		return Type{}, nil, bad(ErrConst, "value is missing")
	}
	t, err := convertType(m.Type)
	if err != nil {
		return t, nil, err
	}
	if t.Kind == List && m.Immediate != nil {
		c, err := listConst(ctx, t, m.Immediate.List)
		return t, c, err
	}
	if t.Kind != Tensor {
		return t, nil, bad(ErrConst, "stored value of type %v", t)
	}
	n, ok := dtype.Count(t.Shape)
	if !ok || t.Variadic {
		return t, nil, bad(ErrConst, "type %v has no fixed size", t)
	}
	c := &Const{DType: t.DType, Shape: t.Shape}
	switch {
	case m.Blob != nil:
		err = fillBlob(c, n, m.Blob, blobs)
	case m.Immediate != nil && m.Immediate.Tensor != nil:
		err = fillImmediate(ctx, c, n, m.Immediate.Tensor)
	default:
		err = bad(ErrConst, "value has no content")
	}
	return t, c, err
}

// listConst reads a list of tensors of one type as a tensor with one more
// dimension. The elements must be stored in place: they are copied together,
// and a list could name the same large blob any number of times. The classes of
// a classifier are such a list.
func listConst(ctx context.Context, t Type, m *milpb.ValueList) (*Const, error) {
	if m == nil {
		return nil, bad(ErrConst, "list without elements")
	}
	c := &Const{DType: t.DType, Shape: append([]int{len(m.Values)}, t.Shape...)}
	for i := range m.Values {
		if err := ended(ctx, i); err != nil {
			return nil, err
		}
		if m.Values[i].Type == nil || m.Values[i].Type.Tensor == nil {
			return nil, bad(ErrConst, "list element %d is no tensor", i)
		}
		et, e, err := convertValue(ctx, &m.Values[i], nil)
		if err != nil {
			return nil, err
		}
		if et.DType != t.DType || !slices.Equal(et.Shape, t.Shape) || et.DType.Size() == 0 && et.DType != dtype.String {
			return nil, bad(ErrConst, "list element %d has type %v in a %v", i, et, t)
		}
		c.Data = append(c.Data, e.Data...)
		c.Strings = append(c.Strings, e.Strings...)
	}
	return c, nil
}

// fillBlob refers to n elements of a weight file. The weight file says type and
// length by itself; both must be what the program declares, or one of the files
// belongs to another package.
func fillBlob(c *Const, n int, m *milpb.BlobFileValue, blobs BlobSource) error {
	if blobs == nil {
		return bad(ErrConst, "there is no weight file %s", Plain(m.FileName))
	}
	b, err := blobs.Blob(m.FileName, m.Offset)
	if err != nil {
		return err
	}
	if b.DType != c.DType {
		return bad(ErrConst, "%s holds %v at offset %d where the program declares %v", Plain(m.FileName), b.DType, m.Offset, c.DType)
	}
	if !b.Holds(n) {
		return bad(ErrConst, "%s holds %d bytes at offset %d, which is not %d elements of %v", Plain(m.FileName), len(b.Data), m.Offset, n, c.DType)
	}
	c.Data, c.Blob, c.Offset = b.Data, m.FileName, m.Offset
	return nil
}

// fillImmediate gives c the n elements that the program stores in place, in the
// form that Const.Data has for every type. have is the number of elements or,
// for Bytes, of bytes.
func fillImmediate(ctx context.Context, c *Const, n int, m *milpb.TensorValue) error {
	have := len(m.Data)
	switch m.Field {
	case milpb.Strings:
		if c.DType != dtype.String || len(m.Strings) != n {
			return bad(ErrConst, "%d strings for %d elements of %v", len(m.Strings), n, c.DType)
		}
		c.Strings = m.Strings
		return nil
	case milpb.Ints:
		have /= 4
	case milpb.Floats:
		have /= 4
	case milpb.LongInts, milpb.Doubles:
		have /= 8
	case milpb.Bools:
	case milpb.Bytes: // types of less than 32 bits: packed as in a weight file
		want, ok := c.DType.PackedLen(n)
		if !ok || want != have {
			return bad(ErrConst, "%d bytes for %d elements of %v", have, n, c.DType)
		}
		c.Data = m.Data
		return nil
	default:
		// An empty tensor may lack the field altogether.
		if n == 0 {
			return nil
		}
		return bad(ErrConst, "value has no content")
	}
	if have != n {
		return bad(ErrConst, "%d values for %d elements of %v", have, n, c.DType)
	}
	return fillTyped(ctx, c, m)
}

// fillTyped converts typed elements. A field of the wrong sort is an error, but
// integers may be narrower than the field that carries them. Only narrow
// integers are converted, and so copied.
func fillTyped(ctx context.Context, c *Const, m *milpb.TensorValue) error {
	same := m.Field == milpb.Floats && c.DType == dtype.Float32 ||
		m.Field == milpb.Doubles && c.DType == dtype.Float64 ||
		m.Field == milpb.Bools && c.DType == dtype.Bool ||
		m.Field == milpb.Ints && (c.DType == dtype.Int32 || c.DType == dtype.UInt32) ||
		m.Field == milpb.LongInts && (c.DType == dtype.Int64 || c.DType == dtype.UInt64)
	if same {
		c.Data = m.Data
		return nil
	}
	// The format has no field of their own for narrow integers: a writer may take that of
	// 32 bits.
	width := c.DType.Size()
	if !c.DType.IsInt() || width == 0 || m.Field != milpb.Ints && m.Field != milpb.LongInts {
		return bad(ErrConst, "elements of type %v cannot be stored in field %d", c.DType, m.Field)
	}
	from := dtype.Int32
	if m.Field == milpb.LongInts {
		from = dtype.Int64
	}
	n := len(m.Data) / from.Size()
	data := make([]byte, 0, n*width)
	for i := range n {
		if err := ended(ctx, i); err != nil {
			return err
		}
		v := IntAt(m.Data, from, i)
		if !fits(v, c.DType) {
			return bad(ErrConst, "element %d, %d, does not fit %v", i, v, c.DType)
		}
		data = appendInt(data, v, width)
	}
	c.Data = data
	return nil
}

// fits reports whether an integer type can hold v. Types of 64 bits always do:
// v came from one, or is an int.
func fits(v int, t dtype.Type) bool {
	bits := t.Bits()
	if bits >= 64 {
		return true
	}
	if t.IsSigned() {
		return int64(v) >= -1<<(bits-1) && int64(v) < 1<<(bits-1)
	}
	return v >= 0 && int64(v) < 1<<bits
}

// appendInt appends v in little-endian form of width bytes.
func appendInt(data []byte, v, width int) []byte {
	switch width {
	case 1:
		return append(data, byte(v))
	case 2:
		return binary.LittleEndian.AppendUint16(data, uint16(v))
	case 4:
		return binary.LittleEndian.AppendUint32(data, uint32(v))
	default:
		return binary.LittleEndian.AppendUint64(data, uint64(v))
	}
}
