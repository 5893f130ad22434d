package tensor

import (
	"cmp"
	"math"
	"slices"
)

// ArgMax returns the position of the greatest element along an axis, which is
// dropped, as an Int32 tensor. Of equal ones it is the first; a NaN counts as
// the greatest, so a result that points at one tells of it.
func (t *Tensor) ArgMax(axis int) *Tensor {
	return arg("argmax", t, axis, pickHigh[int64], pickHigh[float32], pickHigh[float64])
}

// ArgMin returns the position of the smallest element along an axis, by the
// rules of [Tensor.ArgMax]: the first one of equals, or the first NaN.
func (t *Tensor) ArgMin(axis int) *Tensor {
	return arg("argmin", t, axis, pickLow[int64], pickLow[float32], pickLow[float64])
}

// picker updates the best element so far and its position with the elements v,
// which begin at position at.
type picker[C compute] func(best C, pos int, v []C, at int) (C, int)

func pickHigh[C compute](best C, pos int, v []C, at int) (C, int) {
	for i, x := range v {
		if x > best || x != x && best == best {
			best, pos = x, at+i
		}
	}
	return best, pos
}

func pickLow[C compute](best C, pos int, v []C, at int) (C, int) {
	for i, x := range v {
		if x < best || x != x && best == best {
			best, pos = x, at+i
		}
	}
	return best, pos
}

func arg(op string, t *Tensor, axis int, i64 picker[int64], f32 picker[float32], f64 picker[float64]) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	rows, err := indexRows(op, t, axis)
	if err != nil {
		return failed(err)
	}
	lead := rows.shape[:len(rows.shape)-1]
	out := alloc(op, Int32, lead)
	if out.err != nil {
		return out
	}
	if out.length > 0 && rows.Dim(-1) == 0 {
		return fail(op, ErrShape, "no elements along axis %d of %v", axis, t.shape)
	}
	switch t.dtype.class() {
	case classFloat:
		argRows(out, rows, f32)
	case classFloat64:
		argRows(out, rows, f64)
	default:
		argRows(out, rows, i64)
	}
	return out
}

// indexRows returns a view with the axis last, whose positions fit an int32.
func indexRows(op string, t *Tensor, axis int) (*Tensor, error) {
	a, err := axisOf(op, axis, t)
	if err != nil {
		return nil, err
	}
	if t.shape[a] > math.MaxInt32 {
		return nil, opError(op, ErrShape, "axis %d of %v is too large", a, t.shape)
	}
	rows := t.moveLast(a)
	return rows, rows.err
}

// argRows fills out with the place that pick settles on in each row. A row passes through
// in chunks, so that it need not be in memory as C.
func argRows[C compute](out, rows *Tensor, pick picker[C]) {
	dim := rows.Dim(-1)
	r := newReader[C](rows)
	for i := range elems[int32](out) {
		first := r.next(1)
		best, pos := first[0], 0
		for at := 1; at < dim; {
			n := min(chunk, dim-at)
			best, pos = pick(best, pos, r.next(n), at)
			at += n
		}
		elems[int32](out)[i] = int32(pos)
	}
}

// ranked is an element with its position.
type ranked[C compute] struct {
	value C
	pos   int32
}

// rankedSize is the greatest size of a ranked in bytes.
const rankedSize = 16

// descending orders the greatest first; NaN counts as greater than all else.
// Equals stay in the order of their positions.
func descending[C compute](a, b ranked[C]) int {
	if c := cmpNaNHigh(b.value, a.value); c != 0 {
		return c
	}
	return cmp.Compare(a.pos, b.pos)
}

func ascending[C compute](a, b ranked[C]) int {
	if c := cmpNaNHigh(a.value, b.value); c != 0 {
		return c
	}
	return cmp.Compare(a.pos, b.pos)
}

// cmpNaNHigh compares two elements, with every NaN equal to every other and above +Inf:
// an order must have a place for all, and this is NumPy's.
func cmpNaNHigh[C compute](a, b C) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return int(bit(a != a)) - int(bit(b != b))
}

