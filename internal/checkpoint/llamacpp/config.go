package llamacpp

import (
	"math"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
)

// Bounds of what a file may say of its model. They are far beyond models in use.
const (
	maxLayers = 4096
	maxHeads  = 4096
)

// hyperparameters are those that every architecture has.
type hyperparameters struct {
	layers, hidden, inner, context, vocabulary int
	heads, keyHeads, head                      int // head is the width of one
	rotary                                     int // how many of its dimensions are rotated
	experts                                    int
	tied                                       bool
}

// hyperparameters reads them. Where the metadata is silent the tensors tell.
func (w *words) hyperparameters(tensors map[string]*gguf.Tensor) *hyperparameters {
	h := &hyperparameters{
		layers:  w.size("block_count", -1),
		hidden:  w.size("embedding_length", -1),
		inner:   w.size("feed_forward_length", 0),
		context: w.size("context_length", -1),
		heads:   w.size("attention.head_count", -1),
		experts: w.size("expert_count", 0),
	}
	h.keyHeads = w.size("attention.head_count_kv", h.heads)
	if w.err == nil && (h.layers < 1 || h.layers > maxLayers || h.heads < 1 || h.heads > maxHeads || h.keyHeads < 1 || h.keyHeads > h.heads || h.experts > maxHeads) {
		w.fail("%d layers, %d heads, %d of them of keys, %d experts", h.layers, h.heads, h.keyHeads, h.experts)
	}
	embedding := tensors["token_embd.weight"]
	if embedding == nil || len(embedding.Shape) != 2 {
		w.fail("there is no tensor token_embd.weight")
	}
	if w.err != nil {
		return h
	}
	h.vocabulary = embedding.Shape[0]
	h.tied = tensors["output.weight"] == nil
	// Files of before attention.key_length leave it to the tensors.
	rows, parts := 0, h.heads
	if t := tensors["blk.0.attn_q.weight"]; t != nil {
		rows = t.Height()
	} else if t := tensors["blk.0.attn_qkv.weight"]; t != nil {
		rows, parts = t.Height(), h.heads+2*h.keyHeads
	}
	h.head = w.size("attention.key_length", rows/parts)
	if h.head*parts != rows || h.head < 1 {
		w.fail("the matrices of the attention have %d rows, which are no %d heads of %d", rows, parts, h.head)
	}
	if v := w.size("attention.value_length", h.head); v != h.head {
		w.fail("heads of keys have %d dimensions, those of values %d", h.head, v)
	}
	h.rotary = w.size("rope.dimension_count", h.head)
	if h.rotary > h.head || h.rotary%2 != 0 {
		w.fail("%d of %d dimensions of a head are rotated", h.rotary, h.head)
	}
	if !w.flag("attention.causal", true) {
		w.fail("its attention looks both ways: it is an encoder")
	}
	return h
}

// common returns what most configurations have.
func (w *words) common(h *hyperparameters, modelType, class string) map[string]any {
	c := map[string]any{
		"model_type": modelType, "architectures": []string{class}, "vocab_size": h.vocabulary,
		"hidden_size": h.hidden, "intermediate_size": h.inner, "num_hidden_layers": h.layers,
		"num_attention_heads": h.heads, "num_key_value_heads": h.keyHeads, "head_dim": h.head,
		"max_position_embeddings": h.context, "tie_word_embeddings": h.tied,
	}
	return c
}

// rmsNorm and layerNorm put the epsilon of the norms into a configuration.
func (w *words) rmsNorm(c map[string]any) {
	c["rms_norm_eps"] = w.needed("attention.layer_norm_rms_epsilon")
}

func (w *words) layerNorm(c map[string]any, name string) {
	c[name] = w.needed("attention.layer_norm_epsilon")
}

// window puts the width of a sliding window into a configuration, null where there is none.
func (w *words) window(c map[string]any) {
	c["sliding_window"] = nil
	if n := w.size("attention.sliding_window", 0); n > 0 {
		c["sliding_window"] = n
	}
}

// fraction returns n/of such that its product with of, cut off, is n again.
func fraction(n, of int) float64 {
	f := float64(n) / float64(of)
	if int(f*float64(of)) < n {
		f = math.Nextafter(f, 2)
	}
	return f
}

// wholeHeads refuses a model that rotates a part of its heads where transformers' has no
// word for it.
func (w *words) wholeHeads(h *hyperparameters) {
	if h.rotary != h.head {
		w.fail("%d of %d dimensions of a head are rotated, which is not so in this architecture", h.rotary, h.head)
	}
}

// has reports whether the first layer has a tensor.
func has(tensors map[string]*gguf.Tensor, name string) bool { return tensors["blk.0."+name] != nil }

// scales puts multipliers into a configuration.
func (w *words) scales(c map[string]any, names map[string]string) {
	for key, name := range names {
		w.copyNumber(c, name, key)
	}
}
