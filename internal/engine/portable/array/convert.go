package array

import (
	le "encoding/binary"
	"math"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Saturate rounds x toward zero into the range of an integer type; NaN is 0. Go leaves
// the conversion of a number outside the range to the processor, and amd64 and arm64
// differ; this is what arm64 does, on which Core ML runs.
func Saturate(x float32, t dtype.Type) int64 {
	lo, hi := IntRange(t)
	switch {
	case x != x:
		return 0
	case float64(x) <= float64(lo):
		return lo
	case float64(x) >= float64(hi):
		return hi
	default:
		return int64(x)
	}
}

// IntRange returns the smallest and largest number that t holds, as far as
// int32, in which the engine keeps them, goes.
func IntRange(t dtype.Type) (lo, hi int64) {
	switch t {
	case dtype.Bool:
		return 0, 1
	case dtype.Int8:
		return -128, 127
	case dtype.UInt8:
		return 0, 255
	case dtype.Int16:
		return -32768, 32767
	case dtype.UInt16:
		return 0, 65535
	case dtype.UInt32:
		return 0, 1<<31 - 1
	default:
		return -1 << 31, 1<<31 - 1
	}
}

// Halves views bytes as binary16 where they are aligned, else copies them. Weights lie in
// a mapped file, at any offset that its writer chose; converters align them to 64 bytes.
// Bytes beyond the last whole number are left out.
func Halves(b []byte) []uint16 {
	n := len(b) / 2
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%2 == 0 {
		return unsafe.Slice((*uint16)(p), n)
	}
	h := make([]uint16, n)
	for i := range h {
		h[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return h
}

// Floats views bytes as float32 where they are aligned, else copies them.
func Floats(b []byte) []float32 {
	n := len(b) / 4
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%4 == 0 {
		return unsafe.Slice((*float32)(p), n)
	}
	f := make([]float32, n)
	for i := range f {
		f[i] = math.Float32frombits(le.LittleEndian.Uint32(b[4*i:]))
	}
	return f
}

// Wrap brings an integer into the range of t as two's complement arithmetic
// does; a boolean is true for everything but zero. It is for results of integer
// arithmetic, where NumPy and Core ML wrap; what comes from a float saturates.
func Wrap(x int64, t dtype.Type) int32 {
	switch t {
	case dtype.Bool:
		if x != 0 {
			return 1
		}
		return 0
	case dtype.Int8:
		return int32(int8(x))
	case dtype.UInt8:
		return int32(uint8(x))
	case dtype.Int16:
		return int32(int16(x))
	case dtype.UInt16:
		return int32(uint16(x))
	default:
		return int32(x)
	}
}

// Narrow reports whether results kept as int32 must be wrapped to fit t. Those of 32 and
// more bits are left alone: int32 is all that the engine keeps of them.
func Narrow(t dtype.Type) bool {
	lo, hi := IntRange(t)
	return lo != -1<<31 || hi != 1<<31-1
}

// MaxOf returns the largest number that t holds.
func MaxOf(t dtype.Type) int64 {
	_, hi := IntRange(t)
	return hi
}
