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
		"Dot": Dot(nil, nil), "DotF16": DotF16(nil, nil), "SumF32": SumF32(nil), "SumSquares": SumSquares(nil), "dotOrdered": dotOrdered(nil, nil),
	} {
		if math.Float32bits(got) != 0 {
			t.Errorf("%s of nothing is %x", name, math.Float32bits(got))
		}
	}
}

// TestAChunkIsSummedInLanes compares fmaLanes with fma32, step by step, also where
// sums lie in the middle of two numbers, below the normal ones and above all.
func TestAChunkIsSummedInLanes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	for range 4000 {
		n := 1 + r.IntN(chunkCols)
		a, b := make([]float32, n), make([]float32, n)
		size, kind := r.IntN(240)-120, r.IntN(4)
		for i := range a {
			a[i], b[i] = float32(r.NormFloat64()), float32(math.Ldexp(r.NormFloat64(), size))
			switch kind {
			case 1: // few digits, and therefore many sums in the middle
				a[i] = float32(r.IntN(1<<12)) / (1 << 11)
				b[i] = float32(r.IntN(1<<12)) / float32(int(1)<<r.IntN(24))
			case 2:
				a[i] *= float32(r.IntN(2)) // zeros
			case 3:
				b[i] = math.Float32frombits(r.Uint32())
			}
		}
		var l [lanes]float32
		for i := range (n + lanes - 1) / lanes * lanes {
			var x, y float32
			if i < n {
				x, y = a[i], b[i]
			}
			l[i%lanes] = fma32(x, y, l[i%lanes])
		}
		got, want := dotChunk(a, b), sumLanes(&l)
		if math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
			t.Fatalf("kind %d, %d numbers: %v, want %v", kind, n, got, want)
		}
	}
}
