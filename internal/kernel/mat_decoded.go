package kernel

import "fmt"

// Decoded is a matrix of any layout that can decode a row: the plain path.
// Every format that the kernels do not read as stored comes here, as do weights
// whose blocks lie on other axes.
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

// Bytes returns the size given to [NewDecoded]. It is what a pass reads, not
// what the decoded rows take.
func (m *Decoded) Bytes() int { return m.bytes }

// ScratchLen returns room for the rows decoded at a time.
func (m *Decoded) ScratchLen(int) int { return rowsAtOnce * m.cols }

// Row decodes row r.
func (m *Decoded) Row(dst []float32, r int) { m.row(dst[:m.cols], r) }

// Mul implements [Mat]. A row is decoded once for all vectors and thrown away.
func (m *Decoded) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	rowsMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
}
