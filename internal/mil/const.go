package mil

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Ints returns the elements of an integer or bool constant. It copies, and is
// for shapes, axes and the like; weights are read where they lie.
func (c *Const) Ints() ([]int, error) {
	if !c.DType.IsInt() && c.DType != dtype.Bool {
		return nil, fmt.Errorf("constant of type %v is not an integer", c.DType)
	}
	n, err := c.packed()
	if err != nil {
		return nil, err
	}
	out := make([]int, n)
	for i := range out {
		out[i] = IntAt(c.Data, c.DType, i)
	}
	return out, nil
}

// packed returns the number of elements, all of which lie in Data.
func (c *Const) packed() (int, error) {
	n := c.Len()
	if want, ok := c.DType.PackedLen(n); !ok || len(c.Data) < want {
		return 0, fmt.Errorf("constant of %d %v elements holds %d bytes", n, c.DType, len(c.Data))
	}
	return n, nil
}

// Int returns the single element of an integer or bool constant.
func (c *Const) Int() (int, error) {
	v, err := c.Ints()
	if err != nil {
		return 0, err
	}
	if len(v) != 1 {
		return 0, fmt.Errorf("constant holds %d elements where one is expected", len(v))
	}
	return v[0], nil
}

// Floats returns the elements of a numeric constant widened to float32.
// Integers beyond 2^24 and doubles lose digits.
func (c *Const) Floats() ([]float32, error) {
	n, err := c.packed()
	if err != nil {
		return nil, err
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = FloatAt(c.Data, c.DType, i)
	}
	return out, nil
}

// Text returns the single element of a string constant.
func (c *Const) Text() (string, error) {
	if c.DType != dtype.String || len(c.Strings) != 1 {
		return "", fmt.Errorf("constant of type %v is not one string", c.DType)
	}
	return c.Strings[0], nil
}

// IntAt returns element i of packed integers. The caller has checked that data
// holds it. int64 above Go's int on 32-bit systems is cut.
func IntAt(data []byte, t dtype.Type, i int) int {
	switch t {
	case dtype.Bool, dtype.UInt8:
		return int(data[i])
	case dtype.Int8:
		return int(int8(data[i]))
	case dtype.Int16:
		return int(int16(binary.LittleEndian.Uint16(data[2*i:])))
	case dtype.UInt16:
		return int(binary.LittleEndian.Uint16(data[2*i:]))
	case dtype.Int32:
		return int(int32(binary.LittleEndian.Uint32(data[4*i:])))
	case dtype.UInt32:
		return int(binary.LittleEndian.Uint32(data[4*i:]))
	case dtype.Int64, dtype.UInt64:
		return int(binary.LittleEndian.Uint64(data[8*i:]))
	}
	// Types of less than a byte are a stream of bits, the lowest first; 3 and 6 bits may
	// begin in one byte and end in the next.
	bits := t.Bits()
	at := i * bits
	v := uint(data[at/8]) >> (at % 8)
	if at%8+bits > 8 {
		v |= uint(data[at/8+1]) << (8 - at%8)
	}
	// Signed types are two's complement in their own width.
	v &= 1<<bits - 1
	if t.IsSigned() && v>>(bits-1) != 0 {
		return int(v) - 1<<bits
	}
	return int(v)
}

// FloatAt returns element i of packed numbers widened to float32. The caller
// has checked that data holds it. Doubles and large integers are rounded: no operator
// computes in more.
func FloatAt(data []byte, t dtype.Type, i int) float32 {
	switch t {
	case dtype.Float16:
		return dtype.Float16ToFloat32(binary.LittleEndian.Uint16(data[2*i:]))
	case dtype.BFloat16:
		return dtype.BFloat16ToFloat32(binary.LittleEndian.Uint16(data[2*i:]))
	case dtype.Float32:
		return math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	case dtype.Float64:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
	default:
		return float32(IntAt(data, t, i))
	}
}
