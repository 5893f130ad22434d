package kernel

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Dot returns the sum of a[i]*b[i]. The slices have the same length. The
// assembly has several vectors of partial sums, which are added in a fixed
// order at the end; what is left over, fewer than 8, is added last.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	done, sum := 0, float32(0)
	if useAsm {
		if done = len(a) &^ 7; done > 0 {
			sum = dotAsm(&a[0], &b[0], done)
		}
	}
	return sum + dotGo(a[done:], b[done:])
}

// dotGo has four partial sums, which a processor adds at the same time. The
// order in which they are joined is part of the definition.
func dotGo(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return (s0 + s2) + (s1 + s3)
}

// DotF16 returns the sum of w[i]*x[i] for half-precision w. The halves are
// widened, which is exact, before they are multiplied.
func DotF16(w []uint16, x []float32) float32 {
	x = x[:len(w)]
	done, sum := 0, float32(0)
	if useAsm {
		if done = len(w) &^ 7; done > 0 {
			sum = dotF16Asm(&w[0], &x[0], done)
		}
	}
	var s0, s1 float32
	i := done
	for ; i+1 < len(w); i += 2 {
		s0 += dtype.Float16ToFloat32(w[i]) * x[i]
		s1 += dtype.Float16ToFloat32(w[i+1]) * x[i+1]
	}
	if i < len(w) {
		s0 += dtype.Float16ToFloat32(w[i]) * x[i]
	}
	return sum + (s0 + s1)
}

// Axpy adds a*x to y. One addition to each element of y: the order of calls is
// the order of the sum.
func Axpy(y []float32, a float32, x []float32) {
	y = y[:len(x)]
	done := 0
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			axpyAsm(&y[0], &x[0], done, a)
		}
	}
	for i, v := range x[done:] {
		y[done+i] += a * v
	}
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
		y[done+i] += a * dtype.Float16ToFloat32(v)
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

// MaxF32 returns the greatest element that is not NaN, or -Inf when there is
// none. Softmax relies on NaN being left out: it comes back by way of exp.
func MaxF32(x []float32) float32 {
	m, done := float32(math.Inf(-1)), 0
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			m = maxAsm(&x[0], done)
		}
	}
	for _, v := range x[done:] {
		if v > m {
			m = v
		}
	}
	return m
}

// SumF32 returns the sum of x. Order and error are those of Dot.
func SumF32(x []float32) float32 {
	done, sum := 0, float32(0)
	if useAsm {
		if done = len(x) &^ 7; done > 0 {
			sum = sumAsm(&x[0], done)
		}
	}
	var s0, s1 float32
	i := done
	for ; i+1 < len(x); i += 2 {
		s0 += x[i]
		s1 += x[i+1]
	}
	if i < len(x) {
		s0 += x[i]
	}
	return sum + (s0 + s1)
}

// SumSquares returns the sum of x[i]*x[i].
func SumSquares(x []float32) float32 { return Dot(x, x) }
