package convert

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/quantize/declare"
)

// source gives the weights of a checkpoint to a graph. What it has put into the package
// it declares again when another function, or another shape of the same one, asks for it.
type source struct {
	ctx      context.Context //nolint:containedctx // it lives for one conversion
	settings *settings
	views    map[key]*view
	weights  []modelgen.Weight
	put      map[putKey]*stored
	report   *Report
	done     int64
	total    int64
}

// putKey tells apart what is stored of a weight.
type putKey struct {
	key
	float dtype.Type
}

// stored is a weight that has been written: its form, without the bytes, and where its
// planes lie, by their names behind the weight's.
type stored struct {
	encoded *quantize.Encoded
	offsets map[string]uint64
}

func newSource(ctx context.Context, s *settings, views map[key]*view, weights []modelgen.Weight) *source {
	src := &source{ctx: ctx, settings: s, views: views, weights: weights, put: map[putKey]*stored{}, report: &Report{}}
	for _, w := range weights {
		src.total += int64(elements(w))
		if v := views[keyOf(w)]; v.weight == "" {
			v.weight = w.Name
		}
	}
	return src
}

// elements is the number of elements of a weight.
func elements(w modelgen.Weight) int { return w.Rows * max(w.Cols, 1) }

// Check implements modelgen.Source: resolve has looked already.
func (*source) Check(*modelgen.Model) error { return nil }

// Weight implements modelgen.Source.
func (s *source) Weight(to *modelgen.Store, w modelgen.Weight) (*mil.Value, error) {
	k := putKey{keyOf(w), w.Type}
	v := s.views[k.key]
	if v == nil {
		return nil, errors.New("nobody has looked for it in the checkpoint")
	}
	if s.put[k] == nil {
		e, err := s.store(to, w, v)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", v.Name(), err)
		}
		s.put[k] = e
	}
	return s.put[k].declare(to, w)
}

// declare declares the weight in the shape in which the graph wants it.
func (e *stored) declare(to *modelgen.Store, w modelgen.Weight) (*mil.Value, error) {
	encoded := e.encoded
	if w.Conv && w.Cols > 0 {
		encoded = pointwise(encoded)
	}
	again := func(name string, t dtype.Type, shape []int, _ []byte) (*mil.Value, error) {
		return to.Again(name, t, shape, e.offsets[name]), nil
	}
	return declare.Weight(to.Builder, again, w.Name, encoded)
}

// pointwise gives the planes of a matrix the shape of a convolution's weight.
func pointwise(e *quantize.Encoded) *quantize.Encoded {
	c := *e
	widen := func(p *quantize.Plane, at int) *quantize.Plane {
		if p == nil {
			return nil
		}
		q := *p
		q.Shape = append(append(append([]int{}, p.Shape[:at]...), 1, 1), p.Shape[at:]...)
		return &q
	}
	c.Shape = append(append([]int{}, e.Shape...), 1, 1)
	c.Scale, c.Offset = widen(e.Scale, 2), widen(e.Offset, 2)
	c.LUT, c.LUTScale, c.LUTOffset = widen(e.LUT, 2), widen(e.LUTScale, 2), widen(e.LUTOffset, 2)
	c.Mask = widen(e.Mask, 2)
	// Of a sparse weight codes and values are lists.
	if e.Mask == nil {
		c.Codes, c.Values = widen(e.Codes, 2), widen(e.Values, 2)
	}
	return &c
}

// least is the number of elements from which coremltools compresses a weight.
const least = 2048

// formOf returns how a weight is stored.
func (s *source) formOf(w modelgen.Weight, v *view) quantize.Form {
	if w.Cols == 0 || elements(w) < least || s.settings.keepsAny(w, v) {
		return quantize.Form{}
	}
	return s.settings.quant
}

// store writes a weight to the package.
func (s *source) store(to *modelgen.Store, w modelgen.Weight, v *view) (*stored, error) {
	form := s.formOf(w, v)
	line := TensorReport{Tensor: v.Name(), Weight: w.Name, Rows: w.Rows, Cols: w.Cols, Stored: v.parts[0].Stored(), Form: w.Type.String()}
	spans, err := s.codes(w, v)
	if err != nil {
		return nil, err
	}
	e, err := (*stored)(nil), quantize.ErrUnfit
	switch {
	case spans != nil:
		e, err = s.carry(to, w, spans, &line)
	case !form.IsNone():
		e, err = s.compressed(to, w, v, form, &line)
	}
	if errors.Is(err, quantize.ErrUnfit) {
		e, err = s.plain(to, w, v, &line)
	}
	if err == nil {
		s.report.Tensors = append(s.report.Tensors, line)
	}
	return e, err
}

// plain writes a weight as floating-point numbers.
func (s *source) plain(to *modelgen.Store, w modelgen.Weight, v *view, line *TensorReport) (*stored, error) {
	offset, err := to.Writer().BeginBlob(w.Type, elements(w))
	if err != nil {
		return nil, err
	}
	line.Bytes = int64(elements(w) * w.Type.Size())
	shape := []int{w.Rows}
	if w.Cols > 0 {
		shape = append(shape, w.Cols)
	}
	err = ordered(s.ctx, s.settings.Threads, s.chunks(v), func(c chunk) (packed, error) {
		return readFloats(s.ctx, v, c, w.Type)
	}, func(p packed) error {
		defer p.release()
		s.advance(p.n)
		return to.Writer().Append(p.data)
	})
	return &stored{
		encoded: &quantize.Encoded{Type: w.Type, Shape: shape, Values: &quantize.Plane{Type: w.Type, Shape: shape}},
		offsets: map[string]uint64{w.Name: offset},
	}, err
}

