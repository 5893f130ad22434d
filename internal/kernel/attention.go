package kernel

import (
	"math"

	"github.com/gocoreml/coreml/internal/workpool"
)

// Attention is scaled dot-product attention with grouped queries over keys and
// values that lie anywhere, such as in a slice of a state. It is a reusable
// task: set the fields, call [Attention.Go], call it again. One value serves
// one call at a time.
//
// The softmax subtracts the maximum and runs in float32. A key whose mask is
// -Inf has weight exactly 0 whatever its score, and a key whose weight is
// exactly 0 is left out of the sum over the values: what lies in its key and
// value (NaN included) does not reach the result. A row without a key of
// positive weight gives NaN, but with Keys == 0 it gives 0. Sums run over the
// keys in order, in tiles of attnKeys, whatever the number of threads.
type Attention struct {
	// Heads is a multiple of KVHeads; query head h reads key head
	// h/(Heads/KVHeads). HeadDim is the length of a query and a key, ValueDim
	// that of a value and a result.
	Heads, KVHeads, Queries, Keys, HeadDim, ValueDim int

	// Q holds element d of query q of head h at h*QHead+q*QRow+d.
	Q           []float32
	QHead, QRow int

	// K holds element d of key k of head h at h*KHead+k*KRow+d*KCol, in one of
	// K16 (binary16) and K32. V is laid out alike. KCol and VCol of 1 are fast.
	K16               []uint16
	K32               []float32
	KHead, KRow, KCol int
	V16               []uint16
	V32               []float32
	VHead, VRow, VCol int

	// Mask, when set, is added to the scores: element k of query q of head h at
	// h*MaskHead+q*MaskRow+k. A stride of 0 broadcasts. A row of it holds Keys
	// elements. Values other than 0 and -Inf are added like any score.
	Mask              []float32
	MaskHead, MaskRow int

	// Scale multiplies the scores.
	Scale float32

	// Round rounds to binary16 what the separate operations would store as
	// fp16: the scores, the scaled scores, the masked scores, the weights and
	// the result. It is for arithmetic that must equal the unfused program's.
	Round bool

	// Dst receives element d of query q of head h at h*DstHead+q*DstRow+d. It
	// may not overlap Q, K or V.
	Dst             []float32
	DstHead, DstRow int

	// Stop, when set, is asked now and then: once it says true the result is left
	// unfinished.
	Stop func() bool

	// One for each worker; it only grows.
	scratch [][]float32
	// step is the number of query rows of a unit of work, perKV the number of
	// units of a key head.
	step, perKV int
}

const (
	// attnRows is the most query rows that share a pass over keys and values, a
	// multiple of the micro-kernels' 3 and 6.
	attnRows = 12
	// attnKeys is how many keys or values are widened at a time: 64 of 128
	// elements take 32 KiB.
	attnKeys = 64
	// attnUnits is how many units of work each thread should find. More units
	// even out threads of different speed; fewer read keys and values less
	// often.
	attnUnits = 4
)

// Go computes Dst on at most maxThreads threads (0: the pool's). It allocates
// only when a larger scratch is needed than in the calls before. The slices
// must be as long as shapes and strides need: a wrong length panics in a
// worker.
func (a *Attention) Go(p *workpool.Pool, maxThreads int) {
	if a.Heads <= 0 || a.KVHeads <= 0 || a.Queries <= 0 {
		return
	}
	threads := 1
	if p != nil {
		threads = p.Threads()
	}
	if maxThreads > 0 {
		threads = min(threads, maxThreads)
	}
	// All query heads of a key head count as rows of one product, since they share
	// its keys and values.
	rows := a.Heads / a.KVHeads * a.Queries
	units := attnUnits * threads
	a.step = min(max((rows*a.KVHeads+units-1)/units, 1), attnRows, rows)
	a.perKV = (rows + a.step - 1) / a.step
	wide := max(a.HeadDim, a.ValueDim)
	a.scratch = growScratch(a.scratch, p, a.step*(a.Keys+a.HeadDim+a.ValueDim)+attnKeys*wide)
	p.For(a, a.KVHeads*a.perKV, 1, maxThreads)
}

