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
		{"gpt-neox", "rotary_pct", 0.9, "rotary_pct"}, // 7 of 8 elements
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
		{"openelm", "normalization_layer_name", "layer_norm", "normalization_layer_name"},
		{"openelm", "activation_fn_name", "tanh", "activation_fn_name"},
		{"openelm", "num_query_heads", []int{2, 4}, "num_query_heads"}, // of three layers
		{"openelm", "num_query_heads", 4, "num_query_heads"},           // the lists are what counts
		{"openelm", "num_query_heads", []float64{2, 4, 4.5}, "num_query_heads"},
		{"openelm", "num_kv_heads", []int{1, 0, 2}, "num_kv_heads"},
		{"openelm", "num_kv_heads", []int{1, 2, 1}, "transformer.layers.2.attn.qkv_proj.weight"}, // rows for two
		{"openelm", "num_gqa_groups", 0, "num_gqa_groups"},
		{"openelm", "ffn_multipliers", []float64{1, 2, 3, 4}, "ffn_multipliers"},
		{"openelm", "ffn_multipliers", []float64{1, -2}, "ffn_multipliers"},
		{"openelm", "ffn_multipliers", 1e300, "ffn_multipliers"},
		{"openelm", "ffn_multipliers", "4", "ffn_multipliers"},
		{"openelm", "ffn_dim_divisor", 0, "ffn_dim_divisor"},
		{"openelm", "ffn_with_glu", false, "transformer.layers.0.ffn.proj_1.weight"},              // it has rows for two
		{"openelm", "normalize_qk_projections", false, "transformer.layers.0.attn.k_norm.weight"}, // it is left over
		{"openelm", "share_input_output_layers", false, "lm_head.weight"},
		{"openelm", "rope_freq_constant", 0.5, "rope_freq_constant"},
		{"openelm", "rope_scaling", map[string]any{"type": "linear", "factor": 2}, "rope_scaling"},
		{"openelm", "rope_theta", 500, "rope_theta"},              // rope_freq_constant is what counts
		{"openelm", "intermediate_size", 24, "intermediate_size"}, // nor is there one for all layers
		{"openelm", "num_attention_heads", 4, "num_attention_heads"},
		{"openelm", "num_key_value_heads", 2, "num_key_value_heads"},
		{"openelm", "rms_norm_eps", 1e-3, "rms_norm_eps"},           // it is always 1e-6
		{"gemma", "hidden_activation", "silu", "hidden_activation"}, // hidden_act says otherwise
		{"gemma", "attn_logit_softcapping", 50, "attn_logit_softcapping"},
		{"cohere", "logit_scale", 0, "logit_scale"},
		{"cohere", "use_parallel_block", false, "use_parallel_block"},
		{"cohere", "rotary_pct", 0.5, "rotary_pct"},
		{"cohere", "use_qk_norm", false, "model.layers.0.self_attn.k_norm.weight"}, // it is left over
		{"cohere", "num_key_value_heads", 4, "model.layers.0.self_attn.k_proj.weight"},
		{"cohere2", "sliding_window_pattern", 0, "sliding_window_pattern"},
		{"cohere2", "order_of_interleaved_layers", "global_attn_first", "order_of_interleaved_layers"},
		{"olmo", "clip_qkv", 8, "clip_qkv"},
		{"olmoe", "clip_qkv", 8, "clip_qkv"},
		{"olmoe", "num_local_experts", 3, "num_local_experts"}, // num_experts says otherwise
		{"olmo3", "rope_theta", 1e4, "rope_theta"},
		{"olmo3", "rope_scaling", map[string]any{"type": "linear", "factor": 4}, "rope_scaling"},
		{"glm4", "partial_rotary_factor", 0.4, "partial_rotary_factor"},
		{"helium", "num_attention_heads", 2, "head_dim"},
		{"ernie4-5", "use_bias", false, "model.layers.0.mlp.down_proj.bias"},
		{"granitemoe", "num_local_experts", 5, "model.layers.0.block_sparse_moe.router.layer.weight"},
		{"granitemoe", "logits_scaling", 0, "logits_scaling"},
		{"openlm", "norm_type", "batch_norm", "norm_type"},
		{"openlm", "model_norm", "rms_norm", "norm_type"}, // and norm_type says otherwise
		{"openlm", "qk_norm", false, "apply_qk_norm"},
		{"openlm", "apply_qk_norm", false, "model.layers.0.attention.k_norm.weight"},
		{"openlm", "positional_embedding_type", "head_rotary", "positional_embedding_type"},
		{"openlm", "ffn_type", "gelu", "ffn_type"},
		{"openlm", "attn_name", "custom_attn", "attn_name"},
		{"openlm", "post_embed_norm", true, "post_embed_norm"},
		{"openlm", "moe_freq", 2, "moe_freq"},
		{"openlm", "weight_tying", true, "model.output.weight"}, // it is another than the embedding
		{"openlm", "n_layers", nil, "n_layers"},
		{"openlm", "rope_theta", 500, "rope_theta"},
		{"openlm", "head_dim", 4, "head_dim"},
		{"openlm", "hidden_act", "gelu", "hidden_act"},
		{"openlm", "params_args_dict", map[string]any{"dim": 32}, "dim"}, // and the field says 16
		{"openlm-options", "params_args_dict", map[string]any{"model": "open_lm_7b"}, "dim"},
		{"modernbert", "layer_types", []string{"full_attention"}, "layer_types"},
		{"arcee", "num_key_value_heads", 3, "num_key_value_heads"},
		{"stablelm", "num_attention_heads", 3, "num_attention_heads"}, // the width is no multiple of it
		{"arcee", "rms_norm_eps", -1e-5, "rms_norm_eps"},
		{"arcee", "rms_norm_eps", 1e31, "rms_norm_eps"},
		{"arcee", "max_position_embeddings", 0, "max_position_embeddings"},
		{"arcee", "rope_theta", 500, "rope_parameters.rope_theta"}, // which says otherwise
		{"arcee", "rope_parameters", map[string]any{"type": "linear", "rope_type": "dynamic", "factor": 2}, "rope_parameters.rope_type"},
		{"arcee", "rope_parameters", map[string]any{"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 0}, "rope_parameters.original_max_position_embeddings"},
		{"seed-oss", "head_dim", 7, "head_dim"}, // odd
		{"glm4", "partial_rotary_factor", 1.5, "partial_rotary_factor"},
		{"gpt-neox", "rotary_pct", 0, "rotary_pct"},
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
		"exaone4":  {"sliding_window_pattern": "LLLG"}, // layer_types is what counts
		"openelm":  {"tie_word_embeddings": true, "rope_max_length": 64},
		"openlm":   {"qk_norm": true, "model": "open_lm_7b", "moe_num_experts": 8, "moe_freq": 0, "params_args_dict": map[string]any{"dim": 16, "lr": 0.1}},
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
