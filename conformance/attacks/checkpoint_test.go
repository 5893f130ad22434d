//go:build linux

package attacks_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml/convert"
)

// llamaConfig is a configuration that is sound but for what an attack changes in it.
var llamaConfig = map[string]any{
	"model_type": "llama", "hidden_size": 8, "intermediate_size": 8, "vocab_size": 8, "num_hidden_layers": 1,
	"num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 32, "tie_word_embeddings": true,
}

// checkpoints are hostile models to convert.
func checkpoints() []*attack {
	list := lyingConfigurations()
	list = append(list, lyingWeights()...)
	return append(list, lyingFolders()...)
}

// refused is an attack on convert that must end in a typed error.
func refused(name string, prepare func(t *testing.T, dir string)) *attack {
	return &attack{name: "checkpoint/" + name, prepare: prepare, inside: func(ctx context.Context, dir string) error {
		_, err := convert.Convert(ctx, filepath.Join(dir, "model"), filepath.Join(dir, "out.mlpackage"), nil)
		return wantError(err, convert.ErrFormat, convert.ErrUnsupported)
	}}
}

// lyingConfigurations are numbers and texts where others belong.
func lyingConfigurations() []*attack {
	var list []*attack
	for field, values := range map[string][]string{
		"num_hidden_layers":       {"1e9", "1e308", "1e999", "-1", "0", "1.5", `"2"`, "[1]", "{}", "1000000000000000000000"},
		"vocab_size":              {"1e12", "1073741824", "-5", "0"},
		"hidden_size":             {"0", "-8", "1e9", "1073741824", "7", "NaN", `"8"`},
		"intermediate_size":       {"0", "1073741824"},
		"num_attention_heads":     {"0", "1e9", "3", "-2", "1073741824"},
		"num_key_value_heads":     {"0", "3", "1e9"},
		"head_dim":                {"0", "1073741824", "-4", "3"},
		"max_position_embeddings": {"0", "-1", "1e15", "Infinity"},
		"rms_norm_eps":            {"-1", "1e300", `"1e-5"`, "0"},
		"rope_theta":              {"0", "-1", "1e308", "1e999", `"many"`},
		"rope_scaling":            {`{"type":"llama3"}`, `{"type":"linear","factor":0}`, `{"type":"yarn","factor":1e300}`, `{"rope_type":"longrope","short_factor":[0,0],"long_factor":[1e308]}`, `{"type":"\u001b[2J"}`, "3"},
		"hidden_act":              {`"\u001b]0;title\u0007"`, "7", `""`},
		"model_type":              {`"\u001b[31mllama"`, "null", "5", `"` + strings.Repeat("x", 1<<20) + `"`},
		"\x1b[2Jfield":            {"1", strings.Repeat("[", 1000) + strings.Repeat("]", 1000)},
		"quantization_config":     {"3", `{"quant_method":"\u001b[2J"}`, "{}"},
	} {
		for i, value := range values {
			list = append(list, refused(fmt.Sprintf("config %q %d", field, i), func(t *testing.T, dir string) {
				fields := maps.Clone(llamaConfig)
				fields[field] = json.RawMessage("@")
				writeModel(t, dir, configText(fields, value), tinyTensors())
			}))
		}
	}
	deep := func(n int) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			writeModel(t, dir, `{"model_type":"llama","x":`+strings.Repeat("[", n), tinyTensors())
		}
	}
	return append(list, refused("config nested", deep(10<<20)), refused("config of a gigabyte", func(t *testing.T, dir string) {
		deep(1)(t, dir)
		grow(t, filepath.Join(dir, "model", "config.json"), 3<<30)
	}))
}