// Run computes the units lo to hi-1. It is called by the pool. A unit is up to
// step rows of one key head.
func (a *Attention) Run(lo, hi, worker int) {
	rows := a.Heads / a.KVHeads * a.Queries
	for u := lo; u < hi; u++ {
		if stops(a.Stop) {
			return
		}
		first := u % a.perKV * a.step
		a.unit(u/a.perKV, first, min(a.step, rows-first), a.scratch[worker])
	}
}

// where splits row number r of a key head into its head and query.
func (a *Attention) where(kv, r int) (head, query int) {
	return kv*(a.Heads/a.KVHeads) + r/a.Queries, r % a.Queries
}

// maskRow returns the mask of a row.
func (a *Attention) maskRow(kv, r int) []float32 {
	h, q := a.where(kv, r)
	at := h*a.MaskHead + q*a.MaskRow
	return a.Mask[at : at+a.Keys]
}

// unit computes n rows of one key head, from row number first. scratch is cut
// into the rows' scores, the queries, the results and a tile of widened keys or
// values.
func (a *Attention) unit(kv, first, n int, scratch []float32) {
	d, dv := a.HeadDim, a.ValueDim
	scores, scratch := scratch[:n*a.Keys], scratch[n*a.Keys:]
	q, scratch := scratch[:n*d], scratch[n*d:]
	out, tile := scratch[:n*dv], scratch[n*dv:]
	// Copied, so that the rows of the product are equally far apart.
	for i := range n {
		h, qi := a.where(kv, first+i)
		copy(q[i*d:(i+1)*d], a.Q[h*a.QHead+qi*a.QRow:])
	}
	for k := 0; k < a.Keys; k += attnKeys {
		if stops(a.Stop) {
			return
		}
		keys := min(attnKeys, a.Keys-k)
		if a.hidden(kv, first, n, k, keys) {
			for i := range n {
				fill(scores[i*a.Keys+k:i*a.Keys+k+keys], float32(math.Inf(-1)))
			}
			continue
		}
		w, ld := widen(tile, a.K16, a.K32, kv*a.KHead+k*a.KRow, a.KRow, a.KCol, keys, d)
		mulNT(scores[k:], a.Keys, q, d, n, w, ld, keys, d, false)
	}
	for i := range n {
		if stops(a.Stop) {
			return
		}
		a.weigh(scores[i*a.Keys:(i+1)*a.Keys], kv, first+i)
	}
	a.gather(out, scores, tile, kv, n)
	for i := range n {
		h, qi := a.where(kv, first+i)
		row := out[i*dv : (i+1)*dv]
		if !finite(row) {
			a.gatherCarefully(row, scores[i*a.Keys:(i+1)*a.Keys], tile, kv)
		}
		if a.Round {
			RoundF16(row)
		}
		copy(a.Dst[h*a.DstHead+qi*a.DstRow:][:dv], row)
	}
}

// hidden reports whether the mask hides keys k to k+keys-1 from all n rows. Its
// keys are then not read at all: of a causal prompt that is nearly half of the
// work, and of a cache that is not full the rest of it.
func (a *Attention) hidden(kv, first, n, k, keys int) bool {
	if a.Mask == nil {
		return false
	}
	for i := range n {
		// A causal mask shows the last key soonest, so a look at both ends of the
		// tile settles most cases.
		m := a.maskRow(kv, first+i)[k : k+keys]
		if !isNegInf(m[0]) || !isNegInf(m[keys-1]) {
			return false
		}
		for _, v := range m {
			if !isNegInf(v) {
				return false
			}
		}
	}
	return true
}

// isNegInf compares in a way that NaN fails: a NaN in the mask hides no key.
func isNegInf(v float32) bool { return v < -math.MaxFloat32 }

// fill sets the scores of a hidden tile, whose memory holds those of an earlier
// unit.
func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// weigh turns the scores of a row into weights. The order of the roundings is
// that of the operations in a program: matmul, mul, add, softmax.
func (a *Attention) weigh(s []float32, kv, row int) {
	if a.Round {
		roundUntil(a.Stop, s)
	}
	if a.Scale != 1 {
		scaleUntil(a.Stop, s, a.Scale)
		if a.Round {
			roundUntil(a.Stop, s)
		}
	}
	if a.Mask != nil {
		maskUntil(a.Stop, s, a.maskRow(kv, row))
		if a.Round {
			roundUntil(a.Stop, s)
		}
	}
	SoftmaxUntil(a.Stop, s)
	if a.Round {
		roundUntil(a.Stop, s)
	}
}

