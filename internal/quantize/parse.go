package quantize

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
)

// FormHelp describes what ParseForm reads, a line for each kind of part.
const FormHelp = `none
int4, uint4, int8, uint8 [:block=N | channel | tensor | blocks=NxN] [,symmetric | asymmetric]
lut1, lut2, lut3, lut4, lut6, lut8 [:group=N | tensor] [,kmeans | uniform] [,vector=N] [,scale]
lut:unique [,group=N]
prune:SHARE [,block=N] [,dim=0|1] | prune:N:M [,dim=0|1] | prune:threshold=X [,least=SHARE]`

// maxForm bounds the text of a form, which may come from a file.
const maxForm = 256

// ParseForm reads a form: parts that are joined by "+", each a name and, behind a
// colon, options that are separated by commas. FormHelp lists the parts. Examples:
//
//	int4                    codes of 4 bits, a scale for 32 input channels of an output channel
//	int4:block=64           the same with 64
//	uint4                   with an offset too
//	int8                    codes of 8 bits, a scale for an output channel
//	lut4:group=16           a palette of 16 entries for 16 output channels
//	lut4:uniform            entries at equal distances instead of k-means
//	lut:unique              the weights themselves, if they have few values
//	prune:0.5               half of the weights become zero and are not stored
//	prune:2:4               two of four become zero
//	prune:0.5+lut4+int8     what is left gets a palette, whose entries are codes of 8 bits
//
// Parts come in this order. What a form leaves out is what is usual: see [Grain] and
// [Mode].
func ParseForm(text string) (Form, error) {
	var f Form
	if len(text) > maxForm {
		return f, fmt.Errorf("%w: %d bytes of text", ErrForm, len(text))
	}
	if text == "none" {
		return f, nil
	}
	for _, part := range strings.Split(text, "+") {
		if err := f.add(part); err != nil {
			return Form{}, fmt.Errorf("%w: %q: %w", ErrForm, text, err)
		}
	}
	if f.Palette.On && f.Linear.Type != dtype.Invalid && f.Linear.Grain == Usual && f.Linear.Blocks == nil {
		f.Linear.Grain = PerTensor
	}
	return f, f.Check()
}

// add reads one part.
func (f *Form) add(part string) error {
	name, rest, more := strings.Cut(part, ":")
	var options []string
	if more {
		options = strings.Split(rest, ",")
	}
	if name == "prune" {
		if f.Prune.Mode != NoPruning || f.Palette.On || f.Linear.Type != dtype.Invalid {
			return fmt.Errorf("pruning comes first, and once")
		}
		return f.Prune.parse(options)
	}
	for _, t := range linearTypes {
		if name == t.String() {
			if f.Linear.Type != dtype.Invalid {
				return fmt.Errorf("two kinds of codes")
			}
			f.Linear.Type = t
			return f.Linear.parse(options)
		}
	}
	if width, ok := strings.CutPrefix(name, "lut"); ok {
		if f.Palette.On || f.Linear.Type != dtype.Invalid {
			return fmt.Errorf("a palette comes before codes, and once")
		}
		f.Palette.On = true
		if width != "" {
			n, err := whole(width)
			if err != nil {
				return err
			}
			f.Palette.Bits = n
		}
		return f.Palette.parse(options)
	}
	return fmt.Errorf("%q is no kind of compression", part)
}

// grainOption reads an option that chooses a grain, and reports whether it is one.
func grainOption(g *Grain, size *int, key, value string) (bool, error) {
	grains := map[string]Grain{"tensor": PerTensor, "channel": PerChannel, "block": PerBlock, "group": PerGroup}
	want, ok := grains[key]
	if !ok {
		return false, nil
	}
	if *g != Usual {
		return true, fmt.Errorf("%q beside another grain", key)
	}
	*g = want
	if want == PerTensor || want == PerChannel {
		if value != "" {
			return true, fmt.Errorf("%q takes no number", key)
		}
		return true, nil
	}
	n, err := positive(value)
	*size = n
	return true, err
}

func (l *Linear) parse(options []string) error {
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		if ok, err := grainOption(&l.Grain, &l.Size, key, value); ok {
			if err != nil {
				return err
			}
			continue
		}
		switch {
		case o == "symmetric" && l.Mode == UsualMode:
			l.Mode = Symmetric
		case o == "asymmetric" && l.Mode == UsualMode:
			l.Mode = Asymmetric
		case key == "blocks" && l.Blocks == nil:
			for _, s := range strings.Split(value, "x") {
				n, err := whole(s)
				if err != nil {
					return err
				}
				l.Blocks = append(l.Blocks, n)
			}
		default:
			return fmt.Errorf("%q is no option of %v", o, l.Type)
		}
	}
	return nil
}

func (p *Palette) parse(options []string) error {
	modes := map[string]Mode{"kmeans": KMeans, "uniform": Uniform, "unique": Unique}
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		if ok, err := grainOption(&p.Grain, &p.Size, key, value); ok {
			if err != nil {
				return err
			}
			continue
		}
		mode, isMode := modes[o]
		switch {
		case isMode && p.Mode == UsualMode:
			p.Mode = mode
		case key == "vector" && p.Vector == 0:
			n, err := positive(value)
			if err != nil {
				return err
			}
			p.Vector = n
		case key == "axis" && p.Axis == 0:
			n, err := whole(value)
			if err != nil {
				return err
			}
			p.Axis = n + 1
		case o == "scale" && !p.ChannelScale:
			p.ChannelScale = true
		default:
			return fmt.Errorf("%q is no option of palettes", o)
		}
	}
	return nil
}

func (p *Prune) parse(options []string) error {
	dim := false
	for i, o := range options {
		key, value, pair := strings.Cut(o, "=")
		n, m, ratio := strings.Cut(o, ":")
		var err error
		switch {
		case i == 0 && ratio && !pair:
			p.Mode, p.Dim = ByRatio, 1
			if p.N, err = whole(n); err == nil {
				p.M, err = positive(m)
			}
		case i == 0 && key == "threshold":
			p.Mode, p.Least = ByThreshold, 0.5
			p.Threshold, err = fraction(value)
		case i == 0 && !pair:
			p.Mode = BySparsity
			p.Sparsity, err = fraction(o)
		case key == "least" && p.Mode == ByThreshold:
			p.Least, err = fraction(value)
		case key == "block" && p.Mode == BySparsity && p.Block == 0:
			p.Block, err = positive(value)
		case key == "dim" && !dim && (p.Mode == ByRatio || p.Block > 0):
			dim = true
			p.Dim, err = whole(value)
		default:
			return fmt.Errorf("%q is no option of pruning", o)
		}
		if err != nil {
			return err
		}
	}
	if p.Mode == NoPruning {
		return fmt.Errorf("prune needs a share, N:M or threshold=X")
	}
	return nil
}

// maxSize bounds sizes in a form: no axis of a weight is longer.
const maxSize = 1 << 31

func whole(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n >= maxSize {
		return 0, fmt.Errorf("%q is no whole number", s)
	}
	return int(n), nil
}

func positive(s string) (int, error) {
	n, err := whole(s)
	if err == nil && n == 0 {
		err = fmt.Errorf("%q is not positive", s)
	}
	return n, err
}

func fraction(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x != x {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return x, nil
}
