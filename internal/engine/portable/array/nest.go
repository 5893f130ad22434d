package array

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// MaxStreams is the number of pieces of memory that a nest walks at once.
const MaxStreams = 4

// Nest is a nest of loops over one index space that moves through several pieces
// of memory, each with its own strides. The innermost loop is the caller's: N
// elements, Step[k] apart in memory k, from element At[k] on. A long row comes in
// pieces, and between pieces and rows the nest looks at the context.
//
// A caller sets Stride, by itself or by DenseStrides and Broadcast, and At where a memory
// does not begin at its first element, and then:
//
//	for more := w.Start(dims, 2); more; more = w.Next() {
//		// N elements
//	}
//
// Nests of unequal strides are why broadcasting, transposition and concatenation are one
// loop, and why none of them needs a copy first.
type Nest struct {
	Count   Counter
	Rank    int
	dims    [MaxRank]int
	Stride  [MaxStreams][MaxRank]int
	idx     [MaxRank]int
	At      [MaxStreams]int
	N       int
	Step    [MaxStreams]int
	streams int
	row     int // length of the innermost dimension
	rest    int // what is left of the row after these n
}

// longestPiece bounds n of a nest.
const longestPiece = PollEvery

// Start merges neighbouring dimensions where every memory allows it and places
// the nest at its first row. It reports whether there is a row at all. After it Rank is
// the number of outer loops: 0 says that everything is one row. Dimensions of one element
// are left out, whatever their strides.
func (w *Nest) Start(dims []int, streams int) bool {
	w.streams, w.Rank = streams, 0
	for d, n := range dims {
		if n == 0 {
			return false
		}
		if n == 1 {
			continue
		}
		if w.Rank > 0 && w.joins(d, n) {
			w.dims[w.Rank-1] *= n
		} else {
			w.dims[w.Rank] = n
			w.Rank++
		}
		for k := range streams {
			w.Stride[k][w.Rank-1] = w.Stride[k][d]
		}
	}
	w.row = 1
	w.Step = [MaxStreams]int{}
	if w.Rank > 0 {
		w.Rank--
		w.row = w.dims[w.Rank]
		for k := range streams {
			w.Step[k] = w.Stride[k][w.Rank]
		}
	}
	w.N = min(w.row, longestPiece)
	w.rest = w.row - w.N
	w.idx = [MaxRank]int{}
	return true
}

// joins reports whether dimension d of n elements continues the last kept one in
// every memory.
func (w *Nest) joins(d, n int) bool {
	for k := range w.streams {
		if w.Stride[k][w.Rank-1] != w.Stride[k][d]*n {
			return false
		}
	}
	return true
}

// Next moves to the next row, or on in a long one; it reports false after the
// last. A memory's place is moved on and back by its strides, never computed anew.
func (w *Nest) Next() bool {
	w.Count.Add(w.N)
	if w.row > longestPiece && w.along() {
		return true
	}
	for d := w.Rank - 1; d >= 0; d-- {
		w.idx[d]++
		for k := range w.streams {
			w.At[k] += w.Stride[k][d]
		}
		if w.idx[d] < w.dims[d] {
			return true
		}
		for k := range w.streams {
			w.At[k] -= w.Stride[k][d] * w.dims[d]
		}
		w.idx[d] = 0
	}
	return false
}

// along moves on in a long row. At its end it goes back to where the row began and
// reports false.
func (w *Nest) along() bool {
	by, on := w.N, w.rest > 0
	if !on {
		by = w.N - w.row
		w.rest = w.row
	}
	for k := range w.streams {
		w.At[k] += by * w.Step[k]
	}
	w.N = min(w.rest, longestPiece)
	w.rest -= w.N
	return on
}

// DenseStrides sets the strides of memory k to those of a dense value.
func (w *Nest) DenseStrides(k int, dims []int) {
	n := 1
	for d := len(dims) - 1; d >= 0; d-- {
		w.Stride[k][d] = n
		n *= dims[d]
	}
}

// Broadcast sets the strides of memory k so that v is repeated to the shape of
// the nest, of rank dimensions, as NumPy does: shapes are aligned at the end and
// a dimension of one element stands for any number. dense ignores v's own
// strides.
func (w *Nest) Broadcast(k int, v *Value, rank int, dense bool) {
	n := 1
	for d := rank - 1; d >= 0; d-- {
		w.Stride[k][d] = 0
		e := d - (rank - v.Rank)
		if e < 0 {
			continue
		}
		switch {
		case v.Dims[e] == 1:
		case dense:
			w.Stride[k][d] = n
		default:
			w.Stride[k][d] = v.Stride[e]
		}
		n *= v.Dims[e]
	}
}

// CopyRows copies src to dst over a nest of two memories, dst 0 and src 1.
func CopyRows[T any](w *Nest, dst, src []T) {
	for {
		d, s := w.At[0], w.At[1]
		if w.N == 1 || w.Step[0] == 1 && w.Step[1] == 1 {
			copy(dst[d:d+w.N], src[s:s+w.N])
		} else {
			for range w.N {
				dst[d] = src[s]
				d += w.Step[0]
				s += w.Step[1]
			}
		}
		if !w.Next() {
			return
		}
	}
}

// WidenRows is CopyRows from half precision.
func WidenRows(w *Nest, dst []float32, src []uint16) {
	for {
		d, s := w.At[0], w.At[1]
		if w.N == 1 || w.Step[0] == 1 && w.Step[1] == 1 {
			kernel.F16ToF32(dst[d:d+w.N], src[s:s+w.N])
		} else {
			for range w.N {
				dst[d] = dtype.Float16ToFloat32(src[s])
				d += w.Step[0]
				s += w.Step[1]
			}
		}
		if !w.Next() {
			return
		}
	}
}
