//go:build !noasm

package kernel

// The kernels named rows… multiply one vector by a multiple of four rows.

// rowsOnceBytes is about what is read at a time: the runtime cannot interrupt assembly,
// and further vectors find the weights in the second cache.
const rowsOnceBytes = 64 << 10

// rowsOnce returns how many rows of so many bytes are multiplied at a time.
func rowsOnce(size int) int { return max(rowsOnceBytes/max(size, 1)&^3, 4) }

// How far ahead the kernels fetch, at least, and how far at most into the first cache.
const (
	rowsAheadMin   = 8 << 10
	rowsFirstAhead = 4 << 10
	rowsFirstMost  = 12 << 10
)

// rowsAhead returns how far ahead of four rows that are a stride apart the next ones are
// fetched, and in which way. The kernel reads four rows side by side and fetches what lies
// behind them in one piece: the distance is a multiple of four rows, so that all of four
// rows is there when they begin. Long rows would fill the first cache.
func rowsAhead(stride int) (ahead, way int) {
	four := 4 * stride
	if fetchAhead != fetchFirst {
		return roundUp(rowsAheadMin, four), fetchAhead
	}
	if ahead = roundUp(rowsFirstAhead, four); ahead <= rowsFirstMost {
		return ahead, fetchFirst
	}
	return roundUp(rowsAheadMin, four), fetchSecond
}

// roundUp returns the least multiple of a number that is not below n.
func roundUp(n, of int) int { return (n + of - 1) / of * of }

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
	if m.cols%lanes != 0 || m.cols == 0 {
		return false
	}
	step := rowsOnce(2 * m.cols)
	for r := lo; r < hi; r += step {
		rows := min(step, hi-r)
		for t := range n {
			run := rowRun{dst: dst[t*ldd+r : t*ldd+r+rows], x: x[t*ldx : t*ldx+m.cols], few: scratch}
			m.rowsAsm(run, m.data[r*m.cols:])
		}
	}
	return true
}

func (m *F16) rowsAsm(run rowRun, w []uint16) {
	stride := 2 * m.cols
	ahead, fetch := rowsAhead(stride)
	for rows, d := run.next(); rows > 0; rows, d = run.next() {
		if run.alone {
			stride = 0
		}
		if useAVX512 {
			rowsF16AVX512(&w[run.at*m.cols], stride, &run.x[0], d, rows, m.cols, ahead, fetch)
		} else {
			rowsF16AVX2(&w[run.at*m.cols], stride, &run.x[0], d, rows, m.cols, ahead, fetch)
		}
		run.done(rows)
	}
}

// mulRows is that of [F16].
func (m *F32) mulRows(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, scratch []float32) bool {
	if m.cols%lanes != 0 || m.cols == 0 {
		return false
	}
	step := rowsOnce(4 * m.cols)
	for r := lo; r < hi; r += step {
		rows := min(step, hi-r)
		for t := range n {
			run := rowRun{dst: dst[t*ldd+r : t*ldd+r+rows], x: x[t*ldx : t*ldx+m.cols], few: scratch}
			m.rowsAsm(run, m.data[r*m.cols:])
		}
	}
	return true
}

func (m *F32) rowsAsm(run rowRun, w []float32) {
	stride := 4 * m.cols
	ahead, fetch := rowsAhead(stride)
	for rows, d := run.next(); rows > 0; rows, d = run.next() {
		if run.alone {
			stride = 0
		}
		if useAVX512 {
			rowsF32AVX512(&w[run.at*m.cols], stride, &run.x[0], d, rows, m.cols, ahead, fetch)
		} else {
			rowsF32AVX2(&w[run.at*m.cols], stride, &run.x[0], d, rows, m.cols, ahead, fetch)
		}
		run.done(rows)
	}
}
