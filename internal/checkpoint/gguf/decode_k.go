package gguf

import (
	"encoding/binary"
	"math"
)

// The K-quants: blocks of 256 with a scale (and one for minimums), which runs of 16 or 32
// elements multiply by small integers of their own.

// decodeQ2K: 16 bytes with a scale and a minimum of four bits each, two-bit codes, the
// two scales of the block.
func decodeQ2K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[84:] {
		scales, q, d, dmin := src[:16], src[16:80], half(src[80:]), half(src[82:])
		for run := range 16 {
			s := scales[run]
			dl, ml := d*float32(s&15), dmin*float32(s>>4)
			// A half of the block has 32 bytes; its runs 2i and 2i+1 are bits 2i of them.
			shift, from := run%8/2*2, run/8*32+run%2*16
			y, b := (*[16]float32)(dst[16*run:]), (*[16]byte)(q[from:])
			for j, v := range b {
				y[j] = float32(dl*float32(v>>shift&3)) - ml
			}
		}
	}
}

// decodeQ3K: the third bits of all codes, their two lower ones as in Q2K, sixteen scales
// of six bits, the scale of the block. A third bit that is off takes four away.
func decodeQ3K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[110:] {
		high, q, packed, d := src[:32], src[32:96], src[96:108], half(src[108:])
		for run := range 16 {
			low := packed[run%8] >> (run / 8 * 4) & 15
			scale := int(low|packed[8+run%4]>>(run/4*2)&3<<4) - 32
			dl := d * float32(scale)
			shift, from := run%8/2*2, run/8*32+run%2*16
			bit := byte(1) << (run / 2)
			y, b, h := (*[16]float32)(dst[16*run:]), (*[16]byte)(q[from:]), (*[16]byte)(high[run%2*16:])
			for j, v := range b {
				code := int(v >> shift & 3)
				if h[j]&bit == 0 {
					code -= 4
				}
				y[j] = dl * float32(code)
			}
		}
	}
}

// scaleMin returns the i-th of eight scales and minimums of six bits, packed in 12 bytes.
func scaleMin(packed []byte, i int) (scale, low float32) {
	if i < 4 {
		return float32(packed[i] & 63), float32(packed[i+4] & 63)
	}
	return float32(packed[i+4]&15 | packed[i-4]>>6<<4), float32(packed[i+4]>>4 | packed[i]>>6<<4)
}

// decodeQ4K: the two scales of the block, eight scales and minimums, codes: 32 bytes have
// a run of 32 in their low halves and the next one in their high halves.
func decodeQ4K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[144:] {
		d, dmin, packed, q := half(src), half(src[2:]), src[4:16], src[16:144]
		for run := range 8 {
			s, m := scaleMin(packed, run)
			dl, ml, shift := d*s, dmin*m, run%2*4
			y, b := (*[32]float32)(dst[32*run:]), (*[32]byte)(q[run/2*32:])
			for j, v := range b {
				y[j] = float32(dl*float32(v>>shift&15)) - ml
			}
		}
	}
}

// decodeQ5K: as Q4K, with 32 bytes of fifth bits before the codes: bit i of byte j is
// that of element j of run i.
func decodeQ5K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[176:] {
		d, dmin, packed, high, q := half(src), half(src[2:]), src[4:16], (*[32]byte)(src[16:48]), src[48:176]
		for run := range 8 {
			s, m := scaleMin(packed, run)
			dl, ml, shift := d*s, dmin*m, run%2*4
			y, b := (*[32]float32)(dst[32*run:]), (*[32]byte)(q[run/2*32:])
			for j, v := range b {
				y[j] = float32(dl*float32(v>>shift&15|high[j]>>run&1<<4)) - ml
			}
		}
	}
}

// decodeQ6K: the four lower bits of all codes, their two upper ones, sixteen signed
// scales, the scale of the block. Each half of the block has 64 and 32 bytes of its own.
func decodeQ6K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[210:] {
		d := half(src[208:])
		for run := range 16 {
			in := run % 8 // runs 0 to 3 are low halves of bytes 0 to 63, 4 to 7 the high ones
			low := (*[16]byte)(src[run/8*64+in%4*16:])
			high := (*[16]byte)(src[128+run/8*32+in%2*16:])
			dl, shift, top := d*float32(int8(src[192+run])), in/4*4, in/2*2
			y := (*[16]float32)(dst[16*run:])
			for j, v := range low {
				y[j] = dl * float32(int(v>>shift&15|high[j]>>top&3<<4)-32)
			}
		}
	}
}

// decodeQ8K: a float32 scale, signed bytes, and sums that only products need.
func decodeQ8K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[292:] {
		d := math.Float32frombits(binary.LittleEndian.Uint32(src))
		y, q := (*[256]float32)(dst), (*[256]byte)(src[4:])
		for j, b := range q {
			y[j] = d * float32(int8(b))
		}
	}
}