// configText writes fields, of which the one that is "@" has a text for a value.
func configText(fields map[string]any, value string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		key, _ := json.Marshal(name)
		v := value
		if raw, ok := fields[name].(json.RawMessage); !ok || string(raw) != "@" {
			text, _ := json.Marshal(fields[name])
			v = string(text)
		}
		parts = append(parts, string(key)+":"+v)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// tinyTensors are the weights of llamaConfig.
func tinyTensors() map[string][]int {
	p := "model.layers.0."
	return map[string][]int{
		"model.embed_tokens.weight": {8, 8}, "model.norm.weight": {8}, p + "input_layernorm.weight": {8}, p + "post_attention_layernorm.weight": {8},
		p + "self_attn.q_proj.weight": {8, 8}, p + "self_attn.k_proj.weight": {4, 8}, p + "self_attn.v_proj.weight": {4, 8}, p + "self_attn.o_proj.weight": {8, 8},
		p + "mlp.gate_proj.weight": {8, 8}, p + "mlp.up_proj.weight": {8, 8}, p + "mlp.down_proj.weight": {8, 8},
	}
}

// lyingWeights are safetensors files that say what is not so.
func lyingWeights() []*attack {
	lie := func(name string, change func(head map[string]any)) *attack {
		return refused("weights "+name, func(t *testing.T, dir string) {
			head, data := tensorHead(tinyTensors())
			change(head)
			writeModel(t, dir, configText(llamaConfig, ""), nil)
			text, err := json.Marshal(head)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "model", "model.safetensors"), append(withLength(text), data...))
		})
	}
	norm := func(dtype string, shape, at any) func(head map[string]any) {
		return func(head map[string]any) {
			head["model.norm.weight"] = map[string]any{"dtype": dtype, "shape": shape, "data_offsets": at}
		}
	}
	raw := func(name string, data []byte) *attack {
		return refused("weights "+name, func(t *testing.T, dir string) {
			writeModel(t, dir, configText(llamaConfig, ""), nil)
			write(t, filepath.Join(dir, "model", "model.safetensors"), data)
		})
	}
	return []*attack{
		lie("beyond the end", norm("F16", []int{1 << 40}, []int{0, 2 << 40})),
		lie("product that wraps", norm("F16", []int{1 << 32, 1 << 32}, []int{0, 0})),
		lie("negative size", norm("F16", []int{-8}, []int{0, 16})),
		lie("empty", norm("F16", []int{0}, []int{0, 0})),
		lie("turned offsets", norm("F16", []int{8}, []int{16, 0})),
		lie("type with control characters", norm("\x1b[2J", []int{8}, []int{0, 16})),
		lie("integers", norm("I8", []int{16}, []int{0, 16})),
		lie("many dimensions", norm("F16", slices.Repeat([]int{1}, 100000), []int{0, 2})),
		lie("tensor left over", func(head map[string]any) {
			head["\x1b]0;title\x07"] = map[string]any{"dtype": "F16", "shape": []int{0}, "data_offsets": []int{0, 0}}
		}),
		raw("header of 2^63", binary.LittleEndian.AppendUint64(nil, 1<<63)),
		raw("header of a gigabyte", binary.LittleEndian.AppendUint64(nil, 1<<30)),
		raw("header nested", withLength([]byte(strings.Repeat(`{"a":`, 1<<20)))),
		raw("tensor twice", withLength([]byte(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}  `))),
		refused("weights of ten million tensors", manyTensors),
	}
}

// manyTensors writes a header with very many names.
func manyTensors(t *testing.T, dir string) {
	writeModel(t, dir, configText(llamaConfig, ""), nil)
	f, err := os.Create(filepath.Join(dir, "model", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const n = 10_000_000
	line := func(i int) string { return fmt.Sprintf(`"%07d":{"dtype":"F16","shape":[],"data_offsets":[0,2]},`, i) }
	size := n*len(line(0)) + 1
	w := bufio.NewWriter(f)
	if err := binary.Write(w, binary.LittleEndian, uint64(size)+1); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "{")
	last := line(n - 1)
	for i := range n - 1 {
		fmt.Fprint(w, line(i))
	}
	fmt.Fprint(w, last[:len(last)-1]+"}  ")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// lyingFolders are folders with other things in them than a checkpoint.
func lyingFolders() []*attack {
	index := func(name, text string) *attack {
		return refused("index "+name, func(t *testing.T, dir string) {
			writeModel(t, dir, configText(llamaConfig, ""), tinyTensors())
			write(t, filepath.Join(dir, "secret.safetensors"), []byte("secret"))
			write(t, filepath.Join(dir, "model", "model.safetensors.index.json"), []byte(text))
		})
	}
	list := []*attack{
		index("that leads out", `{"weight_map":{"a":"../secret.safetensors"}}`),
		index("that leads to the root", `{"weight_map":{"a":"/etc/passwd.safetensors"}}`),
		index("by Windows' way", `{"weight_map":{"a":"..\\secret.safetensors"}}`),
		index("of a device", `{"weight_map":{"a":"/dev/zero"}}`),
		index("with control characters", `{"weight_map":{"\u001b[2J":"\u001b[2J.safetensors"}}`),
		index("of numbers", `{"weight_map":{"a":5}}`),
		index("without a map", `{"weight_map":null}`),
		index("nested", strings.Repeat(`{"weight_map":`, 1<<20)),
		index("that promises more", `{"weight_map":{"a":"model.safetensors"}}`),
		index("of many files", manyShards()),
		refused("weights that are a folder", func(t *testing.T, dir string) {
			writeModel(t, dir, configText(llamaConfig, ""), nil)
			if err := os.Mkdir(filepath.Join(dir, "model", "model.safetensors"), 0o777); err != nil {
				t.Fatal(err)
			}
		}),
	}
	for _, name := range []string{"config.json", "model.safetensors", "model.safetensors.index.json", "tokenizer.json", "generation_config.json", "."} {
		list = append(list, &attack{
			name: "checkpoint/pipe " + name, command: []string{"convert", "model", "out.mlpackage"}, status: 1, says: "named pipe",
			prepare: func(t *testing.T, dir string) {
				if name == "." {
					pipe(t, filepath.Join(dir, "model"))
					return
				}
				writeModel(t, dir, configText(llamaConfig, ""), tinyTensors())
				pipe(t, filepath.Join(dir, "model", name))
			},
		})
		if name == "." {
			continue
		}
		list = append(list, &attack{
			name: "checkpoint/endless " + name, command: []string{"convert", "model", "out.mlpackage"}, status: 1,
			prepare: func(t *testing.T, dir string) {
				writeModel(t, dir, configText(llamaConfig, ""), tinyTensors())
				_ = os.Remove(filepath.Join(dir, "model", name)) // where it is there
				link(t, "/dev/zero", filepath.Join(dir, "model", name))
			},
		})
	}
	return list
}

// manyShards is an index of more files than a checkpoint has.
func manyShards() string {
	var b strings.Builder
	b.WriteString(`{"weight_map":{`)
	for i := range 1 << 18 {
		fmt.Fprintf(&b, `"t%d":"%d.safetensors",`, i, i)
	}
	return strings.TrimSuffix(b.String(), ",") + "}}"
}

// writeModel writes a checkpoint into the folder model of dir; nil: without weights.
func writeModel(t *testing.T, dir, config string, shapes map[string][]int) {
	t.Helper()
	model := filepath.Join(dir, "model")
	if err := os.MkdirAll(model, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(model, "config.json"), []byte(config))
	if shapes == nil {
		return
	}
	head, data := tensorHead(shapes)
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(model, "model.safetensors"), append(withLength(text), data...))
}

// tensorHead is a header of safetensors in fp16, and the bytes behind it.
func tensorHead(shapes map[string][]int) (map[string]any, []byte) {
	head, at := map[string]any{}, 0
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		n := 2
		for _, d := range shapes[name] {
			n *= d
		}
		head[name] = map[string]any{"dtype": "F16", "shape": shapes[name], "data_offsets": []int{at, at + n}}
		at += n
	}
	return head, bytes.Repeat([]byte{0, 0x3c}, at/2)
}

// withLength puts the length of a header before it.
func withLength(text []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
}

// grow makes a file longer, without blocks on the disk.
func grow(t *testing.T, name string, size int64) {
	t.Helper()
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
}
