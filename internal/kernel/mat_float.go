package kernel

// F32 is a matrix of float32. The data is the caller's, mostly mapped weights,
// and must not change.
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
		return fewScratch
	}
	return tileScratch
}

// Row copies row r.
func (m *F32) Row(dst []float32, r int) { copy(dst[:m.cols], m.data[r*m.cols:]) }

// copyMin is the number of vectors from which copying a tile pays: rows that
// are a power of two apart compete for the same lines of the first-level cache.
const copyMin = 8

// Mul implements [Mat]. Few vectors meet the rows where they lie.
func (m *F32) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	switch {
	case n >= copyMin || m.cols == 0:
		tiledMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
	case useAsm && n == 1 && m.mulRows(dst, ldd, x, ldx, n, lo, hi, scratch):
	case lo < hi:
		matMulNT(nil, dst[lo:], ldd, x, ldx, m.data[lo*m.cols:], m.cols, n, hi-lo, m.cols)
	}
}

func (m *F32) lowTile() int { return 4 }

// unpack copies to rows that do not compete for cache lines.
func (m *F32) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		copy(dst[(r-r0)*ld:], m.data[r*m.cols+c0:r*m.cols+c1])
	}
}

// F16 is a matrix of half-precision numbers. Each weight is widened where it is
// used; no float32 copy of the whole matrix is made.
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
func (m *F16) ScratchLen(int) int {
	return tileScratch
}

// Row widens row r.
func (m *F16) Row(dst []float32, r int) {
	F16ToF32(dst, m.data[r*m.cols:(r+1)*m.cols])
}

// Mul implements [Mat]. From tileMin vectors on a tile is widened once for all
// of them.
func (m *F16) Mul(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) {
	if useAsm && n < tileMin && m.mulRows(dst, ldd, x, ldx, n, lo, hi, scratch) {
		return
	}
	tiledMul(m, dst, ldd, x, ldx, n, lo, hi, scratch)
}

func (m *F16) lowTile() int { return 4 }

func (m *F16) unpack(dst []float32, ld, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		F16ToF32(dst[(r-r0)*ld:], m.data[r*m.cols+c0:r*m.cols+c1])
	}
}
