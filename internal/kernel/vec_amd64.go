//go:build !noasm

package kernel

// The vector kernels behind the functions that every architecture has.

func f16to32Asm(dst *float32, src *uint16, n int)        { f16to32AVX2(dst, src, n) }
func f32to16Asm(dst *uint16, src *float32, n int)        { f32to16AVX2(dst, src, n) }
func roundF16Asm(x *float32, n int)                      { roundF16AVX2(x, n) }
func axpyAsm(y, x *float32, n int, a float32)            { axpyAVX2(y, x, n, a) }
func axpyF16Asm(y *float32, x *uint16, n int, a float32) { axpyF16AVX2(y, x, n, a) }
func addAsm(dst, a, b *float32, n int)                   { addAVX2(dst, a, b, n) }
func mulAsm(dst, a, b *float32, n int)                   { mulAVX2(dst, a, b, n) }
func scaleAsm(dst, a *float32, n int, s float32)         { scaleAVX2(dst, a, n, s) }
func shiftAsm(dst, a *float32, n int, s float32)         { shiftAVX2(dst, a, n, s) }
func mulScaleAsm(dst, a, b *float32, n int, s float32)   { mulScaleAVX2(dst, a, b, n, s) }
func maxAsm(x *float32, n int) float32                   { return maxAVX2(x, n) }
func expAsm(dst, x *float32, n int)                      { expAVX2(dst, x, n) }
func siluAsm(dst, x *float32, n int)                     { siluAVX2(dst, x, n) }
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
