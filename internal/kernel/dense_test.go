package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

func lengths() []int {
	var n []int
	for i := range 70 {
		n = append(n, i)
	}
	return append(n, 127, 128, 1000, 4099)
}

func TestSumsOfProductsAreWithinTheBound(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(3)
		for _, n := range lengths() {
			a, b, h := normals(t, r, n), normals(t, r, n), halves(t, r, n, 1)
			var dot, dotAbs, dotH, dotHAbs, sum, sumAbs, sq float64
			peak := math.Inf(-1)
			for i := range n {
				x, y, z := float64(a[i]), float64(b[i]), float64(dtype.Float16ToFloat32(h[i]))
				dot += x * y
				dotAbs += math.Abs(x * y)
				dotH += z * y
				dotHAbs += math.Abs(z * y)
				sum += x
				sumAbs += math.Abs(x)
				sq += x * x
				peak = max(peak, x)
			}
			at := fmt.Sprintf(" of %d", n)
			near(t, "Dot"+at, kernel.Dot(a, b), dot, dotBound(n, dotAbs))
			near(t, "DotF16"+at, kernel.DotF16(h, b), dotH, dotBound(n, dotHAbs))
			near(t, "SumF32"+at, kernel.SumF32(a), sum, dotBound(n, sumAbs))
			near(t, "SumSquares"+at, kernel.SumSquares(a), sq, dotBound(n, sq))
			near(t, "MaxF32"+at, kernel.MaxF32(a), peak, 0)
		}
	})
}

func TestElementwiseOperationsMatchTheirFormula(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(4)
		for _, n := range lengths() {
			a, b, h, dst := normals(t, r, n), normals(t, r, n), halves(t, r, n, 1), guarded[float32](t, n)
			check := func(name string, run func(), want func(i int) (float64, float64)) {
				t.Helper()
				copy(dst, b)
				run()
				for i := range dst {
					w, abs := want(i)
					near(t, fmt.Sprintf("%s of %d: element %d", name, n, i), dst[i], w, 2*eps*abs)
				}
			}
			f := func(i int, x []float32) float64 { return float64(x[i]) }
			check("Add", func() { kernel.Add(dst, a, b) }, func(i int) (float64, float64) { w := f(i, a) + f(i, b); return w, math.Abs(w) })
			check("Mul", func() { kernel.Mul(dst, a, b) }, func(i int) (float64, float64) { w := f(i, a) * f(i, b); return w, math.Abs(w) })
			check("Scale", func() { kernel.Scale(dst, a, 1.7) }, func(i int) (float64, float64) { w := f(i, a) * float64(float32(1.7)); return w, math.Abs(w) })
			check("Axpy", func() { kernel.Axpy(dst, 1.7, a) }, func(i int) (float64, float64) {
				p := f(i, a) * float64(float32(1.7))
				return p + f(i, b), math.Abs(p) + math.Abs(f(i, b))
			})
			check("AxpyF16", func() { kernel.AxpyF16(dst, 1.7, h) }, func(i int) (float64, float64) {
				p := float64(dtype.Float16ToFloat32(h[i])) * float64(float32(1.7))
				return p + f(i, b), math.Abs(p) + math.Abs(f(i, b))
			})
		}
	})
}

func TestMaxIgnoresNaN(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		nan := float32(math.NaN())
		for n := range 20 {
			x := guarded[float32](t, n)
			for i := range x {
				x[i] = nan
			}
			near(t, "MaxF32", kernel.MaxF32(x), math.Inf(-1), 0)
			for i := range x {
				x[i] = -3
				near(t, "MaxF32", kernel.MaxF32(x), -3, 0)
				x[i] = nan
			}
		}
	})
}

func TestExpIsWithinTwoUlps(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		var in []float32
		for x := -87.3; x < 88.7; x += 0.00037 {
			in = append(in, float32(x))
		}
		src := guarded[float32](t, len(in))
		copy(src, in)
		dst := guarded[float32](t, len(in))
		kernel.Exp(dst, src)
		worst := 0.0
		for i, x := range src {
			if d := ulps(dst[i], math.Exp(float64(x))); d > worst {
				worst = d
			}
		}
		if worst > 2 {
			t.Errorf("exp is off by %.2f ulp", worst)
		}
		t.Logf("worst error %.3f ulp", worst)
		edge := []float32{float32(math.Inf(-1)), -1e30, -200, -104, -100, -88, 0, 88.9, 200, 1e30, float32(math.Inf(1)), float32(math.NaN()), 1, -1, 0.5, 89}
		got := make([]float32, len(edge))
		kernel.Exp(got, edge)
		for i, x := range edge {
			// Below the normal range the absolute error is a few subnormal steps.
			want := float64(float32(math.Exp(float64(x))))
			near(t, fmt.Sprintf("exp(%v)", x), got[i], want, max(2*eps*2*math.Abs(want), 3e-45))
		}
	})
}

