package kernel

import "github.com/gocoreml/coreml/internal/workpool"

// Part is what becomes of the rows of one part of a [Concat], as the fields of
// the same names in [MatMulTask] say it for a whole matrix.
type Part struct {
	Dst      []float32
	Ldd      int
	Bias     []float32
	RoundOut bool
}

// preparer is a matrix whose kernels share work on the vectors among all rows.
// Preparing takes time for each vector and not for each row, so it is done once
// and shared by all cores. What prepare writes only the kernels of the same
// matrix type read. MatMulTask prepares all vectors, on all cores, before the
// first row is multiplied; Mul, which is called for one chunk of rows, prepares
// for that chunk alone.
type preparer interface {
	// prepLen returns the length of n prepared vectors, 0 for none.
	prepLen(n int) int
	// prepare fills the part of dst of vectors lo to hi-1 of n. lo is a
	// multiple of prepareVectors. Calls for different vectors may run at once:
	// each writes its own part.
	prepare(dst, x []float32, ldx, n, lo, hi int)
	// prepKind tells preparations apart: matrices of one width and kind can share
	// one.
	prepKind() prepKind
	mulPrepared(dst []float32, ldd int, x []float32, ldx, n, lo, hi int, prep, scratch []float32)
}

// prepNone is no preparation, and prepPlanes that for 4-bit palettes; vectors that are
// quantised have other kinds.
const (
	prepNone   prepKind = 0
	prepPlanes prepKind = -1
)

// prepKind is a form of prepared vectors.
type prepKind int

// growScratch gives every worker of the pool at least n elements. Scratch that
// is large enough is kept, so that later calls allocate nothing.
func growScratch(s [][]float32, p *workpool.Pool, n int) [][]float32 {
	threads := threadsOf(p)
	if len(s) < threads {
		s = append(s, make([][]float32, threads-len(s))...)
	}
	for i := range threads {
		if len(s[i]) < n {
			// A quarter more than asked for: attention grows by a key a step.
			s[i] = make([]float32, n+n/4)
		}
	}
	return s
}

// threadsOf is how many threads a pool has; without one the caller is alone.
func threadsOf(p *workpool.Pool) int {
	if p == nil {
		return 1
	}
	return p.Threads()
}

// atMost is how many of so many threads take part in a loop that is given a bound, where
// 0 is none.
func atMost(threads, most int) int {
	if most > 0 {
		return min(threads, most)
	}
	return threads
}
