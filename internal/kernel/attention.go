package kernel

import (
	"github.com/gocoreml/coreml/internal/workpool"
)

// Attention is scaled dot-product attention with grouped queries over keys and
// values that lie anywhere, such as in a slice of a state. It is a reusable
// task: set the fields, call [Attention.Go], call it again. One value serves
// one call at a time.
//
// The softmax runs in float32. A key whose mask is -Inf has weight exactly 0 whatever
// its score, and a key whose weight is exactly 0 is left out of the sum over the
// values: what lies in its key and value (NaN included) does not reach the result. A
// row without a key of positive weight gives NaN, but with Keys == 0 it gives 0.
//
// # Order
//
// Keys are cut into blocks of 256, from key 0 on. A score is a dot product in the order
// of [Dot]. The weights of a block are relative to the block's own maximum, their sum
// has the order of [SumF32], and its values are summed key by key; blocks are joined in
// order, as joinBlock says. With Round, weights are those of the whole row,
// rounded, and the blocks' sums are added in order. So a row's result depends on
// its own query, keys, values and mask alone: neither on the rows beside it, nor on
// hidden keys behind the visible ones, nor on threads or the instruction set.
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
	plan    attnPlan
	shared  attnShared
}

const (
	// attnBlock is the number of keys of a block. It is part of the result. Keys and
	// values of a block of 128 elements take 128 KiB; half of it gains nothing, and
	// twice as many leave too few blocks for threads to share.
	attnBlock = 256
	// attnAlign is what the first key of a block that is read is a multiple of, so
	// that lanes and panels begin there.
	attnAlign = 32
	// attnFew is how many rows of a key head are few: those of a token and of some. They
	// are computed for each block apart, so that threads share the keys.
	attnFew = 16
	// attnSplit is the most rows for which that pays too where units are too few
	// otherwise, as where all heads have the same keys.
	attnSplit = 96
	// attnSub is how many rows of a tile are taken through a block at a time: their
	// scores, 48 KiB, stay in the second cache. It is a multiple of the micro-kernels'
	// 4, 6 and 8.
	attnSub = 48
	// attnMost is the most rows that share a pass over keys and values, which are turned
	// and widened for them.
	attnMost = 8 * attnSub
	// attnScores bounds the scores that a unit of work keeps where all of a row are
	// needed at once.
	attnScores = 1 << 17
	// attnUnits is how many units of work each thread should find. More units
	// even out threads of different speed; fewer read keys and values less
	// often.
	attnUnits = 4
)

// attnPlan is how a call is cut into units of work.
type attnPlan struct {
	// group is the number of query heads of a key head; rows of a key head are those
	// of all of them, the heads of one query side by side.
	group, rows, blocks int
	// split says that units are blocks of keys, and otherwise they are up to step rows,
	// perKV of them to a key head.
	split       bool
	step, perKV int
	phase       attnPhase
}

// attnPhase is what the units of a call do. With Round and split there are three
// passes, since a weight needs all scores of its row.
type attnPhase int

const (
	attnAll attnPhase = iota
	attnScore
	attnWeigh
	attnSum
)

// Go computes Dst on at most maxThreads threads (0: the pool's). It allocates
// only when a larger scratch is needed than in the calls before. The slices
// must be as long as shapes and strides need: a wrong length panics in a
// worker.
func (a *Attention) Go(p *workpool.Pool, maxThreads int) {
	if a.Heads <= 0 || a.KVHeads <= 0 || a.Queries <= 0 {
		return
	}
	if a.Keys <= 0 {
		a.noKeys()
		return
	}
	threads := 1
	if p != nil {
		threads = p.Threads()
	}
	if maxThreads > 0 {
		threads = min(threads, maxThreads)
	}
	a.plan = a.planFor(threads)
	a.scratch = growScratch(a.scratch, p, a.layout(nil, a.plan).size)
	if !a.plan.split {
		p.For(a, a.KVHeads*a.plan.perKV, 1, maxThreads)
		return
	}
	a.share()
	units := a.KVHeads * a.plan.blocks
	if !a.Round {
		p.For(a, units, 1, maxThreads)
		return
	}
	for _, phase := range []attnPhase{attnScore, attnWeigh, attnSum} {
		n := units
		if phase == attnWeigh {
			n = a.KVHeads * a.plan.rows
		}
		a.plan.phase = phase
		p.For(a, n, 1, maxThreads)
	}
}

// planFor cuts a call into units for so many threads.
func (a *Attention) planFor(threads int) attnPlan {
	p := attnPlan{group: a.Heads / a.KVHeads, blocks: (a.Keys + attnBlock - 1) / attnBlock}
	p.rows = p.group * a.Queries
	units := attnUnits * threads
	if threads == 1 {
		units = 1 // there is nobody to even out
	}
	p.split = p.rows <= attnFew ||
		p.rows <= attnSplit && threads > 1 && a.KVHeads*((p.rows+attnSub-1)/attnSub) < units
	if p.split {
		p.step, p.perKV = p.rows, p.blocks
		return p
	}
	most := attnMost
	if a.Round {
		most = min(most, max(attnScores/(p.blocks*attnBlock)/attnSub, 1)*attnSub)
	}
	p.step = (p.rows*a.KVHeads + units - 1) / units
	p.step = min((p.step+attnSub-1)/attnSub*attnSub, most)
	p.perKV = (p.rows + p.step - 1) / p.step
	return p
}

// ScratchLen returns how many elements a thread needs at most for the shapes that are
// set, however many heads share their keys.
func (a *Attention) ScratchLen() int {
	if a.Heads <= 0 || a.Queries <= 0 || a.Keys <= 0 {
		return 0
	}
	b := Attention{Heads: a.Heads, KVHeads: 1, Queries: a.Queries, Keys: a.Keys, HeadDim: a.HeadDim, ValueDim: a.ValueDim, Round: a.Round}
	b.plan = b.planFor(1)
	n := b.layout(nil, b.plan).size
	if a.Queries <= attnSplit {
		n += b.sharedLen()
	}
	return n
}

// noKeys stores the sums of nothing.
func (a *Attention) noKeys() {
	for h := range a.Heads {
		for q := range a.Queries {
			clear(a.Dst[h*a.DstHead+q*a.DstRow:][:a.ValueDim])
		}
	}
}

// Run computes the units lo to hi-1. It is called by the pool.
func (a *Attention) Run(lo, hi, worker int) {
	w := a.layout(a.scratch[worker], a.plan)
	for u := lo; u < hi; u++ {
		if stops(a.Stop) {
			return
		}
		per := a.plan.perKV
		if a.plan.phase == attnWeigh {
			per = a.plan.rows
		}
		kv, i := u/per, u%per
		switch {
		case !a.plan.split:
			first := i * a.plan.step
			w.tile(attnRows{kv, first, min(a.plan.step, a.plan.rows-first)})
		case a.plan.phase == attnAll:
			w.part(kv, i)
		case a.plan.phase == attnWeigh:
			a.weighRow(kv, i)
		default:
			w.roundPart(kv, i)
		}
	}
}

// attnRows are rows of a key head: n from number first on.
type attnRows struct{ kv, first, n int }

// where splits row number r of a key head into its head and query.
func (a *Attention) where(kv, r int) (head, query int) {
	return kv*a.plan.group + r%a.plan.group, r / a.plan.group
}
