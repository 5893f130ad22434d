package declare

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quantize"
)

// ErrChain says that a weight is made by operators in a way that no form has.
var ErrChain = errors.New("the weight is made in no known way")

// IsConstexpr reports whether an operation makes a constant at load.
func IsConstexpr(op *mil.Op) bool { return op != nil && strings.HasPrefix(op.Type, "constexpr_") }

// Read returns the weight that a value is: a constant of fp16 or fp32, or the result of
// constexpr operators. The planes refer to the program's memory. Everything that Encode
// relies on is checked, as the program may come from anybody. The error is ErrChain.
func Read(v *mil.Value) (*quantize.Encoded, error) {
	e, err := read(v)
	if err == nil {
		err = check(e)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChain, err)
	}
	return e, nil
}

func read(v *mil.Value) (*quantize.Encoded, error) {
	e := &quantize.Encoded{Type: v.Type.DType, Shape: v.Type.Shape}
	if v.Const != nil {
		e.Shape = v.Const.Shape
		e.Values = planeOf(v.Const)
		return e, nil
	}
	op := v.Producer
	if !IsConstexpr(op) {
		return nil, errors.New("it is no constant")
	}
	if op.Input("shape") != nil || op.Type == "constexpr_affine_dequantize" {
		if !fromLegacy(op, e) {
			return nil, fmt.Errorf("operands of %s", op.Type)
		}
		return e, nil
	}
	switch op.Type {
	case "constexpr_blockwise_shift_scale":
		return shiftScale(op, e)
	case "constexpr_lut_to_dense":
		e.Codes = plane(op, "indices")
		return e, lut(op, e)
	case "constexpr_sparse_to_dense":
		return sparse(op, e)
	default:
		return nil, fmt.Errorf("operator %s", mil.Plain(op.Type))
	}
}

// shiftScale reads codes with scales, or a palette's result with scales.
func shiftScale(op *mil.Op, e *quantize.Encoded) (*quantize.Encoded, error) {
	data := op.Input("data")
	if data == nil {
		return nil, errors.New("operand data is missing")
	}
	if data.Const != nil {
		e.Codes = planeOf(data.Const)
	} else {
		inner, err := read(data)
		if err != nil {
			return nil, err
		}
		if inner.LUT == nil || inner.Scale != nil || inner.Mask != nil || inner.LUTScale != nil {
			return nil, errors.New("scales of what has scales or is sparse")
		}
		e.Codes, e.LUT, e.VectorAxis = inner.Codes, inner.LUT, inner.VectorAxis
	}
	return e, scales(op, &e.Scale, &e.Offset)
}

// scales reads the operands scale and offset.
func scales(op *mil.Op, scale, offset **quantize.Plane) error {
	if *scale = plane(op, "scale"); *scale == nil {
		return errors.New("operand scale is no constant")
	}
	if op.Input("offset") != nil {
		if *offset = plane(op, "offset"); *offset == nil {
			return errors.New("operand offset is no constant")
		}
	}
	return nil
}

// lut reads a palette, whose entries may be codes with scales.
func lut(op *mil.Op, e *quantize.Encoded) error {
	v := op.Input("lut")
	if v == nil {
		return errors.New("operand lut is missing")
	}
	if axis := constant(op, "vector_axis"); axis != nil {
		n, err := axis.Int()
		if err != nil {
			return err
		}
		if n < 0 {
			n += len(e.Shape)
		}
		e.VectorAxis = n
	}
	if v.Const != nil {
		e.LUT = planeOf(v.Const)
		return nil
	}
	if v.Producer == nil || v.Producer.Type != "constexpr_blockwise_shift_scale" {
		return errors.New("operand lut is no constant")
	}
	if e.LUT = plane(v.Producer, "data"); e.LUT == nil {
		return errors.New("operand lut is no constant")
	}
	return scales(v.Producer, &e.LUTScale, &e.LUTOffset)
}

// sparse reads a weight of which zeros are not stored.
func sparse(op *mil.Op, e *quantize.Encoded) (*quantize.Encoded, error) {
	mask, kept := op.Input("mask"), op.Input("nonzero_data")
	if mask == nil || kept == nil {
		return nil, errors.New("an operand is missing")
	}
	if kept.Const != nil {
		e.Mask, e.Values = plane(op, "mask"), planeOf(kept.Const)
		return e, nil
	}
	inner := kept.Producer
	if inner == nil || len(inner.Outputs) != 2 || inner.Outputs[1] != kept {
		return nil, errors.New("numbers of unknown origin")
	}
	if mask.Producer != inner || mask != inner.Outputs[0] {
		// coremltools also writes the mask itself a second time.
		own := constant(inner, "data_mask")
		if own == nil || mask.Const == nil || own.DType != mask.Const.DType || !bytes.Equal(own.Data, mask.Const.Data) {
			return nil, errors.New("mask and numbers of different origin")
		}
	}
	switch inner.Type {
	case "constexpr_lut_to_sparse":
		e.Mask, e.Codes = plane(inner, "indices_mask"), plane(inner, "indices_nonzero_data")
		return e, lut(inner, e)
	case "constexpr_sparse_blockwise_shift_scale":
		e.Mask, e.Codes = plane(inner, "data_mask"), plane(inner, "nonzero_data")
		return e, scales(inner, &e.Scale, &e.Offset)
	default:
		return nil, fmt.Errorf("operator %s", mil.Plain(inner.Type))
	}
}

// constant returns a constant operand, or nil.
func constant(op *mil.Op, name string) *mil.Const {
	if v := op.Input(name); v != nil {
		return v.Const
	}
	return nil
}

// plane returns a constant operand as a plane, or nil.
func plane(op *mil.Op, name string) *quantize.Plane { return planeOf(constant(op, name)) }

