// Package modelgen makes packages of language models with random weights: the
// decoder of the Llama and Mistral families as coremltools converts it, with a
// key and a value cache as states. Such a package is as large and as quick as
// one of a trained model of its shape, which is what benchmarks need, and its
// numbers stay in a range where every kernel is tested in earnest.
package modelgen

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// ErrConfig means that no model can be made as asked.
var ErrConfig = errors.New("model cannot be made")

// Shape is the size of a model.
type Shape struct {
	Layers, Hidden        int
	Heads, KVHeads        int
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
// for the context, which is what a cache is usually converted for.
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
	// Tables are fp16 constants of which the program takes rows.
	Tables
)

// Format is how weights are stored.
type Format struct {
	name string
	code dtype.Type // of the stored elements
	lut  bool
}

// formats are those that coremltools' own compression makes.
var formats = []Format{
	{"int4", dtype.Int4, false},
	{"int8", dtype.Int8, false},
	{"fp16", dtype.Float16, false},
	{"lut2", dtype.UInt2, true},
	{"lut3", dtype.UInt3, true},
	{"lut4", dtype.UInt4, true},
	{"lut6", dtype.UInt6, true},
	{"lut8", dtype.UInt8, true},
}

// Formats returns the names of the weight formats.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// FormatNamed returns the weight format of that name.
func FormatNamed(name string) (Format, error) {
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("%w: weights %q are none of %v", ErrConfig, name, Formats())
}

// String returns the format's name.
func (f Format) String() string { return f.name }

// Config says what to make.
type Config struct {
	Shape
	Weights Format
	// Block is the number of columns that share a scale, or of rows that share a
	// palette. 0 is what is usual: 32 columns for int4, a row for int8, 16 rows
	// for palettes. -1 is a whole row, or the whole matrix for palettes.
	Block  int
	Rotary Rotary
	Seed   uint64
	// Name goes into the package's description.
	Name string
}

// The most that a shape may ask for. They bound what a mistyped number costs.
const (
	maxLayers = 1 << 10
	maxWidth  = 1 << 20
	maxMatrix = 1 << 32 // elements
	maxState  = 1 << 31 // elements of a cache
)

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
	case c.Weights.name == "":
		return fmt.Errorf("%w: no weight format", ErrConfig)
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("%w: %d heads cannot share %d key-value heads", ErrConfig, c.Heads, c.KVHeads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("%w: head dimension %d is odd, and rotation works on pairs", ErrConfig, c.HeadDim)
	case c.Heads > maxWidth/c.HeadDim:
		return fmt.Errorf("%w: %d heads of %d are wider than %d", ErrConfig, c.Heads, c.HeadDim, maxWidth)
	case c.Layers*c.KVHeads > maxState/(c.Context*c.HeadDim):
		return fmt.Errorf("%w: a cache would have more than %d elements", ErrConfig, maxState)
	case !(c.RopeBase > 1) || math.IsInf(c.RopeBase, 0):
		return fmt.Errorf("%w: rotary base %v is not above 1", ErrConfig, c.RopeBase)
	case !(c.NormEpsilon > 0) || c.NormEpsilon > 1:
		return fmt.Errorf("%w: epsilon %v is not between 0 and 1", ErrConfig, c.NormEpsilon)
	case c.Block < -1:
		return fmt.Errorf("%w: block %d", ErrConfig, c.Block)
	}
	for _, m := range c.matrices() {
		if m[0] > maxMatrix/m[1] {
			return fmt.Errorf("%w: a matrix of %d by %d has more than %d elements", ErrConfig, m[0], m[1], maxMatrix)
		}
		if _, err := c.block(m[0], m[1]); err != nil {
			return err
		}
	}
	return nil
}

// matrices lists the kinds of matrices as rows and columns.
func (c *Config) matrices() [][2]int {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	return [][2]int{
		{c.Vocab, c.Hidden}, {q, c.Hidden}, {kv, c.Hidden}, {c.Hidden, q}, {c.FFN, c.Hidden}, {c.Hidden, c.FFN},
	}
}

// block returns how many columns share a scale, or rows a palette.
func (c *Config) block(rows, cols int) (int, error) {
	along, what, usual := cols, "columns", cols
	if c.Weights.lut {
		along, what, usual = rows, "rows", 16
	} else if c.Weights.code == dtype.Int4 {
		usual = 32
	}
	n := c.Block
	switch n {
	case 0:
		n = usual
	case -1:
		n = along
	}
	if along%n != 0 {
		return 0, fmt.Errorf("%w: blocks of %d do not divide %d %s", ErrConfig, n, along, what)
	}
	return n, nil
}

// Parameters returns the number of weights in matrices.
func (c *Config) Parameters() int {
	m := c.matrices()
	size := func(i int) int { return m[i][0] * m[i][1] }
	n := c.Layers * (size(1) + 2*size(2) + size(3) + 2*size(4) + size(5))
	n += size(0)
	if !c.Tied {
		n += size(0)
	}
	return n
}
