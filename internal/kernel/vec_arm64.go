//go:build !noasm

package kernel

// The vector kernels behind the functions that every architecture has.

func f16to32Asm(dst *float32, src *uint16, n int)        { f16to32NEON(dst, src, n) }
func f32to16Asm(dst *uint16, src *float32, n int)        { f32to16NEON(dst, src, n) }
func roundF16Asm(x *float32, n int)                      { roundF16NEON(x, n) }
func axpyAsm(y, x *float32, n int, a float32)            { axpyNEON(y, x, n, a) }
func axpyF16Asm(y *float32, x *uint16, n int, a float32) { axpyF16NEON(y, x, n, a) }
func addAsm(dst, a, b *float32, n int)                   { addNEON(dst, a, b, n) }
func mulAsm(dst, a, b *float32, n int)                   { mulNEON(dst, a, b, n) }
func scaleAsm(dst, a *float32, n int, s float32)         { scaleNEON(dst, a, n, s) }
func shiftAsm(dst, a *float32, n int, s float32)         { shiftNEON(dst, a, n, s) }
func mulScaleAsm(dst, a, b *float32, n int, s float32)   { mulScaleNEON(dst, a, b, n, s) }
func maxAsm(x *float32, n int) float32                   { return maxNEON(x, n) }
func expAsm(dst, x *float32, n int)                      { expNEON(dst, x, n) }
func siluAsm(dst, x *float32, n int)                     { siluNEON(dst, x, n) }
func geluErfAsm(dst, x *float32, n int)                  { geluErfNEON(dst, x, n) }
func geluTanhAsm(dst, x *float32, n int)                 { geluTanhNEON(dst, x, n) }
func addMaskAsm(s, mask *float32, n int)                 { addMaskNEON(s, mask, n) }

func dotAsm(a, b *float32, groups int, last *float32, total float32) float32 {
	return dotNEON(a, b, groups, last, total)
}

func dotF16Asm(w *uint16, x *float32, groups int, last *float32, total float32) float32 {
	return dotF16NEON(w, x, groups, last, total)
}

func sumAsm(x *float32, groups int, last *float32, total float32) float32 {
	return sumNEON(x, groups, last, total)
}

func squaresAsm(x *float32, groups int, last *float32, total float32) float32 {
	return squaresNEON(x, groups, last, total)
}

func expSumAsm(x *float32, groups int, last *float32, shift, total float32) float32 {
	return expSumNEON(x, groups, last, shift, total)
}

func roundRowsAsm([]float32, int, int, int) bool           { return false }
func rotateAsm([]float32, int, int, Rows, Rows, Rows) bool { return false }

func gateRowsAsm([]float32, int, []float32, []float32, int, int, int, bool) bool { return false }
