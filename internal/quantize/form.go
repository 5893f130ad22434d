package quantize

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
)

// ErrForm says that a form is none, or that its parts contradict each other.
var ErrForm = errors.New("not a form of compression")

// Form is what is done with a weight: any of pruning, a palette and linear
// quantisation, in this order. With a palette, the linear part quantises the
// palette's entries. The zero Form leaves a weight as it is.
type Form struct {
	Prune   Prune
	Palette Palette
	Linear  Linear
}

// Grain is how many weights share a scale or a palette.
type Grain uint8

// The grains. The zero Grain stands for what is usual.
const (
	Usual      Grain = iota // blocks of 32 for 4 bits, else channels; tensors for palettes
	PerTensor               // all
	PerChannel              // an output channel
	PerBlock                // Size input channels of one output channel; only linear
	PerGroup                // Size output channels; only palettes
)

// Linear is quantisation by shift and scale.
type Linear struct {
	// Type is that of the codes: Int4, UInt4, Int8 or UInt8. Invalid: no
	// quantisation.
	Type dtype.Type
	// Mode says where the range of the codes lies.
	Mode  Mode
	Grain Grain
	// Size is that of the blocks, 32 when it is 0.
	Size int
	// Blocks are sizes for each axis in the place of a grain; 0 is the whole axis.
	Blocks []int
}

// Mode is a way of finding codes, or the entries of a palette.
type Mode uint8

// The modes. UsualMode is symmetric for signed codes and asymmetric for unsigned
// ones, and k-means for palettes.
const (
	UsualMode  Mode = iota
	Symmetric       // the range reaches as far below zero as above
	Asymmetric      // the range goes from the least to the largest weight, and holds 0
	KMeans          // the least squared error
	Uniform         // evenly spread from the least to the largest weight
	Unique          // the weights themselves, where they have few values
)

// Palette is quantisation to the entries of a table.
type Palette struct {
	// Bits is the width of an index: 1, 2, 3, 4, 6 or 8; in the mode Unique it is 0,
	// and the least that suffices is taken. On is true for every palette.
	On    bool
	Bits  int
	Mode  Mode
	Grain Grain
	// Size is that of the groups, 32 when it is 0.
	Size int
	// Axis is the axis of the groups where it is not that of the output channels: one
	// more than its number, 0 for the output channels.
	Axis int
	// Vector is the number of neighbouring output channels that an entry is for. 0 is 1.
	Vector int
	// ChannelScale divides the weights by the largest of each input channel first.
	ChannelScale bool
}

// Prune is the setting of weights to zero, which are then not stored.
type Prune struct {
	Mode PruneMode
	// Sparsity is the share of weights that becomes zero.
	Sparsity float64
	// Threshold is the largest magnitude that becomes zero; Least is the share of
	// zeros below which the weight is left as it is.
	Threshold, Least float64
	// N of each M weights become zero, the smallest.
	N, M int
	// Block is the number of neighbours along Dim that are kept or dropped together;
	// 0 for each by itself. Dim is 0 for output and 1 for input channels.
	Block, Dim int
}

// PruneMode is a way of choosing what becomes zero.
type PruneMode uint8

// The ways to prune.
const (
	NoPruning PruneMode = iota
	BySparsity
	ByThreshold
	ByRatio
)

// IsNone reports whether the form leaves weights as they are.
func (f Form) IsNone() bool {
	return f.Prune.Mode == NoPruning && !f.Palette.On && f.Linear.Type == dtype.Invalid
}

// NeedsIOS18 reports whether the form can only be written with operators of iOS18.
func (f Form) NeedsIOS18() bool {
	parts := 0
	for _, on := range []bool{f.Prune.Mode != NoPruning, f.Palette.On, f.Linear.Type != dtype.Invalid} {
		if on {
			parts++
		}
	}
	l, p := f.Linear, f.Palette
	return parts > 1 || l.Type.Bits() == 4 || l.grain() == PerBlock && l.Type != dtype.Invalid || l.Blocks != nil ||
		p.On && (p.grain() == PerGroup || p.Vector > 1 || p.ChannelScale || p.Bits == 3)
}

