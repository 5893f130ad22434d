package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFMA32RoundsOnce compares with arithmetic that does not round, on random bits and
// on sums that end near the middle of two numbers, also below the normal ones.
func TestFMA32RoundsOnce(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300_000 {
		x, y, z := math.Float32frombits(r.Uint32()), math.Float32frombits(r.Uint32()), math.Float32frombits(r.Uint32())
		switch r.IntN(4) {
		case 0: // of about one size
			x, y, z = 1+r.Float32(), 1+r.Float32(), (1+r.Float32())*float32(math.Ldexp(1, r.IntN(60)-30))
		case 1: // the product lies far below the middle of z and its neighbour
			x, y, z = float32(math.Ldexp(1, -12)), float32(math.Ldexp(1, -12)), 1+float32(r.IntN(1<<23))/(1<<23)
			x *= 1 + float32(r.IntN(3)-1)*float32(math.Ldexp(1, -23))
		case 2: // below the normal numbers
			x, y, z = r.Float32()*float32(math.Ldexp(1, -70)), r.Float32()*float32(math.Ldexp(1, -70)), math.Float32frombits(r.Uint32()&0x807fffff)
		}
		if got, want := fma32(x, y, z), exactFMA(x, y, z); math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
			t.Fatalf("fma32(%x, %x, %x) = %x, want %x", x, y, z, got, want)
		}
	}
}

// exactFMA is x·y+z by arithmetic of any precision.
func exactFMA(x, y, z float32) float32 {
	for _, v := range []float32{x, y, z} {
		if !finite([]float32{v}) {
			return x*y + z
		}
	}
	p := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(x)), big.NewFloat(float64(y)))
	s := new(big.Float).SetPrec(2000).Add(p, big.NewFloat(float64(z)))
	if s.Sign() == 0 {
		return float32(float64(x)*float64(y)) + z // only the sign of zero is asked for
	}
	f, _ := s.Float32()
	return f
}

// TestSumsOfNothingAreZero: not the negative zero that a sum of chunks begins with.
func TestSumsOfNothingAreZero(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]float32{
		"Dot": Dot(nil, nil), "DotF16": DotF16(nil, nil), "SumF32": SumF32(nil), "dotOrdered": dotOrdered(nil, nil),
	} {
		if math.Float32bits(got) != 0 {
			t.Errorf("%s of nothing is %x", name, math.Float32bits(got))
		}
	}
}
