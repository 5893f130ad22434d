//go:build !noasm

package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// What is fetched ahead is seen in no result, whichever processor asks for it.
func TestFastProductsAreTheSameInEveryWayOfFetching(t *testing.T) {
	before := kernel.SetFetch(0)
	t.Cleanup(func() { kernel.SetFetch(before) })
	for form := range 6 {
		for i, cols := range []int{64, 128, 448, 512, 960, 4096, 192, 960} {
			r := newRand(uint64(form))
			s := quantSpec{9, cols, 4, form&1 != 0, 1, 32 >> (i / 6), form == 3, form >> 1, false, 0}
			c, _ := s.config(t, r)
			c.Fast = true
			x := normals(t, r, cols)
			var want []float32
			for way := range kernel.FetchWays {
				kernel.SetFetch(way)
				got := productOf(t, c, x, 1)
				if way == 0 {
					want = got
				}
				for i := range got {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%v: product %d is %v in way %d, and %v in the first", s, i, got[i], way, want[i])
					}
				}
			}
		}
	}
}

// The steps are finer than QuantConfig.Fast promises.
func TestFastHasAStepForEveryEightInputs(t *testing.T) {
	use(t, kernel.AVX2)
	t.Cleanup(func() { use(t, kernel.Variants()[0]) })
	for seed := range uint64(200) {
		checkFineSteps(t, seed)
	}
}

func FuzzFastHasAStepForEveryEightInputs(f *testing.F) {
	use(f, kernel.AVX2)
	f.Cleanup(func() { use(f, kernel.Variants()[0]) })
	f.Add(uint64(1000))
	f.Fuzz(checkFineSteps)
}

// checkFineSteps multiplies a matrix of 4-bit codes by one to 3 and by 4 to 15
// vectors.
func checkFineSteps(t *testing.T, seed uint64) {
	r := newRand(seed)
	block := 32
	if seed&1 != 0 {
		block = 64 * (1 + r.IntN(3))
	}
	cols := block * (1 + r.IntN(3))
	if cols%64 != 0 {
		cols *= 2
	}
	s := quantSpec{1 + r.IntN(40), cols, 4, seed&2 != 0, 1, block, seed&4 != 0, r.IntN(3), false, 0}
	c, w := s.config(t, r)
	c.Fast = true
	m, err := kernel.NewQuant(c)
	if err != nil {
		t.Fatal(err)
	}
	// The largest of scale·(|code|+|offset|), with 8 as the offset of signed codes.
	var largest float64
	for _, v := range c.Scale32 {
		largest = max(largest, 40*math.Abs(float64(v)))
	}
	for _, v := range c.Scale16 {
		largest = max(largest, 40*math.Abs(float64(dtype.Float16ToFloat32(v))))
	}
	t.Log(s)
	checkSteps(t, m, w, r, 1+r.IntN(3), func(i int) int { return i / 8 }, 0, 1.0/127, largest)
	checkSteps(t, m, w, r, 4+r.IntN(12), func(i int) int { return i / 32 }, 0, 1.0/127, largest)
}

// checkSteps compares a product with the bound for the steps: of what shares one
// the part ofPeak of the largest magnitude, or a 253rd of the span when that is
// 0, and part of the largest magnitude of all. weight bounds what multiplies an
// input.
func checkSteps(t *testing.T, m kernel.Mat, w []float32, r *rand.Rand, n int, step func(i int) int, part, ofPeak, weight float64) {
	t.Helper()
	rows, cols := m.Rows(), m.Cols()
	x := normals(t, r, n*cols)
	for i := range x {
		// Some blocks are a thousand times larger than others.
		if i/8%5 == 0 {
			x[i] *= 1000
		}
	}
	dst, scratch := guarded[float32](t, n*rows), guarded[float32](t, m.ScratchLen(n))
	m.Mul(dst, rows, x, cols, n, 0, rows, scratch)
	for i := range n * rows {
		v, wr := x[i/rows*cols:][:cols], w[i%rows*cols:][:cols]
		var sum, bound, abs, largest float64
		for _, f := range v {
			largest = max(largest, math.Abs(float64(f)))
		}
		least, most, weights := make([]float64, cols/8), make([]float64, cols/8), make([]float64, cols/8)
		for c, f := range v {
			xv, wv := float64(f), float64(wr[c])
			sum += xv * wv
			abs += weight * math.Abs(xv)
			weights[step(c)] += math.Abs(wv)
			least[step(c)], most[step(c)] = min(least[step(c)], xv), max(most[step(c)], xv)
		}
		for b, w := range weights {
			size := (most[b] - least[b]) / 253
			if ofPeak > 0 {
				size = max(most[b], -least[b]) * ofPeak
			}
			bound += w * (size + part*largest) / 2 * 1.0001
		}
		near(t, fmt.Sprintf("n=%d: result [%d, %d]", n, i/rows, i%rows), dst[i], sum, bound+dotBound(cols, abs))
	}
}

// 8-bit codes are multiplied by inputs of 16 bits, whose steps are all of one
// size.
func TestFastProductsOfEightBitCodesHaveSixteenBitInputs(t *testing.T) {
	use(t, kernel.AVX2)
	t.Cleanup(func() { use(t, kernel.Variants()[0]) })
	seeds := uint64(200)
	if raceEnabled && testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		checkWords(t, seed)
	}
}

func FuzzFastProductsOfEightBitCodesHaveSixteenBitInputs(f *testing.F) {
	use(f, kernel.AVX2)
	f.Cleanup(func() { use(f, kernel.Variants()[0]) })
	f.Add(uint64(1000))
	f.Fuzz(checkWords)
}

// checkWords multiplies a matrix of 8-bit codes by 4 to 15 vectors.
func checkWords(t *testing.T, seed uint64) {
	r := newRand(seed)
	block, rowBlock := 32*(1+r.IntN(20)), 1+r.IntN(3)
	s := quantSpec{rowBlock * (1 + r.IntN(20)), block * (1 + r.IntN(3)), 8, seed&2 != 0, rowBlock, block, seed&4 != 0, r.IntN(2) * 2, false, 0}
	c, w := s.config(t, r)
	c.Fast = true
	m, err := kernel.NewQuant(c)
	if err != nil {
		t.Fatal(err)
	}
	var largest float64
	for _, v := range w {
		largest = max(largest, math.Abs(float64(v)))
	}
	t.Log(s)
	checkSteps(t, m, w, r, 4+r.IntN(12), func(int) int { return 0 }, 1.0/32639-1.0/127, 1.0/127, largest)
}
