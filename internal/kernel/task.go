package kernel

import "github.com/gocoreml/coreml/internal/workpool"

// MatMulTask multiplies vectors by a weight matrix on a pool. It is reusable:
// set the fields, call [MatMulTask.Go], change what differs, call it again. One
// task serves one call at a time. It is a struct and not a function with
// arguments because a step of generation does hundreds of products: with
// everything in fields none of them allocates.
type MatMulTask struct {
	// Mat is the matrix; Dst[t*Ldd+r] receives row r of vector t of N, which
	// starts at X[t*Ldx].
	Mat      Mat
	Dst, X   []float32
	Ldd, Ldx int
	N        int
	// Bias, when set, is added to every result.
	Bias []float32
	// RoundOut rounds the product to binary16, and the sum with the bias again,
	// as two operations that each store fp16 do.
	RoundOut bool
	// Parts, when Mat is a [Concat], say where the rows of each of its parts go, in
	// place of Dst, Ldd, Bias and RoundOut.
	Parts []Part
	// Gate, when Mat is a [Concat] of two parts with equally many rows, makes one result
	// of a row of each: Dst[t*Ldd+r] receives activation(row r of the first)·(row r of the
	// second). RoundOut rounds both and the result. Bias and Parts are not looked at.
	Gate *Gate
	// Alone says that the vectors belong to different sequences: each result has the
	// bits that it has with N = 1.
	Alone bool
	// Stop, when set, is asked now and then: once it says true the results are left
	// unfinished.
	Stop func() bool

	// mat is Mat, or what multiplies like it where vectors are alone.
	mat Mat
	// One for each worker of the pool, and where it has the rows that are gated.
	scratch, pairs [][]float32
	// prep is X in the order that the matrix's kernels want, when they want one.
	prep  []float32
	ready preparer
	// first is the number of the first of the N vectors that are multiplied now, and
	// piece the number of rows between two looks at Stop.
	first, piece int
}

const (
	// matGrain keeps chunks whole tiles of the micro-kernel.
	matGrain = 16
	// chunksEach is the least number of chunks that a thread has where one is several
	// tiles, of which it has at most mostTiles.
	chunksEach = 4
	mostTiles  = 4
	// streamBytes is about the least that a chunk reads where a product streams
	// the weights: some microseconds of work, few enough that a small matrix is
	// still shared by the cores.
	streamBytes = 16 << 10
	// aloneBytes is about what a chunk reads where one thread has them all: taking one,
	// and what a kernel does before its first row, cost as much as some rows.
	aloneBytes = 256 << 10
	// kernelBytes is about what a kernel reads at a time: the runtime cannot interrupt
	// assembly, and further vectors find the weights in the second cache.
	kernelBytes = 64 << 10
	// prepareVectors is the least number of vectors that a core prepares: some
	// microseconds' work, and as many as lie together afterwards.
	prepareVectors = 16
	// streamVectors is the number of vectors below which a product streams.
	streamVectors = 8
	// blockWork bounds the elements of the vectors that are multiplied at a time, and
	// pieceWork the products between two looks at Stop: some milliseconds.
	blockWork = 1 << 22
	pieceWork = 1 << 27
	// smallParts is how many small products, as Run has them, make up pieceWork.
	smallParts = 16
)

// grain returns the rows of a chunk: whole tiles, some of them where that leaves every
// thread several chunks, since what follows the product has a call for each vector; and
// where the weights are streamed enough of them. Too small a chunk costs more to hand out
// than to compute; too large a one leaves cores idle at the end, where there are several.
func (t *MatMulTask) grain(threads int) int {
	all := t.results()
	tiles := (all + matGrain - 1) / matGrain
	if t.N >= streamVectors {
		return evenTiles(tiles, min(max(all/(chunksEach*matGrain*threads), 1), mostTiles), threads) * matGrain
	}
	row := max(t.mat.Bytes()/max(all, 1), 1)
	if threads == 1 {
		return max(min(aloneBytes/row/matGrain, tiles), 1) * matGrain
	}
	rows := min(all/(chunksEach*threads), kernelBytes/row)
	return evenTiles(tiles, max(rows/matGrain, streamBytes/row/matGrain, 1), threads) * matGrain
}

// results is the number of results of a vector: of a gate half as many as the matrix has
// rows.
func (t *MatMulTask) results() int {
	if t.Gate != nil {
		return t.mat.Rows() / 2
	}
	return t.mat.Rows()
}

// evenTiles returns how many tiles a chunk has, at most so many and not fewer than half of
// them: the number that leaves the thread with the most chunks the fewest tiles. One
// chunk more than threads can share alike is one that all but one of them wait for.
func evenTiles(tiles, most, threads int) int {
	best, least := most, tiles
	for n := most; n >= max(most/2, 1); n-- {
		chunks := (tiles + n - 1) / n
		if share := (chunks + threads - 1) / threads * n; share < least {
			best, least = n, share
		}
	}
	return best
}

