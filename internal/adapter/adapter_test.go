package adapter_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// peftConfig is the plainest configuration.
const peftConfig = `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": ["q_proj"]}`

// shapes are tensors by name.
type shapes map[string][]int

// file makes a safetensors file whose numbers count up.
func file(t testing.TB, list shapes) []byte {
	t.Helper()
	var names []string
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	var tensors []safetensors.Named
	for _, name := range names {
		x := tensor.New(tensor.Float32, list[name]...)
		v, err := tensor.Data[float32](x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range v {
			v[i] = float32(i)
		}
		tensors = append(tensors, safetensors.Named{Name: name, Tensor: x})
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open opens an adapter of that configuration and those tensors.
func open(t testing.TB, config, weights string, list shapes) (*adapter.Adapter, error) {
	t.Helper()
	return adapter.OpenFS(t.Context(), fstest.MapFS{
		"adapter_config.json": {Data: []byte(config)},
		weights:               {Data: file(t, list)},
	}, "test")
}

// pair is the two factors of a module.
func pair(module string, rank, in, out int) shapes {
	return shapes{
		"base_model.model." + module + ".lora_A.weight": {rank, in},
		"base_model.model." + module + ".lora_B.weight": {out, rank},
	}
}

func TestScalesAreThoseOfPEFT(t *testing.T) {
	const q = "model.layers.1.self_attn.q_proj"
	for _, c := range []struct {
		name, config string
		rank         int
		want         float64
	}{
		{"alpha over rank", peftConfig, 2, 3},
		{"rank-stabilised", `{"peft_type": "LORA", "r": 4, "lora_alpha": 6, "use_rslora": true}`, 4, 3},
		{"defaults", `{"peft_type": "LORA"}`, 8, 1},
		{"a rank of its own", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "rank_pattern": {"q_proj": 3}}`, 3, 2},
		{"an alpha of its own", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "alpha_pattern": {"layers.1.self_attn.q_proj": 8}}`, 2, 4},
		{"the first pattern counts", `{"peft_type": "LORA", "r": 2, "alpha_pattern": {"layers\\.\\d+\\..*": 10, "q_proj": 8}}`, 2, 5},
		{"a pattern of another module", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "alpha_pattern": {"proj": 8, "xq_proj": 10}}`, 2, 3},
		{"targets by expression", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": ".*\\.(q|v)_proj"}`, 2, 3},
		{"all linears", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": "all-linear"}`, 2, 3},
		{"an expression of Python's alone", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": "(?!x).*q_proj"}`, 2, 3},
		{"stored the other way round", `{"peft_type": "LORA", "r": 2, "lora_alpha": 6, "fan_in_fan_out": true}`, 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := open(t, c.config, "adapter_model.safetensors", pair(q, c.rank, 5, 7))
			if err != nil {
				t.Fatal(err)
			}
			m := a.Modules[0]
			if m.Name != q || m.Rank != c.rank || m.In != 5 || m.Out != 7 || math.Abs(m.Scale-c.want) > 1e-12 {
				t.Errorf("the module is %+v, want scale %v", m, c.want)
			}
		})
	}
}

func TestAdaptersOfMLXAreTurned(t *testing.T) {
	for _, c := range []struct {
		name, config string
		want         float64
	}{
		{"scale", `{"num_layers": 4, "fine_tune_type": "lora", "lora_parameters": {"rank": 2, "scale": 20.0, "alpha": 16}}`, 20},
		{"of the first versions", `{"lora_layers": 4, "lora_parameters": {"rank": 2, "scale": 10.0, "alpha": 16}}`, 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := open(t, c.config, "adapters.safetensors", shapes{"model.layers.0.mlp.up_proj.lora_a": {3, 2}, "model.layers.0.mlp.up_proj.lora_b": {2, 4}})
			if err != nil {
				t.Fatal(err)
			}
			m := &a.Modules[0]
			if m.Name != "model.layers.0.mlp.up_proj" || m.Rank != 2 || m.In != 3 || m.Out != 4 || m.Scale != c.want {
				t.Errorf("the module is %+v", m)
			}
			fa, fb, err := a.Factors(m)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(fa, []float32{0, 2, 4, 1, 3, 5}) || !slices.Equal(fb, []float32{0, 4, 1, 5, 2, 6, 3, 7}) {
				t.Errorf("A is %v and B %v", fa, fb)
			}
		})
	}
}

func TestWholeModulesReplaceTheModels(t *testing.T) {
	list := pair("model.layers.0.self_attn.q_proj", 2, 3, 3)
	list["base_model.model.lm_head.weight"], list["base_model.model.lm_head.bias"] = []int{5, 3}, []int{5}
	a, err := open(t, `{"peft_type": "LORA", "r": 2, "modules_to_save": ["lm_head"]}`, "adapter_model.safetensors", list)
	if err != nil {
		t.Fatal(err)
	}
	m := &a.Modules[0]
	w, b, err := a.Replacement(m)
	if err != nil || m.Name != "lm_head" || len(w) != 15 || len(b) != 5 {
		t.Errorf("%+v has %d and %d numbers, error %v", m, len(w), len(b), err)
	}
}

func TestTrainedBiasesAreTold(t *testing.T) {
	list := pair("model.layers.0.self_attn.q_proj", 2, 3, 4)
	list["base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias"] = []int{4}
	list["base_model.model.model.layers.0.self_attn.k_proj.bias"] = []int{2}
	a, err := open(t, `{"peft_type": "LORA", "r": 2, "bias": "all", "target_modules": ["q_proj"]}`, "adapter_model.safetensors", list)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		name       string
		rank, bias int
	}{{"model.layers.0.self_attn.k_proj", 0, 2}, {"model.layers.0.self_attn.q_proj", 2, 4}} {
		m := &a.Modules[i]
		w, b, err := a.Replacement(m)
		if err != nil || m.Name != want.name || m.Rank != want.rank || w != nil || len(b) != want.bias {
			t.Errorf("%+v has a weight of %d and a bias of %d numbers, error %v", m, len(w), len(b), err)
		}
	}
}

