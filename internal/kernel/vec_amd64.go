//go:build !noasm

package kernel

import "unsafe"

// The vector kernels behind the functions that every architecture has.

func f16to32Asm(dst *float32, src *uint16, n int)        { f16to32AVX2(dst, src, n) }
func f32to16Asm(dst *uint16, src *float32, n int)        { f32to16AVX2(dst, src, n) }
func axpyAsm(y, x *float32, n int, a float32)            { axpyAVX2(y, x, n, a) }
func axpyF16Asm(y *float32, x *uint16, n int, a float32) { axpyF16AVX2(y, x, n, a) }
func addAsm(dst, a, b *float32, n int)                   { addAVX2(dst, a, b, n) }
func mulAsm(dst, a, b *float32, n int)                   { mulAVX2(dst, a, b, n) }
func scaleAsm(dst, a *float32, n int, s float32)         { scaleAVX2(dst, a, n, s) }
func shiftAsm(dst, a *float32, n int, s float32)         { shiftAVX2(dst, a, n, s) }
func mulScaleAsm(dst, a, b *float32, n int, s float32)   { mulScaleAVX2(dst, a, b, n, s) }
func maxAsm(x *float32, n int) float32                   { return maxAVX2(x, n) }
func expAsm(dst, x *float32, n int)                      { expAVX2(dst, x, n) }
func geluErfAsm(dst, x *float32, n int)                  { geluErfAVX2(dst, x, n) }
func geluTanhAsm(dst, x *float32, n int)                 { geluTanhAVX2(dst, x, n) }
func addMaskAsm(s, mask *float32, n int)                 { addMaskAVX2(s, mask, n) }

func dotAsm(a, b *float32, groups int, last *float32, total float32) float32 {
	return dotAVX2(a, b, groups, last, total)
}

func dotF16Asm(w *uint16, x *float32, groups int, last *float32, total float32) float32 {
	return dotF16AVX2(w, x, groups, last, total, fetchAhead)
}

func sumAsm(x *float32, groups int, last *float32, total float32) float32 {
	return sumAVX2(x, groups, last, total)
}

func squaresAsm(x *float32, groups int, last *float32, total float32) float32 {
	return squaresAVX2(x, groups, last, total)
}

func expSumAsm(x *float32, groups int, last *float32, shift, total float32) float32 {
	return expSumAVX2(x, groups, last, shift, total)
}

func roundF16Asm(x *float32, n int) {
	if wide := n &^ 15; useAVX512 && wide > 0 {
		roundRowsAVX512(x, wide, 1, 0)
		if n -= wide; n == 0 {
			return
		}
		x = (*float32)(unsafe.Add(unsafe.Pointer(x), 4*wide))
	}
	roundF16AVX2(x, n)
}

func siluAsm(dst, x *float32, n int) {
	if useAVX512 {
		siluAVX512(dst, x, n)
		return
	}
	siluAVX2(dst, x, n)
}

// roundRowsAsm rounds rows of n floats, ldx apart, and reports whether it has: it can
// where rows are whole registers.
func roundRowsAsm(x []float32, n, rows, ldx int) bool {
	if !useAVX512 || n%16 != 0 {
		return false
	}
	_ = x[(rows-1)*ldx+n-1]
	roundRowsAVX512(&x[0], n, rows, 4*ldx)
	return true
}

// rotateAsm is RotateRows for halves of h, and reports whether it has done it: it can
// where halves are whole registers.
func rotateAsm(dst []float32, h, rows int, x, cos, sin Rows) bool {
	if !useAVX2 || h%8 != 0 {
		return false
	}
	d, a, c, s := &dst[0], &x.Of[0], &cos.Of[0], &sin.Of[0]
	if useAVX512 && h%16 == 0 {
		rotateRowsAVX512(d, a, c, s, h, rows, 4*x.Apart, 4*cos.Apart, 4*sin.Apart)
	} else {
		rotateRowsAVX2(d, a, c, s, h, rows, 4*x.Apart, 4*cos.Apart, 4*sin.Apart)
	}
	return true
}

// gateRowsAsm is Gate.rows for SiLU, and reports whether it has done it.
func gateRowsAsm(dst []float32, ldd int, gate, up []float32, ld, n, rows int, half bool) bool {
	if !useAVX512 {
		return false
	}
	_, _, _ = dst[(rows-1)*ldd+n-1], gate[(rows-1)*ld+n-1], up[(rows-1)*ld+n-1]
	flag := 0
	if half {
		flag = 1
	}
	gateRowsAVX512(&dst[0], &gate[0], &up[0], n, rows, 4*ldd, 4*ld, flag)
	return true
}