// Go computes all rows on at most maxThreads threads (0: the pool's) and
// returns when they are done. It allocates only when a larger scratch is needed
// than in the calls before. Dst must not overlap X.
func (t *MatMulTask) Go(p *workpool.Pool, maxThreads int) {
	if t.mat = t.Mat; t.Alone && t.N > 1 {
		t.mat = aloneMat(t.Mat)
	}
	t.scratch = growScratch(t.scratch, p, t.mat.ScratchLen(t.N))
	if t.N <= 0 {
		return
	}
	all, first := t.N, 0
	block := vectorBlock(t.mat.Cols())
	for ; first < all && !stops(t.Stop); first += t.N {
		// A few quantised vectors by themselves would be rounded in another way.
		if t.N = block; all-first < block+matGrain {
			t.N = all - first
		}
		t.some(p, first, maxThreads)
	}
	t.N, t.first = all, 0
}

// aloneMat returns the matrix that multiplies each of several vectors as m multiplies
// one.
func aloneMat(m Mat) Mat {
	switch m := m.(type) {
	case *Quant:
		if m.lone != nil {
			return m.lone
		}
	case *Concat:
		if m.lone != nil {
			return m.lone
		}
	}
	return m
}

// some computes the N vectors from number first on. The pool waits for all of
// the preparation before the first row begins.
func (t *MatMulTask) some(p *workpool.Pool, first, maxThreads int) {
	t.first, t.ready, t.piece = first, nil, t.rowBlock()
	if m, ok := t.mat.(preparer); ok {
		if l := m.prepLen(t.N); l > 0 {
			if cap(t.prep) < l {
				t.prep = make([]float32, l)
			}
			t.ready, t.prep = m, t.prep[:l]
			p.For((*prepareTask)(t), t.N, prepareVectors, maxThreads)
		}
	}
	all, grain := t.results(), t.grain(atMost(threadsOf(p), maxThreads))
	if t.Gate != nil {
		t.pairs = growScratch(t.pairs, p, pairsLen(all, t.N, workpool.ChunkSize(all, grain)))
	}
	p.For(t, all, grain, maxThreads)
}

// vectorBlock returns how many vectors of a product are multiplied at a time:
// as many as a prompt has, and not so many that the rows of a tile take long.
// It is a multiple of matGrain, so that blocks do not change how vectors are
// grouped.
func vectorBlock(cols int) int {
	return max(blockWork/max(cols, 1)/matGrain, 1) * matGrain
}

// rowBlock returns how many rows are computed between two looks at Stop.
func (t *MatMulTask) rowBlock() int {
	return max(pieceWork/max(t.N*t.mat.Cols(), 1)/tileRows, 1) * tileRows
}

// prepareTask prepares the vectors of a product.
type prepareTask MatMulTask

// Run prepares vectors lo to hi-1. It is called by the pool.
func (t *prepareTask) Run(lo, hi, _ int) {
	if !stops(t.Stop) {
		t.ready.prepare(t.prep, t.X[t.first*t.Ldx:], t.Ldx, t.N, lo, hi)
	}
}

// Run computes rows lo to hi-1. It is called by the pool. Go has just looked at Stop:
// a small product, which takes milliseconds even without assembly, has no need to
// again for each of its chunks, of which a token of text has thousands.
func (t *MatMulTask) Run(lo, hi, worker int) {
	small := t.piece/smallParts >= t.mat.Rows()
	for ; lo < hi && (small || !stops(t.Stop)); lo += t.piece {
		t.run(lo, min(lo+t.piece, hi), worker)
	}
}

// run computes rows that lie in one chunk. The rows of a Concat are those of
// its parts, each of which has its own destination.
func (t *MatMulTask) run(lo, hi, worker int) {
	c, ok := t.mat.(*Concat)
	if ok && t.Gate != nil {
		t.gated(c, lo, hi, worker)
		return
	}
	if !ok || len(t.Parts) == 0 {
		t.rows(t.mat, Part{t.Dst, t.Ldd, t.Bias, t.RoundOut}, lo, hi, worker)
		return
	}
	for i, m := range c.parts {
		from, to := c.within(i, lo, hi)
		if from < to {
			t.rows(m, t.Parts[i], from, to, worker)
		}
	}
}

// rows computes rows lo to hi-1 of m. Bias and rounding follow the product
// while its results are in the cache.
func (t *MatMulTask) rows(m Mat, p Part, lo, hi, worker int) {
	dst := p.Dst[t.first*p.Ldd:]
	t.product(m, dst, p.Ldd, lo, hi, worker)
	if p.Bias == nil {
		if p.RoundOut {
			roundRows(dst[lo:], hi-lo, t.N, p.Ldd)
		}
		return
	}
	for i := range t.N {
		row := dst[i*p.Ldd+lo : i*p.Ldd+hi]
		if p.RoundOut {
			RoundF16(row)
		}
		Add(row, row, p.Bias[lo:hi])
		if p.RoundOut {
			RoundF16(row)
		}
	}
}

// product stores the products of rows lo to hi-1 of m and the vectors that are multiplied
// now.
func (t *MatMulTask) product(m Mat, dst []float32, ldd, lo, hi, worker int) {
	x := t.X[t.first*t.Ldx:]
	if ready, ok := m.(preparer); ok && t.ready != nil && ready.prepLen(t.N) > 0 {
		ready.mulPrepared(dst, ldd, x, t.Ldx, t.N, lo, hi, t.prep, t.scratch[worker])
	} else {
		m.Mul(dst, ldd, x, t.Ldx, t.N, lo, hi, t.scratch[worker])
	}
}
