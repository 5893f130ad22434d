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
// matrix W of shape [Rows, Cols]. A Mat is immutable and safe for concurrent use.
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
	// neither lo nor hi.
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
	tileRows   = 64
	tileCols   = 512
	tileTokens = 9
	// tileStride keeps the rows of a tile off one another's cache lines.
	tileStride = tileCols + 16
	// tileMin is the number of vectors from which decoding a tile once beats
	// decoding the weights again for each vector.
	tileMin = 3
)

func checkShape(rows, cols int) error {
	if rows < 0 || cols < 0 {
		return fmt.Errorf("%w: shape [%d, %d]", ErrMat, rows, cols)
	}
	if _, ok := dtype.Count([]int{rows, cols, 8}); !ok {
		return fmt.Errorf("%w: shape [%d, %d] overflows", ErrMat, rows, cols)
	}
	return nil
}

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

// tiler is a matrix that can decode a rectangle of itself.
type tiler interface {
	Cols() int
	// tileEnd returns where a tile that starts at column c ends, at most tileCols
	// further on.
	tileEnd(c int) int
	// unpack stores W[r0:r1, c0:c1] in dst, rows ld apart. c1 is tileEnd(c0).
	unpack(dst []float32, ld, r0, r1, c0, c1 int)
}

// tileScratch is the scratch of tiledMul.
const tileScratch = tileRows * tileStride

// tiledMul multiplies by decoding tiles into scratch. Each result is summed
// over the columns in the same order whatever the tile it falls in.
func tiledMul(m tiler, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	if n <= 0 || hi <= lo {
		return
	}
	cols := m.Cols()
	if cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	for r := lo; r < hi; r += tileRows {
		rows := min(tileRows, hi-r)
		for c := 0; c < cols; {
			end := m.tileEnd(c)
			m.unpack(scratch, tileStride, r, r+rows, c, end)
			for t := 0; t < n; t += tileTokens {
				mulNT(dst[t*ldd+r:], ldd, x[t*ldx+c:], ldx, min(tileTokens, n-t), scratch, tileStride, rows, end-c, c > 0)
			}
			c = end
		}
	}
}

func zeroRows(dst []float32, ldd, n, lo, hi int) {
	for t := range n {
		clear(dst[t*ldd+lo : t*ldd+hi])
	}
}

// F32 is a matrix of float32.
type F32 struct {
	shape
	data []float32
}

// NewF32 returns the matrix whose rows lie one after another in data.
func NewF32(rows, cols int, data []float32) (*F32, error) {
	if err := checkShape(rows, cols); err != nil {
		return nil, err
	}
	if err := checkLen("data", len(data), rows*cols); err != nil {
		return nil, err
	}
	return &F32{shape{rows, cols}, data[:rows*cols]}, nil
}

// Format returns "fp32".
func (m *F32) Format() string { return "fp32" }

// Bytes returns the stored size.
func (m *F32) Bytes() int { return 4 * len(m.data) }

// ScratchLen implements [Mat].
func (m *F32) ScratchLen(n int) int {
	if n < copyMin {
		return 0
	}
	return tileScratch
}

// Row copies row r.
func (m *F32) Row(dst []float32, r int) { copy(dst[:m.cols], m.data[r*m.cols:]) }

// copyMin is the number of vectors from which copying a tile pays: rows that
// are a power of two apart compete for the same lines of the first-level cache.
const copyMin = 8

// Mul implements [Mat].
func (m *F32) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	switch {
	case n >= copyMin:
		tiledMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
	case n < tileMin || m.cols == 0:
		for r := lo; r < hi; r++ {
			w := m.data[r*m.cols : (r+1)*m.cols]
			for t := range n {
				dst[t*ldd+r] = Dot(w, x[t*ldx:t*ldx+m.cols])
			}
		}
	case lo < hi:
		matMulNT(nil, dst[lo:], ldd, x, ldx, m.data[lo*m.cols:], m.cols, n, hi-lo, m.cols)
	}
}

func (m *F32) tileEnd(c int) int { return min(c+tileCols, m.cols) }

