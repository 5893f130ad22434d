package generate_test

import (
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// describeBytes makes a description of bytes: features of any kind, type and shape.
func describeBytes(data []byte) *coreml.Description {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	names := []string{
		"input_ids", "tokens", "position_ids", "current_pos", "causal_mask", "update_mask", "attention_mask", "cache_length", "k_cache_0", "k_cache_0_out", "conv_in", "conv_out",
		"logits", "logits1", "logits2", "token_id", "cos", "sin", "hidden_states", "ring_pos", "x", "y", "z", "",
	}
	sizes := []int{1, 1, 2, 8, 16, 64, 128, 0, -1, 1 << 30, 991}
	list := func() features {
		var out features
		seen := map[string]bool{} // the reader of packages refuses a name that comes twice
		for range next() % 7 {
			f := coreml.FeatureDescription{
				Name: names[next()%len(names)], Kind: coreml.KindMultiArray, DType: []tensor.DType{tensor.Int32, tensor.Float16, tensor.Float32, tensor.Int8, tensor.Invalid}[next()%5],
			}
			how, n := next(), next()%6
			for range n {
				size := sizes[next()%len(sizes)]
				f.Shape = append(f.Shape, size)
				f.Ranges = append(f.Ranges, coreml.Range{Lower: min(max(size, 0), 1), Upper: size})
			}
			switch how % 5 {
			case 0:
				f.Ranges = nil
			case 1:
				f.Enumerated, f.Ranges = [][]int{f.Shape, append([]int(nil), f.Shape...)}, nil
				for i := range f.Shape {
					f.Enumerated[1][i] = sizes[next()%len(sizes)]
				}
			case 2:
				f.Shape = nil // the ranges alone say it
			case 3:
				f.Kind, f.Optional = coreml.KindImage, how > 100
			default:
				f.Ranges, f.Optional = nil, how > 100
			}
			if !seen[f.Name] {
				out = append(out, f)
			}
			seen[f.Name] = true
		}
		return out
	}
	return &coreml.Description{Function: "main", Functions: []string{"main"}, DefaultFunction: "main", Inputs: list(), Outputs: list(), States: list()}
}

// FuzzDetect finds drivers for any description, and shares out a prompt for what it
// found.
func FuzzDetect(f *testing.F) {
	f.Add([]byte{4, 0, 0, 0, 2, 0, 0, 2, 0, 0, 1, 0, 4, 1, 0, 4, 0, 0, 0, 6, 5, 1, 0, 4, 0, 0, 6, 0, 1, 12, 1, 0, 3, 0, 0, 10, 1, 8, 1, 0, 4, 3, 2, 6, 4})
	f.Add([]byte{2, 0, 0, 4, 2, 0, 6, 4, 1, 4, 4, 0, 0, 6, 6, 1, 12, 1, 0, 3, 0, 0, 10, 1, 8, 1, 0, 4, 3, 2, 6, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		desc := describeBytes(data)
		d, err := generate.Detect(desc, nil)
		if err != nil {
			return
		}
		if again, err := generate.Detect(desc, d); err != nil {
			t.Errorf("the driver that was found is refused: %v: %v", again, err)
		}
		for _, past := range []int{0, 1, d.ContextLength - 1} {
			if n, err := generate.ChunkOf(desc, past, 3, 128); err == nil && (n < 1 || n > 3) {
				t.Errorf("%d of 3 tokens after %d", n, past)
			}
		}
	})
}
