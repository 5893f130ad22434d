package declare

import (
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quantize"
)

// Legacy is Weight with the operators of iOS16, which operator sets before CoreML8 have.
// They know codes of 8 bits with a scale for all or for each place along one axis,
// palettes for a whole weight, and sparse weights, none of them joint. The error of any
// other form is ErrOperatorSet.
func Legacy(b *mil.Builder, put Put, name string, e *quantize.Encoded) (*mil.Value, error) {
	w := writer{b: b, put: put, name: name, e: e}
	full := mil.TensorType(e.Type, e.Shape...)
	switch {
	case e.Mask == nil && e.Codes == nil:
		return w.plane("", e.Values), w.err
	case e.Mask != nil && e.Codes == nil:
		args := mil.Args{
			"nonzero_data": w.plane("_nonzero_data", e.Values),
			"mask":         w.flat("_mask", e.Mask.Data),
			"shape":        w.shape(),
		}
		return b.Op("constexpr_sparse_to_dense", name+"_sparsified", full, args), w.err
	case e.Mask == nil && e.LUT != nil && e.Scale == nil && e.LUTScale == nil && onePalette(e):
		args := mil.Args{
			"indices": w.flat("_indices", e.Codes.Data),
			"lut":     w.plane("_lut", &quantize.Plane{Type: e.LUT.Type, Shape: []int{e.LUT.Len()}, Data: e.LUT.Data}),
			"shape":   w.shape(),
		}
		return b.Op("constexpr_lut_to_dense", name+"_palettized", full, args), w.err
	case e.Mask == nil && e.LUT == nil && e.Codes.Type.Bits() == 8:
		args, err := w.affine()
		if err != nil {
			return nil, err
		}
		return b.Op("constexpr_affine_dequantize", name+"_quantized", full, args), w.err
	default:
		return nil, ErrOperatorSet
	}
}

// flat declares packed elements as the bytes that they fill.
func (w *writer) flat(suffix string, data []byte) *mil.Value {
	return w.plane(suffix, &quantize.Plane{Type: dtype.UInt8, Shape: []int{len(data)}, Data: data})
}

// shape declares the weight's shape.
func (w *writer) shape() *mil.Value {
	return w.b.IntTensor(w.name+"_shape", dtype.UInt32, []int{len(w.e.Shape)}, w.e.Shape...)
}

// affine returns the operands of codes with their scales: one scale, or a vector of
// them along an axis.
func (w *writer) affine() (mil.Args, error) {
	e := w.e
	axis, shape := 0, []int(nil)
	for i, n := range e.Scale.Shape {
		if n == 1 {
			continue
		}
		if shape != nil || n != e.Shape[i] {
			return nil, ErrOperatorSet
		}
		axis, shape = i, []int{n}
	}
	zero := e.Offset
	if zero == nil {
		zero = &quantize.Plane{Type: e.Codes.Type, Data: make([]byte, e.Scale.Len())}
	}
	return mil.Args{
		"quantized_data": w.plane("_data", e.Codes),
		"scale":          w.plane("_scale", &quantize.Plane{Type: e.Scale.Type, Shape: shape, Data: e.Scale.Data}),
		"zero_point":     w.plane("_zero_point", &quantize.Plane{Type: zero.Type, Shape: shape, Data: zero.Data}),
		"axis":           w.b.Int(w.name+"_axis", axis),
	}, nil
}

// onePalette reports whether the palette is one for the whole weight, of numbers and
// as wide as the operators of iOS16 know it.
func onePalette(e *quantize.Encoded) bool {
	rank := len(e.LUT.Shape) - 2
	return e.LUT.Type.IsFloat() && !slices.ContainsFunc(e.LUT.Shape[:rank], func(n int) bool { return n != 1 }) &&
		e.LUT.Shape[rank+1] == 1 && e.Codes.Type.Bits() != 3
}

// fromLegacy reads the operands of an operator of iOS16 as planes. It reports whether it
// knows the operator, and all of it is constant.
func fromLegacy(op *mil.Op, e *quantize.Encoded) bool {
	shape := e.Shape
	flat := func(name string, t dtype.Type) *quantize.Plane {
		c := constant(op, name)
		n, _ := dtype.Count(shape)
		if c == nil || c.DType != dtype.UInt8 {
			return nil
		}
		if size, ok := t.PackedLen(n); !ok || size > len(c.Data) {
			return nil
		}
		return &quantize.Plane{Type: t, Shape: shape, Data: c.Data}
	}
	switch op.Type {
	case "constexpr_sparse_to_dense":
		e.Mask, e.Values = flat("mask", dtype.UInt1), plane(op, "nonzero_data")
		return e.Mask != nil && e.Values != nil
	case "constexpr_lut_to_dense":
		lut := plane(op, "lut")
		if lut == nil || len(lut.Shape) != 1 {
			return false
		}
		for _, t := range []dtype.Type{dtype.UInt1, dtype.UInt2, dtype.UInt4, dtype.UInt6, dtype.UInt8} {
			if lut.Shape[0] == 1<<t.Bits() {
				e.Codes = flat("indices", t)
			}
		}
		entries := slices.Repeat([]int{1}, len(shape)+2)
		entries[len(shape)] = lut.Shape[0]
		e.LUT = &quantize.Plane{Type: lut.Type, Shape: entries, Data: lut.Data}
		return e.Codes != nil
	case "constexpr_affine_dequantize":
		return fromAffine(op, e)
	}
	return false
}

// fromAffine reads codes with their scales.
func fromAffine(op *mil.Op, e *quantize.Encoded) bool {
	codes, scale, zero, axis := plane(op, "quantized_data"), plane(op, "scale"), plane(op, "zero_point"), constant(op, "axis")
	if codes == nil || scale == nil || zero == nil || axis == nil || !slices.Equal(codes.Shape, e.Shape) {
		return false
	}
	at, err := axis.Int()
	if at < 0 {
		at += len(e.Shape)
	}
	if err != nil || at < 0 || at >= len(e.Shape) || zero.Type.Bits() != 8 {
		return false
	}
	// A vector may be as long as the axis, or one.
	full := func(p *quantize.Plane, like []int) *quantize.Plane {
		shape := slices.Repeat([]int{1}, len(e.Shape))
		n := p.Len()
		want := 1
		if len(like) == 1 {
			want = like[0]
		}
		shape[at] = want
		if n == want {
			return &quantize.Plane{Type: p.Type, Shape: shape, Data: p.Data}
		}
		if n != 1 {
			return nil
		}
		return &quantize.Plane{Type: p.Type, Shape: shape, Data: slices.Repeat(p.Data, want)}
	}
	like := scale.Shape
	if zero.Len() > scale.Len() {
		like = zero.Shape
	}
	e.Codes, e.Scale, e.Offset = codes, full(scale, like), full(zero, like)
	if e.Scale == nil || e.Offset == nil || e.Scale.Shape[at] != 1 && e.Scale.Shape[at] != e.Shape[at] {
		return false
	}
	if !slices.ContainsFunc(e.Offset.Data, func(b byte) bool { return b != 0 }) {
		e.Offset = nil
	}
	return true
}
