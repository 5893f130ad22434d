package kernel_test

import (
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// asking counts how often it is asked and says true from the n-th time on.
func asking(n int) (stop func() bool, asked *int) {
	asked = new(int)
	return func() bool { *asked++; return *asked > n }, asked
}

func ramp(n int) []float32 {
	x := make([]float32, n)
	for k := range x {
		x[k] = float32(k%97)/97 - 0.5
	}
	return x
}

// Long work asks again and again whether it is to stop, and stops soon after it is.
func TestLongKernelsStopWhenTheyAreTold(t *testing.T) {
	const rows, cols, n = 256, 4096, 4096
	weights, x, dst := ramp(rows*cols), ramp(cols*n), make([]float32, rows*n)
	mat, err := kernel.NewF32(rows, cols, weights)
	if err != nil {
		t.Fatal(err)
	}
	long := ramp(1 << 21)
	scratch := make([]float32, len(long))
	for name, run := range map[string]func(stop func() bool){
		"a product with a matrix": func(stop func() bool) {
			task := &kernel.MatMulTask{Mat: mat, Dst: dst, X: x, Ldd: rows, Ldx: cols, N: n, Stop: stop}
			task.Go(nil, 1)
		},
		"a product of two arrays": func(stop func() bool) {
			kernel.MatMulUntil(stop, dst, 2*n, weights, cols, x, 2*n, false, 32, 2*n, cols/2)
		},
		"a product of two arrays, one transposed": func(stop func() bool) {
			kernel.MatMulUntil(stop, dst, n, weights, cols, x, cols, true, 32, n, cols)
		},
		"attention": func(stop func() bool) {
			a := &kernel.Attention{
				Heads: 1, KVHeads: 1, Queries: 8, Keys: 1 << 14, HeadDim: 64, ValueDim: 64, Scale: 0.1, Stop: stop,
				Q: x, QRow: 64, K32: x, KRow: 64, KCol: 1, V32: x, VRow: 64, VCol: 1, Dst: dst, DstRow: 64,
			}
			a.Go(nil, 1)
		},
		"softmax":    func(stop func() bool) { copy(scratch, long); kernel.SoftmaxUntil(stop, scratch) },
		"layer norm": func(stop func() bool) { kernel.LayerNormUntil(stop, scratch, long, nil, nil, 1e-5) },
		"squares":    func(stop func() bool) { kernel.SumSquaresUntil(stop, long) },
	} {
		t.Run(name, func(t *testing.T) {
			never, asked := asking(math.MaxInt)
			run(never)
			if *asked < 12 {
				t.Errorf("asked %d times, want 12 at least", *asked)
			}
			all := *asked
			early, asked := asking(4)
			run(early)
			if *asked >= all {
				t.Errorf("asked %d times after it was told to stop, %d without", *asked, all)
			}
		})
	}
}

// A token of text has hundreds of small products of many chunks each, which look once
// for the whole product, and do nothing where they are told at once. A product for a
// slow processor to take long over is looked at in each chunk.
func TestSmallProductsLookOnceWhetherTheyAreToStop(t *testing.T) {
	p := workpool.New(2)
	defer p.Close()
	for _, c := range []struct {
		name       string
		rows, cols int
		once       bool
	}{
		{"of a small model's layer", 1536, 576, true},
		{"of 2^23 products", 1 << 10, 1 << 13, true},
		{"of twice as many", 1 << 11, 1 << 13, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			mat, err := kernel.NewF32(c.rows, c.cols, ramp(c.rows*c.cols))
			if err != nil {
				t.Fatal(err)
			}
			var asked atomic.Int64
			dst := make([]float32, c.rows)
			task := &kernel.MatMulTask{Mat: mat, Dst: dst, X: ramp(c.cols), Ldd: c.rows, Ldx: c.cols, N: 1}
			task.Stop = func() bool { asked.Add(1); return false }
			task.Go(p, 2)
			if n := asked.Load(); (n == 1) != c.once {
				t.Errorf("asked %d times", n)
			}
			clear(dst)
			task.Stop = func() bool { return true }
			task.Go(p, 2)
			if slices.ContainsFunc(dst, func(v float32) bool { return v != 0 }) {
				t.Error("it went on after it was told to stop")
			}
		})
	}
}

// Pieces give the bits of the whole, which are near those of exact sums.
func TestLongRowsInPiecesAreThoseOfTheWhole(t *testing.T) {
	x := ramp(1<<20 + 5)
	sum, mean, squares := 0.0, 0.0, 0.0
	for _, v := range x {
		sum += math.Exp(float64(v))
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	soft, norm := make([]float32, len(x)), make([]float32, len(x))
	for k, v := range x {
		soft[k] = float32(math.Exp(float64(v)) / sum)
		norm[k] = float32((float64(v) - mean) / math.Sqrt(squares/float64(len(x))+1e-5))
	}
	near := func(t *testing.T, name string, got, whole, want []float32) {
		t.Helper()
		compareBits(t, name, got, whole, false)
		for k := range got {
			if d := math.Abs(float64(got[k] - want[k])); d > 1e-5*math.Abs(float64(want[k]))+1e-6 {
				t.Fatalf("%s: element %d is %g, want %g", name, k, got[k], want[k])
			}
		}
	}
	eachVariant(t, func(t *testing.T) {
		got, whole := slices.Clone(x), slices.Clone(x)
		kernel.SoftmaxUntil(nil, got)
		kernel.Softmax(whole)
		near(t, "softmax", got, whole, soft)
		kernel.LayerNormUntil(nil, got, x, x, x, 1e-5)
		kernel.LayerNorm(whole, x, x, x, 1e-5)
		compareBits(t, "layer norm with factors", got, whole, false)
		kernel.LayerNormUntil(nil, got, x, nil, nil, 1e-5)
		kernel.LayerNorm(whole, x, nil, nil, 1e-5)
		near(t, "layer norm", got, whole, norm)
		got[0], whole[0] = kernel.SumSquaresUntil(nil, x), kernel.SumSquares(x)
		compareBits(t, "squares", got[:1], whole[:1], false)
	})
}

// Vectors that are multiplied in blocks give the bits that they give at once.
func TestBlocksOfVectorsGiveTheSameBits(t *testing.T) {
	const rows, cols = 48, 1 << 15
	mat, err := kernel.NewF32(rows, cols, ramp(rows*cols))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{128, 129, 143, 144, 300} { // up to three blocks of 128
		x, got, want := ramp(cols*n), make([]float32, rows*n), make([]float32, rows*n)
		task := &kernel.MatMulTask{Mat: mat, Dst: got, X: x, Ldd: rows, Ldx: cols, N: n}
		task.Go(nil, 1)
		mat.Mul(want, rows, x, cols, n, 0, rows, make([]float32, mat.ScratchLen(n)))
		for k := range want {
			if got[k] != want[k] {
				t.Fatalf("%d vectors: element %d is %g in blocks, %g at once", n, k, got[k], want[k])
			}
		}
	}
}
