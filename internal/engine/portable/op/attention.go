package op

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
)

// scaled_dot_product_attention appeared in iOS18. Its mask is optional and either of
// booleans, true where a key is seen, or of numbers that are added to the scores. It has
// no scale and no flag for a causal mask: exporters fold another scale into the queries.
func init() {
	add(
		Operator{
			Name: "scaled_dot_product_attention", Params: in("query*", "key*!", "value*!", "attn_mask*"),
			Shape: attentionShape, Eval: attention, Local: func() any { return new(attentionLocal) },
			Folding: CostProduct, Note: "a fully masked row is NaN, as the definition says",
		},
	)
}

// attentionLocal is what attention keeps from prediction to prediction: the kernel's task
// and a boolean mask as numbers.
type attentionLocal struct {
	a    kernel.Attention
	mask []float32
}

// attentionShape checks the operands of attention and gives the result its shape.
func attentionShape(c *Call) error { return shapeOfAttention(c, c.In(1)) }

// shapeOfAttention sets the shape of the result: query [.., queries, size], key
// [.., keys, size] and value [.., keys, columns] give [.., queries, columns]. The
// dimensions before the last two must be the same for keys and values; between these and
// the queries they broadcast. The mask is looked at here too: by the time that it is
// added, states have been written.
func shapeOfAttention(c *Call, k *array.Value) error {
	q, v := c.In(0), c.In(2)
	r := q.Rank
	if r < 2 || k.Rank != r || v.Rank != r || q.Dims[r-1] != k.Dims[r-1] || k.Dims[r-2] != v.Dims[r-2] {
		return fmt.Errorf("query %v, key %v and value %v do not fit", q.Shape(), k.Shape(), v.Shape())
	}
	y := c.out(0)
	y.Rank, y.Dims = r, q.Dims
	for d := range r - 2 {
		if k.Dims[d] != v.Dims[d] || (q.Dims[d] != k.Dims[d] && q.Dims[d] != 1 && k.Dims[d] != 1) {
			return fmt.Errorf("query %v, key %v and value %v do not fit", q.Shape(), k.Shape(), v.Shape())
		}
		y.Dims[d] = k.Dims[d]
		if k.Dims[d] == 1 { // repeated, even to nothing
			y.Dims[d] = q.Dims[d]
		}
	}
	y.Dims[r-1] = v.Dims[r-1]
	if err := y.SetShape(y.Shape()...); err != nil {
		return err
	}
	return maskFits(c.In(3), y, k.Dims[r-2])
}

// maskFits checks that a mask broadcasts over the scores of result y and so many
// keys. Its last dimension may not broadcast, since coremltools declares it as the number
// of keys. An operation without a mask fits.
func maskFits(mask, y *array.Value, keys int) error {
	if mask == nil {
		return nil
	}
	fits := mask.Rank >= 2 && mask.Rank <= y.Rank && mask.Dims[mask.Rank-1] == keys
	for d := 0; fits && d < mask.Rank-1; d++ {
		fits = mask.Dims[d] == 1 || mask.Dims[d] == y.Dims[y.Rank-mask.Rank+d]
	}
	if !fits {
		return fmt.Errorf("mask of shape %v does not fit the scores of %d queries and %d keys, with a result of shape %v",
			mask.ShapeCopy(), y.Dims[y.Rank-2], keys, y.ShapeCopy())
	}
	return nil
}

// attention is softmax(query·keyᵀ/√size + mask)·value, as Vaswani et al., "Attention Is
// All You Need", and torch.nn.functional.scaled_dot_product_attention have it. Keys and
// values are read where they lie, be it in a state, and repeated heads are not copied:
// for a long context they are most of what a token's step reads.
func attention(c *Call) error {
	q := c.In(0)
	scale := float32(1 / math.Sqrt(float64(q.Dims[q.Rank-1])))
	return c.attend(localOf[attentionLocal](c), c.In(1), c.In(2), c.In(3), scale, false)
}

