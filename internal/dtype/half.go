package dtype

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// Float16ToFloat32 widens an IEEE 754 binary16 bit pattern. It is exact; NaN
// payloads keep their upper bits and become quiet.
func Float16ToFloat32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h & 0x3ff)
	switch {
	case exp == 0x1f:
		bits := sign | 0x7f800000 | frac<<13
		if frac != 0 {
			bits |= 0x400000
		}
		return math.Float32frombits(bits)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	default:
		// Subnormal: frac * 2^-24, which float32 holds exactly.
		f := float32(frac) * 0x1p-24
		return math.Float32frombits(math.Float32bits(f) | sign)
	}
}

// Float32ToFloat16 rounds to the nearest binary16, ties to even, as F16C and
// NEON do: values beyond 65504 by half a step or more become infinite, values
// below the smallest subnormal become zero, NaN stays NaN.
func Float32ToFloat16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN: keep the upper payload bits, make it quiet
		return sign | 0x7e00 | uint16(b>>13&0x3ff)
	case b >= 0x477ff000: // rounds to 65536 or more
		return sign | 0x7c00
	case b >= 0x38800000: // normal
		b += 0xfff + (b >> 13 & 1)
		return sign | uint16((b-0x38000000)>>13)
	default: // subnormal or zero: adding 0.5 aligns the fraction and rounds it
		f := math.Float32frombits(b) + 0.5
		return sign | uint16(math.Float32bits(f)-math.Float32bits(0.5))
	}
}

// RoundFloat16 rounds f to the nearest value that binary16 can hold.
func RoundFloat16(f float32) float32 { return Float16ToFloat32(Float32ToFloat16(f)) }

// BFloat16ToFloat32 widens a bfloat16 bit pattern. It is exact.
func BFloat16ToFloat32(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// Float32ToBFloat16 rounds to the nearest bfloat16, ties to even.
func Float32ToBFloat16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + (b >> 16 & 1)) >> 16)
}

// HalfBytes returns the bytes of fp16 bit patterns as files have them, little-endian. They
// are the same memory where the processor has that order.
func HalfBytes(h []uint16) []byte {
	if len(h) == 0 {
		return nil
	}
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(h))), 2*len(h))
	}
	data := make([]byte, 0, 2*len(h))
	for _, x := range h {
		data = binary.LittleEndian.AppendUint16(data, x)
	}
	return data
}

// Halves returns the numbers of 16 bits that bytes hold, little-endian, without a last odd
// byte. They are the same memory where the processor has that order and the bytes are
// aligned, else a copy.
func Halves(b []byte) []uint16 {
	n := len(b) / 2
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%2 == 0 && binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return unsafe.Slice((*uint16)(p), n)
	}
	h := make([]uint16, n)
	for i := range h {
		h[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return h
}
