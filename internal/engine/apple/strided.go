//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/tensor"
)

// layout says where the elements of an array lie: at the sum of index times
// stride, counted in elements of size bytes. It describes foreign memory, so
// check comes before the first access. Strides are not negative.
type layout struct {
	shape, strides []int
	size           int
}

// elements returns the number of elements of a shape, or an error when a
// dimension is not positive or the whole is beyond what a tensor can hold: an
// array of the framework has neither.
func elements(shape []int, size int) (int, error) {
	if len(shape) > tensor.MaxRank {
		return 0, fmt.Errorf("rank %d is above the limit of %d: %w", len(shape), tensor.MaxRank, tensor.ErrShape)
	}
	n, limit := 1, tensor.MaxBytes/max(size, 1)
	for _, d := range shape {
		if d <= 0 {
			return 0, fmt.Errorf("shape %v has a dimension of %d: %w", shape, d, tensor.ErrShape)
		}
		if d > limit/n {
			return 0, fmt.Errorf("shape %v is too large: %w", shape, tensor.ErrShape)
		}
		n *= d
	}
	return n, nil
}

// check says whether every element lies within size bytes of memory. size is
// what the framework said that it lent. The sum of the largest offsets must
// stay below it; the sum is built so that it cannot overflow.
func (l *layout) check(size int) error {
	if len(l.shape) != len(l.strides) {
		return fmt.Errorf("%d strides for shape %v", len(l.strides), l.shape)
	}
	if _, err := elements(l.shape, l.size); err != nil {
		return err
	}
	room := size / l.size // elements
	last := 0
	for k, d := range l.shape {
		if d == 1 {
			continue // such a stride is never used and may be anything
		}
		s := l.strides[k]
		if s < 0 || s > room {
			return fmt.Errorf("stride %d of shape %v does not fit into %d bytes", s, l.shape, size)
		}
		if s > 0 && d-1 > (room-last)/s {
			return fmt.Errorf("shape %v with strides %v does not fit into %d bytes", l.shape, l.strides, size)
		}
		last += (d - 1) * s
	}
	if last >= room {
		return fmt.Errorf("shape %v with strides %v does not fit into %d bytes", l.shape, l.strides, size)
	}
	return nil
}

// narrow returns the shape of the last n rows, indices of the last dimension
// but one. 0, or a number not below what there is, leaves everything. Rows are
// what a language model has a token each of: logits of the last token are the
// last row.
func (l *layout) narrow(n int) []int {
	rank := len(l.shape)
	if n <= 0 || rank < 2 || n >= l.shape[rank-2] {
		return l.shape
	}
	shape := slices.Clone(l.shape)
	shape[rank-2] = n
	return shape
}

// take copies the last n rows of an array to dense memory that is as long as
// they are, after it has checked that the array lies within mem. For a padded
// result only the wanted rows are read, which spares most of a prompt's logits.
func (l *layout) take(dst, mem []byte, n int) error {
	if err := l.check(len(mem)); err != nil {
		return err
	}
	part, skip := *l, 0
	if part.shape = l.narrow(n); len(l.shape) > 1 {
		row := len(l.shape) - 2
		skip = (l.shape[row] - part.shape[row]) * l.strides[row] * l.size
	}
	part.gather(dst, mem[skip:])
	return nil
}

// put copies dense memory to an array, after it has checked that the array lies
// within mem.
func (l *layout) put(mem, src []byte) error {
	if err := l.check(len(mem)); err != nil {
		return err
	}
	l.scatter(mem, src)
	return nil
}

// rowMajor returns the strides of a dense array.
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	n := 1
	for k := len(shape) - 1; k >= 0; k-- {
		strides[k] = n
		n *= shape[k]
	}
	return strides
}

// walk is a layout without what does not matter to a copy: dimensions of one
// are gone, and neighbours that form one run are merged.
type walk struct {
	shape, strides [tensor.MaxRank]int
	rank           int
	run            int // elements of the innermost run
}

// walk joins dimensions that lie one behind the other in memory and takes the
// innermost as a run, so that copies are made run by run. A dense array is one
// run whatever its rank. Where the innermost stride is not 1, runs have one
// element.
func (l *layout) walk() walk {
	w := walk{run: 1}
	for k, d := range l.shape {
		if d == 1 {
			continue
		}
		if r := w.rank - 1; r >= 0 && w.strides[r] == d*l.strides[k] {
			w.shape[r] *= d
			w.strides[r] = l.strides[k]
			continue
		}
		w.shape[w.rank], w.strides[w.rank] = d, l.strides[k]
		w.rank++
	}
	if r := w.rank - 1; r >= 0 && w.strides[r] == 1 {
		w.run = w.shape[r]
		w.rank--
	}
	return w
}

// each calls f with the offset of every run, in row-major order. The offset
// counts elements and is kept by adding strides, without a multiplication for
// each run.
func (w *walk) each(f func(offset int)) {
	var index [tensor.MaxRank]int
	offset := 0
	for {
		f(offset)
		k := w.rank - 1
		for ; k >= 0; k-- {
			index[k]++
			offset += w.strides[k]
			if index[k] < w.shape[k] {
				break
			}
			offset -= w.shape[k] * w.strides[k]
			index[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// gather copies the elements of an array into dense memory, which is as long as
// there are elements. The layout has been checked against len(src).
func (l *layout) gather(dst, src []byte) {
	w := l.walk()
	n := w.run * l.size
	w.each(func(offset int) {
		copy(dst[:n], src[offset*l.size:])
		dst = dst[n:]
	})
}

// scatter copies dense memory into the elements of an array. The layout has been
// checked against len(dst).
func (l *layout) scatter(dst, src []byte) {
	w := l.walk()
	n := w.run * l.size
	w.each(func(offset int) {
		copy(dst[offset*l.size:], src[:n])
		src = src[n:]
	})
}
