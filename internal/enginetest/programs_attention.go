package enginetest

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// The attention of these cases: 2 heads of 4 elements over at most 5 places.
const (
	heads   = 2
	headDim = 4
)

// attentionPrograms compute attention as one operation and written out. Both
// must give what the definition in float64 gives. The fills of the masks are
// those that packages have: -1e4, -Inf, and the lowest number of float16, which
// a score added to it may turn into -Inf.
func attentionPrograms() []programCase {
	steps := []programStep{attentionStep(3, 5, -1e4), attentionStep(1, 4, math.Inf(-1)), attentionStep(2, 2, -65504)}
	inputs := func(b *mil.Builder, t dtype.Type) (q, k, v, mask *mil.Value) {
		return b.Input("q", t, 1, heads, mil.Unknown, headDim), b.Input("k", t, 1, heads, mil.Unknown, headDim),
			b.Input("v", t, 1, heads, mil.Unknown, headDim), b.Input("mask", t, 1, 1, mil.Unknown, mil.Unknown)
	}
	var cases []programCase
	for _, typ := range []struct {
		t         dtype.Type
		tolerance float64
	}{{dtype.Float32, tolerance32}, {dtype.Float16, tolerance16}} {
		cases = append(cases, programCase{
			name: "attention as one operation over " + typ.t.String(), tolerance: typ.tolerance, steps: steps,
			build: func(b *mil.Builder) {
				q, k, v, mask := inputs(b, typ.t)
				b.Output("y", b.Op("scaled_dot_product_attention", "", q.Type, mil.Args{
					"query": q, "key": k, "value": v, "attn_mask": mask,
				}))
			},
		}, programCase{
			name: "attention written out over " + typ.t.String(), tolerance: typ.tolerance, steps: steps,
			build: func(b *mil.Builder) {
				q, k, v, mask := inputs(b, typ.t)
				scores := mil.TensorType(typ.t, 1, heads, mil.Unknown, mil.Unknown)
				s := b.Op("matmul", "", scores, mil.Args{
					"x": q, "y": k, "transpose_x": b.Bool("tx", false), "transpose_y": b.Bool("ty", true),
				})
				s = b.Op("mul", "", scores, mil.Args{"x": s, "y": b.Float("scale", typ.t, float32(1/math.Sqrt(headDim)))})
				s = b.Op("add", "", scores, mil.Args{"x": s, "y": mask})
				s = b.Op("softmax", "", scores, mil.Args{"x": s, "axis": b.Int("axis", -1)})
				b.Output("y", b.Op("matmul", "", q.Type, mil.Args{
					"x": s, "y": v, "transpose_x": b.Bool("tx2", false), "transpose_y": b.Bool("ty2", false),
				}))
			},
		})
	}
	return cases
}

// attentionStep makes numbers for n queries over m places, of which a query
// sees those up to its own. The numbers are multiples of an eighth from a fixed
// rule, different for each element, so that a swap of axes shows.
func attentionStep(n, m int, fill float64) programStep {
	number := func(i, prime int) float64 { return float64(i*prime%11-5) / 8 }
	q, k, v := make([]float64, heads*n*headDim), make([]float64, heads*m*headDim), make([]float64, heads*m*headDim)
	for i := range q {
		q[i] = number(i, 7)
	}
	for i := range k {
		k[i], v[i] = number(i, 3), number(i, 5)
	}
	mask := make([]float64, n*m)
	for i := range n {
		for j := range m {
			// Query i of the last n places stands at place m-n+i and sees
			// nothing behind it.
			if j > m-n+i {
				mask[i*m+j] = fill
			}
		}
	}
	return programStep{
		in: values{
			"q": f32([]int{1, heads, n, headDim}, narrow(q)...), "k": f32([]int{1, heads, m, headDim}, narrow(k)...),
			"v": f32([]int{1, heads, m, headDim}, narrow(v)...), "mask": f32([]int{1, 1, n, m}, narrow(mask)...),
		},
		want: map[string]answer{"y": {[]int{1, heads, n, headDim}, attend(q, k, v, mask, n, m)}},
	}
}

// attend is the definition of attention. It does not subtract the maximum
// before exp, as the scores are small.
func attend(q, k, v, mask []float64, n, m int) []float64 {
	y := make([]float64, len(q))
	for h := range heads {
		for i := range n {
			weights, total := make([]float64, m), 0.0
			for j := range m {
				score := mask[i*m+j]
				for d := range headDim {
					score += q[(h*n+i)*headDim+d] * k[(h*m+j)*headDim+d] / math.Sqrt(headDim)
				}
				weights[j] = math.Exp(score)
				total += weights[j]
			}
			for j := range m {
				for d := range headDim {
					y[(h*n+i)*headDim+d] += weights[j] / total * v[(h*m+j)*headDim+d]
				}
			}
		}
	}
	return y
}
