package modelgen

import (
	"slices"
)

// Shape is the size of a model, in the words of config.json of Hugging Face's
// transformers: num_hidden_layers and hidden_size, num_attention_heads and
// num_key_value_heads, head_dim, intermediate_size, vocab_size and
// max_position_embeddings, rope_theta and rms_norm_eps. FFN is
// intermediate_size, Context max_position_embeddings.
type Shape struct {
	Layers, Hidden int
	Heads, KVHeads int
	// It is mostly Hidden/Heads, but need not be.
	HeadDim               int
	FFN                   int
	Vocab, Context        int
	RopeBase, NormEpsilon float64
	// Tied says that the head reads the embedding's weights.
	Tied bool
}

// Preset is a shape with a name.
type Preset struct {
	Name string
	Shape
}

// presets are shapes of published models, as their config.json gives them but
// for the context, which is what a cache is usually converted for. The numbers
// are in the order of Shape's fields.
var presets = []Preset{
	{"tiny", Shape{2, 128, 4, 2, 32, 256, 512, 256, 1e4, 1e-5, false}},
	{"smollm2-135m", Shape{30, 576, 9, 3, 64, 1536, 49152, 2048, 1e5, 1e-5, true}},
	{"smollm2-360m", Shape{32, 960, 15, 5, 64, 2560, 49152, 2048, 1e5, 1e-5, true}},
	{"tinyllama-1.1b", Shape{22, 2048, 32, 4, 64, 5632, 32000, 2048, 1e4, 1e-5, false}},
	{"llama-3.2-1b", Shape{16, 2048, 32, 8, 64, 8192, 128256, 2048, 5e5, 1e-5, true}},
	{"mistral-7b", Shape{32, 4096, 32, 8, 128, 14336, 32000, 2048, 1e6, 1e-5, false}},
}

// Presets returns the known shapes, smallest first.
func Presets() []Preset { return slices.Clone(presets) }

// PresetNamed returns the shape of that name.
func PresetNamed(name string) (Shape, bool) {
	for _, p := range presets {
		if p.Name == name {
			return p.Shape, true
		}
	}
	return Shape{}, false
}

// Config says what to make.
type Config struct {
	Shape
	Rotary RotaryForm
	// Description goes into the package's metadata.
	Description string
}

// Model returns the Llama of that shape.
func (c *Config) Model() *Model {
	norm := Norm{Epsilon: c.NormEpsilon}
	rotary := &Rotary{Form: c.Rotary, Frequencies: Powers(c.RopeBase, max(c.HeadDim, 0))}
	m := &Model{Hidden: c.Hidden, Vocab: c.Vocab, Context: c.Context, FinalNorm: norm, Tied: c.Tied}
	layer := Layer{
		Attention:       Attention{Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Rotary: rotary},
		MLP:             MLP{Width: c.FFN, Gated: true},
		BeforeAttention: &norm, BeforeMLP: &norm,
	}
	m.Layers = slices.Repeat([]Layer{layer}, c.Layers)
	return m
}

// Parameters returns the number of weights in matrices. Norms have a thousandth
// of that and are left out. It counts what a model's name counts, such as 7B.
func (c *Config) Parameters() int { return c.Model().Parameters() }
