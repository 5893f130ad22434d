package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/tensor"
)

// Every operation loads and gives results that are numbers, and not all of them zero.
func TestEveryOperationRuns(t *testing.T) {
	for k := range operations {
		op := &operations[k]
		t.Run(op.name, func(t *testing.T) {
			if testing.Short() && k%4 != 0 {
				t.Skip("one in four")
			}
			l, err := op.load(t.Context(), filepath.Join(t.TempDir(), "model.mlpackage"), 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Predict(t.Context(), l.in, l.out, nil); err != nil {
				t.Fatal(err)
			}
			if sum := sumOf(t, l.out[0]); sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
				t.Errorf("the absolute values of the result add up to %v", sum)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// sumOf adds up absolute values.
func sumOf(t *testing.T, v *tensor.Tensor) (sum float64) {
	t.Helper()
	if v.DType() == tensor.Float16 {
		x, err := tensor.Data[tensor.Half](v)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range x {
			sum += math.Abs(float64(dtype.Float16ToFloat32(uint16(h))))
		}
		return sum
	}
	x, err := tensor.Data[float32](v)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range x {
		sum += math.Abs(float64(f))
	}
	return sum
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{4, 1, 3, 2}, 3}} {
		if got := median(c.x); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.x, got, c.want)
		}
	}
}