func (m *F32) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		copy(dst[(r-r0)*ld:], m.data[r*m.cols+c0:r*m.cols+c1])
	}
}

// F16 is a matrix of half-precision numbers.
type F16 struct {
	shape
	data []uint16
}

// NewF16 returns the matrix whose rows lie one after another in data.
func NewF16(rows, cols int, data []uint16) (*F16, error) {
	if err := checkShape(rows, cols); err != nil {
		return nil, err
	}
	if err := checkLen("data", len(data), rows*cols); err != nil {
		return nil, err
	}
	return &F16{shape{rows, cols}, data[:rows*cols]}, nil
}

// Format returns "fp16".
func (m *F16) Format() string { return "fp16" }

// Bytes returns the stored size.
func (m *F16) Bytes() int { return 2 * len(m.data) }

// ScratchLen implements [Mat].
func (m *F16) ScratchLen(n int) int {
	if n < tileMin {
		return 0
	}
	return tileScratch
}

// Row widens row r.
func (m *F16) Row(dst []float32, r int) {
	F16ToF32(dst, m.data[r*m.cols:(r+1)*m.cols])
}

// Mul implements [Mat].
func (m *F16) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	if n >= tileMin {
		tiledMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
		return
	}
	for r := lo; r < hi; r++ {
		w := m.data[r*m.cols : (r+1)*m.cols]
		for t := range n {
			dst[t*ldd+r] = DotF16(w, x[t*ldx:t*ldx+m.cols])
		}
	}
}

func (m *F16) tileEnd(c int) int { return min(c+tileCols, m.cols) }

func (m *F16) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		F16ToF32(dst[(r-r0)*ld:], m.data[r*m.cols+c0:r*m.cols+c1])
	}
}

// Decoded is a matrix of any layout that can decode a row: the plain path.
type Decoded struct {
	shape
	format string
	bytes  int
	row    func(dst []float32, r int)
}

// NewDecoded returns a matrix whose rows the function decodes into exactly cols
// elements. The function must be safe for concurrent use. format and bytes are
// what Format and Bytes report.
func NewDecoded(rows, cols int, format string, bytes int, row func(dst []float32, r int)) (*Decoded, error) {
	if err := checkShape(rows, cols); err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fmt.Errorf("%w: no row function", ErrMat)
	}
	return &Decoded{shape{rows, cols}, format, bytes, row}, nil
}

// Format returns the name given to [NewDecoded].
func (m *Decoded) Format() string { return m.format }

// Bytes returns the size given to [NewDecoded].
func (m *Decoded) Bytes() int { return m.bytes }

// ScratchLen returns room for the rows decoded at a time.
func (m *Decoded) ScratchLen(n int) int { return rowsAtOnce(n) * m.cols }

// Row decodes row r.
func (m *Decoded) Row(dst []float32, r int) { m.row(dst[:m.cols], r) }

// Mul implements [Mat].
func (m *Decoded) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	rowsMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
}

// rowsAtOnce is how many whole rows rowsMul decodes before it multiplies.
func rowsAtOnce(n int) int {
	if n < tileMin {
		return 1
	}
	return 4
}

// rowsMul multiplies by decoding whole rows, for layouts that cannot decode
// less. It needs rowsAtOnce(n)*cols elements of scratch.
func rowsMul(m Mat, dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	cols, step := m.Cols(), rowsAtOnce(n)
	if cols == 0 {
		zeroRows(dst, ldd, n, lo, hi)
		return
	}
	for r := lo; r < hi; r += step {
		rows := min(step, hi-r)
		for i := range rows {
			m.Row(scratch[i*cols:], r+i)
		}
		if step == 1 {
			for t := range n {
				dst[t*ldd+r] = Dot(scratch[:cols], x[t*ldx:t*ldx+cols])
			}
			continue
		}
		for c := 0; c < cols; c += tileCols {
			k := min(tileCols, cols-c)
			mulNT(dst[r:], ldd, x[c:], ldx, n, scratch[c:], cols, rows, k, c > 0)
		}
	}
}

// finite reports whether no element is infinite or NaN.
func finite(x []float32) bool {
	for _, v := range x {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}
