package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// extremes fills a slice with numbers of which some products and sums overflow, vanish
// or are no numbers.
func extremes(tb testing.TB, seed uint64, n int) []float32 {
	tb.Helper()
	r := newRand(seed)
	x := normals(tb, r, n)
	odd := []float32{0, float32(math.Copysign(0, -1)), 1e-30, -1e-30, 1e-42, 3e38, -3e38, float32(math.Inf(1)), float32(math.NaN())}
	for i := range x {
		if r.IntN(8) == 0 {
			x[i] = odd[r.IntN(len(odd)-2*r.IntN(2))]
		}
	}
	return x
}

// TestVectorsByRowsAreOrderedSums has depths around a group of lanes and a chunk, any
// number of rows and vectors, and numbers that overflow and vanish.
func TestVectorsByRowsAreOrderedSums(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for i, k := range []int{1, 3, 8, 9, 15, 16, 17, 24, 31, 32, 100, 511, 512, 513, 520, 1024, 1100} {
			for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 9, 13} {
				m := 1 + (i+n)%9
				ldw, ldx, ldd := k+i%3, k+n%3, m+i%2
				w, x := extremes(t, uint64(k), (m-1)*ldw+k), extremes(t, uint64(n), (n-1)*ldx+k)
				dst := guarded[float32](t, (n-1)*ldd+m)
				kernel.MulNT(dst, ldd, x, ldx, n, w, ldw, m, k, false)
				for v := range n {
					for r := range m {
						want := kernel.DotOrdered(w[r*ldw:r*ldw+k], x[v*ldx:v*ldx+k])
						sameBits(t, fmt.Sprintf("k=%d n=%d m=%d: element [%d, %d]", k, n, m, v, r), dst[v*ldd+r], want)
					}
				}
				kernel.MulNT(dst, ldd, x, ldx, n, w, ldw, m, k, true)
				for v := range n {
					for r := range m {
						// The sums of the chunks are added to what is there, one after another.
						want := kernel.DotOrdered(w[r*ldw:r*ldw+k], x[v*ldx:v*ldx+k])
						for c := 0; c < k; c += 512 {
							end := min(c+512, k)
							want += kernel.DotOrdered(w[r*ldw+c:r*ldw+end], x[v*ldx+c:v*ldx+end])
						}
						sameBits(t, fmt.Sprintf("k=%d n=%d m=%d: added element [%d, %d]", k, n, m, v, r), dst[v*ldd+r], want)
					}
				}
			}
		}
	})
}

// TestRowsByColumnsAreChainsOfFusedProducts also goes on with a chain.
func TestRowsByColumnsAreChainsOfFusedProducts(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for i, n := range []int{1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65} {
			for m := 1; m <= 8; m++ {
				k := 1 + (7*i+m)%23
				lda, ldb, ldd := k+i%3, n+m%3, n+i%2
				a, b := extremes(t, uint64(n), (m-1)*lda+k), extremes(t, uint64(m), (k-1)*ldb+n)
				dst := guarded[float32](t, (m-1)*ldd+n)
				want := make([]float32, m*n)
				for _, acc := range []bool{false, true} {
					kernel.MulNN(dst, ldd, a, lda, m, b, ldb, n, k, acc)
					for r := range m {
						for c := range n {
							s := &want[r*n+c]
							for j := range k {
								*s = kernel.FMA32(a[r*lda+j], b[j*ldb+c], *s)
							}
							sameBits(t, fmt.Sprintf("k=%d n=%d m=%d acc=%v: element [%d, %d]", k, n, m, acc, r, c), dst[r*ldd+c], *s)
						}
					}
				}
			}
		}
	})
}