// ArgSort returns the positions of the elements along an axis in ascending or
// descending order, as an Int32 tensor of t's shape. The order is stable:
// equals keep theirs. NaN counts as greater than all else.
func (t *Tensor) ArgSort(axis int, descendingOrder bool) *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	a, err := axisOf("argsort", axis, t)
	if err != nil {
		return failed(err)
	}
	rows, err := indexRows("argsort", t, a)
	if err != nil {
		return failed(err)
	}
	if err := checkBuffer("argsort", rows.Dim(-1), rankedSize); err != nil {
		return failed(err)
	}
	out := alloc("argsort", Int32, rows.shape)
	if out.err != nil || out.length == 0 {
		return out.movedBack(a)
	}
	switch t.dtype.class() {
	case classFloat:
		sortRows[float32](out, rows, descendingOrder)
	case classFloat64:
		sortRows[float64](out, rows, descendingOrder)
	default:
		sortRows[int64](out, rows, descendingOrder)
	}
	return out.movedBack(a)
}

// movedBack returns a result that was formed with axis a last.
func (t *Tensor) movedBack(a int) *Tensor {
	if t.err != nil {
		return t
	}
	return t.moveFromLast(a).Contiguous()
}

// sortRows sorts each row with its places. The places decide between equals, so that a
// sort that is not stable gives the stable order.
func sortRows[C compute](out, rows *Tensor, down bool) {
	dim := rows.Dim(-1)
	r := newReader[C](rows)
	order := ascending[C]
	if down {
		order = descending[C]
	}
	row := make([]ranked[C], dim)
	dst := elems[int32](out)
	for done := 0; done < out.length; done += dim {
		for i, v := range r.next(dim) {
			row[i] = ranked[C]{v, int32(i)}
		}
		slices.SortFunc(row, order)
		for i, e := range row {
			dst[done+i] = e.pos
		}
	}
}

// TopK returns the k greatest elements along an axis in descending order, and
// their positions as an Int32 tensor. Of equal ones the first comes first; NaN
// counts as greater than all else. Both tensors carry the error when there is
// one.
func (t *Tensor) TopK(k, axis int) (values, indices *Tensor) {
	bad := func(err error) (*Tensor, *Tensor) { return failed(err), failed(err) }
	if err := t.Err(); err != nil {
		return bad(err)
	}
	a, err := axisOf("top k", axis, t)
	if err != nil {
		return bad(err)
	}
	rows, err := indexRows("top k", t, a)
	if err != nil {
		return bad(err)
	}
	if k < 0 || k > t.shape[a] {
		return bad(opError("top k", ErrIndex, "%d of %d", k, t.shape[a]))
	}
	if err := checkBuffer("top k", k, rankedSize); err != nil {
		return bad(err)
	}
	shape := slices.Clone(rows.shape)
	shape[len(shape)-1] = k
	values, indices = alloc("top k", t.dtype, shape), alloc("top k", Int32, shape)
	if err := firstErr(values, indices); err != nil {
		return bad(err)
	}
	if values.length > 0 {
		switch t.dtype.class() {
		case classFloat:
			topRows[float32](values, indices, rows, k)
		case classFloat64:
			topRows[float64](values, indices, rows, k)
		default:
			topRows[int64](values, indices, rows, k)
		}
	}
	return values.movedBack(a), indices.movedBack(a)
}

// topRows keeps the k first elements of each row in a heap whose root is the
// last of them, so that most elements cost one comparison.
func topRows[C compute](values, indices, rows *Tensor, k int) {
	dim := rows.Dim(-1)
	r, w := newReader[C](rows), newWriter[C](values)
	pos := elems[int32](indices)
	heap := make([]ranked[C], 0, k)
	for done := 0; done < indices.length; done += k {
		heap = heap[:0]
		for at := 0; at < dim; {
			n := min(chunk, dim-at)
			for i, v := range r.next(n) {
				e := ranked[C]{v, int32(at + i)}
				switch {
				case len(heap) < k:
					heap = append(heap, e)
					if len(heap) == k {
						for root := k/2 - 1; root >= 0; root-- {
							siftDown(heap, root)
						}
					}
				case descending(e, heap[0]) < 0:
					heap[0] = e
					siftDown(heap, 0)
				}
			}
			at += n
		}
		slices.SortFunc(heap, descending[C])
		for i, e := range heap {
			w.put(e.value)
			pos[done+i] = e.pos
		}
	}
}

// siftDown restores the heap order below i: a parent comes after its children
// in descending order.
func siftDown[C compute](heap []ranked[C], i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if right := child + 1; right < len(heap) && descending(heap[child], heap[right]) < 0 {
			child = right
		}
		if descending(heap[i], heap[child]) >= 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
