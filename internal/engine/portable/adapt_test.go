package portable_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/adapter/graft"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// adapted is a program with a matrix in it, in all the ways in which programs have one,
// and an adapter for it. It is run with the adapter, and once more with the adapter's
// product in the matrix.
type adapted struct {
	name string
	// module is the adapted one of the checkpoint, of ins inputs, 0 for the usual number.
	module string
	ins    int
	// tensors is the package's metadata, "" for none.
	tensors string
	// rank is that of the adapter; 0 replaces the whole matrix.
	rank      int
	embedding bool
	// build makes the program over the weights w, [outs, ins].
	build func(b *mil.Builder, w []float32)
}

const adaptIn, adaptOut, adaptRows = 6, 8, 3

// adaptInput is x [1, rows, ins].
func adaptInput(b *mil.Builder) *mil.Value { return b.Input("x", dtype.Float32, 1, adaptRows, adaptIn) }

func adaptResult(n int) mil.Type { return mil.TensorType(dtype.Float32, 1, adaptRows, n) }

func adaptTurned(w []float32, rows, cols int) []float32 {
	out := make([]float32, len(w))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = w[i*cols+j]
		}
	}
	return out
}

// linearOf multiplies by rows of w.
func linearOf(b *mil.Builder, name string, x *mil.Value, w []float32, from, to int) *mil.Value {
	m := b.Float32s(name, []int{to - from, adaptIn}, w[from*adaptIn:to*adaptIn]...)
	return b.Op("linear", name+"_y", adaptResult(to-from), mil.Args{"x": x, "weight": m})
}

// joinedOf joins results along the last dimension.
func joinedOf(b *mil.Builder, parts ...*mil.Value) *mil.Value {
	n := 0
	for _, p := range parts {
		n += p.Type.Shape[2]
	}
	return b.Op("concat", "joined", adaptResult(n), mil.Args{"values": mil.Values(parts), "axis": b.Int("", 2), "interleave": b.Bool("", false)})
}

