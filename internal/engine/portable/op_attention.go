package portable

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/kernel"
)

func init() {
	add(
		operator{
			name: "scaled_dot_product_attention", params: in("query*", "key*!", "value*!", "attn_mask*"),
			shape: attentionShape, eval: attention, local: func() any { return new(attentionLocal) },
		},
	)
}

// attentionLocal is what attention keeps in a frame.
type attentionLocal struct {
	a    kernel.Attention
	mask []float32
}

func attentionShape(c *call) error { return shapeOfAttention(c, c.in(1)) }

func shapeOfAttention(c *call, k *value) error {
	q, v := c.in(0), c.in(2)
	r := q.rank
	if r < 2 || k.rank != r || v.rank != r || q.dims[r-1] != k.dims[r-1] || k.dims[r-2] != v.dims[r-2] {
		return fmt.Errorf("query %v, key %v and value %v do not fit", q.shape(), k.shape(), v.shape())
	}
	y := c.out(0)
	y.rank, y.dims = r, q.dims
	for d := range r - 2 {
		if k.dims[d] != v.dims[d] || (q.dims[d] != k.dims[d] && q.dims[d] != 1 && k.dims[d] != 1) {
			return fmt.Errorf("query %v, key %v and value %v do not fit", q.shape(), k.shape(), v.shape())
		}
		y.dims[d] = k.dims[d]
		if k.dims[d] == 1 { // repeated, even to nothing
			y.dims[d] = q.dims[d]
		}
	}
	y.dims[r-1] = v.dims[r-1]
	return y.setShape(y.shape()...)
}

// attention: softmax(query·keyᵀ/√E + mask)·value. Keys and values are read where
// they lie, be it in a state, and repeated heads are not copied.
func attention(c *call) error {
	q := c.in(0)
	scale := float32(1 / math.Sqrt(float64(q.dims[q.rank-1])))
	return c.attend(localOf[attentionLocal](c), c.in(1), c.in(2), c.in(3), scale, false)
}

// scratchRows is the most rows of scores that the kernel keeps for each thread.
const scratchRows = 12

// attend runs attention of query operand 0 over k and v into output 0, whose
// shape is set. round says that the steps inside round to binary16 as separate
// operations would.
func (c *call) attend(l *attentionLocal, k, v, mask *value, scale float32, round bool) error {
	q, y := c.in(0), c.out(0)
	r := q.rank
	a := &l.a
	qs := c.f32(q)
	dst := c.newF32(0)
	a.Queries, a.Keys = q.dims[r-2], k.dims[r-2]
	a.HeadDim, a.ValueDim = q.dims[r-1], v.dims[r-1]
	a.Scale, a.Round, a.Stop = scale, round, c.fr.stop
	if len(dst) == 0 {
		return nil
	}
	if a.Keys == 0 {
		setAll(&c.fr.poller, dst, float32(math.NaN()))
		return nil
	}
	heads := 1
	if r > 2 {
		heads = y.dims[r-3]
	}
	outer := y.len() / (heads * a.Queries * a.ValueDim)
	a.Heads = heads
	threads := 1
	if c.fr.pool != nil {
		threads = c.fr.pool.Threads()
	}
	if scratchRows*(a.Keys+a.HeadDim+a.ValueDim) > maxArena/threads {
		panic(arenaError{})
	}
	a.QRow, a.QHead = a.HeadDim, a.Queries*a.HeadDim
	if r > 2 && q.dims[r-3] == 1 {
		a.QHead = 0
	}
	a.DstRow, a.DstHead = a.ValueDim, a.Queries*a.ValueDim
	ms, err := c.maskValues(l, mask, y)
	if err != nil {
		return err
	}
	kk, vv := c.readable(k, v, heads)
	for o := range outer {
		qo, ko, vo, mo := outerOffsets(q, &kk, &vv, mask, y, o)
		a.Q, a.Dst = qs[qo:], dst[o*heads*a.Queries*a.ValueDim:]
		bindKV(a, &kk, &vv, ko, vo, heads)
		a.Mask, a.MaskHead, a.MaskRow = nil, 0, 0
		if mask != nil {
			a.Mask = ms[mo:]
			a.MaskRow = broadcastStride(mask, mask.rank-2, a.Keys)
			if r > 2 && mask.rank > 2 {
				rows := mask.dims[mask.rank-2]
				a.MaskHead = broadcastStride(mask, mask.rank-3, rows*a.Keys)
			}
		}
		a.Go(c.fr.pool, c.fr.threads)
		c.fr.poll()
	}
	return nil
}

// broadcastStride is n, or 0 when the dimension does not exist or has one index.
func broadcastStride(v *value, d, n int) int {
	if d < 0 || v.dims[d] == 1 {
		return 0
	}
	return n
}

