package embed

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/tensor"
)

// rowsOf views an output as the vectors of tokens: [batch, length, size]. What
// lies in another order is copied.
func rowsOf(t *tensor.Tensor, s size) (*tensor.Tensor, error) {
	shape := t.Shape()
	is := func(want ...int) bool {
		return slices.EqualFunc(shape, want, func(n, w int) bool { return w < 0 || n == w })
	}
	switch {
	case is(s.batch, s.length, -1):
	case is(s.batch, 1, s.length, -1), is(1, s.batch, s.length, -1), s.batch == 1 && is(s.length, -1):
		t = t.Reshape(s.batch, s.length, shape[len(shape)-1])
	case is(s.batch, -1, 1, s.length):
		t = t.Reshape(s.batch, shape[1], s.length).Transpose(0, 2, 1)
	case is(s.batch, -1, s.length):
		t = t.Transpose(0, 2, 1)
	default:
		return nil, fmt.Errorf("the output has the shape %v, want [%d, %d, dimensions], or [%d, dimensions, 1, %d]", shape, s.batch, s.length, s.batch, s.length)
	}
	t = t.To(tensor.Float32).Contiguous()
	return t, t.Err()
}

// vectorsOf views an output as the vectors of texts: [batch, size].
func vectorsOf(t *tensor.Tensor, s size) (*tensor.Tensor, error) {
	shape := t.Shape()
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n == 0 || n%s.batch != 0 || len(shape) == 0 || s.batch > 1 && shape[0] != s.batch {
		return nil, fmt.Errorf("the output has the shape %v, want [%d, dimensions]", shape, s.batch)
	}
	t = t.To(tensor.Float32).Contiguous().Reshape(s.batch, n/s.batch)
	return t, t.Err()
}

// pool makes one vector of those of a text's tokens, rows of a size one behind the
// other, without the first skip of them. One row at least is left. Sums are float64:
// a text can have thousands of tokens.
func pool(how []Pooling, rows []float32, width, skip int) []float32 {
	rows = rows[skip*width:]
	out := make([]float32, 0, len(how)*width)
	n := len(rows) / width
	for _, p := range how {
		switch p {
		case PoolingCLS:
			out = append(out, rows[:width]...)
		case PoolingLast:
			out = append(out, rows[(n-1)*width:]...)
		case PoolingMax:
			out = append(out, greatest(rows, width)...)
		case PoolingMean:
			out = append(out, mean(rows, width, func(int) float64 { return 1 }, float64(n))...)
		case PoolingMeanSqrt:
			out = append(out, mean(rows, width, func(int) float64 { return 1 }, math.Sqrt(float64(n)))...)
		case PoolingWeightedMean:
			out = append(out, mean(rows, width, func(i int) float64 { return float64(skip + i + 1) }, float64(n)*(float64(2*skip+n+1)/2))...)
		}
	}
	return out
}

// mean returns the sum of rows times their weights over a number.
func mean(rows []float32, width int, weight func(i int) float64, over float64) []float32 {
	sums := make([]float64, width)
	for i := range len(rows) / width {
		w := weight(i)
		for j, x := range rows[i*width : (i+1)*width] {
			sums[j] += w * float64(x)
		}
	}
	out := make([]float32, width)
	for j, sum := range sums {
		out[j] = float32(sum / over)
	}
	return out
}

// greatest returns the greatest number of each column. A NaN stays one.
func greatest(rows []float32, width int) []float32 {
	out := slices.Clone(rows[:width])
	for i := range len(rows) / width {
		for j, x := range rows[i*width : (i+1)*width] {
			out[j] = max(out[j], x)
		}
	}
	return out
}
