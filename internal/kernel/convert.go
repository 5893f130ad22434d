package kernel

import "github.com/gocoreml/coreml/internal/dtype"

// F16ToF32 widens len(src) half-precision numbers into dst. Signalling NaNs
// become quiet, as the hardware conversions do. Every half is a float32, so
// nothing is rounded.
func F16ToF32(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	done := 0
	if useAsm {
		if done = len(src) &^ 7; done > 0 {
			f16to32Asm(&dst[0], &src[0], done)
		}
	}
	for i, h := range src[done:] {
		dst[done+i] = dtype.Float16ToFloat32(h)
	}
}

// BF16ToF32 widens len(src) bfloat16 numbers into dst: each is the upper half of a float32.
func BF16ToF32(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	done := bf16to32Asm(dst, src)
	for i, h := range src[done:] {
		dst[done+i] = dtype.BFloat16ToFloat32(h)
	}
}

// F32ToF16 rounds len(src) numbers to half precision, ties to even. NaN keeps
// the upper bits of its payload and becomes quiet. From 65520 on the result is
// infinite; below the normal halves it is subnormal and loses digits.
func F32ToF16(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	done := 0
	if useAsm {
		if done = len(src) &^ 7; done > 0 {
			f32to16Asm(&dst[0], &src[0], done)
		}
	}
	for i, f := range src[done:] {
		dst[done+i] = dtype.Float32ToFloat16(f)
	}
}

// RoundF16 rounds every element of x to the nearest half-precision value in
// place: what storing a result as fp16 and reading it back does. It is the
// rounding of arithmetic Faithful, applied to each result.
func RoundF16(x []float32) {
	done := 0
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			roundF16Asm(&x[0], done)
		}
	}
	for i, f := range x[done:] {
		x[done+i] = dtype.RoundFloat16(f)
	}
}

// roundRows is RoundF16 for rows of n numbers, ldx apart.
func roundRows(x []float32, n, rows, ldx int) {
	if rows <= 0 || n <= 0 || roundRowsAsm(x, n, rows, ldx) {
		return
	}
	for r := range rows {
		RoundF16(x[r*ldx:][:n])
	}
}