// advance tells how far the conversion is.
func (s *source) advance(n int) {
	s.done += int64(n)
	if s.settings.Progress != nil {
		s.settings.Progress(s.done, s.total)
	}
}

// compressed writes a weight in a compressed form: row by row where the form lets each
// row stand for itself, else as a whole.
func (s *source) compressed(to *modelgen.Store, w modelgen.Weight, v *view, f quantize.Form, line *TensorReport) (*stored, error) {
	if rowwise(f) && w.Cols%2 == 0 {
		return s.compressedRows(to, w, v, f, line)
	}
	values := make([]float32, elements(w))
	if err := v.read(s.ctx, 0, w.Rows, values); err != nil {
		return nil, err
	}
	if err := roundTo(w.Type, values); err != nil {
		return nil, err
	}
	t := quantize.Matrix([]int{w.Rows, w.Cols}, values)
	t.Wide, t.Threads = w.Type == dtype.Float32, s.settings.Threads
	e, err := quantize.EncodeTensor(s.ctx, f, t)
	if err != nil {
		return nil, err
	}
	lost, err := e.Compare(s.ctx, values)
	if err != nil {
		return nil, err
	}
	line.Form, line.Bytes, line.Largest, line.RMS = f.String(), int64(e.Bytes()), lost.Largest, lost.RMS
	out := &stored{encoded: e, offsets: map[string]uint64{}}
	// Into a builder of its own: the graph's gets what declare makes of it.
	_, err = declare.Weight(mil.NewBuilder("main", "CoreML8"), func(name string, t dtype.Type, shape []int, data []byte) (*mil.Value, error) {
		n, _ := dtype.Count(shape)
		offset, err := to.Writer().AddBlob(t, n, data)
		out.offsets[name] = offset
		return to.Stub(t, shape), err
	}, w.Name, e)
	for _, p := range e.Planes() {
		p.Data = nil
	}
	s.advance(len(values))
	return out, err
}

// rowwise reports whether a form gives each row what it would give it alone.
func rowwise(f quantize.Form) bool {
	l := f.Linear
	return f.Prune.Mode == quantize.NoPruning && !f.Palette.On && l.Blocks == nil && l.Grain != quantize.PerTensor
}

// compressedRows writes the codes as they are made, and the scales behind them.
func (s *source) compressedRows(to *modelgen.Store, w modelgen.Weight, v *view, f quantize.Form, line *TensorReport) (*stored, error) {
	var whole *quantize.Encoded
	var scales, offsets []byte
	var squares float64
	at := uint64(0)
	err := ordered(s.ctx, s.settings.Threads, s.chunks(v), func(c chunk) (coded, error) {
		return s.encodeRows(v, w, c, f)
	}, func(c coded) error {
		e := c.encoded
		if whole == nil {
			offset, err := to.Writer().BeginBlob(e.Codes.Type, elements(w))
			if err != nil {
				return err
			}
			at = offset
			whole = grown(e, w.Rows)
		}
		s.advance(c.n)
		squares += c.lost.RMS * c.lost.RMS * float64(c.n)
		line.Largest = max(line.Largest, c.lost.Largest)
		scales = append(scales, e.Scale.Data...)
		if e.Offset != nil {
			offsets = append(offsets, e.Offset.Data...)
		}
		return to.Writer().Append(e.Codes.Data)
	})
	if err != nil {
		return nil, err
	}
	out := &stored{encoded: whole, offsets: map[string]uint64{w.Name + "_data": at}}
	for _, p := range []struct {
		name  string
		plane *quantize.Plane
		data  []byte
	}{{"_scale", whole.Scale, scales}, {"_offset", whole.Offset, offsets}} {
		if p.plane != nil && err == nil {
			out.offsets[w.Name+p.name], err = to.Writer().AddBlob(p.plane.Type, p.plane.Len(), p.data)
		}
	}
	line.Form, line.RMS = f.String(), math.Sqrt(squares/float64(elements(w)))
	line.Bytes = int64(len(scales)+len(offsets)) + int64(elements(w))*int64(whole.Codes.Type.Bits())/8
	return out, err
}

// grown is the form of a weight of so many rows, without bytes, by that of some rows.
func grown(e *quantize.Encoded, rows int) *quantize.Encoded {
	of := func(p *quantize.Plane) *quantize.Plane {
		if p == nil {
			return nil
		}
		return &quantize.Plane{Type: p.Type, Shape: append([]int{rows}, p.Shape[1:]...)}
	}
	return &quantize.Encoded{Type: e.Type, Shape: append([]int{rows}, e.Shape[1:]...), Codes: of(e.Codes), Scale: of(e.Scale), Offset: of(e.Offset)}
}
