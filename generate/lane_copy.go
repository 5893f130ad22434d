package generate

import (
	"fmt"

	"github.com/gocoreml/coreml/tensor"
)

// rowOf copies one place of an axis to dst, which it makes where it does not fit.
func rowOf(dst, t *tensor.Tensor, axis, at int) (*tensor.Tensor, error) {
	src, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	if dst == nil || dst.DType() != t.DType() || dst.Len() != t.Len()/t.Dim(axis) || dst.Rank() != t.Rank() || dst.Dim(axis) != 1 {
		shape := t.Shape()
		shape[axis] = 1
		dst = tensor.New(t.DType(), shape...)
	}
	to, err := dst.Bytes()
	if err != nil {
		return nil, err
	}
	piece := pieceSize(t, axis)
	for i := 0; i*piece < len(to); i++ {
		copy(to[i*piece:(i+1)*piece], src[(i*t.Dim(axis)+at)*piece:])
	}
	return dst, nil
}

// pieceSize returns the bytes of one place of an axis, one of as many pieces as the axes
// before it have places.
func pieceSize(t *tensor.Tensor, axis int) int {
	n := t.DType().Size()
	for i := axis + 1; i < t.Rank(); i++ {
		n *= t.Dim(i)
	}
	return n
}

// moveAlong moves a cache along an axis, in place, by the places of fresh, which take
// those at its end.
func moveAlong(cache, fresh *tensor.Tensor, axis int) error {
	dst, err := cache.Bytes()
	if err != nil {
		return err
	}
	src, err := fresh.Bytes()
	if err != nil {
		return err
	}
	piece := pieceSize(cache, axis)
	row, n := cache.Dim(axis)*piece, fresh.Dim(axis)*piece
	if fresh.DType() != cache.DType() || n > row || pieceSize(fresh, axis) != piece || len(src)/max(n, 1) != len(dst)/max(row, 1) {
		return fmt.Errorf("it is %v, and the output %v: %w", cache.Shape(), fresh.Shape(), tensor.ErrShape)
	}
	for i := range len(dst) / row {
		copy(dst[i*row:(i+1)*row], dst[i*row+n:(i+1)*row])
		copy(dst[(i+1)*row-n:(i+1)*row], src[i*n:(i+1)*n])
	}
	return nil
}
