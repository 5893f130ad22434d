package npy

import (
	"bytes"
	"fmt"

	"github.com/gocoreml/coreml/tensor"
)

// Layout says how the elements of a file that lies in memory are laid out: their type,
// their shape, and the bytes before the first of them. It refuses elements that cannot be
// used where they lie: those whose first index runs fastest, whose high byte comes first,
// or whose type is not one of package tensor.
func Layout(data []byte) (dtype tensor.DType, shape []int, offset int, err error) {
	r := bytes.NewReader(data)
	h, err := readHeader(r)
	if err != nil {
		return 0, nil, 0, err
	}
	e, err := typeOf(h.Descr)
	switch {
	case err != nil:
		return 0, nil, 0, err
	case e.big && e.size > 1, e.widened, h.FortranOrder && len(h.Shape) > 1:
		return 0, nil, 0, fmt.Errorf("elements of type %q in this order cannot be used where they lie: %w", h.Descr, tensor.ErrDType)
	}
	offset = len(data) - r.Len()
	if n, ok := elements(h.Shape, int64(len(data)-offset)/int64(e.size)); !ok || n*int64(e.size) != int64(len(data)-offset) {
		return 0, nil, 0, fmt.Errorf("%w: shape %v does not fit the %d bytes of the elements", ErrFormat, h.Shape, len(data)-offset)
	}
	return e.dtype, h.Shape, offset, nil
}
