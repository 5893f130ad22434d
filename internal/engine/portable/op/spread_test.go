package op_test

import (
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/workpool"
)

// Vectors from 32,768 elements on are shared among the threads. Each element is
// computed alone, so every number of threads gives the same bits.
func TestLongVectorsGiveTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	const n = 1<<16 + 13 // no multiple of what a thread takes at once
	x, y := f32(dims{n}), f32(dims{n})
	for k := range n {
		x.F32 = append(x.F32, float32(k%1999)/250-4)
		y.F32 = append(y.F32, float32(k%7)+0.5)
	}
	for _, name := range []string{"exp", "tanh", "sqrt", "square", "abs", "silu", "sigmoid", "gelu", "softmax", "add", "mul", "sub", "maximum"} {
		t.Run(name, func(t *testing.T) {
			in := operands{"x": x}
			if slices.Contains([]string{"add", "mul", "sub", "maximum"}, name) {
				in["y"] = y
			}
			want := onThreads(t, example{op: name, in: in}, nil, 1)
			for _, threads := range []int{1, 2, 3} {
				got := onThreads(t, example{op: name, in: in}, pool, threads)
				for k := range got {
					if got[k] != want[k] && (got[k] == got[k] || want[k] == want[k]) {
						t.Fatalf("element %d is %v on %d threads and %v on one", k, got[k], threads, want[k])
					}
				}
			}
		})
	}
}

// A product's rows are shared out too, and its sums keep their order.
func TestProductsGiveTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	fill := func(v *array.Value) *array.Value {
		for k := range v.F32 {
			v.F32[k] = float32(k%1999)/777 - 1
		}
		return v
	}
	x := example{op: "matmul", in: operands{"x": fill(counting(2, 130, 70)), "y": fill(counting(70, 50))}}
	want := onThreads(t, x, nil, 1)
	for _, threads := range []int{2, 3} {
		if got := onThreads(t, x, pool, threads); !slices.Equal(got, want) {
			t.Errorf("%d threads give another product", threads)
		}
	}
}

// onThreads runs an example on a pool and returns a copy of its result.
func onThreads(t *testing.T, x example, pool *workpool.Pool, threads int) []float32 {
	t.Helper()
	c := bind(t, &x, forms[0])
	c.Env.Pool, c.Env.Threads = pool, threads
	if err := once(c); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(c.F32(&c.Env.Values[c.Step.Out[0]]))
}
