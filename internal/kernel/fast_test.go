package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

func TestFastProductsAreWithinHalfAStepOfTheInput(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, d := range [][4]int{{70, 576, 1, 32}, {9, 64, 1, 32}, {5, 128, 1, 64}, {6, 1024, 2, 1024}, {4, 4096, 1, 128}, {3, 96, 1, 32}, {4, 4096, 1, 32}} {
			for variant := range 6 {
				r := newRand(uint64(variant))
				s := quantSpec{d[0], d[1], 4, variant&1 != 0, d[2], d[3], false, variant >> 1, false, 0}
				c, w := s.config(t, r)
				c.Fast = true
				m, err := kernel.NewQuant(c)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range []int{1, 3, 4, 11} {
					checkFast(t, m, w, r, n)
				}
			}
		}
	})
}

func checkFast(t *testing.T, m kernel.Mat, w []float32, r *rand.Rand, n int) {
	t.Helper()
	rows, cols := m.Rows(), m.Cols()
	x := normals(t, r, n*cols)
	clear(x[:min(32, cols)])
	if n > 1 {
		x[cols] = 1e-38
	}
	dst, scratch := guarded[float32](t, n*rows), guarded[float32](t, m.ScratchLen(n))
	m.Mul(dst, rows, x, cols, n, 0, rows, scratch)
	for i := range n * rows {
		tok, row := i/rows, i%rows
		var sum, bound, abs, largest float64
		if n > 1 {
			for _, v := range x[tok*cols : (tok+1)*cols] {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
		for b := 0; b < cols; b += 32 {
			var peak, weights float64
			for c := b; c < min(b+32, cols); c++ {
				xv, wv := float64(x[tok*cols+c]), float64(w[row*cols+c])
				sum += xv * wv
				abs += math.Abs(xv*wv) + math.Abs(xv)
				weights += math.Abs(wv)
				peak = max(peak, math.Abs(xv))
			}
			bound += weights * (peak/126 + largest*0x1p-20) / 2 * 1.001
		}
		near(t, fmt.Sprintf("n=%d: result [%d, %d]", n, tok, row), dst[i], sum, bound+dotBound(cols, abs))
	}
	x[cols-1] = float32(math.NaN())
	m.Mul(dst, rows, x, cols, 1, 0, rows, scratch)
	if dst[0] == dst[0] {
		t.Fatalf("a NaN in the input gave %v", dst[0])
	}
}
