package quantize

import (
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
)

// gaussian returns numbers of a normal distribution that are exact in fp16.
func gaussian(n int, deviation float64, seed uint64) []float32 {
	rnd := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = dtype.RoundFloat16(float32(rnd.NormFloat64() * deviation))
	}
	return v
}

func BenchmarkEncode(b *testing.B) {
	shape := []int{1024, 4096}
	values := gaussian(shape[0]*shape[1], 0.02, 1)
	t := Matrix(shape, values)
	t.Threads = 1
	for _, text := range []string{"int4", "uint4", "int8", "lut4:group=16", "lut4", "lut6", "prune:0.5"} {
		f, err := ParseForm(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			b.SetBytes(int64(len(values)))
			for b.Loop() {
				if _, err := EncodeTensor(b.Context(), f, t); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
