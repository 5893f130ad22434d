package graft

import (
	"strconv"
	"strings"
)

// role is a matrix's place in a model: the number of its layer, and what it does there.
// The number is -1 outside of the layers.
type role struct {
	layer int
	does  string
}

// aliases are the ends of names by what the matrix does. Exporters of the same model
// differ in them: q_proj is q, wq or query elsewhere.
var aliases = map[string][]string{
	"q":    {"q_proj", "q", "wq", "query", "q_lin"},
	"k":    {"k_proj", "k", "wk", "key", "k_lin"},
	"v":    {"v_proj", "v", "wv", "value", "v_lin"},
	"o":    {"o_proj", "o", "wo", "out_proj", "attn_c_proj", "attention_dense", "self_attn_dense"},
	"qkv":  {"qkv_proj", "qkv", "wqkv", "c_attn"},
	"gate": {"gate_proj", "gate", "g", "w1"},
	"up":   {"up_proj", "up", "u", "w3", "c_fc", "dense_h_to_4h", "fc1"},
	"down": {"down_proj", "down", "d", "w2", "mlp_c_proj", "dense_4h_to_h", "fc2"},
	"gate_up": {
		"gate_up_proj", "gate_up", "gateup",
	},
	"head":      {"lm_head", "head", "output", "embed_out", "output_layer"},
	"embedding": {"embed_tokens", "emb", "embedding", "wte", "embed_in", "tok_embeddings", "word_embeddings"},
}

// byAlias is aliases the other way round.
var byAlias = func() map[string]string {
	m := map[string]string{}
	for does, names := range aliases {
		for _, n := range names {
			m[n] = does
		}
	}
	return m
}()

// roleOf reads the role of a matrix from its name. Names with more than one number, as
// those of experts have, tell none.
func roleOf(name string) (role, bool) {
	words := strings.Split(name, "_")
	r, at := role{layer: -1}, -1
	for i, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 {
			continue
		}
		if at >= 0 {
			return role{}, false
		}
		r.layer, at = n, i
	}
	rest := words[at+1:]
	for i := range rest {
		if does, ok := byAlias[strings.Join(rest[i:], "_")]; ok && (r.layer < 0) == (does == "head" || does == "embedding") {
			r.does = does
			return r, true
		}
	}
	return role{}, false
}
