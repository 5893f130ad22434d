package kernel_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// attnCase is attention with a mask of a kind, whose hidden keys may hold NaN and
// infinities.
type attnCase struct {
	attnSpec
	mask        maskKind
	headMask    bool
	poison, bad bool // in keys that every query hides, and in any
}

// maskKind says which keys a query sees.
type maskKind int

const (
	maskNone    maskKind = iota
	maskCausal           // those up to its own
	maskWindow           // the last few of them
	maskRandom           // any, with numbers added to some
	maskPadding          // the first ones, and of some queries none
	maskKinds
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// drawAttention draws shapes that kernels take whole, in parts and not at all: few
// queries and many, of one head for all and of one each.
func drawAttention(r *rand.Rand) attnCase {
	kv, group := 1+r.IntN(3), 1+r.IntN(7)
	s := attnSpec{
		kv * group, kv, pick(r, 1, 1, 1, 2, 3, 5, 17, 40, 70), 1 + r.IntN(pick(r, 12, 80, 300, 700)),
		pick(r, 1, 7, 16, 24, 32, 64, 64, 80, 128), pick(r, 1, 5, 8, 16, 24, 64, 64, 80, 128),
		r.IntN(2) == 0, r.IntN(6) == 0, false, r.IntN(3) == 0,
	}
	if r.IntN(20) == 0 {
		s.dim, s.queries = pick(r, 520, 1040), 1+r.IntN(9)
	}
	return attnCase{s, maskKind(r.IntN(int(maskKinds))), r.IntN(3) == 0, r.IntN(2) == 0, r.IntN(6) == 0}
}

func (c attnCase) build(tb testing.TB, r *rand.Rand) *kernel.Attention {
	a := c.attnSpec.build(tb, r)
	if c.mask != maskNone {
		heads := 1
		if c.headMask {
			heads = c.heads
			a.MaskHead = c.queries * c.keys
		}
		a.Mask, a.MaskRow = guarded[float32](tb, heads*c.queries*c.keys), c.keys
		for i := range a.Mask {
			a.Mask[i] = c.maskAt(r, i/c.keys%c.queries, i%c.keys)
		}
	}
	for range 3 {
		if k := r.IntN(c.keys); c.bad && r.IntN(2) == 0 || c.poison && c.hidden(a, k) {
			c.spoil(a, k, r)
		}
	}
	return a
}

func (c attnCase) maskAt(r *rand.Rand, q, k int) float32 {
	hidden, last := float32(math.Inf(-1)), q+c.keys-c.queries
	switch {
	case c.mask == maskRandom && r.IntN(4) == 0:
		return float32(r.NormFloat64())
	case c.mask == maskRandom && r.IntN(2) == 0, c.mask == maskCausal && k > last,
		c.mask == maskWindow && (k > last || k < last-40), c.mask == maskPadding && (k > c.keys/2 || q%5 == 3):
		return hidden
	}
	return 0
}

// hidden reports whether no query sees a key.
func (c attnCase) hidden(a *kernel.Attention, k int) bool {
	for i := k; i < len(a.Mask); i += c.keys {
		if a.Mask[i] == 0 {
			return false
		}
	}
	return a.Mask != nil
}

// spoil puts NaN and infinities into key and value k of all heads.
func (c attnCase) spoil(a *kernel.Attention, k int, r *rand.Rand) {
	half, float := pick(r, uint16(0x7e00), 0x7c00, 0xfc00), float32(pick(r, math.NaN(), math.Inf(1), math.Inf(-1)))
	for h := range c.kv {
		if c.half {
			a.K16[h*a.KHead+k*a.KRow+r.IntN(c.dim)*a.KCol], a.V16[h*a.VHead+k*a.VRow+r.IntN(c.vdim)*a.VCol] = half, half
		} else {
			a.K32[h*a.KHead+k*a.KRow+r.IntN(c.dim)*a.KCol], a.V32[h*a.VHead+k*a.VRow+r.IntN(c.vdim)*a.VCol] = float, float
		}
	}
}

// TestAttentionGivesTheSameBitsInEveryVariant compares with the definition in plain Go,
// on any number of threads.
func TestAttentionGivesTheSameBitsInEveryVariant(t *testing.T) {
	cases := 150
	if testing.Short() {
		cases = 50
	}
	defer use(t, kernel.CPU().Variant)
	var pools []*workpool.Pool
	for threads := range 4 {
		pools = append(pools, workpool.New(threads+1))
		defer pools[threads].Close()
	}
	draw := newRand(31)
	for range cases {
		c, seed := drawAttention(draw), draw.Uint64()
		a := c.build(t, newRand(seed))
		use(t, kernel.Generic)
		a.Go(nil, 0)
		want := slices.Clone(a.Dst)
		for i, v := range kernel.Variants() {
			use(t, v)
			for _, p := range []*workpool.Pool{nil, pools[i], pools[3]} {
				for k := range a.Dst {
					a.Dst[k] = 77
				}
				a.Go(p, 0)
				allTheSame(t, struct {
					variant string
					attnCase
				}{v, c}, a.Dst, want)
			}
		}
	}
}

// TestAPromptInPiecesGivesTheSameBits takes queries one by one, a few at a time and all
// at once, with the keys that there are by then and with the room for more.
func TestAPromptInPiecesGivesTheSameBits(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		queries := 150
		if kernel.CPU().Variant == kernel.Generic {
			queries = 40
		}
		for i, round := range []bool{false, true, false, true} {
			c := attnCase{attnSpec{6, 2, queries, queries + 300, 64, 64, i < 2, false, false, round}, maskCausal, false, false, false}
			a := c.build(t, newRand(uint64(32+i)))
			a.Go(nil, 0)
			want := slices.Clone(a.Dst)
			for _, step := range []int{1, 3, 7, 16, 64} {
				for _, all := range []bool{true, false} {
					clear(a.Dst)
					for q := 0; q < queries; q += step {
						pieceOf(a, q, min(step, queries-q), all).Go(nil, 0)
					}
					allTheSame(t, [2]any{step, all}, a.Dst, want)
				}
			}
		}
	})
}

