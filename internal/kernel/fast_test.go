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
		for _, d := range [][4]int{{70, 576, 1, 32}, {9, 64, 1, 32}, {5, 128, 1, 64}, {6, 1024, 2, 1024}, {4, 4096, 1, 128}, {3, 96, 1, 32}, {4, 4096, 1, 32}, {6, 960, 2, 32}, {70, 576, 1, 16}, {6, 960, 2, 16}, {5, 4096, 1, 16}, {3, 64, 1, 16}} {
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
	m.Mul(dst, rows, x, cols, 1, 0, rows, guarded[float32](t, m.ScratchLen(1)))
	if dst[0] == dst[0] {
		t.Fatalf("a NaN in the input gave %v", dst[0])
	}
}

// Kernels take rows in twos, and scales in batches of rows. Neither how many rows a
// product has nor which thread takes them may be seen in a result: rows by
// themselves give the same bits, and so do rows that begin at an odd one.
func TestFastProductsOfARowAreTheSameInAnyCompany(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, d := range []struct{ rows, cols, block int }{
			{1, 64, 32},
			{2, 64, 32},
			{3, 128, 32},
			{7, 192, 32},
			{58, 576, 32},
			{6, 960, 32},
			{6, 960, 16},
			{3, 64, 16},
			{5, 8192 + 64, 16},
			{5, 8192 + 64, 32},
			{3, 16384, 32},
			{1, 64, 64},
			{2, 128, 64},
			{7, 576, 64},
			{4, 576, 192},
			{5, 1024, 1024},
		} {
			for form := range 6 {
				s := quantSpec{d.rows, d.cols, 4, form&1 != 0, 1, d.block, form == 3, form >> 1, false, 0}
				checkCompany(t, s, newRand(uint64(form)))
			}
		}
	})
}

func checkCompany(t *testing.T, s quantSpec, r *rand.Rand) {
	t.Helper()
	c, _ := s.config(t, r)
	c.Fast = true
	m, err := kernel.NewQuant(c)
	if err != nil {
		t.Fatal(err)
	}
	x := normals(t, r, s.cols)
	multiply := func(lo, hi int) []float32 {
		dst, scratch := guarded[float32](t, s.rows), guarded[float32](t, m.ScratchLen(1))
		m.Mul(dst, s.rows, x, s.cols, 1, lo, hi, scratch)
		return dst
	}
	all, tail := multiply(0, s.rows), multiply(1, s.rows)
	for row, got := range all {
		alone := multiply(row, row+1)
		if row > 0 && alone[row-1] != 0 || row+1 < s.rows && alone[row+1] != 0 {
			t.Fatalf("%v: row %d by itself is stored to its neighbours", s, row)
		}
		if want := alone[row]; math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("%v: row %d of all is %v, and %v by itself", s, row, got, want)
		}
		if row > 0 && math.Float32bits(tail[row]) != math.Float32bits(got) {
			t.Fatalf("%v: row %d from the second on is %v, and %v of all", s, row, tail[row], got)
		}
	}
}

// Scales of 16 bits are widened by whom it suits: by the kernel, or before. The
// products are those of the same scales as float32, of every number of vectors that
// goes by rows, and of more rows than go at a time.
func TestFastProductsOfHalfScalesAreThoseOfTheSameFloats(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, d := range []struct{ rows, cols, block int }{
			{1, 64, 32}, {2, 128, 32}, {5, 192, 32}, {461, 576, 32}, {7, 32768 + 64, 32}, {5, 960, 32}, {461, 576, 16}, {5, 960, 16}, {9, 576, 192},
		} {
			for form := range 6 {
				r := newRand(uint64(form))
				s := quantSpec{d.rows, d.cols, 4, form&1 != 0, 1, d.block, false, form >> 1, false, 0}
				c, _ := s.config(t, r)
				c.Fast = true
				halves := c
				c.Scale32 = guarded[float32](t, len(c.Scale16))
				kernel.F16ToF32(c.Scale32, c.Scale16)
				c.Scale16 = nil
				n := 1 + r.IntN(3)
				x := normals(t, r, n*d.cols)
				got, want := productOf(t, halves, x, n), productOf(t, c, x, n)
				for i := range got {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%v, %d vectors: product %d is %v, and %v of floats", s, n, i, got[i], want[i])
					}
				}
			}
		}
	})
}

// productOf multiplies n vectors by a whole matrix.
func productOf(t *testing.T, c kernel.QuantConfig, x []float32, n int) []float32 {
	t.Helper()
	m, err := kernel.NewQuant(c)
	if err != nil {
		t.Fatal(err)
	}
	dst, scratch := guarded[float32](t, n*c.Rows), guarded[float32](t, m.ScratchLen(n))
	m.Mul(dst, c.Rows, x, c.Cols, n, 0, c.Rows, scratch)
	return dst
}
