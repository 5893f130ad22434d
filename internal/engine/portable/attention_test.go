package portable_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// attentionForms are the ways in which converters write attention over repeated
// key-value heads: [1,4,q,8] over [1,2,n,8].
var attentionForms = map[string]func(b *mil.Builder, q, k, v, mask *mil.Value) *mil.Value{
	"one operation": func(b *mil.Builder, q, k, v, mask *mil.Value) *mil.Value {
		return b.Op("scaled_dot_product_attention", "", half(1, 4, mil.Unknown, 8),
			mil.Args{"query": q, "key": k, "value": v, "attn_mask": mask})
	},
	"written out": func(b *mil.Builder, q, k, v, mask *mil.Value) *mil.Value {
		t := half(1, 4, mil.Unknown, mil.Unknown)
		s := b.Op("matmul", "", t, mil.Args{"x": q, "y": k, "transpose_y": b.Bool("", true)})
		s = b.Op("mul", "", t, mil.Args{"x": s, "y": b.Float("", dtype.Float16, float32(1/math.Sqrt(8)))})
		s = b.Op("add", "", t, mil.Args{"x": s, "y": mask})
		s = b.Op("softmax", "", t, mil.Args{"x": s, "axis": b.Int("", -1)})
		return b.Op("matmul", "", half(1, 4, mil.Unknown, 8), mil.Args{"x": s, "y": v})
	},
	"written out with turned keys and a division": func(b *mil.Builder, q, k, v, mask *mil.Value) *mil.Value {
		t := half(1, 4, mil.Unknown, mil.Unknown)
		kt := b.Op("transpose", "", half(1, 4, 8, mil.Unknown), mil.Args{"x": k, "perm": b.Ints("", 0, 1, 3, 2)})
		s := b.Op("matmul", "", t, mil.Args{"x": q, "y": kt})
		s = b.Op("real_div", "", t, mil.Args{"x": s, "y": b.Float("", dtype.Float16, float32(math.Sqrt(8)))})
		s = b.Op("add", "", t, mil.Args{"x": mask, "y": s})
		s = b.Op("softmax", "", t, mil.Args{"x": s, "axis": b.Int("", 3)})
		return b.Op("matmul", "", half(1, 4, mil.Unknown, 8), mil.Args{"x": s, "y": v})
	},
}

// repeatHeads repeats [1,2,n,8] to [1,4,n,8] as expand and reshape convert.
func repeatHeads(b *mil.Builder, x *mil.Value) *mil.Value {
	x = b.Op("expand_dims", "", half(1, 2, 1, mil.Unknown, 8), mil.Args{"x": x, "axes": b.Ints("", 2)})
	x = b.Op("tile", "", half(1, 2, 2, mil.Unknown, 8), mil.Args{"x": x, "reps": b.Ints("", 1, 1, 2, 1, 1)})
	return b.Op("reshape", "", half(1, 4, mil.Unknown, 8), mil.Args{"x": x, "shape": b.Ints("", 1, 4, -1, 8)})
}

// reference is attention in float64; a mask of -inf hides a key.
func reference(q, k, v, mask []float32, nq, nk int) []float64 {
	out := make([]float64, 4*nq*8)
	for h := range 4 {
		for r := range nq {
			w, sum, top := make([]float64, nk), 0.0, math.Inf(-1)
			for j := range nk {
				for d := range 8 {
					w[j] += float64(q[(h*nq+r)*8+d]) * float64(k[(h/2*nk+j)*8+d])
				}
				w[j] = w[j]/math.Sqrt(8) + float64(mask[r*nk+j])
				top = max(top, w[j])
			}
			for j := range nk {
				w[j] = math.Exp(w[j] - top)
				sum += w[j]
			}
			for j := range nk {
				for d := range 8 {
					out[(h*nq+r)*8+d] += w[j] / sum * float64(v[(h/2*nk+j)*8+d])
				}
			}
		}
	}
	return out
}

func TestAttentionForms(t *testing.T) {
	for name, form := range attentionForms {
		for _, arith := range []engine.Arithmetic{engine.Faithful, engine.Wide} {
			for _, fusion := range []bool{false, true} {
				for _, fill := range []float32{float32(math.Inf(-1)), -1e4, -65504} {
					t.Run(name, func(t *testing.T) { checkAttention(t, form, arith, fusion, fill) })
				}
			}
		}
	}
}

func checkAttention(t *testing.T, form func(b *mil.Builder, q, k, v, mask *mil.Value) *mil.Value,
	arith engine.Arithmetic, fusion bool, fill float32,
) {
	b := mil.NewBuilder("main", "CoreML8")
	q := b.Input("q", dtype.Float16, 1, 4, mil.Unknown, 8)
	k := b.Input("k", dtype.Float16, 1, 2, mil.Unknown, 8)
	v := b.Input("v", dtype.Float16, 1, 2, mil.Unknown, 8)
	mask := b.Input("mask", dtype.Float16, 1, 1, mil.Unknown, mil.Unknown)
	b.Output("y", form(b, q, repeatHeads(b, k), repeatHeads(b, v), mask))
	p, err := portable.Build(b, arith, fusion)
	if err != nil {
		t.Fatal(err)
	}
	if written := strings.Contains(p.Plan(), "softmax"); fusion && written {
		t.Errorf("attention is not fused:\n%s", p.Plan())
	}
	r := rand.New(rand.NewPCG(1, 2))
	random := func(shape ...int) (*tensor.Tensor, []float32) {
		x := tensor.New(tensor.Float32, shape...)
		f, err := tensor.Data[float32](x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range f {
			f[i] = dtype.RoundFloat16(r.Float32()*2 - 1)
		}
		return x.To(tensor.Float16), f
	}
	for _, size := range [][2]int{{1, 1}, {1, 9}, {5, 5}, {3, 12}, {40, 70}} {
		nq, nk := size[0], size[1]
		qt, qf := random(1, 4, nq, 8)
		kt, kf := random(1, 2, nk, 8)
		vt, vf := random(1, 2, nk, 8)
		mf := make([]float32, nq*nk)
		for i := range mf {
			if i%nk > i/nk+nk-nq {
				mf[i] = fill
			}
		}
		got := run(t, p, nil, qt, kt, vt, tensor.FromSlice(mf, 1, 1, nq, nk).To(tensor.Float16))[0]
		for i, want := range reference(qf, kf, vf, mf, nq, nk) {
			// Each of the four roundings to fp16 is at most 2^-11 of values up to 1;
			// the scores' error is that of numbers up to 3.
			if d := math.Abs(float64(got[i]) - want); !(d <= 6*0x1p-11) {
				t.Fatalf("%d queries, %d keys: element %d is %v, want %v", nq, nk, i, got[i], want)
			}
		}
	}
}