// addMask adds mask to s; -Inf in the mask overrides the score. Without that
// +Inf or NaN in a hidden key's score would come through as NaN.
func addMask(s, mask []float32) {
	mask = mask[:len(s)]
	done := 0
	if useAsm {
		if done = len(s) &^ 7; done > 0 {
			addMaskAsm(&s[0], &mask[0], done)
		}
	}
	for i := done; i < len(s); i++ {
		if m := mask[i]; isNegInf(m) {
			s[i] = m
		} else {
			s[i] += m
		}
	}
}

// gather sums the values by their weights. Values of weight 0 may still reach
// the sum as 0 times infinity: the caller looks for that. Tiles of which every
// weight is 0 are not read.
func (a *Attention) gather(out, scores, tile []float32, kv, n int) {
	clear(out)
	for k := 0; k < a.Keys; k += attnKeys {
		if stops(a.Stop) {
			return
		}
		keys := min(attnKeys, a.Keys-k)
		if allZero(scores[k:], a.Keys, n, keys) {
			continue
		}
		v, ld := widen(tile, a.V16, a.V32, kv*a.VHead+k*a.VRow, a.VRow, a.VCol, keys, a.ValueDim)
		mulNN(out, a.ValueDim, scores[k:], a.Keys, n, v, ld, a.ValueDim, keys, true)
	}
}

// gatherCarefully is gather for one row that leaves out values of weight 0. It
// is slow and seldom needed: only where a result was not finite. It gives the
// same NaN or infinity again where a visible value is the cause.
func (a *Attention) gatherCarefully(out, weights, tile []float32, kv int) {
	clear(out)
	for k, w := range weights {
		if k&(attnKeys-1) == 0 && stops(a.Stop) {
			return
		}
		if w == 0 {
			continue
		}
		v, _ := widen(tile, a.V16, a.V32, kv*a.VHead+k*a.VRow, a.VRow, a.VCol, 1, a.ValueDim)
		Axpy(out, w, v[:a.ValueDim])
	}
}

// allZero reports whether n rows of keys weights are all 0.
func allZero(w []float32, ld, n, keys int) bool {
	for i := range n {
		for _, v := range w[i*ld : i*ld+keys] {
			if v != 0 {
				return false
			}
		}
	}
	return true
}

// widen returns n rows of d float32 from element at on, and their distance.
// Rows that are not contiguous float32 already are copied to tile. at, row and
// col count elements. What is returned is valid until tile is used again.
func widen(tile []float32, h []uint16, f []float32, at, row, col, n, d int) ([]float32, int) {
	switch {
	case f != nil && col == 1:
		return f[at:], row
	case f != nil:
		for i := range n {
			for j := range d {
				tile[i*d+j] = f[at+i*row+j*col]
			}
		}
	case col == 1 && row == d:
		F16ToF32(tile, h[at:at+n*d])
	case col == 1:
		for i := range n {
			F16ToF32(tile[i*d:], h[at+i*row:at+i*row+d])
		}
	default:
		widenAcross(tile, h, at, row, col, n, d)
	}
	return tile, d
}

// widenAcross is widen for keys stored across, [HeadDim, Keys]: it reads along
// the keys, where the memory is dense, and writes across. n is at most
// attnKeys.
func widenAcross(tile []float32, h []uint16, at, row, col, n, d int) {
	var line [attnKeys]float32
	var half [attnKeys]uint16
	for j := range d {
		for i := range n {
			half[i] = h[at+i*row+j*col]
		}
		F16ToF32(line[:n], half[:n])
		for i := range n {
			tile[i*d+j] = line[i]
		}
	}
}

// maskUntil is addMask, in place.
func maskUntil(stop func() bool, x, mask []float32) {
	pieces(stop, len(x), func(lo, hi int) { addMask(x[lo:hi], mask[lo:hi]) })
}
