// Package declare writes a compressed weight into a program: its planes into the
// weight file, and the constexpr operators that make a weight of them.
package declare

import (
	"errors"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quantize"
)

// ErrOperatorSet says that a form cannot be written with the operators of the program's
// operator set.
var ErrOperatorSet = errors.New("the form needs the operators of iOS18 (CoreML8)")

// Put stores packed elements and declares them, as the method Put of modelgen.Store.
// data is not used after it has returned.
type Put func(name string, t dtype.Type, shape []int, data []byte) (*mil.Value, error)

// Weight stores the planes of a weight and declares the operators that make it,
// those of iOS18. It returns the weight as the program sees it. The names are those
// that coremltools gives: the weight's own with _quantized, _palettized or _sparsified
// behind it, which a weight that is stored as it is has not.
func Weight(b *mil.Builder, put Put, name string, e *quantize.Encoded) (*mil.Value, error) {
	w := writer{b: b, put: put, name: name, e: e}
	v := w.weight()
	return v, w.err
}

// writer declares one weight. The first error stays.
type writer struct {
	b    *mil.Builder
	put  Put
	name string
	e    *quantize.Encoded
	err  error
}

func (w *writer) plane(suffix string, p *quantize.Plane) *mil.Value {
	v, err := w.put(w.name+suffix, p.Type, p.Shape, p.Data)
	w.err = errors.Join(w.err, err)
	return v
}

// add adds a plane to arguments, if it is there.
func (w *writer) add(args mil.Args, key, suffix string, p *quantize.Plane) {
	if p != nil {
		args[key] = w.plane(suffix, p)
	}
}

func (w *writer) weight() *mil.Value {
	e := w.e
	if e.Mask != nil {
		return w.sparse()
	}
	if e.Codes == nil {
		return w.plane("", e.Values)
	}
	full := mil.TensorType(e.Type, e.Shape...)
	data := w.plane("_data", e.Codes)
	suffix := "_quantized"
	if e.LUT != nil {
		args := mil.Args{"indices": data, "lut": w.lut()}
		w.vectorAxis(args)
		t := mil.TensorType(e.Type, e.Shape...)
		if e.LUTScale == nil {
			t.DType = e.LUT.Type
		}
		data, suffix = w.b.Op("constexpr_lut_to_dense", w.name+"_palettized", t, args), "_palettized_pcs"
		if e.Scale == nil {
			return data
		}
	}
	args := mil.Args{"data": data}
	w.add(args, "scale", "_scale", e.Scale)
	w.add(args, "offset", "_offset", e.Offset)
	return w.b.Op("constexpr_blockwise_shift_scale", w.name+suffix, full, args)
}

// lut declares a palette, whose entries may be codes.
func (w *writer) lut() *mil.Value {
	e := w.e
	lut := w.plane("_lut", e.LUT)
	if e.LUTScale == nil {
		return lut
	}
	args := mil.Args{"data": lut}
	w.add(args, "scale", "_lut_scale", e.LUTScale)
	w.add(args, "offset", "_lut_offset", e.LUTOffset)
	return w.b.Op("constexpr_blockwise_shift_scale", w.name+"_lut_quantized", mil.TensorType(e.Type, e.LUT.Shape...), args)
}

// vectorAxis adds the axis of an entry's elements, where it has several.
func (w *writer) vectorAxis(args mil.Args) {
	if shape := w.e.LUT.Shape; shape[len(shape)-1] > 1 {
		args["vector_axis"] = w.b.Int(w.name+"_vector_axis", w.e.VectorAxis)
	}
}

// sparse declares a weight of which zeros are not stored.
func (w *writer) sparse() *mil.Value {
	e := w.e
	full := mil.TensorType(e.Type, e.Shape...)
	mask := w.plane("_mask", e.Mask)
	var kept *mil.Value
	switch types := []mil.Type{mil.TensorType(dtype.UInt1, e.Shape...), {}}; {
	case e.Codes == nil:
		kept = w.plane("_nonzero_data", e.Values)
	case e.LUT != nil:
		types[1] = mil.TensorType(e.Type, e.Codes.Shape...)
		args := mil.Args{"indices_mask": mask, "indices_nonzero_data": w.plane("_nonzero_data", e.Codes), "lut": w.lut()}
		out := w.b.MultiOp("constexpr_lut_to_sparse", w.name+"_palettized", types, args)
		mask, kept = out[0], out[1]
	default:
		types[1] = mil.TensorType(e.Type, e.Codes.Shape...)
		args := mil.Args{"data_mask": mask, "nonzero_data": w.plane("_nonzero_data", e.Codes)}
		w.add(args, "scale", "_scale", e.Scale)
		w.add(args, "offset", "_offset", e.Offset)
		out := w.b.MultiOp("constexpr_sparse_blockwise_shift_scale", w.name+"_quantized", types, args)
		mask, kept = out[0], out[1]
	}
	return w.b.Op("constexpr_sparse_to_dense", w.name+"_sparsified", full, mil.Args{"mask": mask, "nonzero_data": kept})
}
