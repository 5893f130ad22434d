package weight

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// Weight is a compressed constant: the result of a constexpr operator. It stays
// as stored; what reads it decodes the elements that it needs. dt is the type
// that its elements have for the program; they are decoded to float32 whatever
// it is.
type Weight struct {
	Shape  []int
	dt     dtype.Type
	format string
	bytes  int // stored bytes behind it
	cost   int // operations that run for one element
	node   node
	round  bool // arithmetic Faithful: every decoded element is rounded to dt
	Fast   bool // arithmetic Fast: products may quantise their input
}

// Decode writes elements start to start+len(dst) to dst. It may be called by
// any number of goroutines, while the package is open.
func (w *Weight) Decode(dst []float32, start int) { w.node.read(dst, start) }

// Len returns the number of elements, which New has bounded.
func (w *Weight) Len() int {
	n, _ := dtype.Count(w.Shape)
	return n
}

// Matrix returns the weight as a matrix of its first dimension by all others,
// in the fastest form that its layout allows: codes with scales, or indices
// with tables, read as stored; else rows that are decoded each time one is
// needed. The matrix refers to the weight's bytes. It is made when a plan is
// prepared, and not for each prediction.
func (w *Weight) Matrix(p *array.Poller) (kernel.Mat, error) {
	rows, cols := 1, w.Len()
	if len(w.Shape) > 0 && w.Shape[0] > 0 {
		rows = w.Shape[0]
		cols /= rows
	}
	switch n := w.node.(type) {
	case *quantNode:
		if m := n.matrix(p, w, rows, cols); m != nil {
			return m, nil
		}
	case *lutNode:
		if m := n.matrix(p, w, rows, cols, nil); m != nil {
			return m, nil
		}
	}
	read := w.node.read
	return kernel.NewDecoded(rows, cols, w.format, w.bytes, func(dst []float32, r int) {
		read(dst[:cols], r*cols)
	})
}

// planar reports whether a shape is two-dimensional but for trailing ones, as a
// linear's or a 1x1 convolution's weight is. The kernels know rows and columns
// alone.
func planar(shape []int) bool {
	for k, d := range shape {
		if k > 1 && d != 1 {
			return false
		}
	}
	return len(shape) >= 2
}