func (l Linear) grain() Grain {
	switch {
	case l.Grain != Usual:
		return l.Grain
	case l.Type.Bits() == 4:
		return PerBlock
	default:
		return PerChannel
	}
}

func (l Linear) size() int { return orElse(l.Size, 32) }

func (l Linear) mode() Mode {
	switch {
	case l.Mode != UsualMode:
		return l.Mode
	case l.Type.IsSigned():
		return Symmetric
	default:
		return Asymmetric
	}
}

func (p Palette) grain() Grain {
	if p.Grain == Usual {
		return PerTensor
	}
	return p.Grain
}

func (p Palette) size() int { return orElse(p.Size, 32) }

func (p Palette) vector() int { return orElse(p.Vector, 1) }

func (p Palette) mode() Mode {
	if p.Mode == UsualMode {
		return KMeans
	}
	return p.Mode
}

func orElse(n, usual int) int {
	if n == 0 {
		return usual
	}
	return n
}

// paletteBits are the widths of indices that the operators know.
var paletteBits = []int{1, 2, 3, 4, 6, 8}

var linearTypes = []dtype.Type{dtype.Int4, dtype.UInt4, dtype.Int8, dtype.UInt8}

// Check says whether the parts of the form fit each other. Forms that ParseForm
// returns do.
func (f Form) Check() error {
	if err := f.Prune.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if err := f.Palette.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if err := f.Linear.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if f.Prune.Mode != NoPruning && (f.Palette.Vector > 1 || f.Palette.ChannelScale) {
		return fmt.Errorf("%w: sparse weights take palettes of single weights without scales", ErrForm)
	}
	if f.Palette.On && f.Linear.Type != dtype.Invalid {
		if f.Palette.ChannelScale {
			return fmt.Errorf("%w: a palette with channel scales is not quantised", ErrForm)
		}
		if g := f.Linear.Grain; f.Linear.Blocks != nil || g != PerTensor {
			return fmt.Errorf("%w: the entries of a palette are quantised per tensor", ErrForm)
		}
	}
	return nil
}

func (l Linear) check() error {
	switch {
	case l.Type == dtype.Invalid:
		return nil
	case !slices.Contains(linearTypes, l.Type):
		return fmt.Errorf("codes of type %v", l.Type)
	case l.Mode > Asymmetric:
		return errors.New("linear codes are symmetric or asymmetric")
	case l.Grain == PerGroup:
		return errors.New("linear codes have no groups of channels")
	case l.Size < 0 || l.Size > 0 && l.grain() != PerBlock:
		return fmt.Errorf("blocks of %d", l.Size)
	case l.Blocks != nil && l.Grain != Usual:
		return errors.New("sizes for each axis beside a grain")
	}
	for _, n := range l.Blocks {
		if n < 0 {
			return fmt.Errorf("blocks of %d", n)
		}
	}
	return nil
}

func (p Palette) check() error {
	if !p.On {
		return nil
	}
	unique := p.Mode == Unique
	switch {
	case p.Mode == Symmetric || p.Mode == Asymmetric || p.Mode > Unique:
		return errors.New("palettes are made by kmeans, uniform or unique")
	case unique && p.Bits != 0:
		return errors.New("unique palettes are as wide as they must be: lut:unique")
	case !unique && !slices.Contains(paletteBits, p.Bits):
		return fmt.Errorf("palettes of %d bits: there are %v", p.Bits, paletteBits)
	case p.Grain == PerBlock || p.Grain == PerChannel:
		return errors.New("palettes are for tensors or groups of channels")
	case p.Size < 0 || p.Size > 0 && p.Grain != PerGroup:
		return fmt.Errorf("groups of %d", p.Size)
	case p.Vector < 0:
		return fmt.Errorf("vectors of %d", p.Vector)
	case p.Vector > 1 && p.Mode == Uniform:
		return errors.New("uniform palettes have no vectors")
	}
	return nil
}