var adaptedPrograms = []adapted{
	{name: "a linear by its name", module: "model.layers.0.self_attn.q_proj", rank: 2, build: func(b *mil.Builder, w []float32) {
		b.Output("y", linearOf(b, "model_model_layers_0_self_attn_q_proj_weight_to_fp16", adaptInput(b), w, 0, adaptOut))
	}},
	{name: "a name with less before it", module: "model.layers.3.mlp.up_proj", rank: 1, build: func(b *mil.Builder, w []float32) {
		b.Output("y", linearOf(b, "layers_3_mlp_up_proj_weight", adaptInput(b), w, 0, adaptOut))
	}},
	{name: "its role in the layer", module: "model.layers.3.mlp.down_proj", rank: 2, build: func(b *mil.Builder, w []float32) {
		b.Output("y", linearOf(b, "layers_3_d_weight_to_fp16_quantized", adaptInput(b), w, 0, adaptOut))
	}},
	{name: "what the metadata says", module: "model.layers.3.mlp.down_proj", rank: 2, tensors: `{"strange": "model.layers.3.mlp.down_proj.weight"}`, build: func(b *mil.Builder, w []float32) {
		b.Output("y", linearOf(b, "strange", adaptInput(b), w, 0, adaptOut))
	}},
	{name: "rows that the metadata tells", module: "h.0.attn.c_attn", rank: 2, tensors: `{"one": "h.0.attn.c_attn.weight[3:8]", "two": "h.0.attn.c_attn.weight[0:3]"}`, build: func(b *mil.Builder, w []float32) {
		x := adaptInput(b)
		one := linearOf(b, "one", x, w, 3, 8)
		b.Output("y", joinedOf(b, linearOf(b, "two", x, w, 0, 3), one))
	}},
	{
		name: "rows of heads in turn", module: "layers.0.attention.query_key_value", rank: 2,
		tensors: `{"one": "layers.0.attention.query_key_value.weight[0:2:4]", "two": "layers.0.attention.query_key_value.weight[2:4:4]"}`, build: func(b *mil.Builder, w []float32) {
			x := adaptInput(b)
			var odd, even []float32
			for r := range adaptOut {
				row := w[r*adaptIn : (r+1)*adaptIn]
				if r%4 < 2 {
					odd = append(odd, row...)
				} else {
					even = append(even, row...)
				}
			}
			b.Output("y", joinedOf(b, linearOf(b, "one", x, odd, 0, 4), linearOf(b, "two", x, even, 0, 4)))
		},
	},
	{name: "parts of what is fused in the checkpoint", module: "model.layers.0.self_attn.qkv_proj", rank: 2, build: func(b *mil.Builder, w []float32) {
		x := adaptInput(b)
		v := linearOf(b, "layers_0_v_weight", x, w, 6, 8)
		b.Output("y", joinedOf(b, linearOf(b, "layers_0_q_weight", x, w, 0, 4), linearOf(b, "layers_0_k_weight", x, w, 4, 6), v))
	}},
	{name: "a matmul by columns", module: "model.layers.0.mlp.up_proj", rank: 2, build: func(b *mil.Builder, w []float32) {
		m := b.Float32s("model_layers_0_mlp_up_proj_weight", []int{adaptIn, adaptOut}, adaptTurned(w, adaptOut, adaptIn)...)
		b.Output("y", b.Op("matmul", "m", adaptResult(adaptOut), mil.Args{"x": adaptInput(b), "y": m, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", false)}))
	}},
	{name: "a matmul by rows", module: "model.layers.0.mlp.up_proj", rank: 2, build: func(b *mil.Builder, w []float32) {
		m := b.Float32s("model_layers_0_mlp_up_proj_weight", []int{adaptOut, adaptIn}, w...)
		b.Output("y", b.Op("matmul", "m", adaptResult(adaptOut), mil.Args{"x": adaptInput(b), "y": m, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", true)}))
	}},
	{name: "a convolution of one place", module: "model.layers.0.mlp.up_proj", rank: 2, build: convolution},
	{name: "a convolution that is replaced", module: "model.layers.0.mlp.up_proj", build: convolution},
	{name: "a linear that is replaced", module: "lm_head", build: func(b *mil.Builder, w []float32) {
		b.Output("y", linearOf(b, "lm_head_weight", adaptInput(b), w, 0, adaptOut))
	}},
	{name: "a matmul that is replaced", module: "lm_head", build: func(b *mil.Builder, w []float32) {
		m := b.Float32s("lm_head_weight", []int{adaptIn, adaptOut}, adaptTurned(w, adaptOut, adaptIn)...)
		b.Output("y", b.Op("matmul", "m", adaptResult(adaptOut), mil.Args{"x": adaptInput(b), "y": m, "transpose_x": b.Bool("", false), "transpose_y": b.Bool("", false)}))
	}},
	{name: "an embedding", module: "model.embed_tokens", rank: 2, ins: 5, embedding: true, build: func(b *mil.Builder, w []float32) {
		ids := b.Op("cast", "ids", mil.TensorType(dtype.Int32, 1, 3), mil.Args{"x": b.Input("x", dtype.Float32, 1, 3), "dtype": b.Text("", "int32")})
		m := b.Float32s("model_embed_tokens_weight", []int{5, adaptOut}, adaptTurned(w, adaptOut, 5)...)
		b.Output("y", b.Op("gather", "g", adaptResult(adaptOut), mil.Args{"x": m, "indices": ids, "axis": b.Int("", 0), "batch_dims": b.Int("", 0), "validate_indices": b.Bool("", false)}))
	}},
}

// convolution is the layout that the Neural Engine prefers: channels second.
func convolution(b *mil.Builder, w []float32) {
	x := b.Input("x", dtype.Float32, 1, adaptIn, 1, adaptRows)
	m := b.Float32s("model_layers_0_mlp_up_proj_weight", []int{adaptOut, adaptIn, 1, 1}, w...)
	b.Output("y", b.Op("conv", "c", mil.TensorType(dtype.Float32, 1, adaptOut, 1, adaptRows), mil.Args{
		"x": x, "weight": m, "strides": b.Ints("", 1, 1), "pad": b.Ints("", 0, 0, 0, 0), "pad_type": b.Text("", "valid"), "dilations": b.Ints("", 1, 1), "groups": b.Int("", 1),
		"bias": b.Float32s("bias", []int{adaptOut}, 1, 2, 3, 4, 5, 6, 7, 8),
	}))
}

// adaptNumbers are random numbers, the same each time.
func adaptNumbers(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// adaptSaved makes an adapter of PEFT of tensors.
func adaptSaved(t *testing.T, rank string, list map[string]*tensor.Tensor) *adapter.Adapter {
	t.Helper()
	var tensors []safetensors.Named
	for name, x := range list {
		tensors = append(tensors, safetensors.Named{Name: "base_model.model." + name, Tensor: x})
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	a, err := adapter.OpenFS(t.Context(), fstest.MapFS{
		"adapter_config.json":       {Data: []byte(`{"peft_type": "LORA", "r": ` + rank + `, "lora_alpha": 3, "modules_to_save": ["lm_head", "up_proj"]}`)},
		"adapter_model.safetensors": {Data: b.Bytes()},
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// predictOnce runs the one output of a program.
func predictOnce(t *testing.T, build func(b *mil.Builder), tensors string, cfg engine.Config, x []float32) []float32 {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	build(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	d, err := mil.Describe(p, "")
	if err != nil {
		t.Fatal(err)
	}
	if tensors != "" {
		d.Metadata.UserDefined = append(d.Metadata.UserDefined, milpb.StringPair{Key: graft.TensorsKey, Value: tensors})
	}
	path := filepath.Join(t.TempDir(), "m.mlpackage")
	if err := mil.Write(path, p, d); err != nil {
		t.Fatal(err)
	}
	m, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: path}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // only read
	in := tensor.FromSlice(x, m.Description().Inputs[0].Shape...)
	out := make([]*tensor.Tensor, 1)
	if err := m.Predict(t.Context(), []*tensor.Tensor{in}, out, nil); err != nil {
		t.Fatal(err)
	}
	y, err := tensor.Values[float32](out[0])
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// The truth is the same program over a matrix that holds the product already.
func TestAnAdapterIsItsProductInTheMatrix(t *testing.T) {
	for _, c := range adaptedPrograms {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			ins := adaptIn
			if c.ins > 0 {
				ins = c.ins
			}
			w, x := adaptNumbers(r, adaptOut*ins), adaptNumbers(r, adaptRows*adaptIn)
			if c.embedding {
				x = []float32{4, 0, 3}
			}
			merged := append([]float32{}, w...)
			list, rank := map[string]*tensor.Tensor{}, "8"
			if c.rank == 0 {
				merged = adaptNumbers(r, len(w))
				list[c.module+".weight"] = tensor.FromSlice(merged, adaptOut, ins)
			} else {
				a, b := adaptNumbers(r, c.rank*ins), adaptNumbers(r, adaptOut*c.rank)
				rank = string(rune('0' + c.rank))
				scale := 3 / float32(c.rank) * 0.5
				for o := range adaptOut {
					for i := range ins {
						for k := range c.rank {
							merged[o*ins+i] += scale * b[o*c.rank+k] * a[k*ins+i]
						}
					}
				}
				low, high := ".lora_A.weight", ".lora_B.weight"
				if c.embedding {
					low, high = ".lora_embedding_A", ".lora_embedding_B"
				}
				list[c.module+low], list[c.module+high] = tensor.FromSlice(a, c.rank, ins), tensor.FromSlice(b, adaptOut, c.rank)
			}
			with := engine.Config{Adapters: []engine.Adapter{{Weights: adaptSaved(t, rank, list), Scale: 0.5}}}
			want := predictOnce(t, func(b *mil.Builder) { c.build(b, merged) }, c.tensors, engine.Config{}, x)
			for _, plain := range []bool{false, true} {
				with.NoFusion = plain
				got := predictOnce(t, func(b *mil.Builder) { c.build(b, w) }, c.tensors, with, x)
				for i := range want {
					// Sums of a dozen float32 numbers of about one.
					if math.Abs(float64(got[i]-want[i])) > 1e-5 {
						t.Fatalf("number %d is %v, want %v (fusion %v)", i, got[i], want[i], !plain)
					}
				}
			}
		})
	}
}

// q, k and v of a checkpoint lie in one product of the program, one behind the other.
func TestModulesWithinAFusedProductAreItsRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	w, x := adaptNumbers(r, adaptOut*adaptIn), adaptNumbers(r, adaptRows*adaptIn)
	build := func(w []float32) func(b *mil.Builder) {
		return func(b *mil.Builder) {
			b.Output("y", linearOf(b, "layers_0_qkv_proj_weight", adaptInput(b), w, 0, adaptOut))
		}
	}
	merged, list := append([]float32{}, w...), map[string]*tensor.Tensor{}
	for _, m := range []struct {
		name     string
		from, to int
	}{{"q_proj", 0, 4}, {"v_proj", 6, 8}} {
		a, b := adaptNumbers(r, adaptIn), adaptNumbers(r, m.to-m.from)
		for o := m.from; o < m.to; o++ {
			for i := range adaptIn {
				merged[o*adaptIn+i] += 3 * b[o-m.from] * a[i]
			}
		}
		list["model.layers.0.self_attn."+m.name+".lora_A.weight"] = tensor.FromSlice(a, 1, adaptIn)
		list["model.layers.0.self_attn."+m.name+".lora_B.weight"] = tensor.FromSlice(b, m.to-m.from, 1)
	}
	want := predictOnce(t, build(merged), "", engine.Config{}, x)
	got := predictOnce(t, build(w), "", engine.Config{Adapters: []engine.Adapter{{Weights: adaptSaved(t, "1", list), Scale: 1}}}, x)
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Fatalf("number %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// What could be two things is none.
func TestAmbiguousModulesAreRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := adaptNumbers(r, adaptOut*adaptIn)
	b := mil.NewBuilder("main", "CoreML8")
	x := adaptInput(b)
	b.Output("y", joinedOf(b, linearOf(b, "a_layers_0_q_proj_weight", x, w, 0, 8), linearOf(b, "b_layers_0_q_proj_weight", x, w, 0, 8)))
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	a := adaptSaved(t, "1", map[string]*tensor.Tensor{
		"layers.0.q_proj.lora_A.weight": tensor.New(tensor.Float32, 1, adaptIn), "layers.0.q_proj.lora_B.weight": tensor.New(tensor.Float32, adaptOut, 1),
	})
	err = graft.Apply(t.Context(), fn, &graft.Config{Uses: []graft.Use{{Adapter: a, Scale: 1}}})
	if m, ok := errors.AsType[*graft.MismatchError](err); !ok || !strings.Contains(m.Error(), "both") {
		t.Errorf("the error is %v", err)
	}
}
