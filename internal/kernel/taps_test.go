package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// tapsByHand is the definition with exact sums: math.FMA of float64 would round twice,
// so the chain is kernel.FMA32's, one number after another.
func tapsByHand(dst, a, b []float32, at []int, ldd, lda, m, n int, acc bool) {
	for i := range m {
		for j := range n {
			sum := float32(0)
			if acc {
				sum = dst[i*ldd+j]
			}
			for c, offset := range at {
				sum = kernel.FMA32(a[i*lda+c], b[offset+j], sum)
			}
			dst[i*ldd+j] = sum
		}
	}
}

func TestTapsAreChainsOfFusedProducts(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(41)
		for m := 1; m <= 18; m++ {
			for range 12 {
				n, k := 1+r.IntN(140), 1+r.IntN(40)
				ldd, lda := n+r.IntN(4), k+r.IntN(4)
				taps, at, most := kernel.Taps{}, make([]int, k), 0
				for c := range at {
					at[c] = r.IntN(200)
					most = max(most, at[c])
					taps.Add(at[c])
				}
				a, b := normals(t, r, (m-1)*lda+k), normals(t, r, most+n)
				got := normals(t, r, (m-1)*ldd+n)
				want := append([]float32(nil), got...)
				acc := r.IntN(2) == 1
				taps.Mul(got, ldd, a, lda, b, m, n, acc)
				tapsByHand(want, a, b, at, ldd, lda, m, n, acc)
				for i := range want {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%d rows by %d columns to depth %d: element %d is %v, want %v", m, n, k, i, got[i], want[i])
					}
				}
			}
		}
	})
}

func TestTapsMayBeParted(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(42)
		const m, n, k = 5, 70, 30
		a, b := normals(t, r, m*k), normals(t, r, n+k)
		whole, first, rest := kernel.Taps{}, kernel.Taps{}, kernel.Taps{}
		for c := range k {
			whole.Add(c)
			if c < 11 {
				first.Add(c)
			} else {
				rest.Add(c)
			}
		}
		want, got := make([]float32, m*n), make([]float32, m*n)
		whole.Mul(want, n, a, k, b, m, n, false)
		first.Mul(got, n, a, k, b, m, n, false)
		rest.Mul(got, n, a[11:], k, b, m, n, true)
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("element %d is %v in two parts, %v as a whole", i, got[i], want[i])
			}
		}
	})
}

func TestNoTapsGiveZeros(t *testing.T) {
	var none kernel.Taps
	dst := []float32{1, 2, 3, 4, 5, 6}
	none.Mul(dst, 3, nil, 0, nil, 2, 2, true)
	if dst[0] != 1 {
		t.Error("nothing was added and dst changed")
	}
	none.Mul(dst, 3, nil, 0, nil, 2, 2, false)
	for i, want := range []float32{0, 0, 3, 0, 0, 6} {
		if dst[i] != want {
			t.Errorf("element %d is %v, want %v", i, dst[i], want)
		}
	}
}

func BenchmarkTaps(b *testing.B) {
	for _, v := range kernel.Variants()[:len(kernel.Variants())-1] {
		for _, m := range []int{1, 6, 64} {
			b.Run(fmt.Sprintf("%s/m=%d", v, m), func(b *testing.B) {
				use(b, v)
				const n, channels = 512, 28
				var taps kernel.Taps
				for c := range channels * 9 {
					taps.Add(c/9*(n+200) + c%9/3*82 + c%3)
				}
				r := newRand(1)
				a, x, dst := normals(b, r, m*channels*9), normals(b, r, channels*(n+200)), normals(b, r, m*n)
				for b.Loop() {
					taps.Mul(dst, n, a, channels*9, x, m, n, false)
				}
				b.ReportMetric(2*float64(m*n*channels*9)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
