package kernel_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// special are numbers at which an element-wise loop could go wrong.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -3.25, 1e30, -1e-30, float32(math.Inf(1)), float32(math.NaN())}

func sameFloat(a, b float32) bool { return a == b || a != a && b != b }

func TestElementwiseLoopsComputeWhatTheySay(t *testing.T) {
	for _, op := range []struct {
		name        string
		f           func(a, b float32) float32
		vectors     func(dst, a, b []float32)
		right, left func(dst, a []float32, s float32)
	}{
		{"add", func(a, b float32) float32 { return a + b }, kernel.Add, kernel.AddScalar, kernel.AddScalar},
		{"sub", func(a, b float32) float32 { return a - b }, kernel.Sub, kernel.SubScalar, kernel.ScalarSub},
		{"mul", func(a, b float32) float32 { return a * b }, kernel.Mul, kernel.Scale, kernel.Scale},
		{"div", func(a, b float32) float32 { return a / b }, kernel.Div, kernel.DivScalar, kernel.ScalarDiv},
		{"max", func(a, b float32) float32 { return max(a, b) }, kernel.Max, kernel.MaxScalar, kernel.MaxScalar},
		{"min", func(a, b float32) float32 { return min(a, b) }, kernel.Min, kernel.MinScalar, kernel.MinScalar},
	} {
		for n := range len(special) + 1 {
			a, b := special[:n], make([]float32, n)
			for _, s := range special {
				for k := range b {
					b[k] = s
				}
				both, right, left := make([]float32, n), make([]float32, n), make([]float32, n)
				op.vectors(both, a, b)
				op.right(right, a, s)
				op.left(left, a, s)
				for k, x := range a {
					if want := op.f(x, s); !sameFloat(both[k], want) || !sameFloat(right[k], want) {
						t.Errorf("%s of %v and %v is %v and %v, want %v", op.name, x, s, both[k], right[k], want)
					}
					if want := op.f(s, x); !sameFloat(left[k], want) {
						t.Errorf("%s of %v and %v is %v, want %v", op.name, s, x, left[k], want)
					}
				}
			}
		}
	}
}

func TestElementwiseFunctionsAgreeWithMath(t *testing.T) {
	var x []float32
	for v := float32(-12); v < 12; v += 0.0371 {
		x = append(x, v)
	}
	for _, f := range []struct {
		name string
		loop func(dst, x []float32)
		want func(x float64) float64
	}{{"abs", kernel.Abs, math.Abs}, {"sqrt", kernel.Sqrt, math.Sqrt}, {"tanh", kernel.Tanh, math.Tanh}} {
		dst := make([]float32, len(x))
		f.loop(dst, x)
		for k, v := range x {
			want := f.want(float64(v))
			if d := math.Abs(float64(dst[k]) - want); d > 2.5e-7*math.Abs(want) || sameFloat(dst[k], float32(math.NaN())) != (want != want) {
				t.Errorf("%s of %v is %v, want %v", f.name, v, dst[k], want)
			}
		}
	}
}