// pieceOf is n queries of a causal prompt, over all keys or those that the last one
// sees.
func pieceOf(a *kernel.Attention, q, n int, all bool) *kernel.Attention {
	b := &kernel.Attention{
		Heads: a.Heads, KVHeads: a.KVHeads, Queries: n, Keys: a.Keys, HeadDim: a.HeadDim, ValueDim: a.ValueDim,
		Q: a.Q[q*a.QRow:], QHead: a.QHead, QRow: a.QRow, K16: a.K16, K32: a.K32, KHead: a.KHead, KRow: a.KRow, KCol: a.KCol,
		V16: a.V16, V32: a.V32, VHead: a.VHead, VRow: a.VRow, VCol: a.VCol, Mask: a.Mask[q*a.MaskRow:], MaskRow: a.MaskRow,
		Scale: a.Scale, Round: a.Round, Dst: a.Dst[q*a.DstRow:], DstHead: a.DstHead, DstRow: a.DstRow,
	}
	if !all {
		b.Keys = a.Keys - a.Queries + q + n
	}
	return b
}

// TestHiddenKeysAreNotRead has no memory for the keys and values that nobody sees,
// behind those that somebody does.
func TestHiddenKeysAreNotRead(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, queries := range []int{1, 5, 40} {
			for _, seen := range []int{3, 70, 256, 301} {
				for _, round := range []bool{false, true} {
					c := attnCase{attnSpec{4, 2, queries, 700, 64, 64, true, false, false, round}, maskNone, false, false, false}
					a := c.build(t, newRand(35))
					a.KHead, a.VHead = 0, 0
					want := *a
					want.Keys, want.Dst = seen, guarded[float32](t, len(a.Dst))
					want.Go(nil, 0)
					a.K16, a.V16 = tail(t, a.K16[:seen*64]), tail(t, a.V16[:seen*64])
					a.Mask = guarded[float32](t, 700)
					for k := seen; k < 700; k++ {
						a.Mask[k] = float32(math.Inf(-1))
					}
					a.Go(nil, 0)
					allTheSame(t, c, a.Dst, want.Dst)
				}
			}
		}
	})
}

// tail returns a copy that an unreadable page follows.
func tail(tb testing.TB, x []uint16) []uint16 {
	y := guarded[uint16](tb, len(x))
	copy(y, x)
	return y
}

func TestAttentionOverNothingIsZero(t *testing.T) {
	a := attnCase{attnSpec: attnSpec{4, 2, 3, 9, 8, 8, true, false, false, false}}.build(t, newRand(36))
	for i := range a.Dst {
		a.Dst[i] = 1
	}
	a.Keys = 0
	a.Go(nil, 0)
	for i, v := range a.Dst {
		if v != 0 {
			t.Fatalf("element %d is %v", i, v)
		}
	}
}

// TestAttentionTakesTheMemoryThatItSays lets it grow its scratch and compares.
func TestAttentionTakesTheMemoryThatItSays(t *testing.T) {
	draw := newRand(37)
	for range 60 {
		c := drawAttention(draw)
		a := c.build(t, newRand(38))
		if most, got := a.ScratchLen(), kernel.AttentionMemory(a); got > most {
			t.Errorf("%+v: it takes %d elements, and says %d", c, got, most)
		}
	}
}
