package tensor_test

import (
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// The sizes are those of a vocabulary and of small matrices.
func BenchmarkOperations(b *testing.B) {
	const vocabulary = 128 << 10
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16} {
		x := tensor.RandomNormal(d, 0, 3, 1, 1, vocabulary)
		y := tensor.RandomNormal(d, 0, 3, 2, 1, vocabulary)
		m := tensor.RandomNormal(d, 0, 1, 3, 256, 256)
		for name, f := range map[string]func() *tensor.Tensor{
			"add":       func() *tensor.Tensor { return x.Add(y) },
			"scale":     func() *tensor.Tensor { return x.Mul(x.Scalar(0.5)) },
			"softmax":   func() *tensor.Tensor { return x.Softmax(-1) },
			"argmax":    func() *tensor.Tensor { return x.ArgMax(-1) },
			"topk":      func() *tensor.Tensor { v, _ := x.TopK(50, -1); return v },
			"sum":       func() *tensor.Tensor { return x.Sum(nil, false) },
			"sample":    func() *tensor.Tensor { return x.Square().Sample(1) },
			"transpose": func() *tensor.Tensor { return m.Transpose().Contiguous() },
			"matmul":    func() *tensor.Tensor { return m.MatMul(m) },
			"matmul t":  func() *tensor.Tensor { return m.MatMul(m.Transpose()) },
		} {
			b.Run(d.String()+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := f().Err(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
