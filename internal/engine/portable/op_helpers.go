package portable

import (
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
)

// opsetIOS17 is the first opset in which gather and its relatives take no
// negative indices and reshape counts zeros from the right.
const opsetIOS17 = 7

// sameShape gives output 0 the shape of operand 0.
func sameShape(c *call) error { return c.out(0).setShape(c.in(0).shape()...) }

// floatOut reports whether output k is declared a floating-point type.
func (c *call) floatOut(k int) bool { return c.out(k).dt.IsFloat() }

// axisIn returns operand k, an axis of v, as an index.
func (c *call) axisIn(k, def int, v *value) (int, error) {
	a, err := c.intIn(k, def)
	if err != nil {
		return 0, err
	}
	return v.axis(a)
}

// axesIn returns which axes of v operand k lists; all of them when it is absent.
func (c *call) axesIn(k int, v *value) (set [maxRank]bool, err error) {
	if c.in(k) == nil {
		for d := range v.rank {
			set[d] = true
		}
		return set, nil
	}
	for _, a := range c.intsIn(k) {
		d, err := v.axis(int(a))
		if err != nil {
			return set, err
		}
		set[d] = true
	}
	return set, nil
}

// span multiplies dimensions from..to of v.
func (v *value) span(from, to int) int {
	n := 1
	for d := from; d < to; d++ {
		n *= v.dims[d]
	}
	return n
}

// wrap brings an integer into the range of t as two's complement arithmetic
// does; a boolean is true for everything but zero.
func wrap(x int64, t dtype.Type) int32 {
	switch t {
	case dtype.Bool:
		if x != 0 {
			return 1
		}
		return 0
	case dtype.Int8:
		return int32(int8(x))
	case dtype.UInt8:
		return int32(uint8(x))
	case dtype.Int16:
		return int32(int16(x))
	case dtype.UInt16:
		return int32(uint16(x))
	default:
		return int32(x)
	}
}

// narrow reports whether results kept as int32 must be wrapped to fit t.
func narrow(t dtype.Type) bool {
	lo, hi := intRange(t)
	return lo != -1<<31 || hi != 1<<31-1
}

// plain returns a value of the same content that can be viewed with strides: v
// itself, or its decoded copy when it is a compressed constant. tmp is the
// caller's room for the copy.
func (c *call) plain(v, tmp *value) *value {
	if v.repr != reprWeight {
		v.strides()
		return v
	}
	f := c.f32(v)
	*tmp = *v
	tmp.repr, tmp.f, tmp.w = reprF32, f, nil
	tmp.strides()
	return tmp
}

// scratch is memory that a step keeps from prediction to prediction.
type scratch struct {
	fr *frame // counts the memory
	f  []float32
	d  []float64
	l  []int64
}

func newScratch() any { return &scratch{} }

// scratch returns what newScratch made for this step.
func (c *call) scratch() *scratch {
	s, ok := c.local().(*scratch)
	if !ok {
		s = &scratch{}
	}
	s.fr = c.fr
	return s
}

func (s *scratch) floats(n int) []float32 {
	s.f = grown(s.fr, s.f, n)
	return s.f
}

func (s *scratch) doubles(n int) []float64 {
	s.d = grown(s.fr, s.d, n)
	return s.d
}

func (s *scratch) longs(n int) []int64 {
	s.l = grown(s.fr, s.l, n)
	return s.l
}

// maxStreams is the number of pieces of memory that a nest walks at once.
const maxStreams = 4

// nest is a nest of loops over one index space that moves through several pieces
// of memory, each with its own strides. The innermost loop is the caller's: n
// elements, step[k] apart in memory k, from element at[k] on. A long row comes in
// pieces, and between pieces and rows the nest looks at the context.
type nest struct {
	count   counter
	rank    int
	dims    [maxRank]int
	stride  [maxStreams][maxRank]int
	idx     [maxRank]int
	at      [maxStreams]int
	n       int
	step    [maxStreams]int
	streams int
	row     int // length of the innermost dimension
	rest    int // what is left of the row after these n
}

// longestPiece bounds n of a nest.
const longestPiece = pollEvery

// nest returns a nest that looks at the prediction's context.
func (c *call) nest() nest { return nest{count: counter{p: &c.fr.poller}} }

// start merges neighbouring dimensions where every memory allows it and places
// the nest at its first row. It reports whether there is a row at all.
func (w *nest) start(dims []int, streams int) bool {
	w.streams, w.rank = streams, 0
	for d, n := range dims {
		if n == 0 {
			return false
		}
		if n == 1 {
			continue
		}
		if w.rank > 0 && w.joins(d, n) {
			w.dims[w.rank-1] *= n
		} else {
			w.dims[w.rank] = n
			w.rank++
		}
		for k := range streams {
			w.stride[k][w.rank-1] = w.stride[k][d]
		}
	}
	w.row = 1
	w.step = [maxStreams]int{}
	if w.rank > 0 {
		w.rank--
		w.row = w.dims[w.rank]
		for k := range streams {
			w.step[k] = w.stride[k][w.rank]
		}
	}
	w.n = min(w.row, longestPiece)
	w.rest = w.row - w.n
	w.idx = [maxRank]int{}
	return true
}

// joins reports whether dimension d of n elements continues the last kept one in
// every memory.
func (w *nest) joins(d, n int) bool {
	for k := range w.streams {
		if w.stride[k][w.rank-1] != w.stride[k][d]*n {
			return false
		}
	}
	return true
}

