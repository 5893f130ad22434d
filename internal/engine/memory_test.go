package engine_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

func TestANewTensorHasItsTypeAndShape(t *testing.T) {
	for _, dt := range []tensor.DType{tensor.Float16, tensor.Float32, tensor.Float64, tensor.Int32, tensor.Int8, tensor.UInt8} {
		for _, shape := range [][]int{{}, {0}, {3, 0, 2}, {2, 3}, {1 << 20}} {
			got := engine.NewTensor(dt, shape...)
			if got.Err() != nil || got.DType() != dt || !slices.Equal(got.Shape(), shape) {
				t.Errorf("%v of shape %v is %v of shape %v: %v", dt, shape, got.DType(), got.Shape(), got.Err())
			}
		}
	}
}

func TestANewTensorOfAnImpossibleShapeIsAnError(t *testing.T) {
	for _, shape := range [][]int{{-1}, {math.MaxInt, 2}, {math.MaxInt / 2, 4}} {
		if got := engine.NewTensor(tensor.Float32, shape...); got.Err() == nil {
			t.Errorf("shape %v makes a tensor of %d elements", shape, got.Len())
		}
	}
}