func planeOf(c *mil.Const) *quantize.Plane {
	if c == nil {
		return nil
	}
	return &quantize.Plane{Type: c.DType, Shape: c.Shape, Data: c.Data}
}

// check says whether the planes fit each other and the weight's shape.
func check(e *quantize.Encoded) error {
	n, ok := dtype.Count(e.Shape)
	if !ok || e.Type != dtype.Float16 && e.Type != dtype.Float32 {
		return fmt.Errorf("a weight of type %v and shape %v", e.Type, e.Shape)
	}
	for _, p := range e.Planes() {
		count, ok := dtype.Count(p.Shape)
		if size, fits := p.Type.PackedLen(count); !ok || !fits || len(p.Data) < size {
			return fmt.Errorf("%d bytes for shape %v of %v", len(p.Data), p.Shape, p.Type)
		}
	}
	wide := func(p *quantize.Plane) bool { return p.Type == dtype.Float16 || p.Type == dtype.Float32 }
	code := func(p *quantize.Plane) bool { return p.Type.IsInt() && p.Type.Bits() <= 8 }
	if (e.Values == nil) == (e.Codes == nil) {
		return errors.New("numbers and codes")
	}
	stored := e.Values
	switch {
	case e.Values != nil && e.Values.Type != e.Type:
		return fmt.Errorf("numbers of %v for a weight of %v", e.Values.Type, e.Type)
	case e.Codes != nil && !code(e.Codes):
		return fmt.Errorf("codes of type %v", e.Codes.Type)
	case e.Codes != nil && e.LUT == nil && e.Scale == nil:
		return errors.New("codes without a meaning")
	case e.Codes != nil:
		stored = e.Codes
	}
	codeShape := slices.Clone(e.Shape)
	if e.LUT != nil {
		if err := checkLUT(e, codeShape); err != nil {
			return err
		}
	}
	if e.Scale != nil {
		if err := checkScale(e.Shape, e.Scale, e.Offset); err != nil {
			return err
		}
	}
	if e.Mask == nil {
		if !slices.Equal(stored.Shape, codeShape) {
			return fmt.Errorf("stored shape %v for %v", stored.Shape, codeShape)
		}
		return nil
	}
	if e.Mask.Type != dtype.UInt1 || !slices.Equal(e.Mask.Shape, e.Shape) || len(stored.Shape) != 1 {
		return fmt.Errorf("a mask of %v %v for shape %v", e.Mask.Type, e.Mask.Shape, e.Shape)
	}
	ones := 0
	for i := range n {
		ones += int(e.Mask.Data[i/8] >> (i % 8) & 1)
	}
	if ones != stored.Shape[0] || e.LUT != nil && e.LUT.Shape[len(e.Shape)+1] != 1 {
		return fmt.Errorf("%d stored numbers for a mask of %d", stored.Shape[0], ones)
	}
	if e.LUTScale != nil && !wide(e.LUTScale) {
		return fmt.Errorf("scales of type %v", e.LUTScale.Type)
	}
	return nil
}

// checkLUT checks a palette and makes codeShape the shape of its indices.
func checkLUT(e *quantize.Encoded, codeShape []int) error {
	rank := len(e.Shape)
	if len(e.LUT.Shape) != rank+2 || e.Codes.Type.IsSigned() {
		return fmt.Errorf("a palette of shape %v for shape %v", e.LUT.Shape, e.Shape)
	}
	entries, width := e.LUT.Shape[rank], e.LUT.Shape[rank+1]
	if entries != 1<<e.Codes.Type.Bits() || width < 1 || e.VectorAxis < 0 || e.VectorAxis >= max(rank, 1) {
		return fmt.Errorf("a palette of shape %v for indices of %v", e.LUT.Shape, e.Codes.Type)
	}
	if width > 1 {
		if rank == 0 || codeShape[e.VectorAxis]%width != 0 {
			return fmt.Errorf("vectors of %d for shape %v", width, e.Shape)
		}
		codeShape[e.VectorAxis] /= width
	}
	for i, n := range codeShape {
		if g := e.LUT.Shape[i]; g < 1 || n%g != 0 {
			return fmt.Errorf("a palette of shape %v for shape %v", e.LUT.Shape, codeShape)
		}
	}
	isCode := e.LUT.Type.IsInt() && e.LUT.Type.Bits() <= 8
	if isCode != (e.LUTScale != nil || e.Scale != nil && e.LUT.Type != e.Type) || !isCode && e.LUT.Type != e.Type {
		return fmt.Errorf("entries of type %v for a weight of %v", e.LUT.Type, e.Type)
	}
	if e.LUTScale != nil {
		return checkScale(e.LUT.Shape, e.LUTScale, e.LUTOffset)
	}
	return nil
}

// checkScale checks scales and offsets of what has that shape.
func checkScale(shape []int, scale, offset *quantize.Plane) error {
	if scale.Type != dtype.Float16 && scale.Type != dtype.Float32 || len(scale.Shape) != len(shape) {
		return fmt.Errorf("scales of %v %v for shape %v", scale.Type, scale.Shape, shape)
	}
	for i, n := range shape {
		if s := scale.Shape[i]; s < 1 || n%s != 0 {
			return fmt.Errorf("scales of shape %v for shape %v", scale.Shape, shape)
		}
	}
	if offset != nil && (!slices.Equal(offset.Shape, scale.Shape) || offset.Type.Bits() > 8 && offset.Type != dtype.Float16 && offset.Type != dtype.Float32) {
		return fmt.Errorf("offsets of %v %v for scales of %v", offset.Type, offset.Shape, scale.Shape)
	}
	return nil
}
