//go:build !noasm

package kernel

// The kernels named rows… multiply one vector by a multiple of four rows.

// rowsOnce returns how many rows of so many bytes are multiplied at a time.
func rowsOnce(size int) int { return max(kernelBytes/max(size, 1)&^3, 4) }

// How far ahead the kernels fetch at least, from afar and from nearby.
const (
	rowsAheadMin  = 8 << 10
	rowsAheadNear = 4 << 10
)

// rowsAhead returns how far ahead of four rows that are a stride apart the next ones are
// fetched. The kernel reads four rows side by side and fetches what lies behind them in
// one piece: the distance is a multiple of four rows, so that all of four rows is there
// when they begin.
func rowsAhead(stride int) int {
	least := rowsAheadMin
	if fetchAhead == fetchNear {
		least = rowsAheadNear
	}
	return paddedTo(least, 4*stride)
}

// rowRun is a run of rows by one vector: as many rows as are a multiple of four at
// once, and each of the others by itself, as four equal ones.
type rowRun struct {
	dst, x []float32
	// few has room for the four results of a row that is alone.
	few []float32
	// at is the first of the rows that are next.
	at    int
	alone bool
}

// next returns how many rows the kernel takes next, and where it leaves the results; 0
// when all are done.
func (r *rowRun) next() (rows int, dst *float32) {
	left := len(r.dst) - r.at
	if left >= 4 {
		return left &^ 3, &r.dst[r.at]
	}
	if left == 0 {
		return 0, nil
	}
	r.alone = true
	return 4, &r.few[0]
}

// done notes that the kernel has multiplied the rows of next.
func (r *rowRun) done(rows int) {
	if r.alone {
		r.dst[r.at], rows = r.few[0], 1
	}
	r.at += rows
}

// mulRows multiplies rows by one vector after another. It reports false for a number of
// columns that the kernels do not take.
func (m *F16) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	kernel := rowsF16AVX2
	if useAVX512 {
		kernel = rowsF16AVX512
	}
	return floatRows(kernel, m.data, m.cols, 2, dst, ldd, x, ldx, n, lo, hi, scratch)
}

// mulRows is that of [F16].
func (m *F32) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	kernel := rowsF32AVX2
	if useAVX512 {
		kernel = rowsF32AVX512
	}
	return floatRows(kernel, m.data, m.cols, 4, dst, ldd, x, ldx, n, lo, hi, scratch)
}

// floatRows is mulRows for weights of so many bytes.
func floatRows[T uint16 | float32](kernel func(w *T, stride int, x, dst *float32, rows, columns, ahead, fetch int), w []T, cols, size int,
	dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32,
) bool {
	if cols%lanes != 0 || cols == 0 {
		return false
	}
	step, ahead := rowsOnce(size*cols), rowsAhead(size*cols)
	for r := lo; r < hi; r += step {
		rows := min(step, hi-r)
		for t := range n {
			run := rowRun{dst: dst[t*ldd+r : t*ldd+r+rows], x: x[t*ldx : t*ldx+cols], few: scratch}
			for m, d := run.next(); m > 0; m, d = run.next() {
				stride := size * cols
				if run.alone {
					stride = 0
				}
				kernel(&w[(r+run.at)*cols], stride, &run.x[0], d, m, cols, ahead, fetchAhead)
				run.done(m)
			}
		}
	}
	return true
}
