//go:build !noasm

package kernel

// The passes over scores by the vector kernels of other functions.

func attnMaskAsm(s, mask []float32, scale float32) float32 {
	scaleAsm(&s[0], &s[0], len(s), scale)
	if mask != nil {
		_ = mask[len(s)-1]
		addMaskAsm(&s[0], &mask[0], len(s))
	}
	return maxAsm(&s[0], len(s))
}

func attnMaskRoundAsm(s, mask []float32, scale float32) float32 {
	roundF16Asm(&s[0], len(s))
	scaleAsm(&s[0], &s[0], len(s), scale)
	roundF16Asm(&s[0], len(s))
	if mask != nil {
		_ = mask[len(s)-1]
		addMaskAsm(&s[0], &mask[0], len(s))
		roundF16Asm(&s[0], len(s))
	}
	return maxAsm(&s[0], len(s))
}

func attnShareAsm(s []float32, inv float32) {
	scaleAsm(&s[0], &s[0], len(s), inv)
	roundF16Asm(&s[0], len(s))
}

func attnExpAsm(s []float32, shift float32) float32 { return expSum(s, shift) }

func attnJoinAsm(y, x []float32, a, b float32) {
	_ = x[len(y)-1]
	scaleAsm(&y[0], &y[0], len(y), a)
	shiftAsm(&y[0], &y[0], len(y), 0)
	axpyAsm(&y[0], &x[0], len(y), b)
}
