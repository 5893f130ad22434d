package engine

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// NewTensor returns a tensor whose elements may be anything, for a caller who sets
// every one. Clearing a large one first would take long, and nothing can interrupt
// it; of the types that are seldom large the elements are 0 all the same. A shape
// that is none gives a tensor with an error, as tensor.New does.
func NewTensor(t tensor.DType, shape ...int) *tensor.Tensor {
	n, ok := dtype.Count(shape)
	if !ok {
		return tensor.New(t, shape...)
	}
	switch t {
	case tensor.Float16:
		return tensor.Wrap(storage.Unzeroed[tensor.Half](n), shape...)
	case tensor.Float32:
		return tensor.Wrap(storage.Unzeroed[float32](n), shape...)
	case tensor.Int32:
		return tensor.Wrap(storage.Unzeroed[int32](n), shape...)
	case tensor.Float64:
		return tensor.Wrap(storage.Unzeroed[float64](n), shape...)
	}
	return tensor.New(t, shape...)
}
