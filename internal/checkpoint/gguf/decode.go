package gguf

import (
	"encoding/binary"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// The decoders of this file and of its neighbour for the K-quants take whole blocks. They
// round as ggml does: each product of two scales is rounded to float32 before it meets a
// code. Conversions to float32 keep a compiler from fusing a product with a sum.

// half reads a float16 at the start of b.
func half(b []byte) float32 { return dtype.Float16ToFloat32(binary.LittleEndian.Uint16(b)) }

func decodeF32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func decodeF64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

func decodeF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = half(src[2*i:])
	}
}

func decodeBF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = dtype.BFloat16ToFloat32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

// decodeQ4_0: a scale; the low halves of 16 bytes are elements 0 to 15, the high ones 16
// to 31.
func decodeQ4_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[18:] {
		d, y, q := half(src), (*[32]float32)(dst), (*[16]byte)(src[2:])
		for j, b := range q {
			y[j] = d * float32(int(b&15)-8)
			y[j+16] = d * float32(int(b>>4)-8)
		}
	}
}

// decodeQ4_1: a scale, a minimum, codes as in Q4_0.
func decodeQ4_1(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[20:] {
		d, m, y, q := half(src), half(src[2:]), (*[32]float32)(dst), (*[16]byte)(src[4:])
		for j, b := range q {
			y[j] = float32(d*float32(b&15)) + m
			y[j+16] = float32(d*float32(b>>4)) + m
		}
	}
}

// decodeQ5_0: a scale, the fifth bits of all codes as one number, codes as in Q4_0.
func decodeQ5_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[22:] {
		d, high, y, q := half(src), binary.LittleEndian.Uint32(src[2:]), (*[32]float32)(dst), (*[16]byte)(src[6:])
		for j, b := range q {
			y[j] = d * float32(int(uint32(b&15)|high>>j<<4&16)-16)
			y[j+16] = d * float32(int(uint32(b>>4)|high>>(j+12)&16)-16)
		}
	}
}

// decodeQ5_1: as Q5_0, with a minimum after the scale.
func decodeQ5_1(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[24:] {
		d, m, high, y, q := half(src), half(src[2:]), binary.LittleEndian.Uint32(src[4:]), (*[32]float32)(dst), (*[16]byte)(src[8:])
		for j, b := range q {
			y[j] = float32(d*float32(uint32(b&15)|high>>j<<4&16)) + m
			y[j+16] = float32(d*float32(uint32(b>>4)|high>>(j+12)&16)) + m
		}
	}
}

// decodeQ8_0: a scale and signed bytes.
func decodeQ8_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[34:] {
		d, y, q := half(src), (*[32]float32)(dst), (*[32]byte)(src[2:])
		for j, b := range q {
			y[j] = d * float32(int8(b))
		}
	}
}

// levels4 are the values that the codes of IQ4NL and IQ4XS stand for, levelsE2M1 twice
// those of the four-bit numbers of MXFP4.
var (
	levels4    = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	levelsE2M1 = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

// decodeIQ4NL: as Q4_0, but codes stand for levels that are not evenly spaced.
func decodeIQ4NL(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[18:] {
		decodeLevels(dst[:32], src[2:18], half(src), &levels4)
	}
}

// decodeIQ4XS: a scale; the upper bits of eight scales, their lower ones, and codes as in
// IQ4NL in eight runs of 32.
func decodeIQ4XS(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[136:] {
		d, high := half(src), binary.LittleEndian.Uint16(src[2:])
		for i := range 8 {
			scale := int(src[4+i/2]>>(4*(i%2))&15) | int(high>>(2*i)&3)<<4
			decodeLevels(dst[32*i:32*i+32], src[8+16*i:24+16*i], d*float32(scale-32), &levels4)
		}
	}
}

// decodeMXFP4: a power of two as an exponent without sign or fraction, and codes in the
// order of Q4_0. The levels are twice the numbers, so the scale is halved.
func decodeMXFP4(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[17:] {
		decodeLevels(dst[:32], src[1:17], float32(math.Ldexp(1, int(src[0])-128)), &levelsE2M1)
	}
}

func decodeLevels(dst []float32, src []byte, d float32, levels *[16]float32) {
	y, q := (*[32]float32)(dst), (*[16]byte)(src)
	for j, b := range q {
		y[j] = d * levels[b&15]
		y[j+16] = d * levels[b>>4]
	}
}
