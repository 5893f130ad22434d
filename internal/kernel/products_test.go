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

// TestOddWeightsAreMultipliedAsTheDefinitionSays has scales and entries that overflow,
// vanish or are no numbers, in the layouts that kernels take row by row and by tiles.
func TestOddWeightsAreMultipliedAsTheDefinitionSays(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		r := newRand(31)
		for _, d := range [][3]int{{9, 544, 32}, {5, 1056, 1056}, {6, 96, 48}, {7, 1040, 80}} {
			for i := range 24 {
				s := quantSpec{d[0], d[1], 4 + 4*(i%2), i/2%2 == 0, 1, d[2], i/4%2 == 0, i % 3, i/12 == 0, 0}
				c, _ := s.config(t, r)
				if s.wide {
					c.Scale32 = extremes(t, uint64(i), len(c.Scale32))
				} else {
					c.Scale16 = asHalves(randomBytes(t, r, 2*len(c.Scale16)))
				}
				m, err := kernel.NewQuant(c)
				if err != nil {
					t.Fatal(err)
				}
				checkOdd(t, s.String(), m)
			}
			for _, width := range []int{1, 2, 3, 4, 6, 8} {
				for i := range 4 {
					s := lutSpec{d[0], d[1], width, d[0], d[1], true, i % 3, i == 3}
					m, _ := s.make(t, r)
					checkOdd(t, s.String(), m)
				}
			}
		}
	})
}

// checkOdd multiplies odd vectors and compares with ordered sums of the rows that plain
// Go decodes.
func checkOdd(t *testing.T, name string, m kernel.Mat) {
	t.Helper()
	rows, cols := m.Rows(), m.Cols()
	weights := make([]float32, rows*cols)
	was := kernel.CPU().Variant
	use(t, kernel.Generic)
	for i := range rows {
		m.Row(weights[i*cols:], i)
	}
	use(t, was)
	for _, n := range []int{1, 2, 3, 5} {
		x, dst := extremes(t, uint64(n), n*cols), guarded[float32](t, n*rows)
		m.Mul(dst, rows, x, cols, n, 0, rows, guarded[float32](t, m.ScratchLen(n)))
		for i := range rows {
			for v := range n {
				want := kernel.DotOrdered(weights[i*cols:(i+1)*cols], x[v*cols:(v+1)*cols])
				sameBits(t, fmt.Sprintf("%s n=%d: result [%d, %d]", name, n, v, i), dst[v*rows+i], want)
			}
		}
	}
}
