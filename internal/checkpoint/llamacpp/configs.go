package llamacpp

import "github.com/gocoreml/coreml/internal/checkpoint/gguf"

// The configurations, one for each architecture: what transformers' configuration says
// and llama.cpp knows by itself stands here as a number.

type tensorMap = map[string]*gguf.Tensor

func llamaConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "llama", "LlamaForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_act"] = "silu"
	c["attention_bias"], c["mlp_bias"] = has(t, "attn_q.bias"), has(t, "ffn_gate.bias")
	if w.size("expert_used_count", 0) != 0 {
		w.fail("there are no experts, but some are used")
	}
	return c
}

func mixtralConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "mixtral", "MixtralForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_act"], c["sliding_window"] = "silu", nil
	c["num_local_experts"], c["num_experts_per_tok"] = h.experts, w.size("expert_used_count", -1)
	return c
}

func smollm3Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "smollm3", "SmolLM3ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_act"], c["attention_bias"], c["mlp_bias"] = "silu", has(t, "attn_q.bias"), has(t, "ffn_gate.bias")
	c["no_rope_layer_interval"], c["use_sliding_window"] = 4, false
	rotated := make([]int, h.layers)
	for i := range rotated {
		if (i+1)%4 != 0 {
			rotated[i] = 1
		}
	}
	c["no_rope_layers"] = rotated
	return c
}

func graniteConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "granite", "GraniteForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	if h.head*h.heads == h.hidden {
		delete(c, "head_dim") // transformers' configuration has no such word
	}
	c["hidden_act"], c["attention_bias"], c["mlp_bias"] = "silu", has(t, "attn_q.bias"), has(t, "ffn_gate.bias")
	w.scales(c, map[string]string{
		"attention.scale": "attention_multiplier", "embedding_scale": "embedding_multiplier",
		"residual_scale": "residual_multiplier", "logit_scale": "logits_scaling",
	})
	return c
}

func qwen2Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "qwen2", "Qwen2ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_act"], c["use_sliding_window"] = "silu", false
	return c
}

func qwen3Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "qwen3", "Qwen3ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_act"], c["use_sliding_window"], c["attention_bias"] = "silu", false, has(t, "attn_q.bias")
	return c
}

// experts puts what the two Qwens with experts share into a configuration.
func (w *words) experts(c map[string]any, h *hyperparameters, t tensorMap) {
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_act"], c["use_sliding_window"] = "silu", false
	c["decoder_sparse_step"], c["mlp_only_layers"] = 1, []int{}
	c["num_experts"], c["num_experts_per_tok"] = h.experts, w.size("expert_used_count", -1)
	inner := 0
	if x := t["blk.0.ffn_gate_exps.weight"]; x != nil && len(x.Shape) == 3 {
		inner = x.Shape[1]
	}
	c["moe_intermediate_size"] = w.size("expert_feed_forward_length", inner)
}

func qwen2MoEConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "qwen2_moe", "Qwen2MoeForCausalLM")
	w.experts(c, h, t)
	shared := 0
	if x := t["blk.0.ffn_gate_shexp.weight"]; x != nil {
		shared = x.Height()
	}
	c["shared_expert_intermediate_size"] = w.size("expert_shared_feed_forward_length", shared)
	c["norm_topk_prob"] = false
	return c
}

func qwen3MoEConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "qwen3_moe", "Qwen3MoeForCausalLM")
	w.experts(c, h, t)
	c["norm_topk_prob"], c["attention_bias"] = true, has(t, "attn_q.bias")
	return c
}

// queryScale is what the scores of gemma are divided by the root of: the width of a head,
// but for the largest model of each generation, which its layers tell.
func queryScale(h *hyperparameters, layersOfLargest int) int {
	if h.layers == layersOfLargest {
		return h.hidden / h.heads
	}
	return h.head
}

func gemma2Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "gemma2", "Gemma2ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	c["hidden_activation"], c["hidden_act"], c["attention_bias"] = "gelu_pytorch_tanh", "gelu_pytorch_tanh", false
	c["query_pre_attn_scalar"] = queryScale(h, 46)
	c["attn_logit_softcapping"], c["final_logit_softcapping"] = nil, nil
	w.scales(c, map[string]string{"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping"})
	c["sliding_window"] = w.size("attention.sliding_window", 4096)
	return c
}

