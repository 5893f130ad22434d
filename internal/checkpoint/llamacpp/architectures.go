package llamacpp

import (
	"maps"
	"strconv"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
)

// architecture is one of llama.cpp's, and what it is called in transformers.
type architecture struct {
	// top names the tensors outside of layers, layer those of a layer: llama.cpp's names
	// without kind, transformers' names behind prefix and number. A star stands for the
	// number of an expert or of a head.
	top    map[string]string
	prefix string
	layer  map[string]string

	rotates    bool // rows of q and k were put in another order
	threeways  bool // so were those of q, k and v in one matrix
	transposes bool // matrices were transposed
	addsOne    bool // one was added to norms

	config func(w *words, h *hyperparameters, tensors map[string]*gguf.Tensor) map[string]any
}

// name returns the name of a tensor without its kind. Layer is negative outside of layers.
func (a *architecture) name(layer int, stem string) (string, bool) {
	if layer < 0 {
		name, ok := a.top[stem]
		return name, ok
	}
	name, ok := a.layer[stem]
	return a.prefix + strconv.Itoa(layer) + "." + name, ok
}

// with returns a copy of names with others beside them or in their place; an empty name
// takes one away.
func with(names map[string]string, more ...string) map[string]string {
	names = maps.Clone(names)
	for i := 0; i < len(more); i += 2 {
		if more[i+1] == "" {
			delete(names, more[i])
			continue
		}
		names[more[i]] = more[i+1]
	}
	return names
}

// The names of llama, from which most others differ little.
var (
	llamaTop   = map[string]string{"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
	llamaLayer = map[string]string{
		"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
		"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
		"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
	}
	headNorms  = with(llamaLayer, "attn_q_norm", "self_attn.q_norm", "attn_k_norm", "self_attn.k_norm")
	gemmaLayer = with(headNorms, "post_attention_norm", "post_attention_layernorm",
		"ffn_norm", "pre_feedforward_layernorm", "post_ffw_norm", "post_feedforward_layernorm")
	qwenExperts = []string{
		"ffn_gate", "", "ffn_up", "", "ffn_down", "", "ffn_gate_inp", "mlp.gate",
		"ffn_gate_exps", "mlp.experts.*.gate_proj", "ffn_up_exps", "mlp.experts.*.up_proj", "ffn_down_exps", "mlp.experts.*.down_proj",
	}
)

// llamaLike is an architecture with the names of llama outside of its layers.
func llamaLike(layer map[string]string, config func(*words, *hyperparameters, map[string]*gguf.Tensor) map[string]any) *architecture {
	return &architecture{top: llamaTop, prefix: "model.layers.", layer: layer, config: config}
}

// rotating marks an architecture whose rows of q and k are in another order.
func rotating(a *architecture) *architecture { a.rotates = true; return a }

// addingOne marks an architecture whose norms have one added.
func addingOne(a *architecture) *architecture { a.addsOne = true; return a }

// architectures are the known ones by general.architecture. Mistral is a llama there, and so
// is mixtral, which its experts tell apart.
var architectures = map[string]*architecture{
	"llama":   rotating(llamaLike(llamaLayer, llamaConfig)),
	"smollm3": rotating(llamaLike(llamaLayer, smollm3Config)),
	"granite": rotating(llamaLike(llamaLayer, graniteConfig)),
	"qwen2":   llamaLike(llamaLayer, qwen2Config),
	"qwen3":   llamaLike(headNorms, qwen3Config),
	"qwen2moe": llamaLike(with(with(llamaLayer, qwenExperts...), "ffn_gate_inp_shexp", "mlp.shared_expert_gate",
		"ffn_gate_shexp", "mlp.shared_expert.gate_proj", "ffn_up_shexp", "mlp.shared_expert.up_proj", "ffn_down_shexp", "mlp.shared_expert.down_proj"), qwen2MoEConfig),
	"qwen3moe": llamaLike(with(headNorms, qwenExperts...), qwen3MoEConfig),
	"gemma2":   addingOne(llamaLike(gemmaLayer, gemma2Config)),
	"gemma3":   addingOne(llamaLike(gemmaLayer, gemma3Config)),
	"olmo2": llamaLike(with(headNorms, "attn_norm", "", "ffn_norm", "",
		"post_attention_norm", "post_attention_layernorm", "post_ffw_norm", "post_feedforward_layernorm"), olmo2Config),
	"phi3": llamaLike(with(llamaLayer, "attn_q", "", "attn_k", "", "attn_v", "", "ffn_gate", "",
		"attn_qkv", "self_attn.qkv_proj", "ffn_up", "mlp.gate_up_proj"), phi3Config),
	"stablelm":   llamaLike(with(llamaLayer, "attn_q_norm", "self_attn.q_layernorm.norms.*", "attn_k_norm", "self_attn.k_layernorm.norms.*"), stablelmConfig),
	"starcoder2": llamaLike(with(llamaLayer, "ffn_gate", "", "ffn_up", "mlp.c_fc", "ffn_down", "mlp.c_proj"), starcoder2Config),
	"gpt2": {
		top:    map[string]string{"token_embd": "transformer.wte", "position_embd": "transformer.wpe", "output_norm": "transformer.ln_f", "output": "lm_head"},
		prefix: "transformer.h.",
		layer: map[string]string{
			"attn_norm": "ln_1", "ffn_norm": "ln_2", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj",
		},
		transposes: true,
		config:     gpt2Config,
	},
	"gptneox": {
		top:    map[string]string{"token_embd": "gpt_neox.embed_in", "output_norm": "gpt_neox.final_layer_norm", "output": "embed_out"},
		prefix: "gpt_neox.layers.",
		layer: map[string]string{
			"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_qkv": "attention.query_key_value", "attn_output": "attention.dense",
			"ffn_up": "mlp.dense_h_to_4h", "ffn_down": "mlp.dense_4h_to_h",
		},
		threeways: true,
		config:    gptNeoXConfig,
	},
}

// mixtral is llama with experts.
var mixtral = rotating(llamaLike(with(llamaLayer, "ffn_gate", "", "ffn_up", "", "ffn_down", "", "ffn_gate_inp", "block_sparse_moe.gate",
	"ffn_gate_exps", "block_sparse_moe.experts.*.w1", "ffn_up_exps", "block_sparse_moe.experts.*.w3", "ffn_down_exps", "block_sparse_moe.experts.*.w2"), mixtralConfig))