func (p Prune) check() error {
	switch p.Mode {
	case NoPruning:
		return nil
	case BySparsity:
		if !(p.Sparsity >= 0 && p.Sparsity <= 1) {
			return fmt.Errorf("sparsity %v is not between 0 and 1", p.Sparsity)
		}
		if p.Block == 1 || p.Block < 0 {
			return fmt.Errorf("blocks of %d are not pruned together", p.Block)
		}
	case ByThreshold:
		if !(p.Threshold >= 0) || !(p.Least >= 0 && p.Least <= 1) {
			return fmt.Errorf("threshold %v with at least %v of zeros", p.Threshold, p.Least)
		}
	case ByRatio:
		if p.N < 0 || p.M < 1 || p.N > p.M {
			return fmt.Errorf("%d of %d weights", p.N, p.M)
		}
	}
	if p.Dim != 0 && p.Dim != 1 {
		return fmt.Errorf("dim %d is neither 0 nor 1", p.Dim)
	}
	return nil
}

// String returns the form as ParseForm reads it.
func (f Form) String() string {
	var parts []string
	if f.Prune.Mode != NoPruning {
		parts = append(parts, f.Prune.String())
	}
	if f.Palette.On {
		parts = append(parts, f.Palette.String())
	}
	if f.Linear.Type != dtype.Invalid {
		text := f.Linear.String()
		if f.Palette.On { // whose entries have one grain only
			text = strings.Replace(strings.Replace(text, ":tensor,", ":", 1), ":tensor", "", 1)
		}
		parts = append(parts, text)
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, "+")
}

// String returns the part of a form that it is.
func (l Linear) String() string {
	var o []string
	switch l.Grain {
	case PerTensor:
		o = append(o, "tensor")
	case PerChannel:
		o = append(o, "channel")
	case PerBlock:
		o = append(o, "block="+strconv.Itoa(l.size()))
	}
	if l.Blocks != nil {
		sizes := make([]string, len(l.Blocks))
		for i, n := range l.Blocks {
			sizes[i] = strconv.Itoa(n)
		}
		o = append(o, "blocks="+strings.Join(sizes, "x"))
	}
	switch l.Mode {
	case Symmetric:
		o = append(o, "symmetric")
	case Asymmetric:
		o = append(o, "asymmetric")
	}
	return withOptions(l.Type.String(), o)
}

// String returns the part of a form that it is.
func (p Palette) String() string {
	name := "lut"
	if p.Bits > 0 {
		name += strconv.Itoa(p.Bits)
	}
	var o []string
	switch p.Grain {
	case PerTensor:
		o = append(o, "tensor")
	case PerGroup:
		o = append(o, "group="+strconv.Itoa(p.size()))
	}
	switch p.Mode {
	case KMeans:
		o = append(o, "kmeans")
	case Uniform:
		o = append(o, "uniform")
	case Unique:
		o = append(o, "unique")
	}
	if p.Axis > 0 {
		o = append(o, "axis="+strconv.Itoa(p.Axis-1))
	}
	if p.Vector > 0 {
		o = append(o, "vector="+strconv.Itoa(p.Vector))
	}
	if p.ChannelScale {
		o = append(o, "scale")
	}
	return withOptions(name, o)
}

// String returns the part of a form that it is.
func (p Prune) String() string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	var o []string
	switch p.Mode {
	case BySparsity:
		o = append(o, number(p.Sparsity))
		if p.Block > 0 {
			o = append(o, "block="+strconv.Itoa(p.Block))
		}
	case ByThreshold:
		o = append(o, "threshold="+number(p.Threshold), "least="+number(p.Least))
	case ByRatio:
		o = append(o, fmt.Sprintf("%d:%d", p.N, p.M))
	}
	if p.Block > 0 || p.Mode == ByRatio {
		o = append(o, "dim="+strconv.Itoa(p.Dim))
	}
	return withOptions("prune", o)
}

func withOptions(name string, options []string) string {
	if len(options) == 0 {
		return name
	}
	return name + ":" + strings.Join(options, ",")
}