func gemma3Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "gemma3_text", "Gemma3ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	if _, ok := w.number("rope.freq_base"); !ok {
		c["rope_theta"] = 1e6
	}
	c["rope_local_base_freq"] = 10000.0
	w.copyNumber(c, "rope_local_base_freq", "rope.freq_base_swa")
	c["hidden_activation"], c["attention_bias"] = "gelu_pytorch_tanh", false
	c["query_pre_attn_scalar"] = queryScale(h, 62)
	c["attn_logit_softcapping"], c["final_logit_softcapping"] = nil, nil
	w.copyNumber(c, "final_logit_softcapping", "final_logit_softcapping")
	w.window(c)
	c["sliding_window_pattern"] = 6
	c["layer_types"] = w.layerTypes(h, c["sliding_window"] != nil, 6)
	return c
}

// layerTypes says which layers have a window: all but every n-th, unless the metadata has a
// word for each layer, or another n.
func (w *words) layerTypes(h *hyperparameters, window bool, every int) []string {
	types := make([]string, h.layers)
	v, ok := w.look("attention.sliding_window_pattern")
	each, list := v.Ints()
	switch n, single := v.Int(); {
	case ok && list && len(each) != h.layers, ok && !list && (!single || n < 1 || n > maxLayers):
		w.fail("%s.attention.sliding_window_pattern does not fit its %d layers", w.arch, h.layers)
		return nil
	case ok && !list:
		every = int(n)
	}
	for i := range types {
		types[i] = "full_attention"
		if window && (list && each[i] != 0 || !list && (i+1)%every != 0) {
			types[i] = "sliding_attention"
		}
	}
	return types
}

func olmo2Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "olmo2", "Olmo2ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	w.wholeHeads(h)
	delete(c, "head_dim")
	c["hidden_act"], c["attention_bias"] = "silu", has(t, "attn_q.bias")
	if w.size("attention.sliding_window", 0) > 0 {
		w.fail("it has a sliding window: it is an Olmo 3, which is not read")
	}
	return c
}

func phi3Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "phi3", "Phi3ForCausalLM")
	w.rmsNorm(c)
	w.rope(c, h, t)
	delete(c, "head_dim")
	c["partial_rotary_factor"] = fraction(h.rotary, h.head)
	if n := w.size("rope.scaling.original_context_length", 0); n > 0 {
		c["original_max_position_embeddings"] = n
	}
	c["hidden_act"], c["pad_token_id"] = "silu", nil
	w.window(c)
	return c
}

func stablelmConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "stablelm", "StableLmForCausalLM")
	w.layerNorm(c, "layer_norm_eps")
	w.rope(c, h, t)
	delete(c, "head_dim")
	c["partial_rotary_factor"] = fraction(h.rotary, h.head)
	c["hidden_act"], c["use_qkv_bias"], c["qk_layernorm"] = "silu", has(t, "attn_q.bias"), has(t, "attn_q_norm.weight")
	// The key is not to be trusted: the converter writes true where nothing was said. Models
	// with parallel branches have one norm for both.
	w.flag("use_parallel_residual", true)
	c["use_parallel_residual"] = !has(t, "ffn_norm.weight")
	return c
}

func starcoder2Config(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "starcoder2", "Starcoder2ForCausalLM")
	w.layerNorm(c, "norm_epsilon")
	w.rope(c, h, t)
	w.wholeHeads(h)
	delete(c, "head_dim")
	c["hidden_act"], c["use_bias"] = "gelu_pytorch_tanh", has(t, "attn_q.bias")
	w.window(c)
	return c
}

func gpt2Config(w *words, h *hyperparameters, _ tensorMap) map[string]any {
	c := map[string]any{
		"model_type": "gpt2", "architectures": []string{"GPT2LMHeadModel"}, "vocab_size": h.vocabulary,
		"n_embd": h.hidden, "n_layer": h.layers, "n_head": h.heads, "n_positions": h.context, "n_ctx": h.context,
		"activation_function": "gelu_new", "tie_word_embeddings": h.tied, "scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false,
	}
	if h.inner > 0 {
		c["n_inner"] = h.inner
	}
	w.layerNorm(c, "layer_norm_epsilon")
	return c
}

func gptNeoXConfig(w *words, h *hyperparameters, t tensorMap) map[string]any {
	c := w.common(h, "gpt_neox", "GPTNeoXForCausalLM")
	delete(c, "head_dim")
	delete(c, "num_key_value_heads")
	w.layerNorm(c, "layer_norm_eps")
	w.rope(c, h, t)
	c["rotary_pct"], c["rotary_emb_base"] = fraction(h.rotary, h.head), c["rope_theta"]
	delete(c, "rope_theta")
	c["hidden_act"], c["use_parallel_residual"] = "gelu", w.flag("use_parallel_residual", true)
	c["attention_bias"] = has(t, "attn_qkv.bias")
	return c
}
