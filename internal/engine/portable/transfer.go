package portable

import (
	"fmt"
	"unsafe"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// forget drops what the frame knows of the caller's memory: an idle frame must
// not keep it alive, nor a state that was closed. It runs whether or not the
// prediction succeeded.
func (fr *frame) forget() {
	for _, s := range fr.plan.Inputs {
		v := &fr.Values[s]
		v.F32, v.F16, v.I32 = nil, nil, nil
	}
	clear(fr.States)
	clear(fr.hidden)
	fr.Ctx, fr.profiler = nil, nil
}

// input binds a parameter's slot to the caller's tensor. Types that steps read
// are used where they lie, for as long as the prediction runs; others are
// converted into the slot's buffer. Shapes are checked against the description
// by the public package, and by the steps.
func (fr *frame) input(slot int32, t *tensor.Tensor, f *engine.Feature) error {
	v := &fr.Values[slot]
	declared := fr.plan.Slots[slot].Type
	*v = array.Value{Slot: slot, DType: declared.DType, Dense: true, Own: true}
	if t == nil {
		return fr.absent(v, f)
	}
	// An array of its own: the tensor's Shape would be a copy on the heap.
	var dims [array.MaxRank]int
	rank := t.Rank()
	if rank > array.MaxRank {
		return fmt.Errorf("rank %d is above the limit of %d", rank, array.MaxRank)
	}
	for d := range rank {
		dims[d] = t.Dim(d)
	}
	if len(declared.Shape) == 0 && !declared.Variadic && t.Len() == 1 {
		rank = 0 // a scalar crosses the boundary as one element
	}
	if err := v.SetShape(dims[:rank]...); err != nil {
		return err
	}
	b, err := t.Bytes()
	if err != nil {
		return err
	}
	return fr.bindBytes(v, t.DType(), b)
}

// bindBytes binds a slot to packed elements of a type. The memory of tensors is
// aligned for its type, so that it can be read as a slice of it. Memory of the
// caller is never written to.
func (fr *frame) bindBytes(v *array.Value, t tensor.DType, b []byte) error {
	n := v.Len()
	p := unsafe.Pointer(unsafe.SliceData(b))
	if n == 0 {
		p = nil // there may be no byte behind it
	}
	switch t {
	case tensor.Float16:
		v.Repr, v.F16 = array.ReprF16, unsafe.Slice((*uint16)(p), n)
	case tensor.Float32:
		v.Repr, v.F32 = array.ReprF32, unsafe.Slice((*float32)(p), n)
	case tensor.Int32:
		v.Repr, v.I32 = array.ReprI32, unsafe.Slice((*int32)(p), n)
	case tensor.Float64:
		// Core ML computes nothing in double: it is rounded on the way in.
		v.Repr, v.F32 = array.ReprF32, fr.Buffer(v.Slot, n)
		src := unsafe.Slice((*float64)(p), n)
		fr.Pieces(n, func(lo, hi int) {
			for k, x := range src[lo:hi] {
				v.F32[lo+k] = float32(x)
			}
		})
	default: // the public package has converted what the description does not allow
		st, ok := storedTypes[t]
		if !ok {
			return fmt.Errorf("element type %v", t)
		}
		v.Repr, v.I32 = array.ReprI32, array.AsInt32(fr.Buffer(v.Slot, n))
		fr.Pieces(n, func(lo, hi int) {
			for k := lo; k < hi; k++ {
				v.I32[k] = int32(mil.IntAt(b, st, k))
			}
		})
	}
	return nil
}

// storedTypes are the integer types of tensors that are widened to int32 on their way
// in. Those of 64 bits are not among them: Core ML has no such multi-array.
var storedTypes = map[tensor.DType]dtype.Type{
	tensor.Bool: dtype.Bool, tensor.Int8: dtype.Int8, tensor.UInt8: dtype.UInt8,
	tensor.Int16: dtype.Int16, tensor.UInt16: dtype.UInt16,
}

// absent fills an optional input with its default value, in its default shape.
// The description holds the value as a double, whatever the type. It is filled
// anew each time, as the slot's buffer serves other slots too.
func (fr *frame) absent(v *array.Value, f *engine.Feature) error {
	if !f.Optional {
		return fmt.Errorf("is missing")
	}
	if err := v.SetShape(f.Shape...); err != nil {
		return err
	}
	n := v.Len()
	if v.DType.IsFloat() {
		v.Repr, v.F32 = array.ReprF32, fr.Buffer(v.Slot, n)
		array.Fill(&fr.Poller, v.F32, float32(f.Default))
		return nil
	}
	v.Repr, v.I32 = array.ReprI32, array.AsInt32(fr.Buffer(v.Slot, n))
	array.Fill(&fr.Poller, v.I32, int32(f.Default))
	return nil
}

// output copies a slot to the caller's tensor, or to a new one. It always copies: the
// slot's buffer serves the next prediction, and an output may be a view of a state.
func (fr *frame) output(slot int32, t **tensor.Tensor, f *engine.Feature) error {
	v := &fr.Values[slot]
	dims, rank := v.Dims, v.Rank
	if rank == 0 { // Core ML has no multi-array of rank 0
		dims[0], rank = 1, 1
	}
	if *t == nil {
		*t = newTensor(f.DType, dims, rank)
		if err := (*t).Err(); err != nil {
			return err
		}
	} else {
		if err := fitOutput(*t, v.Shape()); err != nil {
			return err
		}
	}
	b, err := (*t).Bytes()
	if err != nil {
		return err
	}
	fr.call.Step = outputStep
	return store(&fr.call, v, (*t).DType(), b)
}

// newTensor makes a tensor, every element of which the caller sets. It is apart
// from output, so that a prediction into the caller's buffers does not allocate
// for it.
func newTensor(t tensor.DType, dims [array.MaxRank]int, rank int) *tensor.Tensor {
	return engine.NewTensor(t, append([]int(nil), dims[:rank]...)...)
}

// outputStep stands for the end of a plan where a step is expected.
var outputStep = &op.Binding{Def: &op.Operator{}, Op: &mil.Op{Type: "output"}}

// store writes v to the memory of a tensor. What is wider than the tensor's
// type loses what does not fit: floating-point numbers are rounded, integers
// keep their lowest bits. t is a type that the description allows, or that of a
// state.
func store(c *op.Call, v *array.Value, t tensor.DType, b []byte) error {
	n := v.Len()
	if n == 0 {
		return nil
	}
	poll, p := &c.Env.Poller, unsafe.Pointer(unsafe.SliceData(b))
	switch t {
	case tensor.Float16:
		dst := unsafe.Slice((*uint16)(p), n)
		if v.Repr == array.ReprF16 && v.Dense { // a state, or an input that passes through
			array.Copy(poll, dst, v.F16[:n])
			return nil
		}
		src := c.F32(v)
		poll.Pieces(n, func(lo, hi int) { kernel.F32ToF16(dst[lo:hi], src[lo:hi]) })
	case tensor.Float32:
		array.Copy(poll, unsafe.Slice((*float32)(p), n), c.F32(v))
	case tensor.Int32:
		array.Copy(poll, unsafe.Slice((*int32)(p), n), c.I32(v))
	case tensor.Float64:
		storeAs(poll, unsafe.Slice((*float64)(p), n), c.F32(v))
	case tensor.Bool:
		src := c.I32(v)
		poll.Pieces(n, func(lo, hi int) {
			for k, x := range src[lo:hi] {
				b[lo+k] = 0
				if x != 0 {
					b[lo+k] = 1
				}
			}
		})
	case tensor.Int64:
		storeAs(poll, unsafe.Slice((*int64)(p), n), c.I32(v))
	case tensor.Int8, tensor.UInt8:
		storeAs(poll, b[:n], c.I32(v))
	case tensor.Int16, tensor.UInt16:
		storeAs(poll, unsafe.Slice((*uint16)(p), n), c.I32(v))
	default:
		return fmt.Errorf("element type %v", t)
	}
	return nil
}

// storeAs converts src to the type of dst. Bytes are stored by their bits, so that one
// case serves signed and unsigned ones.
func storeAs[D ~byte | ~uint16 | ~int64 | ~float64, S ~int32 | ~float32](p *array.Poller, dst []D, src []S) {
	p.Pieces(len(dst), func(lo, hi int) {
		for k, x := range src[lo:hi] {
			dst[lo+k] = D(x)
		}
	})
}
