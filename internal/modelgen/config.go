package modelgen

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrConfig means that no model can be made as asked.
var ErrConfig = errors.New("model cannot be made")

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

// Rotary says where the cosines and sines of the positions come from.
type Rotary uint8

// The forms that converters give rotary positions.
const (
	// Angles are computed in the program, in fp32.
	Angles Rotary = iota
	// Tables are fp16 constants of which the program takes rows. Cosines and
	// sines take Context·HeadDim elements each.
	Tables
)

// Config says what to make.
type Config struct {
	Shape
	Rotary Rotary
	// Description goes into the package's metadata.
	Description string
}

// The most that a shape may ask for. They bound what a mistyped number costs.
const (
	maxLayers = 1 << 10
	// Wide enough for every vocabulary and context so far.
	maxWidth  = 1 << 20
	maxMatrix = 1 << 32 // elements
	maxState  = 1 << 31 // elements of a cache
)

// check refuses what no model can be, before anything is written. Each number
// is bounded by itself first, so that the products of them below cannot
// overflow.
func (c *Config) check() error {
	for _, f := range []struct {
		name   string
		n, max int
	}{
		{"layers", c.Layers, maxLayers},
		{"hidden", c.Hidden, maxWidth},
		{"heads", c.Heads, maxWidth},
		{"key-value heads", c.KVHeads, maxWidth},
		{"head dimension", c.HeadDim, maxWidth},
		{"feed-forward width", c.FFN, maxWidth},
		{"vocabulary", c.Vocab, maxWidth},
		{"context", c.Context, maxWidth},
	} {
		if f.n < 1 || f.n > f.max {
			return fmt.Errorf("%w: %s %d is not between 1 and %d", ErrConfig, f.name, f.n, f.max)
		}
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("%w: %d heads cannot share %d key-value heads", ErrConfig, c.Heads, c.KVHeads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("%w: head dimension %d is odd, and rotation works on pairs", ErrConfig, c.HeadDim)
	case c.Heads > maxWidth/c.HeadDim:
		return fmt.Errorf("%w: %d heads of %d are wider than %d", ErrConfig, c.Heads, c.HeadDim, maxWidth)
	case c.Layers*c.KVHeads > maxState/(c.Context*c.HeadDim):
		return fmt.Errorf("%w: a cache would have more than %d elements", ErrConfig, maxState)
	// Written so that a NaN is refused too.
	case !(c.RopeBase > 1) || math.IsInf(c.RopeBase, 0):
		return fmt.Errorf("%w: rotary base %v is not above 1", ErrConfig, c.RopeBase)
	case !(c.NormEpsilon > 0) || c.NormEpsilon > 1:
		return fmt.Errorf("%w: epsilon %v is not between 0 and 1", ErrConfig, c.NormEpsilon)
	}
	for _, m := range c.Matrices() {
		if m[0] > maxMatrix/m[1] {
			return fmt.Errorf("%w: a matrix of %d by %d has more than %d elements", ErrConfig, m[0], m[1], maxMatrix)
		}
	}
	return nil
}

// Matrices lists the sizes of the model's matrices, as rows and columns, each
// size of a layer once. Sources use it to see beforehand whether their blocks
// divide all of them.
func (c *Config) Matrices() [][2]int {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	return [][2]int{
		{c.Vocab, c.Hidden}, {q, c.Hidden}, {kv, c.Hidden}, {c.Hidden, q}, {c.FFN, c.Hidden}, {c.Hidden, c.FFN},
	}
}

// Parameters returns the number of weights in matrices. Norms have a thousandth
// of that and are left out. It counts what a model's name counts, such as 7B.
func (c *Config) Parameters() int {
	m := c.Matrices()
	size := func(i int) int { return m[i][0] * m[i][1] }
	n := c.Layers * (size(1) + 2*size(2) + size(3) + 2*size(4) + size(5))
	n += size(0)
	if !c.Tied {
		n += size(0)
	}
	return n
}
