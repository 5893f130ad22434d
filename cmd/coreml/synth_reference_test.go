package main

import (
	"math"
	"strconv"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// reference is the model that synth packs, written out in float64: the
// definition that a package is compared with. It keeps no cache.
type reference struct {
	modelgen.Shape
	values map[string]*mil.Value
	t      *testing.T
}

// readReference takes the weights from a package, by the names that they have
// there, and nothing else.
func readReference(t *testing.T, path string, shape modelgen.Shape) *reference {
	t.Helper()
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pkg.Close() })
	p, err := mil.Read(t.Context(), pkg)
	if err != nil {
		t.Fatal(err)
	}
	r := &reference{Shape: shape, values: map[string]*mil.Value{}, t: t}
	for _, op := range p.Function("main").Body.Ops {
		for _, v := range op.Outputs {
			r.values[v.Name] = v
		}
	}
	return r
}

// numbers returns a constant's elements.
func (r *reference) numbers(v *mil.Value) []float64 {
	n, _ := dtype.Count(v.Const.Shape)
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(mil.FloatAt(v.Const.Data, v.Const.DType, i))
	}
	return x
}

// matrix decodes a weight of any format into its rows.
func (r *reference) matrix(name string) [][]float64 {
	r.t.Helper()
	var flat []float64
	var shape []int
	if v := r.values[name]; v != nil && v.Const != nil {
		flat, shape = r.numbers(v), v.Const.Shape
	} else if v := r.values[name+"_quantized"]; v != nil {
		data, scale := v.Producer.Input("data"), v.Producer.Input("scale")
		flat, shape = r.numbers(data), data.Const.Shape
		s, perRow := r.numbers(scale), scale.Const.Shape[1]
		for i := range flat {
			row, col := i/shape[1], i%shape[1]
			flat[i] *= s[row*perRow+col/(shape[1]/perRow)]
		}
	} else if v := r.values[name+"_palettized"]; v != nil {
		indices, lut := v.Producer.Input("indices"), v.Producer.Input("lut")
		flat, shape = r.numbers(indices), indices.Const.Shape
		table, groups, size := r.numbers(lut), lut.Const.Shape[0], lut.Const.Shape[2]
		for i := range flat {
			group := i / shape[1] / (shape[0] / groups)
			flat[i] = table[group*size+int(flat[i])]
		}
	} else {
		r.t.Fatalf("the package has no weight %s", name)
	}
	rows := make([][]float64, shape[0])
	for i := range rows {
		rows[i] = flat[i*shape[1] : (i+1)*shape[1]]
	}
	return rows
}

func times(w [][]float64, x []float64) []float64 {
	y := make([]float64, len(w))
	for i, row := range w {
		for j, v := range row {
			y[i] += v * x[j]
		}
	}
	return y
}

func (r *reference) norm(name string, x []float64) []float64 {
	gain := r.numbers(r.values[name+"_gain"])
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	f := 1 / math.Sqrt(sum/float64(len(x))+r.NormEpsilon)
	y := make([]float64, len(x))
	for i := range x {
		y[i] = x[i] * f * gain[i]
	}
	return y
}

// rotate turns the pairs (i, i+d/2) of a head by the angle of its position.
func (r *reference) rotate(head []float64, pos int) {
	d := r.HeadDim
	for i := range d / 2 {
		angle := float64(pos) * math.Pow(r.RopeBase, -2*float64(i)/float64(d))
		c, s := math.Cos(angle), math.Sin(angle)
		a, b := head[i], head[i+d/2]
		head[i], head[i+d/2] = a*c-b*s, b*c+a*s
	}
}

// logits returns the logits behind every token.
func (r *reference) logits(ids []int) [][]float64 {
	emb := r.matrix("emb_weight")
	head := emb
	if !r.Tied {
		head = r.matrix("head_weight")
	}
	x := make([][]float64, len(ids))
	for t, id := range ids {
		x[t] = append([]float64(nil), emb[id]...)
	}
	for l := range r.Layers {
		r.layer("layers_"+strconv.Itoa(l)+"_", x)
	}
	for t := range x {
		x[t] = times(head, r.norm("norm", x[t]))
	}
	return x
}

func (r *reference) layer(p string, x [][]float64) {
	d, group := r.HeadDim, r.Heads/r.KVHeads
	wq, wk, wv, wo := r.matrix(p+"q_weight"), r.matrix(p+"k_weight"), r.matrix(p+"v_weight"), r.matrix(p+"o_weight")
	wg, wu, wd := r.matrix(p+"g_weight"), r.matrix(p+"u_weight"), r.matrix(p+"d_weight")
	var keys, values [][]float64
	for t := range x {
		h := r.norm(p+"norm1", x[t])
		q, k := times(wq, h), times(wk, h)
		for i := range r.Heads {
			r.rotate(q[i*d:(i+1)*d], t)
		}
		for i := range r.KVHeads {
			r.rotate(k[i*d:(i+1)*d], t)
		}
		keys, values = append(keys, k), append(values, times(wv, h))
		mixed := make([]float64, r.Heads*d)
		for i := range r.Heads {
			attend(mixed[i*d:(i+1)*d], q[i*d:(i+1)*d], keys, values, i/group*d)
		}
		for j, v := range times(wo, mixed) {
			x[t][j] += v
		}
		h = r.norm(p+"norm2", x[t])
		gate, up := times(wg, h), times(wu, h)
		for j := range gate {
			gate[j] *= up[j] / (1 + math.Exp(-gate[j]))
		}
		for j, v := range times(wd, gate) {
			x[t][j] += v
		}
	}
}

// attend adds to dst the values, weighted by the softmax of the scores. Of each
// key and value it reads the head that begins at from.
func attend(dst, q []float64, keys, values [][]float64, from int) {
	weights := make([]float64, len(keys))
	sum := 0.0
	for t, k := range keys {
		score := 0.0
		for j := range q {
			score += q[j] * k[from+j]
		}
		weights[t] = math.Exp(score / math.Sqrt(float64(len(q))))
		sum += weights[t]
	}
	for t, v := range values {
		for j := range dst {
			dst[j] += weights[t] / sum * v[from+j]
		}
	}
}