// next moves to the next row, or on in a long one; it reports false after the
// last.
func (w *nest) next() bool {
	w.count.add(w.n)
	if w.row > longestPiece && w.along() {
		return true
	}
	for d := w.rank - 1; d >= 0; d-- {
		w.idx[d]++
		for k := range w.streams {
			w.at[k] += w.stride[k][d]
		}
		if w.idx[d] < w.dims[d] {
			return true
		}
		for k := range w.streams {
			w.at[k] -= w.stride[k][d] * w.dims[d]
		}
		w.idx[d] = 0
	}
	return false
}

// along moves on in a long row. At its end it goes back to where the row began and
// reports false.
func (w *nest) along() bool {
	by, on := w.n, w.rest > 0
	if !on {
		by = w.n - w.row
		w.rest = w.row
	}
	for k := range w.streams {
		w.at[k] += by * w.step[k]
	}
	w.n = min(w.rest, longestPiece)
	w.rest -= w.n
	return on
}

// denseStrides sets the strides of memory k to those of a dense value.
func (w *nest) denseStrides(k int, dims []int) {
	n := 1
	for d := len(dims) - 1; d >= 0; d-- {
		w.stride[k][d] = n
		n *= dims[d]
	}
}

// broadcast sets the strides of memory k so that v is repeated to the shape of
// the nest, of rank dimensions, as NumPy does: shapes are aligned at the end and
// a dimension of one element stands for any number. dense ignores v's own
// strides.
func (w *nest) broadcast(k int, v *value, rank int, dense bool) {
	n := 1
	for d := rank - 1; d >= 0; d-- {
		w.stride[k][d] = 0
		e := d - (rank - v.rank)
		if e < 0 {
			continue
		}
		switch {
		case v.dims[e] == 1:
		case dense:
			w.stride[k][d] = n
		default:
			w.stride[k][d] = v.stride[e]
		}
		n *= v.dims[e]
	}
}

// floatsOf returns v's elements for a nest: in place when v is float32 with
// strides that a nest can walk, else made dense.
func (c *call) floatsOf(v *value) (f []float32, dense bool) {
	if v.repr == reprF32 && !v.dense && v.walkable() {
		return v.f, false
	}
	return c.f32(v), true
}

// walkable reports whether v's elements lie at plain strides.
func (v *value) walkable() bool {
	for d := range v.rank {
		if v.repeat[d] != 1 {
			return false
		}
	}
	return true
}

// broadcastShape gives output 0 the common shape of operands from..to.
func broadcastShape(c *call, from, to int) error {
	var dims [maxRank]int
	rank := 0
	for k := from; k < to; k++ {
		rank = max(rank, c.in(k).rank)
	}
	for d := range rank {
		dims[d] = 1
	}
	for k := from; k < to; k++ {
		v := c.in(k)
		for e := range v.rank {
			d := rank - v.rank + e
			switch {
			case v.dims[e] == dims[d] || v.dims[e] == 1:
			case dims[d] == 1:
				dims[d] = v.dims[e]
			default:
				return fmt.Errorf("shape %v of %s does not broadcast with the other operands", v.shapeCopy(), c.name(k))
			}
		}
	}
	return c.out(0).setShape(dims[:rank]...)
}

// shapeCopy returns the dimensions for an error, so that the shape of a healthy
// value never escapes to the heap.
func (v *value) shapeCopy() []int { return append([]int(nil), v.shape()...) }

// someInts returns the first of a list of integers for an error.
func someInts(list []int32) []int32 { return slices.Clone(list[:min(len(list), 2*maxRank)]) }

// copyRows copies src to dst over a nest of two memories, dst 0 and src 1.
func copyRows[T any](w *nest, dst, src []T) {
	for {
		d, s := w.at[0], w.at[1]
		if w.n == 1 || w.step[0] == 1 && w.step[1] == 1 {
			copy(dst[d:d+w.n], src[s:s+w.n])
		} else {
			for range w.n {
				dst[d] = src[s]
				d += w.step[0]
				s += w.step[1]
			}
		}
		if !w.next() {
			return
		}
	}
}

// widenRows is copyRows from half precision.
func widenRows(w *nest, dst []float32, src []uint16) {
	for {
		d, s := w.at[0], w.at[1]
		if w.n == 1 || w.step[0] == 1 && w.step[1] == 1 {
			kernel.F16ToF32(dst[d:d+w.n], src[s:s+w.n])
		} else {
			for range w.n {
				dst[d] = dtype.Float16ToFloat32(src[s])
				d += w.step[0]
				s += w.step[1]
			}
		}
		if !w.next() {
			return
		}
	}
}

// maxOf returns the largest number that t holds.
func maxOf(t dtype.Type) int64 {
	_, hi := intRange(t)
	return hi
}

// steady returns a value of the same content whose elements lie at plain
// strides: v itself, or its dense copy when it repeats elements. tmp is the
// caller's room for the copy and may be v.
func (c *call) steady(v, tmp *value) *value {
	if v.walkable() {
		return v
	}
	if v.repr == reprI32 {
		i := c.i32(v)
		*tmp = *v
		tmp.i = i
	} else {
		f := c.f32(v)
		*tmp = *v
		tmp.repr, tmp.f = reprF32, f
	}
	tmp.dense = true
	tmp.strides()
	return tmp
}

// resultCount returns the least and the greatest number of results that an
// operation of the named operator can have.
func resultCount(name string) (least, most int) {
	switch name {
	case "split":
		return 1, maxElements
	case "topk":
		return 1, 2
	case "rnn", "gru", "classify":
		return 2, 2
	case "lstm":
		return 3, 3
	case "non_maximum_suppression":
		return 3, 4
	default:
		return 1, 1
	}
}
