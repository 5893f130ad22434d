package kernel_test

import (
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// TestVectorsThatAreAloneHaveTheBitsOfOne multiplies the vectors of different
// sequences together and one by one, by a matrix and by two of them joined.
func TestVectorsThatAreAloneHaveTheBitsOfOne(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, d := range []struct{ rows, cols, block int }{
			{37, 64, 32}, {130, 576, 32}, {20, 960, 32}, {9, 4096 + 64, 32}, {21, 576, 16}, {6, 960, 16}, {7, 576, 64}, {5, 1024, 1024},
		} {
			for form := range 6 {
				s := quantSpec{d.rows, d.cols, 4, form&1 != 0, 1, d.block, form == 3, form >> 1, false, 0}
				checkAlone(t, s)
				s.bits, s.colBlock = 8, s.cols
				checkAlone(t, s)
			}
		}
	})
}

func checkAlone(t *testing.T, s quantSpec) {
	t.Helper()
	r := newRand(31)
	var parts []kernel.Mat
	for range 2 {
		c, _ := s.config(t, r)
		c.Fast = true
		m, err := kernel.NewQuant(c)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, m)
	}
	joined, err := kernel.NewConcat(parts...)
	if err != nil {
		t.Fatal(err)
	}
	p := workpool.New(2)
	defer p.Close()
	for _, m := range []kernel.Mat{parts[0], joined} {
		for _, n := range []int{2, 3, 4, 5, 8, 11} {
			x := normals(t, r, n*s.cols)
			product := func(x []float32, n int) []float32 {
				dst := guarded[float32](t, n*m.Rows())
				task := kernel.MatMulTask{Mat: m, Dst: dst, X: x, Ldd: m.Rows(), Ldx: s.cols, N: n, Alone: true}
				task.Go(p, 0)
				return dst
			}
			together := product(x, n)
			for i := range n {
				for r, want := range product(x[i*s.cols:(i+1)*s.cols], 1) {
					if got := together[i*m.Rows()+r]; math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("%v: row %d of vector %d of %d is %v, and %v by itself", s, r, i, n, got, want)
					}
				}
			}
		}
	}
}
