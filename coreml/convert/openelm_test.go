package convert

import (
	"encoding/json"
	"slices"
	"testing"
)

// The ranges of the published models spread to the sizes of their layers, which the lists
// in the same configurations say; the feed-forward widths are those of their tensors.
func TestOpenELMSpreadsRangesAsItsPublishedModelsDo(t *testing.T) {
	for name, c := range map[string]struct {
		layers, width, head int
		queries, ffn        []int
	}{
		"270M": {
			16, 1280, 64,
			[]int{12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20},
			[]int{768, 1024, 1280, 1536, 1792, 2048, 2560, 2816, 3072, 3328, 3584, 3840, 4352, 4608, 4864, 5120},
		},
		"1.1B": {
			28, 2048, 64,
			[]int{16, 16, 16, 20, 20, 20, 20, 20, 20, 20, 24, 24, 24, 24, 24, 24, 24, 24, 28, 28, 28, 28, 28, 28, 32, 32, 32, 32},
			[]int{
				1024, 1280, 1536, 1792, 2048, 2304, 2560, 2816, 3072, 3328, 3584, 3840, 4096, 4608, 4608, 5120, 5376, 5632, 5888, 6144,
				6400, 6656, 6912, 7168, 7424, 7680, 7936, 8192,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := decoded(t, map[string]any{
				"model_type": "openelm", "num_transformer_layers": c.layers, "model_dim": c.width, "head_dim": c.head,
				"qkv_multipliers": []float64{0.5, 1}, "ffn_multipliers": []float64{0.5, 4}, "num_gqa_groups": 4,
				"normalize_qk_projections": true, "share_input_output_layers": true,
			})
			var queries, keys, ffn, groups []int
			for _, l := range d.Layers {
				queries, keys, ffn = append(queries, l.Attention.Heads), append(keys, l.Attention.KVHeads), append(ffn, l.MLP.Width)
				groups = append(groups, l.Attention.Heads/4)
			}
			if !slices.Equal(queries, c.queries) || !slices.Equal(keys, groups) || !slices.Equal(ffn, c.ffn) {
				t.Errorf("query heads %v, key-value heads %v, feed-forward widths %v", queries, keys, ffn)
			}
		})
	}
}

// decoded reads a configuration that is sound.
func decoded(t *testing.T, fields map[string]any) *decoder {
	t.Helper()
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConfig(raw)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDecoder(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