// attend runs attention of query operand 0 over k and v into output 0, whose
// shape is set. round says that the steps inside round to binary16 as separate
// operations would.
func (c *Call) attend(l *attentionLocal, k, v, mask *array.Value, scale float32, round bool) error {
	q, y := c.In(0), c.out(0)
	a := &l.a
	qs := c.F32(q)
	dst := c.newF32(0)
	setSizes(a, q, k, v, y)
	a.Scale, a.Round, a.Stop = scale, round, c.Env.stop
	if len(dst) == 0 {
		return nil
	}
	if a.Keys == 0 { // 0/0, as softmax of nothing says
		array.Fill(&c.Env.Poller, dst, float32(math.NaN()))
		return nil
	}
	if c.Env.tooLarge(a.ScratchLen()) {
		panic(ArenaError{})
	}
	ms := c.maskValues(l, mask)
	kk, vv := c.readable(k, v, a.Heads)
	size := a.Heads * a.DstHead
	for o := range y.Len() / size {
		qo, ko, vo, mo := outerOffsets(q, &kk, &vv, mask, y, o)
		a.Q, a.Dst = qs[qo:], dst[o*size:]
		bindKV(a, &kk, &vv, ko, vo, a.Heads)
		c.settleCaches(a, &kk, &vv)
		if a.Mask = nil; mask != nil {
			a.Mask = ms[mo:]
			bindMask(a, mask)
		}
		a.Go(c.Env.Pool, c.Env.Threads)
		c.Env.Poll()
	}
	return nil
}

// setSizes tells the kernel the sizes of the heads and where the rows of queries and of
// the result lie, which are dense. The kernel takes one batch of [heads, rows, columns]
// at a time; queries of one head serve all heads of the keys.
func setSizes(a *kernel.Attention, q, k, v, y *array.Value) {
	r := q.Rank
	a.Queries, a.Keys = q.Dims[r-2], k.Dims[r-2]
	a.HeadDim, a.ValueDim = q.Dims[r-1], v.Dims[r-1]
	a.QRow, a.QHead = a.HeadDim, a.Queries*a.HeadDim
	a.DstRow, a.DstHead = a.ValueDim, a.Queries*a.ValueDim
	a.Heads = 1
	if r > 2 {
		a.Heads = y.Dims[r-3]
		if q.Dims[r-3] == 1 {
			a.QHead = 0
		}
	}
}

// bindMask tells the kernel how far apart the rows and the heads of a dense mask lie.
func bindMask(a *kernel.Attention, mask *array.Value) {
	r := mask.Rank
	a.MaskRow, a.MaskHead = broadcastStride(mask, r-2, a.Keys), 0
	if r > 2 {
		a.MaskHead = broadcastStride(mask, r-3, mask.Dims[r-2]*a.Keys)
	}
}

// broadcastStride is n, or 0 when the dimension does not exist or has one index.
func broadcastStride(v *array.Value, d, n int) int {
	if d < 0 || v.Dims[d] == 1 {
		return 0
	}
	return n
}

// headLayout reads the layout of [.., heads, rows, columns]: element strides, and
// how many query heads share a head.
func headLayout(v *array.Value, heads int) (kv, head, row, col int) {
	v.Strides()
	r := v.Rank
	row, col = v.Stride[r-2], v.Stride[r-1]
	if r == 2 || v.Dims[r-3] == 1 {
		return 1, 0, row, col
	}
	return heads / v.Repeat[r-3], v.Stride[r-3], row, col
}

// plain reports whether attention can read v where it lies: any strides will do, and
// heads may be repeated, but nothing else.
func plain(v *array.Value, heads int) bool {
	if v.Repr != array.ReprF32 && v.Repr != array.ReprF16 {
		return false
	}
	if v.Dense {
		return true
	}
	for d := range v.Rank {
		if d != v.Rank-3 && v.Repeat[d] != 1 && v.Dims[d] > 1 {
			return false
		}
	}
	return v.Rank < 3 || v.Dims[v.Rank-3] == 1 || heads%v.Repeat[v.Rank-3] == 0
}

