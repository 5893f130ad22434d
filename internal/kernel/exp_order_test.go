package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestExp32IsTheAssembly compares every exponential that a float32 of some magnitude
// has, in steps, and numbers at the ends of the range.
func TestExp32IsTheAssembly(t *testing.T) {
	if !useAsm {
		t.Skip("this build or processor has no assembly")
	}
	x := make([]float32, 1<<16)
	got := make([]float32, len(x))
	r := rand.New(rand.NewPCG(3, 4))
	rounds := 256
	if testing.Short() {
		rounds = 16
	}
	for range rounds {
		for i := range x {
			switch i & 3 {
			case 0:
				x[i] = math.Float32frombits(r.Uint32())
			case 1:
				x[i] = r.Float32()*290 - 185
			case 2:
				x[i] = float32(r.NormFloat64())
			default:
				x[i] = -103 - 2*r.Float32()*r.Float32()*40
			}
		}
		copy(x, awkward)
		expAsm(&got[0], &x[0], len(x))
		for i, v := range x {
			want := exp32(v)
			if math.Float32bits(got[i]) != math.Float32bits(want) && (got[i] == got[i] || want == want) {
				t.Fatalf("exp32(%v, %#x) = %#x, the assembly has %#x", v, math.Float32bits(v), math.Float32bits(want), math.Float32bits(got[i]))
			}
		}
	}
}

var awkward = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 1e30, -1e30, 1e-30, -1e-30, float32(math.Inf(1)), float32(math.Inf(-1)),
	float32(math.NaN()), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32, -math.MaxFloat32,
	88.72283, 88.72284, 88.722835, 89, 89.1, -87.33654, -87.33655, -103.27, -103.28, -103.97, -103.98, -104, -105, -105.1, -150, -175.9, -176, -176.1, -177, -200,
	math.Float32frombits(0x7f800001), math.Float32frombits(0xffc12345),
}

// TestTheExponentialsPolynomialRoundsEachStepOnce compares with steps of fma32 for every
// seventeenth float32 from which the polynomial is not 1. With a step of 1, which takes
// a quarter of a minute, no other is wrong either.
func TestTheExponentialsPolynomialRoundsEachStepOnce(t *testing.T) {
	t.Parallel()
	step := uint32(17)
	if testing.Short() {
		step = 211
	}
	for b := math.Float32bits(1.0 / (1 << 28)); b <= math.Float32bits(mostReduced); b += step {
		for _, x := range []float32{math.Float32frombits(b), -math.Float32frombits(b)} {
			want := expC7
			for _, c := range [...]float32{expC6, expC5, expC4, expC3, 0.5, 1, 1} {
				want = fma32(want, x, c)
			}
			if got := expPolynomial(x); got != want {
				t.Fatalf("the polynomial of %#x is %#x, by fma32 %#x", math.Float32bits(x), math.Float32bits(got), math.Float32bits(want))
			}
		}
	}
}

func BenchmarkExp32(b *testing.B) {
	x := make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%997)/100 - 8
	}
	b.Run("exp32", func(b *testing.B) {
		var s float32
		for b.Loop() {
			for _, v := range x {
				s += exp32(v)
			}
		}
		_ = s
	})
	b.Run("math", func(b *testing.B) {
		var s float32
		for b.Loop() {
			for _, v := range x {
				s += float32(math.Exp(float64(v)))
			}
		}
		_ = s
	})
}
