package kernel

import (
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// ErrMat is wrapped by the errors of the matrix constructors.
var ErrMat = errors.New("kernel: invalid matrix")

// Mat is a weight matrix that is used as stored. It computes y = x·Wᵀ for a
// matrix W of shape [Rows, Cols]. A Mat is immutable and safe for concurrent
// use. Rows are outputs and Cols inputs, as a linear layer stores them.
type Mat interface {
	// Rows returns the number of outputs, Cols the number of inputs.
	Rows() int
	Cols() int
	// Format names the layout for listings: "int4/32", "fp16", "lut4".
	Format() string
	// Bytes returns how many stored bytes one full pass reads.
	Bytes() int
	// Mul sets dst[t*ldd+r] to the sum over c of x[t*ldx+c]·W[r][c] for r in
	// [lo,hi) and t in [0,n). scratch has at least ScratchLen(n) elements; its
	// contents before and after have no meaning. The result of a row depends on
	// neither lo nor hi, and where inputs are not quantised on nothing but the row and
	// the vector: each weight is decoded, and the products are summed in one order.
	Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32)
	// ScratchLen returns the scratch that Mul needs for n vectors.
	ScratchLen(n int) int
	// Row decodes row r into dst, which holds at least Cols elements.
	Row(dst []float32, r int)
}

// The sizes of the tile of decoded weights that a product of many vectors works
// on: 64 rows by 512 columns are 128 KiB and stay in the second-level cache; 4
// rows of it (8 KiB) and 8 vectors of 512 (16 KiB) fit in the first.
const (
	tileRows = 64
	tileCols = 512
	// arm64 takes 9 vectors as 5 and 4.
	tileTokens = 9
	// tileStride keeps the rows of a tile off one another's cache lines.
	tileStride = tileCols + 16
	// tileMin is the number of vectors from which decoding a tile once beats
	// decoding the weights again for each vector.
	tileMin = 3
	// rowsMost is the number of vectors up to which some kernels still multiply row by
	// row.
	rowsMost = 3
	// fewScratch is what the kernels of four rows need where fewer are left.
	fewScratch = 4
)

// checkShape leaves room for eight bytes an element, so that no length computed
// from the shape overflows anywhere behind it. The sizes come from a file.
func checkShape(rows, cols int) error {
	if rows < 0 || cols < 0 {
		return fmt.Errorf("%w: shape [%d, %d]", ErrMat, rows, cols)
	}
	if _, ok := dtype.Count([]int{rows, cols, 8}); !ok {
		return fmt.Errorf("%w: shape [%d, %d] overflows", ErrMat, rows, cols)
	}
	return nil
}

// checkLen says that a slice is at least as long as its shape needs;
// constructors check it once, and the kernels never do.
func checkLen(what string, got, want int) error {
	if got < want {
		return fmt.Errorf("%w: %s has %d elements, needs %d", ErrMat, what, got, want)
	}
	return nil
}

// shape is embedded by every matrix.
type shape struct{ rows, cols int }

// Rows returns the number of outputs.
func (s shape) Rows() int { return s.rows }

// Cols returns the number of inputs.
func (s shape) Cols() int { return s.cols }

// finite reports whether no element is infinite or NaN. It looks at the
// exponent, which is all ones for these alone; comparing numbers would miss
// NaN.
func finite(x []float32) bool {
	for _, v := range x {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}
