package mil

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Const adds a constant of packed little-endian elements, which it does not
// copy. The caller must leave data alone as long as the program is in use. A
// length that does not fit the type is found by Function.
func (b *Builder) Const(name string, t dtype.Type, shape []int, data []byte) *Value {
	return b.constant(name, &Const{DType: t, Shape: slices.Clone(shape), Data: data})
}

// Stored adds a constant that has been written to a weight file already, for
// programs whose weights do not fit into memory. Such a program can be written,
// not executed. The offset is that of the blob's metadata record, as modelpkg's
// Writer returns it.
func (b *Builder) Stored(name string, t dtype.Type, shape []int, fileName string, offset uint64) *Value {
	return b.constant(name, &Const{DType: t, Shape: slices.Clone(shape), Blob: fileName, Offset: offset})
}

// constant adds the operation that gives a constant. In a program every
// constant is an operation with a name; whether its bytes end up in the weight
// file is decided when it is written.
func (b *Builder) constant(name string, c *Const) *Value {
	op := &Op{Type: "const"}
	v := &Value{Name: b.unique(name, "const"), Type: TensorType(c.DType, c.Shape...), Producer: op, Const: c}
	op.Name, op.Outputs = v.Name, []*Value{v}
	b.append(op)
	return v
}

// Int adds an int32 scalar. Shapes, axes and sizes are int32 in the format,
// whatever the data.
func (b *Builder) Int(name string, v int) *Value {
	return b.integers(name, dtype.Int32, nil, v)
}

// Ints adds an int32 vector.
func (b *Builder) Ints(name string, v ...int) *Value {
	return b.integers(name, dtype.Int32, []int{len(v)}, v...)
}

// IntTensor adds a constant of any integer type, sub-byte ones and bool
// included. Shape nil is a scalar.
func (b *Builder) IntTensor(name string, t dtype.Type, shape []int, v ...int) *Value {
	return b.integers(name, t, shape, v...)
}

// integers packs values. What does not fit is a mistake of the caller: the
// builder keeps it, and Function reports the first of them.
func (b *Builder) integers(name string, t dtype.Type, shape []int, v ...int) *Value {
	data, err := PackInts(t, v)
	if err != nil {
		b.fail(&Error{Function: b.fn.Name, OpType: "const", Op: name, Err: err})
	}
	return b.Const(name, t, shape, data)
}

// Bool adds a bool scalar.
func (b *Builder) Bool(name string, v bool) *Value {
	return b.Const(name, dtype.Bool, nil, packBools(v))
}

// Bools adds a bool vector.
func (b *Builder) Bools(name string, v ...bool) *Value {
	return b.Const(name, dtype.Bool, []int{len(v)}, packBools(v...))
}

// Text adds a string scalar.
func (b *Builder) Text(name, s string) *Value {
	return b.constant(name, &Const{DType: dtype.String, Strings: []string{s}})
}

// Float adds a scalar of a floating-point type, rounded to it.
func (b *Builder) Float(name string, t dtype.Type, v float32) *Value {
	return b.Floats(name, t, nil, v)
}

// Floats adds a constant of a floating-point type, rounded to it.
func (b *Builder) Floats(name string, t dtype.Type, shape []int, v ...float32) *Value {
	data, err := PackFloats(t, v)
	if err != nil {
		b.fail(&Error{Function: b.fn.Name, OpType: "const", Op: name, Err: err})
	}
	return b.Const(name, t, shape, data)
}

// Float32s adds an fp32 constant.
func (b *Builder) Float32s(name string, shape []int, v ...float32) *Value {
	return b.Floats(name, dtype.Float32, shape, v...)
}

// Float16s adds an fp16 constant of values rounded to it.
func (b *Builder) Float16s(name string, shape []int, v ...float32) *Value {
	return b.Floats(name, dtype.Float16, shape, v...)
}

// packBools gives each bool the byte that it has in the weight file. A bool
// takes a byte, 0 or 1; only UInt1 is packed to bits.
func packBools(v ...bool) []byte {
	data := make([]byte, len(v))
	for i, x := range v {
		if x {
			data[i] = 1
		}
	}
	return data
}

// PackInts packs integers in the form of Const.Data. It refuses values that the
// type cannot hold. Types that fill whole bytes are appended element by
// element; those below a byte go into one stream of bits, the lowest first. The
// last byte is filled up with zero bits.
func PackInts(t dtype.Type, v []int) ([]byte, error) {
	size, ok := t.PackedLen(len(v))
	if !ok || !t.IsInt() && t != dtype.Bool {
		return nil, bad(ErrConst, "%v is not an integer type", t)
	}
	data := make([]byte, 0, size)
	if width := t.Size(); width > 0 {
		for i, x := range v {
			if !fits(x, t) || t == dtype.Bool && x&^1 != 0 {
				return nil, bad(ErrConst, "element %d, %d, does not fit %v", i, x, t)
			}
			data = appendInt(data, x, width)
		}
		return data, nil
	}
	data = data[:size]
	bits := t.Bits()
	for i, x := range v {
		if !fits(x, t) {
			return nil, bad(ErrConst, "element %d, %d, does not fit %v", i, x, t)
		}
		at := i * bits
		// At most 6 bits shifted by at most 7: two bytes hold them.
		wide := uint16(x&(1<<bits-1)) << (at % 8)
		data[at/8] |= byte(wide)
		if wide > 0xff {
			data[at/8+1] |= byte(wide >> 8)
		}
	}
	return data, nil
}

// PackFloats packs numbers in the form of Const.Data, rounding them to the
// type. Rounding is to nearest, ties to even. Floats of 8 bits have no
// conversion here.
func PackFloats(t dtype.Type, v []float32) ([]byte, error) {
	size, ok := t.PackedLen(len(v))
	if !ok {
		return nil, bad(ErrConst, "%v is not a numeric type", t)
	}
	data := make([]byte, 0, size)
	for _, x := range v {
		switch t {
		case dtype.Float16:
			data = binary.LittleEndian.AppendUint16(data, dtype.Float32ToFloat16(x))
		case dtype.BFloat16:
			data = binary.LittleEndian.AppendUint16(data, dtype.Float32ToBFloat16(x))
		case dtype.Float32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		case dtype.Float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(x)))
		default:
			return nil, bad(ErrConst, "%v is not a floating-point type that can be built", t)
		}
	}
	return data, nil
}
