package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
)

// manySpecs are matrices that many vectors are multiplied by: rows that do not fill a
// panel, blocks of scales of several lengths, rows of several panels, and each with and
// without offsets.
func manySpecs() (list []quantSpec) {
	for _, d := range [][4]int{
		{1, 32, 1, 32},
		{16, 64, 1, 32},
		{35, 96, 1, 32},
		{33, 576, 1, 32},
		{18, 800, 2, 32},
		{16, 1536, 1, 64},
		{17, 1920, 1, 192},
		{20, 1600, 4, 1600},
		{16, 2048, 16, 128},
	} {
		for form := range 12 {
			s := quantSpec{d[0], d[1], 4 << (form & 1), form&2 != 0, d[2], d[3], form%5 == 0, form >> 2, false, 0}
			if s.bits == 8 && s.offset == 1 {
				continue // offsets that are no integers are not multiplied so
			}
			list = append(list, s)
		}
	}
	return list
}

// manyInputs are vectors with blocks of all sizes, blocks of zeros among them.
func manyInputs(t *testing.T, seed uint64, n, cols int) []float32 {
	r := newRand(seed)
	x := normals(t, r, n*cols)
	for b := 0; b < len(x); b += 32 {
		factor := float32(1)
		switch r.IntN(8) {
		case 0:
			factor = 0
		case 1:
			factor = float32(math.Exp2(float64(r.IntN(60) - 30)))
		case 2:
			factor = 1e-32
		}
		for i := range x[b : b+32] {
			x[b+i] *= factor
		}
	}
	return x
}

// TestFastProductsOfManyVectorsHaveTheSameBitsEverywhere compares with the definition.
func TestFastProductsOfManyVectorsHaveTheSameBitsEverywhere(t *testing.T) {
	counts := []int{4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 33, 48}
	for i, s := range manySpecs() {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			c, _ := s.config(t, newRand(uint64(i)))
			c.Fast = true
			for b := range c.Offset {
				c.Offset[b] += 0.3 // so that what is subtracted is rounded
			}
			n := counts[i%len(counts)]
			x := manyInputs(t, uint64(i), n, s.cols)
			was := kernel.CPU().Variant
			t.Cleanup(func() { use(t, was) })
			use(t, kernel.Generic)
			want := productOf(t, c, x, n)
			for _, v := range kernel.Variants() {
				use(t, v)
				allTheSame(t, v, productOf(t, c, x, n), want)
			}
		})
	}
}

// TestEveryNumberOfVectorsIsMultipliedAlike has the vectors of one product among fewer and
// among more.
func TestEveryNumberOfVectorsIsMultipliedAlike(t *testing.T) {
	for _, bits := range []int{4, 8} {
		s := quantSpec{35, 1888, bits, true, 1, 32, false, 0, false, 0}
		c, _ := s.config(t, newRand(uint64(bits)))
		c.Fast = true
		const most = 70
		x := manyInputs(t, 3, most, s.cols)
		eachVariant(t, func(t *testing.T) {
			all := productOf(t, c, x, most)
			for n := 4; n < most; n++ {
				allTheSame(t, fmt.Sprint(n), productOf(t, c, x[:n*s.cols], n), all[:n*s.rows])
			}
		})
	}
}

// TestManyVectorsWithANumberThatIsNotFinite has NaN and infinities, of which nothing but
// NaN comes, and only in their own vector.
func TestManyVectorsWithANumberThatIsNotFinite(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, bits := range []int{4, 8} {
			s := quantSpec{18, 96, bits, true, 1, 32, false, 0, false, 0}
			c, _ := s.config(t, newRand(1))
			c.Fast = true
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				x := normals(t, newRand(2), 5*s.cols)
				x[2*s.cols+50] = float32(bad)
				for i, v := range productOf(t, c, x, 5) {
					if (v != v) != (i/s.rows == 2) {
						t.Fatalf("%d bits, %v in vector 2: row %d of vector %d is %v", bits, bad, i%s.rows, i/s.rows, v)
					}
				}
			}
		}
	})
}

// TestMatricesOfOtherCodesDoNotShareAPreparation has both widths of codes in one product.
func TestMatricesOfOtherCodesDoNotShareAPreparation(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const n, rows, cols = 5, 20, 96
		x := normals(t, newRand(1), n*cols)
		var parts []kernel.Mat
		want := make([]float32, n*2*rows)
		for i, bits := range []int{4, 8} {
			c, _ := quantSpec{rows, cols, bits, true, 1, 32, false, 0, false, 0}.config(t, newRand(2))
			c.Fast = true
			m, err := kernel.NewQuant(c)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, m)
			part := productOf(t, c, x, n)
			for v := range n {
				copy(want[v*2*rows+i*rows:], part[v*rows:][:rows])
			}
		}
		both, err := kernel.NewConcat(parts...)
		if err != nil {
			t.Fatal(err)
		}
		task := kernel.MatMulTask{Mat: both, Dst: make([]float32, n*2*rows), X: x, Ldd: 2 * rows, Ldx: cols, N: n}
		task.Go(nil, 1)
		allTheSame(t, "both", task.Dst, want)
	})
}
