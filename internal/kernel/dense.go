package kernel

import "github.com/gocoreml/coreml/internal/dtype"

// Axpy adds a*x to y. One fused addition to each element of y: the order of calls
// is the order of the sum.
func Axpy(y []float32, a float32, x []float32) {
	y = y[:len(x)]
	done := 0
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			axpyAsm(&y[0], &x[0], done, a)
		}
	}
	fmaRow(y[done:], a, x[done:])
}

// AxpyF16 adds a*x to y for half-precision x.
func AxpyF16(y []float32, a float32, x []uint16) {
	y = y[:len(x)]
	done := 0
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			axpyF16Asm(&y[0], &x[0], done, a)
		}
	}
	for i, v := range x[done:] {
		y[done+i] = fma32(a, dtype.Float16ToFloat32(v), y[done+i])
	}
}

// Add stores a[i]+b[i] in dst. dst may be a or b; len(dst) counts. Add, [Mul]
// and [Scale] round once for each element, so they agree to the bit in every
// variant.
func Add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			addAsm(&dst[0], &a[0], &b[0], done)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = a[i] + b[i]
	}
}

// Mul stores a[i]*b[i] in dst. dst may be a or b; len(dst) counts.
func Mul(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			mulAsm(&dst[0], &a[0], &b[0], done)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = a[i] * b[i]
	}
}

// Scale stores a[i]*s in dst. dst may be a; len(dst) counts.
func Scale(dst, a []float32, s float32) {
	a = a[:len(dst)]
	done := 0
	if useAsm {
		if done = len(dst) &^ 7; done > 0 {
			scaleAsm(&dst[0], &a[0], done, s)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = a[i] * s
	}
}
