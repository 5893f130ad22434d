package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// FusedAttention is attention written out: scores, scale, mask, softmax and
// weighted sum as one step. Exporters for opsets before iOS18, which have no operator
// for it, write matmul, mul or real_div, add, softmax and matmul. Fused, no scores of
// a whole prompt are ever in memory.
var FusedAttention = &Operator{
	Name: "attention", Params: in("query*", "key*!", "value*!", "mask*"),
	Shape: fusedAttentionShape, Eval: evalFusedAttention,
	Local: func() any { return new(fusedAttentionLocal) },
}

// AttentionPattern is the data of a step of FusedAttention.
type AttentionPattern struct {
	Scale float32
	// Transposed says that the keys are [.., columns, rows].
	Transposed bool
	// Round says that the separate operations would round scores, weights and sums to
	// fp16. Faithful arithmetic keeps to that, so that fusion changes no bit more than the
	// order of the sums.
	Round bool
}

// fusedAttentionLocal is attentionLocal with the keys as a turned view.
type fusedAttentionLocal struct {
	attentionLocal
	keys array.Value
}

// orderedKeys returns the keys as [.., rows, columns]: where they are stored by columns,
// a view with the last two dimensions swapped. It is nil where they have no strides to be
// swapped, as compressed constants have none.
func (c *Call) orderedKeys(w *AttentionPattern) *array.Value {
	k := c.In(1)
	if !w.Transposed {
		return k
	}
	l := localOf[fusedAttentionLocal](c)
	l.keys = *k
	v := &l.keys
	if v.Repr != array.ReprF32 && v.Repr != array.ReprF16 && v.Repr != array.ReprUnknown {
		return nil
	}
	v.Strides()
	a, b := v.Rank-1, v.Rank-2
	v.Dims[a], v.Dims[b] = v.Dims[b], v.Dims[a]
	v.Stride[a], v.Stride[b] = v.Stride[b], v.Stride[a]
	v.Repeat[a], v.Repeat[b] = v.Repeat[b], v.Repeat[a]
	v.Wide, v.Flat = nil, nil
	v.UpdateDense()
	return v
}

// fusedAttentionShape is attentionShape for keys that may be transposed.
func fusedAttentionShape(c *Call) error {
	k := c.orderedKeys(dataOf[AttentionPattern](c))
	if k == nil {
		return array.ErrUnsupported
	}
	return shapeOfAttention(c, k)
}

// evalFusedAttention runs attention with the scale and rounding of its pattern.
func evalFusedAttention(c *Call) error {
	w := dataOf[AttentionPattern](c)
	l := localOf[fusedAttentionLocal](c)
	k := c.orderedKeys(w)
	return c.attend(&l.attentionLocal, k, c.In(2), c.In(3), w.Scale, w.Round)
}
