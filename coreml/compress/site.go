package compress

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/quantize/declare"
)

// minStored is the number of elements from which a constant lies in the weight file;
// smaller ones are never compressed.
const minStored = 10

// site is a weight with its users.
type site struct {
	*run
	v       *mil.Value
	uses    []use
	e       *quantize.Encoded
	opset   string
	out, in int
	sure    bool // the users agree on the axes
}

// key says all that the result depends on, besides the weight itself.
func (s *site) key(list []chosen, opset string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "|%v %d %d %v", modern(opset), s.out, s.in, s.sure)
	for _, c := range list {
		if c.dense {
			b.WriteString("|dense")
			continue
		}
		fits := true
		if v := c.set.form.Palette.Vector; v > 1 {
			fits = vectorFits(s.v, s.uses, s.out, v)
		}
		fmt.Fprintf(&b, "|%s %d %v %v %v", c.set.form, c.set.threshold, c.byName, structuralFits(s.uses), fits)
	}
	return b.String()
}

// compress does what was chosen, one after the other.
func (s *site) compress(list []chosen) (*kept, error) {
	before := 0
	for _, p := range s.e.Planes() {
		before += len(p.Data)
	}
	k := &kept{e: s.e, weight: Weight{Shape: s.v.Type.Shape, Before: int64(before), After: int64(before)}}
	values, err := s.e.Decode(s.ctx, s.cfg.Threads)
	if err != nil {
		return nil, err
	}
	t := quantize.Tensor{
		Shape: s.e.Shape, Values: values, Out: s.out, In: s.in,
		Wide: s.e.Type == dtype.Float32, Threads: s.cfg.Threads,
	}
	for _, c := range list {
		next, err := s.step(k.e, t, c)
		if errors.Is(err, quantize.ErrUnfit) {
			k.weight.Skipped = strings.TrimPrefix(err.Error(), quantize.ErrUnfit.Error()+": ")
			continue
		}
		if err != nil {
			return nil, err
		}
		if next == nil {
			continue
		}
		k.e = next
		name := "none"
		if !c.dense {
			name = c.set.form.String()
		}
		k.weight.Form = append(k.weight.Form, name)
	}
	if len(k.weight.Form) == 0 {
		return k, nil
	}
	k.weight.After = int64(k.e.Bytes())
	d, err := k.e.Compare(s.ctx, values)
	k.weight.Largest, k.weight.RMS = d.Largest, d.RMS
	return k, err
}

// step does one thing with a weight. It returns nil when the step is not for it.
func (s *site) step(e *quantize.Encoded, t quantize.Tensor, c chosen) (*quantize.Encoded, error) {
	plain := e.Mask == nil && e.Codes == nil
	if c.dense {
		if plain {
			return nil, nil
		}
		values, err := e.Decode(s.ctx, s.cfg.Threads)
		if err != nil {
			return nil, err
		}
		t.Values = values
		return quantize.Store(s.ctx, t)
	}
	f := c.set.form
	if n := len(t.Values); n < minStored || n <= c.set.threshold || len(t.Shape) < 2 {
		return nil, nil
	}
	if structural(f.Prune) && !c.byName && !structuralFits(s.uses) {
		return nil, nil
	}
	if !s.sure && (f.Palette.On || f.Linear.Type != dtype.Invalid && f.Linear.Blocks == nil) {
		return nil, fmt.Errorf("%w: the operations that use it have their channels along different axes", quantize.ErrUnfit)
	}
	if v := f.Palette.Vector; v > 1 && !vectorFits(s.v, s.uses, s.out, v) {
		return nil, fmt.Errorf("%w: vectors of %d cross the groups of a convolution", quantize.ErrUnfit, v)
	}
	if b := f.Linear.Blocks; b != nil && len(b) != len(t.Shape) {
		return nil, fmt.Errorf("%w: blocks of %v for shape %v; there must be a size for each axis", ErrConfig, b, t.Shape)
	}
	if f.NeedsIOS18() && s.old() {
		return nil, fmt.Errorf("%w: %s", declare.ErrOperatorSet, f)
	}
	if plain {
		return quantize.EncodeTensor(s.ctx, f, t)
	}
	return s.joint(e, t, f)
}

// old reports whether the function's operator set is one before that of iOS18.
func (s *site) old() bool { return !modern(s.opset) }

// joint compresses what is compressed already.
func (s *site) joint(e *quantize.Encoded, t quantize.Tensor, f quantize.Form) (*quantize.Encoded, error) {
	if s.old() {
		return nil, fmt.Errorf("%w: %s on what is compressed already", declare.ErrOperatorSet, f)
	}
	var err error
	if f.Prune.Mode != quantize.NoPruning {
		e, err = e.Prune(s.ctx, t, f.Prune)
	}
	if err == nil && f.Palette.On {
		e, err = e.Palettize(s.ctx, t, f.Palette)
	}
	if err == nil && f.Linear.Type != dtype.Invalid {
		if e.LUT != nil && e.LUT.Len() < minStored {
			return nil, fmt.Errorf("%w: a palette of %d entries is too small for codes", quantize.ErrUnfit, e.LUT.Len())
		}
		e, err = e.Quantize(s.ctx, t, f.Linear)
	}
	return e, err
}