// What GPT-2's Conv1D has is [inputs, outputs]: its bias tells.
func TestSavedConv1DIsTurned(t *testing.T) {
	a, err := open(t, `{"peft_type": "LORA", "r": 2, "modules_to_save": ["c_fc"]}`, "adapter_model.safetensors", shapes{"h.0.mlp.c_fc.weight": {2, 3}, "h.0.mlp.c_fc.bias": {3}})
	if err != nil {
		t.Fatal(err)
	}
	m := &a.Modules[0]
	w, _, err := a.Replacement(m)
	if err != nil || !slices.Equal(m.Weight, []int{3, 2}) || !slices.Equal(w, []float32{0, 3, 1, 4, 2, 5}) {
		t.Errorf("%+v has the weight %v, error %v", m, w, err)
	}
}

func TestEmbeddingsAreTold(t *testing.T) {
	a, err := open(t, `{"peft_type": "LORA", "r": 2}`, "adapter_model.safetensors", shapes{
		"base_model.model.model.embed_tokens.lora_embedding_A": {2, 9}, "base_model.model.model.embed_tokens.lora_embedding_B": {4, 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := a.Modules[0]; !m.Embedding || m.In != 9 || m.Out != 4 {
		t.Errorf("the module is %+v", m)
	}
}

// What would be applied wrongly is refused by its name.
func TestWhatIsNotAppliedIsRefused(t *testing.T) {
	const q = "model.layers.0.self_attn.q_proj"
	with := func(key, value string) string {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(peftConfig), &fields); err != nil {
			t.Fatal(err)
		}
		fields[key] = json.RawMessage(value)
		out, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	more := func(name string, shape ...int) shapes {
		list := pair(q, 2, 3, 3)
		list["base_model.model."+name] = shape
		return list
	}
	for _, c := range []struct {
		name, config string
		list         shapes
		words        string
	}{
		{"another method", `{"peft_type": "IA3"}`, nil, "IA3"},
		{"DoRA", with("use_dora", "true"), nil, "use_dora"},
		{"magnitudes", peftConfig, more(q+".lora_magnitude_vector", 3), "lora_magnitude_vector"},
		{"biases of a future", with("bias", `"most"`), nil, "most"},
		{"a bias that nothing names", peftConfig, more(q+".base_layer.bias", 3), "of its own"},
		{"a bias of another length", with("bias", `"all"`), more(q+".base_layer.bias", 4), "bias of shape [4]"},
		{"a saved bias of another length", with("modules_to_save", `["lm_head"]`), shapes{"lm_head.weight": {4, 3}, "lm_head.bias": {5}}, "bias of shape [5]"},
		{"a square Conv1D", with("modules_to_save", `["c_proj"]`), shapes{"h.0.attn.c_proj.weight": {3, 3}, "h.0.attn.c_proj.bias": {3}}, "turned"},
		{"biases of factors", with("lora_bias", "true"), nil, "lora_bias"},
		{"quantisation-aware", with("use_qalora", "true"), nil, "use_qalora"},
		{"PiSSA", with("init_lora_weights", `"pissa_niter_4"`), nil, "pissa_niter_4"},
		{"replicated layers", with("layer_replication", "[[0, 2]]"), nil, "layer_replication"},
		{"trained tokens", with("trainable_token_indices", "[1]"), nil, "trainable_token_indices"},
		{"tokens that switch it on", with("alora_invocation_tokens", "[1]"), nil, "alora_invocation_tokens"},
		{"a field of the future", with("use_zlora", "true"), nil, "use_zlora"},
		{"another rank", peftConfig, pair(q, 3, 3, 3), "rank 3"},
		{"no target", peftConfig, pair("model.layers.0.self_attn.k_proj", 2, 3, 3), "k_proj"},
		{"one factor", peftConfig, shapes{"base_model.model." + q + ".lora_A.weight": {2, 3}}, "one of its two"},
		{"factors of other ranks", peftConfig, shapes{"base_model.model." + q + ".lora_A.weight": {2, 3}, "base_model.model." + q + ".lora_B.weight": {3, 4}}, "do not fit"},
		{"a convolution", peftConfig, shapes{"base_model.model." + q + ".lora_A.weight": {2, 3, 1, 1}, "base_model.model." + q + ".lora_B.weight": {3, 2, 1, 1}}, "only linear"},
		{"whole weights that nothing names", peftConfig, more("lm_head.weight", 4, 3), "modules_to_save"},
		{"a norm", with("modules_to_save", `["norm"]`), more("model.norm.weight", 3), "model.norm"},
		{"both", with("modules_to_save", `["q_proj"]`), more(q+".weight", 3, 3), "both"},
		{"a resized vocabulary", with("target_modules", `["lm_head"]`), shapes{
			"base_model.model.lm_head.lora_A.weight": {2, 3}, "base_model.model.lm_head.lora_B.weight": {5, 2}, "base_model.model.lm_head.base_layer.weight": {7, 3},
		}, "resized"},
		{"no tensors", peftConfig, shapes{}, "adapts nothing"},
		{"neither form", `{"r": 2}`, nil, "peft_type"},
		{"no object", `[]`, nil, "adapter_config.json"},
		{"a bad pattern", with("alpha_pattern", `{"(": 3}`), nil, "alpha_pattern"},
		{"a pattern of texts", with("rank_pattern", `{"q": "x"}`), nil, "rank_pattern"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.list == nil {
				c.list = pair(q, 2, 3, 3)
			}
			_, err := open(t, c.config, "adapter_model.safetensors", c.list)
			if !errors.Is(err, adapter.ErrFormat) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("the error is %v, want one with %q", err, c.words)
			}
		})
	}
	for name, c := range map[string]struct{ config, words string }{
		"DoRA of mlx-lm": {`{"fine_tune_type": "dora", "lora_parameters": {"scale": 1}}`, "dora"},
		"whole models":   {`{"fine_tune_type": "full", "lora_parameters": {"scale": 1}}`, "full"},
		"no scale":       {`{"lora_parameters": {"rank": 1}}`, "scale"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, c.config, "adapters.safetensors", shapes{"a.lora_a": {1, 1}, "a.lora_b": {1, 1}})
			if !errors.Is(err, adapter.ErrFormat) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("the error is %v, want one with %q", err, c.words)
			}
		})
	}
	_, err := adapter.OpenFS(t.Context(), fstest.MapFS{"adapter_config.json": {Data: []byte(peftConfig)}, "adapter_model.bin": {Data: []byte("PK")}}, "test")
	if !errors.Is(err, adapter.ErrFormat) || !strings.Contains(err.Error(), "adapter_model.bin") {
		t.Errorf("pickled weights give %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	list := pair("model.layers.0.self_attn.q_proj", 2, 3, 3)
	weights := file(f, list)
	f.Add([]byte(peftConfig), weights)
	f.Add([]byte(`{"lora_parameters": {"scale": 1}}`), file(f, shapes{"a.lora_a": {1, 1}, "a.lora_b": {1, 1}}))
	f.Add([]byte(`{"peft_type": "LORA", "rank_pattern": {"(a+)+$": 3}, "target_modules": "((((x))))*"}`), weights)
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		a, err := adapter.OpenFS(t.Context(), fstest.MapFS{
			"adapter_config.json": {Data: config}, "adapter_model.safetensors": {Data: weights}, "adapters.safetensors": {Data: weights},
		}, "fuzz")
		if err != nil {
			return
		}
		for i := range a.Modules {
			m := &a.Modules[i]
			if m.Weight != nil || m.Bias != nil {
				_, _, err = a.Replacement(m)
			} else {
				var fa, fb []float32
				if fa, fb, err = a.Factors(m); err == nil && (len(fa) != m.Rank*m.In || len(fb) != m.Out*m.Rank) {
					t.Fatalf("%+v has %d and %d numbers", m, len(fa), len(fb))
				}
			}
			if err != nil && strings.Contains(err.Error(), "panic") {
				t.Fatal(err)
			}
		}
	})
}