// readable returns keys and values in the form in which the kernel reads them: where
// they lie, or made dense when it cannot or when they do not have the same number of
// repeated heads.
func (c *Call) readable(k, v *array.Value, heads int) (kk, vv array.Value) {
	kk, vv = *k, *v
	if plain(k, heads) && plain(v, heads) {
		n, _, _, _ := headLayout(&kk, heads)
		m, _, _, _ := headLayout(&vv, heads)
		if n == m {
			return kk, vv
		}
	}
	kk = array.Value{Repr: array.ReprF32, Rank: k.Rank, Dims: k.Dims, Dense: true, F32: c.F32(k)}
	vv = array.Value{Repr: array.ReprF32, Rank: v.Rank, Dims: v.Dims, Dense: true, F32: c.F32(v)}
	return kk, vv
}

// bindKV points the kernel at the keys and values from elements ko and vo on.
func bindKV(a *kernel.Attention, k, v *array.Value, ko, vo, heads int) {
	a.K32, a.K16, a.V32, a.V16 = nil, nil, nil, nil
	a.KVHeads, a.KHead, a.KRow, a.KCol = headLayout(k, heads)
	_, a.VHead, a.VRow, a.VCol = headLayout(v, heads)
	if k.Repr == array.ReprF16 {
		a.K16 = k.F16[ko:]
	} else {
		a.K32 = k.F32[ko:]
	}
	if v.Repr == array.ReprF16 {
		a.V16 = v.F16[vo:]
	} else {
		a.V32 = v.F32[vo:]
	}
}

// settleCaches puts states on large pages of which half is read: a head's keys are then
// half as long as heads are apart.
func (c *Call) settleCaches(a *kernel.Attention, k, v *array.Value) {
	if a.KVHeads < 2 || 2*a.Keys*a.KRow < a.KHead || a.KRow != a.HeadDim {
		return
	}
	for _, b := range c.Env.States {
		b.settle(k, c.Env.stop)
		b.settle(v, c.Env.stop)
	}
}

// outerOffsets returns where the operands of outer batch o begin, by the indices of the
// dimensions before the heads. Queries and mask are dense, keys and values strided.
func outerOffsets(q, k, v, mask, y *array.Value, o int) (qo, ko, vo, mo int) {
	for d := y.Rank - 4; d >= 0; d-- {
		i := o % y.Dims[d]
		o /= y.Dims[d]
		qo += i * denseStride(q, d, y.Rank)
		ko += readStride(k, d, i)
		vo += readStride(v, d, i)
		if mask != nil {
			mo += i * denseStride(mask, d, y.Rank)
		}
	}
	return qo, ko, vo, mo
}

// denseStride is the stride of dimension d of a dense value whose rank is lined
// up with rank from the right; 0 where it broadcasts.
func denseStride(v *array.Value, d, rank int) int {
	d -= rank - v.Rank
	if d < 0 || v.Dims[d] == 1 {
		return 0
	}
	n := 1
	for _, x := range v.Dims[d+1 : v.Rank] {
		n *= x
	}
	return n
}

// readStride is where index i of dimension d of strided v lies.
func readStride(v *array.Value, d, i int) int {
	if v.Dims[d] == 1 {
		return 0
	}
	v.Strides()
	return i / v.Repeat[d] * v.Stride[d]
}

// maskValues returns the additive mask as dense float32: a boolean one becomes 0
// where it allows and -inf where it does not.
func (c *Call) maskValues(l *attentionLocal, mask *array.Value) []float32 {
	if mask == nil {
		return nil
	}
	if !mask.IsInt() {
		return c.F32(mask)
	}
	is := c.I32(mask)
	l.mask = reuse(c.Env, l.mask, len(is))
	dst := l.mask
	c.Env.Pieces(len(is), func(lo, hi int) {
		for k, allowed := range is[lo:hi] {
			dst[lo+k] = 0
			if allowed == 0 {
				dst[lo+k] = float32(math.Inf(-1))
			}
		}
	})
	return dst
}
