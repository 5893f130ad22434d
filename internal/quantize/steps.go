package quantize

import (
	"context"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Store returns a weight as it is.
func Store(ctx context.Context, t Tensor) (*Encoded, error) {
	data, err := packFloats(ctx, t.Threads, t.float(), t.Values)
	shape := slices.Clone(t.Shape)
	return &Encoded{Type: t.float(), Shape: shape, Values: &Plane{t.float(), shape, data}}, err
}

// dense returns t with the numbers that e stands for, which t may hold already.
func (e *Encoded) dense(ctx context.Context, t Tensor) (Tensor, error) {
	var err error
	if e.Mask != nil || e.Codes != nil || t.Values == nil {
		t.Values, err = e.Decode(ctx, t.Threads)
	}
	t.Shape = e.Shape
	return t, err
}

// quantize replaces numbers by codes: those of the weight, or those of its palette.
func (e *Encoded) quantize(ctx context.Context, t Tensor, l Linear) (*Encoded, error) {
	out := *e
	if e.LUT != nil {
		return e.quantizeLUT(ctx, t, l)
	}
	if e.Codes != nil {
		return nil, unfit("it has codes already")
	}
	d, err := e.dense(ctx, t)
	if err != nil {
		return nil, err
	}
	q, err := linear(ctx, &d, l, e.Mask == nil)
	if err != nil {
		return nil, err
	}
	if q.packed != nil {
		out.Codes = &Plane{l.Type, slices.Clone(e.Shape), q.packed}
	} else if out.Codes, err = e.codes(ctx, t.Threads, l.Type, e.Shape, q.codes); err != nil {
		return nil, err
	}
	out.Values = nil
	out.Scale, out.Offset, err = q.planes(ctx, &d, l.Type)
	return &out, err
}

// quantizeLUT replaces the entries of a palette by codes.
func (e *Encoded) quantizeLUT(ctx context.Context, t Tensor, l Linear) (*Encoded, error) {
	if !e.LUT.Type.IsFloat() || e.Scale != nil {
		return nil, unfit("its palette has codes already")
	}
	if l.Grain != PerTensor && (l.Grain != Usual || l.Blocks != nil) {
		return nil, unfit("the entries of a palette are quantised per tensor")
	}
	values, err := unpackFloats(ctx, t.Threads, e.LUT)
	if err != nil {
		return nil, err
	}
	l.Grain = PerTensor
	d := Tensor{Shape: e.LUT.Shape, Values: values, Wide: e.LUT.Type == dtype.Float32, Threads: t.Threads}
	q, err := linear(ctx, &d, l, false)
	if err != nil {
		return nil, err
	}
	out := *e
	data, err := packCodes(ctx, t.Threads, l.Type, q.codes)
	if err != nil {
		return nil, err
	}
	out.LUT = &Plane{l.Type, e.LUT.Shape, data}
	out.LUTScale, out.LUTOffset, err = q.planes(ctx, &d, l.Type)
	return &out, err
}

// planes packs scales and offsets.
func (q *quantized) planes(ctx context.Context, t *Tensor, code dtype.Type) (scale, offset *Plane, err error) {
	data, err := packFloats(ctx, t.Threads, t.float(), q.scale)
	if err != nil {
		return nil, nil, err
	}
	scale = &Plane{t.float(), q.shape, data}
	if q.offset == nil {
		return scale, nil, nil
	}
	data, err = packCodes(ctx, t.Threads, code, q.offset)
	return scale, &Plane{code, q.shape, data}, err
}

// codes packs the codes of a dense tensor, or of it those that are not masked out.
func (e *Encoded) codes(ctx context.Context, threads int, code dtype.Type, shape []int, codes []byte) (*Plane, error) {
	if e.Mask != nil {
		mask, err := unpackCodes(ctx, threads, dtype.UInt1, e.Mask.Data, len(codes))
		if err != nil {
			return nil, err
		}
		codes, shape = chosen(codes, mask), nil
		shape = []int{len(codes)}
	}
	data, err := packCodes(ctx, threads, code, codes)
	return &Plane{code, slices.Clone(shape), data}, err
}

// chosen returns the elements where mask is not 0.
func chosen[T any](list []T, mask []byte) []T {
	out := make([]T, 0, len(list))
	for i, m := range mask {
		if m != 0 {
			out = append(out, list[i])
		}
	}
	return out
}

// prune stores a weight without those of its numbers that are zero or become so.
func (e *Encoded) prune(ctx context.Context, t Tensor, p Prune) (*Encoded, error) {
	if e.Mask != nil {
		return nil, unfit("it is sparse already")
	}
	d, err := e.dense(ctx, t)
	if err != nil {
		return nil, err
	}
	keep, err := p.keep(ctx, &d)
	if err != nil {
		return nil, err
	}
	out := *e
	data, err := packCodes(ctx, t.Threads, dtype.UInt1, keep)
	if err != nil {
		return nil, err
	}
	out.Mask = &Plane{dtype.UInt1, slices.Clone(e.Shape), data}
	if e.Codes != nil {
		if e.LUT != nil && (e.Scale != nil || e.vector() > 1) {
			return nil, unfit("a palette of vectors or with channel scales stays dense")
		}
		codes, err := unpackCodes(ctx, t.Threads, e.Codes.Type, e.Codes.Data, e.Codes.Len())
		if err != nil {
			return nil, err
		}
		out.Codes, err = out.codes(ctx, t.Threads, e.Codes.Type, e.Shape, codes)
		return &out, err
	}
	kept := chosen(d.Values, keep)
	data, err = packFloats(ctx, t.Threads, e.Type, kept)
	out.Values = &Plane{e.Type, []int{len(kept)}, data}
	return &out, err
}

// vector returns how many weights an entry of the palette is for.
func (e *Encoded) vector() int {
	if e.LUT == nil {
		return 1
	}
	return e.LUT.Shape[len(e.LUT.Shape)-1]
}

// palettize replaces numbers by indices into palettes: those of the weight, or its
// codes, which keep their scales.
func (e *Encoded) palettize(ctx context.Context, t Tensor, p Palette) (*Encoded, error) {
	if e.LUT != nil {
		return nil, unfit("it has a palette already")
	}
	if e.Codes != nil {
		return e.palettizeCodes(ctx, t, p)
	}
	if e.Mask != nil && (p.vector() > 1 || p.ChannelScale) {
		return nil, unfit("sparse weights take palettes of single weights without scales")
	}
	d, err := e.dense(ctx, t)
	if err != nil {
		return nil, err
	}
	out := *e
	var weights []float32
	if p.ChannelScale {
		if out.Scale, d.Values, weights, err = channelScale(ctx, &d); err != nil {
			return nil, err
		}
	}
	lut, err := palette(ctx, &d, weights, p, e.Mask != nil)
	if err != nil {
		return nil, err
	}
	out.Values = nil
	data, err := packFloats(ctx, t.Threads, e.Type, lut.entries)
	if err != nil {
		return nil, err
	}
	out.LUT = &Plane{e.Type, lut.shape, data}
	out.VectorAxis = lut.axis
	out.Codes, err = e.codes(ctx, t.Threads, lut.index, lut.codeShape, lut.codes)
	return &out, err
}

// palettizeCodes gives codes of 8 bits a palette of such codes.
func (e *Encoded) palettizeCodes(ctx context.Context, t Tensor, p Palette) (*Encoded, error) {
	if e.Mask != nil || e.Codes.Type.Bits() != 8 || p.ChannelScale {
		return nil, unfit("only dense codes of 8 bits take a palette, without channel scales")
	}
	codes, err := unpackCodes(ctx, t.Threads, e.Codes.Type, e.Codes.Data, e.Codes.Len())
	if err != nil {
		return nil, err
	}
	d := t
	d.Shape, d.Values = e.Shape, make([]float32, len(codes))
	signed := e.Codes.Type.IsSigned()
	for i, c := range codes {
		d.Values[i] = float32(c)
		if signed {
			d.Values[i] = float32(int8(c))
		}
	}
	lut, err := integerPalette(ctx, &d, p)
	if err != nil {
		return nil, err
	}
	out := *e
	entries := make([]byte, len(lut.entries))
	for i, x := range lut.entries {
		entries[i] = byte(int32(x))
	}
	out.LUT = &Plane{e.Codes.Type, lut.shape, entries}
	out.VectorAxis = lut.axis
	out.Codes, err = e.codes(ctx, t.Threads, lut.index, lut.codeShape, lut.codes)
	return &out, err
}

// Quantize, Palettize and Prune compress a weight further that is compressed already,
// as coremltools does it with joint compression. t says what Encoded does not know: of
// its shape and values nothing is used. The error is ErrUnfit where the forms do not
// go together.

// Quantize replaces the numbers that are stored, or a palette's entries, by codes.
func (e *Encoded) Quantize(ctx context.Context, t Tensor, l Linear) (*Encoded, error) {
	t.Values, t.Wide = nil, e.Type == dtype.Float32
	return e.quantize(ctx, t, l)
}

// Palettize replaces the numbers that are stored, or codes of 8 bits, by a palette.
func (e *Encoded) Palettize(ctx context.Context, t Tensor, p Palette) (*Encoded, error) {
	t.Values, t.Wide = nil, e.Type == dtype.Float32
	return e.palettize(ctx, t, p)
}

// Prune drops numbers and codes that are zero or become so.
func (e *Encoded) Prune(ctx context.Context, t Tensor, p Prune) (*Encoded, error) {
	t.Values, t.Wide = nil, e.Type == dtype.Float32
	return e.prune(ctx, t, p)
}
