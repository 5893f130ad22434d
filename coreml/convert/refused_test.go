package convert_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/coreml/convert"
)

// A field that would change the arithmetic is refused by name, with the model type.
func TestFieldsThatAreNotKnownHereAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, field string
		value       any
		names       string // field or tensor
	}{
		{"gpt2", "add_cross_attention", true, "add_cross_attention"},
		{"gpt2", "rope_theta", 5000, "rope_theta"},
		{"gpt2", "is_causal", false, "is_causal"},
		{"gpt2", "hidden_act", "relu", "hidden_act"}, // activation_function is what counts
		{"mixtral", "scale_attn_weights", false, "scale_attn_weights"},
		{"mixtral", "is_encoder_decoder", true, "is_encoder_decoder"},
		{"mixtral", "partial_rotary_factor", 0.5, "partial_rotary_factor"},
		{"mixtral", "sliding_window", 0, "sliding_window"},
		{"gpt2", "activation_function", "tanh", "activation_function"},
		{"gpt2", "n_head", 5, "n_head"},
		{"gpt2", "num_key_value_heads", 1, "num_key_value_heads"},
		{"gpt-neox", "rotary_pct", 0.9, "partial_rotary_factor"}, // 7 of 8 elements
		{"gpt-neox", "rope_theta", 5000, "rope_theta"},
		{"mixtral", "num_experts_per_tok", 7, "num_experts_per_tok"},
		{"mixtral", "num_local_experts", 1 << 20, "num_local_experts"},
		{"mixtral", "num_local_experts", 5, "model.layers.0.block_sparse_moe.gate.weight"}, // the router has rows for six
		{"mixtral", "shared_expert_intermediate_size", 8, "shared_expert_intermediate_size"},
		{"qwen3-moe", "decoder_sparse_step", 0, "decoder_sparse_step"},
		{"bert", "position_embedding_type", "relative_key", "position_embedding_type"},
		{"bert", "is_decoder", true, "is_decoder"},
		{"modernbert", "is_decoder", true, "is_decoder"},
		{"bert", "is_encoder_decoder", true, "is_encoder_decoder"},
		{"mixtral", "is_encoder_decoder", true, "is_encoder_decoder"},
		{"mixtral", "scale_attn_weights", false, "scale_attn_weights"},
		{"mixtral", "scale_attn_weights", "true", "scale_attn_weights"},
		{"gpt-neox", "_remove_final_layer_norm", true, "_remove_final_layer_norm"},
		{"gpt2", "fused_mlp", true, "fused_mlp"},
		{"bert", "fused_dropout_add_ln", true, "fused_dropout_add_ln"},
		{"xlm-roberta", "pad_token_id", 31, "max_position_embeddings"}, // no positions are left
		{"modernbert", "layer_types", []string{"full_attention"}, "layer_types"},
	} {
		t.Run(c.name+" "+c.field, func(t *testing.T) {
			dir := changed(t, c.name, map[string]any{c.field: c.value})
			pkg := filepath.Join(t.TempDir(), "m.mlpackage")
			_, err := convert.Convert(t.Context(), dir, pkg, nil)
			if err == nil {
				t.Fatal("it was converted")
			}
			e, ok := errors.AsType[*convert.Error](err)
			if !ok || e.ModelType == "" || e.Field != c.names && e.Tensor != c.names {
				t.Errorf("the error is %v, and %s was expected in it", err, c.names)
			}
			if _, err := os.Stat(pkg); err == nil {
				t.Error("there is a package")
			}
		})
	}
}

// The same fields are no reason to refuse a model where they say what they always do.
func TestFieldsAtTheValueThatChangesNothingAreTaken(t *testing.T) {
	for name, more := range map[string]map[string]any{
		"mixtral":  {"scale_attn_weights": true, "is_encoder_decoder": false, "_remove_final_layer_norm": false, "fused_mlp": false, "is_decoder": true},
		"gpt-neox": {"scale_attn_weights": nil, "fused_dropout_add_ln": nil},
		"bert":     {"is_decoder": false, "is_encoder_decoder": false, "fused_mlp": false},
	} {
		dir := changed(t, name, more)
		if _, err := convert.Convert(t.Context(), dir, filepath.Join(t.TempDir(), "m.mlpackage"), &convert.Options{DryRun: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// changed is a checkpoint of testdata/architectures with other fields in its config.json.
func changed(t *testing.T, name string, more map[string]any) string {
	t.Helper()
	from, dir := filepath.Join("testdata/architectures", name), t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "config.json" {
			var fields map[string]any
			if err := json.Unmarshal(data, &fields); err != nil {
				t.Fatal(err)
			}
			maps.Copy(fields, more)
			if data, err = json.Marshal(fields); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
