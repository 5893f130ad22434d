package kernel

import "math"

// The loops of element-wise operators. dst may be one of the operands and is at
// least as long as they are.

// Sub stores a[i]-b[i] in dst.
func Sub(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = x - b[k]
	}
}

// Div stores a[i]/b[i] in dst.
func Div(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = x / b[k]
	}
}

// Max stores the larger of a[i] and b[i] in dst; NaN when one of them is. Go's
// max does it; a bare comparison would drop a NaN in a.
func Max(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = max(x, b[k])
	}
}

// Min stores the smaller of a[i] and b[i] in dst; NaN when one of them is.
func Min(dst, a, b []float32) {
	b = b[:len(a)]
	dst = dst[:len(a)]
	for k, x := range a {
		dst[k] = min(x, b[k])
	}
}

// AddScalar stores a[i]+s in dst.
func AddScalar(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = x + s
	}
}

// SubScalar stores a[i]-s in dst.
func SubScalar(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = x - s
	}
}

// ScalarSub stores s-a[i] in dst.
func ScalarSub(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = s - x
	}
}

// DivScalar stores a[i]/s in dst.
func DivScalar(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = x / s
	}
}

// ScalarDiv stores s/a[i] in dst.
func ScalarDiv(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = s / x
	}
}

// MaxScalar is [Max] with one number.
func MaxScalar(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = max(x, s)
	}
}

// MinScalar is [Min] with one number.
func MinScalar(dst, a []float32, s float32) {
	for k, x := range a {
		dst[k] = min(x, s)
	}
}

// Abs stores the absolute values of x in dst. The sign bit is cleared, which is
// right for -0 and NaN too.
func Abs(dst, x []float32) {
	for k, v := range x {
		dst[k] = abs32(v)
	}
}

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// Sqrt stores the square roots of x in dst. The square root in float64, rounded
// once more, is the correctly rounded one of a float32.
func Sqrt(dst, x []float32) {
	for k, v := range x {
		dst[k] = float32(math.Sqrt(float64(v)))
	}
}

// smallTanh is where Tanh changes its formula.
const smallTanh = 0.625

// Tanh stores the hyperbolic tangents of x, which is not dst, in dst, to about two
// units in the last place: for large x by the exponential function, for small x,
// where that would cancel, by five levels of Lambert's continued fraction, which is
// within 1e-9 there.
func Tanh(dst, x []float32) {
	for k, v := range x {
		dst[k] = 2 * abs32(v)
	}
	Exp(dst, dst)
	for k, v := range x {
		if abs32(v) < smallTanh {
			// The conversions keep products from being fused into sums, which would make
			// the result depend on the processor.
			z := float64(float64(v) * float64(v))
			above, below := 945+float64(z*(105+z)), 945+float64(z*(420+float64(15*z)))
			dst[k] = float32(float64(v) * above / below)
		} else {
			dst[k] = float32(math.Copysign(float64(1-2/(dst[k]+1)), float64(v)))
		}
	}
}