func TestActivationsMatchTheirFormula(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		silu := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
		geluT := func(x float64) float64 {
			return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		}
		geluE := func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }
		for _, f := range []struct {
			name string
			run  func(dst, x []float32)
			want func(float64) float64
		}{{"Silu", kernel.Silu, silu}, {"GeluTanh", kernel.GeluTanh, geluT}, {"GeluErf", kernel.GeluErf, geluE}} {
			for _, n := range []int{0, 1, 7, 8, 9, 4001} {
				x, dst := guarded[float32](t, n), guarded[float32](t, n)
				for i := range x {
					x[i] = float32(i-n/2) * 0.006
				}
				f.run(dst, x)
				for i := range x {
					// The exponent's argument is computed in float32, so its error grows
					// with its size: a relative error of |arg|·eps besides the constant. Where
					// the exponential overflows, a result below 2^-127·|x| becomes 0.
					v := float64(x[i])
					arg := math.Abs(v) + math.Abs(1.6*(v+0.044715*v*v*v))
					near(t, fmt.Sprintf("%s(%v)", f.name, x[i]), dst[i], f.want(v), (8+4*arg)*eps*math.Abs(f.want(v))+0x1p-127*math.Abs(v))
				}
			}
		}
		x := []float32{float32(math.NaN()), -300, 300, 1e10, -1e10, 0, 1, 2}
		for _, f := range []func(dst, x []float32){kernel.Silu, kernel.GeluTanh, kernel.GeluErf} {
			y := make([]float32, len(x))
			f(y, x)
			if y[0] == y[0] || y[1] != 0 || y[2] != 300 || y[3] != 1e10 || y[4] != 0 || y[5] != 0 {
				t.Errorf("extremes give %v", y)
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	inf := float32(math.Inf(-1))
	eachVariant(t, func(t *testing.T) {
		r := newRand(5)
		for _, n := range lengths() {
			x := normals(t, r, n)
			for i := range x {
				x[i] *= 10
				if i%3 == 1 {
					x[i] = inf
				}
			}
			in := append([]float32(nil), x...)
			kernel.Softmax(x)
			sum := 0.0
			for _, v := range in {
				sum += math.Exp(float64(v))
			}
			for i, v := range in {
				want := math.Exp(float64(v)) / sum
				near(t, "softmax", x[i], want, float64(n+12)*2*eps*want+60*2*eps*want+1e-44)
				if v == inf && x[i] != 0 {
					t.Fatalf("a masked element became %v, want exactly 0", x[i])
				}
			}
		}
		for _, n := range []int{1, 8, 13} {
			x := make([]float32, n)
			for i := range x {
				x[i] = inf
			}
			kernel.Softmax(x)
			for _, v := range x {
				if v == v {
					t.Fatalf("a fully masked row gave %v, want NaN", v)
				}
			}
		}
	})
}

func TestNorms(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(6)
		for _, n := range lengths()[1:] {
			x, gamma, beta, dst := normals(t, r, n), normals(t, r, n), normals(t, r, n), guarded[float32](t, n)
			for i := range x {
				x[i] += 3
			}
			var sum, sq, va float64
			for _, v := range x {
				sum += float64(v)
				sq += float64(v) * float64(v)
			}
			mean := sum / float64(n)
			for _, v := range x {
				va += (float64(v) - mean) * (float64(v) - mean)
			}
			rms, dev := math.Sqrt(sq/float64(n)+1e-5), math.Sqrt(va/float64(n)+1e-5)
			bound := float64(n+16) * 2 * eps
			kernel.RMSNorm(dst, x, gamma, 1e-5)
			for i, v := range x {
				want := float64(v) / rms * float64(gamma[i])
				near(t, "RMSNorm", dst[i], want, bound*math.Abs(want))
			}
			kernel.RMSNorm(dst, x, nil, 1e-5)
			near(t, "RMSNorm without gamma", dst[0], float64(x[0])/rms, bound*10)
			kernel.LayerNorm(dst, x, gamma, beta, 1e-5)
			for i, v := range x {
				want := (float64(v)-mean)/dev*float64(gamma[i]) + float64(beta[i])
				near(t, "LayerNorm", dst[i], want, bound*(math.Abs(float64(v)*float64(gamma[i]))+5*math.Abs(float64(gamma[i])))/dev+4*eps*math.Abs(want))
			}
		}
	})
}