// headLayout reads the layout of [.., heads, rows, columns]: element strides, and
// how many query heads share a head.
func headLayout(v *value, heads int) (kv, head, row, col int) {
	v.strides()
	r := v.rank
	row, col = v.stride[r-2], v.stride[r-1]
	if r == 2 || v.dims[r-3] == 1 {
		return 1, 0, row, col
	}
	return heads / v.repeat[r-3], v.stride[r-3], row, col
}

// plain reports whether attention can read v where it lies.
func plain(v *value, heads int) bool {
	if v.repr != reprF32 && v.repr != reprF16 {
		return false
	}
	if v.dense {
		return true
	}
	for d := range v.rank {
		if d != v.rank-3 && v.repeat[d] != 1 && v.dims[d] > 1 {
			return false
		}
	}
	return v.rank < 3 || v.dims[v.rank-3] == 1 || heads%v.repeat[v.rank-3] == 0
}

// readable returns keys and values in the form in which the kernel reads them:
// where they lie, or made dense when it cannot or when their layouts differ.
func (c *call) readable(k, v *value, heads int) (kk, vv value) {
	kk, vv = *k, *v
	if plain(k, heads) && plain(v, heads) {
		n, _, _, _ := headLayout(&kk, heads)
		m, _, _, _ := headLayout(&vv, heads)
		if n == m {
			return kk, vv
		}
	}
	kk = value{repr: reprF32, rank: k.rank, dims: k.dims, dense: true, f: c.f32(k)}
	vv = value{repr: reprF32, rank: v.rank, dims: v.dims, dense: true, f: c.f32(v)}
	return kk, vv
}

// bindKV points the kernel at the keys and values from elements ko and vo on.
func bindKV(a *kernel.Attention, k, v *value, ko, vo, heads int) {
	a.K32, a.K16, a.V32, a.V16 = nil, nil, nil, nil
	a.KVHeads, a.KHead, a.KRow, a.KCol = headLayout(k, heads)
	_, a.VHead, a.VRow, a.VCol = headLayout(v, heads)
	if k.repr == reprF16 {
		a.K16 = k.h[ko:]
	} else {
		a.K32 = k.f[ko:]
	}
	if v.repr == reprF16 {
		a.V16 = v.h[vo:]
	} else {
		a.V32 = v.f[vo:]
	}
}

// outerOffsets returns where the operands of outer batch o begin.
func outerOffsets(q, k, v, mask, y *value, o int) (qo, ko, vo, mo int) {
	for d := y.rank - 4; d >= 0; d-- {
		i := o % y.dims[d]
		o /= y.dims[d]
		qo += i * denseStride(q, d, y.rank)
		ko += readStride(k, d, i)
		vo += readStride(v, d, i)
		if mask != nil {
			mo += i * denseStride(mask, d, y.rank)
		}
	}
	return qo, ko, vo, mo
}

// denseStride is the stride of dimension d of a dense value whose rank is lined
// up with rank from the right; 0 where it broadcasts.
func denseStride(v *value, d, rank int) int {
	d -= rank - v.rank
	if d < 0 || v.dims[d] == 1 {
		return 0
	}
	n := 1
	for _, x := range v.dims[d+1 : v.rank] {
		n *= x
	}
	return n
}

func readStride(v *value, d, i int) int {
	if v.dims[d] == 1 {
		return 0
	}
	v.strides()
	return i / v.repeat[d] * v.stride[d]
}

// maskValues returns the additive mask as dense float32: a boolean one becomes 0
// where it allows and -inf where it does not.
func (c *call) maskValues(l *attentionLocal, mask, y *value) ([]float32, error) {
	if mask == nil {
		return nil, nil
	}
	if mask.rank > y.rank || mask.rank < 2 {
		return nil, fmt.Errorf("mask of shape %v does not fit a result of shape %v", mask.shape(), y.shape())
	}
	for d := range mask.rank {
		want := y.dims[y.rank-mask.rank+d]
		if d == mask.rank-1 {
			want = l.a.Keys
			if mask.dims[d] != want {
				return nil, fmt.Errorf("mask of shape %v for %d keys", mask.shape(), want)
			}
		}
		if mask.dims[d] != 1 && mask.dims[d] != want {
			return nil, fmt.Errorf("mask of shape %v does not fit a result of shape %v", mask.shape(), y.shape())
		}
	}
	if !mask.isInt() {
		return c.f32(mask), nil
	}
	is := c.i32(mask)
	l.mask = grown(c.fr, l.mask, len(is))
	dst := l.mask
	c.fr.pieces(len(is), func(lo, hi int) {
		for k, allowed := range is[lo:hi] {
			dst[lo+k] = 0
			if allowed == 0 {
				dst[lo+k] = float32(math.Inf(-1))
			}
		}
	})
	return dst, nil
}
