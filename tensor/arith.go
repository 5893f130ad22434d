package tensor

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/samebits"
)

// Add returns t + other, element by element, broadcast to a common shape.
// Integers wrap around.
func (t *Tensor) Add(other *Tensor) *Tensor { return binary(&addOp, t, other) }

// Sub returns t - other. Integers wrap around.
func (t *Tensor) Sub(other *Tensor) *Tensor { return binary(&subOp, t, other) }

// Mul returns t * other. Integers wrap around.
func (t *Tensor) Mul(other *Tensor) *Tensor { return binary(&mulOp, t, other) }

// Div returns t / other. The quotient of integers is rounded down, as by //
// in NumPy, and x/0 is 0.
func (t *Tensor) Div(other *Tensor) *Tensor { return binary(&divOp, t, other) }

// Mod returns the remainder of the division that rounds down: it has the sign
// of the divisor, as by % in NumPy. For integers x mod 0 is 0, for floats NaN.
func (t *Tensor) Mod(other *Tensor) *Tensor { return binary(&modOp, t, other) }

// Pow returns t raised to the power other. Integers wrap around; a negative
// power of an integer is the true result without its fraction, and of 0 it is 0.
func (t *Tensor) Pow(other *Tensor) *Tensor { return binary(&powOp, t, other) }

// Minimum returns the smaller of t and other, element by element. It is NaN
// where one of them is.
func (t *Tensor) Minimum(other *Tensor) *Tensor { return binary(&minOp, t, other) }

// Maximum returns the greater of t and other, element by element. It is NaN
// where one of them is.
func (t *Tensor) Maximum(other *Tensor) *Tensor { return binary(&maxOp, t, other) }

var (
	addOp = binaryOp{"add", addKernel[int64], addKernel[float32], addKernel[float64]}
	subOp = binaryOp{"sub", subKernel[int64], subKernel[float32], subKernel[float64]}
	mulOp = binaryOp{"mul", mulKernel[int64], mulKernel[float32], mulKernel[float64]}
	divOp = binaryOp{"div", eachPair(dtype.FloorDiv), divKernel[float32], divKernel[float64]}
	modOp = binaryOp{"mod", eachPair(dtype.FloorMod), eachPair(floatMod[float32]), eachPair(floatMod[float64])}
	powOp = binaryOp{"pow", eachPair(dtype.Pow), eachPair(floatPow[float32]), eachPair(floatPow[float64])}
	minOp = binaryOp{"minimum", minKernel[int64], minKernel[float32], minKernel[float64]}
	maxOp = binaryOp{"maximum", maxKernel[int64], maxKernel[float32], maxKernel[float64]}
)

func addKernel[C compute](dst, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func subKernel[C compute](dst, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func mulKernel[C compute](dst, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func divKernel[C float32 | float64](dst, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func minKernel[C compute](dst, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = min(a[i], b[i])
	}
}

func maxKernel[C compute](dst, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = max(a[i], b[i])
	}
}

// eachPair makes a kernel of a function on two elements.
func eachPair[C compute](f func(a, b C) C) func(dst, a, b []C) {
	return func(dst, a, b []C) {
		a, b = a[:len(dst)], b[:len(dst)]
		for i := range dst {
			dst[i] = f(a[i], b[i])
		}
	}
}

// floatMod turns the remainder of C, which has the sign of a, into Python's; a remainder of
// zero gets the sign of the divisor there too.
func floatMod[C float32 | float64](a, b C) C {
	r := C(math.Mod(float64(a), float64(b)))
	switch {
	case r == 0:
		return C(math.Copysign(0, float64(b)))
	case (r < 0) != (b < 0):
		return r + b
	}
	return r
}

func floatPow[C float32 | float64](a, b C) C { return C(samebits.Pow(float64(a), float64(b))) }
